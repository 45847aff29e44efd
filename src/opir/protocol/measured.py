"""A recorded course as a step of a protocol."""

# ruff: noqa: D102 - what overrides a method of the base class keeps its docstring there
from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from opir.errors import OpirError, ProtocolError
from opir.protocol.base import Duration, Pieces, Step
from opir.quantities import parse

__all__ = ["Measured"]


class Measured(Step):
    """A recorded course: values at times, linear in between.

    Attributes:
        time: [s], rising; a time may stand twice where a value jumps. Shape ``[row]``, 2 or more.
        voltage: [V], None where missing; shape ``[row]`` or left out.
        current: [A], positive on charge.
        temperature: [K]; the protocol's where it is left out.
        longest_gap: Between rows further apart than this [s] nothing is known.

    Numbers may be given as a list or as a text with blanks between, ``-`` where missing.

    Raises:
        ProtocolError: If times run backwards, lengths differ or values are out of bounds.
    """

    KIND: ClassVar[str] = "measured"
    time: tuple[float, ...] = Field(min_length=2)
    voltage: tuple[float | None, ...] | None = None
    current: tuple[float | None, ...] | None = None
    temperature: tuple[float | None, ...] | None = None
    longest_gap: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _split(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            key: [None if part == "-" else part for part in value.split()]
            if isinstance(value, str) and key in ("time", "voltage", "current", "temperature")
            else value
            for key, value in data.items()
        }

    @model_validator(mode="after")
    def _sound(self) -> Self:
        times = np.array(self.time)
        if (np.diff(times) < 0).any():
            at = int(np.argmax(np.diff(times) < 0))
            raise ProtocolError(
                f"times run backwards: {times[at]:g} s, {times[at + 1]:g} s",
                place=f"time[{at}:{at + 2}]",
                remedy="Sort the rows",
            )
        if times[0] == times[-1]:
            raise ProtocolError("all rows have the same time", remedy="Give their times in s")
        for name, column in self.columns().items():
            if column is not None and len(column) != times.size:
                raise ProtocolError(f"{name} has {len(column)} values for {times.size} times")
            for row, value in enumerate(column or ()):
                if value is not None:
                    try:
                        parse(value, name)
                    except OpirError as error:
                        raise ProtocolError(
                            error.problem, remedy=error.remedy, place=f"{name}[{row}]"
                        ) from None
        return self

    def columns(self) -> dict[str, tuple[float | None, ...] | None]:
        """Voltage, current and temperature as given, by quantity."""
        return {"voltage": self.voltage, "current": self.current, "temperature": self.temperature}

    @property
    def length(self) -> float | None:
        return self.time[-1] - self.time[0]

    def course(self, start: float, capacity: float | None, temperature: float) -> Pieces:
        times = np.array(self.time)
        table = np.full((times.size, 3), np.nan)
        table[:, 2] = temperature
        for column, values in enumerate(self.columns().values()):
            if values is not None:
                table[:, column] = np.array(values, dtype=np.float64)
        if self.longest_gap is not None:
            # A row without values in the middle opens the gap; the rows around it stay.
            after = np.flatnonzero(np.diff(times) > self.longest_gap) + 1
            known = np.nan if self.temperature is not None else temperature
            times = np.insert(times, after, (times[after - 1] + times[after]) / 2)
            table = np.insert(table, after, [np.nan, np.nan, known], axis=0)
        begin, finish = table[:-1], table[1:]
        # A record that starts on its own clock keeps its times bit by bit.
        clock = times + (start - times[0])
        bounds = np.stack([clock[:-1], clock[1:]], axis=1)
        used = bounds[:, 1] > bounds[:, 0]
        return bounds[used], begin[used], finish[used]
