"""Unseen system: each battery system held out in turn."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task
from opir.bench.tasks.hold_out import hold_out
from opir.errors import OptionError

__all__ = ["UnseenSystem"]


@register_task
class UnseenSystem(StoreTask):
    """Whether a system is forecast from what its components are."""

    name: ClassVar[str] = "unseen-system"
    title: ClassVar[str] = "System split"
    description: ClassVar[str] = (
        "Each system in turn: no run of it is trained on or used for validation, its runs of the "
        "test pool are forecast. Its components may be known from other systems. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold for each system."""
        if len(index.systems) < 2:
            raise OptionError(
                f"task {self.name!r} needs two systems or more; the store has {len(index.systems)}"
            )
        if "" in index.systems:
            nameless = next(run.id for run in index.values() if not run.system)
            raise OptionError(f"run {nameless!r} does not name its system")
        runs = pools(index)
        return [
            hold_out(self.name, system, runs, [id for id in index if index[id].system == system])
            for system in index.systems
        ]
