"""Currents, in ampere or as a C rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from opir.errors import OpirError, ProtocolError, UnitError, ValueRangeError
from opir.quantities import check_values, parse

__all__ = ["CRate", "amperes", "parse_current"]

_C_RATE = re.compile(r"^\s*([-+]?)\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)?\s*C(?:\s*/\s*(\S+))?\s*$")


@dataclass(frozen=True)
class CRate:
    """A current as a multiple of the nominal capacity per hour; positive on charge.

    Attributes:
        rate: ``0.1`` for C/10, ``-2`` for a discharge at 2C.
    """

    rate: float

    def __str__(self) -> str:
        sign, size = ("-" if self.rate < 0 else ""), abs(self.rate)
        divisor = round(1 / size) if 0 < size < 1 else 0
        if divisor > 1 and 1 / divisor == size:
            return f"{sign}C/{divisor}"
        return f"{sign}{repr(size).removesuffix('.0')} C"


def parse_current(value: Any) -> float | CRate:
    """A current [A] from a number or text, or a C rate from ``"C/10"``, ``"-0.5C"``, ``"2 C"``.

    Raises:
        UnitError: If the text is neither.
        ProtocolError: If the current is out of bounds.
    """
    if isinstance(value, CRate):
        return value
    if isinstance(value, str) and (match := _C_RATE.match(value)):
        sign, factor, divisor = match.groups()
        try:
            size = float(factor or 1) / float(divisor or 1)
        except (ValueError, ZeroDivisionError):
            raise UnitError(
                f"{value!r} is not a C rate", remedy="Write 'C/10' or '0.1 C'"
            ) from None
        if not size <= 1e4:
            raise ProtocolError(f"{value!r} is more than 10000 C", remedy="Check the rate")
        return CRate(-size if sign == "-" else size)
    try:
        return parse(value, "current")
    except ValueRangeError as error:
        raise ProtocolError(error.problem, remedy=error.remedy) from None


def amperes(current: float | CRate, capacity: float | None) -> float:
    """A current in ampere.

    Args:
        current: [A], or a C rate.
        capacity: Nominal capacity [A h].

    Raises:
        ProtocolError: If it is a C rate and the capacity is not known.
    """
    if not isinstance(current, CRate):
        return current
    if capacity is None:
        raise ProtocolError(
            f"the current {current} is a C rate, and the protocol has no nominal capacity",
            remedy="Give the protocol a capacity, such as '2.5 mA h', or the current in A",
        )
    value = current.rate * capacity
    try:
        check_values(value, "current")
    except OpirError as error:
        raise ProtocolError(error.problem, remedy="Check the capacity and the C rate") from None
    return value
