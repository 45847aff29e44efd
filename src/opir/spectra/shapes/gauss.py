"""The Gauss shape: inhomogeneous broadening, and the instrument line shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from opir.spectra.shapes.base import LINE_SHAPES, Array, LineShape

__all__ = ["FWHM_PER_SIGMA", "Gauss"]

FWHM_PER_SIGMA = float(2 * np.sqrt(2 * np.log(2)))
"""FWHM of a Gauss function of unit standard deviation."""


class Gauss(LineShape):
    """V(x) = exp(-x^2 / (2 s^2)) / (s sqrt(2 pi)), FWHM = 2 sqrt(2 ln 2) s.

    Derivatives through the Hermite polynomials (Abramowitz and Stegun 22.7.14):
    V^(n) = (-1)^n He_n(x/s) V / s^n.
    """

    name = "gauss"

    def derivatives(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike, order: int
    ) -> Array:
        """See :meth:`LineShape.derivatives`."""
        sigma = np.asarray(width, dtype=np.float64) / FWHM_PER_SIGMA
        u = np.asarray(offset, dtype=np.float64) / sigma
        found = np.empty((order + 1, *u.shape))
        found[0] = np.exp(-0.5 * u * u) / (sigma * np.sqrt(2 * np.pi))
        if order:
            found[1] = -u * found[0] / sigma
        for n in range(1, order):
            found[n + 1] = -(u * found[n] / sigma + n * found[n - 1] / sigma**2)
        return found

    def dispersion(self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike) -> Array:
        """-sqrt(2) D(x / (s sqrt 2)) / (pi s), D the Dawson function (DLMF 7.2.5)."""
        from scipy.special import dawsn

        sigma = np.asarray(width, dtype=np.float64) / FWHM_PER_SIGMA
        u = np.asarray(offset, dtype=np.float64) / (sigma * np.sqrt(2))
        return np.asarray(-np.sqrt(2) * dawsn(u) / (np.pi * sigma), dtype=np.float64)

    def lorentz_weight(self, lorentzian: ArrayLike) -> Array:
        """None."""
        return np.zeros_like(np.asarray(lorentzian, dtype=np.float64))


LINE_SHAPES.add(Gauss.name, Gauss())
