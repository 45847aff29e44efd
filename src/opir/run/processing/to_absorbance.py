"""Absorbance from transmittance or from single-channel spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from opir.errors import OptionError, ValueRangeError
from opir.quantities import quantity
from opir.run.history import Step
from opir.run.processing.base import Data, register
from opir.run.processing.difference import on_axis
from opir.run.spectrum import Spectrum

__all__ = ["to_absorbance"]


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    before = str(step.parameters["from"])
    values = 10.0 ** -dataset[signal].values.astype(np.float64)
    if "reference" in kept:
        values = values * kept["reference"].values
    return _renamed(dataset, signal, before, values)


def _renamed(dataset: xr.Dataset, old: str, new: str, values: Any) -> xr.Dataset:
    variable = dataset[old]
    attributes = {k: v for k, v in variable.attrs.items() if k not in quantity(old).attributes}
    attributes |= quantity(new).attributes
    return dataset.drop_vars(old).assign(
        {new: (variable.dims, values.astype(variable.dtype, copy=False), attributes)}
    )


@register("to_absorbance", undo=_undo)
def to_absorbance(data: Data, reference: Spectrum | None = None, *, minimum: float = 1e-6) -> Data:
    """Decadic absorbance, ``A = -log10(T)``, or ``-log10(S / R)`` of single-channel spectra.

    Args:
        data: Spectrum or run of transmittance or of single-channel spectra.
        reference: The single-channel spectrum without the sample, on the same axis.
        minimum: Transmittances below it are refused: where no light comes through, absorbance
            is noise.

    Raises:
        OptionError: If the data hold another quantity, or the reference is missing or too much.
        AxisError: If the reference lies on another axis.
        ValueRangeError: If a value is saturated, or the reference is not above 0.
    """
    if data.signal not in ("transmittance", "single_channel"):
        raise OptionError(
            f"absorbance cannot be made from {data.signal}",
            remedy="It can from transmittance, and from single_channel with a reference",
        )
    if (data.signal == "single_channel") != (reference is not None):
        raise OptionError(
            "single-channel spectra need a reference, transmittance has its own",
            remedy="Give the reference" if reference is None else "Leave the reference out",
        )
    if not 0 < minimum < 1:
        raise OptionError(f"a minimum of {minimum:g}", remedy="Give one between 0 and 1")
    parameters: dict[str, Any] = {"from": data.signal, "minimum": minimum}
    values = data.values.astype(np.float64)
    kept = {}
    if reference is not None:
        ground = on_axis(reference, data)
        if not (ground > 0).all():
            raise ValueRangeError(
                f"the reference holds {int((ground <= 0).sum())} value(s) not above 0",
                place=f"reference[{int(np.argmin(ground > 0))}]",
                remedy="Cut both to where the detector sees light",
            )
        values = values / ground
        kept["reference"] = xr.DataArray(ground, dims=("wavenumber",))
        parameters |= {"reference": "given", "name": reference.name}
    dark = values < minimum
    if dark.any():
        index = ", ".join(str(int(axis[0])) for axis in np.nonzero(dark))
        at = data.wavenumber[np.nonzero(dark)[-1][0]]
        raise ValueRangeError(
            f"{int(dark.sum())} value(s) of transmittance lie below {minimum:g}, the first at "
            f"{at:g} cm-1: the band is saturated, or the value is not a transmittance",
            place=f"{data.signal}[{index}]",
            remedy="Cut that region out first, or lower the minimum",
        )
    after = _renamed(data.dataset, data.signal, "absorbance", -np.log10(values))
    return data.with_step(Step("to_absorbance", parameters, undoable=True), after, kept)
