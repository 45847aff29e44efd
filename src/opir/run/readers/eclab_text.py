"""EC-Lab text: ``.mpt`` files with their counted header, and text exports without one.

Tab separated, Latin-1, either decimal mark and line end. ``time/s`` holds seconds since the
start of the acquisition, or points in time as ``MM/DD/YYYY HH:MM:SS.ffff``. Currents are positive
on oxidation, as inside opir.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.clock import parse_stamp
from opir.run.readers.cycler import (
    Dialect,
    bare,
    build_record,
    read_table,
    split_header,
    stamps_column,
)
from opir.run.readers.table import is_text, load_lines

__all__ = ["DIALECT", "recognise"]

DIALECT = Dialect(
    name="EC-Lab",
    names={
        "time": ("time",),
        "voltage": ("ecell", "ewe", "<ewe>", "ewe-ece"),
        "current": ("i", "<i>"),
        "capacity": ("capacity", "qcharge/discharge"),
        "charge_passed": ("(q-qo)",),
        "capacity_charge": ("qcharge",),
        "capacity_discharge": ("qdischarge",),
        "temperature": ("temperature",),
        "cycle": ("cyclenumber", "zcycle"),
        "half_cycle": ("halfcycle",),
        "step": ("ns",),
    },
    month_first=True,
)

_MAGIC = re.compile(r"(?:EC|BT)-Lab ASCII FILE", re.IGNORECASE)
_COUNT = re.compile(r"Nb header lines\s*:\s*(\d+)", re.IGNORECASE)
_START = re.compile(r"Acquisition started on\s*:\s*(.+?)\s*$", re.IGNORECASE)
_NAMES = {"ewe", "<ewe>", "ecell", "ewe-ece", "i", "<i>", "ece"}
_UNITS = {"V", "mV", "mA", "A", "uA", "µA"}


def _is_header(line: str) -> bool:
    """Whether a line names the columns as EC-Lab does: ``time/s``, ``Ewe/V``, ``I/mA``."""
    pairs = [split_header(field) for field in re.split(r"[\t;,]", line) if "/" in field]
    return any(bare(name) == "time" and unit == "s" for name, unit in pairs) and any(
        bare(name) in _NAMES and unit in _UNITS for name, unit in pairs
    )


def recognise(head: bytes, path: Path) -> float:
    """Certain by the first line; nearly so by the names of the columns."""
    text = is_text(head)
    if _MAGIC.match(text.lstrip()):
        return 1.0
    return 0.9 if any(_is_header(line) for line in text.splitlines()[:40]) else 0.0


def _header_row(lines: list[str]) -> int:
    """Index of the line that names the columns.

    Raises:
        FormatError: If there is none where the file says it is, and none elsewhere.
    """
    if lines and _MAGIC.match(lines[0].strip()):
        match = _COUNT.match(lines[1].strip()) if len(lines) > 1 else None
        if match is None:
            raise FormatError(
                "'Nb header lines' is missing", place="line 2", remedy="Export the file again"
            )
        row = int(match[1]) - 1
        if not 0 <= row < len(lines):
            raise FormatError(
                f"{match[1]} header lines are announced, the file has {len(lines)} lines",
                place="line 2",
                remedy="The file is cut short; export it again",
            )
        return row
    for row, line in enumerate(lines[:500]):
        if _is_header(line):
            return row
    raise FormatError(
        "no line names columns as EC-Lab does (time/s, Ewe/V, I/mA)",
        remedy="Export it from EC-Lab with the line of column names",
    )


def _read(path: Path) -> Contents:
    lines = load_lines(path)
    row = _header_row(lines)
    start: datetime | None = None
    metadata: dict[str, str] = {}
    for number, line in enumerate(lines[: min(row, 1000)], start=1):
        match = _START.match(line.strip())
        if match:
            try:
                start = parse_stamp(match[1], month_first=True)
            except FormatError as error:
                raise error.at(place=f"line {number}") from None
        key, mark, value = line.partition(" : ")
        if mark and value.strip() and len(metadata) < 100:
            metadata[key.strip()] = value.strip()[:200]
    if row > 3 and lines[3].strip():
        metadata["technique"] = lines[3].strip()[:200]
    columns, texts, _, first = read_table(lines, row, DIALECT)
    stamps = stamps_column(texts, ("time",), DIALECT, first)
    notes = []
    if stamps is None and start is None:
        notes.append("The file does not say when the record began.")
    record, notes_ = build_record(
        columns,
        DIALECT,
        time=None if stamps is None else stamps[1],
        start=start if stamps is None else stamps[0],
        metadata=metadata,
        notes=notes,
        name=path.stem,
        source=path.name,
        place=lambda index: f"line {first + index}",
    )
    return Contents({"electrochemistry": record}, "electrochemistry", "eclab_text", notes_)


READERS.add("eclab_text", Reader("eclab_text", "EC-Lab text (.mpt, .txt)", recognise, _read))
