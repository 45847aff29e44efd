"""What a cell allows a protocol: its voltage window, its capacity, which way it goes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opir.chemistry.system import SystemModel
from opir.errors import OptionError, ProtocolError, ValueRangeError
from opir.protocol import (
    ConstantCurrent,
    ConstantVoltage,
    Cycle,
    Gitt,
    Measured,
    Protocol,
    Sweep,
)
from opir.protocol.base import PlainStep, Step
from opir.quantities import check_values

__all__ = ["CellLimits", "check_temperature", "check_window"]

_SLACK = 0.02
"""A recorded voltage may lie so far outside the window: cells drift at open circuit [V]."""

_COLDEST, _HOTTEST = 233.15, 393.15
"""Beyond these no electrolyte of the library is a liquid that lasts [K]."""


@dataclass(frozen=True)
class CellLimits:
    """What a cell allows.

    Attributes:
        lower, upper: Its window [V]: of the cell as it is cycled, so a half cell's against its
            counter electrode.
        capacity: Nominal capacity that C rates refer to [A h]; None where it has none.
        temperature: [K] of protocols that say none.
        charge_first: A full cell is assembled discharged, so its first half cycle charges; a
            half cell with an empty working electrode is discharged first (negative current).
        name: What to call the cell in messages.

    Raises:
        OptionError: If the window is empty or the capacity is not above 0.
        ValueRangeError: If the temperature is outside -40 to 120 degC.
    """

    lower: float
    upper: float
    capacity: float | None = None
    temperature: float | None = None
    charge_first: bool = False
    name: str = "the cell"

    def __post_init__(self) -> None:
        check_values([self.lower, self.upper], "voltage")
        if not self.lower < self.upper:
            raise OptionError(
                f"the window {self.lower:g} to {self.upper:g} V is empty",
                remedy="Give the lower voltage first",
            )
        if self.capacity is not None and not 0 < self.capacity < np.inf:
            raise OptionError(f"the capacity {self.capacity:g} A h is not above 0")
        if self.temperature is not None:
            check_temperature(self.temperature, self.name)

    @classmethod
    def of_system(
        cls,
        model: SystemModel,
        *,
        capacity: float | None = None,
        temperature: float | None = None,
    ) -> CellLimits:
        """The limits of a system of the library.

        Args:
            model: The system.
            capacity: Of the cell [A h].
            temperature: Of the cell [K]; the system's by default.
        """
        kelvin = model.system.temperature if temperature is None else temperature
        return cls(*model.window, capacity, kelvin, model.full_cell, model.name)

    @property
    def first_end(self) -> float:
        """Voltage at which the first half cycle ends [V]."""
        return self.upper if self.charge_first else self.lower

    @property
    def second_end(self) -> float:
        """Voltage at which the second half cycle ends [V]."""
        return self.lower if self.charge_first else self.upper


def check_temperature(kelvin: float, name: str, place: str | None = None) -> None:
    """Refuse temperatures at which no electrolyte of the library is a liquid that lasts.

    Args:
        kelvin: The temperature [K].
        name: What it was asked for of.
        place: Where it stands.

    Raises:
        ValueRangeError: If it is outside -40 to 120 degC.
    """
    check_values(kelvin, "temperature")
    if not _COLDEST - 1e-6 <= kelvin <= _HOTTEST + 1e-6:  # as converted from degrees
        raise ValueRangeError(
            f"{kelvin:g} K ({kelvin - 273.15:g} degC) was asked for of {name}; electrolytes are "
            f"simulated from {_COLDEST - 273.15:g} to {_HOTTEST - 273.15:g} degC",
            place=place,
            remedy="Check the temperature and its unit",
        )


def _temperatures(step: Step) -> Iterator[float]:
    if isinstance(step, Cycle):
        for inner in step.steps:
            yield from _temperatures(inner)
    elif isinstance(step, PlainStep) and step.temperature is not None:
        yield step.temperature
    elif isinstance(step, Measured):
        yield from (value for value in step.temperature or () if value is not None)


def _voltages(step: Step) -> Iterator[tuple[str, float]]:
    """The voltages that a step names, with the field that does."""
    if isinstance(step, Cycle):
        for inner in step.steps:
            yield from _voltages(inner)
    elif isinstance(step, Sweep):
        yield from (("start", step.start), ("end", step.end))
    elif isinstance(step, ConstantVoltage):
        yield "voltage", step.voltage
    elif isinstance(step, (ConstantCurrent, Gitt)) and step.until_voltage is not None:
        yield "until_voltage", step.until_voltage
    elif isinstance(step, Measured):
        known = [value for value in step.voltage or () if value is not None]
        yield from (("voltage", function(known)) for function in (min, max) if known)


def check_window(protocol: Protocol, limits: CellLimits) -> None:
    """Refuse voltages and temperatures that the cell cannot have.

    Raises:
        ProtocolError: If a voltage is outside the window; names the step.
        ValueRangeError: If a temperature is outside -40 to 120 degC.
    """
    if protocol.temperature is not None:
        check_temperature(protocol.temperature, limits.name)
    for number, step in enumerate(protocol.steps):
        for kelvin in _temperatures(step):
            check_temperature(kelvin, limits.name, f"steps[{number}].temperature")
        slack = _SLACK if isinstance(step, Measured) else 1e-9
        for field, value in _voltages(step):
            if not limits.lower - slack <= value <= limits.upper + slack:
                raise ProtocolError(
                    f"{value:g} V is outside the window of {limits.name}, "
                    f"{limits.lower:g} to {limits.upper:g} V",
                    place=f"steps[{number}].{field}",
                    remedy="Keep the voltages inside the window, or choose another system",
                )
