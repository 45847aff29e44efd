"""A homogeneous step in the electrolyte: mass action with free orders, catalysts among them.

``r = h k prod(c_i / c_ref)^order_i max(0, 1 - Q / K)`` per electrode surface, with the height ``h``
of electrolyte over the surface, ``c_ref`` = 1 mol/L, the reaction quotient ``Q`` and, where the
step can come to rest, the equilibrium constant ``K`` (both in relative concentrations).
"""

from __future__ import annotations

__all__ = ["PARAMETERS", "rate"]

PARAMETERS = {
    "rate_constant": "mol m-3 s-1",
    "activation_energy": "J mol-1",
    "equilibrium_constant": "1",
}


def rate(
    rate_constant: float, height: float, activity: float, quotient: float, equilibrium: float
) -> float:  # pragma: no cover - compiled
    """Rate per electrode surface [mol m-2 s-1].

    Args:
        rate_constant: At the cell's temperature [mol m-3 s-1].
        height: Volume of electrolyte per electrode surface [m].
        activity: Product of relative concentrations to their orders.
        quotient: Products over reactants, relative concentrations to their stoichiometry.
        equilibrium: Equilibrium constant; 0 where the step never comes back.
    """
    forward = height * rate_constant * activity
    if equilibrium <= 0.0:
        return forward
    return forward * max(0.0, 1.0 - quotient / equilibrium)
