"""What came of scoring one forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scores"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Scores of one forecast of one fold.

    Attributes:
        per_run: Metric -> one value a run, ``[run]``; NaN where it says nothing of the run, or
            the run is not in the subset that slow metrics are taken on. A metric that applies
            to no run at all is not there.
        by_lead: Metric -> bin of lead time -> value.
        by_band: Metric -> region of the axis -> value.
        by_system: Metric -> system -> mean over its runs.
        error_map: Mean absolute error, ``[frames, wavenumber]``, over runs.
        wavenumber: Axis of the map [cm-1].
        seconds: Metric -> time that it took.
    """

    per_run: dict[str, Array]
    by_lead: dict[str, dict[str, float]]
    by_band: dict[str, dict[str, float]]
    by_system: dict[str, dict[str, float]]
    error_map: Array
    wavenumber: Array
    seconds: dict[str, float]

    @property
    def means(self) -> dict[str, float]:
        """Mean of each metric over the runs that it applies to."""
        return {name: float(np.nanmean(values)) for name, values in self.per_run.items()}

    @property
    def counts(self) -> dict[str, int]:
        """Number of runs that each metric applies to."""
        return {name: int(np.isfinite(v).sum()) for name, v in self.per_run.items()}

    def to_record(self) -> dict[str, Any]:
        """The part of a result's JSON file."""
        return {
            "scores": self.means,
            "scored_runs": self.counts,
            "by_lead": self.by_lead,
            "by_band": self.by_band,
            "by_system": self.by_system,
            "scoring_seconds": {name: round(v, 4) for name, v in self.seconds.items()},
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The part of a result's arrays."""
        return {
            **{f"metric/{name}": values for name, values in self.per_run.items()},
            "error_map": self.error_map.astype(np.float32),
            "wavenumber": self.wavenumber,
        }
