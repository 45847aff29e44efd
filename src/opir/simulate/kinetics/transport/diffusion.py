"""Diffusion of the solvent, or of neutral radicals, through the film: ``J = D c / L``.

Gives parabolic growth (Single, Latz, Horstmann 2018, doi
10.1002/cssc.201800077).
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "flux"]

PARAMETERS = {"diffusivity": "m2 s-1", "concentration": "mol m-3", "activation_energy": "J mol-1"}


def flux(
    diffusivity: float, concentration: float, thickness: float
) -> float:  # pragma: no cover - compiled
    """Largest flux [mol m-2 s-1] through a film of ``thickness`` [m]."""
    return diffusivity * concentration / thickness
