"""Reactions that no library lists, by balance: what might make a species that was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from opir.chemistry import Library, Reaction
from opir.errors import UnknownNameError
from opir.pathways.setting import plain_reaction

__all__ = ["propose"]

_LARGEST = 12
"""Largest stoichiometric number."""
_BESIDE = ("C2H4", "CO", "CO2", "H2", "C2H6", "LiF", "NaF")
"""What usually forms beside a product of the interphase."""
_PRICE = 0.2
"""Of a cation or an electron, against 1 of a molecule: short equations come first."""


def propose(
    target: str,
    present: Collection[str],
    library: Library,
    *,
    cation: str = "Li",
    most: int = 3,
    known: Sequence[Reaction] = (),
) -> tuple[Reaction, ...]:
    """Balanced reactions that make a species from what is present, the shortest first.

    Whole numbers are found by mixed-integer linear programming, one use of what is present and of
    usual by-products after the other; each proposal uses another set of reactants.

    Args:
        target: The species.
        present: Species that are there.
        library: Where their formulas are.
        cation: ``Li`` or ``Na``.
        most: How many.
        known: Reactions that need not be proposed again.

    Returns:
        None, if nothing balances.

    Raises:
        UnknownNameError: If the library does not know the target.
    """
    if target not in library.species:
        raise UnknownNameError("species", target, library.species)
    ion = f"{cation}+"
    apart = {target, ion, "e-"}
    reactants = [n for n in sorted(present) if n in library.species and n not in apart]
    beside = [n for n in _BESIDE if n in library.species and n != target and n not in present]
    names = [target, *reactants, ion, "e-", *beside]
    signs = np.array([1.0, *[-1.0] * (len(reactants) + 2), *[1.0] * len(beside)])
    items = [library.species[name] for name in names]
    elements = sorted({element for item in items for element in item.elements})
    balance = np.array(
        [[item.elements.get(one, 0) for item in items] for one in elements]
        + [[item.charge for item in items]],
        dtype=np.float64,
    )
    # Behind the numbers stands for each reactant whether it is used, 0 or 1.
    count, uses = len(names), len(reactants)
    price = np.array([0.0, *[1.0] * uses, _PRICE, _PRICE, *[1.0] * len(beside), *[0.0] * uses])
    lower = np.zeros(count + uses)
    lower[0] = 1
    upper = np.full(count + uses, float(_LARGEST))
    upper[0], upper[count:] = 2, 1
    balance = np.hstack([balance * signs, np.zeros((len(balance), uses))])
    number, use = np.eye(uses, count + uses, 1), np.eye(uses, count + uses, count)
    fixed = [LinearConstraint(balance, 0, 0)]
    if uses:
        fixed.append(LinearConstraint(number - _LARGEST * use, -np.inf, 0))
        fixed.append(LinearConstraint(number - use, 0, np.inf))
    found: list[Reaction] = []
    cuts: list[LinearConstraint] = []
    listed = {frozenset(one.reactants) for one in known if target in one.products}
    for _ in range(4 * most):
        answer = milp(
            price,
            constraints=[*fixed, *cuts],
            bounds=Bounds(lower, upper),
            integrality=np.ones(count + uses),
        )
        if answer.x is None or len(found) == most:
            break
        numbers = np.round(answer.x[:count])
        used = [at for at, n in enumerate(numbers) if n > 0 and 0 < at <= uses]
        if not used:
            break
        # Another set of reactants the next time.
        row = np.concatenate([np.zeros(count), -np.ones(uses)])
        row[[count + at - 1 for at in used]] = 1
        cuts.append(LinearConstraint(row[None], -np.inf, len(used) - 1))
        stoichiometry = {
            name: float(sign * number)
            for name, sign, number in zip(names, signs, numbers, strict=True)
            if number
        }
        if frozenset(n for n, v in stoichiometry.items() if v < 0) not in listed:
            name = f"proposed for {target} {len(found) + 1}"
            note = "proposed by balance of elements and charge"
            found.append(plain_reaction(name, stoichiometry, note))
    return tuple(found)
