"""Making one model within a budget, with what it cost."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from opir.bench.runner.contestant import OF_TRAINING, make
from opir.bench.runner.machine import Meter
from opir.errors import ModelError
from opir.models import (
    FittedForecaster,
    Forecaster,
    ForecastInputs,
    TrainedForecaster,
    Windows,
)

__all__ = ["Made", "make_and_train", "parameter_count"]


@dataclass(frozen=True)
class Made:
    """A model that is ready, with what it cost.

    Attributes:
        model: The model.
        steps: Steps of its training; None of a closed form.
        best_step: The step whose weights it has.
        training_seconds: Time that passed.
        processor_seconds: What counts to the budget; None of a closed form.
        memory_bytes: How far memory rose.
        energy_joule: Of the processor package; None where it cannot be read.
        parameters: Numbers that were learned.
    """

    model: Forecaster
    steps: int | None
    best_step: int | None
    training_seconds: float
    processor_seconds: float | None
    memory_bytes: int
    energy_joule: float | None
    parameters: int

    def to_record(self) -> dict[str, Any]:
        """The part of a result's JSON file."""
        return {
            "steps": self.steps,
            "best_step": self.best_step,
            "training_seconds": round(self.training_seconds, 3),
            "processor_seconds": self.processor_seconds
            if self.processor_seconds is None
            else round(self.processor_seconds, 3),
            "memory_bytes": self.memory_bytes,
            "energy_joule": self.energy_joule,
            "parameters": self.parameters,
            "trust": self.model.trust,
        }


def make_and_train(
    spec: str,
    options: Mapping[str, Any],
    train: Windows,
    validation: Windows,
    *,
    seed: int,
    budget: float,
) -> Made:
    """Make a model and fit or train it, with one thread.

    Args:
        spec: Its name.
        options: Keywords of its constructor, ``learning_rate`` and ``batch``.
        train, validation: Windows.
        seed: Of the training.
        budget: Processor time of the training [s]; closed forms take what they need.

    Raises:
        OpirError: Whatever is wrong with the model.
    """
    meter = Meter()
    began = time.monotonic()
    model = make(spec, options)
    if not hasattr(model, "recipe"):
        model.recipe = {}
    steps = best_step = None
    processor = None
    if isinstance(model, FittedForecaster):
        model.fit(_read_only(train), _read_only(validation))
    elif isinstance(model, TrainedForecaster):
        from opir.training import TrainingConfig
        from opir.training.loop import train as run

        config = TrainingConfig(seconds=budget, seed=seed, threads=1, device="cpu")
        config = config.changed(**{name: options.get(name) for name in OF_TRAINING})
        result = run(model, train, validation, config=config, progress=False)
        steps, best_step = result.steps, result.best_step
        processor = result.processor_seconds
    else:
        raise ModelError(
            f"{spec!r} is neither a FittedForecaster nor a TrainedForecaster",
            remedy="Write it over one of these",
        )
    seconds = time.monotonic() - began
    return Made(
        model,
        steps,
        best_step,
        seconds,
        processor,
        meter.memory(),
        meter.energy(),
        parameter_count(model),
    )


_Data = TypeVar("_Data", Windows, ForecastInputs)


def _read_only(data: _Data) -> _Data:
    """The same arrays, that cannot be written to: the next model is fitted to them too."""
    found = copy.copy(data)
    for name, value in vars(data).items():
        if isinstance(value, ForecastInputs):
            object.__setattr__(found, name, _read_only(value))
        elif isinstance(value, np.ndarray):
            view = value.view()
            view.flags.writeable = False
            object.__setattr__(found, name, view)
    return found


def parameter_count(model: Forecaster) -> int:
    """Parameters that were trained; the size of all kept arrays where there is no training."""
    if isinstance(model, TrainedForecaster):
        return sum(int(item.numel()) for item in model.module.parameters())
    return sum(int(values.size) for values in model.state()[1].values())
