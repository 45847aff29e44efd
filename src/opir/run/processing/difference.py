"""Difference spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, OptionError
from opir.run.history import Step
from opir.run.processing.base import Data, register, with_values
from opir.run.run import Run
from opir.run.spectral import SpectralData
from opir.run.spectrum import Spectrum

__all__ = ["difference", "on_axis"]


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    before = dataset[signal].values.astype(np.float64) + kept["reference"].values
    return with_values(dataset, signal, before)


@register("difference", undo=_undo)
def difference(data: Data, reference: int | Spectrum = 0) -> Data:
    """Subtract one spectrum from all.

    Args:
        data: Spectrum or run.
        reference: Number of a frame of the run, from 0; or a spectrum on the same axis.

    Raises:
        OptionError: If there is no such frame, or the spectrum holds another quantity.
        AxisError: If the spectrum lies on another axis.
    """
    parameters: dict[str, Any]
    if isinstance(reference, Spectrum):
        taken = on_axis(reference, data)
        parameters = {"reference": "given", "name": reference.name}
    elif isinstance(reference, bool) or not isinstance(reference, (int, np.integer)):
        raise OptionError(
            f"the reference {reference!r} is neither the number of a frame nor a spectrum",
            remedy="Give one of them",
        )
    elif isinstance(data, Run):
        taken = data.spectrum(int(reference)).values.astype(np.float64)
        parameters = {"reference": int(reference)}
    else:
        raise OptionError(
            "one spectrum alone has no other frame to subtract",
            remedy="Give the reference as a spectrum",
        )
    step = Step("difference", parameters, undoable=True)
    kept = xr.DataArray(taken, dims=("wavenumber",))
    after = with_values(data.dataset, data.signal, data.values.astype(np.float64) - taken)
    return data.with_step(step, after, {"reference": kept})


def on_axis(reference: Spectrum, data: SpectralData) -> NDArray[np.float64]:
    """Values of a spectrum on the axis of the data, shape ``[wavenumber]``.

    Raises:
        OptionError: If it holds another quantity.
        AxisError: If it lies on another axis; the direction does not matter.
    """
    if reference.signal != data.signal:
        raise OptionError(
            f"the reference holds {reference.signal}, the data {data.signal}",
            remedy="Convert one of them first",
        )
    ours, theirs = data.wavenumber, reference.wavenumber
    values = reference.values.astype(np.float64)
    if (
        theirs.size == ours.size
        and theirs.size > 1
        and (theirs[0] > theirs[-1]) != (ours[0] > ours[-1])
    ):
        theirs, values = theirs[::-1], values[::-1]
    if theirs.shape != ours.shape or not np.allclose(theirs, ours, rtol=0, atol=1e-6):
        raise AxisError(
            f"the reference has {theirs.size} points over {theirs.min():g}-{theirs.max():g} cm-1, "
            f"the data {ours.size} over {ours.min():g}-{ours.max():g} cm-1",
            remedy="Bring it onto the axis of the data first: resample(reference, data.wavenumber)",
        )
    return values
