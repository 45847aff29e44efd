"""What an effect of the instrument is, and what it sees."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from opir.errors import ValueRangeError
from opir.registry import Registry

__all__ = ["EFFECTS", "Effect", "Scene"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """The axes of a measurement.

    Attributes:
        wavenumber: Strictly monotonic [wavenumber], cm-1.
        time: Strictly rising [time], s.
    """

    wavenumber: Array
    time: Array

    @property
    def scaled(self) -> Array:
        """The wavenumber axis mapped to -1 ... 1 [wavenumber]; 0 for a single point."""
        low, high = float(self.wavenumber.min()), float(self.wavenumber.max())
        if high == low:
            return np.zeros(self.wavenumber.size)
        return 2 * (self.wavenumber - low) / (high - low) - 1


@dataclass(frozen=True)
class Effect:
    """One effect of the instrument; numbers among its fields are not negative.

    Attributes:
        name: The name it is registered under.

    Raises:
        ValueRangeError: If a number is negative or not finite.
    """

    name: ClassVar[str]

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, (int, float)) and not (math.isfinite(value) and value >= 0):
                raise ValueRangeError(
                    f"{item.name} of the effect {self.name!r} is {value:g}",
                    remedy="Give a finite number, not below 0",
                )

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """The absorbance after the effect.

        Args:
            absorbance: [time, wavenumber]; left as it is.
            scene: The axes.
            generator: Source of all chance.
            draws: What was drawn is added here, names beginning with that of the effect.

        Returns:
            A new array of the same shape, or ``absorbance`` itself where nothing happens.
        """
        raise NotImplementedError


EFFECTS: Registry[type[Effect]] = Registry("instrument effect")
"""Every effect by name."""
