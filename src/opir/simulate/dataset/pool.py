"""Worker processes of a set: one that dies is replaced and its part is tried again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from opir.errors import SimulationError
from opir.simulate.dataset.worker import rebuild_error
from opir.workers import Workers, ending

__all__ = ["Pool"]

_TRIES = 3


class Pool(Workers[int, int]):
    """Workers that do numbered parts of a job, in any order; what comes of one is its number.

    Args:
        job: What each worker is told first.
        count: Number of workers.
    """

    def __init__(self, job: Mapping[str, Any], count: int) -> None:
        quiet = {"SUNLOGGER_WARNING_FILENAME": os.devnull}
        super().__init__("opir.simulate.dataset.worker", job, count, environment=quiet)
        self._tries: dict[int, int] = {}

    def message(self, job: int) -> Mapping[str, Any]:
        """The number of the part."""
        return {"part": job}

    def answered(self, job: int, answer: dict[str, Any]) -> int | BaseException:
        """The number, or what the worker raised."""
        return rebuild_error(answer["error"]) if "error" in answer else int(answer["done"])

    def refused(self, answer: dict[str, Any] | None) -> BaseException | None:
        """What a worker raised before its first part."""
        return None if answer is None else rebuild_error(answer["error"])

    def died(self, job: int, code: int, late: bool) -> SimulationError | None:
        """Tried again, three times in all."""
        self._tries[job] = self._tries.get(job, 0) + 1
        if self._tries[job] < _TRIES:
            self.again(job)
            return None
        return died(job, code)


def died(number: int, code: int) -> SimulationError:
    """The error for a part on which workers died."""
    how = f"ended with status {code}"
    remedy = "What it printed before says more"
    if code < 0:
        how = f"was ended by the system ({ending(code)})"
        remedy = "Most often the memory was used up: use fewer workers, or smaller parts"
    return SimulationError(
        f"a worker process {how} in {_TRIES} tries of part {number}", remedy=remedy
    )
