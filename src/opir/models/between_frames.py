"""The drive between frames as numbers for each frame, for forecasters that look at frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.models.inputs import ForecastInputs

__all__ = ["BETWEEN", "between_frames", "filled", "has_record"]

Array = NDArray[np.float64]

BETWEEN = (
    "mean voltage since the last frame",
    "lowest voltage since the last frame",
    "highest voltage since the last frame",
    "mean current since the last frame",
    "lowest current since the last frame",
    "highest current since the last frame",
    "charge",
    "log absolute charge",
    "mean voltage",
    "lowest voltage",
    "highest voltage",
)
"""What is told of each frame; V, V, V, A, A, A, C, 1, V, V, V. From ``charge`` on they count from
the first given frame."""


def has_record(inputs: ForecastInputs) -> bool:
    """Whether more is known of the drive than what it was at the frames."""
    return bool(inputs.record.shape[1] > 0)


def between_frames(inputs: ForecastInputs) -> Array:
    """What the drive was between the frames, straight lines between all that is known of it.

    At the first given frame nothing has passed: means and extremes are the values there.

    Args:
        inputs: Its record, where there is one, and its drive at the frames.

    Returns:
        Shape ``[batch, given + frames, len(BETWEEN)]``; NaN, but for the charge before anything
        has passed, where a channel is known nowhere.
    """
    frames = np.concatenate([inputs.given_times, inputs.times], axis=1)
    found = np.empty((*frames.shape, len(BETWEEN)))
    for row, times in enumerate(frames):
        # A record's row at the time of a frame comes after it, and adds nothing.
        every = np.concatenate([times, inputs.record[row, :, 0]])
        drive = np.concatenate([inputs.drive[row, :, :2], inputs.record[row, :, 1:3]])
        order = np.argsort(every, kind="stable")
        every, drive = every[order], drive[order]
        at = np.searchsorted(every, times)
        found[row] = _told(every, filled(every, drive[:, 0]), filled(every, drive[:, 1]), at)
    return found


def filled(times: Array, values: Array) -> Array:
    """Missing values by straight lines between known ones; NaN throughout if none is known.

    Args:
        times: Rising, shape ``[time]``.
        values: Shape ``[time]``.
    """
    known = ~np.isnan(values)
    if known.all() or not known.any():
        return values
    return np.interp(times, times[known], values[known])


def _told(times: Array, voltage: Array, current: Array, at: NDArray[np.int64]) -> Array:
    """The columns of :data:`BETWEEN` at the places ``at`` of a course."""
    passed = _integral(times, voltage)[at]
    charge, absolute = _integral(times, current)[at], _integral(times, np.abs(current))[at]
    since = times[at] - times[at[0]]
    step = np.diff(since)
    first, columns = slice(at[0], None), []
    for values, total in ((voltage, passed), (current, charge)):
        columns += [
            np.r_[values[at[0]], np.diff(total) / step],
            np.r_[values[at[0]], _extreme(np.minimum, values, at)],
            np.r_[values[at[0]], _extreme(np.maximum, values, at)],
        ]
    mean = np.r_[voltage[at[0]], (passed[1:] - passed[0]) / since[1:]]
    columns += [charge - charge[0], np.log1p(absolute - absolute[0]), mean]
    columns += [
        np.minimum.accumulate(voltage[first])[at - at[0]],
        np.maximum.accumulate(voltage[first])[at - at[0]],
    ]
    return np.stack(columns, axis=-1)


def _extreme(of: np.ufunc, values: Array, at: NDArray[np.int64]) -> Array:
    """Of each stretch between two places, both ends included."""
    inside = of.reduceat(values, at)[:-1]
    return np.asarray(of(inside, values[at[1:]]))


def _integral(times: Array, values: Array) -> Array:
    """From the first time to each, by trapezoids; exact for straight lines.

    Where a current changes its sign between two points, its absolute amount comes out too large.
    """
    parts = 0.5 * (values[1:] + values[:-1]) * np.diff(times)
    return np.concatenate([[0.0], parts.cumsum()])
