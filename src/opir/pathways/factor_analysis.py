"""Evolving factor analysis: how many components change, and when each begins and ends to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from opir.errors import AxisError, ValueRangeError
from opir.metrics.pairs import check_finite

__all__ = [
    "EvolvingFactors",
    "check_run",
    "drift",
    "evolving_factors",
    "lines",
    "low_rank",
    "noise_limits",
    "non_negative",
    "without_line",
]

Array = NDArray[np.float64]

MOST_WINDOWS = 96
"""Of longer runs, neighbouring frames are averaged down to this number of rows."""
MOST_FACTORS = 16
"""Singular values that are kept of each window."""
TRACY_WIDOM = 2.0234
"""Upper 1 % point of the Tracy-Widom distribution of order 1 (Johnstone 2001, table 2)."""


@dataclass(frozen=True)
class EvolvingFactors:
    """Singular values of growing windows of a run.

    Attributes:
        frames: Last frame of each forward window and first of each backward one, ``[window]``.
        forward: Singular values of the frames up to there, largest first, ``[window, factor]``.
        backward: Of the frames from there on, the same shape.
        forward_limits, backward_limits: What noise alone stays below, in the same places.
        components: How many factors of the whole run rise out of the noise.
        appears: First frame at which each of them has risen, ``[component]``, rising.
        disappears: Last frame from which on the run still holds one, two, ... components,
            ``[component]``, falling: after the first entry nothing is seen to change.
    """

    frames: NDArray[np.int64]
    forward: Array
    backward: Array
    forward_limits: Array
    backward_limits: Array
    components: int
    appears: tuple[int, ...]
    disappears: tuple[int, ...]


def evolving_factors(
    change: ArrayLike,
    noise: float,
    *,
    wavenumber: ArrayLike | None = None,
    line: bool = True,
    differences: bool = True,
) -> EvolvingFactors:
    """Components that rise out of the noise, by evolving factor analysis.

    Singular values of the frames up to each frame, and from each on (Maeder 1987, Analytical
    Chemistry 59, 527), are compared with :func:`noise_limits`. A component appears at the first
    frame from which on its singular value stays above: with weak bands that is later than where
    it sets in. Components are counted, not told apart: two whose amounts stay proportional are
    one; and what is no sum of fixed spectra, such as a band that moves or a gain that drifts, is
    more than one.

    All frames of a change hold the noise of the first frame, which is subtracted from them; so
    the mean of each window is taken out, which leaves the number of components as it is. With
    that, a component disappears when its amount stops to change.

    Args:
        change: Absorbance less that of the first frame, ``[time, wavenumber]``.
        noise: Standard deviation of a point of a single frame, the same for all and independent.
        wavenumber: Axis of the straight line [cm-1], ``[wavenumber]``; even steps if None.
        line: Take a straight line out of each frame first: offset and slope of a baseline that
            drifts are no components then.
        differences: Take out the mean of each window. False for spectra that are no change;
            what stays constant is a component then.

    Raises:
        AxisError: If there are fewer than two frames or four wavenumbers, or shapes differ.
        ValueRangeError: If a value is not finite, or noise is not positive.
    """
    rows = check_run(change, noise)
    if line:
        rows = without_line(rows, wavenumber)
    width = rows.shape[1] - 2 * line
    ends = np.unique(np.linspace(0, len(rows), min(len(rows), MOST_WINDOWS) + 1).astype(np.int64))
    sizes = np.diff(ends)
    # Sums over the root of the size: means of which each has the noise of one frame.
    rows = np.add.reduceat(rows, ends[:-1], axis=0) / np.sqrt(sizes)[:, None]
    forward = _evolve(rows, np.sqrt(sizes), width, noise, differences)
    backward = _evolve(rows[::-1], np.sqrt(sizes)[::-1], width, noise, differences)
    components = int(np.logical_and.accumulate(forward[0][-1] > forward[1][-1]).sum())
    appears = [ends[_first(*forward, j)] for j in range(components)]
    disappears = [ends[len(rows) - _first(*backward, j)] - 1 for j in range(components)]
    return EvolvingFactors(
        frames=ends[:-1],
        forward=forward[0],
        backward=backward[0][::-1],
        forward_limits=forward[1],
        backward_limits=backward[1][::-1],
        components=components,
        appears=tuple(int(frame) for frame in np.maximum.accumulate(appears)),
        disappears=tuple(int(frame) for frame in np.minimum.accumulate(disappears)),
    )


def noise_limits(rows: int, columns: int, noise: float, factors: int) -> Array:
    """What singular values of noise stay below in 99 of 100 cases, ``[factor]``.

    The largest of independent normal values: its square follows the Tracy-Widom distribution
    (Johnstone 2001, doi 10.1214/aos/1009210544). For the j-th factor the matrix is that of what
    j - 1 components leave, as Kritchman and Nadler 2008 (doi 10.1016/j.chemolab.2008.06.002)
    count components. Infinite where there is no such factor.
    """
    limits = np.full(factors, np.inf)
    left = np.arange(min(factors, rows, columns))
    one, two = np.sqrt(rows - left - 0.5), np.sqrt(columns - left - 0.5)
    spread = (one + two) * (1 / one + 1 / two) ** (1 / 3)
    limits[left] = noise * np.sqrt((one + two) ** 2 + TRACY_WIDOM * spread)
    return limits


def without_line(spectra: ArrayLike, wavenumber: ArrayLike | None = None) -> Array:
    """Spectra less the straight line of least squares in each, ``[..., wavenumber]``.

    Args:
        spectra: ``[..., wavenumber]``.
        wavenumber: Axis [cm-1]; even steps if None.

    Raises:
        AxisError: If the axis has another length, or holds a single value.
        ValueRangeError: If a value is not finite.
    """
    values = check_finite("spectra", spectra).astype(np.float64, copy=False)
    basis = lines(values.shape[-1], wavenumber)
    return values - (values @ basis.T) @ basis


def lines(count: int, wavenumber: ArrayLike | None = None) -> Array:
    """Offset and slope as orthonormal rows, ``[2, wavenumber]``.

    Raises:
        AxisError: If the axis is not of that length, or all values are the same.
        ValueRangeError: If a value is not finite.
    """
    axis = check_finite("wavenumber", np.arange(count) if wavenumber is None else wavenumber)
    if axis.shape != (count,):
        raise AxisError(f"wavenumber has shape {axis.shape}, and the spectra {count} points")
    if count < 2 or np.ptp(axis) == 0:
        raise AxisError("a straight line needs two wavenumbers that differ")
    slope = axis.astype(np.float64) - axis.mean(dtype=np.float64)
    return np.stack([np.full(count, count**-0.5), slope / np.linalg.norm(slope)])


def drift(rows: Array, basis: Array, noise: float) -> Array:
    """The straight line under the bands of each frame, ``[time, wavenumber]``.

    Bisquare weights (Beaton and Tukey 1974, doi 10.1080/00401706.1974.10489171) of a width that
    shrinks from that of the largest residual to that of the noise, so that bands of either sign
    are left out step by step.
    """
    found = rows @ basis.T
    least = 4.685 * np.sqrt(2) * noise
    widest = max(float(np.abs(rows - found @ basis).max()), least)
    for width in np.geomspace(widest, least, 12):
        away = (rows - found @ basis) / width
        weights = np.maximum(1 - away**2, 0) ** 2 + 1e-6
        left = np.einsum("tw,iw,jw->tij", weights, basis, basis, optimize=True)
        right = (weights * rows) @ basis.T
        found = np.linalg.solve(left, right[..., None])[..., 0]
    line: Array = found @ basis
    return line


def low_rank(rows: Array, rank: int) -> Array:
    """A change of which only so many components are kept; a first frame of zero stays zero."""
    centred = rows - rows.mean(axis=0)
    if len(rows) <= rows.shape[1]:  # directions from the smaller product
        kept = centred.T @ np.linalg.eigh(centred @ centred.T)[1][:, -rank:]
    else:
        kept = np.linalg.eigh(centred.T @ centred)[1][:, -rank:]
    kept = np.linalg.qr(kept)[0]
    smooth: Array = (rows @ kept) @ kept.T
    return smooth


def non_negative(left: Array, right: Array) -> Array:
    """Non-negative X that brings ``left X`` closest to ``right``, column by column.

    Least squares, and ``scipy.optimize.nnls`` for the columns in which they are negative; their
    positive part, should that not end.
    """
    q, r = np.linalg.qr(left)
    inner = q.T @ right
    found: Array = np.linalg.lstsq(r, inner, rcond=None)[0]
    for column in np.flatnonzero((found < 0).any(axis=0)):
        try:
            found[:, column] = nnls(r, inner[:, column])[0]
        except RuntimeError:  # too many iterations
            found[:, column] = np.maximum(found[:, column], 0)
    return found


def check_run(spectra: ArrayLike, noise: float) -> Array:
    """Spectra of a run as float64 ``[time, wavenumber]``, and noise that is positive.

    Raises:
        AxisError: If there are fewer than two frames or four wavenumbers.
        ValueRangeError: If a value is not finite, or noise is not positive.
    """
    rows = check_finite("spectra", spectra).astype(np.float64, copy=False)
    if rows.ndim != 2 or rows.shape[0] < 2 or rows.shape[1] < 4:
        raise AxisError(
            f"spectra have shape {rows.shape}; [time >= 2, wavenumber >= 4] is needed",
            remedy="Give the frames of a run as rows",
        )
    if not (np.isfinite(noise) and noise > 0):
        raise ValueRangeError(
            f"noise is {noise}; the standard deviation of a point, above 0, is needed",
            remedy="Estimate it from frames in which nothing happens",
        )
    return rows


def _evolve(
    rows: Array, weights: Array, width: int, noise: float, differences: bool
) -> tuple[Array, Array]:
    """Singular values and limits of the first 1, 2, ... rows, ``[window, factor]`` each."""
    inner = rows @ rows.T
    factors = min(MOST_FACTORS, len(rows), width)
    values = np.zeros((len(rows), factors))
    limits = np.full((len(rows), factors), np.inf)
    for count in range(1, len(rows) + 1):
        window = inner[:count, :count]
        if differences:
            unit = weights[:count] / np.linalg.norm(weights[:count])
            shared = np.outer(unit, unit @ window)
            window = window - shared - shared.T + np.outer(unit, unit) * (unit @ window @ unit)
        kept = min(count, factors)
        squares = np.linalg.eigvalsh(window)[::-1][:kept]
        squares[squares < count * 1e-14 * squares[0]] = 0  # rounding of the products
        values[count - 1, :kept] = np.sqrt(np.maximum(squares, 0))
        limits[count - 1] = noise_limits(count - differences, width, noise, factors)
    return values, limits


def _first(values: Array, limits: Array, factor: int) -> int:
    """First window from which on the factor stays above its limit."""
    below = np.flatnonzero(values[:, factor] <= limits[:, factor])
    return int(below[-1]) + 1 if below.size else 0
