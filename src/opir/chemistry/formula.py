"""Sum formulas: elements and molar mass."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opir.errors import ChemistryError, UnknownNameError

__all__ = ["ATOMIC_WEIGHTS", "ELECTRON_MASS", "hill", "molar_mass", "parse_formula"]

ATOMIC_WEIGHTS: dict[str, float] = {
    "H": 1.008, "He": 4.0026, "Li": 6.94, "Be": 9.0122, "B": 10.81, "C": 12.011, "N": 14.007,
    "O": 15.999, "F": 18.998, "Ne": 20.180, "Na": 22.990, "Mg": 24.305, "Al": 26.982,
    "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "Ar": 39.95, "K": 39.098, "Ca": 40.078,
    "Sc": 44.956, "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845,
    "Co": 58.933, "Ni": 58.693, "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630,
    "As": 74.922, "Se": 78.971, "Br": 79.904, "Kr": 83.798, "Rb": 85.468, "Sr": 87.62,
    "Y": 88.906, "Zr": 91.224, "Nb": 92.906, "Mo": 95.95, "Ru": 101.07, "Rh": 102.91,
    "Pd": 106.42, "Ag": 107.87, "Cd": 112.41, "In": 114.82, "Sn": 118.71, "Sb": 121.76,
    "Te": 127.60, "I": 126.90, "Xe": 131.29, "Cs": 132.91, "Ba": 137.33, "La": 138.91,
    "Ce": 140.12, "Hf": 178.49, "Ta": 180.95, "W": 183.84, "Re": 186.21, "Ir": 192.22,
    "Pt": 195.08, "Au": 196.97, "Hg": 200.59, "Pb": 207.2, "Bi": 208.98,
}  # fmt: skip
"""Element -> standard atomic weight, abridged to five figures (IUPAC 2021) [g mol-1]."""

ELECTRON_MASS = 5.48579909e-4
"""Of one mole of electrons [g mol-1]."""

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|(\))(\d*)")


def parse_formula(formula: str) -> dict[str, int]:
    """Elements of a sum formula: ``"C4H4O6Li2"`` -> ``{"C": 4, "H": 4, "O": 6, "Li": 2}``.

    Brackets with a count are understood (``(CH2OCO2Li)2``). The charge is no part of it.

    Raises:
        ChemistryError: If the text is no formula or a bracket is not closed.
        UnknownNameError: If an element does not exist or is not known here.
    """
    stack: list[dict[str, int]] = [{}]
    place = 0
    while place < len(formula):
        match = _TOKEN.match(formula, place)
        if match is None:
            raise ChemistryError(
                f"{formula!r} is not a sum formula: {formula[place]!r} is not understood",
                remedy="Write elements and counts, such as C4H4O6Li2; the charge has its own field",
            )
        element, count, opened, closed, times = match.groups()
        place = match.end()
        if opened:
            stack.append({})
        elif closed:
            if len(stack) == 1:
                raise ChemistryError(f"{formula!r} closes a bracket that was never opened")
            group = stack.pop()
            for name, number in group.items():
                stack[-1][name] = stack[-1].get(name, 0) + number * int(times or 1)
        else:
            if element not in ATOMIC_WEIGHTS:
                raise UnknownNameError("element", element, ATOMIC_WEIGHTS, place=formula)
            stack[-1][element] = stack[-1].get(element, 0) + int(count or 1)
    if len(stack) > 1:
        raise ChemistryError(f"{formula!r} opens a bracket that is never closed")
    return {name: number for name, number in stack[0].items() if number}


def molar_mass(elements: Mapping[str, int], charge: int = 0) -> float:
    """Molar mass [kg mol-1] of what has these elements and this charge."""
    total = sum(ATOMIC_WEIGHTS[name] * count for name, count in elements.items())
    return (total - charge * ELECTRON_MASS) * 1e-3


def hill(elements: Mapping[str, int]) -> str:
    """The formula in Hill's order: carbon, hydrogen, then the others by name."""
    first = ["C", "H"] if "C" in elements else []
    names = [n for n in first if n in elements] + sorted(n for n in elements if n not in first)
    return "".join(f"{n}{elements[n] if elements[n] > 1 else ''}" for n in names)
