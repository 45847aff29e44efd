"""The Voigt shape, exact: the convolution of Gauss and Lorentz."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.spectra.shapes.base import LINE_SHAPES, Array, LineShape
from opir.spectra.shapes.gauss import FWHM_PER_SIGMA
from opir.spectra.shapes.lorentz import Lorentz

__all__ = ["Voigt", "gauss_share"]

_NEARLY_LORENTZ = 0.9999
_FAR = 7.0
_SERIES = 12


def gauss_share(lorentzian: ArrayLike) -> Array:
    """FWHM of the Gauss part over that of the whole Voigt shape.

    Solves f = 0.5346 f_L + sqrt(0.2166 f_L^2 + f_G^2) for f_G (Olivero and Longbothum,
    J. Quant. Spectrosc. Radiat. Transfer 17 (1977) 233), which is right to 0.02 % of f.
    """
    share = np.asarray(lorentzian, dtype=np.float64)
    square = (1 - 0.5346 * share) ** 2 - 0.2166 * share**2
    return np.asarray(np.sqrt(np.clip(square, 0, None)), dtype=np.float64)


class Voigt(LineShape):
    """V(x) = Re w(z) / (s sqrt(2 pi)), z = (x + i g) / (s sqrt 2), w the Faddeeva function.

    Derivatives by w' = -2 z w + 2 i / sqrt(pi), w^(n+1) = -2 z w^(n) - 2 n w^(n-1)
    (DLMF 7.10), where |z| is large by the asymptotic series of w (DLMF 7.12.1), since there the
    recurrence loses its digits. Shares of Lorentz above 0.9999 are taken as Lorentz.
    """

    name = "voigt"

    def derivatives(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike, order: int
    ) -> Array:
        """See :meth:`LineShape.derivatives`."""
        scale, z, share = self._arguments(offset, width, lorentzian)
        near = _recurrence(np.where(np.abs(z) < _FAR, z, 0), order)
        far = _asymptotic(np.where(np.abs(z) < _FAR, _FAR, z), order)
        found = np.where(np.abs(z) < _FAR, near.real, far.real)
        for n in range(order + 1):
            found[n] /= np.sqrt(np.pi) * scale ** (n + 1)
        pure = share > _NEARLY_LORENTZ
        if pure.any():
            exact = Lorentz().derivatives(offset, width, lorentzian, order)
            found = np.where(pure, exact, found)
        return found

    def dispersion(self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike) -> Array:
        """-Im w(z) / (s sqrt(2 pi))."""
        from scipy.special import wofz

        scale, z, share = self._arguments(offset, width, lorentzian)
        found = -wofz(z).imag / (np.sqrt(np.pi) * scale)
        exact = Lorentz().dispersion(offset, width, lorentzian)
        return np.asarray(np.where(share > _NEARLY_LORENTZ, exact, found), dtype=np.float64)

    def _arguments(
        self, offset: ArrayLike, width: ArrayLike, lorentzian: ArrayLike
    ) -> tuple[Array, NDArray[np.complex128], Array]:
        share = np.asarray(lorentzian, dtype=np.float64)
        full = np.asarray(width, dtype=np.float64)
        inner = np.minimum(share, _NEARLY_LORENTZ)
        scale = np.sqrt(2) * full * gauss_share(inner) / FWHM_PER_SIGMA
        z = (np.asarray(offset, dtype=np.float64) + 0.5j * full * inner) / scale
        return scale, np.asarray(z, dtype=np.complex128), share


def _recurrence(z: NDArray[np.complex128], order: int) -> NDArray[np.complex128]:
    """W and its derivatives [order + 1, ...] for moderate z."""
    from scipy.special import wofz

    found = np.empty((order + 1, *z.shape), dtype=np.complex128)
    found[0] = wofz(z)
    for n in range(order):
        source = 2j / np.sqrt(np.pi) if n == 0 else -2 * n * found[n - 1]
        found[n + 1] = -2 * z * found[n] + source
    return found


def _asymptotic(z: NDArray[np.complex128], order: int) -> NDArray[np.complex128]:
    """The same for large z: i / sqrt(pi) times the sum of (2k-1)!! / (2^k z^(2k+1))."""
    found = np.zeros((order + 1, *z.shape), dtype=np.complex128)
    inverse = 1 / z
    power, factor = inverse, 1.0
    for k in range(_SERIES):
        term = factor * power
        for n in range(order + 1):
            found[n] += term
            term = -(2 * k + 1 + n) * term * inverse
        power, factor = power * inverse * inverse, factor * (2 * k + 1) / 2
    return np.asarray(found * 1j / np.sqrt(np.pi))


LINE_SHAPES.add(Voigt.name, Voigt())
