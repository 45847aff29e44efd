"""Electron transfer far from equilibrium, in series with the transport of the reactant to it.

``k = k0 a exp(-alpha F (phi - E) / (R T))`` and ``r = k / (1 + k / (limit a))``: Tafel's law
(Bard and Faulkner, Electrochemical Methods, 2001, eq. 3.4.14) with a ceiling ``limit`` that mass
transfer sets (ibid., 1.4). ``a`` is the product of the relative concentrations to their orders.
For an oxidation at the counter electrode the sign of the exponent is turned.
"""

from __future__ import annotations

import math

__all__ = ["PARAMETERS", "rate"]

PARAMETERS = {
    "rate_constant": "mol m-2 s-1",
    "potential": "V",
    "transfer_coefficient": "1",
    "limiting_rate": "mol m-2 s-1",
    "activation_energy": "J mol-1",
}

_LARGEST_EXPONENT = 80.0


def rate(
    rate_constant: float, limiting_rate: float, activity: float, exponent: float
) -> float:  # pragma: no cover - compiled
    """Rate [mol m-2 s-1].

    Args:
        rate_constant: At the reference potential and the cell's temperature [mol m-2 s-1].
        limiting_rate: The ceiling at unit activity [mol m-2 s-1].
        activity: Product of relative concentrations to their orders.
        exponent: ``-alpha F (phi - E) / (R T)`` (turned for an oxidation).
    """
    kinetic = rate_constant * math.exp(min(exponent, _LARGEST_EXPONENT))
    return activity * kinetic / (1.0 + kinetic / limiting_rate)
