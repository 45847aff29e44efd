"""Scoring predictions that were made elsewhere: a row among the results."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from opir.bench.data import FoldData
from opir.bench.floors import FLOORS
from opir.bench.results.record import result_path, write_result
from opir.bench.runner.bench import Bench
from opir.bench.runner.job import described, result_arrays
from opir.bench.runner.machine import code, machine
from opir.bench.runner.settings import BenchSettings
from opir.bench.scoring import Scores, score, subset_of
from opir.bench.submission.match import Matched, match
from opir.bench.submission.predictions import Predictions, read_predictions
from opir.errors import OptionError, OutputExistsError
from opir.models import Forecast
from opir.models.catalogue import model_names
from opir.models.intervals import Intervals

__all__ = ["fold_key", "score_predictions", "submit"]


def fold_key(bench: Bench, task: str, fold: str | None) -> tuple[str, str]:
    """Task and fold; a task with one fold needs none named.

    Raises:
        OptionError: If the fold is unknown, or several are there and none is named.
    """
    names = [name for where, name in bench.folds if where == task]
    if fold is None and len(names) == 1:
        return task, names[0]
    if fold is None or fold not in names:
        raise OptionError(
            f"task {task!r} has {len(names)} folds, and none was named"
            if fold is None
            else f"task {task!r} has no fold {fold!r}",
            remedy=f"Name one with --fold: {', '.join(names)}",
        )
    return task, fold


def score_predictions(predictions: Predictions, data: FoldData) -> tuple[Scores, Matched, Forecast]:
    """Score predictions of the test runs of a fold just as those of a model are.

    Intervals are calibrated on predictions of the validation runs where they are in the file,
    as for every model; those of the file itself are taken where it has them.

    Raises:
        OpirError: As :func:`opir.bench.submission.match.match` says.
    """
    found = match(predictions, data)
    fold, inputs = data.fold, data.test.inputs
    forecast = Forecast(found.test, inputs.times, inputs.wavenumber, "submission")
    cut = fold.scored_from - fold.given
    intervals = None if found.lower is not None else _intervals(found, data)
    scores = score(forecast, data, first=cut, samples=found.samples, intervals=intervals)
    if found.lower is not None and found.upper is not None and found.level is not None:
        scores = replace(scores, per_run=scores.per_run | _own_intervals(found, data, cut))
    return scores, found, forecast


def _intervals(found: Matched, data: FoldData) -> Intervals | None:
    if found.validation is None:
        return None
    windows = data.validation
    most = BenchSettings.calibration_runs
    rows = subset_of([str(number) for number in range(len(windows))], most)
    residuals = found.validation[rows] - windows.target[rows]
    return Intervals.fit(residuals, windows.inputs.lead[rows], windows.inputs.wavenumber)


def _own_intervals(found: Matched, data: FoldData, cut: int) -> dict[str, Any]:
    """Coverage and, at 90 %, width of the intervals of the file."""
    if found.lower is None or found.upper is None or found.level is None:
        return {}
    lower, upper = found.lower[:, cut:], found.upper[:, cut:]
    target = data.test.target[:, cut:]
    inside = (lower <= target) & (target <= upper)
    values = {f"coverage-{100 * found.level:.0f}": inside.mean(axis=(1, 2), dtype=np.float64)}
    if found.level == 0.9:
        values["width-90"] = (upper - lower).mean(axis=(1, 2), dtype=np.float64)
    return values


def submit(
    path: Path | str,
    directory: Path | str,
    *,
    task: str,
    fold: str | None = None,
    name: str | None = None,
    main: Path | str | None = None,
    shifted: Path | str | None = None,
    shared: Path | str | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Score predictions from a file and write them as a row among the results.

    Args:
        path: Predictions, see :func:`opir.bench.submission.predictions.read_predictions`.
        directory: Of the results; those of ``opir bench run`` may be in it.
        task, fold: What they predict; a task with one fold needs none named.
        name: Name of the row; the attribute ``model`` of the file, else its name, by default.
        main, shifted, shared: Sources of the task.
        overwrite: Replace a row that is there.

    Returns:
        The record that was written.

    Raises:
        OpirError: If anything does not fit: nothing is written then.
    """
    predictions = read_predictions(path)
    settings = BenchSettings(
        (task,),
        (),
        main=None if main is None else str(main),
        shifted=None if shifted is None else str(shifted),
        shared=None if shared is None else str(shared),
    )
    bench = Bench(settings)
    key = fold_key(bench, task, fold)
    _same_fold(predictions, key, bench.fold_hash(key))
    model = name or str(predictions.attributes.get("model", "")) or predictions.path.stem
    if model in (*FLOORS, *model_names()):
        raise OptionError(
            f"{model!r} is the name of a row that opir makes itself",
            remedy="Give --name another one",
            path=predictions.path,
        )
    target = result_path(directory, *key, model, 0)
    if target.exists() and not overwrite:
        raise OutputExistsError(target)
    data = bench.data(key)
    scores, found, forecast = score_predictions(predictions, data)
    bench.freeze(Path(directory))
    record = {
        "task": task,
        "task_title": bench.tasks[task].title,
        "task_version": bench.tasks[task].version,
        "fold": key[1],
        "model": model,
        "model_spec": None,
        "seed": 0,
        "status": "done",
        "error": None,
        "settings": {
            "task_version": bench.tasks[task].version,
            "fold_hash": bench.fold_hash(key),
            "predictions": _hash(predictions.path),
        },
        "submitted": True,
        "size": "full",
        "sees": None,
        "options": {},
        "budget_seconds": None,
        "code": code(),
        "machine": machine(),
        "data": bench.fingerprints,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "sampled": found.samples is not None,
        **described(data, data),
        **scores.to_record(),
    }
    cut = data.fold.scored_from - data.fold.given
    write_result(directory, record, result_arrays(forecast, data, scores, cut))
    return record


def _same_fold(predictions: Predictions, key: tuple[str, str], fold_hash: str) -> None:
    """What the file says of task, fold and runs has to be so."""
    said = predictions.attributes
    for what, wanted in (("task", key[0]), ("fold", key[1])):
        if what in said and str(said[what]) != wanted:
            raise OptionError(
                f"the predictions say that they are of {what} {said[what]!r}, not {wanted!r}",
                remedy=f"Give --{what} {said[what]}, or predict the other one",
                path=predictions.path,
            )
    if "fold_hash" in said and str(said["fold_hash"]) != fold_hash:
        raise OptionError(
            f"the predictions were made for other runs: fold_hash {said['fold_hash']}, this "
            f"store has {fold_hash}",
            remedy="The store has changed, or is another one: write the template anew from "
            "this one, and predict again",
            path=predictions.path,
        )


def _hash(path: Path) -> str:
    """SHA-256 of the file, or of all files of a folder with their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.relative_to(path).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return f"sha256:{digest.hexdigest()}"
