"""Few frames: the same frames forecast from 1, 2, 4 or 8 given ones."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task

__all__ = ["GIVEN", "FewFrames"]

GIVEN = (1, 2, 4, 8)
"""Frames given."""


@register_task
class FewFrames(StoreTask):
    """What the frames after the first tell."""

    name: ClassVar[str] = "few-frames"
    title: ClassVar[str] = "Few frames"
    description: ClassVar[str] = (
        "Runs of the random split with 1, 2, 4 and 8 frames given. In every fold the frames from "
        "the ninth on are scored, so that the same is forecast."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold for each number of given frames."""
        return [
            Fold(self.name, f"given-{given}", *pools(index), given=given, scored_from=max(GIVEN))
            for given in GIVEN
        ]
