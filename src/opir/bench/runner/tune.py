"""The same search for every model: random trials of its options, scored on validation windows."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.resources import files
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

import opir
from opir.bench.results.record import write_json
from opir.bench.runner.bench import Bench
from opir.bench.runner.contestant import searched
from opir.bench.runner.job import sentence
from opir.bench.runner.settings import BenchSettings
from opir.bench.runner.training import make_and_train
from opir.bench.scoring import check_forecast
from opir.errors import FormatError, OptionError
from opir.files import read_text
from opir.workers import ONE_THREAD

__all__ = ["read_tuned", "shipped_options", "trials_of", "tune"]

_ENDED = 10.0
"""How long a process that was told to end is waited for [s]."""
_KIND = "bench-tuning"


def trials_of(search: Mapping[str, Sequence[Any]], count: int, name: str) -> list[dict[str, Any]]:
    """The options to try: the first candidates, then random draws without repetition.

    Args:
        search: Option -> candidates.
        count: How many at most; fewer where there are not so many combinations.
        name: Of the model; its draws depend on nothing else.
    """
    first = {option: next(iter(values)) for option, values in search.items()}
    found = [first]
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    random = np.random.default_rng(seed)
    possible = int(np.prod([len(values) for values in search.values()])) if search else 1
    while len(found) < min(count, possible):
        drawn = {option: _one(values, random) for option, values in search.items()}
        if drawn not in found:
            found.append(drawn)
    return found


def _one(values: Sequence[Any], random: np.random.Generator) -> Any:
    return values[int(random.integers(len(values)))]


def tune(
    settings: BenchSettings,
    path: Path | str,
    *,
    trials: int = 6,
    workers: int = 2,
    command: str = "",
    report: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Search the options of every model on validation windows, those of the first fold asked for.

    Every trial has the same budget and seed 0; test runs are not looked at. Trials that are in
    the file already, made with the same settings, are kept.

    Args:
        settings: Models, budget, store and task; ``opir bench tune`` takes the random split.
        path: File for the result.
        trials: Of each model; fewer where its search has fewer combinations.
        workers: Processes; 0 does all in this one.
        command: What was typed, for the record.
        report: Called with trials done, trials in all, and a line on the last one.

    Returns:
        What was written.

    Raises:
        OptionError: If the file is of other settings.
        FormatError: If it is damaged.
    """
    if trials < 1:
        raise OptionError(f"{trials} trials were asked for; at least 1 is needed")
    bench = Bench(settings)
    key = next(iter(bench.folds))
    head: dict[str, Any] = {
        "opir_type": _KIND,
        "opir_version": 1,
        "opir": opir.__version__,
        "task": key[0],
        "fold_hash": bench.fold_hash(key),
        "budget_seconds": settings.budget,
        "trials": trials,
        "record": settings.record,
    }
    path = Path(path)
    models: dict[str, Any] = {}
    if path.is_file():
        before = _read(path)
        for name in ("fold_hash", "budget_seconds", "trials", "record"):
            made, now = before.get(name, False), head[name]
            if made != now:
                raise OptionError(
                    f"the trials in the file were made with {name} {made}, now {now}",
                    remedy="Name another file, or remove it",
                    path=path,
                )
        models = dict(before["models"])
    head["command"] = command
    wanted = {name: trials_of(searched(name), trials, name) for name in settings.models}
    todo = []
    for name, options in wanted.items():
        done = [trial["options"] for trial in models.get(name, {}).get("trials", [])]
        todo += [(name, one) for one in json.loads(json.dumps(options)) if one not in done]
    total = sum(len(options) for options in wanted.values())
    count = total - len(todo)

    def take(name: str, trial: dict[str, Any]) -> None:
        nonlocal count
        entry = models.setdefault(name, {"best": None, "trials": []})
        entry["trials"].append(trial)
        good = [t for t in entry["trials"] if t["validation_mae"] is not None]
        best = min(good, key=lambda t: t["validation_mae"], default=None)
        entry["best"] = None if best is None else best["options"]
        write_json(path, head | {"models": {n: models[n] for n in sorted(models)}})
        count += 1
        if report is not None:
            report(count, total, f"{name} {trial['validation_mae'] or 'failed'}")

    if workers == 0:
        _begin(settings)
        for name, options in todo:
            take(name, _trial(name, options))
    elif todo:
        others = set(active_children())
        with (
            _one_thread(),
            ProcessPoolExecutor(
                workers, get_context("spawn"), initializer=_begin_process, initargs=(settings,)
            ) as pool,
        ):
            with _deaf():  # and so the processes, which begin here
                running = {pool.submit(_trial, name, options): name for name, options in todo}
            try:
                for future in as_completed(running):
                    take(running[future], future.result())
            except BaseException:
                # A trial that runs would be waited for, however long its budget.
                _end_all(pool, set(active_children()) - others)
                raise
    return head | {"models": models}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes begun here compute with one thread each, as those of a run of the benchmark do."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C is not heard, and never by processes that begin here: who began them ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _end_all(pool: ProcessPoolExecutor, processes: set[BaseProcess]) -> None:
    """Tell processes to end, wait until they have, and do away with those that do not."""

    def kill() -> None:
        for process in processes:
            process.kill()

    for process in processes:
        process.terminate()
    late = threading.Timer(_ENDED, kill)
    late.start()
    pool.shutdown(cancel_futures=True)
    late.cancel()


