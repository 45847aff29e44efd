"""Two-dimensional correlation of a run, and the order in which its bands change."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics.pairs import check_finite
from opir.pathways.result import Event

__all__ = ["Correlation", "events", "two_dimensional"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Correlation:
    """Generalized two-dimensional correlation of spectra.

    Attributes:
        wavenumber: Axis [cm-1], ``[wavenumber]``.
        synchronous: How far two wavenumbers change together, ``[wavenumber, wavenumber]``, in
            squares of absorbance; symmetric.
        asynchronous: How far they change out of step, the same shape; antisymmetric.
        resampled: Whether the frames were unevenly spaced and the spectra were interpolated.
    """

    wavenumber: Array
    synchronous: Array
    asynchronous: Array
    resampled: bool


def two_dimensional(
    change: ArrayLike, wavenumber: ArrayLike, time: ArrayLike | None = None
) -> Correlation:
    """Synchronous and asynchronous correlation of spectra over time.

    Of the dynamic spectra ``y`` (less their mean over time) of ``m`` frames these are
    ``y^T y / (m - 1)`` and ``y^T N y / (m - 1)`` with the Hilbert-Noda matrix ``N``, which is
    ``1 / (pi (k - j))`` at frames ``j != k`` and 0 at ``j = k`` (Noda 1993,
    doi 10.1366/0003702934067694; Noda 2000, doi 10.1366/0003702001950472).

    The frames must be evenly spaced for this. If their times are given and are not, every
    wavenumber is first interpolated linearly onto as many even steps between the first time and
    the last; what happened between two such steps is lost.

    Args:
        change: Absorbance, or its change since any frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], rising or falling.
        time: [s], rising, ``[time]``; evenly spaced frames if None.

    Raises:
        AxisError: If the shapes do not fit, there are fewer than three frames, times do not rise
            or wavenumbers neither rise nor fall.
        ValueRangeError: If a value is NaN or infinite.
    """
    spectra, axis = _spectra(change, wavenumber)
    steps = _even_steps(time, len(spectra))
    dynamic = spectra if steps is None else steps @ spectra
    dynamic = dynamic - dynamic.mean(axis=0)
    degrees = len(spectra) - 1
    return Correlation(
        wavenumber=axis,
        synchronous=dynamic.T @ dynamic / degrees,
        asynchronous=dynamic.T @ (_hilbert_noda(len(spectra)) @ dynamic) / degrees,
        resampled=steps is not None,
    )


def events(
    change: ArrayLike,
    wavenumber: ArrayLike,
    noise: float,
    *,
    positions: ArrayLike,
    time: ArrayLike | None = None,
    detection: float = 3.0,
) -> tuple[Event, ...]:
    """Which of the bands change before which others, by the rules of Noda.

    Where the synchronous correlation of two positions is positive, the first one changes before
    the second if their asynchronous correlation is positive, and after it if that is negative;
    where the synchronous one is negative it is the other way round (Noda 1993,
    doi 10.1366/0003702934067694). "Before" means over the course of the run as a whole: a band
    that sets in at the same time but comes to its end sooner counts as changing before.

    Pairs are left out if either correlation is less than ``detection`` standard deviations of what
    noise makes of it, to first and second order in the noise, which is taken to be independent
    between frames and wavenumbers.

    Args:
        change: Absorbance, or its change since any frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], rising or falling.
        noise: Standard deviation of a point of a single spectrum, in absorbance; above 0. That of
            the frame the change counts from is common to all frames and drops out.
        positions: Of the bands [cm-1], within the axis; the nearest point of it is used.
        time: [s], rising, ``[time]``; evenly spaced frames if None. See :func:`two_dimensional`.
        detection: Standard deviations; not negative.

    Returns:
        An event a pair, the one most out of step first. Its correlations are those of its first
        position with its second, relative to the largest among the positions.

    Raises:
        AxisError: As of :func:`two_dimensional`, or if positions are not ``[position]``.
        OptionError: If ``noise`` or ``detection`` is out of its range.
        ValueRangeError: If a value is NaN or infinite, or a position not within the axis.
    """
    if not 0 < noise < np.inf or not 0 <= detection < np.inf:
        raise OptionError(
            f"noise is {noise}, detection {detection}; noise must be above 0, "
            "detection not negative"
        )
    spectra, axis = _spectra(change, wavenumber)
    bands = check_finite("positions", positions).astype(np.float64)
    if bands.ndim != 1:
        raise AxisError(f"positions have shape {bands.shape}; [position] is needed")
    outside = bands[(bands < axis.min()) | (bands > axis.max())]
    if len(outside):
        raise ValueRangeError(
            f"a band position is {outside[0]:g} cm-1, and the axis {axis.min():g} to "
            f"{axis.max():g} cm-1",
            remedy="Leave out bands that were not measured",
        )
    if len(bands) < 2:
        return ()

    frames = len(spectra)
    steps = _even_steps(time, frames)
    taken = np.eye(frames) if steps is None else steps
    taken = taken - taken.mean(axis=0)
    course = spectra[:, np.abs(axis[:, None] - bands).argmin(axis=0)]
    operators = (taken.T @ taken, taken.T @ _hilbert_noda(frames) @ taken)
    together, apart = (course.T @ operator @ course for operator in operators)
    seen = np.ones(together.shape, dtype=bool)
    for value, operator in zip((together, apart), operators, strict=True):
        first = np.sum((operator.T @ course) ** 2, axis=0)[:, None]
        second = np.sum((operator @ course) ** 2, axis=0)
        variance = noise**2 * (first + second) + noise**4 * np.sum(operator**2)
        seen &= np.abs(value) > detection * np.sqrt(variance)

    top, widest = np.abs(together).max(), np.abs(apart).max()
    found = []
    for one, other in itertools.combinations(range(len(bands)), 2):
        if not seen[one, other] or bands[one] == bands[other]:
            continue
        in_order = (apart[one, other] > 0) == (together[one, other] > 0)
        a, b = (one, other) if in_order else (other, one)
        first_name, second_name = (f"{round(bands[at], 1):g} cm-1" for at in (a, b))
        way = "the same direction" if together[a, b] > 0 else "the opposite direction"
        found.append(
            Event(
                first=float(bands[a]),
                second=float(bands[b]),
                synchronous=float(together[a, b] / top),
                asynchronous=float(apart[a, b] / widest),
                statement=f"{first_name} changes before {second_name}, in {way}",
            )
        )
    return tuple(sorted(found, key=lambda event: -abs(event.asynchronous)))


def _spectra(change: ArrayLike, wavenumber: ArrayLike) -> tuple[Array, Array]:
    spectra = check_finite("change", change).astype(np.float64)
    axis = check_finite("wavenumber", wavenumber).astype(np.float64)
    if spectra.ndim != 2 or axis.shape != spectra.shape[1:] or not axis.size:
        raise AxisError(
            f"change has shape {spectra.shape} and wavenumber {axis.shape}; [time, wavenumber] "
            "and [wavenumber] are needed"
        )
    if len(spectra) < 3:
        raise AxisError(f"there are {len(spectra)} frames; correlation needs at least 3")
    step = np.diff(axis)
    if not ((step > 0).all() or (step < 0).all()):
        raise AxisError("wavenumbers neither rise nor fall", remedy="Sort them")
    return spectra, axis


def _even_steps(time: ArrayLike | None, frames: int) -> Array | None:
    """Matrix that interpolates frames onto even steps ``[step, time]``; None if they are even."""
    if time is None:
        return None
    times = check_finite("time", time).astype(np.float64)
    if times.shape != (frames,):
        raise AxisError(f"time has shape {times.shape} for {frames} frames")
    step = np.diff(times)
    if not (step > 0).all():
        raise AxisError("times do not rise", remedy="Sort the frames and leave out double ones")
    if np.allclose(step, step.mean(), rtol=1e-3, atol=0):
        return None
    even = np.linspace(times[0], times[-1], frames)
    right = np.clip(np.searchsorted(times, even), 1, frames - 1)
    part = np.clip((even - times[right - 1]) / step[right - 1], 0, 1)
    matrix, row = np.zeros((frames, frames)), np.arange(frames)
    matrix[row, right - 1], matrix[row, right] = 1 - part, part
    return matrix


def _hilbert_noda(frames: int) -> Array:
    """``[frame, frame]``: ``1 / (pi (k - j))`` at row j and column k, 0 at j = k."""
    apart = np.arange(frames) - np.arange(frames)[:, None]
    matrix = np.zeros(apart.shape)
    matrix[apart != 0] = 1 / (np.pi * apart[apart != 0])
    return matrix
