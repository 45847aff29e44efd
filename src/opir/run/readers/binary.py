"""Reading binary files that may be damaged: every access is checked against the file's end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError, FormatError, OptionError, UnitError, ValueRangeError

__all__ = ["DAMAGED", "FileBytes", "checked", "check_axis_ends", "check_plausible"]

DAMAGED = "The file is damaged or cut short: copy or export it again"
"""Remedy that goes with most faults of a binary file."""

LARGEST = 1e12
"""No spectrometer writes an ordinate beyond this; damaged numbers do."""


class FileBytes:
    """The bytes of a file, or of a part of it.

    Args:
        data: The bytes.
        start: Where in the file they begin, for messages.
    """

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.start = start

    @classmethod
    def of(cls, path: Path) -> FileBytes:
        """All bytes of a file."""
        return cls(path.read_bytes())

    def __len__(self) -> int:
        return len(self.data)

    def need(self, at: int, size: int, what: str) -> None:
        """Refuse a range that is not inside.

        Raises:
            FormatError: Names what was looked for, and where.
        """
        if at < 0 or size < 0 or at + size > len(self.data):
            raise FormatError(
                f"{what} ({size} bytes) does not lie inside the file, which ends at byte "
                f"{self.start + len(self.data)}",
                place=f"byte {self.start + at}",
                remedy=DAMAGED,
            )

    def part(self, at: int, size: int, what: str) -> FileBytes:
        """A range as bytes of their own."""
        self.need(at, size, what)
        return FileBytes(self.data[at : at + size], self.start + at)

    def unpack(self, layout: str, at: int, what: str) -> tuple[Any, ...]:
        """Numbers at a place, laid out as :mod:`struct` says."""
        self.need(at, struct.calcsize(layout), what)
        return struct.unpack_from(layout, self.data, at)

    def array(self, dtype: str, count: int, at: int, what: str) -> NDArray[Any]:
        """Numbers of one type (``"<f4"``); a view, read-only."""
        self.need(at, count * np.dtype(dtype).itemsize, what)
        return np.frombuffer(self.data, dtype, count, at)

    def floats(self, dtype: str, count: int, at: int, what: str) -> NDArray[np.float64]:
        """Numbers of one type as float64; damaged bits may make them NaN, without a warning."""
        with np.errstate(invalid="ignore"):
            return self.array(dtype, count, at, what).astype(np.float64)

    def text(self, at: int, size: int) -> str:
        """A text of at most ``size`` bytes that ends at the first zero byte.

        UTF-8, or latin-1 where it is not that; what cannot be printed is left out.
        """
        raw = self.data[max(at, 0) : max(at, 0) + size].split(b"\0", 1)[0]
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        return "".join(c for c in text if c.isprintable() or c in "\n\t").strip()


@contextmanager
def checked(place: str) -> Iterator[None]:
    """Turn the refusals of an object made from a file's numbers into a :class:`FormatError`."""
    try:
        yield
    except (AxisError, ValueRangeError, OptionError, UnitError) as error:
        where = f"{place}, {error.place}" if error.place else place
        raise FormatError(error.problem, place=where, remedy=DAMAGED) from error


def check_plausible(values: NDArray[Any], place: str) -> None:
    """Refuse ordinates that are not finite or beyond :data:`LARGEST`.

    Raises:
        FormatError: Names the first and how many.
    """
    wrong = ~(np.abs(values) <= LARGEST)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise FormatError(
            f"{int(wrong.sum())} of {values.size} values are not finite or beyond {LARGEST:g}",
            place=f"{place}, value {first}",
            remedy=DAMAGED,
        )


def check_axis_ends(first: float, last: float, count: int, place: str) -> NDArray[np.float64]:
    """An evenly spaced axis from its two ends and the number of its points.

    Raises:
        FormatError: If the ends are not finite, equal, or beyond 1e7.
    """
    fine = np.isfinite(first) and np.isfinite(last) and max(abs(first), abs(last)) <= 1e7
    if count < 1 or not fine or (count > 1 and first == last):
        raise FormatError(
            f"an axis of {count} points from {first:g} to {last:g} cannot be",
            place=place,
            remedy=DAMAGED,
        )
    return np.linspace(first, last, count)
