"""Persistence: nothing changes after the last given frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from opir.models.base import MODELS, Arrays, FittedForecaster
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["Persistence"]


@MODELS.register("persistence")
class Persistence(FittedForecaster):
    """The last given spectrum, at all times; nothing is fitted."""

    name: ClassVar[str] = "persistence"
    sees: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.recipe = {}

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Nothing to fit."""
        return self

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """The last given spectrum at every time."""
        spectra = np.repeat(inputs.last[:, None], inputs.frames, axis=1)
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Nothing."""
        return {}, {}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """A new one."""
        return cls()
