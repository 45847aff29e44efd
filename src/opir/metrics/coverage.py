"""How often intervals hold the truth, and how wide they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ValueRangeError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import Axis, average, check_same

__all__ = ["coverage", "interval_width"]


@labelled(lower="...", upper="...", truth="...")
def coverage(
    lower: ArrayLike, upper: ArrayLike, truth: ArrayLike, axis: Axis = None
) -> NDArray[np.float64]:
    """Share of the true values within their intervals, ends included.

    Args:
        lower, upper: Ends of the intervals, ``[*shape]``.
        truth: ``[*shape]``.
        axis: Axes to average over; all by default.

    Raises:
        AxisError: If the shapes differ or there is nothing.
        ValueRangeError: If a value is NaN or infinite, or a lower end is above the upper one.
    """
    low, high, true = check_same(lower=lower, upper=upper, truth=truth)
    _check_order(low, high)
    return average(
        lambda rows: (low[rows] <= true[rows]) & (true[rows] <= high[rows]), true.shape, axis
    )


@labelled(lower="...", upper="...")
def interval_width(lower: ArrayLike, upper: ArrayLike, axis: Axis = None) -> NDArray[np.float64]:
    """Mean width of intervals, in the unit of the values. Of equal coverage, narrower is better.

    Args:
        lower, upper: Ends of the intervals, ``[*shape]``.
        axis: Axes to average over; all by default.

    Raises:
        AxisError: If the shapes differ or there is nothing.
        ValueRangeError: If a value is NaN or infinite, or a lower end is above the upper one.
    """
    low, high = check_same(lower=lower, upper=upper)
    _check_order(low, high)
    return average(lambda rows: high[rows] - low[rows], low.shape, axis)


def _check_order(low: NDArray[np.floating[Any]], high: NDArray[np.floating[Any]]) -> None:
    wrong = np.count_nonzero(low > high)
    if wrong:
        raise ValueRangeError(f"{wrong} of {low.size} intervals end below their beginning")
