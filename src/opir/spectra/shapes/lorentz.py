"""The Lorentz shape: homogeneous broadening, the damped oscillator near its resonance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from opir.spectra.shapes.base import LINE_SHAPES, Array, LineShape

__all__ = ["Lorentz"]


class Lorentz(LineShape):
    """V(x) = (g / pi) / (x^2 + g^2), FWHM = 2 g.

    V is the imaginary part of 1 / (pi (x - i g)), hence
    V^(n) = (-1)^n n! Im[(x - i g)^-(n+1)] / pi.
    """

    name = "lorentz"

    def derivatives(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike, order: int
    ) -> Array:
        """See :meth:`LineShape.derivatives`."""
        pole = 1.0 / (np.asarray(offset, dtype=np.float64) - 0.5j * np.asarray(width))
        found = np.empty((order + 1, *pole.shape))
        power = pole / np.pi
        for n in range(order + 1):
            found[n] = (-1) ** n * math.factorial(n) * power.imag
            power = power * pole
        return found

    def dispersion(self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike) -> Array:
        """-(x / pi) / (x^2 + g^2)."""
        x, half = np.asarray(offset, dtype=np.float64), 0.5 * np.asarray(width, dtype=np.float64)
        return np.asarray(-x / (np.pi * (x * x + half * half)), dtype=np.float64)

    def lorentz_weight(self, lorentzian: ArrayLike) -> Array:
        """All of it."""
        return np.ones_like(np.asarray(lorentzian, dtype=np.float64))


LINE_SHAPES.add(Lorentz.name, Lorentz())
