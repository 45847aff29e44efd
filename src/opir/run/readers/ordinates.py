"""Conversions at the border that several formats need: wavelengths, percent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError

__all__ = ["as_fraction", "wavenumbers"]

_LENGTHS = {"um": (1e4, "micrometres"), "nm": (1e7, "nanometres")}


def wavenumbers(
    axis: NDArray[np.float64], unit: str, place: str
) -> tuple[NDArray[np.float64], str]:
    """An axis in cm-1 from one in ``cm-1``, ``um`` or ``nm``, and a note if it was converted.

    Raises:
        FormatError: If a wavelength is not above 0.
    """
    if unit == "cm-1":
        return axis, ""
    factor, name = _LENGTHS[unit]
    # Below 1e-3 of its unit no wavelength gives a wavenumber that opir takes.
    if not (np.isfinite(axis).all() and (axis > 1e-3).all()):
        raise FormatError(
            f"a wavelength in {name} is not above 0",
            place=place,
            remedy="The file is damaged, or its axis has another unit",
        )
    return factor / axis, f"The axis was converted from {name} to cm-1"


def as_fraction(values: NDArray[np.float64], signal: str) -> tuple[NDArray[np.float64], str]:
    """Transmittance and reflectance as a fraction of 1, and a note if they were in percent.

    Formats that know one word for both leave it to their writers; where the highest value is
    above 3, no fraction could be meant.
    """
    if signal not in ("transmittance", "reflectance") or values.size == 0 or values.max() <= 3:
        return values, ""
    return values / 100, f"The {signal} goes up to {values.max():g}: it was read as percent"
