"""Ridge regression on PCA scores: from the given frame to the change at each lead time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import (
    MODELS,
    Arrays,
    FittedForecaster,
    check_wavenumber,
    not_fitted,
)
from opir.models.baselines.lead_grid import change_at, changes_on, common_lead, condition_features
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.kept_share import kept_share

__all__ = ["Ridge"]

Array = NDArray[np.float64]


@MODELS.register("ridge")
class Ridge(FittedForecaster):
    """Scores of the given frame, and the conditions, to scores of the change, linearly.

    The principal components are those of all training frames. One ridge regression maps the
    standardised features to the change scores of all lead times together. What of the given
    frame lies outside these components (noise, mostly) is kept in the forecast by a share.
    Number of components, penalty and share are chosen on the validation windows (mean absolute
    error), if there are any; after them the share of the whole change that is kept, by the rule
    of ABCC (:func:`opir.models.kept_share.kept_share`).

    Args:
        components: Numbers of principal components to try.
        penalties: Penalties to try, per training window and feature of unit variance.
        shares: Shares to try of the given frame's rest that is kept; 1 keeps it whole.
    """

    name: ClassVar[str] = "ridge"

    def __init__(
        self,
        components: Sequence[int] = (2, 3, 5, 8, 12, 20, 30, 40),
        penalties: Sequence[float] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        shares: Sequence[float] = (1.0, 0.5, 0.25, 0.0),
    ) -> None:
        self.recipe = {}
        self.components = tuple(int(count) for count in components)
        self.penalties = tuple(float(penalty) for penalty in penalties)
        self.shares = tuple(float(share) for share in shares)
        self.trust: float = 1.0
        self.chosen: dict[str, float] = {}
        self._arrays: Arrays = {}

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Fit each choice to ``train`` and keep the one best on ``validation``."""
        self.trust = 1.0
        points = train.inputs.wavenumber.size
        frames = np.concatenate([train.inputs.given, train.target], axis=1).reshape(-1, points)
        centre = frames.mean(axis=0)
        loadings = np.linalg.svd(frames - centre, full_matrices=False)[2]
        rank = min(len(loadings), max(self.components))
        lead = common_lead(train)
        change = changes_on(lead, train)
        base: Arrays = {"wavenumber": train.inputs.wavenumber, "lead": lead, "centre": centre}
        conditions = condition_features(train.inputs, lead)
        known = ~np.isnan(conditions)
        count = np.maximum(known.sum(axis=0), 1)
        base["condition_mean"] = np.where(known, conditions, 0).sum(axis=0) / count
        deviation = np.where(known, conditions - base["condition_mean"], 0)
        spread = np.sqrt((deviation**2).sum(axis=0) / count)
        base["condition_scale"] = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0)

        best = np.inf
        tried = sorted({min(count, rank) for count in self.components})
        for number in tried:
            arrays = {**base, "loadings": loadings[:number]}
            scores = (train.inputs.last - centre) @ loadings[:number].T
            arrays["score_scale"] = np.array([1 / max(float(scores.std(axis=0).max()), 1e-30)])
            features = _features(arrays, train.inputs)
            target = (change @ loadings[:number].T).reshape(len(train), -1)
            arrays["feature_mean"] = features.mean(axis=0)
            arrays["target_mean"] = target.mean(axis=0)
            inner = features - arrays["feature_mean"]
            gram = inner.T @ inner / len(train)
            moment = inner.T @ (target - arrays["target_mean"]) / len(train)
            for penalty in self.penalties:
                weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), moment)
                for share in self.shares:
                    self._arrays = {**arrays, "weights": weights, "share": np.array([share])}
                    error = _error(self, train if validation is None else validation)
                    if error < best:
                        best, kept = error, self._arrays
                        self.chosen = {"components": number, "penalty": penalty, "share": share}
        self._arrays = kept
        if validation is not None:
            forecast = self.forecast(validation.inputs)
            self.trust = kept_share(forecast.spectra, validation)
        return self

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Last spectrum plus the regressed change; held after the longest lead time fitted on."""
        kept = self._arrays
        if not kept:
            raise not_fitted(self)
        check_wavenumber(self, kept["wavenumber"], inputs)
        scores = (_features(kept, inputs) - kept["feature_mean"]) @ kept["weights"]
        scores = (scores + kept["target_mean"]).reshape(len(inputs), kept["lead"].size, -1)
        deviation = inputs.last - kept["centre"]
        rest = deviation - deviation @ kept["loadings"].T @ kept["loadings"]
        start = inputs.last - (1 - float(kept["share"][0])) * rest
        spectra = start[:, None] + change_at(inputs.lead, kept["lead"], scores @ kept["loadings"])
        if self.trust != 1:
            spectra = inputs.last[:, None] + self.trust * (spectra - inputs.last[:, None])
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The choice, and the regression."""
        return {"chosen": dict(self.chosen), "trust": self.trust}, dict(self._arrays)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        model = cls()
        model.chosen = dict(config.get("chosen", {}))
        model.trust = float(config["trust"])
        model._arrays = dict(arrays)
        return model


def _error(model: Ridge, windows: Windows) -> float:
    return float(np.abs(model.forecast(windows.inputs).spectra - windows.target).mean())


def _features(arrays: Arrays, inputs: ForecastInputs) -> Array:
    scores = (inputs.last - arrays["centre"]) @ arrays["loadings"].T * arrays["score_scale"]
    conditions = condition_features(inputs, arrays["lead"])
    scaled = (conditions - arrays["condition_mean"]) * arrays["condition_scale"]
    return np.concatenate([scores, np.where(np.isnan(scaled), 0.0, scaled)], axis=1)
