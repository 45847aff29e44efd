"""Training-mean trajectory: the mean change of the training windows at each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from opir.models.base import (
    MODELS,
    Arrays,
    FittedForecaster,
    check_wavenumber,
    not_fitted,
)
from opir.models.baselines.lead_grid import LeadGrid, pieces
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["MeanTrajectory"]


@MODELS.register("mean-trajectory")
class MeanTrajectory(FittedForecaster):
    """The last given spectrum plus the mean change of the training windows."""

    name: ClassVar[str] = "mean-trajectory"
    sees: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.recipe = {}
        self._arrays: Arrays = {}

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Mean change at the common times of the windows."""
        grid = LeadGrid.of(train)
        parts = [
            grid.changes(train, rows).sum(axis=0, dtype=np.float64) for rows in pieces(len(train))
        ]
        self._arrays = {
            "wavenumber": train.inputs.wavenumber,
            **grid.to_arrays(),
            "change": np.sum(parts, axis=0) / len(train),
        }
        return self

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Last spectrum plus mean change; held after the longest time fitted on."""
        if not self._arrays:
            raise not_fitted(self)
        check_wavenumber(self, self._arrays["wavenumber"], inputs)
        mean = self._arrays["change"].astype(inputs.given.dtype)
        change = np.broadcast_to(mean, (len(inputs), *mean.shape))
        spectra = LeadGrid.from_arrays(self._arrays).at(inputs, change)
        spectra += inputs.last[:, None]
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Mean change and its times."""
        return {}, dict(self._arrays)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        model = cls()
        model._arrays = dict(arrays)
        return model
