"""The same search for every model: random trials of its options, scored on validation windows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

import opir
from opir.bench.results.record import write_json
from opir.bench.runner.bench import Bench
from opir.bench.runner.contestant import searched
from opir.bench.runner.settings import BenchSettings
from opir.bench.runner.trial import Trials, do_trial, trial_data
from opir.errors import FormatError, OptionError
from opir.files import read_text

__all__ = ["read_tuned", "shipped_options", "trials_of", "tune"]

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
        workers: Processes of one thread each; 0 does all in this one.
        command: What was typed, for the record.
        report: Called with trials done, trials in all, and a line on the last one.

    Returns:
        What was written.

    Raises:
        OptionError: If the file is of other settings.
        FormatError: If it is damaged.
        OpirError: If a process does not start.
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

    if workers == 0 and todo:
        data = trial_data(settings)
        for name, options in todo:
            take(name, do_trial(name, options, data, settings.budget))
    elif todo:
        with Trials(settings, workers) as pool:
            for name, trial in pool.run(todo):
                take(name, trial)
    return head | {"models": models}


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
