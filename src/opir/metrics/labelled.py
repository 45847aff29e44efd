"""Metrics on labelled arrays: ``xarray.DataArray`` in, ``xarray.DataArray`` out.

A metric is written once, for NumPy. The decorator here reads which axes it wants by name, puts the
dimensions of labelled arrays in that order, calls it, and labels what comes back. Plain arrays go
through untouched, and xarray is not imported for them.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from opir.errors import AxisError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["labelled"]

P = ParamSpec("P")
R = TypeVar("R")
Coordinates = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def labelled(
    gives: str = "...", *, coordinates: Coordinates | None = None, **wants: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a metric on NumPy arrays take and return ``xarray.DataArray`` as well.

    Args:
        gives: Dimensions of the result in order; ``...`` stands for all that the metric does not
            name (``"... band"``).
        coordinates: Gives the coordinates of new dimensions from the arguments of the call.
        wants: For each array argument its dimensions in order (``forecast="... wavenumber"``).
            An argument without ``...`` may stay a plain array beside labelled ones.

    A parameter ``axis`` of the metric takes names of dimensions then, and the numbers of those of
    the first array. A parameter ``wavenumber`` left out is read from the coordinate. Results that
    are named tuples are labelled field by field.

    The call raises :class:`AxisError` if some arrays are labelled and others not, a dimension is
    missing, or coordinates differ: nothing is aligned silently.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            arrays = {name: bound.arguments[name] for name in wants}
            if not any(_is_labelled(array) for array in arrays.values()):
                if any(isinstance(one, str) for one in _each(bound.arguments.get("axis"))):
                    raise AxisError(
                        f"axis is {bound.arguments['axis']!r}, and the arrays are not labelled",
                        remedy="Give the number of the axis, or xarray.DataArray",
                    )
                return function(*args, **kwargs)
            batch, sources = _arrange(arrays, wants, bound.arguments)
            result = function(*bound.args, **bound.kwargs)
            new = {} if coordinates is None else coordinates(bound.arguments)
            return _label(result, _expand(gives, batch), sources, new)  # type: ignore[no-any-return]

        return call

    return decorate


def _is_labelled(array: object) -> bool:
    loaded = sys.modules.get("xarray")
    return loaded is not None and isinstance(array, loaded.DataArray)


def _each(axis: Any) -> tuple[Any, ...]:
    return () if axis is None else axis if isinstance(axis, tuple) else (axis,)


def _expand(dims: str, batch: Iterable[str]) -> tuple[str, ...]:
    """``"... time"`` with the names that the dots stand for."""
    out: list[str] = []
    for name in dims.split():
        out.extend(batch if name == "..." else (name,))
    return tuple(out)


def _arrange(
    arrays: Mapping[str, Any], wants: Mapping[str, str], arguments: dict[str, Any]
) -> tuple[list[str], list[xr.DataArray]]:
    """Put plain arrays in the order wanted into ``arguments``; the batch left, and the sources."""
    import xarray as xr

    chosen = {name: array for name, array in arrays.items() if _is_labelled(array)}
    for name, array in arrays.items():
        if array is not None and name not in chosen and "..." in wants[name].split():
            raise AxisError(
                f"{name} is a plain array and {next(iter(chosen))} a labelled one",
                remedy="Give all as xarray.DataArray, or all as NumPy arrays",
            )
    core = {one for name in wants for one in wants[name].split()} - {"..."}
    for name, array in chosen.items():
        needed = [one for one in wants[name].split() if one != "..."]
        missing = [one for one in needed if one not in array.dims]
        extra = [] if "..." in wants[name].split() else set(array.dims) - set(needed)
        if missing or extra:
            raise AxisError(f"{name} has the dimensions {array.dims}; it needs {wants[name]!r}")
    try:
        aligned = xr.align(*chosen.values(), join="exact", copy=False)
    except ValueError as error:
        raise AxisError(
            f"the coordinates of {' and '.join(chosen)} differ",
            remedy="Bring them to the same axes first; nothing is aligned silently",
        ) from error
    with_batch = [
        array for name, array in zip(chosen, aligned, strict=True) if "..." in wants[name].split()
    ]
    batch = list(dict.fromkeys(d for array in with_batch for d in array.dims if d not in core))
    shared = {d: array.sizes[d] for array in with_batch for d in batch if d in array.dims}
    if "axis" in arguments:
        first = next(iter(chosen))
        reduced = _names(arguments["axis"], chosen[first], first, batch)
        batch = [name for name in batch if name not in reduced] + reduced
        arguments["axis"] = tuple(range(-len(reduced), 0))
    for name, array in zip(chosen, aligned, strict=True):
        if "..." in wants[name].split():
            array = array.expand_dims({d: n for d, n in shared.items() if d not in array.dims})
        arguments[name] = array.transpose(*_expand(wants[name], batch)).values
    if "wavenumber" in arguments and arguments["wavenumber"] is None:
        held = [array for array in aligned if "wavenumber" in array.coords]
        arguments["wavenumber"] = held[0]["wavenumber"].values if held else None
    if "axis" in arguments:
        batch = batch[: len(batch) - len(reduced)]
    return batch, list(aligned)


def _names(axis: Any, array: xr.DataArray, name: str, batch: list[str]) -> list[str]:
    """Dimensions meant by ``axis``, by name."""
    if axis is None:
        return list(batch)
    found: list[str] = []
    for one in _each(axis):
        if not isinstance(one, str) and not -array.ndim <= one < array.ndim:
            raise AxisError(f"axis is {one}, and {name} has {array.ndim} dimensions")
        found.append(one if isinstance(one, str) else str(array.dims[one]))
        if found[-1] not in batch:
            raise AxisError(f"axis is {one!r}, and {name} has the dimensions {array.dims}")
    return found


def _label(
    result: Any, dims: tuple[str, ...], sources: list[xr.DataArray], new: Mapping[str, Any]
) -> Any:
    """The result as a labelled array; each array of a named tuple likewise."""
    import xarray as xr

    if isinstance(result, tuple):
        return type(result)(*(_label(field, dims, sources, new) for field in result))
    if not isinstance(result, np.ndarray):
        return result
    coords: dict[Any, Any] = {}
    for array in sources:
        for name, value in array.coords.items():
            if set(value.dims) <= set(dims) and name not in new:
                coords.setdefault(name, value)
    return xr.DataArray(result, dims=dims, coords={**coords, **new})
