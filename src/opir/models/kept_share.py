"""How much of a forecast's change is kept, from what validation windows show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.models.inputs import Windows

__all__ = ["SHARES", "kept_share"]

SHARES = np.linspace(0.0, 1.0, 21)
"""Shares that are tried."""


def kept_share(spectra: NDArray[np.floating[Any]], validation: Windows) -> float:
    """The share of the forecast change to keep, 0 (persistence) to 1 (the forecast as it is).

    The share with the lowest mean absolute error over blocks is taken if its gain over
    persistence, block by block, is larger than one standard error of that gain over the blocks;
    else nothing is kept. So one block with a large change cannot decide alone, and what cannot be
    told from persistence is persistence. The idea is that of the one-standard-error rule
    (Breiman et al. 1984, Classification and Regression Trees, section 3.4.3). Windows of one
    block are not independent, so blocks are counted, not windows; with a single block there is no
    standard error, and the best share is taken.

    Args:
        spectra: Forecast of the validation windows with all of its change, shape
            ``[window, frames, wavenumber]``.
        validation: The windows.
    """
    change, last = validation.change, validation.inputs.last[:, None]
    moved = spectra - last
    window = np.array([np.abs(share * moved - change).mean(axis=(1, 2)) for share in SHARES])
    labels = np.unique(validation.block)
    error = np.stack([window[:, validation.block == label].mean(axis=1) for label in labels])
    best = int(error.mean(axis=0).argmin())
    gain = error[:, 0] - error[:, best]
    if len(labels) > 1 and gain.mean() <= gain.std(ddof=1) / np.sqrt(len(labels)):
        return 0.0
    return float(SHARES[best])
