"""A run of the benchmark: what is missing is done, what is there is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import opir
from opir.bench.floors import FLOORS as FLOOR_NAMES
from opir.bench.results.record import (
    NOTE,
    read_note,
    read_result,
    result_path,
    write_json,
    write_result,
)
from opir.bench.runner.bench import Bench
from opir.bench.runner.contestant import display_name, needs_seed
from opir.bench.runner.job import (
    do_job,
    options_of,
    result_head,
    summary,
    wanted_settings,
)
from opir.bench.runner.jobs import FLOORS, Job
from opir.bench.runner.pool import Pool
from opir.bench.runner.settings import BenchSettings, difference
from opir.errors import FormatError, OptionError, StoppedError, require
from opir.files import output_errors

__all__ = ["BenchInterruptedError", "BenchRun", "plan", "run_bench"]

LOG = "workers.log"
LOCK = ".lock"
"""File that the process holds which works in a folder; the system lets go of it when it ends."""
_LEAST_LIMIT = 3600.0
"""Time [s] after which a job is given up at the earliest; closed forms take what they need."""

Report = Callable[[int, int, str], None]


class BenchInterruptedError(StoppedError):
    """The run was stopped before its end; what was done is kept."""


@dataclass
class BenchRun:
    """What came of a call.

    Attributes:
        directory: Where the results are.
        done: Results that this call made.
        kept: Results that were there.
        failed: Task, fold, model, seed and sentence of each that failed.
        seconds: Time that it took.
    """

    directory: Path
    done: int = 0
    kept: int = 0
    failed: list[tuple[str, str, str, int, str]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        lines = [
            f"{self.directory}: {self.done} results made, {self.kept} kept, "
            f"{len(self.failed)} failed, in {self.seconds:.0f} s"
        ]
        said: dict[tuple[str, str], int] = {}
        for _, _, model, _, why in self.failed:
            said[model, why] = said.get((model, why), 0) + 1
        lines += [f"failed: {model} ({n} times): {why}" for (model, why), n in said.items()]
        return "\n".join(lines)


def run_bench(
    settings: BenchSettings,
    directory: Path | str,
    *,
    workers: int = 2,
    force: bool = False,
    report: Report | None = None,
) -> BenchRun:
    """Do what is missing of a run of the benchmark.

    A result that is there is kept if its settings are the same (task version, runs and their
    content hashes, budget, options, seed), whatever code made it; a failed one is tried again.

    Args:
        settings: What is asked for.
        directory: For the results; made if it is not there.
        workers: Processes; 0 does all in this one.
        force: Make results anew that have other settings, or the same.
        report: Called with results done, results in all, and a line on the last one.

    Raises:
        OptionError: If there are results of other settings and ``force`` is false, or another
            process is at work in the folder.
        StoreError: If a store has changed since its tasks were first run here.
        BenchInterruptedError: At Ctrl-C.
    """
    if not 0 <= workers <= 256:
        raise OptionError(f"{workers} workers were asked for; 0 to 256 are possible")
    began = time.monotonic()
    directory = Path(directory)
    with output_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
    lock = require("filelock", extra="bench")
    try:
        with lock.FileLock(directory / LOCK, timeout=0):
            return _run_alone(settings, directory, began, workers, force, report)
    except lock.Timeout:
        raise OptionError(
            "another run of the benchmark is at work in this folder",
            remedy="Wait for its end, or name another folder",
            path=directory,
        ) from None


def _run_alone(
    settings: BenchSettings,
    directory: Path,
    began: float,
    workers: int,
    force: bool,
    report: Report | None,
) -> BenchRun:
    bench = Bench(settings)
    bench.freeze(directory)
    jobs, kept = plan(bench, directory, force=force)
    result = BenchRun(directory, kept=kept)
    total = kept + sum(len(job.folds) * len(result_names(job.model)) for job in jobs)
    _note(bench, directory)
    if report is not None:
        report(kept, total, "")
    limit = _LEAST_LIMIT + 20 * settings.budget
    task = {"settings": settings.to_json(), "directory": str(directory.resolve())}
    try:
        for job, answer in _all(bench, jobs, directory, workers, task, limit):
            summaries = answer if isinstance(answer, list) else _dead(bench, job, answer, directory)
            for one in summaries:
                good = one["status"] == "done"
                result.done += good
                if not good:
                    where = (one["task"], one["fold"], one["model"])
                    result.failed.append((*where, job.seed, one["error"]))
                if report is not None:
                    what = f"MAE {one['mae']:.3g}" if good else "failed"
                    line = f"{one['task']}/{one['fold']} {one['model']} {what}"
                    report(kept + result.done + len(result.failed), total, line)
    except KeyboardInterrupt:
        raise BenchInterruptedError(
            f"stopped; {kept + result.done} of {total} results are there",
            remedy="Give the same command again to go on",
            path=directory,
        ) from None
    result.seconds = time.monotonic() - began
    return result


def _all(
    bench: Bench,
    jobs: Sequence[Job],
    directory: Path,
    workers: int,
    task: dict[str, Any],
    limit: float,
) -> Iterator[tuple[Job, list[dict[str, Any]] | str]]:
    if workers == 0:
        for job in jobs:
            yield job, do_job(bench, job, directory)
    elif jobs:
        with Pool(task, workers, directory / LOG, limit) as pool:
            yield from pool.run(jobs)


def plan(bench: Bench, directory: Path, *, force: bool = False) -> tuple[list[Job], int]:
    """The jobs that are to be done, those of one training's data together.

    Returns:
        The jobs, and the number of results that are there already.

    Raises:
        OptionError: If there are results of other settings and ``force`` is false.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, fold in bench.folds.items():
        groups.setdefault(fold.training_key, []).append(key)
    jobs: list[Job] = []
    kept = 0
    others: list[str] = []
    settings = bench.settings
    seeded = {model: _seeds(bench, model) for model in settings.models}
    options = {model: options_of(bench, model) for model in settings.models}
    for training_key, keys in groups.items():
        for model in settings.models:
            for seed in seeded[model]:
                missing = []
                for key in keys:
                    if model == FLOORS and not bench.has_floors(key):
                        continue
                    wanted = wanted_settings(bench, key, model, seed, options[model])
                    names = result_names(model)
                    states = {
                        "missing"
                        if force
                        else _state(result_path(directory, *key, name, seed), wanted)
                        for name in names
                    }
                    if "missing" in states:
                        missing.append(key)
                    elif states == {"kept"}:
                        kept += len(names)
                    else:
                        why = max(states - {"kept"})
                        others.append(f"{'/'.join(key)}/{names[0]}: {why}")
                if missing:
                    jobs.append(Job(training_key, model, seed, tuple(missing)))
    if others:
        raise OptionError(
            f"{len(others)} results in the folder were made with other settings "
            f"(the first: {others[0]})",
            remedy="Name another folder, or make them anew with --force",
            path=directory,
        )
    return jobs, kept


