"""Bringing spectra to a common size."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import OptionError, ValueRangeError
from opir.run.history import Step
from opir.run.processing.base import Data, register, unmasked, with_values

__all__ = ["METHODS", "normalise"]

METHODS = ("snv", "max", "area", "vector")


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    shift, scale = kept["shift"].values[..., None], kept["scale"].values[..., None]
    values = dataset[signal].values.astype(np.float64) * scale + shift
    return with_values(dataset, signal, values)


@register("normalise", undo=_undo)
def normalise(data: Data, method: Literal["snv", "max", "area", "vector"] = "snv") -> Data:
    """Bring each spectrum to a common size; its constants are kept beside the data.

    Masked points do not count in the constants.

    Args:
        data: Spectrum or run.
        method: ``snv``: mean 0 and standard deviation 1 (standard normal variate, Barnes et al.
            1989, doi 10.1366/0003702894202201); ``max``: largest size of a value 1; ``area``:
            integral of the size over wavenumber [cm-1] 1; ``vector``: square root of the sum of
            squares 1.

    Raises:
        OptionError: If the method is unknown.
        ValueRangeError: If a spectrum is constant or zero, and so has no size.
    """
    if method not in METHODS:
        raise OptionError(f"method {method!r} is unknown", remedy=f"Use {', '.join(METHODS)}")
    axis = data.wavenumber
    used = np.flatnonzero(unmasked(data.dataset))
    used = used[np.argsort(axis[used])]
    values = data.values.astype(np.float64)
    shift, scale = _constants(values[..., used], axis[used], method)
    flat = ~(scale > np.finfo(np.float64).tiny) | (
        scale <= 1e-14 * np.abs(values).max(axis=-1) * (method == "snv")
    )
    if np.any(flat):
        raise ValueRangeError(
            f"{int(np.sum(flat))} spectrum or spectra are {'constant' if method == 'snv' else '0'}"
            " and cannot be normalised",
            place=f"spectrum {int(np.argmax(flat))}",
            remedy="Leave them out",
        )
    kept = {
        "shift": xr.DataArray(shift, dims=data.DIMS[:-1]),
        "scale": xr.DataArray(scale, dims=data.DIMS[:-1]),
    }
    step = Step("normalise", {"method": method}, undoable=True)
    after = (values - shift[..., None]) / scale[..., None]
    return data.with_step(step, with_values(data.dataset, data.signal, after), kept)


def _constants(
    values: NDArray[np.float64], axis: NDArray[np.float64], method: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    nothing = np.zeros(values.shape[:-1])
    if method == "snv":
        return np.asarray(values.mean(axis=-1)), np.asarray(values.std(axis=-1))
    if method == "max":
        return nothing, np.asarray(np.abs(values).max(axis=-1))
    if method == "area":
        middle = (np.abs(values[..., 1:]) + np.abs(values[..., :-1])) / 2
        return nothing, np.asarray((middle * np.diff(axis)).sum(axis=-1))
    return nothing, np.asarray(np.sqrt((values**2).sum(axis=-1)))
