"""The base of all kinds of step, and the fields that take values with units."""

# ruff: noqa: D102 - what overrides a method of the base class keeps its docstring there
from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from opir.errors import ProtocolError, ValueRangeError
from opir.protocol.explain import explain
from opir.protocol.rates import CRate, parse_current
from opir.quantities import parse

__all__ = [
    "Current",
    "Duration",
    "Pieces",
    "PlainStep",
    "Rate",
    "Repeats",
    "Step",
    "Temperature",
    "Voltage",
    "quantity_field",
]


def quantity_field(name: str) -> BeforeValidator:
    """A field that takes a number in the unit inside or a text with a unit; None stays None.

    Args:
        name: Its quantity.
    """

    def convert(value: Any) -> Any:
        try:
            return None if value is None else parse(value, name)
        except ValueRangeError as error:
            raise ProtocolError(error.problem, remedy=error.remedy) from None

    return BeforeValidator(convert)


def _current(value: Any) -> Any:
    return None if value is None else parse_current(value)


Voltage = Annotated[float, quantity_field("voltage")]
Temperature = Annotated[float, quantity_field("temperature")]
Duration = Annotated[float, quantity_field("time"), Field(gt=0)]
Rate = Annotated[float, quantity_field("sweep_rate"), Field(gt=0)]
Current = Annotated[float | CRate, BeforeValidator(_current)]
Repeats = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]

Pieces = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
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

    def course(self, start: float, capacity: float | None, temperature: float) -> Pieces:
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

    temperature: Temperature | None = None

    def ends(self, capacity: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
        """Voltage [V] at its beginning and end, and current [A]; NaN where unknown."""
        raise NotImplementedError

    def course(self, start: float, capacity: float | None, temperature: float) -> Pieces:
        (v0, v1), (i0, i1) = self.ends(capacity)
        kelvin = temperature if self.temperature is None else self.temperature
        times = np.array([[start, start + (self.length or 0.0)]])
        return times, np.array([[v0, i0, kelvin]]), np.array([[v1, i1, kelvin]])
