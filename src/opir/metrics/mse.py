"""Mean squared error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.metrics.labelled import labelled
from opir.metrics.pairs import Axis, average, check_same

__all__ = ["mse"]


@labelled(forecast="...", truth="...")
def mse(forecast: ArrayLike, truth: ArrayLike, axis: Axis = None) -> NDArray[np.float64]:
    """Mean of ``(forecast - truth)^2``.

    Args:
        forecast, truth: Same shape, same unit.
        axis: Axes to average over; all by default. Names of dimensions for labelled arrays.

    Raises:
        AxisError: If the shapes differ or there is nothing to average.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_same(forecast=forecast, truth=truth)
    return average(
        lambda rows: np.square(first[rows] - second[rows], dtype=np.float64), first.shape, axis
    )
