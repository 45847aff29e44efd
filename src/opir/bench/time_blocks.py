"""Windows inside one long run, with whole blocks of time held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError
from opir.models import ForecastInputs, Windows
from opir.models.inputs import DRIVE, padded_record
from opir.run import Run

__all__ = ["BlockDesign", "Segment", "all_roles", "co_add", "join", "segments", "windows_of"]

ROLES = ("train", "validation", "test")


@dataclass(frozen=True)
class BlockDesign:
    """How one run is cut into training, validation and test windows.

    The run is cut into ``blocks`` blocks of equal numbers of spectra, which take the roles of
    ``cycle`` in turn. A window lies inside one block, or inside neighbouring blocks of one role;
    so no spectrum is in windows of two roles. A frame of a window is the mean of ``co_added``
    consecutive spectra, and the next frame begins where it ends.

    Attributes:
        blocks: Number of blocks.
        cycle: Roles, repeated along the run.
        rotation: By how many blocks the cycle is moved on, so that others become test blocks.
        frames: Frames of a window; the first is given, the others are forecast.
        co_added: Spectra averaged into a frame.
        step: Spectra between the starts of two windows of a block.
    """

    blocks: int = 20
    cycle: tuple[str, ...] = ("train", "validation", "train", "test", "train")
    rotation: int = 0
    frames: int = 32
    co_added: int = 2
    step: int = 1

    def __post_init__(self) -> None:
        for name in ("blocks", "co_added", "step"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.frames < 2:
            raise OptionError(f"frames is {self.frames}; one is given, one or more are forecast")
        unknown = set(self.cycle) - set(ROLES)
        if unknown or not self.cycle:
            raise OptionError(
                f"roles {sorted(unknown)} are unknown", remedy=f"Use {', '.join(ROLES)}"
            )

    @property
    def span(self) -> int:
        """Spectra that a window spans."""
        return self.frames * self.co_added


@dataclass(frozen=True)
class Segment:
    """Neighbouring blocks of one role: spectra ``start`` up to, not including, ``stop``."""

    role: str
    start: int
    stop: int


def segments(count: int, design: BlockDesign) -> list[Segment]:
    """Segments of a run of ``count`` spectra, in order of time.

    Raises:
        OptionError: If a block is too short for a window.
    """
    edges = np.linspace(0, count, design.blocks + 1).round().astype(int)
    shortest = int(np.diff(edges).min())
    if shortest < design.span:
        raise OptionError(
            f"blocks of {shortest} spectra are shorter than a window of {design.span}",
            remedy="Use fewer blocks, fewer frames or fewer spectra per frame",
        )
    found: list[Segment] = []
    for block in range(design.blocks):
        role = design.cycle[(block - design.rotation) % len(design.cycle)]
        start, stop = int(edges[block]), int(edges[block + 1])
        if found and found[-1].role == role:
            found[-1] = Segment(role, found[-1].start, stop)
        else:
            found.append(Segment(role, start, stop))
    return found


def co_add(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Means of ``count`` consecutive rows, ``[rows, ...]`` to ``[rows // count, ...]``."""
    rows = len(values) // count
    shaped = values[: rows * count].reshape(rows, count, *values.shape[1:])
    return np.asarray(shaped.mean(axis=1))


def windows_of(run: Run, role: str, design: BlockDesign) -> Windows:
    """The windows of one role: one frame given, the rest to be forecast.

    Times count from the start of each window, so the time since the start of the run is not
    among the inputs.

    Raises:
        OptionError: If there is no window of that role.
    """
    drive = np.full((run.time.size, len(DRIVE)), np.nan)
    for channel, name in enumerate(DRIVE):
        column = run.on_time(name)
        if column is not None:
            drive[:, channel] = column
    spectra = run.values.astype(np.float64)
    frames, times, drives, blocks = [], [], [], []
    chosen = [item for item in segments(run.time.size, design) if item.role == role]
    for number, segment in enumerate(chosen):
        for start in range(segment.start, segment.stop - design.span + 1, design.step):
            rows = slice(start, start + design.span)
            frames.append(co_add(spectra[rows], design.co_added))
            times.append(co_add(run.time[rows], design.co_added))
            drives.append(co_add(drive[rows], design.co_added))
            blocks.append(number)
    if not frames:
        raise OptionError(f"no block has the role {role!r}", remedy=f"Roles: {design.cycle}")
    seen, clock = np.array(frames), np.array(times)
    clock = clock - clock[:, :1]
    inputs = ForecastInputs(
        given=seen[:, :1],
        given_times=clock[:, :1],
        times=clock[:, 1:],
        wavenumber=run.wavenumber,
        drive=np.array(drives),
    )
    return Windows(inputs, seen[:, 1:], np.array(blocks, dtype=np.int64))


def join(parts: Sequence[Windows]) -> Windows:
    """Windows of several runs as one, with other block numbers in each.

    Raises:
        OptionError: If there are none, or they differ in frames or wavenumbers.
    """
    if not parts:
        raise OptionError("no windows to join")
    first = parts[0].inputs
    for part in parts:
        same = part.inputs.frames == first.frames
        if not (same and np.array_equal(part.inputs.wavenumber, first.wavenumber)):
            raise OptionError("windows of different frames or wavenumbers cannot be joined")
    names = ("given", "given_times", "times", "drive", "descriptor")
    stacked = {n: np.concatenate([getattr(part.inputs, n) for part in parts]) for n in names}
    rows = max(part.inputs.record.shape[1] for part in parts)
    stacked["record"] = np.concatenate([padded_record(part.inputs, rows) for part in parts])
    lowest = np.cumsum([0] + [int(part.block.max()) + 1 for part in parts[:-1]])
    blocks = [part.block + shift for part, shift in zip(parts, lowest, strict=True)]
    inputs = ForecastInputs(wavenumber=first.wavenumber, **stacked)
    target = np.concatenate([part.target for part in parts])
    return Windows(inputs, target, np.concatenate(blocks))


def all_roles(run: Run, design: BlockDesign, roles: Sequence[str] = ROLES) -> dict[str, Windows]:
    """Windows of each role."""
    return {role: windows_of(run, role, design) for role in roles}
