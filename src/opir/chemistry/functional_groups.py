"""Functional groups of a molecule, counted in its SMILES.

Only what solvents, additives and salts of electrolytes are written with is read: atoms, bonds,
branches, rings. That is the grammar of Weininger 1988 (doi 10.1021/ci00057a005) without
stereochemistry, isotopes' effects and reactions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from opir.errors import ChemistryError

__all__ = ["GROUPS", "count_groups"]

GROUPS = (
    "carbonate",
    "cyclic carbonate",
    "ester",
    "ether oxygen",
    "hydroxyl",
    "carbon double bond",
    "carbon-fluorine bond",
    "nitrile",
    "sulfur-oxygen double bond",
    "methyl",
)
"""What is counted."""

_TOKEN = re.compile(
    r"(?P<bracket>\[\d*(?P<element>[A-Za-z][a-z]?)[^\]]*\])|(?P<atom>Cl|Br|[BCNOPSFI]|[bcnops])"
    r"|(?P<bond>[-=#:/\\])|(?P<open>\()|(?P<close>\))|(?P<ring>\d|%\d\d)|(?P<dot>\.)"
)
_VALENCE = {"C": 4, "N": 3, "O": 2}
_ORDER = {"=": 2, "#": 3}


@dataclass
class _Molecule:
    elements: list[str] = field(default_factory=list)
    implicit: list[bool] = field(default_factory=list)
    bonds: list[dict[int, int]] = field(default_factory=list)

    def add(self, element: str, implicit: bool) -> int:
        self.elements.append(element.capitalize())
        self.implicit.append(implicit)
        self.bonds.append({})
        return len(self.elements) - 1

    def bind(self, one: int, other: int, order: int) -> None:
        self.bonds[one][other] = self.bonds[other][one] = order

    def hydrogens(self, atom: int) -> int:
        if not self.implicit[atom]:
            return 0
        return max(0, _VALENCE.get(self.elements[atom], 0) - sum(self.bonds[atom].values()))

    def beside(self, atom: int, element: str, order: int) -> list[int]:
        return [
            other
            for other, bond in self.bonds[atom].items()
            if self.elements[other] == element and bond == order
        ]

    def connected(self, one: int, other: int, without: int) -> bool:
        """Whether a path leads from one atom to another around a third."""
        seen, waiting = {one, without}, [one]
        while waiting:
            for atom in self.bonds[waiting.pop()]:
                if atom == other:
                    return True
                if atom not in seen:
                    seen.add(atom)
                    waiting.append(atom)
        return False


def _read(smiles: str) -> _Molecule:
    molecule, last, order = _Molecule(), None, 1
    branches: list[int | None] = []
    rings: dict[str, tuple[int, int]] = {}
    at = 0
    while at < len(smiles):
        token = _TOKEN.match(smiles, at)
        if token is None:
            raise ChemistryError(
                f"the SMILES {smiles!r} cannot be read at {smiles[at:][:8]!r}",
                remedy="Write atoms, bonds, branches and rings without stereochemistry",
            )
        at = token.end()
        if token["bond"]:
            order = _ORDER.get(token["bond"], 1)
        elif token["open"]:
            branches.append(last)
        elif token["close"]:
            if not branches:
                raise ChemistryError(f"the SMILES {smiles!r} closes a branch that is not open")
            last = branches.pop()
        elif token["dot"]:
            last = None
        elif token["ring"] and last is not None:
            if token["ring"] in rings:
                other, before = rings.pop(token["ring"])
                molecule.bind(last, other, max(order, before))
            else:
                rings[token["ring"]] = (last, order)
            order = 1
        else:
            atom = molecule.add(token["element"] or token["atom"] or "", not token["bracket"])
            if last is not None:
                molecule.bind(last, atom, order)
            last, order = atom, 1
    if rings or branches:
        raise ChemistryError(f"the SMILES {smiles!r} leaves a ring or branch open")
    return molecule


@lru_cache(maxsize=1024)  # every forecast asks for the same molecules
def count_groups(smiles: str) -> Mapping[str, int]:
    """How many of each of :data:`GROUPS` a molecule has.

    Oxygens of carbonates and esters are not counted as ethers; a cyclic carbonate is a carbonate
    too.

    Raises:
        ChemistryError: If the text is no SMILES, or more than is read here.
    """
    molecule = _read(smiles)
    found = dict.fromkeys(GROUPS, 0)
    acyl: set[int] = set()
    for atom, element in enumerate(molecule.elements):
        if element != "C":
            continue
        oxygens = molecule.beside(atom, "O", 1)
        if len(molecule.beside(atom, "O", 2)) == 1:
            if len(oxygens) == 2:
                found["carbonate"] += 1
                if molecule.connected(oxygens[0], oxygens[1], without=atom):
                    found["cyclic carbonate"] += 1
            elif len(oxygens) == 1:
                found["ester"] += 1
            acyl.update(oxygens)
        found["carbon-fluorine bond"] += len(molecule.beside(atom, "F", 1))
        found["nitrile"] += len(molecule.beside(atom, "N", 3))
        found["carbon double bond"] += len([o for o in molecule.beside(atom, "C", 2) if o > atom])
        found["methyl"] += int(molecule.hydrogens(atom) == 3)
    for atom, element in enumerate(molecule.elements):
        if element == "S":
            found["sulfur-oxygen double bond"] += len(molecule.beside(atom, "O", 2))
        elif element == "O":
            if molecule.hydrogens(atom):
                found["hydroxyl"] += 1
            elif atom not in acyl and len(molecule.beside(atom, "C", 1)) == 2:
                found["ether oxygen"] += 1
    return MappingProxyType(found)
