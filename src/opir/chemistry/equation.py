"""Equations as text: parsed, and checked for elements and charge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from opir.chemistry.species import Species
from opir.errors import ChemistryError

__all__ = ["format_equation", "imbalance", "parse_equation", "require_balance"]

_TERM = re.compile(r"^(?:(\d+/\d+|\d+\.\d+|\d+)\s+)?(\S+)$")


def parse_equation(text: str, resolve: Callable[[str], str] = str) -> dict[str, Fraction]:
    """Net stoichiometric numbers of an equation: products positive, reactants negative.

    Args:
        text: ``"2 EC + 2 Li+ + 2 e- -> LEDC + C2H4"``; plus signs between species and the arrow
            have spaces around them; numbers may be ``1/2`` or ``0.5``.
        resolve: Turns the names that are written into those of the species.

    Returns:
        Species -> number, exact. A species that stands on both sides unchanged is left out.

    Raises:
        ChemistryError: If the text is no equation.
    """
    sides = re.split(r"\s+(?:->|→)\s+", text.strip())
    if len(sides) != 2:
        raise ChemistryError(
            f"{text!r} is not an equation",
            remedy="Write 'A + 2 B -> C', with one arrow and spaces around it",
        )
    numbers: dict[str, Fraction] = {}
    for side, sign in zip(sides, (-1, 1), strict=True):
        for term in re.split(r"\s+\+\s+", side.strip()):
            match = _TERM.match(term.strip())
            if match is None or match[2] in ("+", "-"):
                raise ChemistryError(
                    f"{term!r} in {text!r} is not a number and a species",
                    remedy="Put spaces around each plus sign and between number and species",
                )
            try:
                count = Fraction(match[1] or "1")
            except ZeroDivisionError:
                count = Fraction(0)
            if not count:
                raise ChemistryError(
                    f"{term!r} in {text!r} has a number that is nothing",
                    remedy="Leave the species out, or correct the number",
                )
            name = resolve(match[2])
            numbers[name] = numbers.get(name, Fraction(0)) + sign * count
    return {name: count for name, count in numbers.items() if count}


def imbalance(
    stoichiometry: Mapping[str, Fraction], species: Mapping[str, Species]
) -> dict[str, Fraction]:
    """What the products have more than the reactants: element or ``"charge"`` -> by how much."""
    total: dict[str, Fraction] = {}
    for name, number in stoichiometry.items():
        item = species[name]
        for key, count in [*item.elements.items(), ("charge", item.charge)]:
            total[key] = total.get(key, Fraction(0)) + number * count
    return {key: value for key, value in total.items() if value}


def require_balance(
    equation: str, stoichiometry: Mapping[str, Fraction], species: Mapping[str, Species]
) -> None:
    """Refuse an equation that makes or loses elements or charge.

    Raises:
        ChemistryError: Names each element that is off, and by how much.
    """
    wrong = imbalance(stoichiometry, species)
    if wrong:
        said = ", ".join(f"{key} {'+' if v > 0 else ''}{v}" for key, v in sorted(wrong.items()))
        raise ChemistryError(
            f"{equation!r} does not balance: products minus reactants is {said}",
            remedy="Correct the numbers, add what is missing, or check the formulas and charges "
            "of its species (opir chemistry show NAME)",
        )


def format_equation(stoichiometry: Mapping[str, float]) -> str:
    """An equation text from stoichiometric numbers, as :func:`parse_equation` reads it."""

    def side(sign: int) -> str:
        terms = []
        for name, number in stoichiometry.items():
            count = Fraction(number).limit_denominator(1000) * sign
            if count > 0:
                terms.append(name if count == 1 else f"{count} {name}")
        return " + ".join(terms)

    return f"{side(-1)} -> {side(1)}"
