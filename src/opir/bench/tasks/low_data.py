"""Low data: nested shares of the training runs."""

from __future__ import annotations

import math
from typing import ClassVar

from opir.bench.fold import Fold, place, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task

__all__ = ["PERCENT", "LowData"]

PERCENT = (1, 3, 10, 30, 100)
"""Shares of the training runs [%]."""

_LEAST_VALIDATION = 16
"""So many validation runs are kept at least, since choices made on one or two say nothing."""


@register_task
class LowData(StoreTask):
    """How much training data is needed."""

    name: ClassVar[str] = "low-data"
    title: ClassVar[str] = "Low data"
    description: ClassVar[str] = (
        "1, 3, 10, 30 and 100 % of the training runs of the random split, each share within the "
        "next; of the validation runs the same share, 16 at least. Test runs are those of the "
        "random split. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold for each share; the last is that of the random split."""
        train, validation, test = pools(index)
        return [
            Fold(
                self.name,
                f"{percent}-percent",
                _first(train, percent, 1),
                _first(validation, percent, _LEAST_VALIDATION),
                test,
            )
            for percent in PERCENT
        ]


def _first(ids: tuple[str, ...], percent: int, least: int) -> tuple[str, ...]:
    """A share of some runs, sorted by id; a larger share has all runs of a smaller one."""
    ordered = sorted(ids, key=lambda id: place(id, "low-data"))
    count = max(least, math.ceil(len(ids) * percent / 100))
    return tuple(sorted(ordered[:count]))
