"""Sweeps: the peak of a reduction above its baseline, for measured and simulated curves alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError

__all__ = ["SweepPeak", "falling_sweep", "sweep_peak"]

_Floats = NDArray[np.float64]

_FEWEST_ROWS = 8


@dataclass(frozen=True)
class SweepPeak:
    """A peak of reduction on a falling sweep.

    Attributes:
        potential: Where the current stands highest over the baseline [V].
        height: How high [A].
        charge: Area between curve and baseline over the potential [A V]; over the sweep rate
            [V s-1] it is a charge [C].
        grid: Potentials [V], rising, ``[point]``.
        current: The curve there, reduction negative [A], ``[point]``.
        baseline: What was subtracted [A], ``[point]``.
    """

    potential: float
    height: float
    charge: float
    grid: _Floats
    current: _Floats
    baseline: _Floats


def falling_sweep(
    voltage: ArrayLike, *, upper: float = 1.2, lower: float = 0.01, margin: float = 5e-3
) -> slice:
    """The rows of the first fall of the voltage from ``upper`` to ``lower`` [V].

    Args:
        voltage: [V], ``[row]``.
        upper, lower: Ends of the sweep [V].
        margin: How near to them a record must come [V].

    Raises:
        AxisError: If the voltage never falls through both.
    """
    values = np.asarray(voltage, dtype=np.float64)
    ends = np.flatnonzero(values <= lower + margin)
    last = int(ends[0]) if ends.size else -1
    above = np.flatnonzero(values[: max(last, 0)] >= upper - margin)
    if last < 0 or not above.size:
        raise AxisError(
            f"the voltage does not fall from {upper:g} to {lower:g} V",
            remedy="Give the ends of the sweep that was recorded",
        )
    return slice(int(above[-1]), last + 1)


def sweep_peak(voltage: ArrayLike, current: ArrayLike, *, step: float = 5e-3) -> SweepPeak:
    """The peak of reduction on one falling sweep, above its baseline.

    The current is averaged in bins of the potential. The baseline is the lower convex hull of the
    reduction current over the potential, the highest convex curve that nowhere exceeds it: it takes
    the background (double layer, slope of insertion) as it comes, with nothing to choose by hand.
    The place of the peak is refined by a parabola through the highest point and its neighbours.

    Args:
        voltage, current: Of the sweep [V], [A, reduction negative], ``[row]``; any order.
        step: Width of a bin [V].

    Raises:
        AxisError: If there are fewer than 8 filled bins, or the columns differ in length.
    """
    volts, amperes = np.asarray(voltage, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if volts.shape != amperes.shape or volts.ndim != 1:
        raise AxisError(f"voltage {volts.shape} and current {amperes.shape} do not match")
    bins = np.floor(volts / step).astype(np.int64)
    kept, place, count = np.unique(bins, return_inverse=True, return_counts=True)
    if kept.size < _FEWEST_ROWS:
        raise AxisError(
            f"the sweep fills {kept.size} bins of {step:g} V",
            remedy=f"Give a sweep of {_FEWEST_ROWS} bins or more, or a smaller step",
        )
    grid = np.bincount(place, volts) / count
    curve = np.bincount(place, amperes) / count
    baseline = _lower_hull(grid, -curve)
    excess = -curve - baseline
    top = int(np.argmax(excess))
    potential = float(grid[top])
    if 0 < top < grid.size - 1:
        near = slice(top - 1, top + 2)
        square, slope, _ = np.polyfit(grid[near] - potential, excess[near], 2)
        if square < 0:
            potential -= float(np.clip(slope / (2 * square), -step, step))
    area = float(np.trapezoid(excess, grid))
    return SweepPeak(potential, float(excess[top]), area, grid, curve, -baseline)


def _lower_hull(x: _Floats, y: _Floats) -> _Floats:
    """The lower convex hull of points with rising ``x``, at these (Andrew's monotone chain)."""
    hull: list[int] = []
    for k in range(x.size):
        while len(hull) > 1:
            i, j = hull[-2], hull[-1]
            if (x[j] - x[i]) * (y[k] - y[i]) > (y[j] - y[i]) * (x[k] - x[i]):
                break
            hull.pop()
        hull.append(k)
    return np.asarray(np.interp(x, x[hull], y[hull]))
