"""Ridge regression on PCA scores: from the given frame to the change at each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import MODELS, Arrays
from opir.models.baselines.chosen import ChosenForecaster
from opir.models.baselines.frame_features import Scaler, few, principal_axes
from opir.models.baselines.lead_grid import LeadGrid, pieces
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["Ridge"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]

_ROWS = 20_000


@MODELS.register("ridge")
class Ridge(ChosenForecaster):
    """Scores of the given frame, and the conditions, to scores of the change, linearly.

    The principal components are those of all training frames. One ridge regression maps the
    standardised features, held within their range in training, to the change scores of all times
    together. What of the given frame lies outside these components (noise, mostly) is kept in the
    forecast by a share. Number of components, penalty and share are chosen on at most 128 of the
    validation windows (mean absolute error), if there are any; after them the share of the whole
    change that is kept, by the rule of ABCC (:func:`opir.models.kept_share.kept_share`).

    Args:
        components: Numbers of principal components to try.
        penalties: Penalties to try, per training window and feature of unit variance.
        shares: Shares to try of the given frame's rest that is kept; 1 keeps it whole.
    """

    name: ClassVar[str] = "ridge"

    def __init__(
        self,
        components: Sequence[int] = (2, 3, 5, 8, 12, 20, 30, 40, 60),
        penalties: Sequence[float] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        shares: Sequence[float] = (1.0, 0.5, 0.25, 0.0),
    ) -> None:
        super().__init__()
        self.components = tuple(int(count) for count in components)
        self.penalties = tuple(float(penalty) for penalty in penalties)
        self.shares = tuple(float(share) for share in shares)

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Fit each choice to ``train`` and keep the one best on ``validation``."""
        self.trust = 1.0
        wanted = max(self.components)
        centre, axes = principal_axes(_some_frames(train), wanted)
        loadings = axes.astype(train.target.dtype)
        rank = min(len(loadings), wanted)
        grid = LeadGrid.of(train)
        gained = [grid.changes(train, rows, loadings) for rows in pieces(len(train))]
        change = np.concatenate(gained).astype(np.float64)
        base: Arrays = {"wavenumber": train.inputs.wavenumber, "centre": centre, **grid.to_arrays()}
        conditions = grid.features(train.inputs)
        base |= Scaler.of(conditions).to_arrays("conditions")

        looked = few(train if validation is None else validation)
        best = np.inf
        tried = sorted({min(count, rank) for count in self.components})
        for number in tried:
            arrays = {**base, "loadings": loadings[:number]}
            scores = (train.inputs.last - centre) @ loadings[:number].T
            arrays["score_scale"] = np.array([1 / max(float(scores.std(axis=0).max()), 1e-30)])
            features = _features(arrays, train.inputs)
            target = change[..., :number].reshape(len(train), -1)
            arrays["feature_mean"] = features.mean(axis=0)
            arrays["target_mean"] = target.mean(axis=0)
            inner = features - arrays["feature_mean"]
            gram = inner.T @ inner / len(train)
            moment = inner.T @ (target - arrays["target_mean"]) / len(train)
            for penalty in self.penalties:
                arrays["weights"] = np.linalg.solve(gram + penalty * np.eye(len(gram)), moment)
                error = self._change(arrays, looked.inputs) - looked.change
                rest = _rest(arrays, looked.inputs)[:, None]
                for share in self.shares:
                    size = float(np.abs(error - (1 - share) * rest).mean())
                    if size < best:
                        best, kept = size, {**arrays, "share": np.array([share])}
                        self.chosen = {"components": number, "penalty": penalty, "share": share}
        self._arrays = kept
        return self._settle(validation)

    def _spectra(self, inputs: ForecastInputs) -> Spectra:
        """Last spectrum plus the regressed change; held after the longest time fitted on."""
        kept = self._arrays
        spectra = self._change(kept, inputs)
        spectra += inputs.last[:, None]
        spectra -= ((1 - float(kept["share"][0])) * _rest(kept, inputs))[:, None]
        return spectra

    @staticmethod
    def _change(arrays: Arrays, inputs: ForecastInputs) -> Spectra:
        """Change at ``inputs.times``, in the precision of the spectra."""
        scores = (_features(arrays, inputs) - arrays["feature_mean"]) @ arrays["weights"]
        scores = (scores + arrays["target_mean"]).reshape(len(inputs), arrays["lead"].size, -1)
        asked = LeadGrid.from_arrays(arrays).at(inputs, scores).astype(inputs.given.dtype)
        return np.asarray(asked @ arrays["loadings"].astype(inputs.given.dtype))


def _rest(arrays: Arrays, inputs: ForecastInputs) -> Spectra:
    """What of the last given frame lies outside the components."""
    deviation = inputs.last - arrays["centre"].astype(inputs.given.dtype)
    loadings = arrays["loadings"].astype(inputs.given.dtype)
    return np.asarray(deviation - deviation @ loadings.T @ loadings)


def _some_frames(windows: Windows) -> Spectra:
    """Given and later frames, ``[row, wavenumber]``; of many windows every eighth later frame."""
    step = 1 if windows.target.shape[0] * windows.target.shape[1] <= _ROWS else 8
    frames = np.concatenate([windows.inputs.given, windows.target[:, ::step]], axis=1)
    return frames.reshape(-1, frames.shape[2])


def _features(arrays: Arrays, inputs: ForecastInputs) -> Array:
    scores = (inputs.last - arrays["centre"]) @ arrays["loadings"].T * arrays["score_scale"]
    conditions = LeadGrid.from_arrays(arrays).features(inputs)
    return np.concatenate([scores, Scaler.from_arrays(arrays, "conditions")(conditions)], axis=1)
