"""Escape of a dissolved gas from a supersaturated electrolyte: ``r = k h max(0, c - c_sat)``.

First order in the supersaturation, as for bubbles that are there already. What is taken up again
reacts as the dissolved form, by another law.
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "rate"]

PARAMETERS = {
    "rate_constant": "s-1",
    "activation_energy": "J mol-1",
    "solubility": "mol m-3",
}


def rate(
    rate_constant: float, height: float, concentration: float, solubility: float
) -> float:  # pragma: no cover - compiled
    """Rate per electrode surface [mol m-2 s-1].

    Args:
        rate_constant: At the cell's temperature [s-1].
        height: Volume of electrolyte per electrode surface [m].
        concentration, solubility: Of the dissolved gas [mol m-3].
    """
    return rate_constant * height * max(0.0, concentration - solubility)
