"""The single-channel spectrum: how much light of each wavenumber arrives."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from opir.errors import ValueRangeError

__all__ = ["Throughput"]

_SECOND_RADIATION = 1.438776877
_GRID = np.linspace(400, 5000, 461)


@dataclass(frozen=True)
class Throughput:
    """Source times edges of fibre or window and of detector, 1 at its best between 400 and 5000.

    Planck's spectrum per wavenumber, v^3 / (exp(c2 v / T) - 1), times logistic edges; a floor
    stands for what is never quite dark. Edges are general knowledge: a TAS fibre fades below
    about 850 cm-1, an MCT detector below 700.

    Attributes:
        source_temperature: [K]; 0 for a flat source.
        low_edge, low_width: Where half is left on the low side and how steep, cm-1; width 0 for
            no edge.
        high_edge, high_width: The same on the high side.
        floor: Smallest value.

    Raises:
        ValueRangeError: If a number is negative or not finite, or the floor not above 0.
    """

    source_temperature: float = 1300.0
    low_edge: float = 840.0
    low_width: float = 20.0
    high_edge: float = 4500.0
    high_width: float = 150.0
    floor: float = 0.03

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueRangeError(
                    f"{item.name} of the throughput is {value:g}",
                    remedy="Give a finite number, not below 0",
                )
        if not 0 < self.floor <= 1:
            raise ValueRangeError(
                f"the floor of the throughput is {self.floor:g}", remedy="Give it above 0, up to 1"
            )

    def relative(self, wavenumber: NDArray[np.float64]) -> NDArray[np.float64]:
        """Relative intensity [wavenumber], ``floor`` to about 1."""
        best = float(self._raw(_GRID).max())
        if best == 0:
            return np.ones(wavenumber.size)
        return np.maximum(self._raw(wavenumber) / best, self.floor)

    def _raw(self, wavenumber: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.ones(wavenumber.size)
        v = np.maximum(wavenumber, 1.0)
        if self.source_temperature > 0:
            found *= v**3 / np.expm1(
                np.minimum(_SECOND_RADIATION * v / self.source_temperature, 700)
            )
        if self.low_width > 0:
            found *= 0.5 * (1 + np.tanh((v - self.low_edge) / (2 * self.low_width)))
        if self.high_width > 0:
            found *= 0.5 * (1 - np.tanh((v - self.high_edge) / (2 * self.high_width)))
        return found
