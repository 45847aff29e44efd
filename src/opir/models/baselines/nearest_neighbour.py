"""Nearest neighbours: what the most similar training frames did next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import MODELS
from opir.models.baselines.chosen import ChosenForecaster
from opir.models.baselines.frame_features import few, well_scaled
from opir.models.baselines.lead_grid import LeadGrid
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["NearestNeighbour"]


@MODELS.register("nearest-neighbour")
class NearestNeighbour(ChosenForecaster):
    """The mean change of the training windows whose given frame and conditions are nearest.

    The distance is Euclidean; spectra and each condition count in units of their spread over the
    training windows. Conditions that are not known on both sides do not count. The number of
    neighbours is chosen on at most 128 of the validation windows (mean absolute error), one
    without any; after it the share of the change that is kept
    (:func:`opir.models.kept_share.kept_share`).

    Args:
        neighbours: Numbers of neighbours to try.
    """

    name: ClassVar[str] = "nearest-neighbour"

    def __init__(self, neighbours: Sequence[int] = (1, 2, 4, 8, 16, 32)) -> None:
        super().__init__()
        self.neighbours = tuple(int(count) for count in neighbours)
        self.chosen = {"neighbours": 1}

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Keep the training windows, and choose on the validation windows."""
        grid = LeadGrid.of(train)
        conditions = grid.features(train.inputs)
        known = ~np.isnan(conditions)
        centre, scale = well_scaled(conditions)
        frames = train.inputs.last
        self._arrays = {
            "wavenumber": train.inputs.wavenumber,
            **grid.to_arrays(),
            "frames": frames,
            "frame_centre": frames.mean(axis=0, dtype=np.float64),
            "frame_spread": np.array([np.sqrt(((frames - frames.mean(0)) ** 2).sum(1).mean())]),
            "conditions": np.where(known, conditions - centre, 0),
            "condition_centre": centre,
            "known": known,
            "condition_scale": scale,
            "change": grid.changes(train),
        }
        self.trust, self.chosen = 1.0, {"neighbours": 1}
        if validation is not None:
            looked = few(validation)
            errors = {}
            for number in sorted({min(count, len(train)) for count in self.neighbours}):
                self.chosen = {"neighbours": number}
                found = self.forecast(looked.inputs).spectra
                errors[number] = float(np.abs(found - looked.target).mean())
            self.chosen = {"neighbours": min(errors, key=errors.__getitem__)}
        return self._settle(validation)

    def _spectra(self, inputs: ForecastInputs) -> NDArray[np.floating[Any]]:
        """Last spectrum plus the mean change of the nearest training windows."""
        kept = self._arrays
        near = self._distances(inputs).argsort(axis=1, kind="stable")
        near = near[:, : int(self.chosen["neighbours"])]
        change = np.empty((len(inputs), *kept["change"].shape[1:]), kept["change"].dtype)
        for row, rows in enumerate(near):
            change[row] = kept["change"][rows].mean(axis=0)
        return LeadGrid.from_arrays(kept).at(inputs, change) + inputs.last[:, None]

    def _distances(self, inputs: ForecastInputs) -> NDArray[np.float64]:
        """Squared distances, shape ``[batch, training window]``."""
        kept = self._arrays
        centre, size = kept["frame_centre"], max(float(kept["frame_spread"][0]) ** 2, 1e-30)
        far = _squares(inputs.last - centre, kept["frames"] - centre) / size
        used = kept["condition_scale"] > 0
        scale = kept["condition_scale"][used]
        conditions = LeadGrid.from_arrays(kept).features(inputs)
        asked = conditions[:, used] - kept["condition_centre"][used]
        here, there = ~np.isnan(asked), kept["known"][:, used].astype(np.float64)
        gap = _squares(
            np.where(here, asked, 0.0) * scale,
            kept["conditions"][:, used] * scale,
            here.astype(np.float64),
            there,
        )
        return np.asarray(far + gap / max(scale.size, 1))


def _squares(
    left: NDArray[Any],
    right: NDArray[Any],
    left_known: NDArray[Any] | None = None,
    right_known: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Squared distances ``[left row, right row]``, over the columns that both know."""
    left, right = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    one = np.ones_like(left) if left_known is None else left_known
    other = np.ones_like(right) if right_known is None else right_known
    found = left**2 @ other.T + one @ (right**2).T - 2 * left @ right.T
    return np.asarray(np.maximum(found, 0.0))
