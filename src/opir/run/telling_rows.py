"""Which times of a recorded course tell the most of it."""

from __future__ import annotations

import heapq
import itertools

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError

__all__ = ["telling_times"]

Array = NDArray[np.float64]

_SMALL = 1e-6
"""What a straight line may be off by, as a share of the whole time and of the range of a column,
before it asks for a row; and half the share of the whole time that counts as the beginning."""


def telling_times(times: Array, columns: Array, begin: float, end: float, rows: int) -> Array:
    """Times from which straight lines come close to a whole course.

    Half of them are even; the others are times of the course itself, each where it lies farthest
    from a straight line that is off by the largest area. So a peak of the current that is over in
    seconds has its charge, and a jump has both of its sides. Where lines are not off, even times
    are filled in.

    (A top-down split like that of Douglas and Peucker, doi:10.3138/FM57-6770-U75U-7727, by area.)

    Args:
        times: Of the course [s], rising, ``[time]``.
        columns: Its values, each in a unit of its own, NaN where not known, ``[time, column]``;
            lines go over rows that lack them. A column that never changes asks for nothing.
        begin, end: Between which times [s]; values are known at ``begin`` already.
        rows: How many times, 1 or more.

    Returns:
        ``[rows]``, rising, after ``begin``; the last is ``end``.

    Raises:
        AxisError: If so many different times do not lie between them.
    """
    whole = end - begin
    if not whole > 4 * rows * np.spacing(max(abs(begin), abs(end))):
        raise AxisError(
            f"{rows} rows do not fit between {begin!r} and {end!r} s",
            remedy="Check the times of the frames, or ask for fewer rows",
        )
    even = np.linspace(begin, end, max(rows // 2, 1) + 1)
    soonest = begin + 2 * _SMALL * whole  # in place of rows so early that they are the beginning
    clock = np.union1d(np.append(times[(times > soonest) & (times < end)], soonest), even)
    kept = np.isin(clock, even)
    course = _scaled(clock, times, columns)
    queue: list[tuple[float, int, int, int]] = []

    def ask(first: int, last: int) -> None:
        """Queue a stretch between two kept times, where its line is off."""
        found = _farthest(clock[first : last + 1], course[:, first : last + 1])
        if found is not None and found[0] > _SMALL * whole:
            heapq.heappush(queue, (-found[0], first, last, first + found[1]))

    places = np.flatnonzero(kept)
    for first, last in itertools.pairwise(places.tolist()):
        ask(first, last)
    left = rows - (places.size - 1)
    while left and queue:
        _, first, last, place = heapq.heappop(queue)
        kept[place] = True
        left -= 1
        ask(first, place)
        ask(place, last)
    chosen = clock[kept]
    while left:
        gaps = np.diff(chosen)
        widest = np.argsort(-gaps, kind="stable")[:left]
        chosen = np.union1d(chosen, chosen[widest] + 0.5 * gaps[widest])
        left = rows - (chosen.size - 1)
    return chosen[1:]


def _scaled(clock: Array, times: Array, columns: Array) -> Array:
    """Columns that change, at other times, each over its range, ``[column, time]``."""
    found = []
    for column in columns.T:
        known = ~np.isnan(column)
        values = np.interp(clock, times[known], column[known]) if known.any() else np.zeros(1)
        if np.ptp(values) > 0:
            found.append(values / np.ptp(values))
    return np.array(found).reshape(len(found), clock.size)


def _farthest(times: Array, values: Array) -> tuple[float, int] | None:
    """How far a course is from the line between its first and last row; None if they are all.

    Returns:
        The area between the two, and the place where they are farthest apart.
    """
    if times.size < 3 or not values.size:
        return None
    share = (times - times[0]) / (times[-1] - times[0])
    line = values[:, :1] + share * (values[:, -1:] - values[:, :1])
    off = np.abs(values - line).sum(axis=0)
    area = float((0.5 * (off[1:] + off[:-1]) * np.diff(times)).sum())
    return area, 1 + int(off[1:-1].argmax())
