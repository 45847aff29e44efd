"""Migration of electrons or ions in the film's own field: ``J = kappa (U - phi) / (F L)``.

Gives parabolic growth that follows the potential (von Kolzenberg, Latz, Horstmann 2020,
doi 10.1002/cssc.202000867).
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "flux"]

PARAMETERS = {"conductivity": "S m-1", "potential": "V", "activation_energy": "J mol-1"}

_FARADAY = 96485.33212


def flux(
    conductivity: float, drop: float, thickness: float
) -> float:  # pragma: no cover - compiled
    """Largest flux [mol m-2 s-1]; ``drop`` is the potential below the channel's own [V]."""
    return conductivity * max(drop, 0.0) / (_FARADAY * thickness)
