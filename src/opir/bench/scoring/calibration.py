"""Intervals for every forecaster alike: split conformal prediction on validation windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.scoring.regions import regions
from opir.errors import AxisError

__all__ = ["LEVELS", "Calibration", "calibrate"]

Array = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Coverages aimed at."""

_BINS = 6
_POINTS = 200_000
"""Residuals of a bin that are sorted at most, evenly taken from all of them."""


@dataclass(frozen=True)
class Calibration:
    """Half widths of the intervals around a forecast.

    Attributes:
        edges: Inner edges of the lead-time bins [s], shape ``[bin - 1]``.
        region: Region of each point of the axis, shape ``[wavenumber]``.
        half: Half width, shape ``[level, bin, region]``; the levels are :data:`LEVELS`.
    """

    edges: Array
    region: NDArray[np.int64]
    half: Array

    def half_widths(self, level: int, lead: Array) -> NDArray[np.float32]:
        """Half widths of one level.

        Args:
            level: Index into :data:`LEVELS`.
            lead: Lead times [s], shape ``[batch, frames]``; those beyond the longest that was
                calibrated have the width of the last bin.

        Returns:
            Shape ``[batch, frames, wavenumber]``.
        """
        bins = np.searchsorted(self.edges, lead, side="right")
        table = self.half[level][:, self.region].astype(np.float32)
        return np.asarray(table[bins])


def calibrate(residuals: NDArray[np.floating[Any]], lead: Array, wavenumber: Array) -> Calibration:
    """Half widths by split conformal prediction within bins of lead time and region.

    The method is that of Papadopoulos et al. 2002 (doi:10.1007/3-540-36755-1_29); see Vovk,
    Gammerman and Shafer 2005 (doi:10.1007/b106715), section 4.1.

    The half width of a bin is the ``ceil((n + 1) level)``-th smallest of its ``n`` absolute
    residuals. Points of one run are not independent of each other, so the coverage aimed at
    holds on the average over runs like those of the validation, and not for each run.

    Args:
        residuals: Forecast less measurement on validation windows,
            ``[batch, frames, wavenumber]``.
        lead: Lead times [s], ``[batch, frames]``.
        wavenumber: Axis [cm-1].

    Raises:
        AxisError: If shapes do not fit.
    """
    if residuals.shape != (*lead.shape, wavenumber.size) or residuals.size == 0:
        raise AxisError(
            f"residuals of shape {residuals.shape} do not fit lead times of shape {lead.shape} "
            f"and {wavenumber.size} wavenumbers"
        )
    # Edges that are lead times themselves, so that no bin is empty.
    edges = np.quantile(lead, np.linspace(0, 1, _BINS + 1)[1:-1], method="higher")
    edges = np.unique(edges[edges > lead.min()])
    bins = np.searchsorted(edges, lead, side="right")
    names, region = regions(wavenumber)
    half = np.full((len(LEVELS), edges.size + 1, len(names)), np.nan)
    for number in range(edges.size + 1):
        rows = residuals[bins == number]
        for part in range(len(names)):
            values = np.abs(rows[:, region == part]).ravel()
            values = np.sort(values[:: max(1, values.size // _POINTS)])
            for at, level in enumerate(LEVELS):
                rank = int(np.ceil((values.size + 1) * level))
                half[at, number, part] = values[min(rank, values.size) - 1]
    return Calibration(edges, region, half)
