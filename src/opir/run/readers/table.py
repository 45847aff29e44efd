"""Tables in text files: their encoding, delimiter, decimal mark and numbers.

What labs write differs in all of these; the readers of text formats share this one place that
finds them out, and that names line and column where a number is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError

__all__ = ["Layout", "decode", "find_layout", "is_text", "load_lines", "number", "parse_table"]

MAXIMUM_TEXT_BYTES = 256 * 1024**2
"""Larger text files are refused: they are better kept in a binary format."""

MAXIMUM_LINES = 4_000_000
MAXIMUM_LINE = 4_000_000
"""Most lines of a file, and characters of a line."""

_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_MISSING = {"", "nan", "na", "n/a", "-", "--", "xxx", "null", "none"}


@dataclass(frozen=True)
class Layout:
    """How numbers stand in a line.

    Attributes:
        delimiter: What separates them; None for any white space.
        decimal: The decimal mark, ``.`` or ``,``.
    """

    delimiter: str | None
    decimal: str = "."

    def split(self, line: str) -> list[str]:
        """The fields of a line, without quotes and surrounding blanks."""
        if self.delimiter is None:
            return line.split()
        return [field.strip().strip('"').strip() for field in line.split(self.delimiter)]


def decode(data: bytes, *, whole: bool = True) -> str:
    """Text from bytes: UTF-8 and UTF-16 with their marks, UTF-8, else Latin-1.

    Args:
        data: The bytes.
        whole: They are the whole file; otherwise a cut character at their end is dropped.

    Raises:
        FormatError: If the bytes are not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        even = data if whole else data[: len(data) // 2 * 2]
        try:
            return even.decode("utf-16", "strict" if whole else "ignore")
        except UnicodeDecodeError as error:
            raise FormatError(
                "the text is not valid UTF-16",
                place=f"byte {error.start}",
                remedy="Export it again, as UTF-8",
            ) from None
    if b"\0" in data:
        raise FormatError(
            "the file is not text: it holds zero bytes",
            place=f"byte {data.index(0)}",
            remedy="Export it again as text, or name its format",
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not whole and error.start > len(data) - 4:
            return data[: error.start].decode("utf-8")
        return data.decode("latin-1")


def is_text(head: bytes) -> str:
    """The beginning of a file as text, or an empty text where it is binary. Never raises."""
    try:
        text = decode(head, whole=False)
    except FormatError:
        return ""
    control = sum(1 for c in text if ord(c) < 32 and c not in "\t\r\n\f\x1a")
    return text if text and control <= len(text) // 1000 else ""


def load_lines(path: Path) -> list[str]:
    """The lines of a text file, whatever its encoding and line ends, without the ends.

    Raises:
        FormatError: If the file is too large, cannot be read, or is not text.
    """
    try:
        size = path.stat().st_size
        if size > MAXIMUM_TEXT_BYTES:
            raise FormatError(
                f"the text file has {size / 1e6:.0f} MB, more than {MAXIMUM_TEXT_BYTES / 1e6:.0f}",
                remedy="Split it, or store the run as NetCDF",
                path=path,
            )
        text = decode(path.read_bytes())
    except OSError as error:
        raise FormatError(
            f"the file cannot be read ({error.strerror or error})",
            remedy="Check that it is a file you may read",
            path=path,
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    count = text.count("\n")
    if count > MAXIMUM_LINES:
        raise FormatError(
            f"the text file has {count} lines, more than {MAXIMUM_LINES}",
            remedy="Split it, or store the run as NetCDF",
            path=path,
        )
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda k: len(lines[k]))
    if len(lines[longest]) > MAXIMUM_LINE:
        raise FormatError(
            f"the line has {len(lines[longest])} characters, more than {MAXIMUM_LINE}",
            place=f"line {longest + 1}",
            remedy="Is it a text file of numbers? Export it again, one spectrum a line",
            path=path,
        )
    return lines


def number(field: str) -> float | None:
    """The number that a field holds (either decimal mark), or None."""
    if not _NUMBER.fullmatch(field):
        return None
    return float(field.replace(",", "."))


def find_layout(lines: Sequence[str]) -> Layout | None:
    """Delimiter and decimal mark of lines that hold numbers.

    Args:
        lines: Lines of the body of the table (not of its header), at least one.

    Returns:
        The layout under which every line splits into fields of which more than half are
        numbers, or None where there is no such one.
    """
    lines = [line[:20_000].strip(" ") for line in lines if line.strip()]
    if not lines:
        return None
    for delimiter in ("\t", ";", "|"):
        if all(delimiter in line for line in lines):
            fields = [f for line in lines for f in Layout(delimiter).split(line)]
            if _mostly_numbers(fields):
                return Layout(delimiter, _decimal(fields))
    if all("," in line for line in lines):
        fields = [f for line in lines for f in line.split()]
        pieces = [len(line.split()) for line in lines]
        if (
            min(pieces) > 1
            and _mostly_numbers(fields)
            and not any(f.endswith(",") or f.count(",") > 1 for f in fields)
        ):
            return Layout(None, ",")
        fields = [f for line in lines for f in Layout(",").split(line)]
        if _mostly_numbers(fields):
            return Layout(",")
    fields = [f for line in lines for f in line.split()]
    if all(len(line.split()) > 1 for line in lines) and _mostly_numbers(fields):
        return Layout(None, _decimal(fields))
    return None


def _mostly_numbers(fields: list[str]) -> bool:
    filled = [f for f in fields if f.lower() not in _MISSING]
    return sum(bool(_NUMBER.fullmatch(f)) for f in filled) * 2 > len(filled) > 0


def _decimal(fields: Iterable[str]) -> str:
    numbers = [f for f in fields if _NUMBER.fullmatch(f)]
    commas = sum("," in f for f in numbers)
    return "," if commas > sum("." in f for f in numbers) else "."


def parse_table(
    lines: Sequence[str],
    layout: Layout,
    *,
    columns: Sequence[int],
    first_line: int = 1,
    missing: bool = False,
) -> NDArray[np.float64]:
    """Numbers of some columns of a table.

    Args:
        lines: The lines of the body, none of them blank.
        layout: Delimiter and decimal mark.
        columns: Which columns, from 0.
        first_line: Number of the first line in the file, for messages.
        missing: Let empty fields and ``NaN`` pass, as NaN; otherwise they are refused.

    Returns:
        Shape ``[line, column]``.

    Raises:
        FormatError: Names line and column of the first field that is not a number.
    """
    if not lines or not columns:
        return np.empty((len(lines), len(columns)))
    text = lines if layout.decimal == "." else [line.replace(",", ".") for line in lines]
    try:
        table: NDArray[Any] = np.loadtxt(
            text,
            delimiter=layout.delimiter,
            usecols=list(columns),
            comments=None,
            quotechar='"',
            ndmin=2,
        )
    except (ValueError, IndexError):
        return _parse_slowly(lines, layout, columns, first_line, missing)
    if table.shape[0] != len(lines) or not np.isfinite(table).all():
        return _parse_slowly(lines, layout, columns, first_line, missing)
    return table


def _parse_slowly(
    lines: Sequence[str],
    layout: Layout,
    columns: Sequence[int],
    first_line: int,
    missing: bool,
) -> NDArray[np.float64]:
    """Field by field, so that missing ones are let through and the first fault is named."""
    table = np.full((len(lines), len(columns)), np.nan)
    for row, line in enumerate(lines):
        fields = layout.split(line)
        for at, column in enumerate(columns):
            field = fields[column] if column < len(fields) else ""
            value = number(field)
            if value is None and not (missing and field.lower() in _MISSING):
                what = f"{field[:40]!r} is not a finite number" if field else "a number is missing"
                raise FormatError(
                    f"{what} ({len(fields)} fields in the line)",
                    place=f"line {first_line + row}, column {column + 1}",
                    remedy="Correct or remove that line, or export the file again",
                )
            if value is not None:
                if not np.isfinite(value):
                    raise FormatError(
                        f"{field[:40]!r} is too large for a number",
                        place=f"line {first_line + row}, column {column + 1}",
                        remedy="Correct or remove that line, or export the file again",
                    )
                table[row, at] = value
    return table