def _end(*_: object) -> None:
    """What a process does that is told to end: it leaves this trial, begins no other, tidies up."""
    logging.getLogger("concurrent.futures").disabled = True
    _STATE["ended"] = True
    raise SystemExit


_STATE: dict[str, Any] = {}
"""Of a worker process: settings and data, read once; that it was told to end."""


def _begin_process(settings: BenchSettings) -> None:
    signal.signal(signal.SIGTERM, _end)
    _begin(settings)


def _begin(settings: BenchSettings) -> None:
    bench = Bench(settings)
    _STATE.update(settings=settings, data=bench.data(next(iter(bench.folds))))


def _trial(name: str, options: dict[str, Any]) -> dict[str, Any]:
    if "ended" in _STATE:
        raise SystemExit
    data, settings = _STATE["data"], _STATE["settings"]
    trial: dict[str, Any] = {"options": options, "validation_mae": None}
    try:
        made = make_and_train(
            name, options, data.train, data.validation, seed=0, budget=settings.budget
        )
        forecast = made.model.forecast(copy.deepcopy(data.validation.inputs))
        check_forecast(forecast, data.validation)
        error = float(np.abs(forecast.spectra - data.validation.target).mean(dtype=np.float64))
        record = made.to_record()
        trial |= {"validation_mae": error, "steps": record["steps"]}
        trial |= {"training_seconds": record["training_seconds"], "trust": record["trust"]}
    except Exception as error:  # untrusted model code: the trial says what happened
        traceback.print_exc(file=sys.stderr)
        trial["error"] = sentence(error)
    return trial


def read_tuned(path: Path | str) -> dict[str, dict[str, Any]]:
    """The best options of each model in a file that :func:`tune` wrote.

    Raises:
        FormatError: If the file is damaged.
    """
    models = _read(Path(path))["models"]
    return {
        name: dict(entry["best"]) for name, entry in models.items() if entry["best"] is not None
    }


def shipped_options() -> dict[str, dict[str, Any]]:
    """The options found by the search that opir was released with; empty without one."""
    path = files("opir.bench") / "tuned.json"
    return read_tuned(Path(str(path))) if path.is_file() else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FormatError(f"the file is damaged ({error})", path=path) from error
    if not isinstance(found, dict) or found.get("opir_type") != _KIND or "models" not in found:
        raise FormatError(
            "the file holds no tuning", path=path, remedy="Make one with: opir bench tune"
        )
    return found
