"""Many files that belong together: one spectrum a file, or parts of a series, become one run.

Times are those that the files state. Where they state none, the files' own times (of their last
change) stand in if they rise in the order of the names, and notes say so; else the frames are
numbered and the run says that its times are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError, FormatError, OpirError
from opir.run.electrochemistry import Electrochemistry
from opir.run.readers.base import FRAME_AXIS, MAXIMUM_BYTES, Block, Contents
from opir.run.run import Run
from opir.run.spectrum import Spectrum
from opir.run.table import Table

__all__ = ["MAXIMUM_FILES", "check_amount", "collect", "combine", "natural_order"]

MAXIMUM_FILES = 20_000
"""Folders and archives with more files are refused."""

_IGNORED = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class _Part:
    """Frames of one file: times [s] after ``start`` and values ``[frame, wavenumber]``."""

    path: Path
    block: Spectrum | Run
    start: datetime | None
    times: NDArray[np.float64]
    values: NDArray[Any]


def natural_order(path: Path) -> tuple[tuple[int, str | int], ...]:
    """Sort key of a name whose numbers count: ``s2`` before ``s10``."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return tuple((0, int(p)) if p.isdigit() and len(p) < 19 else (1, p) for p in pieces if p)


def check_amount(count: int, size: int, what: str) -> None:
    """Refuse more files or bytes than can be read within reason.

    Raises:
        FormatError: If it is too much.
    """
    if count > MAXIMUM_FILES or size > MAXIMUM_BYTES:
        raise FormatError(
            f"the {what} holds {count} files of {size / 1e6:.0f} MB together; at most "
            f"{MAXIMUM_FILES} files and {MAXIMUM_BYTES / 1e6:.0f} MB are read",
            remedy="Split it",
        )


