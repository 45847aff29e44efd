"""A plain table with a line of names: reference analyses (HPLC, ...), no spectra, no cycler.

Told by a first line of names only, none of which is a wavenumber, a signal or one of a cycler.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.labels import is_time, is_wavenumber, names_signal
from opir.run.readers.table import Layout, is_text, load_lines, number, parse_table
from opir.run.table import Table

__all__: list[str] = []

MAXIMUM_COLUMNS = 200


def _layout(header: str, body: list[str]) -> Layout | None:
    """How the lines are split, if the first is of names and the others of numbers."""
    for delimiter in ("\t", ";", ","):
        for decimal in (".", ","):
            layout = Layout(delimiter, decimal)
            names = layout.split(header)
            if delimiter == decimal or not all(names) or len(names) > MAXIMUM_COLUMNS:
                continue
            if any(number(name) is not None for name in names):
                continue
            rows = [layout.split(line) for line in body]
            if any(len(row) != len(names) for row in rows):
                continue
            fields = [field for row in rows for field in row if field]
            if fields and all(number(field) is not None for field in fields):
                return layout
    return None


def recognise(head: bytes, path: Path) -> float:
    """A line of names, then numbers; weaker than every more special format."""
    lines = [line for line in is_text(head).splitlines() if line.strip()]
    if len(head) > 8000:
        lines = lines[:-1]
    if len(lines) < 2:
        return 0.0
    layout = _layout(lines[0], lines[1:20])
    if layout is None:
        return 0.0
    names = layout.split(lines[0])
    if any(is_wavenumber(name) or names_signal(name) for name in names):
        return 0.0
    # Two columns of names like "x, y" may be a spectrum; a time or a single column cannot.
    return 0.55 if len(names) == 1 or is_time(names[0]) else 0.0


def _read(path: Path) -> Contents:
    lines = [line for line in load_lines(path) if line.strip()]
    layout = _layout(lines[0], lines[1:20]) if len(lines) > 1 else None
    if layout is None:
        raise FormatError(
            "the file is no table with a line of names above columns of numbers",
            place="line 1",
            remedy="Write names in the first line and one number in each field below",
        )
    names = layout.split(lines[0])
    if len(set(names)) < len(names):
        raise FormatError("the names of the columns repeat", place="line 1", remedy="Rename them")
    values = parse_table(lines[1:], layout, columns=range(len(names)), first_line=2, missing=True)
    columns = {name: values[:, at] for at, name in enumerate(names)}
    table = Table.from_columns(columns, name=path.stem, source=path.name)
    notes = ["A plain table: units are those that the names of the columns state, if any."]
    missing = int(np.isnan(values).sum())
    if missing:
        notes.append(f"{missing} field(s) are empty and kept as missing.")
    return Contents({"table": table}, "table", "columns", tuple(notes))


READERS.add("columns", Reader("columns", "plain tables with a line of names", recognise, _read))
