"""What the metrics that align two courses in time share: checks, scale, weights, threads."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError, require

__all__ = ["CourseScale", "align_hard", "align_soft", "check_courses", "course_scale", "distortion"]

_Floats = NDArray[np.float64]

CourseScale = ArrayLike | None
"""Unit of the courses: one number, one a pair, or None for the truth's own, `course_scale`."""

_PAIRS = 64
"""Pairs that a thread takes at a time; as many lanes as the compiled loops have."""

_PREPARED = 4
"""Of these, pairs that are made float64 at a time: 2 MB for 64 frames of 512 channels, which stay
in the cache until they are used."""

_LARGEST = 1e100
"""Of a course: squares of larger ones, summed, come near the end of float64."""

_CONSTANT = 1e-12
"""Scale of a course as a share of its largest value, up to which it is rounding."""


def check_courses(forecast: ArrayLike, truth: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as arrays ``[pair, frame, channel]`` in their own precision, not yet looked at for NaN.

    Raises:
        AxisError: If pairs or channels do not agree, or there is nothing.
        ValueRangeError: If they are not real numbers.
    """
    found = []
    for name, values in (("forecast", forecast), ("truth", truth)):
        array = np.asarray(values)
        if array.dtype.kind not in "fiu":
            raise ValueRangeError(f"{name} holds {array.dtype}; real numbers are needed")
        if array.ndim < 2:
            raise AxisError(
                f"{name} has shape {array.shape}; [..., frame, channel] is needed",
                remedy="Give a single course as values[:, None]",
            )
        if array.size == 0:
            raise AxisError(f"{name} is empty (shape {array.shape})")
        found.append(array)
    first, second = found
    if first.shape[:-2] != second.shape[:-2] or first.shape[-1] != second.shape[-1]:
        raise AxisError(
            f"forecast has shape {first.shape} and truth {second.shape}; they must agree in all "
            "but the number of frames, the last axis but one"
        )
    return first.reshape(-1, *first.shape[-2:]), second.reshape(-1, *second.shape[-2:])


def course_scale(truth: ArrayLike) -> _Floats:
    """Root mean square deviation of each course from its mean over time, over all channels.

    One number a pair and not one a channel, so that channels in which nothing happens are not
    blown up to the size of the others. In the unit of the courses.

    Args:
        truth: ``[..., frame, channel]``.

    Returns:
        ``[...]``.
    """
    values = np.asarray(truth)
    mean = values.mean(axis=-2, keepdims=True, dtype=np.float64)
    return np.asarray(np.sqrt(np.square(values - mean).mean(axis=(-2, -1))))


def distortion(rows: int, columns: int) -> _Floats:
    """Squared distance of two frames in time, as shares of the length, ``[row, column]``.

    ``(i - j)^2 / n^2`` for courses of n frames each, as in the paper of DILATE; for unequal
    lengths ``((i + 1/2) / rows - (j + 1/2) / columns)^2``, which is the same where they are equal.
    """
    first = (np.arange(rows) + 0.5) / rows
    second = (np.arange(columns) + 0.5) / columns
    if rows == columns:
        return np.square((np.arange(rows)[:, None] - np.arange(rows)) / rows)
    return np.square(first[:, None] - second)


def align_soft(
    forecast: ArrayLike,
    truth: ArrayLike,
    *,
    joint: bool,
    gamma: float,
    scale: CourseScale = None,
    threads: int | None = None,
) -> tuple[_Floats, _Floats]:
    """Soft-DTW and the expected distortion of its path, both divided by the number of frames.

    Args:
        forecast, truth: ``[..., frame, channel]``.
        joint: One path for all channels of a pair, its cost their mean; or one path a channel.
        gamma: Softness, in units of ``scale`` squared.
        scale: See :data:`CourseScale`.
        threads: At a time; all processors by default.

    Returns:
        Two arrays ``[...]`` if joint, ``[..., channel]`` if not.

    Raises:
        AxisError, ValueRangeError: See :func:`check_courses`; NaN and infinity are refused.
        OptionError: If ``gamma``, ``scale`` or ``threads`` is not positive.
        MissingDependencyError: If numba is not installed.
    """
    if not (math.isfinite(gamma) and gamma > 0):
        raise OptionError(f"gamma is {gamma}; it must be positive and finite")
    return _align(forecast, truth, joint, float(gamma), scale, threads)


def align_hard(
    forecast: ArrayLike, truth: ArrayLike, *, joint: bool, threads: int | None = None
) -> tuple[_Floats, _Floats]:
    """Cost and distortion of the cheapest path, both divided by the number of frames.

    Of paths that cost the same the one of least distortion is taken. Arguments, results and
    errors as in :func:`align_soft`; the cost is in the unit of the courses squared.
    """
    return _align(forecast, truth, joint, None, 1.0, threads)


def _align(
    forecast: ArrayLike,
    truth: ArrayLike,
    joint: bool,
    gamma: float | None,
    scale: CourseScale,
    threads: int | None,
) -> tuple[_Floats, _Floats]:
    first, second = check_courses(forecast, truth)
    batch = np.shape(forecast)[:-2]
    given = None if scale is None else _check_scale(scale, batch)
    workers = _check_threads(threads)
    require("numba", extra="bench")
    from opir.metrics import alignment_kernel as kernel

    pairs, rows, channels = first.shape
    columns = second.shape[1]
    weights = distortion(rows, columns)
    shape = (pairs,) if joint else (pairs, channels)
    cost, weight = np.empty(shape), np.empty(shape)

    def run(start: int) -> None:
        stop = min(start + _PAIRS, pairs)
        costs = np.empty((stop - start if joint else 0, rows, columns))
        for at in range(start, stop, _PREPARED):
            some = slice(at, min(at + _PREPARED, stop))
            unit = None if given is None else given[some]
            one, two = _prepared(first[some], second[some], at, unit)
            if joint:
                kernel.joint_costs(one, two, costs[at - start :])
            elif gamma is None:
                kernel.hard_channels(one, two, weights, cost[some], weight[some])
            else:
                kernel.soft_channels(one, two, weights, gamma, cost[some], weight[some])
        if joint and gamma is None:
            kernel.hard_costs(costs, weights, cost[start:stop], weight[start:stop])
        elif joint and gamma is not None:
            kernel.soft_costs(costs, weights, gamma, cost[start:stop], weight[start:stop])

    _for_each(run, range(0, pairs, _PAIRS), workers)
    frames = 0.5 * (rows + columns)
    whole = batch if joint else (*batch, channels)
    return (cost / frames).reshape(whole), (weight / frames).reshape(whole)


def _for_each(run: Callable[[int], None], starts: range, workers: int) -> None:
    """In threads; the compiled loops run without the interpreter's lock.

    Threads of our own and not numba's: those of OpenMP end a process that forks afterwards.
    """
    run(starts[0])  # compiles once
    if workers == 1 or len(starts) == 1:
        for start in starts[1:]:
            run(start)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(run, starts[1:]):
            pass


def _prepared(
    forecast: NDArray[Any], truth: NDArray[Any], start: int, scale: _Floats | None
) -> tuple[_Floats, _Floats]:
    """Some pairs in units of the scale, contiguous, as float64."""
    one = np.array(forecast, dtype=np.float64, order="C")
    two = np.array(truth, dtype=np.float64, order="C")
    for name, values in (("forecast", one), ("truth", two)):
        lowest, highest = values.min(axis=(1, 2)), values.max(axis=(1, 2))
        fits = (lowest >= -_LARGEST) & (highest <= _LARGEST)  # false for NaN
        if not fits.all():
            pair = int(np.flatnonzero(~fits)[0])
            place = f"pair {start + pair}"
            if np.isfinite(values[pair]).all():
                extreme = np.abs(values[pair]).max()
                raise ValueRangeError(
                    f"{name} holds values of {extreme:.3g}, too large to be squared", place=place
                )
            raise ValueRangeError(
                f"{name} holds NaN or infinity", place=place, remedy="Leave those out first"
            )
    if scale is None:
        unit = course_scale(two)
        constant = unit <= _CONSTANT * np.abs(two).max(axis=(1, 2))
        if constant.any():
            raise ValueRangeError(
                "truth does not change in time and so gives no scale",
                place=f"pair {start + int(np.flatnonzero(constant)[0])}",
                remedy="Give scale= in the unit of the courses",
            )
    else:
        unit = scale
    one /= unit[:, None, None]
    two /= unit[:, None, None]
    return one, two


def _check_scale(scale: ArrayLike, batch: tuple[int, ...]) -> _Floats:
    values = np.asarray(scale, dtype=np.float64)
    if values.shape not in ((), batch):
        raise AxisError(f"scale has shape {values.shape}; one number or {batch} is needed")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise OptionError("scale must be positive and finite")
    return np.ascontiguousarray(np.broadcast_to(values, batch).reshape(-1))


def _check_threads(threads: int | None) -> int:
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise OptionError(f"threads is {threads!r}; a whole number of at least 1 is needed")
    return threads
