"""Means by lead time, by region of the spectrum, and by system: with what was left out counted.

A metric is NaN where it is undefined. The means here leave those out and say, beside each mean, how
many values it rests on and how many there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError
from opir.metrics.bands import Band, band_names, check_wavenumber, covered, inside
from opir.metrics.labelled import labelled
from opir.metrics.pairs import Axis, check_real, reduced_axes

__all__ = ["Grouped", "by_band", "by_label", "by_lead_time", "mean_defined"]


class Grouped(NamedTuple):
    """Means of the values that are defined, and how many those are."""

    mean: NDArray[np.float64]
    """NaN where nothing is defined."""
    defined: NDArray[np.int64]
    """Values that the mean rests on."""
    total: NDArray[np.int64]
    """Values that there were, undefined ones included."""


@labelled(values="...")
def mean_defined(values: ArrayLike, axis: Axis = None) -> Grouped:
    """Mean over ``axis`` of the values that are not NaN.

    Args:
        values: Of a metric; NaN where undefined.
        axis: Axes to average over; all by default.

    Raises:
        AxisError: If there is nothing, or no such axis.
        ValueRangeError: If a value is infinite.
    """
    given = _check(values)
    return _mean(given, reduced_axes(given.shape, axis))


@labelled("... band", coordinates=band_names, values="... wavenumber")
def by_band(
    values: ArrayLike, wavenumber: ArrayLike | None = None, bands: Sequence[Band] | None = None
) -> Grouped:
    """Mean over the grid points of each region.

    Args:
        values: ``[..., wavenumber]``.
        wavenumber: ``[wavenumber]`` cm-1; read from labelled values.
        bands: Regions; those of :data:`~opir.metrics.bands.MID_INFRARED` on the axis by default.

    Returns:
        Fields ``[..., band]``.

    Raises:
        AxisError: If the axis does not fit, or does not cover a region asked for.
        ValueRangeError: If a value is infinite.
    """
    given = _check(values)
    axis = check_wavenumber(wavenumber, given.shape[-1] if given.ndim else 0)
    parts = [
        _mean(given[..., places[0] : places[-1] + 1], -1)
        for places in (np.flatnonzero(inside(band, axis)) for band in covered(bands, axis))
    ]
    return Grouped(*(np.stack(field, axis=-1) for field in zip(*parts, strict=True)))


@labelled(
    "group ...",
    coordinates=lambda given: {"group": list(dict.fromkeys(np.asarray(given["labels"]).tolist()))},
    values="run ...",
    labels="run",
)
def by_label(values: ArrayLike, labels: ArrayLike) -> Grouped:
    """Mean over the runs of each label (system, protocol, instrument).

    Every value of a run counts the same; the other axes stay.

    Args:
        values: ``[run, ...]``.
        labels: ``[run]``.

    Returns:
        Fields ``[group, ...]``, groups in the order in which the labels first occur
        (``dict.fromkeys(labels)``).

    Raises:
        AxisError: If there is not one label a run.
        ValueRangeError: If a value is infinite.
    """
    given = _check(values)
    names = np.asarray(labels)
    if given.ndim == 0 or names.shape != given.shape[:1]:
        raise AxisError(f"values have shape {given.shape} and labels {names.shape}")
    groups = dict.fromkeys(names.tolist())
    parts = [_mean(given[names == name], 0) for name in groups]
    return Grouped(*(np.stack(field) for field in zip(*parts, strict=True)))


@labelled(
    "lead ...",
    coordinates=lambda given: {"lead": np.asarray(given["edges"], dtype=np.float64)[:-1]},
    values="run time ...",
    lead="run time",
)
def by_lead_time(values: ArrayLike, lead: ArrayLike, edges: ArrayLike) -> Grouped:
    """Mean over all frames of all runs whose lead time falls in each bin.

    Frames stand at other times in each run, so that the number of a frame is no lead time; for
    means by frame use :func:`mean_defined` with ``axis=0``.

    Args:
        values: ``[run, frames, ...]``.
        lead: Time since the last given frame ``[run, frames]`` s.
        edges: Ends of the bins, rising, s; a bin holds its lower end, the last one both.

    Returns:
        Fields ``[bin, ...]``; a bin without frames has NaN, 0 of 0.

    Raises:
        AxisError: If the shapes do not fit, or the edges do not rise.
        ValueRangeError: If a value is infinite, or a lead time in no bin.
    """
    given = _check(values)
    times = np.asarray(lead, dtype=np.float64)
    ends = np.asarray(edges, dtype=np.float64)
    if given.ndim < 2 or times.shape != given.shape[:2]:
        raise AxisError(f"values have shape {given.shape} and lead times {times.shape}")
    if ends.ndim != 1 or len(ends) < 2 or not (np.diff(ends) > 0).all():
        raise AxisError(f"the edges of the bins must rise; they are {ends}")
    outside = int((~((times >= ends[0]) & (times <= ends[-1]))).sum())
    if outside:
        raise ValueRangeError(
            f"{outside} lead times are not within {ends[0]:g} to {ends[-1]:g} s",
            remedy="Widen the edges; no frame is left out silently",
        )
    number = np.minimum(np.searchsorted(ends, times, side="right") - 1, len(ends) - 2)
    rest = given.shape[2:]
    parts = []
    for one in range(len(ends) - 1):
        chosen = given[number == one]
        empty = Grouped(np.full(rest, np.nan), np.zeros(rest, int), np.zeros(rest, int))
        parts.append(_mean(chosen, 0) if len(chosen) else empty)
    return Grouped(*(np.stack(field) for field in zip(*parts, strict=True)))


def _check(values: ArrayLike) -> NDArray[np.floating[Any]]:
    given = check_real("values", values)
    if given.size == 0:
        raise AxisError(f"the values are empty (shape {given.shape})")
    if np.isinf(given).any():
        raise ValueRangeError("values hold infinity", remedy="Undefined ones must be NaN")
    return given


def _mean(values: NDArray[np.floating[Any]], axis: int | tuple[int, ...]) -> Grouped:
    missing = np.isnan(values)
    some = bool(missing.any())
    summed = np.asarray(values.sum(axis=axis, dtype=np.float64, where=~missing if some else True))
    total = np.full(summed.shape, values.size // summed.size, dtype=np.int64)
    defined = np.asarray(total - missing.sum(axis=axis) if some else total)
    mean = np.asarray(summed / np.where(defined > 0, defined, np.nan))
    return Grouped(mean, defined, total)
