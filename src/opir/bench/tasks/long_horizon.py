"""Long horizon: trained on the first half of runs, tested on the second."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task

__all__ = ["LongHorizon"]

_SEEN = 32


@register_task
class LongHorizon(StoreTask):
    """Whether a forecast goes on beyond the horizon that was trained on."""

    name: ClassVar[str] = "long-horizon"
    title: ClassVar[str] = "Long horizon"
    description: ClassVar[str] = (
        "Runs of the random split; training and validation end before frame 32 of 64, frames 32 to "
        "63 of the test runs are scored. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold."""
        return [Fold(self.name, "all", *pools(index), scored_from=_SEEN, training_frames=_SEEN)]
