"""What closed forms share that choose on validation windows: kept share of the change, state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import Arrays, FittedForecaster, check_wavenumber, not_fitted
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.kept_share import kept_share

__all__ = ["ChosenForecaster"]


class ChosenForecaster(FittedForecaster):
    """A closed form with options chosen on validation windows.

    Attributes:
        chosen: The options that were chosen.
        trust: Share of the forecast change that is kept.
    """

    trust: float

    def __init__(self) -> None:
        self.recipe = {}
        self.trust = 1.0
        self.chosen: dict[str, float] = {}
        self._arrays: Arrays = {}

    @abstractmethod
    def _spectra(self, inputs: ForecastInputs) -> NDArray[np.floating[Any]]:
        """Forecast spectra with all of their change, ``[batch, frames, wavenumber]``."""

    def _settle(self, validation: Windows | None) -> Self:
        """Choose the share of the change that is kept; all without validation windows."""
        self.trust = 1.0
        if validation is not None:
            self.trust = kept_share(self.forecast(validation.inputs).spectra, validation)
        return self

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """The last given spectrum plus the kept share of the change."""
        if not self._arrays:
            raise not_fitted(self)
        check_wavenumber(self, self._arrays["wavenumber"], inputs)
        spectra = self._spectra(inputs)
        if self.trust != 1:
            last = inputs.last[:, None]
            spectra = last + spectra.dtype.type(self.trust) * (spectra - last)
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The choice, and what was fitted."""
        return {"chosen": dict(self.chosen), "trust": self.trust}, dict(self._arrays)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        model = cls()
        model.chosen = dict(config.get("chosen", {}))
        model.trust = float(config["trust"])
        model._arrays = dict(arrays)
        return model
