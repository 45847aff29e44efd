"""How an equilibrium constant moves with temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.quantities import check_values

__all__ = ["REFERENCE_TEMPERATURE", "van_t_hoff"]

REFERENCE_TEMPERATURE = 298.15
"""[K] at which constants are given."""

_GAS = 8.31446261815324


def van_t_hoff(enthalpy: float, temperature: ArrayLike) -> NDArray[np.float64]:
    """K(T) / K(298.15 K) = exp(-enthalpy / R (1/T - 1/298.15 K)).

    Args:
        enthalpy: Of reaction [J mol-1]; positive: more product when hot.
        temperature: Any shape [K].

    Raises:
        ValueRangeError: If a temperature is out of bounds.
    """
    check_values(temperature, "temperature")
    inverse = 1 / np.asarray(temperature, dtype=np.float64) - 1 / REFERENCE_TEMPERATURE
    return np.asarray(np.exp(-enthalpy / _GAS * inverse), dtype=np.float64)
