"""Fitting any forecaster, whichever way it is made."""

from __future__ import annotations

from pathlib import Path

from opir.errors import ModelError
from opir.models import FittedForecaster, Forecaster, TrainedForecaster, Windows
from opir.training.config import TrainingConfig

__all__ = ["fit"]


def fit(
    model: Forecaster,
    train: Windows,
    validation: Windows | None = None,
    *,
    config: TrainingConfig | None = None,
    log: Path | str | None = None,
    progress: bool | None = None,
) -> Forecaster:
    """Fit a forecaster in place, in closed form or by training.

    Args:
        model: What to fit.
        train: Windows to fit to.
        validation: Windows on which choices are made: hyper-parameters of the closed forms, the
            step at which the best weights of a trained one were found.
        config: How to train, where training is needed.
        log: File for the JSON-lines log of a training.
        progress: Show progress; by default on a terminal only.

    Returns:
        The same forecaster.
    """
    if isinstance(model, FittedForecaster):
        return model.fit(train, validation)
    if isinstance(model, TrainedForecaster):
        from opir.training.loop import train as run

        run(model, train, validation, config=config, log=log, progress=progress)
        return model
    raise ModelError(f"{model.name} is neither fitted nor trained, so it cannot be made here")
