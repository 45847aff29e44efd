"""Spectra as delimited text: ``.dpt``, ``.csv``, ``.tsv``, ``.asc``, ``.txt``.

Any delimiter, decimal mark, encoding and line end; a header or none. The shapes:

- two columns: one spectrum (wavenumber, value);
- wide, rows are spectra: the first line holds the wavenumbers, each line after it one spectrum,
  with or without a first column of times;
- wide, columns are spectra: the first column holds the wavenumbers, the first line the times,
  names, or is missing;
- long: three columns named time, wavenumber and value, or three such columns without names.

What is not said is not made up: a run without times gets the frame number as its time axis, the
attribute ``time_axis`` and a note that say so. An ordinate that is not named is taken as
absorbance, and times without a unit as seconds, with a note. A rows-or-columns question that the
numbers do not decide is an error. Rows of one constant value (filler) are kept, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError, OpirError
from opir.run.readers.base import FRAME_AXIS, READERS, Contents, Reader
from opir.run.readers.clock import is_stamp, parse_stamps
from opir.run.readers.labels import Labels, is_time, is_wavenumber, read_labels
from opir.run.readers.sheet import COMMENT, Sheet, load_sheet
from opir.run.readers.table import find_layout, is_text, number, parse_table
from opir.run.run import Run
from opir.run.spectrum import Spectrum

_ENDINGS = {".dpt", ".csv", ".tsv", ".asc", ".txt", ".dat", ".prn", ".xy"}


def recognise(head: bytes, path: Path) -> float:
    """Lines of numbers, alike in their count of fields."""
    text = is_text(head)
    if not text or text.lstrip().startswith("##"):
        return 0.0
    lines = [line for line in text.splitlines() if line.strip()][:200]
    whole = lines[:-1] if len(lines) > 1 and len(head) > 8000 else lines
    body = [line for line in whole[-20:] if not line.startswith(COMMENT)]
    layout = find_layout(body[-5:])
    if layout is None:
        return 0.0
    bonus = 0.1 if path.suffix.lower() in _ENDINGS else 0.0
    counts = {sum(number(f) is not None for f in layout.split(line)) for line in body[-5:]}
    return (0.4 if min(counts) >= 2 else 0.1) + bonus


def _read(path: Path) -> Contents:
    table = load_sheet(path)
    labels = read_labels(table.header, table.comments, path)
    if table.width == 2 and not _is_wide_pair(table):
        return _one_spectrum(table, labels, path)
    if table.width == 3 and (labels.long or _looks_long(table)):
        return _long(table, labels, path)
    return _wide(table, labels, path)


def _is_wide_pair(table: Sheet) -> bool:
    return len(table.lines) > 1 and len(table.fields(table.lines[1])) == 3


def _one_spectrum(table: Sheet, labels: Labels, path: Path) -> Contents:
    numbers = table.numbers([0, 1])
    if table.header and is_time(table.header[0]) and len(table.header) == 2:
        raise FormatError(
            f"the columns are {table.header[0]!r} and {table.header[1]!r}: no wavenumbers",
            place=f"line {table.first_line - 1}",
            remedy="This is no spectrum; give the file of the spectra",
        )
    spectrum = Spectrum.from_arrays(
        labels.wavenumbers(numbers[:, 0]),
        numbers[:, 1],
        signal=labels.signal,
        unit=labels.unit,
        name=path.stem,
        source=path.name,
        metadata={"header": table.comments[:50]} if table.comments else None,
    )
    return Contents({"spectrum": spectrum}, "spectrum", "delimited", labels.notes)


def _looks_long(table: Sheet) -> bool:
    """Whether three columns without names are two that make a full grid, and a value."""
    if table.header and not all(number(h) is None for h in table.header):
        return False
    head = parse_table(
        table.lines[:2000], table.layout, columns=[0, 1], first_line=table.first_line
    )
    steps = np.diff(head[:, 0])
    return bool((steps == 0).any() or (steps.min() < 0 < steps.max() if steps.size else False))


def _long(table: Sheet, labels: Labels, path: Path) -> Contents:
    numbers = table.numbers([0, 1, 2])
    time_at, axis_at, value_at = labels.long or (0, 1, 2)
    notes = list(labels.notes)
    if not labels.long:
        # Without names: the column that repeats over whole blocks is the time.
        if np.unique(numbers[:, 0]).size > np.unique(numbers[:, 1]).size and _looks_wavenumber(
            numbers[:, 0]
        ):
            time_at, axis_at = 1, 0
        notes.append("The three columns have no names; read as time, wavenumber and value.")
    times, time_of = np.unique(numbers[:, time_at], return_inverse=True)
    axis, axis_of = np.unique(numbers[:, axis_at], return_inverse=True)
    if times.size * axis.size != len(numbers):
        raise FormatError(
            f"{len(numbers)} rows do not fill {times.size} times x {axis.size} wavenumbers",
            remedy="Each spectrum of a long table needs the same wavenumbers, each once",
        )
    values = np.full((times.size, axis.size), np.nan)
    values[time_of, axis_of] = numbers[:, value_at]
    if np.isnan(values).any():
        at = tuple(int(i) for i in np.argwhere(np.isnan(values))[0])
        raise FormatError(
            f"no value at time {times[at[0]]:g}, wavenumber {axis[at[1]]:g}",
            remedy="Each spectrum of a long table needs the same wavenumbers, each once",
        )
    return _run(labels.times(times, notes), axis, values, labels, path, notes)


def _wide(table: Sheet, labels: Labels, path: Path) -> Contents:
    first = table.fields(table.lines[0])
    second = table.fields(table.lines[1]) if len(table.lines) > 1 else first
    notes = list(labels.notes)
    if len(second) == len(first) + 1:
        first = ["", *first]
        return _with_header(first, table, labels, path, notes, skip=1)
    header = table.header
    if len(header) == table.width and _label_numbers(header[1:]) is None:
        mixed = _beside_others(header, table, labels, path, notes)
        if mixed is not None:
            return mixed
    if header and len(header) == table.width and _label_numbers(header[1:]) is not None:
        # A corner that is empty or a name, then numbers.
        if number(header[0]) is None:
            return _with_header(header, table, labels, path, notes, skip=0)
        return _rows(_label_numbers(header), table, labels, path, notes, skip=0)
    if header and len(header) == table.width - 1 and _label_numbers(header) is not None:
        return _with_header(["", *header], table, labels, path, notes, skip=0)
    numbers = table.numbers(range(table.width)) if not is_stamp(first[0]) else None
    if (header and len(header) == table.width and is_time(header[0])) or numbers is None:
        raise FormatError(
            f"the columns are {', '.join(header[:6]) or 'times and values'}: no wavenumbers",
            place=f"line {max(table.first_line - 1, 1)}",
            remedy="Write the wavenumbers of the columns in the header",
        )
    named = bool(header) and len(header) == table.width
    rows = not named and len(numbers) > 1 and _is_axis(numbers[0]) and table.width >= 3
    columns = len(numbers) > 1 and _is_axis(numbers[:, 0])
    if rows and columns and not _same_kind(numbers[0, 1:], numbers[1:, 1:]):
        # A numeric corner, or wavenumbers over spectra whose first values happen to be sorted.
        corner = [repr(float(v)) for v in numbers[0]]
        if numbers[0, 0] == 0 or not _continues(numbers[0]):
            return _with_header(["", *corner[1:]], table, labels, path, notes, skip=1)
        columns = False
    elif rows and columns:
        rows = False
    if rows:
        return _rows(numbers[0], table, labels, path, notes, skip=1, numbers=numbers[1:])
    if columns:
        return _columns(numbers, header if named else [], labels, path, notes)
    raise FormatError(
        "neither the first line nor the first column is a sorted wavenumber axis",
        place=f"line {table.first_line}",
        remedy="Sort the wavenumbers and drop duplicates, or write them into the first column",
    )


def _beside_others(
    header: Sequence[str], table: Sheet, labels: Labels, path: Path, notes: list[str]
) -> Contents | None:
    """Rows of spectra beside other columns: an index, a time and so on; None if it is not so."""
    axis_at = [k for k, name in enumerate(header) if _label_numbers([name, name]) is not None]
    others = [k for k in range(table.width) if k not in axis_at]
    if len(axis_at) < 3 or len(axis_at) < len(others):
        return None
    axis = _label_numbers([header[k] for k in axis_at])
    if axis is None or not _is_axis(axis):
        return None
    values = table.numbers(axis_at)
    times = [k for k in others if is_time(header[k])]
    left = ", ".join(repr(header[k]) for k in others if k not in times[:1])
    if left:
        notes.append(f"Columns left out: {left}.")
    if not times:
        return _frames(labels.wavenumbers(axis), values, labels, path, notes)
    column = table.numbers([times[0]])[:, 0]
    seconds = labels.times(column, notes, header[times[0]])
    return _run(seconds, labels.wavenumbers(axis), values, labels, path, notes)


def _label_numbers(fields: Sequence[str]) -> NDArray[np.float64] | None:
    """Numbers of a header, whose fields may carry a unit (``1000.5 cm-1``, ``t=30 s``)."""
    found = []
    for field in fields:
        match = re.fullmatch(
            r"(?:t\s*=\s*)?([-+0-9.,eE]+?)\s*(?:cm-1|cm\^-1|cm⁻¹|1/cm|s|min|h)?", field
        )
        value = number(match[1]) if match else None
        if value is None:
            return None
        found.append(value)
    return np.array(found) if len(found) > 1 else None


def _is_axis(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values)
    return values.size > 1 and bool((steps > 0).all() or (steps < 0).all())


def _same_kind(first: NDArray[np.float64], rest: NDArray[np.float64]) -> bool:
    """Whether a row lies within the range of the others, widened by its own width."""
    low, high = float(rest.min()), float(rest.max())
    margin = (high - low) or max(abs(high), 1e-12)
    return bool(first.min() >= low - margin and first.max() <= high + margin)


def _continues(values: NDArray[np.float64]) -> bool:
    """Whether the first step of an axis is like the others."""
    steps = np.abs(np.diff(values))
    return steps.size > 2 and steps[0] <= 3 * float(np.median(steps[1:]))


def _looks_wavenumber(values: NDArray[np.float64]) -> bool:
    return bool(values.min() >= 10 and values.max() <= 20000 and np.ptp(values) > 20)


def _with_header(
    header: Sequence[str],
    table: Sheet,
    labels: Labels,
    path: Path,
    notes: list[str],
    *,
    skip: int,
) -> Contents:
    """A corner, numbers beside it and numbers below it: which of them are the wavenumbers?"""
    across = _label_numbers(header[1:])
    if across is None:
        raise FormatError(
            "the first line holds what is not a number",
            place=f"line {table.first_line}",
            remedy="Write times or wavenumbers there",
        )
    corner = header[0]
    lines = table.lines[skip:]
    stamps = is_stamp(table.fields(lines[0])[0]) if lines else False
    if stamps:
        texts = [table.fields(line)[0] for line in lines]
        found = parse_stamps(texts, first_line=table.first_line + skip)
        notes += [found.assumed] if found.assumed else []
        values = table.numbers(range(1, len(header)), skip)
        axis = labels.wavenumbers(across)
        return _run(found.seconds, axis, values, labels, path, notes, start=found.start)
    if lines and number(table.fields(lines[0])[0]) is None:  # names of the spectra
        names = ["", *(table.fields(line)[0] for line in lines)]
        values = table.numbers(range(1, len(header)), skip)
        axis = labels.wavenumbers(across)
        return _frames(axis, values, labels, path, notes, titles=names[1:])
    numbers = table.numbers(range(len(header)), skip)
    if len(numbers) == 0:
        raise FormatError("the file holds a header and no values", remedy="Export it again")
    down = numbers[:, 0]
    sideways = " ".join(header[1:])
    rows = None
    if is_time(corner) or "cm" in sideways:
        rows = True
    elif is_wavenumber(corner):
        rows = False
    elif _looks_wavenumber(across) != _looks_wavenumber(down):
        rows = _looks_wavenumber(across)
    elif (across[0] > across[-1]) != (down[0] > down[-1]):
        rows = bool(across[0] > across[-1])
    elif (across[0] == 0) != (down[0] == 0):
        rows = bool(down[0] == 0)
    if rows is None:
        raise FormatError(
            "it is not clear whether the first line or the first column holds the wavenumbers",
            place=f"line {table.first_line}, column 1",
            remedy="Write 'time/s' or 'wavenumber' into the corner of the table",
        )
    if rows:
        times = labels.times(down, notes, corner)
        axis = labels.wavenumbers(across)
        return _run(times, axis, numbers[:, 1:], labels, path, notes)
    unit = re.search(r"(?<=\d)\s*(s|min|h)\b", header[1])
    times = labels.times(across, notes, f"time/{unit[1]}" if unit else "")
    return _run(times, labels.wavenumbers(down), numbers[:, 1:].T, labels, path, notes)


def _rows(
    axis: NDArray[np.float64] | None,
    table: Sheet,
    labels: Labels,
    path: Path,
    notes: list[str],
    *,
    skip: int,
    numbers: NDArray[np.float64] | None = None,
) -> Contents:
    """Each line one spectrum; no times."""
    if numbers is None:
        numbers = table.numbers(range(table.width), skip)
    if axis is None or len(numbers) == 0:
        raise FormatError("the file holds wavenumbers and no spectrum", remedy="Export it again")
    return _frames(labels.wavenumbers(axis), numbers, labels, path, notes)


def _columns(
    numbers: NDArray[np.float64],
    names: Sequence[str],
    labels: Labels,
    path: Path,
    notes: list[str],
) -> Contents:
    """Each column after the first one spectrum; no times."""
    axis = labels.wavenumbers(numbers[:, 0])
    return _frames(axis, numbers[:, 1:].T, labels, path, notes, titles=names[1:])


def _frames(
    axis: NDArray[np.float64],
    values: NDArray[np.float64],
    labels: Labels,
    path: Path,
    notes: list[str],
    titles: Sequence[str] = (),
) -> Contents:
    notes.append(
        "The file holds no times: the time axis is the frame number (give the time step to ingest)."
    )
    frames = np.arange(len(values), dtype=np.float64)
    return _run(frames, axis, values, labels, path, notes, titles=titles, time_axis=FRAME_AXIS)


def _run(
    times: NDArray[np.float64],
    axis: NDArray[np.float64],
    values: NDArray[np.float64],
    labels: Labels,
    path: Path,
    notes: list[str],
    *,
    start: Any = None,
    titles: Sequence[str] = (),
    time_axis: str = "",
) -> Contents:
    values = np.ascontiguousarray(values)
    constant = np.flatnonzero(np.ptp(values, axis=1) == 0) if axis.size > 2 else np.empty(0, int)
    if constant.size:
        shown = ", ".join(map(str, constant[:10])) + (", ..." if constant.size > 10 else "")
        notes.append(
            f"{constant.size} of {len(values)} spectra hold one constant value (filler?), kept: "
            f"frame(s) {shown}."
        )
    try:
        run = Run.from_arrays(
            times,
            axis,
            values,
            signal=labels.signal,
            unit=labels.unit,
            name=path.stem,
            start=start,
            source=path.name,
            metadata={"titles": list(titles)} if any(titles) else None,
        )
    except OpirError as error:
        if labels.assumed and "absorbance" in str(error):
            error.remedy = "If it is no absorbance, name the column (transmittance/%, intensity)"
        raise
    dataset = run.dataset
    if time_axis:
        dataset = dataset.assign_attrs(time_axis=time_axis)
    return Contents({"run": Run(dataset)}, "run", "delimited", tuple(notes))


READERS.add(
    "delimited",
    Reader("delimited", "delimited text (.dpt, .csv, .tsv, .asc, .txt)", recognise, _read),
)
