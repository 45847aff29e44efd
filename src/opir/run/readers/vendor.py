"""CSV and text exports of cyclers: one way of reading for all makers' dialects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from opir.errors import FormatError
from opir.quantities import convert
from opir.run.readers.base import Contents
from opir.run.readers.cycler import (
    Column,
    Dialect,
    bare,
    build_record,
    find,
    read_table,
    split_header,
    stamps_column,
    unit_of,
)
from opir.run.readers.table import Layout, is_text, load_lines, number

__all__ = ["header_score", "read_vendor"]


def _fields_of(line: str) -> list[str]:
    best = max("\t;,", key=line.count)
    return Layout(best).split(line)


def _is_header(line: str, dialect: Dialect) -> bool:
    headers = _fields_of(line)
    if len(headers) < 3 or any(number(header) is not None for header in headers):
        return False
    found = find(headers, dialect)
    names = {bare(split_header(header)[0]) for header in headers}
    return ("time" in found or not names.isdisjoint(dialect.stamps)) and (
        "voltage" in found or "current" in found
    )


def header_score(head: bytes, dialect: Dialect) -> float:
    """How surely the beginning of a file is of this maker, 0 to 0.85. Never raises."""
    for line in is_text(head).splitlines()[:100]:
        if not _is_header(line, dialect):
            continue
        headers = _fields_of(line)
        names = {bare(split_header(header)[0]) for header in headers}
        matched = len(names & set(dialect.marks))
        if dialect.separator and sum(dialect.separator in header for header in headers) < 2:
            continue
        if matched:
            return 0.7 + 0.1 * matched / len(dialect.marks) + 0.05 * bool(dialect.separator)
    return 0.0


def read_vendor(path: Path, dialect: Dialect, format: str) -> Contents:
    """A maker's CSV or text export.

    Raises:
        FormatError: If no line names the columns, or a row is faulty.
        UnitError, ValueRangeError: See :func:`build_record`.
    """
    lines = load_lines(path)
    row = next((i for i, line in enumerate(lines[:500]) if _is_header(line, dialect)), None)
    if row is None:
        raise FormatError(
            f"no line names time and voltage or current as {dialect.name} does",
            remedy="Export it with the line of column names",
        )
    columns, texts, _, first = read_table(lines, row, dialect)
    notes: list[str] = []
    headers = [column.header for column in columns]
    found = find(headers, dialect)
    stamps = stamps_column(texts, dialect.stamps, dialect, first)
    start, time = None, None
    if stamps is not None:
        start, time, assumed = stamps
        notes += [assumed] if assumed else []
        own = bare(split_header(headers[found["time"]])[0]) if "time" in found else ""
        if own and own not in dialect.step_time:
            # The test time is finer than the points in time, which give the start.
            time = None
            clock = columns[found["time"]]
            unit = unit_of("time", headers, found, dialect)
            first_time = float(convert(clock.values, "time", unit)[0])
            # A first time that is missing or absurd is refused further down.
            if abs(first_time) < 1e9 and start.year > 1950:
                start -= timedelta(seconds=first_time)
    unix = [c for c in columns if bare(split_header(c.header)[0]) == "unixtime"]
    if start is None and unix and 0 < unix[0].values[0] < 1e10:
        start = datetime.fromtimestamp(float(unix[0].values[0]), UTC)
        if time is None and "time" not in found:
            time = unix[0].values - unix[0].values[0]
    if start is None:
        notes.append("The file does not say when the record began.")
    columns = _signed(columns, texts, found, dialect, notes)
    record, said = build_record(
        columns,
        dialect,
        time=time,
        start=start,
        metadata={"maker": dialect.name},
        notes=notes,
        name=path.stem,
        source=path.name,
        place=lambda index: f"line {first + index}",
    )
    return Contents({"electrochemistry": record}, "electrochemistry", format, said)


def _signed(
    columns: list[Column],
    texts: Mapping[str, list[str]],
    found: Mapping[str, int],
    dialect: Dialect,
    notes: list[str],
) -> list[Column]:
    """Currents negative on discharge, where the file gives magnitudes and a step type."""
    kinds = [c for h, c in texts.items() if bare(split_header(h)[0]) in dialect.step_type]
    if not kinds or "current" not in found:
        return columns
    discharge = np.array(
        [
            re.search(r"dchg|discharge|\bdc\b|_dc$", kind, re.IGNORECASE) is not None
            for kind in kinds[0]
        ]
    )
    at = found["current"]
    values = columns[at].values
    if not discharge.any() or (values[~np.isnan(values)] < 0).any() or not (values > 0).any():
        return columns
    notes.append("The file gives currents without sign; on discharge steps they were negated.")
    columns[at] = Column(columns[at].header, np.where(discharge, -values, values))
    return columns
