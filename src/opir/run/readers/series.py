"""Several spectra of one file: one run where they share axis and clock, else blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.run.readers.base import Block
from opir.run.readers.binary import checked
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__ = ["gather", "make_run", "unique_names"]


def unique_names(names: Sequence[str]) -> list[str]:
    """Names that differ: a repeated one gets `` (2)`` and so on; an empty one its number."""
    seen: dict[str, int] = {}
    found = []
    for number, raw in enumerate(names, start=1):
        name = raw or str(number)
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1:
            name = f"{name} ({seen[name]})"
            seen[name] = seen.get(name, 0) + 1
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
) -> Run:
    """A run from a file's numbers, with the title of each spectrum as ``title`` on ``time``.

    Raises:
        FormatError: If the numbers cannot be a run's.
    """
    with checked(place):
        run = Run.from_arrays(
            time,
            wavenumber,
            values,
            signal=signal,
            unit=unit,
            name=name,
            start=start,
            metadata=metadata,
        )
        if titles is not None and any(titles):
            run = Run(run.dataset.assign(title=("time", np.array(titles, dtype=str))))
    return run


def gather(
    spectra: Sequence[Spectrum],
    times: Sequence[float | None],
    *,
    name: str = "",
) -> tuple[dict[str, Block], list[str]]:
    """Hand out a file's spectra: as one run if they can be one, else one by one.

    Args:
        spectra: In the order of the file.
        times: Acquisition time [s] of each on one clock, None where the file has none.
        name: Title of the run.

    Returns:
        Blocks by name, the main one first, and notes. A run is made of two or more spectra of
        one kind on one axis whose times are all known and differ; it counts from the earliest.
        Times are never made up.
    """
    first = spectra[0]
    titles = [spectrum.name for spectrum in spectra]
    if len(spectra) == 1:
        return {titles[0] or "spectrum": first}, []
    alike = all(
        s.signal == first.signal and np.array_equal(s.wavenumber, first.wavenumber)
        for s in spectra
    )
    known = [t for t in times if t is not None]
    reason = ""
    if not alike:
        reason = "differ in axis or kind"
    elif len(known) < len(spectra):
        reason = "have no times"
    elif len(set(known)) < len(known):
        reason = "have times that repeat"
    if reason:
        note = f"The {len(spectra)} spectra {reason}; each is a block of its own"
        return dict(zip(unique_names(titles), spectra, strict=True)), [note]
    order = np.argsort(known)
    notes = []
    if (np.diff(order) != 1).any():
        notes.append("The spectra were put in the order of their times")
    clock = np.array(known)[order]
    earliest = spectra[int(order[0])]
    run = make_run(
        clock - clock[0],
        first.wavenumber,
        np.stack([spectra[i].values for i in order]),
        titles=[titles[i] for i in order],
        place="series",
        signal=first.signal,
        name=name,
        start=earliest.start,
        metadata=earliest.metadata,
    )
    return {"series": run}, notes
