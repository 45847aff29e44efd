"""Shifted domain: trained on the main store, tested on one with other laws."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from opir.bench.data import Sources
from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task

__all__ = ["ShiftedDomain"]


@register_task
class ShiftedDomain(StoreTask):
    """What is left where the equations are others than those of training."""

    name: ClassVar[str] = "shifted-domain"
    title: ClassVar[str] = "Shifted domain"
    description: ClassVar[str] = (
        "Trained on the random split, tested on a store of another domain (other transport laws, "
        "line shapes, noise, and species that no library lists; docs/dataset.md). One frame given."
    )
    needs: ClassVar[tuple[str, ...]] = ("main", "shifted")

    def split(self, index: RunIndex) -> list[Fold]:
        """The training of the random split; the test runs come from the other store."""
        train, validation, _ = pools(index)
        return [Fold(self.name, "all", train, validation, (), test_source="shifted")]

    def folds(self, sources: Sources) -> list[Fold]:
        """One fold; every run of the other store is tested on."""
        tested = sources.index("shifted")
        found = [replace(fold, test=tested.ids) for fold in self.split(sources.index("main"))]
        return self.whole(found, sources)
