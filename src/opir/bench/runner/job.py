"""Doing one job: train a model once, score it on every fold, write each result at once."""

from __future__ import annotations

import copy
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import FoldData
from opir.bench.floors import FLOORS as FLOOR_NAMES
from opir.bench.results.record import write_result
from opir.bench.runner.bench import Bench
from opir.bench.runner.contestant import defaults, display_name, resolve
from opir.bench.runner.floor_job import floor_scores
from opir.bench.runner.jobs import FLOORS, Job
from opir.bench.runner.machine import code, machine
from opir.bench.runner.settings import settings_of
from opir.bench.runner.training import Made, make_and_train
from opir.bench.scoring import Scores, check_forecast, score, subset_of
from opir.errors import OpirError
from opir.models import FittedForecaster, Forecast, Windows
from opir.models.intervals import Intervals

__all__ = [
    "described",
    "do_job",
    "options_of",
    "result_arrays",
    "result_head",
    "sentence",
    "wanted_settings",
]

_EXAMPLES = 3


def sentence(error: BaseException) -> str:
    """What went wrong, in one sentence."""
    if isinstance(error, OpirError):
        return str(error)
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"the model raised {what[:300]}."


def options_of(bench: Bench, model: str) -> dict[str, Any]:
    """Options of a model: those of the run, else the first candidates of its search."""
    if model == FLOORS:
        return {}
    if model in bench.settings.options:
        return dict(bench.settings.options[model])
    try:
        return defaults(model)
    except Exception:  # untrusted, or its library is missing: its row will say so
        return {}


