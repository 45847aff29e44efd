"""When an amount or an extent sets in, and how well that is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics.pairs import check_real, check_same
from opir.pathways.result import Onset

__all__ = ["check_course", "find_onset", "seen_level"]

Array = NDArray[np.float64]

NORMAL_90 = 1.6448536269514722
"""Standard deviations from the mean within which 90 % of a normal distribution lies."""

_LATEST = 4.0
"""An onset is looked for up to three quarters of the largest value."""


def seen_level(values: ArrayLike, least: float, deviation: ArrayLike = 0.0) -> Array:
    """The level that can just be seen, for :func:`find_onset`.

    Args:
        values: The course, ``[time]``.
        least: What changes the spectra by the noise of a point, as a norm over the wavenumbers.
        deviation: Of the values, ``[time]``, where they must be known as well as that, too.

    Returns:
        ``[time]``, a quarter of the largest value at most.
    """
    course = np.asarray(values, dtype=np.float64)
    level = np.maximum(least, np.broadcast_to(deviation, course.shape))
    return np.asarray(np.minimum(level, max(float(course.max()), 0.0) / _LATEST))


def find_onset(
    time: ArrayLike,
    values: ArrayLike,
    deviation: ArrayLike,
    voltage: ArrayLike | None = None,
    *,
    level: ArrayLike | None = None,
    share: float = 0.1,
    detection: float = 3.0,
    stays: int = 2,
) -> Onset | None:
    """Where something first rises out of the noise and stays, with limits at 90 %.

    It sets in where it first rises over a threshold and stays over it for ``stays`` frames, or to
    the end, as in :func:`opir.metrics.onset_voltage`. The threshold of a frame is the larger of
    ``share`` of the largest value and ``detection`` times the level that can just be seen there,
    by default the standard deviation. Time and potential are interpolated linearly between the
    last frame under the threshold and the first over it.
    Of something that is used up, give the negative of its change.

    Between the time limits lie all frames around the onset of which the noise leaves open, at
    90 %, whether they are over the threshold, and the spacing of frames on both sides: the lower
    limit is the last frame that is surely under it, the upper one the first that is surely over
    it, or the last frame of the run if none is. For this the values up to the top of the rise are
    replaced by the rising curve nearest to them by weighted least squares (isotonic regression,
    Barlow et al. 1972, Statistical Inference under Order Restrictions), so that one low or high
    frame decides nothing. It is not assumed that the noise of neighbouring frames is
    independent; where it is, the limits are wider than they need to be.

    Args:
        time: [s], rising, ``[time]``.
        values: Change since frame 0 ``[time]``, in any unit.
        deviation: Standard deviation of each value ``[time]``, not negative.
        voltage: As recorded [V] ``[time]``, NaN where it is not known.
        level: Of what can be seen, in the unit of the values ``[time]``, not negative.
        share: Threshold as a share of the largest value; 0 to 1.
        detection: Threshold in levels; not negative.
        stays: Frames that it must stay over; at least 1.

    Returns:
        None where it never rises over the threshold, or is over it from frame 0 on. Potentials are
        None if the voltage is not known at each frame between the limits.

    Raises:
        AxisError: If the shapes do not fit, there are fewer than two frames or times do not rise.
        OptionError: If ``share``, ``detection`` or ``stays`` is out of its range.
        ValueRangeError: If a value or time is NaN or infinite, a deviation or level negative, or a
            voltage infinite.
    """
    if not 0 <= share <= 1 or not 0 <= detection < np.inf or stays < 1:
        raise OptionError(
            f"share is {share}, detection {detection}, stays {stays}; share must be 0 to 1, "
            "detection not negative, stays at least 1"
        )
    time, values, deviation = check_course(time, values, deviation)
    known = _voltage(voltage, len(time))
    least = deviation if level is None else check_course(time, values, level)[2]
    threshold = np.maximum(share * values.max(), detection * least)
    frame = _first_over(values, threshold, stays)
    if not frame:
        return None

    low, high = values[frame - 1] - threshold[frame - 1], values[frame] - threshold[frame]
    # a frame that rose before without staying may be over the threshold: then it began there
    part = float(np.clip(-low / (high - low), 0, 1)) if high > low else 0.0
    at_onset = float(time[frame - 1] + part * (time[frame] - time[frame - 1]))
    first, last = _limits(values, deviation, threshold, frame, share)

    between = known[first : last + 1]
    limits: tuple[float | None, float | None, float | None] = (None, None, None)
    if not np.isnan(between).any():
        step = known[frame] - known[frame - 1]
        limits = (
            float(known[frame - 1] + part * step),
            float(between.min()),
            float(between.max()),
        )
    return Onset(frame, at_onset, float(time[first]), float(time[last]), *limits)


def check_course(
    time: ArrayLike, values: ArrayLike, deviation: ArrayLike
) -> tuple[Array, Array, Array]:
    """Time, values and deviations as float64 of one length, of at least two frames.

    Raises:
        AxisError: If the shapes do not fit, there are fewer than two frames or times do not rise.
        ValueRangeError: If one is NaN or infinite, or a deviation negative.
    """
    checked = check_same(time=time, values=values, deviation=deviation)
    steps, course, spread = (array.astype(np.float64) for array in checked)
    if steps.ndim != 1 or len(steps) < 2:
        raise AxisError(f"values have shape {steps.shape}; [time] of at least 2 frames is needed")
    if not (np.diff(steps) > 0).all():
        raise AxisError("times do not rise", remedy="Sort the frames and leave out double ones")
    if spread.min() < 0:
        raise ValueRangeError(f"a deviation or level is {spread.min():g}; it cannot be negative")
    return steps, course, spread


def _voltage(voltage: ArrayLike | None, frames: int) -> Array:
    if voltage is None:
        return np.full(frames, np.nan)
    known = check_real("voltage", voltage).astype(np.float64)
    if known.shape != (frames,):
        raise AxisError(f"voltage has shape {known.shape} for {frames} frames")
    if np.isinf(known).any():
        raise ValueRangeError("voltage holds infinity", remedy="Use NaN where it is not known")
    return known


def _first_over(values: Array, threshold: Array, stays: int) -> int:
    """First frame of a rise that stays; 0 if there is none, or none before it is under."""
    over = (values >= threshold) & (values > 0)
    stay = over.copy()
    for later in range(1, min(stays, len(over))):
        stay[:-later] &= over[later:]
    return int(np.argmax(stay))  # the first of equals; 0 where none stays


def _limits(
    values: Array, deviation: Array, threshold: Array, frame: int, share: float
) -> tuple[int, int]:
    """Last frame surely under the threshold and first surely over it, about the onset."""
    later = values[frame:]
    highest = np.maximum.accumulate(later)
    fallen = highest - later > 6 * deviation[frame:]  # noise alone spans almost that
    until = int(np.argmax(fallen)) if fallen.any() else len(later)
    top = frame + int(np.argmax(later[:until]))
    known = deviation > 0
    weight = np.ones_like(values)
    if known.any():
        weight[known] = (deviation[known].min() / deviation[known]) ** 2  # best known ones: 1
    rise = values.copy()
    rise[: top + 1] = _rising(values[: top + 1], weight[: top + 1])

    # the threshold is a share of a value that is itself known to its deviation only
    spread = NORMAL_90 * np.hypot(deviation, share * deviation[np.argmax(values)])
    under = np.flatnonzero((rise + spread < threshold)[:frame])
    over = np.flatnonzero((rise - spread >= threshold)[frame : top + 1])
    first = int(under[-1]) if len(under) else 0
    # the frame before the onset is under the threshold, unless a rise ended there
    first = min(first, frame - 1)
    return first, frame + int(over[0]) if len(over) else len(values) - 1


def _rising(values: Array, weight: Array) -> Array:
    """The curve that never falls and is nearest to the values (pool adjacent violators)."""
    means: list[float] = []
    weights: list[float] = []
    counts: list[int] = []
    for value, by in zip(values.tolist(), weight.tolist(), strict=True):
        mean, total, count = value, by, 1
        while means and means[-1] >= mean:
            before = weights.pop()
            mean = (mean * total + means.pop() * before) / (total + before)
            total += before
            count += counts.pop()
        means.append(mean)
        weights.append(total)
        counts.append(count)
    return np.repeat(means, counts)
