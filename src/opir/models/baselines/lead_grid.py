"""Forecast times on a common grid: baselines are fitted on one and asked for any other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.models.inputs import ForecastInputs, Windows

__all__ = ["change_at", "changes_on", "condition_features", "common_lead"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]


def common_lead(windows: Windows) -> Array:
    """Median lead times of the windows [s], shape ``[frames]``."""
    return np.asarray(np.median(windows.inputs.lead, axis=0))


def changes_on(lead: Array, windows: Windows) -> Spectra:
    """Measured change at common lead times, shape ``[batch, frames, wavenumber]``."""
    return _interpolate(windows.change, windows.inputs.lead, np.tile(lead, (len(windows), 1)))


def change_at(asked: Array, lead: Array, change: Spectra) -> Spectra:
    """Change known at common lead times, at the lead times asked for.

    It is zero at lead 0, linear between, and held after the last.

    Args:
        asked: Lead times [s], shape ``[batch, asked_frames]``.
        lead: Common lead times [s], shape ``[frames]``.
        change: Shape ``[batch, frames, wavenumber]``.
    """
    return _interpolate(change, np.tile(lead, (len(asked), 1)), asked)


def condition_features(inputs: ForecastInputs, lead: Array) -> Array:
    """The drive at the given frame and at common lead times, and the descriptor.

    Returns:
        Shape ``[batch, features]``; NaN where the drive is not known.
    """
    grid = np.concatenate([[0.0], lead])
    ahead = np.concatenate([np.zeros((len(inputs), 1)), inputs.lead], axis=1)
    drive = inputs.drive[:, inputs.given.shape[1] - 1 :]
    columns = [
        np.interp(grid, ahead[row], drive[row, :, channel])
        for row in range(len(inputs))
        for channel in range(drive.shape[2])
    ]
    sampled = np.array(columns).reshape(len(inputs), -1)
    return np.concatenate([sampled, inputs.descriptor], axis=1)


def _interpolate(values: Spectra, at: Array, asked: Array) -> Spectra:
    found = np.empty((values.shape[0], asked.shape[1], values.shape[2]), values.dtype)
    for row in range(values.shape[0]):
        known = np.concatenate([[0.0], at[row]])
        padded = np.concatenate([np.zeros((1, values.shape[2])), values[row]])
        right = np.clip(np.searchsorted(known, asked[row]), 1, known.size - 1)
        share = np.clip((asked[row] - known[right - 1]) / (known[right] - known[right - 1]), 0, 1)
        found[row] = padded[right - 1] + share[:, None] * (padded[right] - padded[right - 1])
    return found
