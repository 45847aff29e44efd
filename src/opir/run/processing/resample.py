"""Another wavenumber grid."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.run.axes import check_axis
from opir.run.history import Step, undo_variables
from opir.run.processing.base import Data, keep_axis, register, restore_axis

__all__ = ["METHODS", "resample"]

METHODS = ("spline", "linear", "pchip")
"""Cubic spline (not-a-knot), straight lines, and the cubic of Fritsch and Carlson that does not
overshoot (doi 10.1137/0717021)."""

_HOLE = 10.0


@register("resample", undo=restore_axis)
def resample(
    data: Data,
    wavenumber: ArrayLike | None = None,
    *,
    spacing: float | None = None,
    method: Literal["spline", "linear", "pchip"] = "spline",
    longest_gap: float | None = None,
    keep: bool = True,
) -> Data:
    """The values on another wavenumber grid; nothing is extrapolated.

    Args:
        data: Spectrum or run.
        wavenumber: The new axis [cm-1], either direction, shape ``[new wavenumber]``.
        spacing: Instead of it, the multiples of this [cm-1] inside the data, in their direction.
        method: One of :data:`METHODS`.
        longest_gap: Between points further apart than this [cm-1] nothing is interpolated;
            10 usual steps by default.
        keep: Keep the values before, so that the step can be undone.

    Raises:
        AxisError: If the new axis reaches beyond the data or into a gap of them.
        OptionError: If the method is unknown, or not exactly one of axis and spacing is given.
    """
    if method not in METHODS:
        raise OptionError(f"method {method!r} is unknown", remedy=f"Use {', '.join(METHODS)}")
    if (wavenumber is None) == (spacing is None):
        raise OptionError("give either the new wavenumber axis or a spacing")
    old = data.wavenumber
    parameters: dict[str, Any] = {"method": method, "longest_gap": longest_gap, "keep": keep}
    if wavenumber is None:
        new = _multiples(old, float(spacing or 0))
        parameters = {"spacing": float(spacing or 0), **parameters}
    else:
        new = check_axis(wavenumber, "wavenumber")
        parameters = {"wavenumber": new.tolist(), **parameters}
    new = _inside(old, new, longest_gap)
    dataset = data.dataset.drop_vars(list(undo_variables(data.dataset)))
    held = {}
    for key, variable in dataset.variables.items():
        if "wavenumber" not in variable.dims or key == "wavenumber":
            continue
        at = variable.dims.index("wavenumber")
        if variable.dtype == bool:
            table = _interpolate(old, variable.values.astype(float), new, "linear", at) > 0
        elif np.issubdtype(variable.dtype, np.floating):
            table = _interpolate(old, variable.values, new, method, at).astype(variable.dtype)
        else:
            raise OptionError(
                f"{key!r} lies on the wavenumber axis and holds {variable.dtype}, which cannot be "
                "interpolated",
                remedy="Drop it first",
            )
        held[key] = (variable.dims, table, variable.attrs)
    after = dataset.drop_dims("wavenumber").drop_vars("wavenumber", errors="ignore")
    after = after.assign_coords(wavenumber=("wavenumber", new, dataset["wavenumber"].attrs))
    coordinates = {key: value for key, value in held.items() if key in dataset.coords}
    variables = {key: value for key, value in held.items() if key not in dataset.coords}
    after = _with_undo(after.assign(variables).assign_coords(coordinates), data.dataset)
    step = Step("resample", parameters, undoable=keep)
    return data.with_step(step, after, keep_axis(data) if keep else None)


def _with_undo(after: xr.Dataset, before: xr.Dataset) -> xr.Dataset:
    """What earlier steps keep, as far as it does not lie on the old axis."""
    return after.assign(
        {k: v for k, v in undo_variables(before).items() if "wavenumber" not in v.dims}
    )


def _multiples(old: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    low, high = float(old.min()), float(old.max())
    if not 0 < spacing <= high - low or (high - low) / spacing > 1e7:
        raise OptionError(
            f"a spacing of {spacing:g} cm-1 does not fit the range {low:g} to {high:g} cm-1",
            remedy="Give a spacing above 0, smaller than the range",
        )
    first, last = np.ceil(low / spacing - 1e-9), np.floor(high / spacing + 1e-9)
    grid: NDArray[np.float64] = np.arange(first, last + 1) * spacing
    return grid[::-1].copy() if old.size > 1 and old[0] > old[-1] else grid


def _inside(
    old: NDArray[np.float64], new: NDArray[np.float64], longest_gap: float | None
) -> NDArray[np.float64]:
    low, high = float(old.min()), float(old.max())
    slack = 1e-9 * max(abs(low), abs(high))
    if new.min() < low - slack or new.max() > high + slack:
        raise AxisError(
            f"the new axis covers {new.min():g} to {new.max():g} cm-1, the data {low:g} to "
            f"{high:g} cm-1; nothing is extrapolated",
            remedy="Name an axis inside the data",
        )
    if old.size > 2:
        rising = np.sort(old)
        steps = np.diff(rising)
        limit = _HOLE * float(np.median(steps)) if longest_gap is None else longest_gap
        at = np.clip(np.searchsorted(rising, new, side="right") - 1, 0, steps.size - 1)
        beside = np.minimum(np.abs(new - rising[at]), np.abs(new - rising[at + 1]))
        lost = (steps[at] > limit) & (beside > slack)
        if lost.any():
            where = int(at[np.argmax(lost)])
            raise AxisError(
                f"{int(lost.sum())} point(s) of the new axis lie in the gap of the data from "
                f"{rising[where]:g} to {rising[where + 1]:g} cm-1",
                remedy="Leave them out, or give longest_gap",
            )
    return np.asarray(new)


def _interpolate(
    old: NDArray[np.float64],
    values: NDArray[np.floating[Any]],
    new: NDArray[np.float64],
    method: str,
    axis: int,
) -> NDArray[np.float64]:
    from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline

    order = np.argsort(old)
    x, y = old[order], np.take(values, order, axis=axis).astype(np.float64)
    inside = np.clip(new, x[0], x[-1])
    if x.size == 1:
        return np.repeat(y, inside.size, axis=axis)
    if method == "spline":
        found = CubicSpline(x, y, axis=axis)(inside)
    elif method == "pchip":
        found = PchipInterpolator(x, y, axis=axis)(inside)
    else:
        found = make_interp_spline(x, y, k=1, axis=axis)(inside)
    return np.asarray(found, dtype=np.float64)
