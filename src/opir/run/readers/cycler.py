"""Tables of cyclers and potentiostats, whatever the maker: from columns to a checked record.

Each maker's file says in a :class:`Dialect` which of its column names mean what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError, UnitError
from opir.quantities import QUANTITIES, convert, normalise_unit
from opir.run.electrochemistry import WALL_CLOCK, Electrochemistry
from opir.run.readers.clock import duration, is_stamp, parse_stamps
from opir.run.readers.table import (
    Layout,
    find_layout,
    number,
    parse_table,
)

__all__ = [
    "Column",
    "Dialect",
    "bare",
    "build_record",
    "find",
    "read_table",
    "split_header",
    "stamps_column",
    "unit_of",
]

EXTRA = {"charge_passed": "capacity", "capacity_charge": "capacity"} | {
    "capacity_discharge": "capacity"
}
"""Columns that hold a quantity under a name of their own; all in A h."""

COUNTERS = ("cycle", "half_cycle", "step")


@dataclass(frozen=True)
class Dialect:
    """How one maker names the columns.

    Attributes:
        name: Of the maker, for notes.
        names: Inside name -> the maker's bare names (lower case, letters, digits and ``<>()|-+``
            only), most wanted first.
        units: Inside name -> unit where the header states none.
        month_first: How ``/`` dates are read; None: found out.
        stamps: Bare names of columns that hold points in time.
        marks: Bare names that this maker's files have and others' do not.
        step_time: Bare names that count from the start of each step: points in time go before.
        step_type: Bare names of the column that says charge or discharge.
        separator: What stands between name and unit in every header, if that is a mark.
    """

    name: str
    names: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str] = field(default_factory=dict)
    month_first: bool | None = None
    stamps: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    step_time: tuple[str, ...] = ()
    step_type: tuple[str, ...] = ()
    separator: str = ""


@dataclass(frozen=True)
class Column:
    """One column of the table: its header as written, and numbers (NaN where missing)."""

    header: str
    values: NDArray[np.float64]


def bare(name: str) -> str:
    """A column name without case, blanks and underscores, as :attr:`Dialect.names` has it."""
    return re.sub(r"[^a-z0-9<>()|+\-/]", "", name.lower())


def split_header(header: str) -> tuple[str, str]:
    """Name and unit of a header: ``<I>/mA``, ``Voltage(V)``, ``Test Time / s``, ``current_A``."""
    header = header.strip().strip('"').strip()
    match = re.fullmatch(r"(.+?)\s*[(\[]([^()\[\]]*)[)\]]", header)
    if match:
        return match[1], match[2].strip()
    match = re.fullmatch(r"(.+)_(s|min|h|m?V|[mu]?A|m?Ah|degC|K)", header)
    if match:
        return match[1], match[2]
    name, mark, unit = header.rpartition("/")
    if mark and name and len(unit.strip()) <= 12 and unit.strip() not in ("red", "discharge"):
        return name.strip(), unit.strip()
    return header, ""


def find(headers: Sequence[str], dialect: Dialect) -> dict[str, int]:
    """Inside name -> index of the column that is taken for it."""
    known = [bare(split_header(header)[0]) for header in headers]
    found = {}
    for name, spellings in dialect.names.items():
        for spelling in spellings:
            if spelling in known:
                found[name] = known.index(spelling)
                break
    return found


def build_record(
    columns: Sequence[Column],
    dialect: Dialect,
    *,
    time: NDArray[np.float64] | None = None,
    start: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    name: str = "",
    source: str = "",
    place: Callable[[int], str] = lambda row: f"row {row}",
) -> tuple[Electrochemistry, tuple[str, ...]]:
    """A checked record from the columns of a table.

    Args:
        columns: The columns, equal lengths; ``time`` among them unless it is given.
        dialect: What the headers mean.
        time: Times [s], where they are not a column of numbers.
        start: When the record began.
        metadata, name, source: As in :class:`Electrochemistry`.
        notes: What was assumed so far.
        place: Row -> where that is in the file, for messages.

    Returns:
        The record, and notes.

    Raises:
        FormatError: If there is no time, or neither voltage nor current; if times run back.
        ValueRangeError: If a value is out of its bounds.
        UnitError: If a unit is unknown.
    """
    headers = [column.header for column in columns]
    found = find(headers, dialect)
    said = list(notes)
    stamped = time is not None
    if time is None:
        if "time" not in found:
            raise FormatError(
                f"no time column among {', '.join(headers[:20])}",
                remedy="Export the file with the test time",
            )
        time = convert(
            columns[found["time"]].values, "time", unit_of("time", headers, found, dialect)
        )
    if "voltage" not in found and "current" not in found:
        raise FormatError(
            f"neither voltage nor current among {', '.join(headers[:20])}",
            remedy="Export the file with these columns",
        )
    _check_times(time, place)
    data: dict[str, NDArray[np.float64]] = {}
    attributes: dict[str, dict[str, str]] = {}
    for inside, at in found.items():
        if inside == "time":
            continue
        values = columns[at].values
        if inside in COUNTERS:
            data[inside] = values
        else:
            quantity = EXTRA.get(inside, inside)
            unit = unit_of(inside, headers, found, dialect)
            data[inside] = convert(values, quantity, unit)
            attributes[inside] = {"units": QUANTITIES[quantity].unit}
        attributes.setdefault(inside, {})["long_name"] = headers[at]
    spellings = [bare(split_header(header)[0]) for header in headers]
    if sum(spelling in dialect.names["voltage"] for spelling in spellings) > 1:
        chosen = headers[found["voltage"]]
        said.append(f"The voltage is the column {chosen!r}; others of its kind are kept beside it.")
    for at, column in enumerate(columns):
        if at in found.values() or np.isnan(column.values).all():
            continue
        other = _variable_name(column.header, data)
        data[other] = column.values
        attributes[other] = {"long_name": column.header}
    if np.isnan(data.get("voltage", np.zeros(1))).any():
        said.append(f"{int(np.isnan(data['voltage']).sum())} voltage(s) are missing (NaN).")
    record = Electrochemistry.from_columns(
        time, data, start=start, metadata=metadata, source=source, name=name
    )
    if stamped and start is not None and start.tzinfo is None:
        record.dataset.attrs["clock"] = WALL_CLOCK
    for inside, pairs in attributes.items():
        record.dataset[inside].attrs.update(pairs)
    return record, tuple(said)


def unit_of(name: str, headers: Sequence[str], found: Mapping[str, int], dialect: Dialect) -> str:
    """The unit of the column found for an inside name: of its header, or the dialect's.

    Raises:
        UnitError: If neither states one.
    """
    unit = normalise_unit(split_header(headers[found[name]])[1])
    unit = re.sub(r"^deg(ree)?s?\s*", "deg", unit.replace("℃", "degC"))
    unit = unit or dialect.units.get(name, "")
    if not unit:
        raise UnitError(
            f"the column {headers[found[name]]!r} states no unit",
            remedy="Write it in the header, as in 'Voltage(V)'",
        )
    return unit


def _check_times(time: NDArray[np.float64], place: Callable[[int], str]) -> None:
    if time.size == 0:
        raise FormatError("the table has no rows", remedy="Export the file again")
    if not np.isfinite(time).all():
        at = int(np.argmin(np.isfinite(time)))
        raise FormatError("the time is missing", place=place(at), remedy="Remove that row")
    back = np.diff(time) < 0
    if back.any():
        at = int(np.argmax(back))
        raise FormatError(
            f"the time runs backwards, from {time[at]:.6g} s to {time[at + 1]:.6g} s",
            place=place(at + 1),
            remedy="Split the file there, or export it with the time since the start of the test",
        )


def _variable_name(header: str, taken: Mapping[str, Any]) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", re.sub("[µμ]", "u", header.lower())).strip("_") or "column"
    if name[0].isdigit() or name in QUANTITIES or name in ("wavenumber", "time"):
        name = f"column_{name}"
    unique, count = name, 2
    while unique in taken:
        unique, count = f"{name}_{count}", count + 1
    return unique


def read_table(
    lines: Sequence[str], header_row: int, dialect: Dialect
) -> tuple[list[Column], dict[str, list[str]], Layout, int]:
    """Columns of a text table whose header is line ``header_row`` (from 0).

    Returns:
        The columns of numbers (durations become seconds); the columns of text by header; the
        layout; the line number of the first row.

    Raises:
        FormatError: If there are no rows, or a field of a column of numbers is none.
    """
    body = list(lines[header_row + 1 :])
    while body and not body[-1].strip():
        body.pop()
    if not body:
        raise FormatError(
            "the table has a header but no rows",
            place=f"line {header_row + 1}",
            remedy="Export the file again",
        )
    first = header_row + 2
    for row, line in enumerate(body):
        if not line.strip():
            raise FormatError(
                "a blank line within the table",
                place=f"line {first + row}",
                remedy="Remove it, or what follows it",
            )
    layout = _layout(lines[header_row], body)
    headers = layout.split(lines[header_row])
    while headers and not headers[-1]:
        headers.pop()
    if len(set(headers)) != len(headers):
        twice = next(h for h in headers if headers.count(h) > 1)
        raise FormatError(
            f"the column {twice!r} is there twice",
            place=f"line {header_row + 1}",
            remedy="Rename or remove one",
        )
    sample = [layout.split(line) for line in body[:: max(1, len(body) // 50)]]
    texts: dict[str, list[str]] = {}
    numeric = []
    for at, header in enumerate(headers):
        cells = [row[at] if at < len(row) else "" for row in sample]
        if all(number(c) is None for c in cells) and any(c and c.lower() != "nan" for c in cells):
            texts[header] = []
        else:
            numeric.append(at)
    if texts:
        places = [(headers.index(header), column) for header, column in texts.items()]
        for line in body:
            fields = layout.split(line)
            for at, column in places:
                column.append(fields[at] if at < len(fields) else "")
    table = parse_table(body, layout, columns=numeric, first_line=first, missing=True)
    columns = [Column(headers[at], table[:, k]) for k, at in enumerate(numeric)]
    for header in list(texts):
        if duration(texts[header][0]) is not None:
            columns.append(_durations(header, texts.pop(header), first))
    return columns, texts, layout, first


def _durations(header: str, texts: Sequence[str], first: int) -> Column:
    seconds = np.empty(len(texts))
    for row, text in enumerate(texts):
        value = duration(text)
        if value is None:
            raise FormatError(
                f"{text[:40]!r} is not a duration such as 0:01:30.5",
                place=f"line {first + row}",
                remedy="Correct or remove that line",
            )
        seconds[row] = value
    return Column(f"{split_header(header)[0]}(s)", seconds)


def _layout(header: str, body: Sequence[str]) -> Layout:
    """By the header, whose names hold no delimiter, and the decimal mark by the body."""
    best = max("\t;,", key=header.count)
    if not header.count(best):
        layout = find_layout(body[:20])
        if layout is None:
            raise FormatError("the columns cannot be told apart", remedy="Export it as CSV")
        return layout
    if best == ",":
        return Layout(",")
    fields = [f for line in body[:50] for f in Layout(best).split(line)]
    commas = sum("," in f for f in fields if number(f) is not None)
    points = sum("." in f for f in fields if number(f) is not None)
    return Layout(best, "," if commas > points else ".")


def stamps_column(
    texts: Mapping[str, list[str]], names: Sequence[str], dialect: Dialect, first: int
) -> tuple[datetime, NDArray[np.float64], str] | None:
    """Start, seconds and assumption of the first of these text columns that holds dates."""
    for header, column in texts.items():
        if bare(split_header(header)[0]) in names and column and is_stamp(column[0]):
            stamps = parse_stamps(column, month_first=dialect.month_first, first_line=first)
            return stamps.start, stamps.seconds, stamps.assumed
    return None
