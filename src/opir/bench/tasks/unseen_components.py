"""Unseen components: pairs of systems whose own components occur nowhere in training."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task
from opir.bench.tasks.hold_out import hold_out
from opir.errors import OptionError

__all__ = ["PAIRS", "UnseenComponents", "own_components"]

PAIRS = (
    ("napf6-carbonate-hard-carbon", "napf6-diglyme-hard-carbon"),
    ("litfsi-dme-lithium", "napf6-diglyme-hard-carbon"),
    ("lp57-lithium", "litfsi-dme-lithium"),
    ("libob-graphite", "fec-silicon"),
)
"""Pairs that are held out together: sodium; ethers; plated metal; borate and silicon."""


def own_components(pair: tuple[str, ...], index: RunIndex) -> frozenset[str]:
    """Components that occur in runs of some systems and in no run of any other system."""
    there: set[str] = set()
    elsewhere: set[str] = set()
    for id, components in index.components.items():
        (there if index[id].system in pair else elsewhere).update(components)
    return frozenset(there - elsewhere)


@register_task
class UnseenComponents(StoreTask):
    """Whether components that were never seen are forecast from their properties."""

    name: ClassVar[str] = "unseen-components"
    title: ClassVar[str] = "Component split"
    description: ClassVar[str] = (
        "Pairs of systems. Components (salts, solvents, additives, electrodes) that only these two "
        "have occur in no run of training or validation, by what each run was made of. "
        "One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold for each pair of which the store has both systems."""
        found, runs = [], pools(index)
        for pair in PAIRS:
            if not set(pair) <= set(index.systems):
                continue
            own = own_components(pair, index)
            held = {id for id in index if own & index.components[id]}
            known = [id for id in index if index[id].system in pair and id not in held]
            if known:
                raise OptionError(
                    f"task {self.name!r}: run {known[0]!r} of {' or '.join(pair)} has no component "
                    "that the other systems lack"
                )
            found.append(hold_out(self.name, "-and-".join(pair), runs, held))
        if not found:
            raise OptionError(
                f"task {self.name!r} needs both systems of one of its pairs; the store has "
                f"{', '.join(index.systems)}",
                remedy=f"Pairs: {'; '.join(' and '.join(pair) for pair in PAIRS)}",
            )
        return found
