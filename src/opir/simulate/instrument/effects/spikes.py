"""Single wild points: interference, lost scans, digitiser faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from opir.errors import ValueRangeError
from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene

__all__ = ["Spikes"]


@dataclass(frozen=True)
class Spikes(Effect):
    """A share of all points is moved up or down by an exponentially distributed amount.

    Attributes:
        share: Of the points, 0 to 1.
        amplitude: Mean of the amount in absorbance.
    """

    name: ClassVar[str] = "spikes"
    share: float = 1e-3
    amplitude: float = 5e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share > 1:
            raise ValueRangeError(f"a share of {self.share:g}", remedy="Give 0 to 1")

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; draws ``spikes.number``."""
        number = int(generator.binomial(absorbance.size, self.share))
        draws["spikes.number"] = float(number)
        out = absorbance.copy()
        place = generator.choice(absorbance.size, number, replace=False)
        height = generator.exponential(self.amplitude, number)
        out.flat[place] += height * generator.choice([-1.0, 1.0], number)
        return out


EFFECTS.add(Spikes.name, Spikes)
