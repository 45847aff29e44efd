"""The contract of a processing step, and what the steps share.

A step is a plain function ``step(data, **parameters) -> data`` on spectra and runs alike, in one
file of its own, registered with :func:`register`. It records itself in the history. A step that
can be undone keeps what that needs beside the data and has a function that does it.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, HistoryError, OptionError
from opir.registry import Registry
from opir.run.history import Step, format_history, undo_variables
from opir.run.spectral import SpectralData

__all__ = [
    "PROCESSING",
    "Data",
    "Processing",
    "check_parameters",
    "keep_axis",
    "register",
    "restore_axis",
    "undo",
    "unmasked",
    "with_values",
]

Data = TypeVar("Data", bound=SpectralData)

Undo = Callable[[xr.Dataset, str, Step, dict[str, xr.DataArray]], xr.Dataset]
"""``(dataset after the step, its signal, record, what was kept) -> dataset before it``."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Processing:
    """One kind of processing step.

    Attributes:
        name: As the history and pipelines write it.
        function: ``(data, **parameters) -> data``.
        undo: What takes it back; None where nothing can.
        description: One line.
    """

    name: str
    function: Callable[..., Any]
    undo: Undo | None
    description: str


PROCESSING: Registry[Processing] = Registry("processing step", group="opir.processing")
"""Name -> :class:`Processing`."""


def register(name: str, *, undo: Undo | None = None) -> Callable[[Function], Function]:
    """Decorator that registers a step.

    Args:
        name: Its name.
        undo: What takes it back.
    """

    def add(function: Function) -> Function:
        description = (inspect.getdoc(function) or "").splitlines()[0]
        PROCESSING.add(name, Processing(name, function, undo, description))
        return function

    return add


def check_parameters(name: str, parameters: dict[str, Any]) -> None:
    """Refuse parameters that the step ``name`` does not have, or not of that type.

    Raises:
        UnknownNameError: If there is no such step.
        OptionError: If it has no such parameter (the nearest are listed), one is missing, or one
            is not of the type that its annotation names.
    """
    signature = inspect.signature(PROCESSING[name].function).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.values()):
        return
    known = list(signature)[1:]
    for key in parameters:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.4) or known
            raise OptionError(
                f"the step {name!r} has no parameter {key!r}", remedy=f"Nearest: {', '.join(near)}"
            )
        _check_type(name, key, parameters[key], str(signature[key].annotation))
    needed = [key for key in known if signature[key].default is inspect.Parameter.empty]
    absent = [key for key in needed if key not in parameters]
    if absent:
        example = " ".join(f"{key}=..." for key in needed)
        raise OptionError(
            f"the step {name!r} lacks {' and '.join(absent)}", remedy=f"Write: {name} {example}"
        )


_TYPES: dict[str, tuple[type, ...]] = {
    "float": (float, int, np.floating, np.integer),
    "int": (int, np.integer),
    "bool": (bool, np.bool_),
    "str": (str,),
    "None": (type(None),),
}


