"""The check that every metric makes of its two arguments."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError

__all__ = ["check_pair"]


def check_pair(
    forecast: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 of one shape, finite and not empty.

    Raises:
        AxisError: If the shapes differ or there is nothing in them.
        ValueRangeError: If a value is NaN or infinite.
    """
    first = np.asarray(forecast, dtype=np.float64)
    second = np.asarray(truth, dtype=np.float64)
    if first.shape != second.shape:
        raise AxisError(
            f"forecast has shape {first.shape} and truth {second.shape}; they must agree"
        )
    if first.size == 0:
        raise AxisError(f"forecast and truth are empty (shape {first.shape})")
    for name, values in (("forecast", first), ("truth", second)):
        if not np.isfinite(values).all():
            raise ValueRangeError(f"{name} holds NaN or infinity", remedy="Leave those out first")
    return first, second
