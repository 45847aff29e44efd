"""Points in time and durations as instruments write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError

__all__ = ["Stamps", "duration", "is_stamp", "parse_stamp", "parse_stamps"]

_STAMP = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?)?"
    r"\s*(Z|[-+]\d{2}:?\d{2})?"
)
_DURATION = re.compile(r"(?:(\d+)\s*[dD:-]\s*)?(\d{1,6}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?")


@dataclass(frozen=True)
class Stamps:
    """Points in time of a column.

    Attributes:
        start: The first.
        seconds: Seconds since the first, shape ``[row]``.
        assumed: What had to be assumed, a sentence, or an empty text.
    """

    start: datetime
    seconds: NDArray[np.float64]
    assumed: str = ""


def is_stamp(text: str) -> bool:
    """Whether a text looks like a date with or without a time of day."""
    return _STAMP.fullmatch(text.strip()) is not None


def duration(text: str) -> float | None:
    """Seconds of ``h:mm:ss.ffff``, with days before (``2d 01:00:00``) or not; None otherwise."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds, fraction = match.groups()
    total = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return total + float(f"0.{fraction or 0}")


def parse_stamp(text: str, *, month_first: bool) -> datetime:
    """One point in time.

    Args:
        text: ISO 8601, ``MM/DD/YYYY`` or ``DD/MM/YYYY`` with ``/``, ``-`` or ``.``, and a time.
            Dates with points are always day first.
        month_first: How ``/`` and ``-`` dates that do not begin with the year are read.

    Raises:
        FormatError: If it is none.
    """
    match = _STAMP.fullmatch(text.strip())
    wrong = FormatError(
        f"{text[:40]!r} is not a point in time", remedy="Write it as 2026-11-22 17:12:00"
    )
    if match is None:
        raise wrong
    a, mark, b, c, hour, minute, second, fraction, half, zone = match.groups()
    if len(a) == 4:
        year, month, day = int(a), int(b), int(c)
    else:
        year = int(c) + (2000 if len(c) <= 2 else 0)
        month, day = (int(a), int(b)) if month_first and mark != "." else (int(b), int(a))
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    zone = "+00:00" if zone == "Z" else (zone or "")
    micro = (fraction or "")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(
            f"{year:04d}-{month:02d}-{day:02d}T{hours:02d}:{minute or '00'}:{second or '00'}"
            f".{micro}{zone}"
        )
    except ValueError:
        raise wrong from None


def parse_stamps(
    texts: Sequence[str], *, month_first: bool | None = None, first_line: int = 1
) -> Stamps:
    """A column of points in time.

    Args:
        texts: One for each row, at least one.
        month_first: How ``/`` dates are read; None: found out from the days above 12, or
            taken as month first, and said so.
        first_line: Number of the first line in the file, for messages.

    Raises:
        FormatError: Names the line of the first that is none.
    """
    assumed = ""
    if month_first is None:
        month_first, assumed = _find_order(texts)
    points = []
    for row, text in enumerate(texts):
        try:
            points.append(parse_stamp(text, month_first=month_first))
        except FormatError as error:
            raise error.at(place=f"line {first_line + row}") from None
    start = points[0]
    if any((point.tzinfo is None) != (start.tzinfo is None) for point in points):
        raise FormatError(
            "some points in time have an offset from UTC and some do not",
            remedy="Write all of them alike",
        )
    second = timedelta(seconds=1)
    seconds = np.array([(point - start) / second for point in points])
    back = np.diff(seconds)
    if start.tzinfo is None and ((back < -1800) & (back > -3700)).any():
        row = int(np.argmax((back < -1800) & (back > -3700))) + 1
        raise FormatError(
            f"the clock was set back by about an hour, from {texts[row - 1]} to {texts[row]} (the "
            "end of daylight saving time?)",
            place=f"line {first_line + row}",
            remedy="Export it with the elapsed time, or with offsets from UTC",
        )
    return Stamps(start, seconds, assumed)


def _find_order(texts: Sequence[str]) -> tuple[bool, str]:
    leading, middle = 0, 0
    for text in texts:
        match = _STAMP.fullmatch(text.strip())
        if match is None or len(match[1]) == 4 or match[2] == ".":
            continue
        leading, middle = max(leading, int(match[1])), max(middle, int(match[3]))
    if leading > 12:
        return False, ""
    if middle > 12 or leading == 0:
        return True, ""
    return True, "The order of month and day is not clear from the dates; read as month/day/year."
