"""Dissolution of a film species into the electrolyte: ``r = k n max(0, 1 - c / c_sat)``.

The Noyes-Whitney law (1897, doi 10.1021/ja02086a003) with the wetted amount for the surface.
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "rate"]

PARAMETERS = {
    "rate_constant": "s-1",
    "activation_energy": "J mol-1",
    "solubility": "mol m-3",
}


def rate(
    rate_constant: float, amount: float, concentration: float, solubility: float
) -> float:  # pragma: no cover - compiled
    """Rate [mol m-2 s-1].

    Args:
        rate_constant: At the cell's temperature [s-1].
        amount: Of the solid [mol m-2].
        concentration: Of its dissolved form [mol m-3].
        solubility: [mol m-3].
    """
    return rate_constant * amount * max(0.0, 1.0 - concentration / solubility)
