"""Smoothing along the wavenumber axis."""

from __future__ import annotations

import xarray as xr

from opir.run.history import Step
from opir.run.processing.base import Data, register, with_values
from opir.run.processing.local_polynomial import local_polynomial

__all__ = ["restore_values", "smooth"]


def restore_values(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    """The values that a step kept whole, bit by bit."""
    return with_values(dataset, signal, kept["values"].values)


@register("smooth", undo=restore_values)
def smooth(
    data: Data,
    points: int | None = None,
    *,
    width: float | None = None,
    degree: int = 2,
    keep: bool = False,
) -> Data:
    """Smooth each spectrum by local polynomials (Savitzky-Golay), on any axis.

    Polynomials up to the degree pass unchanged. See
    :func:`opir.run.processing.local_polynomial.local_polynomial`.

    Args:
        data: Spectrum or run.
        points: Number of points in the window, odd.
        width: Instead of it, the window's width [cm-1].
        degree: Of the polynomial.
        keep: Keep the values before, so that the step can be undone; what smoothing takes away
            is lost otherwise.

    Raises:
        OptionError: If the window does not fit the axis or the degree.
    """
    values = local_polynomial(
        data.wavenumber, data.values, points=points, width=width, degree=degree
    )
    parameters = {"points": points, "width": width, "degree": degree, "keep": keep}
    before = {"values": xr.DataArray(data.values, dims=data.DIMS)} if keep else None
    return data.with_step(
        Step("smooth", parameters, undoable=keep),
        with_values(data.dataset, data.signal, values),
        before,
    )
