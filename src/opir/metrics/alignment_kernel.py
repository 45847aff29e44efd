"""The loops of soft and of hard dynamic time warping, compiled; imported when first needed.

Many alignments of equal size run side by side, one a lane, and the innermost loop goes over the
lanes, so that the compiler makes vector instructions of it. A lane is a channel of one pair, or a
whole pair. No path is stored and nothing is passed backwards: what is wanted of the path is its
inner product with a matrix of weights, and that is carried along with the sums of the forward
recursion (the derivative of those sums in the direction of the weights).

Soft: with ``K = exp(-cost / gamma)`` and Z the sum over all paths to a cell of the product of K,

    Z[i, j] = K[i, j] (Z[i-1, j-1] + Z[i, j-1] + Z[i-1, j])
    V[i, j] = K[i, j] (V[i-1, j-1] + V[i, j-1] + V[i-1, j]) + weight[i, j] Z[i, j]

the soft minimum is ``-gamma ln Z`` and the expected weight of the path ``V / Z`` at the last cell.
Z is kept as mantissa and power of two, which cannot overflow; so a cell takes one exponential, no
logarithm and no division.

All compiled functions are in this one file: numba renews its code on disk when the file changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LANES",
    "hard_channels",
    "hard_costs",
    "joint_costs",
    "soft_channels",
    "soft_costs",
]

_Floats = NDArray[np.float64]
_Function = TypeVar("_Function", bound=Callable[..., object])

LANES = 64
"""Alignments side by side."""

_SECOND, _THIRD, _NEXT = LANES, 2 * LANES, 3 * LANES
_RENEWED = 31
"""Mantissas are brought back to [1, 2) in every 32nd row and column: in between they grow by less
than 2^2.1 and shrink by less than 2^0.6 a cell, over 64 cells at most."""

_LEAST = -400.0
"""Paths that weigh less than 2^-400 beside others count as that: too little to be seen, and enough
to keep their products clear of subnormal numbers, which are slow."""

_FAR = -1e300  # power of two of a cell that no path leads to; the cost of one
_BIAS = 1.5 * 2.0**52 + 1023.0  # the low bits of k + _BIAS are the exponent bits of 2^k
_P0, _P1, _P2, _P3, _P4, _P5, _P6, _P7, _P8, _P9, _P10 = (
    float(coefficient)
    for coefficient in np.polynomial.Chebyshev.interpolate(np.exp2, 10, domain=[-0.5, 0.5])
    .convert(kind=np.polynomial.Polynomial)
    .coef
)  # of 2^x between -1/2 and 1/2, relative error below 2e-15

_FAST = {"contract", "nnan", "ninf", "nsz"}


def _compiled(function: _Function, fastmath: set[str] = _FAST) -> _Function:
    made = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=fastmath)(function)
    return cast(_Function, made)


def _summed(function: _Function) -> _Function:
    """As above, and sums may be taken in any order."""
    return _compiled(function, _FAST | {"reassoc"})


@_compiled
def _power(exponent: float) -> float:
    """2 to an integer of at most 0, but at least 2^-400."""
    bits = np.float64(max(exponent, _LEAST) + _BIAS).view(np.int64)
    return np.int64(bits << 52).view(np.float64)


@_compiled
def _soft_cell(cells: _Floats, corner: _Floats, exponents: _Floats, weight: float) -> None:
    """One cell of all lanes; (mantissa of Z, V with the same power, power) a cell.

    Args:
        cells: The cell to the left, then the cell above, which is replaced, ``[6 lanes]``.
        corner: The cell above to the left; replaced by the one above, ``[3 lanes]``.
        exponents: -cost / (gamma ln 2), ``[lane]``.
        weight: Of this cell.
    """
    for lane in range(LANES):
        exponent = exponents[lane]
        whole = np.floor(exponent + 0.5)
        x = exponent - whole
        k = _P10
        k = k * x + _P9
        k = k * x + _P8
        k = k * x + _P7
        k = k * x + _P6
        k = k * x + _P5
        k = k * x + _P4
        k = k * x + _P3
        k = k * x + _P2
        k = k * x + _P1
        k = k * x + _P0
        first = corner[_THIRD + lane]
        second = cells[_THIRD + lane]
        third = cells[_NEXT + _THIRD + lane]
        power = max(max(first, second), third)
        a, b, c = _power(first - power), _power(second - power), _power(third - power)
        above, above_v = cells[_NEXT + lane], cells[_NEXT + _SECOND + lane]
        z = k * (corner[lane] * a + cells[lane] * b + above * c)
        v = k * (corner[_SECOND + lane] * a + cells[_SECOND + lane] * b + above_v * c)
        corner[lane], corner[_SECOND + lane], corner[_THIRD + lane] = above, above_v, third
        cells[_NEXT + lane] = z
        cells[_NEXT + _SECOND + lane] = v + weight * z
        cells[_NEXT + _THIRD + lane] = power + whole


@_compiled
def _renew(cell: _Floats) -> None:
    """Bring the mantissas of Z to [1, 2)."""
    for lane in range(LANES):
        shift = (np.float64(cell[lane]).view(np.int64) >> 52) - 1023
        factor = np.int64((1023 - shift) << 52).view(np.float64)
        cell[lane] *= factor
        cell[_SECOND + lane] *= factor
        cell[_THIRD + lane] += np.float64(shift)


@_compiled
def _soft_row(
    row: int, cells: _Floats, corner: _Floats, exponents: _Floats, weights: _Floats
) -> None:
    """One row of all lanes; ``cells [(columns + 1) 3 lanes]`` holds the last and gets the next."""
    columns = exponents.shape[0]
    if row == 0:
        for column in range(columns + 1):
            for at in range(_NEXT):
                cells[column * _NEXT + at] = 0.0 if at < _THIRD else _FAR
    for at in range(_NEXT):
        corner[at] = cells[at]
    if row == 0:
        for lane in range(LANES):
            corner[lane], corner[_THIRD + lane] = 1.0, 0.0
    for column in range(columns):
        start = column * _NEXT
        _soft_cell(
            cells[start : start + 2 * _NEXT], corner, exponents[column], weights[row, column]
        )
        if (row & _RENEWED) == _RENEWED or (column & _RENEWED) == _RENEWED:
            _renew(cells[start + _NEXT : start + 2 * _NEXT])


@_compiled
def _hard_cell(cells: _Floats, corner: _Floats, costs: _Floats, weight: float) -> None:
    """As the soft one, with (cost, weight of the path) a cell, ``[2 lanes]``."""
    for lane in range(LANES):
        best, its = corner[lane], corner[_SECOND + lane]
        left, left_weight = cells[lane], cells[_SECOND + lane]
        above, above_weight = cells[_THIRD + lane], cells[_NEXT + lane]
        better = (left < best) | ((left == best) & (left_weight < its))
        best, its = (left if better else best), (left_weight if better else its)
        better = (above < best) | ((above == best) & (above_weight < its))
        best, its = (above if better else best), (above_weight if better else its)
        corner[lane], corner[_SECOND + lane] = above, above_weight
        cells[_THIRD + lane] = best + costs[lane]
        cells[_NEXT + lane] = its + weight


@_compiled
def _hard_row(row: int, cells: _Floats, corner: _Floats, costs: _Floats, weights: _Floats) -> None:
    """One row of all lanes; of equally cheap ways the one of least weight is taken."""
    columns = costs.shape[0]
    if row == 0:
        for at in range(cells.size):
            cells[at] = -_FAR
    for at in range(_THIRD):
        corner[at] = 0.0 if row == 0 else cells[at]
    for column in range(columns):
        start = column * _THIRD
        _hard_cell(cells[start : start + 2 * _THIRD], corner, costs[column], weights[row, column])


@_compiled
def _squares(value: _Floats, others: _Floats, factor: float, row: _Floats) -> None:
    """``factor (value - other)^2`` of every lane, ``[column, lane]``."""
    for column in range(others.shape[0]):
        other, found = others[column], row[column]
        for lane in range(LANES):
            difference = value[lane] - other[lane]
            found[lane] = (factor * difference) * difference


@_compiled
def _gather(series: _Floats, start: int, lanes: _Floats) -> int:
    """Channels of ``series [frame, channel]`` from ``start`` on as lanes; how many there are."""
    count: int = min(LANES, series.shape[1] - start)
    for frame in range(series.shape[0]):
        for lane in range(count):
            lanes[frame, lane] = series[frame, start + lane]
    return count


@_compiled
def _gather_costs(costs: _Floats, start: int, line: int, factor: float, row: _Floats) -> int:
    """Row ``line`` of the costs of pairs from ``start`` on as lanes; how many there are."""
    count: int = min(LANES, costs.shape[0] - start)
    for lane in range(count):
        for column in range(costs.shape[2]):
            row[column, lane] = factor * costs[start + lane, line, column]
    return count


@_compiled
def soft_channels(
    forecast: _Floats,
    truth: _Floats,
    weights: _Floats,
    gamma: float,
    minimum: _Floats,
    weight: _Floats,
) -> None:
    """Soft-DTW of every channel of every pair, and the expected weight of its path.

    Args:
        forecast, truth: ``[pair, frame, channel]``; the numbers of frames may differ.
        weights: ``[frame of forecast, frame of truth]``.
        gamma: Softness, in units of the squared differences.
        minimum, weight: Written, ``[pair, channel]``.
    """
    pairs, rows, channels = forecast.shape
    columns = truth.shape[1]
    factor = -1.0 / (gamma * math.log(2.0))
    cells, corner = np.empty((columns + 1) * _NEXT), np.empty(_NEXT)
    exponents = np.empty((columns, LANES))
    first, second = np.zeros((rows, LANES)), np.zeros((columns, LANES))
    for pair in range(pairs):
        for start in range(0, channels, LANES):
            count = _gather(forecast[pair], start, first)
            _gather(truth[pair], start, second)
            for row in range(rows):
                _squares(first[row], second, factor, exponents)
                _soft_row(row, cells, corner, exponents, weights)
            last = cells[columns * _NEXT :]
            for lane in range(count):
                logarithm = last[_THIRD + lane] + math.log2(last[lane])
                minimum[pair, start + lane] = logarithm / factor
                weight[pair, start + lane] = last[_SECOND + lane] / last[lane]


@_compiled
def soft_costs(
    costs: _Floats, weights: _Floats, gamma: float, minimum: _Floats, weight: _Floats
) -> None:
    """Soft-DTW of matrices of costs ``[pair, frame of forecast, frame of truth]``; see above."""
    pairs, rows, columns = costs.shape
    factor = -1.0 / (gamma * math.log(2.0))
    cells, corner = np.empty((columns + 1) * _NEXT), np.empty(_NEXT)
    exponents = np.zeros((columns, LANES))
    for start in range(0, pairs, LANES):
        count = 0
        for row in range(rows):
            count = _gather_costs(costs, start, row, factor, exponents)
            _soft_row(row, cells, corner, exponents, weights)
        last = cells[columns * _NEXT :]
        for lane in range(count):
            logarithm = last[_THIRD + lane] + math.log2(last[lane])
            minimum[start + lane] = logarithm / factor
            weight[start + lane] = last[_SECOND + lane] / last[lane]


@_compiled
def hard_channels(
    forecast: _Floats, truth: _Floats, weights: _Floats, minimum: _Floats, weight: _Floats
) -> None:
    """Hard DTW of every channel of every pair, and the weight of its path; see above."""
    pairs, rows, channels = forecast.shape
    columns = truth.shape[1]
    cells, corner = np.empty((columns + 1) * _THIRD), np.empty(_THIRD)
    costs = np.empty((columns, LANES))
    first, second = np.zeros((rows, LANES)), np.zeros((columns, LANES))
    for pair in range(pairs):
        for start in range(0, channels, LANES):
            count = _gather(forecast[pair], start, first)
            _gather(truth[pair], start, second)
            for row in range(rows):
                _squares(first[row], second, 1.0, costs)
                _hard_row(row, cells, corner, costs, weights)
            last = cells[columns * _THIRD :]
            for lane in range(count):
                minimum[pair, start + lane] = last[lane]
                weight[pair, start + lane] = last[_SECOND + lane]


@_compiled
def hard_costs(costs: _Floats, weights: _Floats, minimum: _Floats, weight: _Floats) -> None:
    """Hard DTW of matrices of costs ``[pair, frame of forecast, frame of truth]``; see above."""
    pairs, rows, columns = costs.shape
    cells, corner = np.empty((columns + 1) * _THIRD), np.empty(_THIRD)
    lanes = np.zeros((columns, LANES))
    for start in range(0, pairs, LANES):
        count = 0
        for row in range(rows):
            count = _gather_costs(costs, start, row, 1.0, lanes)
            _hard_row(row, cells, corner, lanes, weights)
        last = cells[columns * _THIRD :]
        for lane in range(count):
            minimum[start + lane] = last[lane]
            weight[start + lane] = last[_SECOND + lane]


@_summed
def joint_costs(forecast: _Floats, truth: _Floats, costs: _Floats) -> None:
    """Mean over channels of the squared difference of every two frames.

    Differences are taken before they are squared, so equal frames cost exactly 0 (a product of
    matrices would leave rounding errors that decide between equal ways).

    Args:
        forecast, truth: ``[pair, frame, channel]``.
        costs: Written, ``[pair, frame of forecast, frame of truth]``.
    """
    pairs, rows, channels = forecast.shape
    columns = truth.shape[1]
    for pair in range(pairs):
        for row in range(rows):
            value = forecast[pair, row]
            column = 0
            while column < columns:
                # four columns at once where there are four; the last ones are done anew
                at = min(column, max(columns - 4, 0))
                one = truth[pair, at]
                two = truth[pair, min(at + 1, columns - 1)]
                three = truth[pair, min(at + 2, columns - 1)]
                four = truth[pair, min(at + 3, columns - 1)]
                a, b, c, d = 0.0, 0.0, 0.0, 0.0
                for channel in range(channels):
                    known = value[channel]
                    a += (known - one[channel]) ** 2
                    b += (known - two[channel]) ** 2
                    c += (known - three[channel]) ** 2
                    d += (known - four[channel]) ** 2
                costs[pair, row, at] = a / channels
                costs[pair, row, min(at + 1, columns - 1)] = b / channels
                costs[pair, row, min(at + 2, columns - 1)] = c / channels
                costs[pair, row, min(at + 3, columns - 1)] = d / channels
                column += 4
