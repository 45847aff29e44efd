"""A few runs cut into what a model is trained on with, what decides, and what is held back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from opir.bench.time_blocks import BlockDesign, join, windows_of
from opir.errors import OptionError
from opir.models import ForecastInputs, Windows
from opir.models.inputs import DRIVE, given_more
from opir.run import Run
from opir.run.between import record_of

__all__ = ["Parts", "described_parts", "window_parts"]

Array = NDArray[np.float64]
Stretch = tuple[Run, int, int]
"""A run and its spectra from the first number up to, not including, the second."""

_CHECKED = 1 / 3
"""Of what is learned from, the share that decides."""
_ALONE = 3
"""Runs learned from, at least, for one of them to decide alone."""
_WINDOWS, _LEAST_WINDOWS = 200, 20
"""Windows of a part, about, and of a stretch, at least; of long ones not every start is taken."""
_BLOCK = 1.25
"""Length of a block of time, at least, in windows."""
_SLACK = 1.05


@dataclass(frozen=True)
class Parts:
    """Windows of each part; no spectrum that is judged is in an earlier part.

    Attributes:
        learn: Windows to train on.
        check: Windows that decide what is kept of it.
        held: Windows held back.
        check_from, held_from: Frames of the windows before these are not judged: they belong to
            an earlier part.
        told: What was done, a sentence each.
    """

    learn: Windows
    check: Windows
    held: Windows
    check_from: int
    held_from: int
    told: tuple[str, ...]

    @property
    def held_given(self) -> Windows | None:
        """What is judged, with all earlier frames given; None where those are given anyhow."""
        if not self.held_from:
            return None
        return given_more(self.held, self.held_from)


def described_parts(
    runs: Sequence[Run], descriptors: Sequence[Array], lead: Sequence[float], learn: float | None
) -> Parts:
    """For models that were trained on whole runs: every window starts at the first spectrum.

    Of several runs the last ones are held back, and of three or more to learn from the last of
    them decides. Of one run to learn from, later frames decide, and of one run in all the latest
    frames are held back.

    Args:
        runs: Processed runs.
        descriptors: Of their systems, each ``[feature]``.
        lead: Times that the model was trained on [s]; as many frames of a run are taken at most.
        learn: Share (below 1) or number of the runs to learn from, or of the frames of one run.

    Raises:
        OptionError: If there are too few frames, or ``learn`` leaves nothing.
    """
    frames = min(len(lead) + 1, *(run.time.size for run in runs))
    told: list[str] = []
    if any(run.time.size > frames for run in runs):
        told.append(f"{frames} frames of each run are used, evenly spaced, the first among them.")
    rows = [_whole(run, frames, row) for run, row in zip(runs, descriptors, strict=True)]
    if len(runs) > 1:
        count = _number(learn, len(runs), "runs", 2 / 3)
        held, held_from = join(rows[count:]), 0
        told.append(_held_runs(runs[count:]))
        if count >= _ALONE:
            checked = max(1, round(count * _CHECKED))
            learned, check = join(rows[: count - checked]), join(rows[count - checked : count])
            return Parts(learned, check, held, 0, held_from, tuple(told))
        known = frames - 1
    else:
        # Counted are the frames after the given one.
        known = _number(learn, frames - 1, "frames after the first", 0.5)
        held, held_from = rows[0], known
        told.append(f"Held back: the last {frames - 1 - known} of {frames} frames.")
        count = 1
    seen = known - max(1, round(known * _CHECKED))
    if seen < 1:
        raise OptionError(
            f"{known} frame(s) after the first are too few to learn from: some have to decide",
            remedy="Learn from at least 2 (--learn)",
        )
    whole = join(rows[:count])
    return Parts(_until(whole, seen), _until(whole, known), held, seen, held_from, tuple(told))


def window_parts(runs: Sequence[Run], lead: Sequence[float], learn: float | None) -> Parts:
    """For models that were trained on windows inside runs: one frame given, the rest forecast.

    Windows have the frames and lead times that the model was trained on as nearly as the spectra
    allow, and fewer where a part is short. Each part is a stretch of time of its own, or whole
    runs; parts that are judged are cut into blocks that share no spectrum.

    Args:
        runs: Processed runs.
        lead: Times that the model was trained on [s].
        learn: Share (below 1) or number of the runs to learn from, or of the spectra of one run.

    Raises:
        OptionError: If a part is too short for a window of two frames.
    """
    told: list[str] = []
    for run in runs:
        if run.time.size < 2:
            raise OptionError("the run has one spectrum; two are needed", place=run.name or None)
    if len(runs) > 1:
        count = _number(learn, len(runs), "runs", 2 / 3)
        held = [_all(run) for run in runs[count:]]
        told.append(_held_runs(runs[count:]))
        known = [_all(run) for run in runs[:count]]
    else:
        count = _number(learn, runs[0].time.size, "spectra", 0.5)
        held = [(runs[0], count, runs[0].time.size)]
        told.append(f"Held back: the last {runs[0].time.size - count} spectra.")
        known = [(runs[0], 0, count)]
    if len(known) >= _ALONE:
        checked = max(1, round(len(known) * _CHECKED))
        learned, check = known[:-checked], known[-checked:]
    else:
        cuts = [stop - round((stop - start) * _CHECKED) for _, start, stop in known]
        pairs = list(zip(known, cuts, strict=True))
        learned = [(run, start, cut) for (run, start, _), cut in pairs]
        check = [(run, cut, stop) for (run, _, stop), cut in pairs]

    apart = float(np.median(np.diff([0.0, *lead])))
    wanted = frames = len(lead) + 1
    for run, start, stop in (*learned, *check, *held):
        added, between = _between(run, apart)
        frames = min(frames, int(_SLACK * lead[-1] / between) + 1, (stop - start) // added)
    if frames < 2:
        raise OptionError(
            f"a part of the runs is too short for windows of two frames about {apart:.4g} s apart",
            remedy="Give longer runs or more of them, or change how much is learned from (--learn)",
        )
    steps = " or ".join(sorted({f"{_between(run, apart)[1]:.4g} s" for run in runs}))
    told.append(
        f"Windows of {frames} frames, {steps} apart, the first given"
        + (f"; the model was trained on {wanted}, {apart:.4g} s apart." if frames < wanted else ".")
    )

    def cut(stretches: Sequence[Stretch], *, blocks: bool) -> Windows:
        most = max(_WINDOWS // len(stretches), _LEAST_WINDOWS)
        return join(
            [
                _windows(*item, frames, _between(item[0], apart)[0], most, blocks=blocks)
                for item in stretches
            ]
        )

    parts = cut(learned, blocks=False), cut(check, blocks=True), cut(held, blocks=True)
    return Parts(*parts, 0, 0, tuple(told))


def _number(learn: float | None, count: int, what: str, usual: float) -> int:
    """How many of so many are learned from; at least one is, and one is held back."""
    share = usual if learn is None else float(learn)
    if not 0 < share < math.inf or (share >= 1 and share != int(share)):
        raise OptionError(
            f"learn is {share:g}", remedy="Give a share above 0 and below 1, or a whole number"
        )
    found = round(share * count) if share < 1 else int(share)
    if learn is not None and share >= 1 and found >= count:
        raise OptionError(
            f"{found} of {count} {what} are to be learned from, so none is held back",
            remedy=f"Learn from {count - 1} at most",
        )
    if count < 2:
        raise OptionError(f"{count} {what} are too few to learn from and hold some back")
    return min(max(found, 1), count - 1)


def _held_runs(runs: Sequence[Run]) -> str:
    names = ", ".join(run.name or "a run without a name" for run in runs)
    return f"Held back: {len(runs)} whole run(s), {names}."


def _all(run: Run) -> Stretch:
    return run, 0, run.time.size


def _between(run: Run, apart: float) -> tuple[int, float]:
    """Spectra of a run averaged into a frame, and the time between frames [s], near ``apart``."""
    spacing = float(np.median(np.diff(run.time)))
    added = max(1, round(apart / spacing))
    return added, added * spacing


def _windows(
    run: Run, start: int, stop: int, frames: int, added: int, most: int, *, blocks: bool
) -> Windows:
    """Windows of a stretch, in blocks that share no spectrum, or in one."""
    span = frames * added
    count = max(1, int((stop - start) / (_BLOCK * span))) if blocks else 1
    edges = np.linspace(start, stop, count + 1).round().astype(int)
    design = BlockDesign(
        blocks=1,
        cycle=("train",),
        frames=frames,
        co_added=added,
        step=max(1, (stop - start - span) // most),
    )
    parts = [run.frames(slice(a, b)) for a, b in pairwise(edges)]
    return join([windows_of(part, "train", design) for part in parts])


def _whole(run: Run, frames: int, descriptor: Array) -> Windows:
    """A run as one window: its first spectrum given, the others forecast."""
    if frames < 2:
        raise OptionError(
            f"the run has {run.time.size} spectrum; one is given, others are forecast",
            place=run.name,
        )
    rows = np.linspace(0, run.time.size - 1, frames).round().astype(int)
    drive = np.full((1, frames, len(DRIVE)), np.nan)
    for channel, name in enumerate(DRIVE):
        column = run.on_time(name)
        if column is not None:
            drive[0, :, channel] = column[rows]
    clock = (run.time[rows] - run.time[0])[None]
    spectra = run.values[rows][None]
    record = record_of(run)
    if record is not None:
        record[:, 0] -= run.time[0]
    inputs = ForecastInputs(
        given=spectra[:, :1],
        given_times=clock[:, :1],
        times=clock[:, 1:],
        wavenumber=run.wavenumber,
        drive=drive,
        descriptor=descriptor[None],
        record=np.empty(0) if record is None else record[None],
    )
    return Windows(inputs, spectra[:, 1:], np.zeros(1, dtype=np.int64))


def _until(windows: Windows, frames: int) -> Windows:
    """The windows with their first frames to forecast only."""
    inputs = windows.inputs
    return Windows(inputs.at(np.arange(frames)), windows.target[:, :frames], windows.block)
