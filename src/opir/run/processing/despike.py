"""Cosmic spikes in Raman spectra."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import HistoryError, OptionError
from opir.run.history import Step
from opir.run.processing.base import Data, register, with_values

__all__ = ["METHODS", "despike"]

METHODS = ("time", "wavenumber")


def _undo(
    dataset: xr.Dataset, signal: str, step: Step, kept: dict[str, xr.DataArray]
) -> xr.Dataset:
    values = dataset[signal].values.copy()
    spikes = kept["spikes"].values.astype(bool)
    if spikes.sum() != kept["values"].size:
        raise HistoryError(
            "frames were taken out after despiking, so it cannot be undone",
            remedy="Undo it on the whole run",
        )
    values[spikes] = kept["values"].values
    return with_values(dataset, signal, values)


@register("despike", undo=_undo)
def despike(
    data: Data,
    method: Literal["time", "wavenumber"] | None = None,
    *,
    threshold: float = 8.0,
    width: int = 3,
) -> Data:
    """Replace cosmic spikes by straight lines between the points around them.

    ``time`` compares each value with the median of the four frames nearest to it: a spike stands
    in one frame only, while a band, however narrow, stays. ``wavenumber`` looks at one spectrum
    alone, for a sudden rise and a sudden fall at most ``width`` points apart; bands as narrow as
    that are taken for spikes too. Both judge by the modified z-score of Whitaker and Hayes 2018,
    doi 10.1016/j.chemolab.2018.06.009.

    Args:
        data: Spectrum or run.
        method: One of :data:`METHODS`; by default ``time`` for runs of 5 frames or more.
        threshold: Modified z-score above which a value is a spike.
        width: Largest width of a spike [points].

    Raises:
        OptionError: If a parameter is out of bounds, or ``time`` is asked for too few frames.
    """
    values = data.values.astype(np.float64)
    frames = values.shape[0] if values.ndim == 2 else 0
    if method is None:
        method = "time" if frames >= 5 else "wavenumber"
    if method not in METHODS:
        raise OptionError(f"method {method!r} is unknown", remedy=f"Use {', '.join(METHODS)}")
    if method == "time" and frames < 5:
        raise OptionError(f"'time' needs 5 frames or more, not {frames}", remedy="Use 'wavenumber'")
    if not threshold > 0 or not 1 <= width <= 50:
        raise OptionError(
            f"a threshold of {threshold:g} and a width of {width}",
            remedy="Give a threshold above 0 and a width of 1 to 50 points",
        )
    spikes = (
        _in_time(values, threshold, width) if method == "time" else np.zeros(values.shape, bool)
    )
    if method == "wavenumber":
        rows = np.atleast_2d(values)
        spikes = np.stack([_alone(row, threshold, width) for row in rows]).reshape(values.shape)
    fixed = _filled(data.wavenumber, values, spikes)
    number = len(data.history)
    kept = {
        "spikes": xr.DataArray(spikes, dims=data.DIMS),
        "values": xr.DataArray(data.values[spikes], dims=(f"undo_{number}_spike",)),
    }
    parameters = {"method": method, "threshold": threshold, "width": width}
    after = with_values(data.dataset, data.signal, np.where(spikes, fixed, values))
    return data.with_step(Step("despike", parameters, undoable=True), after, kept)


def _scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Modified z-scores along the last axis; 0 where all values but few are equal."""
    centre = np.median(values, axis=-1, keepdims=True)
    deviation = np.median(np.abs(values - centre), axis=-1, keepdims=True)
    spread = np.where(deviation > 0, deviation / 0.6745, np.inf)
    # Where more than half are exactly equal, the mean deviation stands in (Iglewicz and Hoaglin).
    mean = 1.2533 * np.abs(values - centre).mean(axis=-1, keepdims=True)
    spread = np.where(deviation > 0, spread, np.where(mean > 0, mean, np.inf))
    return np.asarray((values - centre) / spread)


def _in_time(values: NDArray[np.float64], threshold: float, width: int) -> NDArray[np.bool_]:
    from scipy.ndimage import median_filter

    count = values.shape[0]
    rest = np.empty_like(values)
    for frame in range(count):
        first = min(max(frame - 2, 0), count - 5)
        others = [i for i in range(first, first + 5) if i != frame]
        rest[frame] = values[frame] - np.median(values[others], axis=0)
    # What changes over many points is the sample or the lamp, not a spike.
    rest = rest - median_filter(rest, size=(1, 8 * width + 1), mode="mirror")
    found: NDArray[np.bool_] = _scores(rest) > threshold
    return found


def _alone(row: NDArray[np.float64], threshold: float, width: int) -> NDArray[np.bool_]:
    spikes = np.zeros(row.size, dtype=bool)
    if row.size < 3:
        return spikes
    scores = _scores(np.diff(row))
    falls = np.flatnonzero(scores < -threshold)
    for rise in np.flatnonzero(scores > threshold):
        for fall in falls[(falls > rise) & (falls <= rise + width)]:
            spikes[rise + 1 : fall + 1] = True
    return spikes


def _filled(
    axis: NDArray[np.float64], values: NDArray[np.float64], spikes: NDArray[np.bool_]
) -> NDArray[Any]:
    order = np.argsort(axis)
    rows, flags = np.atleast_2d(values).copy(), np.atleast_2d(spikes)
    for row, flag in zip(rows, flags, strict=True):
        if flag.any() and not flag.all():
            good = order[~flag[order]]
            row[flag] = np.interp(axis[flag], axis[good], row[good])
    return rows.reshape(values.shape)
