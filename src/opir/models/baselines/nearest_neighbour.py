"""Nearest neighbour: what the most similar training frame did next."""

from __future__ import annotations

from collections.abc import Mapping
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

__all__ = ["NearestNeighbour"]


@MODELS.register("nearest-neighbour")
class NearestNeighbour(FittedForecaster):
    """The change of the training window whose given frame and conditions are nearest.

    The distance is Euclidean; spectra and each condition count in units of their spread over the
    training windows. Conditions that are not known on both sides do not count.
    """

    name: ClassVar[str] = "nearest-neighbour"

    def __init__(self) -> None:
        self.recipe = {}
        self._arrays: Arrays = {}

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Keep the training windows."""
        lead = common_lead(train)
        conditions = condition_features(train.inputs, lead)
        known = ~np.isnan(conditions)
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, conditions, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, conditions - centre, 0) ** 2).sum(axis=0) / count)
        frames = train.inputs.last
        self._arrays = {
            "wavenumber": train.inputs.wavenumber,
            "lead": lead,
            "frames": frames,
            "frame_centre": frames.mean(axis=0, dtype=np.float64),
            "frame_spread": np.array([np.sqrt(((frames - frames.mean(0)) ** 2).sum(1).mean())]),
            "conditions": np.where(known, conditions - centre, 0),
            "condition_centre": centre,
            "known": known,
            "condition_spread": spread,
            "change": changes_on(lead, train),
        }
        return self

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Last spectrum plus the change of the nearest training window."""
        if not self._arrays:
            raise not_fitted(self)
        kept = self._arrays
        check_wavenumber(self, kept["wavenumber"], inputs)
        centre, size = kept["frame_centre"], max(float(kept["frame_spread"][0]) ** 2, 1e-30)
        far = _squares(inputs.last - centre, kept["frames"] - centre) / size
        used = kept["condition_spread"] > 0
        scale = kept["condition_spread"][used]
        asked = condition_features(inputs, kept["lead"])[:, used] - kept["condition_centre"][used]
        here, there = ~np.isnan(asked), kept["known"][:, used].astype(np.float64)
        gap = _squares(
            np.where(here, asked, 0.0) / scale,
            kept["conditions"][:, used] / scale,
            here.astype(np.float64),
            there,
        )
        far += gap / max(scale.size, 1)
        change = kept["change"][far.argmin(axis=1)]
        spectra = change_at(inputs.lead, kept["lead"], change)
        spectra += inputs.last[:, None]
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The training windows."""
        return {}, dict(self._arrays)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        model = cls()
        model._arrays = dict(arrays)
        return model


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
