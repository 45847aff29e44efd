"""The number forms of JCAMP-DX: AFFN, and the compressed PAC, SQZ, DIF and DUP.

After R. S. McDonald and P. A. Wilks, Appl. Spectrosc. 42 (1988) 151, doi
10.1366/0003702884428734. A line of ``(X++(Y..Y))`` is an abscissa and ordinates:

- AFFN: numbers with blanks or commas between them; PAC: their signs part them;
- SQZ: the first digit and the sign are one letter, ``@A..I`` for 0, +1..+9, ``a..i`` for -1..-9;
- DIF: the difference from the ordinate before, ``%J..R`` and ``j..r``; the first ordinate of the
  next line repeats the last of this one, so that a lost line is found out (the y check);
- DUP: how many times the one before stands, ``S..Z`` for 1..8, ``s`` for 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError

__all__ = ["FORMS", "Line", "decode", "encode", "numbers"]

FORMS = ("AFFN", "PAC", "SQZ", "DIF", "DIFDUP")

_SQZ = {c: (d, "") for d, c in enumerate("@ABCDEFGHI")} | {
    c: (d, "-") for d, c in enumerate("abcdefghi", start=1)
}
_DIF = {c: (d, "") for d, c in enumerate("%JKLMNOPQR")} | {
    c: (d, "-") for d, c in enumerate("jklmnopqr", start=1)
}
_DUP = {c: d for d, c in enumerate("STUVWXYZs", start=1)}

# In ASDF an exponent must have its sign: E2 is the squeezed number 52.
_TOKEN = re.compile(
    r"(?P<gap>[ \t,;]+)|(?P<affn>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d+)?(?![.\d]))"
    r"|(?P<sqz>[@A-Ia-i]\d*\.?\d*)|(?P<dif>[%J-Rj-r]\d*)|(?P<dup>[S-Zs]\d*)|(?P<lost>\?)"
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_GAP = re.compile(r"[\s,;]+")
_LONGEST = 30
"""Digits of the longest number that is read."""


@dataclass(frozen=True)
class Line:
    """One line of a data table.

    Attributes:
        number: Its number in the file, from 1.
        x: Its abscissa, as written (before the factor).
        index: How many ordinates stand before that abscissa.
    """

    number: int
    x: float
    index: int


def _fault(problem: str, number: int, remedy: str = "") -> FormatError:
    return FormatError(
        problem,
        place=f"line {number}",
        remedy=remedy or "The file is damaged: copy or export it again",
    )


def _tokens(text: str, number: int) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or (len(match[0]) > _LONGEST and match.lastgroup != "gap"):
            raise _fault(f"{text[at : at + 12]!r} is no number of JCAMP-DX", number)
        at = match.end()
        if match.lastgroup != "gap":
            yield str(match.lastgroup), match[0]


def _value(kind: str, text: str) -> float:
    table = _SQZ if kind == "sqz" else _DIF
    digit, sign = table[text[0]]
    return float(f"{sign}{digit}{text[1:]}")


def decode(lines: Iterable[tuple[int, str]], limit: int) -> tuple[NDArray[np.float64], list[Line]]:
    """Read the lines of a table ``(X++(Y..Y))``.

    Args:
        lines: Line number and text, comments removed.
        limit: Most ordinates there may be; more are refused before memory is asked for.

    Returns:
        The ordinates before their factor, shape ``[point]``, and each line's abscissa.

    Raises:
        FormatError: If a number cannot be read, a y check fails, or there are too many.
    """
    ordinates: list[float] = []
    starts: list[Line] = []
    checked = False
    for number, text in lines:
        tokens = _tokens(text, number)
        first = next(tokens, None)
        if first is None:
            continue
        if first[0] != "affn":
            raise _fault(f"the line begins with {first[1]!r}, not with its abscissa", number)
        pending = checked
        starts.append(Line(number, float(first[1]), len(ordinates) - pending))
        difference: float | None = None
        fresh = False
        for kind, token in tokens:
            if kind == "lost":
                raise _fault("an ordinate is given as lost ('?')", number, "Leave that range out")
            if kind == "dup":
                digits = token[1:]
                count = int(f"{_DUP[token[0]]}{digits}") - 1
                if not fresh:
                    raise _fault(f"{token!r} has nothing to repeat", number)
                if len(ordinates) + count > limit:
                    raise _fault(f"there are more than the {limit} points announced", number)
                last = ordinates[-1]
                if difference is None:
                    ordinates.extend([last] * count)
                else:
                    ordinates.extend(last + difference * k for k in range(1, count + 1))
                fresh = False
                continue
            if kind == "dif":
                if not ordinates:
                    raise _fault(f"{token!r} is a difference from nothing", number)
                if pending:
                    raise _fault("the line lacks its y check", number)
                difference = _value(kind, token)
                ordinates.append(ordinates[-1] + difference)
            else:
                value = float(token) if kind == "affn" else _value(kind, token)
                if pending:
                    pending = False
                    if abs(value - ordinates[-1]) > 1e-9 * max(1.0, abs(value)):
                        raise _fault(
                            f"the y check fails: {value:g} where the line before ended with "
                            f"{ordinates[-1]:g}",
                            number,
                        )
                else:
                    ordinates.append(value)
                difference = None
            fresh = True
            if len(ordinates) > limit:
                raise _fault(f"there are more than the {limit} points announced", number)
        checked = difference is not None
    return np.array(ordinates), starts


def numbers(lines: Iterable[tuple[int, str]], limit: int) -> NDArray[np.float64]:
    """The plain numbers of a table ``(XY..XY)``, in their order.

    Raises:
        FormatError: If something else stands between them, or there are more than ``limit``.
    """
    found: list[float] = []
    for number, text in lines:
        for word in filter(None, _GAP.split(text)):
            if _PLAIN.fullmatch(word) is None or len(word) > _LONGEST:
                raise _fault(f"{word[:12]!r} is no number", number)
            found.append(float(word))
        if len(found) > limit:
            raise _fault(f"there are more than the {limit} numbers announced", number)
    return np.array(found)


def _letter(value: int, positive: str, negative: str) -> str:
    digits = str(abs(value))
    table = negative if value < 0 else positive
    return table[int(digits[0]) - (value < 0)] + digits[1:]


def encode(x: NDArray[np.float64], y: NDArray[np.int64], form: str, width: int = 75) -> list[str]:
    """Write ordinates as lines of ``(X++(Y..Y))``.

    Args:
        x: Abscissas, shape ``[point]``.
        y: Integer ordinates, shape ``[point]``.
        form: One of :data:`FORMS`.
        width: Where a line ends, about.

    Returns:
        The lines; those with differences end in a line that holds the last y check.
    """
    values = [int(v) for v in y]
    lines: list[str] = []
    at, count = 0, len(values)
    differences = form.startswith("DIF")
    while at < count:
        line = f"{x[at]:.10g}"
        begin = at
        if differences:
            line += _letter(values[at], "@ABCDEFGHI", "abcdefghi")
            at += 1
            while at < count and len(line) < width:
                step = values[at] - values[at - 1]
                line += _letter(step, "%JKLMNOPQR", "jklmnopqr")
                again = 1
                while (
                    form == "DIFDUP"
                    and again < 9  # some readers take but one digit
                    and at + again < count
                    and values[at + again] - values[at + again - 1] == step
                ):
                    again += 1
                if again > 1:
                    line += "STUVWXYZs"[again - 1]
                at += again
            # The next line repeats the last ordinate, if this one has a difference.
            at -= at - begin > 1 and at < count
            if at == count and at - begin > 1:
                lines += [line, f"{x[-1]:.10g}" + _letter(values[-1], "@ABCDEFGHI", "abcdefghi")]
                break
        else:
            while at < count and (at == begin or len(line) < width):
                if form == "SQZ":
                    line += _letter(values[at], "@ABCDEFGHI", "abcdefghi")
                else:
                    line += f"{values[at]:+d}" if form == "PAC" else f" {values[at]}"
                at += 1
        lines.append(line)
    return lines
