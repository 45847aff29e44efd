"""The kinds of step that a protocol is made of, each a small frozen class.

Current is positive on charge, that is on oxidation at the working electrode; a discharge, such as
the first lithiation of graphite against lithium, has a negative current. A step may end at a
cutoff; with a duration beside it, the duration is the longest it may last.

A new kind is a new class here and its entry in :data:`STEPS`.
"""

# ruff: noqa: D102 - what overrides a method of the base class keeps its docstring there
from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from opir.errors import OpirError, ProtocolError, UnknownNameError, ValueRangeError
from opir.protocol.explain import explain
from opir.protocol.rates import CRate, amperes, parse_current
from opir.quantities import parse

__all__ = [
    "STEPS",
    "AnyStep",
    "ConstantCurrent",
    "ConstantVoltage",
    "Cycle",
    "Gitt",
    "Measured",
    "PlainStep",
    "Rest",
    "Step",
    "Sweep",
    "make_step",
]


def _quantity(name: str) -> BeforeValidator:
    def convert(value: Any) -> Any:
        try:
            return parse(value, name)
        except ValueRangeError as error:
            raise ProtocolError(error.problem, remedy=error.remedy) from None

    return BeforeValidator(lambda value: None if value is None else convert(value))


def _current(value: Any) -> Any:
    return None if value is None else parse_current(value)


_Voltage = Annotated[float, _quantity("voltage")]
_Temperature = Annotated[float, _quantity("temperature")]
_Duration = Annotated[float, _quantity("time"), Field(gt=0)]
_Rate = Annotated[float, _quantity("sweep_rate"), Field(gt=0)]
_Current = Annotated[float | CRate, BeforeValidator(_current)]
_Repeats = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]

Course = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Beginning and end of each piece, shape ``[piece, 2]`` [s], and voltage, current and temperature
there, shape ``[piece, 3]`` each; in between they change linearly. NaN where not known."""


class Step(BaseModel):
    """Base of all steps."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    KIND: ClassVar[str] = ""

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise explain(error, type(self)) from error

    @property
    def length(self) -> float | None:
        """How long it lasts at most [s]; None where only a cutoff ends it."""
        raise NotImplementedError

    @property
    def cutoff(self) -> bool:
        """Whether it may end before its duration is over."""
        return False

    def leaves(self, place: str) -> Iterator[tuple[str, Step]]:
        """The plain steps that it is made of, in order, each with its place in the protocol."""
        yield place, self

    def count(self) -> int:
        """Number of plain steps."""
        return 1

    def currents(self) -> Iterator[float | CRate]:
        """All currents it names."""
        yield from ()

    def course(self, start: float, capacity: float | None, temperature: float) -> Course:
        """What it does to the cell, piece by piece.

        Args:
            start: When it starts [s].
            capacity: Nominal capacity that C rates refer to [A h].
            temperature: The protocol's temperature [K], NaN where unknown.
        """
        raise NotImplementedError


class PlainStep(Step):
    """A step in which voltage and current are unknown, constant or change linearly.

    Attributes:
        temperature: [K] during the step; the protocol's where it is left out.
    """

    temperature: _Temperature | None = None

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        """Voltage [V] at its beginning and end, and current [A]; NaN where unknown."""
        raise NotImplementedError

    def course(self, start: float, capacity: float | None, temperature: float) -> Course:
        (v0, v1), (i0, i1) = self.ends(capacity)
        kelvin = temperature if self.temperature is None else self.temperature
        times = np.array([[start, start + (self.length or 0.0)]])
        return times, np.array([[v0, i0, kelvin]]), np.array([[v1, i1, kelvin]])


class ConstantCurrent(PlainStep):
    """Constant current, positive on charge.

    Attributes:
        current: [A], a text such as ``"-20 mA"``, or a C rate such as ``"-C/10"``.
        duration: [s], at most.
        until_voltage: Cutoff [V].

    Raises:
        ProtocolError: If the current is 0, or neither duration nor cutoff is given.
    """

    KIND: ClassVar[str] = "constant_current"
    current: _Current
    duration: _Duration | None = None
    until_voltage: _Voltage | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        value = self.current.rate if isinstance(self.current, CRate) else self.current
        if value == 0:
            raise ProtocolError("a constant current of 0 is a rest", remedy="Use a rest step")
        if self.duration is None and self.until_voltage is None:
            raise ProtocolError(
                "nothing ends the constant current", remedy="Give a duration or until_voltage"
            )
        return self

    @property
    def length(self) -> float | None:
        return self.duration

    @property
    def cutoff(self) -> bool:
        return self.until_voltage is not None

    def currents(self) -> Iterator[float | CRate]:
        yield self.current

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        current = amperes(self.current, capacity)
        return (np.nan, np.nan), (current, current)


class ConstantVoltage(PlainStep):
    """Constant voltage.

    Attributes:
        voltage: [V].
        duration: [s], at most.
        until_current: Cutoff: the size of the current falls to this [A] or C rate.

    Raises:
        ProtocolError: If neither duration nor cutoff is given, or the cutoff is not above 0.
    """

    KIND: ClassVar[str] = "constant_voltage"
    voltage: _Voltage
    duration: _Duration | None = None
    until_current: _Current | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.duration is None and self.until_current is None:
            raise ProtocolError(
                "nothing ends the constant voltage", remedy="Give a duration or until_current"
            )
        limit = self.until_current
        if limit is not None and (limit.rate if isinstance(limit, CRate) else limit) <= 0:
            raise ProtocolError(
                "until_current is the size of a current, above 0", remedy="Leave out its sign"
            )
        return self

    @property
    def length(self) -> float | None:
        return self.duration

    @property
    def cutoff(self) -> bool:
        return self.until_current is not None

    def currents(self) -> Iterator[float | CRate]:
        if self.until_current is not None:
            yield self.until_current

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        return (self.voltage, self.voltage), (np.nan, np.nan)


