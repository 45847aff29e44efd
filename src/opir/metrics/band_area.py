"""Error of the trajectories of band areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.metrics.bands import Band, area_weights, band_names, check_wavenumber, covered
from opir.metrics.labelled import labelled
from opir.metrics.pairs import blocks, check_finite, check_same

__all__ = ["band_area", "integrate_bands"]


@labelled("... band", coordinates=band_names, spectra="... wavenumber")
def integrate_bands(
    spectra: ArrayLike, wavenumber: ArrayLike | None = None, bands: Sequence[Band] | None = None
) -> NDArray[np.float64]:
    """Integral of each spectrum over each region [unit of the spectra times cm-1].

    Straight lines between the points, pieces at the limits included; no baseline is taken off.

    Args:
        spectra: ``[..., wavenumber]``.
        wavenumber: ``[wavenumber]`` cm-1, in either direction; read from labelled spectra.
        bands: Regions; those of :data:`~opir.metrics.bands.MID_INFRARED` on the axis by default.

    Returns:
        ``[..., band]``.

    Raises:
        AxisError: If the axis does not fit, or does not cover a region asked for.
        ValueRangeError: If a value is NaN or infinite.
    """
    values = check_finite("spectra", spectra)
    if values.size == 0 or values.ndim == 0:
        raise AxisError(f"spectra have shape {values.shape}; they need a wavenumber axis")
    axis = check_wavenumber(wavenumber, values.shape[-1])
    weights = area_weights(axis, covered(bands, axis))
    return np.asarray(values @ weights.astype(values.dtype), dtype=np.float64)


@labelled(
    "... time band",
    coordinates=band_names,
    forecast="... time wavenumber",
    truth="... time wavenumber",
)
def band_area(
    forecast: ArrayLike,
    truth: ArrayLike,
    wavenumber: ArrayLike | None = None,
    bands: Sequence[Band] | None = None,
    *,
    relative: bool = False,
    smallest: float = 0.0,
) -> NDArray[np.float64]:
    """Absolute error of the band areas at each frame [absorbance cm-1].

    The mean over the frames is the error of the trajectory. Absorbances and their changes from a
    shared frame give the same, except if ``relative``.

    Args:
        forecast, truth: ``[..., frames, wavenumber]``; changes from the given frame if
            ``relative``.
        wavenumber: ``[wavenumber]`` cm-1; read from labelled arrays.
        bands: Regions; those of :data:`~opir.metrics.bands.MID_INFRARED` on the axis by default.
        relative: Divide by the largest absolute true area of the same trajectory and region, so
            that 1 is the error of forecasting no change where the change is at its largest.
        smallest: Largest true area [absorbance cm-1] at and below which the relative error is
            undefined: nothing has happened there.

    Returns:
        ``[..., frames, band]``; NaN where the relative error is undefined.

    Raises:
        AxisError: If shapes or axis do not fit, or the axis does not cover a region asked for.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_same(forecast=forecast, truth=truth)
    if first.ndim < 2:
        raise AxisError(f"the shape is {first.shape}; [..., frames, wavenumber] is needed")
    axis = check_wavenumber(wavenumber, first.shape[-1])
    weights = area_weights(axis, covered(bands, axis)).astype(first.dtype)
    error = np.empty((*first.shape[:-1], weights.shape[1]))
    flat = error.reshape(-1, weights.shape[1])
    one, two = first.reshape(-1, len(axis)), second.reshape(-1, len(axis))
    for rows in blocks(*one.shape):
        flat[rows] = np.abs((one[rows] - two[rows]) @ weights)
    if not relative:
        return error
    scale = np.abs(integrate_bands(second, wavenumber, bands)).max(axis=-2, keepdims=True)
    return np.asarray(error / np.where(scale > smallest, scale, np.nan))
