"""Unseen protocol: families of protocols held out in turn."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task
from opir.bench.tasks.hold_out import hold_out
from opir.errors import OptionError

__all__ = ["FAMILIES", "MIXED", "UnseenProtocol"]

FAMILIES = {
    "voltammetry": (
        "cyclic-voltammetry",
        "cyclic-voltammetry-fast",
        "sweep-fast",
        "sweep-medium",
        "sweep-slow",
    ),
    "titration": ("gitt", "gitt-rests"),
    "cycling": ("cycling-c2", "cycling-c5", "ten-cycles"),
    "holds": ("formation-hold", "hold"),
}
"""Families, by how the cell is driven."""

MIXED = {"mixed": ("titration", "cycling", "holds")}
"""Protocols that have steps of several families: not trained on where one of these is held out, and
not tested on, since the rest of them is known."""


@register_task
class UnseenProtocol(StoreTask):
    """Whether a way of driving the cell is forecast that training did not have."""

    name: ClassVar[str] = "unseen-protocol"
    title: ClassVar[str] = "Protocol split"
    description: ClassVar[str] = (
        "Families of protocols in turn (potential sweeps, titration, several cycles, holds): no "
        "run of the family is trained on, nor a mixed one with steps of it. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold for each family that the store has."""
        nameless = next((run.id for run in index.values() if not run.protocol), None)
        if nameless is not None:
            raise OptionError(
                f"task {self.name!r}: run {nameless!r} has no tag 'protocol'",
                remedy="Tag the runs with the names of their protocols",
            )
        there = {run.protocol for run in index.values()}
        families = {name: set(family) for name, family in FAMILIES.items() if there & set(family)}
        if not families or any(not there - family for family in families.values()):
            raise OptionError(
                f"task {self.name!r} needs protocols of one family and others; the store has "
                f"{', '.join(sorted(there))}"
            )
        runs = pools(index)
        found = []
        for name, family in families.items():
            mixed = {protocol for protocol, parts in MIXED.items() if name in parts}
            held = [id for id in index if index[id].protocol in family | mixed]
            fold = hold_out(self.name, name, runs, held)
            tested = tuple(id for id in fold.test if index[id].protocol in family)
            found.append(replace(fold, test=tested))
        return found
