"""Checks of axes, shared by every object that has one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.quantities import check_values

__all__ = ["check_axis"]


def check_axis(
    values: ArrayLike,
    name: str,
    *,
    increasing: bool = False,
    repeats: bool = False,
    lower: float | None = None,
) -> NDArray[np.float64]:
    """An axis as float64, after a check.

    Args:
        values: The coordinate, one-dimensional, in the quantity's unit inside.
        name: Quantity that the axis holds (``"time"``, ``"wavenumber"``).
        increasing: Demand rising values; otherwise either direction will do.
        repeats: Let equal neighbours pass.
        lower: Refuse values below it.

    Raises:
        AxisError: If it is empty, not one-dimensional, not finite, unsorted or holds duplicates.
        ValueRangeError: If a value is outside the quantity's bounds.
    """
    if np.asarray(values).dtype.kind not in "fiub":
        check_values(values, name, allow_missing=True)
    axis = np.asarray(values, dtype=np.float64)
    if axis.ndim != 1 or axis.size == 0:
        raise AxisError(
            f"the {name} axis has shape {axis.shape}; one dimension, not empty, is needed"
        )
    finite = np.isfinite(axis)
    if not finite.all():
        raise AxisError(
            f"the {name} axis holds {int((~finite).sum())} value(s) that are NaN or infinite",
            place=f"{name}[{int(np.argmin(finite))}]",
            remedy="Remove those points, with their values",
        )
    check_values(axis, name)
    if lower is not None and axis.min() < lower:
        raise AxisError(
            f"the {name} axis holds {axis.min():g}, below {lower:g}",
            place=f"{name}[{int(axis.argmin())}]",
            remedy="Count times from the start of the run" if name == "time" else "",
        )
    steps = np.diff(axis)
    if not increasing and steps.size and steps[0] < 0:
        steps = -steps
    wrong = steps < 0 if repeats else steps <= 0
    if wrong.any():
        at = int(np.argmax(wrong))
        kind = "a duplicate" if steps[at] == 0 else "a step back"
        raise AxisError(
            f"the {name} axis is not strictly {'rising' if increasing else 'monotonic'}: "
            f"{kind} at {axis[at]:g}, {axis[at + 1]:g}",
            place=f"{name}[{at}:{at + 2}]",
            remedy="Sort it together with its values, and drop or average duplicates",
        )
    return axis
