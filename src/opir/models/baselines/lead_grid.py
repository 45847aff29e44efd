"""Forecast times on a common grid: baselines are fitted on one and asked for any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.models.inputs import ForecastInputs, Windows

__all__ = ["change_at", "changes_on", "common_lead", "condition_features", "pieces"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]


_PIECE = 256


def pieces(count: int) -> Iterator[slice]:
    """Slices of so many windows that a copy of them is small, in order."""
    for first in range(0, count, _PIECE):
        yield slice(first, min(first + _PIECE, count))


def common_lead(windows: Windows) -> Array:
    """Median lead times of the windows [s], shape ``[frames]``."""
    return np.asarray(np.median(windows.inputs.lead, axis=0))


def changes_on(
    lead: Array, windows: Windows, rows: slice = slice(None), loadings: Spectra | None = None
) -> Spectra:
    """Measured change at common lead times, in the precision of the spectra.

    Args:
        lead: Common lead times [s], shape ``[frames]``.
        windows: What was measured.
        rows: Some of the windows; by default all.
        loadings: Give scores of the change on these ``[score, wavenumber]`` instead.

    Returns:
        Shape ``[batch, frames, wavenumber]``, or ``[batch, frames, score]``.
    """
    target, last = windows.target[rows], windows.inputs.last[rows]
    change = target - last[:, None] if loadings is None else (target - last[:, None]) @ loadings.T
    return _interpolate(change, windows.inputs.lead[rows], np.tile(lead, (len(target), 1)))


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
    start = np.zeros((1, values.shape[2]), values.dtype)
    for row in range(values.shape[0]):
        known = np.concatenate([[0.0], at[row]])
        padded = np.concatenate([start, values[row]])
        right = np.clip(np.searchsorted(known, asked[row]), 1, known.size - 1)
        share = np.clip((asked[row] - known[right - 1]) / (known[right] - known[right - 1]), 0, 1)
        share = share.astype(values.dtype)[:, None]
        found[row] = padded[right - 1] + share * (padded[right] - padded[right - 1])
    return found
