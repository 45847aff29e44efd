"""The interphase breathes: swollen with solvent when the electrode is empty, compact when full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ValueRangeError

__all__ = ["Breathing"]


@dataclass(frozen=True)
class Breathing:
    """Thickness falls linearly with the degree of lithiation, by ``amplitude`` from 0 to 1.

    On silicon the film is about 250 A thick delithiated and 180 A lithiated, by neutron
    reflectometry (J. Phys. Chem. C 119 (2015) 20339): amplitude 0.28. That the difference is
    solvent taken up, and the linear course between, are assumptions.

    Attributes:
        amplitude: Share of the delithiated thickness that is lost on full lithiation, 0 to < 1.

    Raises:
        ValueRangeError: If it is not.
    """

    amplitude: float = 0.28

    def __post_init__(self) -> None:
        if not 0 <= self.amplitude < 1:
            raise ValueRangeError(
                f"a breathing amplitude of {self.amplitude:g}",
                remedy="Give the relative loss of thickness, at least 0 and below 1",
            )

    def factor(self, lithiation: ArrayLike) -> NDArray[np.float64]:
        """Thickness over that of the compact, lithiated film: 1 / (1 - amplitude) to 1.

        Args:
            lithiation: Degree, any shape; values beyond 0 and 1 count as these.

        Raises:
            ValueRangeError: If a degree is not finite.
        """
        x = np.asarray(lithiation, dtype=np.float64)
        if not np.isfinite(x).all():
            raise ValueRangeError(
                "a degree of lithiation is not finite", remedy="Check the kinetics"
            )
        swollen = (1 - self.amplitude * np.clip(x, 0, 1)) / (1 - self.amplitude)
        return np.asarray(swollen, dtype=np.float64)

    def thickness(self, compact: ArrayLike, lithiation: ArrayLike) -> NDArray[np.float64]:
        """Thickness of a film whose solids alone are ``compact`` [m] thick, m."""
        return np.asarray(np.asarray(compact, float) * self.factor(lithiation))

    def uptake(self, compact: ArrayLike, lithiation: ArrayLike) -> NDArray[np.float64]:
        """Solvent in the film, m3 per m2 of electrode; 0 when fully lithiated."""
        return np.asarray(np.asarray(compact, float) * (self.factor(lithiation) - 1))
