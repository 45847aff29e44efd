"""What opir recovers: with rate constants, and by the spectra alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from opir.bench.pathways.methods.base import Answer, Choice, Evidence, Method
from opir.pathways.found_reactions import LIKELY
from opir.pathways.recovery import fitting_of, recover
from opir.pathways.result import FoundReaction, FoundSpecies
from opir.run import Run

__all__ = ["Opir", "OpirFound", "SpectraAlone"]


class Opir(Method):
    """:func:`opir.pathways.recover`; named is what has a confidence of 0.5 and more."""

    name: ClassVar[str] = "opir"
    evidence: ClassVar[str] = "opir"
    title: ClassVar[str] = "opir, confidence of 0.5 and more"

    def look(self, run: Run) -> Evidence:
        """See :class:`Method`."""
        found = recover(run, second_way=False)
        return _evidence(found.species, found.reactions)

    def answer(self, evidence: Evidence, choice: Choice) -> Answer:
        """See :class:`Method`."""
        return _answer(evidence, [r for r in evidence["reactions"] if r["confidence"] >= LIKELY])


class OpirFound(Opir):
    """The same, but of the reactions only those that the spectra need."""

    name: ClassVar[str] = "opir-found"
    title: ClassVar[str] = "opir, status found"

    def answer(self, evidence: Evidence, choice: Choice) -> Answer:
        """See :class:`Method`."""
        return _answer(evidence, [r for r in evidence["reactions"] if r["status"] == "found"])


class SpectraAlone(Opir):
    """The fit without rate constants."""

    name: ClassVar[str] = "spectra-alone"
    evidence: ClassVar[str] = "spectra-alone"
    title: ClassVar[str] = "opir without rate constants"

    def look(self, run: Run) -> Evidence:
        """See :class:`Method`."""
        fitting = fitting_of(run, constants=False)
        if fitting is None:
            return _evidence((), ())
        species, reactions, _ = fitting.told()
        return _evidence(species, reactions)


def _evidence(species: Iterable[FoundSpecies], reactions: Iterable[FoundReaction]) -> Evidence:
    return {
        "species": [
            {"name": one.name, "confidence": one.confidence}
            for one in species
            if one.source == "library"
        ],
        "reactions": [
            {
                "name": one.name,
                "confidence": one.confidence,
                "status": one.status,
                "onset": None if one.onset is None else one.onset.potential,
            }
            for one in reactions
            if one.source == "library"
        ],
    }


def _answer(evidence: Evidence, reactions: list[dict[str, Any]]) -> Answer:
    return Answer(
        {one["name"]: one["onset"] for one in reactions},
        frozenset(one["name"] for one in evidence["species"] if one["confidence"] >= LIKELY),
    )
