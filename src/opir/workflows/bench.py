"""The benchmark: run it, tune for it, show its tables."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from opir.bench.results.cells import collect
from opir.bench.results.summary import summary_table
from opir.bench.results.table import csv_table, json_table, markdown_table
from opir.bench.runner import BenchRun, BenchSettings, run_bench
from opir.bench.runner.contestant import chosen_models
from opir.bench.runner.jobs import FLOORS
from opir.bench.runner.tune import read_tuned, shipped_options, tune
from opir.bench.tasks import TASKS
from opir.errors import OpirError, OptionError, UnknownNameError
from opir.progress import Progress
from opir.quantities import parse
from opir.workflows.simulate import simulate_store

__all__ = ["bench_run", "bench_table", "bench_tune", "chosen_tasks", "seconds"]

QUICK_RUNS, QUICK_SHIFTED = 360, 60
TINY_RUNS = 60
TINY_MODELS = ("persistence", "mean-trajectory", "ridge", "gru")
_OWN_STORE = "own-store"
_SAY_EVERY = 60.0
"""Seconds between two lines where there is no terminal."""


def seconds(text: str | float) -> float:
    """A budget: ``"10m"``, ``"20 s"``, or a number of seconds.

    Raises:
        OptionError: If it is no time, or not above 0.
    """
    found = _seconds(text)
    if not 0 < found < math.inf:
        raise OptionError(f"{text!r} is no budget", remedy="Write it as 20s, 10m or 1h")
    return found


def _seconds(text: str | float) -> float:
    if isinstance(text, (int, float)):
        return float(text)
    value = text.strip()
    for ending, factor in (("min", 60.0), ("m", 60.0), ("h", 3600.0), ("s", 1.0), ("", 1.0)):
        if value.endswith(ending):
            try:
                return float(value[: len(value) - len(ending)]) * factor
            except ValueError:
                continue
    try:
        return parse(text, "time")
    except OpirError as error:
        raise OptionError(f"{text!r} is no time", remedy="Write it as 20s, 10m or 1h") from error


def chosen_tasks(wanted: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """The tasks asked for, each once; ``all`` stands for those that the sources allow.

    Args:
        wanted: Names, or ``all``.
        sources: Of ``main``, ``shifted``, ``shared``: those that are there.

    Raises:
        UnknownNameError: If a name is unknown.
        OptionError: If a task needs a source that is not there, or none is named.
    """
    found: dict[str, None] = {}
    for name in wanted:
        if name == "all":
            found |= {
                task: None
                for task in TASKS
                if set(TASKS[task].needs) <= set(sources) and task != _OWN_STORE
            }
            continue
        if name not in TASKS:
            raise UnknownNameError("task", name, [*TASKS, "all"])
        lacking = sorted(set(TASKS[name].needs) - set(sources))
        if lacking:
            option = {
                "main": "--store STORE",
                "shifted": "--shifted STORE",
                "shared": "--shared DIR",
            }
            raise OptionError(
                f"the task {name!r} needs {' and '.join(lacking)} runs, which were not named",
                remedy=f"Add {' '.join(option.get(one, '--shared DIR') for one in lacking)}",
            )
        found[name] = None
    if not found:
        raise OptionError("no task is named", remedy="Give --task random, or --task all")
    return tuple(found)


def bench_run(
    out: Path | str,
    *,
    tasks: Sequence[str] = ("random",),
    models: Sequence[str] = ("all",),
    budget: str | float = "60s",
    seeds: int = 3,
    seed_from: int = 0,
    store: Path | str | None = None,
    shifted: Path | str | None = None,
    shared: Path | str | None = None,
    tuned: Path | str | None = None,
    folds: int | None = None,
    floor_runs: int = 256,
    record: bool = False,
    workers: int = 2,
    size: str = "full",
    force: bool = False,
    progress: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> BenchRun:
    """Run the benchmark; the same call again goes on where it was stopped.

    Args:
        out: Folder for the results.
        tasks: Names of tasks, or ``all`` that the sources named allow.
        models: Names, ``all``, ``floors``, or ``package.module:Class`` of one's own.
        budget: Training budget of each model, processor time: ``"10m"``.
        seeds: How many, of models to which the seed makes a difference.
        seed_from: The first.
        store: Store of the runs; :func:`opir.workflows.simulate.simulate_store` makes one.
        shifted: Store of another domain, to test on.
        shared: Folder of real measurements.
        tuned: File of options that ``opir bench tune`` wrote; those of the release by default.
        folds: Folds of each task at most.
        floor_runs: Test runs of a fold that the floors are found for at most.
        record: Hand models what cyclers recorded between the frames, too, where the stores have it.
        workers: Processes; 0 does all in this one.
        size: ``full``; ``quick`` (all tasks and models on stores of some hundred runs that it
            makes itself, half a second of training) or ``tiny`` (for tests).
        force: Make results anew that are there.
        progress: Show progress; by default on a terminal only.
        say: Takes a line of text now and then.

    Raises:
        OptionError, UnknownNameError, StoreError, BenchInterruptedError: See
            :func:`opir.bench.runner.run_bench`.
    """
    tell = say or (lambda text: None)
    if size not in ("full", "quick", "tiny"):
        raise OptionError(f"the size {size!r} is unknown", remedy="Use full, quick or tiny")
    if seeds < 1 or seed_from < 0:
        raise OptionError(f"{seeds} seeds from {seed_from} on were asked for; 1 or more are needed")
    settings: dict[str, Any] = {
        "folds": folds,
        "floor_runs": floor_runs,
        "record": record,
        "size": size,
    }
    seconds_each = seconds(budget)
    for name in tasks:
        if name != "all" and name not in TASKS:
            raise UnknownNameError("task", name, [*TASKS, "all"])
    wanted = chosen_models(models, (FLOORS,))
    if size != "full":
        store, shifted = _small_stores(Path(out), size, store, shifted, workers, progress, tell)
        seeds, seconds_each = 1, 0.6 if size == "quick" else 0.3
        settings |= {"folds": folds or 1, "test_runs": 16, "calibration_runs": 16, "samples": 2}
        settings |= {"floor_runs": 2, "replicas": 2}
    sources = {"main": store, "shifted": shifted, "shared": shared}
    settings |= {name: None if url is None else str(url) for name, url in sources.items()}
    there = [name for name, url in sources.items() if url is not None]
    options = shipped_options() if tuned is None else read_tuned(tuned)
    asked = BenchSettings(
        tasks=chosen_tasks(tasks, there),
        models=wanted,
        budget=seconds_each,
        seeds=tuple(range(seed_from, seed_from + seeds)),
        options=options,
        **settings,
    )
    shown: list[Progress] = []
    said = time.monotonic()

    def report(done: int, total: int, line: str) -> None:
        nonlocal said
        if not shown:
            shown.append(Progress(total, done=done, unit="result", shown=progress))
            tell(f"{done} of {total} results are there")
            return
        shown[0].show(done, line)
        if not shown[0].shown and time.monotonic() - said > _SAY_EVERY:
            said = time.monotonic()
            tell(f"{done} of {total} results, about {shown[0].left(done) / 60:.0f} min left")

    return run_bench(asked, out, workers=workers, force=force, report=report)


def _small_stores(
    out: Path,
    size: str,
    store: Path | str | None,
    shifted: Path | str | None,
    workers: int,
    progress: bool | None,
    tell: Callable[[str], None],
) -> tuple[Path | str, Path | str | None]:
    """Stores of a few simulated runs beside the results, made where none is named.

    The first runs of a preset do not depend on how many follow, so they are those of the full set.
    """
    out.mkdir(parents=True, exist_ok=True)
    runs = QUICK_RUNS if size == "quick" else TINY_RUNS
    if store is None:
        store = out / f"{size}-store"
        tell(f"simulating {runs} runs: {store}")
        simulate_store(
            store, preset="opirspec-sim-7k", runs=runs, workers=workers, progress=progress
        )
    if shifted is None and size == "quick":
        shifted = out / "quick-shifted"
        tell(f"simulating {QUICK_SHIFTED} runs of the shifted domain: {shifted}")
        simulate_store(
            shifted, preset="shifted", runs=QUICK_SHIFTED, workers=workers, progress=progress
        )
    return store, shifted


def bench_tune(
    out: Path | str,
    *,
    models: Sequence[str] = ("all",),
    budget: str | float = "20s",
    trials: int = 6,
    store: Path | str,
    record: bool = False,
    workers: int = 2,
    command: str = "",
    progress: bool | None = None,
) -> Mapping[str, Any]:
    """Search the options of every model alike; see :func:`opir.bench.runner.tune.tune`."""
    settings = BenchSettings(
        tasks=("random",),
        models=chosen_models(models),
        budget=seconds(budget),
        main=str(store),
        record=record,
    )
    shown: list[Progress] = []

    def report(done: int, total: int, line: str) -> None:
        if not shown:
            shown.append(Progress(total, done=done - 1, unit="trial", shown=progress))
        shown[0].show(done, line)

    return tune(settings, out, trials=trials, workers=workers, command=command, report=report)


def bench_table(
    directory: Path | str,
    *,
    format: str = "markdown",
    metrics: Sequence[str] = (),
    tasks: Sequence[str] = (),
) -> str:
    """The tables of a folder of results as a text.

    Args:
        directory: What ``opir bench run -o`` wrote.
        format: ``markdown``, ``csv``, ``json``, or ``summary``: one Markdown table of one metric
            over all tasks.
        metrics: Names; the usual ones by default.
        tasks: Names of tasks, or ``task/fold``; all by default.

    Raises:
        FormatError: If there are no results, or one is damaged.
        UnknownNameError: If a metric or a task is unknown.
    """
    makers = {
        "markdown": markdown_table,
        "csv": csv_table,
        "json": json_table,
        "summary": summary_table,
    }
    if format not in makers:
        raise OptionError(f"the format {format!r} is unknown", remedy=f"Use {', '.join(makers)}")
    return makers[format](collect(directory).of_tasks(tasks), metrics)
