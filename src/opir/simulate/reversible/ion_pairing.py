"""Contact ion pairs by the law of mass action."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ValueRangeError
from opir.simulate.reversible.van_t_hoff import van_t_hoff

__all__ = ["IonPairing"]


@dataclass(frozen=True)
class IonPairing:
    """cation + anion = pair, pair = K free_cation free_anion.

    The root of the quadratic that lies below both totals, written so that it keeps its digits:
    pair = 2 K a b / (s + sqrt(s^2 - 4 K^2 a b)), s = 1 + K (a + b).

    Attributes:
        constant: K at 298.15 K, m3 mol-1; 0 for none.
        enthalpy: Of pairing, J mol-1; positive: more pairs when hot, as carbonates have it.

    Raises:
        ValueRangeError: If the constant is negative or not finite.
    """

    constant: float
    enthalpy: float = 4000.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.constant) and self.constant >= 0):
            raise ValueRangeError(
                f"the pairing constant is {self.constant:g}", remedy="Give 0 or more, in m3 mol-1"
            )

    def pairs(
        self, cation: ArrayLike, anion: ArrayLike, temperature: ArrayLike
    ) -> NDArray[np.float64]:
        """Concentration of pairs, mol m-3.

        Args:
            cation, anion: Totals, free and paired, mol m-3; broadcast.
            temperature: K; broadcast.

        Raises:
            ValueRangeError: If a concentration is negative or not finite.
        """
        a, b = np.asarray(cation, dtype=np.float64), np.asarray(anion, dtype=np.float64)
        for name, values in (("cation", a), ("anion", b)):
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueRangeError(
                    f"a concentration of {name} is negative or not finite",
                    remedy="Concentrations are in mol m-3 and not below 0",
                )
        k = self.constant * van_t_hoff(self.enthalpy, temperature)
        total = 1 + k * (a + b)
        # s^2 - 4 K^2 a b = 1 + 2 K (a + b) + K^2 (a - b)^2, without cancellation
        root = np.sqrt(1 + 2 * k * (a + b) + (k * (a - b)) ** 2)
        found = 2 * k * a * b / (total + root)
        return np.asarray(np.minimum(found, np.minimum(a, b)), dtype=np.float64)