def wanted_settings(
    bench: Bench, key: tuple[str, str], model: str, seed: int, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings that a result of this fold and model is to have."""
    if model == FLOORS:
        return settings_of(
            fold_hash=bench.fold_hash(key),
            task_version=bench.tasks[key[0]].version,
            options={},
            seed=0,
            settings=bench.settings,
            trained=False,
            floor=True,
        )
    try:
        trained = not issubclass(resolve(model), FittedForecaster)
    except Exception:  # as above
        trained = True
    return settings_of(
        fold_hash=bench.fold_hash(key),
        task_version=bench.tasks[key[0]].version,
        options=options,
        seed=seed,
        settings=bench.settings,
        trained=trained,
    )


def result_head(bench: Bench, key: tuple[str, str], job: Job) -> dict[str, Any]:
    """What every result says, failed ones too."""
    task, fold = bench.tasks[key[0]], bench.folds[key]
    options = options_of(bench, job.model)
    sees: list[str] | None
    try:
        sees = None if job.model == FLOORS else sorted(resolve(job.model).sees)
    except Exception:  # as above
        sees = None
    settings = wanted_settings(bench, key, job.model, job.seed, options)
    return {
        "task": task.name,
        "task_title": task.title,
        "task_version": task.version,
        "fold": fold.name,
        "model": display_name(job.model),
        "model_spec": job.model,
        "seed": job.seed,
        "status": "failed",
        "error": None,
        "settings": settings,
        "size": bench.settings.size,
        "sees": sees,
        "options": options,
        "budget_seconds": settings.get("budget_seconds"),
        "code": code(),
        "machine": machine(),
        "data": bench.fingerprints,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "scores": {},
    }


def do_job(bench: Bench, job: Job, directory: Path) -> list[dict[str, Any]]:
    """Train, forecast, score and write.

    Whatever a model raises ends in its result; what is wrong with the data is raised.

    Returns:
        For each fold: task, fold, status, error and MAE.
    """
    if job.model == FLOORS:
        return _do_floors(bench, job, directory)
    found = []
    made: Made | None = None
    intervals: Intervals | None = None
    failure: str | None = None
    first = bench.data(job.folds[0])
    try:
        options = options_of(bench, job.model)
        made = make_and_train(
            job.model,
            options,
            first.train,
            first.validation,
            seed=job.seed,
            budget=bench.settings.budget,
        )
        intervals = _intervals(made, first, bench.settings.calibration_runs)
    except Exception as error:  # untrusted model code: its row says what happened
        traceback.print_exc(file=sys.stderr)
        failure = sentence(error)
    for key in job.folds:
        data = bench.data(key)
        record = result_head(bench, key, job)
        arrays: dict[str, NDArray[Any]] = {}
        if made is not None and intervals is not None:
            try:
                scored, arrays = _score(bench, key, made, intervals, data, job.seed)
                record |= made.to_record() | scored
            except Exception as error:  # untrusted model code, as above
                traceback.print_exc(file=sys.stderr)
                record["error"] = sentence(error)
        else:
            record["error"] = failure
        write_result(directory, record, arrays)
        found.append(summary(record))
    return found


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the main process is told of a result."""
    names = ("task", "fold", "model", "status", "error")
    return {name: record[name] for name in names} | {"mae": record["scores"].get("mae")}


def _do_floors(bench: Bench, job: Job, directory: Path) -> list[dict[str, Any]]:
    found = []
    for key in job.folds:
        head = result_head(bench, key, job)
        data = bench.data(key)
        try:
            for name, few, forecast, scores, cost in floor_scores(bench, key, data, directory):
                record = head | {"model": name, "status": "done", **cost}
                record |= described(data, few) | scores.to_record()
                cut = bench.folds[key].scored_from - bench.folds[key].given
                write_result(directory, record, result_arrays(forecast, few, scores, cut))
                found.append(summary(record))
        except OpirError as error:
            for name in FLOOR_NAMES:
                record = head | {"model": name, "error": sentence(error)}
                write_result(directory, record, {})
                found.append(summary(record))
    return found


def described(data: FoldData, tested: FoldData) -> dict[str, Any]:
    """What a result says of the data: their origin, how many runs, the first frame scored."""
    return {
        "origin": data.origin,
        "notes": list(data.notes),
        "runs": len(tested.test),
        "first_frame": data.fold.scored_from - data.fold.given + 1,
        "train_runs": len(data.train),
        "validation_runs": len(data.validation),
    }


def _intervals(made: Made, data: FoldData, most: int) -> Intervals:
    """Intervals from the model's errors on validation windows."""
    windows = data.validation
    rows = subset_of([str(number) for number in range(len(windows))], most)
    chosen = windows.rows(rows)
    forecast = made.model.forecast(chosen.inputs)
    residuals = _checked(forecast, chosen) - chosen.target
    return Intervals.fit(residuals, chosen.inputs.lead, chosen.inputs.wavenumber)


def _checked(forecast: Forecast, windows: Windows) -> NDArray[np.floating[Any]]:
    check_forecast(forecast, windows)
    return forecast.spectra


def _score(
    bench: Bench,
    key: tuple[str, str],
    made: Made,
    intervals: Intervals,
    data: FoldData,
    seed: int,
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    fold = bench.folds[key]
    cut = fold.scored_from - fold.given
    # A copy: it has no way to what came, and what a model does to it reaches no other model.
    inputs = copy.deepcopy(data.test.inputs)
    began = time.perf_counter()
    forecast = made.model.forecast(inputs)
    milliseconds = 1e3 * (time.perf_counter() - began) / len(data.test)
    check_forecast(forecast, data.test, data.test_ids)
    subset = subset_of(data.test_ids)
    samples = made.model.sample(data.test.inputs.rows(subset), bench.settings.samples, seed)
    scores = score(forecast, data, first=cut, samples=samples, intervals=intervals)
    record = {
        "status": "done",
        **described(data, data),
        "forecast_milliseconds": round(milliseconds, 3),
        "sampled": samples is not None,
        **scores.to_record(),
    }
    first = made.steps is None or seed == min(bench.settings.seeds)
    return record, result_arrays(forecast, data, scores, cut, examples=first)


def result_arrays(
    forecast: Forecast, data: FoldData, scores: Scores, cut: int, *, examples: bool = True
) -> dict[str, NDArray[Any]]:
    """Arrays of a result, with the three best and three worst runs.

    Args:
        forecast: Of ``data.test``.
        data: The fold.
        scores: Of the forecast.
        cut: Index, among the frames ahead, of the first that is scored.
        examples: Whether these runs are kept, most of the bytes; once for each model will do.
    """
    ids = np.array(data.test_ids, dtype=np.str_)
    found = {
        "id": ids,
        "system": np.asarray(data.systems, dtype=np.str_),
        "block": data.test.block,
        **scores.to_arrays(),
    }
    if not examples:
        return found
    order = np.argsort(scores.per_run["mae"], kind="stable")
    shown = order[np.unique(np.r_[:_EXAMPLES, -_EXAMPLES:0] % order.size)]
    return found | {
        "example_id": ids[shown],
        "example_time": data.test.inputs.lead[shown, cut:],
        "example_given": _rounded(data.test.inputs.given[shown, -1]),
        "example_target": _rounded(data.test.target[shown, cut:]),
        "example_forecast": _rounded(forecast.spectra[shown, cut:]),
    }


def _rounded(spectra: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """To 1e-5, far below what a picture shows, so that it packs well."""
    return np.asarray(np.round(spectra.astype(np.float32), 5), dtype=np.float32)
