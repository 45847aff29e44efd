"""Worker processes of a benchmark: one that dies or hangs costs its job, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opir.bench.runner.jobs import FLOORS, Job
from opir.errors import OpirError, StoreError
from opir.workers import Workers, ending

__all__ = ["Pool"]

Answer = tuple[Job, "list[dict[str, Any]] | str"]


class Pool(Workers[Job, Answer]):
    """Workers that do jobs; what comes of one is a summary of its results, or a sentence.

    A budget in processor time means the same for all models with one thread each.

    Args:
        task: What each worker is told first: settings and directory.
        count: Number of workers.
        log: File that takes what workers and models print.
        limit: Time after which a job is given up [s].
    """

    def __init__(self, task: Mapping[str, Any], count: int, log: Path, limit: float) -> None:
        super().__init__("opir.bench.runner.worker", task, count, log=log)
        self._log_path = log
        self._limit = limit
        self._held: dict[int, str] = {}

    def message(self, job: Job) -> Mapping[str, Any]:
        """The job."""
        return job.to_json()

    def answered(self, job: Job, answer: dict[str, Any]) -> Answer | BaseException:
        """Its results; what is wrong with the data, not with a model, ends the run."""
        return StoreError(answer["error"]) if "error" in answer else (job, answer["results"])

    def died(self, job: Job, code: int, late: bool) -> Answer:
        """The sentence for its row."""
        return job, died(code, late, self._limit, self._log_path)

    def refused(self, answer: dict[str, Any] | None) -> OpirError:
        """The error for a worker that did not start."""
        text = f"a worker did not start; {self._log_path} says more"
        return OpirError(text if answer is None else answer["error"])

    def limit(self, job: Job) -> float | None:
        """None of floors: these take hours, and are none of a user's models."""
        return None if job.model == FLOORS else self._limit

    def choose(self, todo: Sequence[Job], worker: int) -> Job:
        """The next job: of the data that the worker has loaded, else of data no other one has."""
        held = {data for other, data in self._held.items() if other != worker}
        mine = self._held.get(worker)

        def rank(job: Job) -> int:
            return 0 if job.training_key == mine else 1 + (job.training_key in held)

        job = min(todo, key=rank)
        self._held[worker] = job.training_key
        return job


def died(code: int, late: bool, limit: float, log: Path) -> str:
    """The sentence for a model whose process died."""
    if late:
        return f"the model was given up after {limit:.0f} s."
    if code < 0:
        return (
            f"the model's process was ended by the system ({ending(code)}). "
            "Most often the memory was used up: use fewer workers."
        )
    return f"the model's process ended with status {code}. {log.name} may say more."
