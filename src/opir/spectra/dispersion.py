"""Anomalous dispersion: the sample's own bands change its index, and so the evanescent depth.

First order: A becomes A exp(g dn), with dn the change of index by the bands (Kramers and Kronig)
and g = d ln(effective path) / d n2 of the optics. Bands of an internal reflection spectrum are so
moved to lower wavenumber and made lopsided.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.spectra.bands import BandTable
from opir.spectra.molar import check_axis
from opir.spectra.shapes import LINE_SHAPES

__all__ = ["distortion", "molar_dispersion"]

Array = NDArray[np.float64]

_PER_METRE = 100.0


def molar_dispersion(
    table: BandTable, wavenumber: ArrayLike, *, shape: str = "pseudo-voigt"
) -> Array:
    """Change of the refractive index per concentration [population, wavenumber], m3 mol-1.

    Kramers and Kronig for the index (Bertie and Lan, Appl. Spectrosc. 50 (1996) 1047):
    dn(v) = (2/pi) P-integral of v' k(v') / (v'^2 - v^2) dv' with k = ln(10) c eps / (4 pi v), so
    dn(v) = ln(10) c / (4 pi v) [R(v) - area / (pi (v + v0))] with R the dispersive partner of
    the line shape; the last term is that of negative wavenumbers, for a band narrow against
    v + v0.
    """
    axis = check_axis(wavenumber)
    line = LINE_SHAPES[shape]
    out = np.zeros((len(table.populations), axis.size))
    starts = table.starts
    for p in range(len(table.populations)):
        bands = slice(starts[p], starts[p + 1])
        centre = table.position[bands, None]
        partner = line.dispersion(
            axis - centre, table.width[bands, None], table.lorentzian[bands, None]
        )
        out[p] = table.area[bands] @ (partner - 1 / (np.pi * (axis + centre)))
    out *= np.log(10) / (4 * np.pi * axis * _PER_METRE)
    return out


def distortion(molar: Array, concentration: ArrayLike, sensitivity: ArrayLike) -> Array:
    """The factor exp(g dn) on the absorbance [time, wavenumber].

    Args:
        molar: From :func:`molar_dispersion` [population, wavenumber].
        concentration: [time, population], mol m-3.
        sensitivity: g = d ln(path) / d n2 [wavenumber], from the optics.

    Raises:
        AxisError: If the populations or wavenumbers do not fit.
    """
    amount, slope = np.asarray(concentration, dtype=np.float64), np.asarray(sensitivity)
    if amount.ndim != 2 or amount.shape[1] != molar.shape[0] or slope.shape != molar.shape[1:]:
        raise AxisError(
            f"concentration {amount.shape}, sensitivity {slope.shape} and molar dispersion "
            f"{molar.shape} do not fit",
            remedy="Give [time, population], [wavenumber] and [population, wavenumber]",
        )
    factor: Array = np.exp((amount @ molar) * slope)
    return factor
