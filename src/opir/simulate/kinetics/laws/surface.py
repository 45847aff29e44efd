"""A chemical step on the electrode or in the film: ``r = k a max(0, 1 - Q / K)``.

``a`` is the product of relative amounts to their orders: concentrations in the electrolyte over
1 mol/L, amounts of solids over 1e-5 mol per m2 of surface.
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "rate"]

PARAMETERS = {
    "rate_constant": "mol m-2 s-1",
    "activation_energy": "J mol-1",
    "equilibrium_constant": "1",
}


def rate(
    rate_constant: float, activity: float, quotient: float, equilibrium: float
) -> float:  # pragma: no cover - compiled
    """Rate [mol m-2 s-1].

    Args:
        rate_constant: At the cell's temperature [mol m-2 s-1].
        activity: Product of relative amounts to their orders.
        quotient: Products over reactants, relative amounts to their stoichiometry.
        equilibrium: Equilibrium constant; 0 where the step never comes back.
    """
    if equilibrium <= 0.0:
        return rate_constant * activity
    return rate_constant * activity * max(0.0, 1.0 - quotient / equilibrium)