def _check_type(name: str, key: str, value: Any, annotation: str) -> None:
    """Refuse a value that is not of a plain annotated type; others are the step's own duty."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    if not all(kind in _TYPES for kind in kinds):
        return
    fits = any(isinstance(value, _TYPES[kind]) for kind in kinds)
    fits = fits and (not isinstance(value, bool) or "bool" in kinds)
    if not fits or (isinstance(value, float) and not np.isfinite(value)):
        wanted = {"float": "a number", "int": "a whole number", "bool": "true or false"}
        said = " or ".join(wanted.get(kind, "a text") for kind in kinds if kind != "None")
        raise OptionError(
            f"{key} of the step {name!r} is {value!r}; {said} is needed",
            remedy=f"Write: {name} {key}=..., without a unit",
        )


def with_values(dataset: xr.Dataset, signal: str, values: NDArray[np.floating[Any]]) -> xr.Dataset:
    """A dataset with other values of the signal, in the number type it had."""
    variable = dataset[signal]
    return dataset.assign(
        {signal: (variable.dims, values.astype(variable.dtype, copy=False), variable.attrs)}
    )


def unmasked(dataset: xr.Dataset) -> NDArray[np.bool_]:
    """Which points of the wavenumber axis are not masked, shape ``[wavenumber]``.

    Raises:
        AxisError: If all are masked.
    """
    if "masked" not in dataset.coords:
        return np.ones(dataset.sizes["wavenumber"], dtype=bool)
    found: NDArray[np.bool_] = ~dataset["masked"].values.astype(bool)
    if not found.any():
        raise AxisError("all points are masked", remedy="Undo the mask, or mask less")
    return found


# -- keeping the axis ---------------------------------------------------------------------------


def keep_axis(data: SpectralData) -> dict[str, xr.DataArray]:
    """Everything that lies on the wavenumber axis, for :func:`restore_axis`."""
    dataset = data.dataset
    axis = f"undo_{len(data.history)}_axis"
    kept = {}
    for key, variable in dataset.variables.items():
        if "wavenumber" not in variable.dims:
            continue
        dims = [axis if dim == "wavenumber" else dim for dim in variable.dims]
        kind = "coordinate" if key in dataset.coords else "variable"
        kept[f"{kind}_{key}"] = xr.DataArray(variable.values, dims=dims, attrs=variable.attrs)
    return kept


def restore_axis(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    """The dataset with its old wavenumber axis and all that lay on it, bit by bit."""
    dataset = dataset.drop_dims("wavenumber").drop_vars("wavenumber", errors="ignore")
    axis = next(dim for dim in kept["coordinate_wavenumber"].dims)
    coordinates: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for key, array in kept.items():
        kind, name = key.split("_", 1)
        dims = ["wavenumber" if dim == axis else dim for dim in array.dims]
        target = coordinates if kind == "coordinate" else variables
        target[name] = (dims, array.values, array.attrs)
    return dataset.assign(variables).assign_coords(coordinates)


# -- undoing ------------------------------------------------------------------------------------


def undo(data: Data, steps: int = 1) -> Data:
    """The data as they were before their last processing steps.

    Values come back bit by bit where the step kept them, otherwise to rounding.

    Args:
        data: What was processed.
        steps: How many steps to take back.

    Raises:
        HistoryError: If there are not so many steps, or one of them cannot be undone.
        OptionError: If ``steps`` is negative.
    """
    if steps < 0:
        raise OptionError(f"{steps} steps cannot be undone", remedy="Give 0 or more")
    if steps > len(data.history):
        raise HistoryError(
            f"{steps} steps were to be undone, the history has {len(data.history)}",
            remedy="Undo fewer",
        )
    for _ in range(steps):
        data = _undo_last(data)
    return data


def _undo_last(data: Data) -> Data:
    *before, step = data.history
    if not step.undoable:
        raise HistoryError(
            f"the step {step} cannot be undone",
            remedy="Start again from the data before it",
        )
    reverse = PROCESSING[step.name].undo if step.name in PROCESSING else None
    if reverse is None:
        raise HistoryError(
            f"nothing is registered that undoes the step {step.name!r}",
            remedy="Install the package that made it",
        )
    number = len(before)
    kept = undo_variables(data.dataset, number)
    dataset = data.dataset.drop_vars([f"undo_{number}_{name}" for name in kept])
    try:
        dataset = reverse(dataset, data.signal, step, kept)
    except KeyError as error:
        raise HistoryError(
            f"what undoing the step {step} needs is not in the data ({error})",
            remedy="Start again from the data before it",
        ) from error
    dataset.attrs = dict(dataset.attrs)
    dataset.attrs["history"] = format_history(tuple(before))
    if not before:
        del dataset.attrs["history"]
    return type(data)(dataset)
