"""Trials of a search: a model trained with some options, scored on validation windows."""

from __future__ import annotations

import copy
import json
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from opir.bench.data import FoldData
from opir.bench.runner.bench import Bench
from opir.bench.runner.job import sentence
from opir.bench.runner.settings import BenchSettings
from opir.bench.runner.training import make_and_train
from opir.bench.scoring import check_forecast
from opir.errors import OpirError
from opir.workers import Workers, answering, ending

__all__ = ["Trial", "Trials", "do_trial", "main", "trial_data"]

Trial = tuple[str, dict[str, Any]]
"""Name of a model, and its options; or what came of them."""


def trial_data(settings: BenchSettings) -> FoldData:
    """The data of the first fold asked for."""
    bench = Bench(settings)
    return bench.data(next(iter(bench.folds)))


def do_trial(name: str, options: dict[str, Any], data: FoldData, budget: float) -> dict[str, Any]:
    """Train with seed 0 and score on validation windows; test runs are not looked at.

    Args:
        name: Of the model.
        options: Keywords of its constructor.
        data: What it learns from and is validated on.
        budget: Processor time [s].

    Returns:
        The options, ``validation_mae`` [absorbance] (None where it failed, with the ``error``), and
        how it was trained.
    """
    trial: dict[str, Any] = {"options": options, "validation_mae": None}
    try:
        made = make_and_train(name, options, data.train, data.validation, seed=0, budget=budget)
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


class Trials(Workers[Trial, Trial]):
    """Worker processes that do trials; one that dies costs its trial, which says so.

    Args:
        settings: Budget, store and task.
        count: Number of workers.
    """

    def __init__(self, settings: BenchSettings, count: int) -> None:
        super().__init__("opir.bench.runner.trial", {"settings": settings.to_json()}, count)

    def message(self, job: Trial) -> Mapping[str, Any]:
        """Model and options."""
        return {"name": job[0], "options": job[1]}

    def answered(self, job: Trial, answer: dict[str, Any]) -> Trial:
        """What came of the trial."""
        return job[0], answer["trial"]

    def died(self, job: Trial, code: int, late: bool) -> Trial:
        """A trial that failed."""
        how = f"was ended by the system ({ending(code)})" if code < 0 else f"ended with {code}"
        error = f"the model's process {how}; most often the memory was used up: use fewer workers."
        return job[0], {"options": job[1], "validation_mae": None, "error": error}

    def refused(self, answer: dict[str, Any] | None) -> OpirError:
        """The error for a worker that did not start."""
        return OpirError("a worker did not start" if answer is None else answer["error"])


def main() -> None:
    """Do trials until standard input ends: names and options in, what came of them out, as JSON."""
    say = answering()  # models may print
    try:
        settings = BenchSettings.from_json(json.loads(sys.stdin.readline())["settings"])
        data = trial_data(settings)
        say({"ready": True})
        for line in sys.stdin:
            job = json.loads(line)
            say({"trial": do_trial(job["name"], job["options"], data, settings.budget)})
    except OpirError as error:
        say({"error": str(error)})
    except BrokenPipeError:
        os._exit(1)  # nobody is there to be told
