"""The Pearson VII shape: another road from Lorentz to Gauss, with other wings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from opir.spectra.shapes.base import LINE_SHAPES, Array, LineShape

__all__ = ["PearsonVII"]

_SMALLEST_SHARE = 0.02


class PearsonVII(LineShape):
    """V(x) = C (1 + k x^2)^-m, k = 4 (2^(1/m) - 1) / FWHM^2.

    C = sqrt(k / pi) Gamma(m) / Gamma(m - 1/2) (Hall et al., J. Appl. Cryst. 10 (1977) 66).
    m = 1 / lorentzian, so that 1 is Lorentz; shares below 0.02 (m = 50) are taken as 0.02, which
    is Gauss to 0.6 % of the peak. Wings fall as x^(-2m), unlike those of any Voigt shape.
    Derivatives by the recurrence that (1 + k x^2) V' = -2 m k x V gives.
    """

    name = "pearson-vii"

    def derivatives(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike, order: int
    ) -> Array:
        """See :meth:`LineShape.derivatives`."""
        from scipy.special import gammaln

        x, full = np.asarray(offset, dtype=np.float64), np.asarray(width, dtype=np.float64)
        m = 1.0 / np.clip(np.asarray(lorentzian, dtype=np.float64), _SMALLEST_SHARE, 1)
        k = 4 * (2 ** (1 / m) - 1) / full**2
        inner = 1 + k * x * x
        height = np.sqrt(k / np.pi) * np.exp(gammaln(m) - gammaln(m - 0.5))
        found = np.empty((order + 1, *inner.shape))
        found[0] = height * inner**-m
        for n in range(order):
            above = 2 * k * x * (n + m) * found[n]
            if n:
                above = above + k * n * (n - 1 + 2 * m) * found[n - 1]
            found[n + 1] = -above / inner
        return found


LINE_SHAPES.add(PearsonVII.name, PearsonVII())
