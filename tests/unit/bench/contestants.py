"""Models that go wrong, each in its own way; named to the runner as ``contestants:Class``."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, ClassVar

import numpy as np

from opir.models import Forecast, ForecastInputs, Persistence, Windows


class Good(Persistence):
    """Nothing changes but by a constant, which is known."""

    name: ClassVar[str] = "good"
    sees: ClassVar[frozenset[str]] = frozenset({"spectrum", "protocol"})

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        plain = super().forecast(inputs)
        return dataclasses.replace(plain, spectra=plain.spectra + 0.5)


class Crashes(Persistence):
    """Its own mistake in training."""

    def fit(self, train: Windows, validation: Windows | None = None) -> Any:
        raise ZeroDivisionError("the model divides by nothing")


class NotFinite(Persistence):
    """NaN in one value, behind the back of Forecast's own check."""

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        found = super().forecast(inputs)
        found.spectra[-1, -1, -1] = np.nan
        return found


class WrongShape(Persistence):
    """One frame too few."""

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        found = super().forecast(inputs)
        return dataclasses.replace(found, spectra=found.spectra[:, 1:], times=found.times[:, 1:])


class WritesTraining(Persistence):
    """Scales what all models are fitted to."""

    def fit(self, train: Windows, validation: Windows | None = None) -> Any:
        train.inputs.given[...] *= 2
        return self


class WritesInputs(Persistence):
    """Leaves nothing of its inputs, and looks for what came behind them."""

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        found = super().forecast(inputs)
        if inputs.given.base is not None:
            raise ZeroDivisionError("the given frames are part of a larger array")
        inputs.given[...] = 0
        return found


class NoForecast(Persistence):
    """Plain numbers."""

    def forecast(self, inputs: ForecastInputs) -> Any:
        return np.zeros((1, 2, 3))


class Dies(Persistence):
    """Takes its process along."""

    def fit(self, train: Windows, validation: Windows | None = None) -> Any:
        os._exit(7)


class Missing(Persistence):
    """A library that nobody has."""

    def fit(self, train: Windows, validation: Windows | None = None) -> Any:
        from opir.errors import require

        require("no_such_library", extra="rivals")
        return self


class Talks(Persistence):
    """Prints to standard output, where the worker's answers go."""

    def fit(self, train: Windows, validation: Windows | None = None) -> Any:
        print("{}", flush=True)
        os.write(1, b"noise\n")
        return self


class NoModel:
    """Not a forecaster at all."""
