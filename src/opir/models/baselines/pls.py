"""Partial least squares: from spectrum, drive and descriptor at a frame to its change."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.errors import require
from opir.models.base import MODELS, Arrays
from opir.models.baselines.chosen import ChosenForecaster
from opir.models.baselines.frame_features import (
    Scaler,
    denoised,
    drive_features,
    few,
    fit_static,
    principal_axes,
    static_features,
    told_between,
    well_scaled,
)
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["PartialLeastSquares"]

Array = NDArray[np.float64]

_ROWS = 40_000
"""Largest number of frames that the regression is fitted to."""


@MODELS.register("pls")
class PartialLeastSquares(ChosenForecaster):
    """PLS regression of change scores, frame by frame, so that any times can be asked for.

    Features of a frame: the drive there and what it has been
    (:func:`~opir.models.baselines.frame_features.drive_features`), principal scores of the given
    spectrum and of the descriptor, and products of the drive with all of these; clipped to the
    range of the training windows. The regression (Wold, Sjöström and Eriksson 2001,
    doi:10.1016/S0169-7439(01)00155-1) is by the improved kernel algorithm (Dayal and MacGregor
    1997) of ikpls, some hundred times faster here than NIPALS, on at most 40,000 training frames.
    The number of latent components, and the share of the given frame's noise that is kept, are
    chosen on the validation windows (mean absolute error); after them the share of the whole
    change (:func:`opir.models.kept_share.kept_share`).

    Args:
        components: Numbers of latent components to try.
        change_axes: Principal axes of the change.
        shares: Shares to try of the given frame's rest that is kept; 1 keeps it whole.
    """

    name: ClassVar[str] = "pls"

    def __init__(
        self,
        components: Sequence[int] = (2, 5, 10, 20, 40, 80, 120, 160, 240, 320),
        change_axes: int = 48,
        shares: Sequence[float] = (1.0, 0.5, 0.25, 0.0),
    ) -> None:
        super().__init__()
        self.components = tuple(int(count) for count in components)
        self.change_axes = int(change_axes)
        self.shares = tuple(float(share) for share in shares)

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Fit the longest regression to ``train``; keep the components best on ``validation``."""
        regression = require("ikpls.numpy", extra="bench").PLS
        self.trust = 1.0
        arrays = fit_static(train)
        change = train.change.reshape(-1, train.target.shape[-1])
        arrays["change_axes"] = principal_axes(change, self.change_axes, centred=False)[1]
        drive = _drive(arrays, train.inputs)
        arrays |= Scaler.of(drive).to_arrays("drive")
        count = min(len(change), _ROWS)
        some = np.sort(np.random.default_rng(0).choice(len(change), count, replace=False))
        features = _features(arrays, train.inputs, some)
        arrays["feature_mean"], arrays["feature_scale"] = well_scaled(features)
        features = (features - arrays["feature_mean"]) * arrays["feature_scale"]
        target = change[some] @ arrays["change_axes"].T
        arrays["target_mean"] = target.mean(axis=0)
        arrays["weights"] = np.zeros((features.shape[1], target.shape[1]))
        arrays["share"] = np.ones(1)
        self._arrays = arrays
        rank = int(np.linalg.matrix_rank(features.T @ features, hermitian=True))
        if rank > 0 and target.any():
            tried = sorted({min(count, rank) for count in self.components})
            fitted = regression(algorithm=2, center_X=False, scale_X=False, scale_Y=False)
            with warnings.catch_warnings():  # fewer components that explain all are no fault
                warnings.filterwarnings("ignore", category=UserWarning, module="ikpls")
                fitted.fit(features, target, tried[-1])
            self._choose(tried, fitted.B, few(train if validation is None else validation))
        return self._settle(validation)

    def _choose(self, tried: Sequence[int], fitted: Array, judged: Windows) -> None:
        best = np.inf
        for count in tried:
            trial = {**self._arrays, "weights": fitted[count - 1]}
            change = _change(trial, judged.inputs) - judged.target
            for share in self.shares:
                start = denoised(trial, judged.inputs, share)
                error = float(np.abs(change + start[:, None]).mean())
                if error < best:
                    best, kept = error, {**trial, "share": np.array([share])}
                    self.chosen = {"components": count, "share": share}
        self._arrays = kept

    def _spectra(self, inputs: ForecastInputs) -> Array:
        """Last spectrum, its noise held down, plus the regressed change of each frame."""
        start = denoised(self._arrays, inputs, float(self._arrays["share"][0]))
        return start[:, None] + _change(self._arrays, inputs)


def _change(arrays: Arrays, inputs: ForecastInputs) -> Array:
    """Regressed change, shape ``[batch, frames, wavenumber]``."""
    weights = arrays["feature_scale"][:, None] * arrays["weights"] @ arrays["change_axes"]
    offset = arrays["target_mean"] @ arrays["change_axes"] - arrays["feature_mean"] @ weights
    found = np.empty((len(inputs), inputs.frames, weights.shape[1]))
    for first in range(0, len(inputs), 64):
        part = inputs.rows(np.arange(first, min(first + 64, len(inputs))))
        change = _features(arrays, part) @ weights + offset
        found[first : first + 64] = change.reshape(len(part), inputs.frames, -1)
    return found


def _drive(arrays: Arrays, inputs: ForecastInputs) -> Array:
    """What the drive is and has been, ``[batch, frames, feature]``."""
    return drive_features(inputs, between=told_between(arrays))[:, 1:]


def _features(arrays: Arrays, inputs: ForecastInputs, some: Any = slice(None)) -> Array:
    """Features of frames (numbers ``batch * frames + frame``), shape ``[frame, feature]``."""
    drive = Scaler.from_arrays(arrays, "drive")(_drive(arrays, inputs))
    drive = drive.reshape(-1, drive.shape[-1])[some]
    static = np.repeat(static_features(arrays, inputs), inputs.frames, axis=0)[some]
    both = np.concatenate([drive, static], axis=1)
    left, right = np.triu_indices(drive.shape[1], 0, both.shape[1])
    return np.concatenate([both, drive[:, left] * both[:, right]], axis=1)
