"""Several spectra of one file: one run where they share axis and clock, else blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.readers.base import FRAME_AXIS
from opir.run.readers.binary import checked
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__ = ["Frame", "gather", "make_run", "unique_names"]


MAXIMUM_SPECTRA = 20_000
"""So many spectra without times are handed out one by one, no more."""


@dataclass(frozen=True)
class Frame:
    """One spectrum of a file, not yet an object.

    Attributes:
        axis: Wavenumbers [cm-1], shape ``[wavenumber]``.
        values: Ordinates, shape ``[wavenumber]``.
        signal, unit: What they are.
        place: Where in the file it stands.
        title: Its title, or an empty text.
        time: When it was taken [s], on one clock for the file; None where the file is silent.
        start: The same as a point in time, where the file has it.
        metadata: What the file says of it.
        origin: ``measured``, unless the file says otherwise.
    """

    axis: NDArray[np.float64]
    values: NDArray[Any]
    signal: str
    place: str
    unit: str | None = None
    title: str = ""
    time: float | None = None
    start: datetime | None = None
    metadata: Mapping[str, Any] | None = None
    origin: str = "measured"

    def spectrum(self) -> Spectrum:
        """The object.

        Raises:
            FormatError: If the numbers cannot be a spectrum's.
        """
        with checked(self.place):
            return Spectrum.from_arrays(
                self.axis,
                self.values,
                signal=self.signal,
                unit=self.unit,
                name=self.title,
                start=self.start,
                metadata=self.metadata,
                origin=self.origin,
            )


def unique_names(names: Sequence[str]) -> list[str]:
    """Names that differ: a repeated one gets `` (2)`` and so on; an empty one its number."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    found = []
    for number, raw in enumerate(names, start=1):
        base = name = raw or str(number)
        while name in taken:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base} ({counts[base]})"
        taken.add(name)
        found.append(name)
    return found


def make_run(
    time: NDArray[np.float64],
    wavenumber: NDArray[np.float64],
    values: NDArray[Any],
    *,
    titles: Sequence[str] | None = None,
    place: str,
    signal: str,
    unit: str | None = None,
    name: str = "",
    start: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    origin: str = "measured",
) -> Run:
    """A run from a file's numbers; the titles of the spectra are ``metadata["titles"]``.

    Raises:
        FormatError: If the numbers cannot be a run's.
    """
    if titles is not None and any(titles):
        metadata = {**(metadata or {}), "titles": list(titles)}
    with checked(place):
        return Run.from_arrays(
            time,
            wavenumber,
            values,
            signal=signal,
            unit=unit,
            name=name,
            start=start,
            metadata=metadata,
            origin=origin,
        )


def gather(
    frames: Sequence[Frame], *, name: str = "", series: bool = False
) -> tuple[dict[str, Spectrum | Run], list[str]]:
    """Hand out a file's spectra: as one run if they can be one, else one by one.

    Args:
        frames: In the order of the file, at least one.
        name: Title of the run.
        series: The format says that its spectra are a series, in order. Then they are a run even
            without times, its time axis being the frame number, marked as such.

    Returns:
        Blocks by name, the main one first, and notes. A run ``series`` is made of two or more
        spectra of one kind on one axis whose times are all known and differ; it counts from the
        earliest. Times are never made up.

    Raises:
        FormatError: If the numbers cannot be a spectrum's, or more than
            :data:`MAXIMUM_SPECTRA` spectra have no times.
    """
    first = frames[0]
    if len(frames) == 1:
        return {first.title or "spectrum": first.spectrum()}, []
    known = [frame.time for frame in frames if frame.time is not None]
    reason = ""
    if not all(
        (f.signal, f.unit, f.origin) == (first.signal, first.unit, first.origin)
        and (f.axis is first.axis or np.array_equal(f.axis, first.axis))
        for f in frames
    ):
        reason = "differ in axis or kind"
    elif len(known) < len(frames):
        reason = "have no times"
    elif len(set(known)) < len(known):
        reason = "have times that repeat"
    if reason:
        said = f"The {len(frames)} spectra {reason}"
        if series and "axis" not in reason:
            return {"series": _numbered(frames, name)}, [
                f"{said}: the time axis is the frame number (give the time step to ingest)"
            ]
        if len(frames) > MAXIMUM_SPECTRA:
            raise FormatError(
                f"{said[0].lower()}{said[1:]}; at most {MAXIMUM_SPECTRA} such are read",
                remedy="Split the file, or export it with its times",
            )
        names = unique_names([frame.title for frame in frames])
        blocks: dict[str, Spectrum | Run] = {
            name: frame.spectrum() for name, frame in zip(names, frames, strict=True)
        }
        return blocks, [f"{said}; each is a block of its own"]
    order = np.argsort(known)
    notes = []
    if (np.diff(order) != 1).any():
        notes.append("The spectra were put in the order of their times")
    clock = np.array(known)[order]
    earliest = frames[int(order[0])]
    run = make_run(
        clock - clock[0],
        first.axis,
        np.stack([frames[i].values for i in order]),
        titles=[frames[i].title for i in order],
        place="series",
        signal=first.signal,
        unit=first.unit,
        name=name,
        start=earliest.start,
        metadata=earliest.metadata,
        origin=earliest.origin,
    )
    return {"series": run}, notes


def _numbered(frames: Sequence[Frame], name: str) -> Run:
    """A run whose time axis is the number of the frame, marked as such."""
    first = frames[0]
    run = make_run(
        np.arange(len(frames), dtype=np.float64),
        first.axis,
        np.stack([frame.values for frame in frames]),
        titles=[frame.title for frame in frames],
        place="series",
        signal=first.signal,
        unit=first.unit,
        name=name,
        start=first.start,
        metadata=first.metadata,
        origin=first.origin,
    )
    return run.replace(time_axis=FRAME_AXIS)
