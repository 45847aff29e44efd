"""Tunnelling of electrons through the film: ``J = J0 exp(-(L - L0) / l)``.

Gives growth that levels off logarithmically (Li, Danilov, Gao, Yang, Notten 2015, J. Electrochem.
Soc. 162, A858).
"""

from __future__ import annotations

import math

__all__ = ["PARAMETERS", "flux"]

PARAMETERS = {
    "rate": "mol m-2 s-1",
    "decay_length": "m",
    "onset_thickness": "m",
    "activation_energy": "J mol-1",
}


def flux(
    rate: float, decay_length: float, onset_thickness: float, thickness: float
) -> float:  # pragma: no cover - compiled
    """Largest flux [mol m-2 s-1]; it is ``rate`` at the onset thickness."""
    return rate * math.exp(-max((thickness - onset_thickness) / decay_length, -60.0))
