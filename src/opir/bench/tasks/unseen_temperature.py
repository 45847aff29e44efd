"""Unseen temperature: the hottest and the coldest runs held out."""

from __future__ import annotations

from typing import ClassVar

from opir.bench.fold import Fold, pools
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task
from opir.bench.tasks.hold_out import hold_out
from opir.errors import OptionError

__all__ = ["COLD", "HOT", "UnseenTemperature"]

HOT = 323.15
"""Runs at or above are hot [K] (50 degC);"""

COLD = 295.15
"""those below are cold [K] (22 degC)."""


@register_task
class UnseenTemperature(StoreTask):
    """Whether rates are carried on to temperatures beyond those of training."""

    name: ClassVar[str] = "unseen-temperature"
    title: ClassVar[str] = "Temperature split"
    description: ClassVar[str] = (
        "Two folds: runs at 50 degC and above are held out and forecast; runs below 22 degC are. "
        "Both are beyond the temperatures of training. One frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """The hot and the cold fold."""
        temperature: dict[str, float] = {}
        for run in index.values():
            if run.temperature is None:
                raise OptionError(
                    f"task {self.name!r}: run {run.id!r} has no tag 'temperature'",
                    remedy="Tag the runs with their temperatures [K]",
                )
            temperature[run.id] = run.temperature
        runs = pools(index)
        hot = [id for id, value in temperature.items() if value >= HOT]
        cold = [id for id, value in temperature.items() if value < COLD]
        return [hold_out(self.name, "hot", runs, hot), hold_out(self.name, "cold", runs, cold)]
