"""What a reaction is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opir.chemistry.value import Value

__all__ = ["Reaction"]


@dataclass(frozen=True)
class Reaction:
    """One reaction, balanced in elements and charge.

    Attributes:
        name: Its one name (``ec-to-ledc``).
        title: What happens, in words.
        equation: As written.
        stoichiometry: Species -> number, products positive, ``e-`` included.
        electrons: Taken up per extent; below 0 for oxidations.
        law: One of :data:`opir.chemistry.laws.LAWS`.
        parameters: Of the law, in the units inside.
        orders: Species -> order in the rate; catalysts that do not react may be among them.
        electrode: ``working``, ``counter``, or ``""`` where it needs none.
        references: Ids of the collection of facts (``R1``) and citations.
        onset: Potential at which it is first seen [V], for tables and pictures.
        note: What a reader should know.
    """

    name: str
    title: str
    equation: str
    stoichiometry: Mapping[str, float]
    electrons: int
    law: str
    parameters: Mapping[str, Value]
    orders: Mapping[str, float]
    electrode: Literal["working", "counter", ""]
    references: tuple[str, ...]
    onset: Value | None
    note: str = ""

    @property
    def reactants(self) -> tuple[str, ...]:
        """Species that are used up."""
        return tuple(name for name, number in self.stoichiometry.items() if number < 0)

    @property
    def products(self) -> tuple[str, ...]:
        """Species that are made."""
        return tuple(name for name, number in self.stoichiometry.items() if number > 0)
