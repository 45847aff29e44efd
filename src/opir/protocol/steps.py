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
from pydantic import BeforeValidator, Field, model_validator

from opir.errors import ProtocolError, UnknownNameError
from opir.protocol.base import (
    Current,
    Duration,
    PlainStep,
    Rate,
    Repeats,
    Step,
    Voltage,
)
from opir.protocol.measured import Measured
from opir.protocol.rates import CRate, amperes

__all__ = [
    "STEPS",
    "AnyStep",
    "ConstantCurrent",
    "ConstantVoltage",
    "Cycle",
    "Gitt",
    "Rest",
    "Sweep",
    "make_step",
]


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
    current: Current
    duration: Duration | None = None
    until_voltage: Voltage | None = None

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
    voltage: Voltage
    duration: Duration | None = None
    until_current: Current | None = None

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
    duration: Duration

    @property
    def length(self) -> float | None:
        return self.duration

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        return (np.nan, np.nan), (0.0, 0.0)


class Sweep(PlainStep):
    """Linear sweep of the voltage from ``start`` to ``end`` [V] at ``rate`` [V/s], above 0."""

    KIND: ClassVar[str] = "sweep"
    start: Voltage
    end: Voltage
    rate: Rate

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
    current: Current
    pulse: Duration
    rest: Duration
    repeats: Repeats
    until_voltage: Voltage | None = None

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
    repeats: Repeats
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
