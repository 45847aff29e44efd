"""The offset of a region in which nothing absorbs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from opir.errors import AxisError
from opir.run.history import Step
from opir.run.processing.base import Data, register, unmasked, with_values

__all__ = ["reference_offset"]


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    values = dataset[signal].values.astype(np.float64) + kept["offset"].values[..., None]
    return with_values(dataset, signal, values)


@register("reference_offset", undo=_undo)
def reference_offset(data: Data, low: float = 1850.0, high: float = 2000.0) -> Data:
    """Subtract from each spectrum its mean over a region without bands.

    Masked points do not count. The default region, 2000-1850 cm-1, is the one that operando
    fibre-IR groups use for carbonate electrolytes.

    Args:
        data: Spectrum or run.
        low, high: The region [cm-1], in either order.

    Raises:
        AxisError: If no point lies in the region.
    """
    low, high = sorted((float(low), float(high)))
    axis = data.wavenumber
    inside = (axis >= low) & (axis <= high) & unmasked(data.dataset)
    if not inside.any():
        raise AxisError(
            f"no point lies in the reference region {low:g} to {high:g} cm-1; the data cover "
            f"{axis.min():g} to {axis.max():g} cm-1",
            remedy="Name a region inside in which nothing absorbs",
        )
    values = data.values.astype(np.float64)
    # Summed in the order of rising wavenumbers, so that the direction changes no bit.
    order = np.flatnonzero(inside)[np.argsort(axis[inside])]
    offset = values[..., order].mean(axis=-1)
    step = Step("reference_offset", {"low": low, "high": high}, undoable=True)
    kept = xr.DataArray(offset, dims=data.DIMS[:-1])
    after = with_values(data.dataset, data.signal, values - offset[..., None])
    return data.with_step(step, after, {"offset": kept})
