"""Forecast times on a common grid: baselines are fitted on one and asked for any other.

Where all windows last equally long, the grid is in seconds. Where they do not (protocols from
minutes to days), it is in shares of the time to forecast: frames of one share have most in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.models.base import Arrays
from opir.models.baselines.frame_features import ahead
from opir.models.between_frames import has_record
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["LeadGrid", "change_at", "pieces"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]

_PIECE = 256
_ALIKE = 0.01
"""Windows whose lengths differ by less than this share last equally long."""


def pieces(count: int) -> Iterator[slice]:
    """Slices of so many windows that a copy of them is small, in order."""
    for first in range(0, count, _PIECE):
        yield slice(first, min(first + _PIECE, count))


@dataclass(frozen=True)
class LeadGrid:
    """Common times of windows.

    Attributes:
        points: Lead times [s], or shares of the time to forecast, shape ``[point]``, rising.
        shared: Whether they are shares.
        between: Whether the windows tell of the drive between frames.
    """

    points: Array
    shared: bool
    between: bool

    @classmethod
    def of(cls, windows: Windows) -> LeadGrid:
        """The median times of windows."""
        last = windows.inputs.lead[:, -1]
        shared = bool(np.ptp(last) > _ALIKE * last.max())
        lead = windows.inputs.lead / last[:, None] if shared else windows.inputs.lead
        return cls(np.asarray(np.median(lead, axis=0)), shared, has_record(windows.inputs))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LeadGrid:
        """From :meth:`to_arrays`."""
        told = arrays.get("lead_between", np.zeros(1))
        return cls(arrays["lead"], bool(arrays["lead_shared"][0]), bool(told[0]))

    def to_arrays(self) -> Arrays:
        """As arrays, to be kept with a forecaster."""
        return {
            "lead": self.points,
            "lead_shared": np.array([self.shared]),
            "lead_between": np.array([self.between]),
        }

    def times(self, inputs: ForecastInputs) -> Array:
        """Times to forecast as the grid counts them, shape ``[batch, frames]``."""
        return inputs.lead / inputs.lead[:, -1:] if self.shared else inputs.lead

    def changes(
        self, windows: Windows, rows: slice = slice(None), loadings: Spectra | None = None
    ) -> Spectra:
        """Measured change at the points, in the precision of the spectra.

        Args:
            windows: What was measured.
            rows: Some of the windows; by default all.
            loadings: Give scores of the change on these ``[score, wavenumber]`` instead.

        Returns:
            Shape ``[batch, point, wavenumber]``, or ``[batch, point, score]``.
        """
        change = windows.target[rows] - windows.inputs.last[rows, None]
        if loadings is not None:
            change = change @ loadings.T
        wanted = np.tile(self.points, (len(change), 1))
        return _interpolate(change, self.times(windows.inputs)[rows], wanted)

    def at(self, inputs: ForecastInputs, change: Spectra) -> Spectra:
        """Change known at the points ``[batch, point, ...]``, at the times of the inputs."""
        return change_at(self.times(inputs), self.points, change)

    def features(self, inputs: ForecastInputs) -> Array:
        """The drive at the given frame and at the points, the length, and the descriptor.

        What the drive was between frames follows at the points, where the windows tell of it.

        Returns:
            Shape ``[batch, features]``; NaN where the drive is not known.
        """
        grid = np.concatenate([[0.0], self.points])
        clock = np.concatenate([np.zeros((len(inputs), 1)), self.times(inputs)], axis=1)
        drive = ahead(inputs, between=self.between)[1]
        columns = [
            np.interp(grid, clock[row], drive[row, :, channel])
            for row in range(len(inputs))
            for channel in range(drive.shape[2])
        ]
        sampled = np.array(columns).reshape(len(inputs), -1)
        length = np.log(inputs.lead[:, -1:]) if self.shared else np.empty((len(inputs), 0))
        return np.concatenate([sampled, length, inputs.descriptor], axis=1)


def change_at(asked: Array, lead: Array, change: Spectra) -> Spectra:
    """Change known at common times, at the times asked for.

    It is zero at time 0, linear between, and held after the last.

    Args:
        asked: Times, shape ``[batch, asked_frames]``.
        lead: Common times, shape ``[frames]``.
        change: Shape ``[batch, frames, wavenumber]``.
    """
    return _interpolate(change, np.tile(lead, (len(asked), 1)), asked)


def _interpolate(values: Spectra, at: Array, asked: Array) -> Spectra:
    found = np.empty((values.shape[0], asked.shape[1], values.shape[2]), values.dtype)
    start = np.zeros((1, values.shape[2]), values.dtype)
    for row in range(values.shape[0]):
        known = np.concatenate([[0.0], at[row]])
        padded = np.concatenate([start, values[row]])
        right = np.clip(np.searchsorted(known, asked[row]), 1, known.size - 1)
        share = np.clip((asked[row] - known[right - 1]) / (known[right] - known[right - 1]), 0, 1)
        share = share.astype(values.dtype)[:, None]
        found[row] = padded[right - 1] + share * (padded[right] - padded[right - 1])
    return found
