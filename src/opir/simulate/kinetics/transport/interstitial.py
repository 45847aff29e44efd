"""Diffusion of neutral lithium (electrons on interstitials): ``J = D c exp(-F phi/(R T)) / L``.

Grows faster the lower the potential (Single, Latz, Horstmann 2018, doi 10.1002/cssc.201800077).
"""

from __future__ import annotations

import math

__all__ = ["PARAMETERS", "flux"]

PARAMETERS = {"diffusivity": "m2 s-1", "concentration": "mol m-3", "activation_energy": "J mol-1"}


def flux(
    diffusivity: float, concentration: float, exponent: float, thickness: float
) -> float:  # pragma: no cover - compiled
    """Largest flux [mol m-2 s-1]; ``exponent`` is ``-F phi / (R T)``."""
    return diffusivity * concentration * math.exp(min(exponent, 40.0)) / thickness
