"""Mean absolute error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.metrics.pairs import check_pair

__all__ = ["mae"]


def mae(
    forecast: ArrayLike, truth: ArrayLike, axis: int | tuple[int, ...] | None = None
) -> NDArray[np.float64]:
    """Mean of ``|forecast - truth|``.

    Args:
        forecast, truth: Same shape, same unit.
        axis: Axes to average over; all by default.

    Raises:
        AxisError: If the shapes differ or there is nothing to average.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_pair(forecast, truth)
    return np.asarray(np.abs(first - second).mean(axis=axis))
