"""Derivatives along the wavenumber axis."""

from __future__ import annotations

import xarray as xr

from opir.errors import OptionError
from opir.run.history import Step
from opir.run.processing.base import Data, register, with_values
from opir.run.processing.local_polynomial import local_polynomial
from opir.run.processing.smooth import restore_values

__all__ = ["derivative"]


@register("derivative", undo=restore_values)
def derivative(
    data: Data,
    order: int = 1,
    *,
    points: int | None = None,
    width: float | None = None,
    degree: int | None = None,
    keep: bool = False,
) -> Data:
    """Derivative of each spectrum by wavenumber, from local polynomials (Savitzky-Golay).

    It is taken by the wavenumber itself [per cm-1], so that the direction of the axis does not
    change its sign.

    Args:
        data: Spectrum or run.
        order: 1 or higher.
        points: Number of points in the window, odd; 11 where neither is given.
        width: Instead of it, the window's width [cm-1].
        degree: Of the polynomial; one above the order by default.
        keep: Keep the values before, so that the step can be undone.

    Raises:
        OptionError: If the window does not fit the axis or the degree.
    """
    if order < 1:
        raise OptionError(f"a derivative of order {order}", remedy="Give 1 or more")
    points = 11 if points is None and width is None else points
    degree = order + 1 if degree is None else degree
    values = local_polynomial(
        data.wavenumber, data.values, points=points, width=width, degree=degree, order=order
    )
    parameters = {"order": order, "points": points, "width": width, "degree": degree, "keep": keep}
    before = {"values": xr.DataArray(data.values, dims=data.DIMS)} if keep else None
    return data.with_step(
        Step("derivative", parameters, undoable=keep),
        with_values(data.dataset, data.signal, values),
        before,
    )
