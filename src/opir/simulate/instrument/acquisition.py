"""When the frames are taken: not quite evenly, in several manners, with some lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError, UnknownNameError

__all__ = ["SPACINGS", "acquisition_times"]

SPACINGS = ("even", "early", "blocks")

_PAUSE = 0.4


def acquisition_times(
    duration: float,
    frames: int,
    generator: np.random.Generator,
    *,
    spacing: str = "even",
    jitter: float = 0.02,
    dropped: float = 0.0,
) -> NDArray[np.float64]:
    """Times of a given number of frames [frame], s, strictly rising from 0 to ``duration``.

    Args:
        duration: Of the run [s].
        frames: How many are kept.
        generator: Source of chance.
        spacing: ``even``; ``early``: as the square of the frame number, dense at the start;
            ``blocks``: three to six even blocks with pauses between (40 % of the time).
        jitter: Largest deviation from the schedule, as a share of the smaller gap beside a
            frame, below 0.5. First and last frame keep their time.
        dropped: Share of scheduled frames that are lost, below 0.9; first and last are not.

    Raises:
        OptionError: If an argument is out of bounds.
        UnknownNameError: If the spacing is unknown.
    """
    for name, good, need in (
        ("duration", np.isfinite(duration) and duration > 0, "a positive time in second"),
        ("frames", frames >= 1, "at least 1"),
        ("jitter", 0 <= jitter < 0.5, "0 to less than 0.5"),
        ("dropped", 0 <= dropped < 0.9, "0 to less than 0.9"),
    ):
        if not good:
            raise OptionError(f"{name} is out of bounds", remedy=f"Give {need}")
    if frames == 1:
        return np.zeros(1)
    lost = round(frames * dropped / (1 - dropped)) if frames > 2 else 0
    schedule = duration * _schedule(spacing, frames + lost, generator)
    gap = np.diff(schedule)
    room = jitter * np.minimum(gap[:-1], gap[1:])
    schedule[1:-1] += room * generator.uniform(-1, 1, room.size)
    if lost:
        gone = 1 + generator.choice(schedule.size - 2, lost, replace=False)
        schedule = np.delete(schedule, gone)
    return schedule


def _schedule(spacing: str, number: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Nominal times from 0 to 1."""
    even = np.linspace(0, 1, number)
    if spacing == "even":
        return even
    if spacing == "early":
        return even**2
    if spacing != "blocks":
        raise UnknownNameError("spacing of frames", spacing, SPACINGS)
    pauses = min(int(generator.integers(2, 6)), number - 1)
    step = np.full(number - 1, (1 - _PAUSE) / (number - 1))
    step[generator.choice(number - 1, pauses, replace=False)] += _PAUSE / pauses
    found: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(step)])
    found /= found[-1]
    return found
