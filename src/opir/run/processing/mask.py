"""Marking, or leaving out, where the air in the beam absorbs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, OptionError, UnknownNameError
from opir.run.history import Step
from opir.run.processing.base import Data, keep_axis, register, restore_axis

__all__ = ["BANDS", "mask"]

BANDS: dict[str, tuple[tuple[float, float], ...]] = {
    "co2": ((649.0, 687.0), (2280.0, 2390.0)),
    "water vapour": ((1300.0, 1950.0), (3500.0, 3950.0)),
}
"""Name -> ranges [cm-1] in which the lines of a gas lie at room temperature: of CO2, the bend at
667 and the antisymmetric stretch at 2349 cm-1; of H2O, the bend at 1595 and the stretches at 3657
and 3756 cm-1 with their rotational lines (band centres: Shimanouchi, NSRDS-NBS 39, 1972)."""


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    if step.parameters.get("cut"):
        return restore_axis(dataset, signal, step, kept)
    dataset = dataset.drop_vars("masked")
    if "masked" in kept:
        dataset = dataset.assign_coords(masked=("wavenumber", kept["masked"].values))
    return dataset


@register("mask", undo=_undo)
def mask(
    data: Data,
    bands: str | Iterable[str | Sequence[float]] = ("co2",),
    *,
    cut: bool = False,
) -> Data:
    """Mark the bands of gases in the beam as not to be used, or cut them out.

    Marked points keep their values; the coordinate ``masked`` on the wavenumber axis says which
    they are. Normalising and the reference offset leave them out of account, pictures draw them
    empty. Water vapour lies over the carbonyl bands of electrolytes, so it is masked only where
    it is asked for.

    Args:
        data: Spectrum or run.
        bands: Names out of :data:`BANDS`, or pairs of wavenumbers [cm-1].
        cut: Take the points out instead of marking them.

    Raises:
        UnknownNameError: If a name is unknown; the nearest are listed.
        OptionError: If a band is neither a name nor a pair.
        AxisError: If nothing, or nothing else, lies in the bands.
    """
    named: list[str | list[float]] = []
    hit = np.zeros(data.wavenumber.size, dtype=bool)
    for band in [bands] if isinstance(bands, str) else bands:
        if isinstance(band, str):
            if band not in BANDS:
                raise UnknownNameError("band", band, BANDS)
            named.append(band)
            ranges: tuple[tuple[float, float], ...] = BANDS[band]
        else:
            low, high = _pair(band)
            named.append([low, high])
            ranges = ((low, high),)
        for low, high in ranges:
            hit |= (data.wavenumber >= low) & (data.wavenumber <= high)
    _check(hit, named, data.wavenumber)
    step = Step("mask", {"bands": named, "cut": cut}, undoable=True)
    if cut:
        left = data.dataset.isel(wavenumber=np.flatnonzero(~hit))
        return data.with_step(step, left, keep_axis(data))
    kept = {}
    if "masked" in data.dataset.coords:
        before = data.dataset["masked"].values.astype(bool)
        kept["masked"] = xr.DataArray(before, dims=("wavenumber",))
        hit = hit | before
    attributes = {"long_name": "Point not to be used"}
    after = data.dataset.assign_coords(masked=("wavenumber", hit, attributes))
    return data.with_step(step, after, kept)


def _pair(band: Any) -> tuple[float, float]:
    try:
        low, high = sorted(float(value) for value in band)
    except (TypeError, ValueError):
        raise OptionError(
            f"{band!r} is not a band", remedy=f"Give a pair of wavenumbers or {', '.join(BANDS)}"
        ) from None
    return low, high


def _check(hit: NDArray[np.bool_], named: list[Any], axis: NDArray[np.float64]) -> None:
    if not hit.any() or hit.all():
        raise AxisError(
            f"{'all points lie' if hit.any() else 'no point lies'} in the bands {named}; the data "
            f"cover {axis.min():g} to {axis.max():g} cm-1",
            remedy="Name other bands",
        )