def result_names(model: str) -> tuple[str, ...]:
    """Names of the results that a job of a model makes."""
    return FLOOR_NAMES if model == FLOORS else (display_name(model),)


def _seeds(bench: Bench, model: str) -> tuple[int, ...]:
    """All seeds, or 0 alone where the seed makes no difference."""
    return bench.settings.seeds if model != FLOORS and needs_seed(model) else (0,)


def _state(path: Path, wanted: dict[str, Any]) -> str:
    """``kept``, ``missing``, or in what its settings differ."""
    if not path.is_file():
        return "missing"
    try:
        result = read_result(path)
    except FormatError:
        return "missing"
    if not result.done:
        return "missing"
    return difference(result.record["settings"], wanted) or "kept"


def _dead(bench: Bench, job: Job, why: str, directory: Path) -> list[dict[str, Any]]:
    """Failed results of a job whose process died, for the folds it had not finished."""
    found = []
    for key in job.folds:
        wanted = wanted_settings(bench, key, job.model, job.seed, options_of(bench, job.model))
        for name in result_names(job.model):
            path = result_path(directory, *key, name, job.seed)
            if _state(path, wanted) == "kept":
                record = read_result(path).record
            else:
                record = result_head(bench, key, job) | {"model": name, "error": why}
                write_result(directory, record, {})
            found.append(summary(record))
    return found


def _note(bench: Bench, directory: Path) -> None:
    """Which tasks, folds and models belong together, so that a table can name missing cells."""
    before = read_note(directory)
    tasks = dict(before.get("tasks", {}))
    for name, task in bench.tasks.items():
        folds = [fold for at, fold in bench.folds.items() if at[0] == name]
        tasks[name] = {
            "title": task.title,
            "version": task.version,
            "description": task.description,
            "folds": [fold.name for fold in folds],
            "runs": {fold.name: len(fold.test) for fold in folds},
        }
    seeds = dict(before.get("seeds", {}))
    for model in bench.settings.models:
        for name in result_names(model):
            seeds[name] = sorted({*seeds.get(name, []), *_seeds(bench, model)})
    write_json(
        directory / NOTE,
        {
            "opir_type": "bench",
            "opir_version": 1,
            "opir": opir.__version__,
            "size": bench.settings.size,
            "budget_seconds": bench.settings.budget,
            "tasks": tasks,
            "seeds": seeds,
        },
    )
