"""The sheet of numbers in a text file: what stands above it, and its lines, alike in width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.readers.clock import is_stamp
from opir.run.readers.table import Layout, find_layout, load_lines, number, parse_table

__all__ = ["COMMENT", "Sheet", "load_sheet"]

MAXIMUM_COLUMNS = 200_000
"""Wider tables are refused; no spectrum has so many points."""

COMMENT = ("#", "%", "!", "//", "'")
"""Beginnings of lines that are no part of the table."""


@dataclass(frozen=True)
class Sheet:
    """The table of a file, before it is known what its rows and columns are.

    Attributes:
        header: Fields of the last line above the numbers.
        comments: The lines above the numbers.
        lines: The lines of numbers.
        first_line: Number of the first of them in the file.
        layout: Delimiter and decimal mark.
        width: Fields in the first of them.
    """

    header: list[str]
    comments: list[str]
    lines: list[str]
    first_line: int
    layout: Layout
    width: int

    def fields(self, line: str) -> list[str]:
        """The fields of a line."""
        return _fields(self.layout, line)

    def numbers(self, columns: Sequence[int], skip: int = 0) -> NDArray[np.float64]:
        """Numbers of some columns, of all lines but the first ``skip``, ``[line, column]``.

        Raises:
            FormatError: Names line and column of the first field that is not a number.
        """
        return parse_table(
            self.lines[skip:], self.layout, columns=columns, first_line=self.first_line + skip
        )


def load_sheet(path: Path) -> Sheet:
    """The table of a text file.

    Raises:
        FormatError: If there is none, or a line of it has another count of fields.
    """
    lines = load_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise FormatError("the file holds blank lines only", remedy="Export it again")
    middle = [line for line in lines[len(lines) // 2 :: max(1, len(lines) // 20)] if line.strip()]
    layout = find_layout([line for line in (middle or lines[-1:]) if not line.startswith(COMMENT)])
    if layout is None:
        raise FormatError(
            "no delimiter was found that splits the lines into two or more numbers",
            place=f"line {len(lines) // 2 + 1}",
            remedy="Write one wavenumber and its value in each line, or one spectrum",
        )
    header: list[str] = []
    comments: list[str] = []
    row = 0
    while row < len(lines):
        line = lines[row]
        fields = _fields(layout, line)
        if len(fields) > MAXIMUM_COLUMNS:
            raise FormatError(
                f"the line has {len(fields)} fields, more than {MAXIMUM_COLUMNS}",
                place=f"line {row + 1}",
                remedy="Export it again, one spectrum a line",
            )
        if fields and not line.startswith(COMMENT) and _is_body(fields, header):
            break
        if line.startswith(COMMENT):
            comments.append(line.lstrip("#%!/' ").strip())
            header = layout.split(line.lstrip("#%!/' "))
        elif line.strip():
            header = layout.split(line)
            comments.append(line.strip())
        row += 1
    if row == len(lines):
        raise FormatError("the file holds no line of numbers", remedy="Export it again")
    first = row + 1
    body = lines[row:]
    width = len(_fields(layout, body[0]))
    counts = [len(_fields(layout, line)) for line in body]
    without_corner = len(counts) > 1 and set(counts[1:]) == {width + 1}
    for offset, count in enumerate([] if without_corner else counts):
        if count != width:
            what = "is blank" if not count else f"has {count} fields where {width} are needed"
            raise FormatError(
                f"the line {what}",
                place=f"line {first + offset}",
                remedy="Correct or remove that line, or export the file again",
            )
    _refuse_double_comma(body, layout, first)
    return Sheet(header, comments, body, first, layout, width)


def _fields(layout: Layout, line: str) -> list[str]:
    """The fields of a line; an empty last one, after a trailing delimiter, is none."""
    if not line.strip():
        return []
    if layout.delimiter in ("\t", ";", ","):
        stripped = line.rstrip()
        line = stripped[:-1] if stripped.endswith(layout.delimiter) else line.rstrip("\r\n")
    return layout.split(line)


def _is_body(fields: Sequence[str], header: Sequence[str]) -> bool:
    """Numbers; or a point in time, or a name below a header of numbers, and then numbers."""
    if len(fields) < 2 or any(number(field) is None for field in fields[1:]):
        return False
    named = len(header) == len(fields) and all(number(h) is not None for h in header[1:])
    return number(fields[0]) is not None or is_stamp(fields[0]) or (named and bool(fields[0]))


def _refuse_double_comma(lines: Sequence[str], layout: Layout, first_line: int) -> None:
    if layout.delimiter != "," or any("." in line for line in lines[:200]):
        return
    counts = [_fields(layout, line) for line in lines[:50]]
    if all(len(fields) == 4 for fields in counts) and all(len(f[3]) > 2 for f in counts):
        raise FormatError(
            "the comma seems to be both the delimiter and the decimal mark",
            place=f"line {first_line}",
            remedy="Export it with semicolons or tabs between the columns",
        )