def collect(
    files: Sequence[Path],
    *,
    name: str,
    format: str,
    clocks: Mapping[Path, datetime] | None = None,
    prefer_file_times: bool = False,
) -> Contents:
    """Read files and put together what belongs together.

    Args:
        files: The files, any order.
        name: Title of the run.
        format: Name of the reader that asks.
        clocks: File -> its time, where the file system does not have it (archives).
        prefer_file_times: Trust the files' times more than the clock of the instrument.

    Returns:
        The run (``series``), or the one block there is; electrochemistry records beside it.

    Raises:
        FormatError: If nothing can be read; names the first faults.
        AxisError: If the spectra differ in axis or kind.
    """
    from opir.run.readers.read import read_all, recognise

    files = sorted((f for f in files if not _ignored(f)), key=natural_order)
    sizes = [f.stat().st_size for f in files]
    check_amount(len(files), sum(sizes), "folder" if format == "folder" else "collection")
    failed: list[str] = []
    spectral: list[tuple[Path, Spectrum | Run]] = []
    records: list[tuple[Path, Electrochemistry]] = []
    tables: dict[str, Table] = {}
    said: dict[str, list[str]] = {}
    for file in files:
        try:
            reader = recognise(file)
            if reader.name in ("archive", "folder"):
                raise FormatError("an archive within it is not opened", path=file)
            contents = read_all(file, format=reader.name)
        except OpirError as error:
            error.path = _short(file.name, 60)
            failed.append(_short(str(error), 300))
            continue
        for note in contents.notes:
            if contents.arrays and "`arrays`" in note:
                note = "What lies beside the spectra is left out; read the file alone for it."
            said.setdefault(note, []).append(file.name)
        block = contents.blocks[contents.main]
        if isinstance(block, Table):
            tables[file.name] = block
        elif isinstance(block, Electrochemistry):
            records.append((file, block))
        else:
            spectral.append((file, block))
    if not spectral and not records and not tables:
        reasons = "; ".join(failed[:3]) + ("; ..." if len(failed) > 3 else "")
        raise FormatError(
            f"none of the {len(files)} files can be read" + (f": {reasons}" if reasons else ""),
            remedy="Give a folder or files of spectra",
        )
    notes = [f"Not read: {text}" for text in failed[:50]]
    if len(failed) > 50:
        notes.append(f"Not read: {len(failed) - 50} more files.")
    for note, names in said.items():
        where = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        notes.append(f"{where}: {note}")
    blocks: dict[str, Block] = {}
    if spectral:
        block, more = combine(
            spectral, name=name, clocks=clocks, prefer_file_times=prefer_file_times
        )
        blocks["series" if len(spectral) > 1 else block.KIND] = block
        notes += more
    for file, record in records:
        blocks["electrochemistry" if len(records) == 1 else file.name] = record
    blocks |= tables
    return Contents(blocks, next(iter(blocks)), format, tuple(notes))


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def _ignored(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _IGNORED


def combine(
    items: Sequence[tuple[Path, Spectrum | Run]],
    *,
    name: str = "",
    clocks: Mapping[Path, datetime] | None = None,
    prefer_file_times: bool = False,
) -> tuple[Spectrum | Run, list[str]]:
    """One run from spectra and runs of several files.

    Args:
        items: File and what it holds, in the natural order of the names.
        name, clocks, prefer_file_times: As in :func:`collect`.

    Returns:
        The run (one item alone is handed back as it is) and notes.

    Raises:
        AxisError: If they differ in axis or in kind.
        FormatError: If some starts carry an offset from UTC and others do not.
    """
    if len(items) == 1:
        return items[0][1], []
    first_path, first = items[0]
    axis = first.wavenumber
    tolerance = 0.01 * float(np.abs(np.diff(axis)).min()) if axis.size > 1 else 1e-6
    parts = []
    for path, block in items:
        if block.signal != first.signal:
            raise AxisError(
                f"{path.name} holds {block.signal}, {first_path.name} {first.signal}",
                remedy="Put files of one kind together",
            )
        if block.wavenumber.shape != axis.shape or not np.allclose(
            block.wavenumber, axis, rtol=0.0, atol=tolerance
        ):
            raise AxisError(
                f"the axes differ: {_axis(path, block)}, {_axis(first_path, first)}",
                remedy="Put files of one axis together, or read and resample them one by one",
            )
        parts.append(_part(path, block))
    times, start, source, notes = _times(parts, clocks or {}, prefer_file_times)
    order = np.argsort(times, kind="stable")
    if (np.diff(order) < 0).any():
        notes.append("The frames were put in the order of their times, not of their names.")
    values = np.concatenate([part.values for part in parts])[order]
    times = times[order]
    owners = [part.path.name for part in parts for _ in part.times]
    files = [owners[k] for k in order]
    run = Run.from_arrays(
        times - times[0],
        axis,
        values,
        signal=first.signal,
        name=name,
        start=start,
        metadata={**first.metadata, "files": files},
        source=f"{parts[0].path.name} to {parts[-1].path.name}",
    )
    dataset = run.dataset.copy(deep=False)
    dataset.attrs = dict(dataset.attrs)
    if source == FRAME_AXIS:
        dataset.attrs["time_axis"] = source
    elif source:
        dataset.attrs["clock"] = source
    return Run(dataset), notes


def _axis(path: Path, block: Spectrum | Run) -> str:
    axis = block.wavenumber
    return f"{path.name} has {axis.size} points, {axis[0]:g} to {axis[-1]:g} cm-1"


def _part(path: Path, block: Spectrum | Run) -> _Part:
    if isinstance(block, Spectrum):
        return _Part(path, block, block.start, np.zeros(1), block.values[None, :])
    known = "time_axis" not in block.dataset.attrs
    return _Part(path, block, block.start if known else None, block.time, block.values)


def _times(
    parts: Sequence[_Part], clocks: Mapping[Path, datetime], prefer_file_times: bool
) -> tuple[NDArray[np.float64], datetime | None, str, list[str]]:
    """Time [s] of each frame, start, where they come from, and notes."""
    reason = "the file times were asked for"
    if not prefer_file_times:
        starts = [part.start for part in parts]
        if all(start is not None for start in starts):
            known = [start for start in starts if start is not None]
            if len({start.tzinfo is None for start in known}) > 1:
                raise FormatError(
                    "some files state their time with an offset from UTC and some without",
                    remedy="Put files of one clock together",
                )
            earliest = min(known)
            times = np.concatenate(
                [
                    p.times + (s - earliest) / timedelta(seconds=1)
                    for p, s in zip(parts, known, strict=True)
                ]
            )
            if np.unique(times).size == times.size:
                return times, earliest, "", []
            reason = "acquisition times repeat"
        else:
            without = [part.path.name for part in parts if part.start is None]
            reason = f"{len(without)} file(s) state no acquisition time ({without[0]})"
    if all(part.times.size == 1 for part in parts):
        stamps = [clocks.get(p.path) or _file_time(p.path) for p in parts]
        seconds = np.array([(stamp - stamps[0]) / timedelta(seconds=1) for stamp in stamps])
        if (np.diff(seconds) > 0).all():
            note = (
                f"File times stand in for acquisition times, as {reason}; they tell when a file "
                "was written, which is after the acquisition."
            )
            return seconds, stamps[0], "file times (when each file was written)", [note]
        reason += ", and the file times do not rise in the order of the names"
    count = sum(part.times.size for part in parts)
    note = f"The times are unknown: {reason}. The time axis is the frame number, by file name."
    return np.arange(count, dtype=np.float64), None, FRAME_AXIS, [note]


def _file_time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