class Rest(PlainStep):
    """Open circuit: no current; the voltage is the cell's own."""

    KIND: ClassVar[str] = "rest"
    duration: _Duration

    @property
    def length(self) -> float | None:
        return self.duration

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        return (np.nan, np.nan), (0.0, 0.0)


class Sweep(PlainStep):
    """Linear sweep of the voltage from ``start`` to ``end`` [V] at ``rate`` [V/s], above 0."""

    KIND: ClassVar[str] = "sweep"
    start: _Voltage
    end: _Voltage
    rate: _Rate

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.start == self.end:
            raise ProtocolError(
                f"the sweep starts and ends at {self.start:g} V", remedy="Use constant_voltage"
            )
        return self

    @property
    def length(self) -> float | None:
        return abs(self.end - self.start) / self.rate

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        return (self.start, self.end), (np.nan, np.nan)


class Gitt(PlainStep):
    """Galvanostatic intermittent titration: current pulses, each followed by a rest.

    Attributes:
        current: Of the pulses [A], positive on charge, or a C rate.
        pulse: Length of a pulse [s].
        rest: Length of a rest [s].
        repeats: Number of pulses.
        until_voltage: Cutoff of the pulses [V].

    Method: Weppner and Huggins 1977, doi 10.1149/1.2133112.
    """

    KIND: ClassVar[str] = "gitt"
    current: _Current
    pulse: _Duration
    rest: _Duration
    repeats: _Repeats
    until_voltage: _Voltage | None = None

    @property
    def _pair(self) -> tuple[ConstantCurrent, Rest]:
        pulse = ConstantCurrent(
            current=self.current,
            duration=self.pulse,
            until_voltage=self.until_voltage,
            temperature=self.temperature,
        )
        return pulse, Rest(duration=self.rest, temperature=self.temperature)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _ = self._pair
        return self

    @property
    def length(self) -> float | None:
        return self.repeats * (self.pulse + self.rest)

    @property
    def cutoff(self) -> bool:
        return self.until_voltage is not None

    def leaves(self, place: str) -> Iterator[tuple[str, Step]]:
        pair = self._pair
        for _ in range(self.repeats):
            yield from ((place, step) for step in pair)

    def count(self) -> int:
        return 2 * self.repeats

    def currents(self) -> Iterator[float | CRate]:
        yield self.current


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
    longest_gap: _Duration | None = None

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

    def course(self, start: float, capacity: float | None, temperature: float) -> Course:
        times = np.array(self.time)
        table = np.full((times.size, 3), np.nan)
        table[:, 2] = temperature
        for column, values in enumerate(self.columns().values()):
            if values is not None:
                table[:, column] = np.array(values, dtype=np.float64)
        begin, finish = table[:-1].copy(), table[1:].copy()
        if self.longest_gap is not None:
            gap = np.diff(times) > self.longest_gap
            begin[gap, :2] = finish[gap, :2] = np.nan
            if self.temperature is not None:
                begin[gap, 2] = finish[gap, 2] = np.nan
        # A record that starts on its own clock keeps its times bit by bit.
        clock = times + (start - times[0])
        bounds = np.stack([clock[:-1], clock[1:]], axis=1)
        used = bounds[:, 1] > bounds[:, 0]
        return bounds[used], begin[used], finish[used]


def make_step(value: Any) -> Step:
    """A step from itself or from a mapping with its kind under ``step``.

    Raises:
        UnknownNameError: If the kind is unknown; the nearest are listed.
        ProtocolError: If it is not a mapping, or its fields are wrong.
    """
    if isinstance(value, Step):
        return value
    if not isinstance(value, dict) or not isinstance(value.get("step"), str):
        raise ProtocolError(
            f"{str(value)[:60]!r} is not a step",
            remedy=f"A step is a mapping with its kind under 'step': {', '.join(STEPS)}",
        )
    kind = value["step"]
    if kind not in STEPS:
        raise UnknownNameError("kind of step", kind, STEPS)
    return STEPS[kind](**{str(k): v for k, v in value.items() if k != "step"})


AnyStep = Annotated[Step, BeforeValidator(make_step)]


class Cycle(Step):
    """A group of steps, repeated.

    Attributes:
        steps: The group.
        repeats: How often it runs in all.
    """

    KIND: ClassVar[str] = "cycle"
    repeats: _Repeats
    steps: tuple[AnyStep, ...] = Field(min_length=1)

    @property
    def length(self) -> float | None:
        lengths = [step.length for step in self.steps]
        if any(length is None for length in lengths):
            return None
        return self.repeats * sum(length or 0.0 for length in lengths)

    @property
    def cutoff(self) -> bool:
        return any(step.cutoff for step in self.steps)

    def leaves(self, place: str) -> Iterator[tuple[str, Step]]:
        for _ in range(self.repeats):
            for number, step in enumerate(self.steps):
                yield from step.leaves(f"{place}.steps[{number}]")

    def count(self) -> int:
        return self.repeats * sum(step.count() for step in self.steps)

    def currents(self) -> Iterator[float | CRate]:
        for step in self.steps:
            yield from step.currents()


STEPS: dict[str, type[Step]] = {
    kind.KIND: kind
    for kind in (ConstantCurrent, ConstantVoltage, Rest, Sweep, Gitt, Measured, Cycle)
}
"""Kind, as the text form writes it -> class."""
