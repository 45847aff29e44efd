"""Random split: runs held out by the hash of their ids."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task

__all__ = ["RandomSplit"]


@register_task
class RandomSplit(StoreTask):
    """The easiest one: every system, protocol and temperature of the test is known."""

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "Random split"
    description: ClassVar[str] = (
        "Runs held out by the hash of their ids; systems, protocols and temperatures are those of "
        "training. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold."""
        train, validation, test = pools(index)
        return [Fold(self.name, "all", train, validation, test)]
