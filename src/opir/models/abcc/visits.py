"""Where the potential of an electrode was and for how long, in the order in which it came there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.models.abcc.protocol_features import LEVELS

__all__ = ["RANGES", "STEPS", "joined", "visits"]

RANGES = len(LEVELS) + 2
"""Below the first of :data:`LEVELS`, between two, above the last, and where it is not known."""

STEPS = 4
"""Even parts that the time between two frames is told in: what forms at its beginning can react
in the rest of it."""

_TIME = 1e4
"""Unit of the time of a visit [s]."""

_LEVEL = 1e-9
"""Changes below it are none [V]."""

_LEVELS = np.array(LEVELS)


def visits(times: ArrayLike, potential: ArrayLike, frames: ArrayLike) -> NDArray[np.float32]:
    """Stays of a potential between two levels, one after the other.

    None goes across a frame, or across one of the :data:`STEPS` of the time between two.

    The potential is straight between its times. So a time more or less where it is straight
    changes nothing, and one frame more divides visits.

    Args:
        times: [s], rising, ``[batch, times]``. What comes after the last frame does not count.
        potential: [V], ``[batch, times]``; where one of a row is NaN, all of it is not known.
        frames: Which of the times are frames, rising, the first one first, ``[batch, frame]``.

    Returns:
        Of each visit how long it was [1e4 s], its range and in which step of all of them it was,
        those before frame ``n`` being ``STEPS * n``, ``[batch, visit, 3]``. Shorter rows end with
        visits of no time, after the last frame.

    Raises:
        AxisError: If the shapes do not fit.
    """
    when, course, marks = np.asarray(times), np.asarray(potential), np.asarray(frames)
    if when.ndim != 2 or course.shape != when.shape or marks.shape[:1] != when.shape[:1]:
        raise AxisError(
            f"times {when.shape}, potential {course.shape} and frames {marks.shape} do not fit",
            remedy="Twice [batch, times], and [batch, frame]",
        )
    found = [_of_one(*row) for row in zip(when, course, marks, strict=True)]
    return joined([row[None] for row in found], marks.shape[1])


def joined(parts: list[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """Visits of some batches as those of one.

    Args:
        parts: ``[batch, visit, 3]`` each.
        frames: How many frames there are.
    """
    most = max((part.shape[1] for part in parts), default=0)
    whole = np.zeros((sum(map(len, parts)), most, 3), np.float32)
    whole[..., 2] = STEPS * (frames - 1)
    start = 0
    for part in parts:
        whole[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    return whole


def _of_one(
    times: NDArray[np.float64], potential: NDArray[np.float64], frames: NDArray[np.int64]
) -> NDArray[np.float32]:
    known = bool(np.isfinite(potential).all())
    marks = _divided(times[frames])
    edges = [times[times <= marks[-1]], marks]
    if known:
        begin, rise, lasts = potential[:-1, None], np.diff(potential)[:, None], np.diff(times)
        share = (_LEVELS - begin) / np.where(np.abs(rise) < _LEVEL, np.inf, rise)
        across = (share > 0) & (share < 1)
        edges.append((times[:-1, None] + share * lasts[:, None])[across])
    told = np.sort(np.concatenate(edges))
    lasts, middle = np.diff(told), (told[1:] + told[:-1]) / 2
    within = np.searchsorted(marks, middle, side="right") - 1
    counts = (lasts > 0) & (within < len(marks) - 1)
    lasts, middle, within = lasts[counts], middle[counts], within[counts]
    if not lasts.size:
        return np.zeros((0, 3), np.float32)
    here = np.full(lasts.size, RANGES - 1)
    if known:
        here = np.searchsorted(_LEVELS, np.interp(middle, times, potential))
    new = (here[1:] != here[:-1]) | (within[1:] != within[:-1])
    begins = np.append(0, np.flatnonzero(new) + 1)
    stays = np.add.reduceat(lasts, begins) / _TIME
    return np.stack([stays, here[begins], within[begins]], axis=1).astype(np.float32)


def _divided(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """The frames, and :data:`STEPS` even steps between two."""
    share = np.arange(STEPS) / STEPS
    between = frames[:-1, None] + share * np.diff(frames)[:, None]
    return np.append(between.ravel(), frames[-1:])
