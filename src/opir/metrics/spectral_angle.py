"""Angle between spectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import blocks, check_same

__all__ = ["spectral_angle"]


@labelled("...", forecast="... wavenumber", truth="... wavenumber")
def spectral_angle(
    forecast: ArrayLike, truth: ArrayLike, *, smallest: float = 0.0
) -> NDArray[np.float64]:
    """Angle between each pair of spectra [rad], from 0 (same shape) to pi (opposite sign).

    It sees the shape of a spectrum and not its size (spectral angle mapper; Kruse et al. 1993,
    doi:10.1016/0034-4257(93)90013-N). Hand over changes from the given frame, not absorbances,
    whose angle the unchanged solvent decides. Computed from the chord, which keeps small angles.

    Args:
        forecast, truth: ``[..., wavenumber]``.
        smallest: Root mean square at and below which a spectrum has no direction.

    Returns:
        ``[...]``; NaN where forecast or truth has no direction.

    Raises:
        AxisError: If the shapes differ or there is nothing.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_same(forecast=forecast, truth=truth)
    if first.ndim == 0:
        raise AxisError("forecast and truth are single numbers; they need a wavenumber axis")
    width = first.shape[-1]
    one, two = first.reshape(-1, width), second.reshape(-1, width)
    angle = np.empty(len(one))
    for rows in blocks(len(one), width):
        a, b = one[rows].astype(np.float64), two[rows].astype(np.float64)
        sizes = [np.sqrt(np.einsum("ij,ij->i", x, x)) for x in (a, b)]
        known = np.minimum(*sizes) > smallest * np.sqrt(width)
        for x, size in zip((a, b), sizes, strict=True):
            x /= np.where(known, size, 1.0)[:, None]
        apart, together = a - b, a + b
        chord = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        other = np.sqrt(np.einsum("ij,ij->i", together, together))
        angle[rows] = np.where(known, 2 * np.arctan2(chord, other), np.nan)
    return angle.reshape(first.shape[:-1])
