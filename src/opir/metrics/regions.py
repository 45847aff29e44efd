"""Regions of the axis and bins of lead time, by which errors are split."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from opir.metrics.bands import MID_INFRARED

__all__ = [
    "LEAD_EDGES",
    "lead_bins",
    "lead_labels",
    "region_limits",
    "region_names",
    "region_of",
    "regions",
]

Array = NDArray[np.float64]

LEAD_EDGES = (360.0, 1080.0, 3600.0, 10800.0, 36000.0, 108000.0)
"""Edges [s] of the bins of lead time: 0.1, 0.3, 1, 3, 10 and 30 h."""

_NAMED = np.array([*(band.lower for band in MID_INFRARED), MID_INFRARED[-1].upper])
"""Limits of the named regions, which leave no gap."""


def regions(wavenumber: Array) -> tuple[list[str], NDArray[np.int64]]:
    """The regions of an axis: their names, and the one of each point.

    Args:
        wavenumber: Axis [cm-1], either direction.

    Returns:
        Names, and the region of each point, ``[wavenumber]``; see :func:`region_limits`.
    """
    limits = region_limits(wavenumber)
    return region_names(limits), region_of(wavenumber, limits)


def region_limits(wavenumber: Array) -> Array:
    """Limits [cm-1] of the regions of an axis, rising, ``[region + 1]``.

    They are those of :data:`opir.metrics.bands.MID_INFRARED` where every point lies in one of
    them and every one has a point; else of six with equal numbers of points.

    Args:
        wavenumber: Axis [cm-1], either direction.
    """
    inside = (wavenumber >= _NAMED[0] - 1).all() and (wavenumber <= _NAMED[-1] + 1).all()
    if inside and np.bincount(region_of(wavenumber, _NAMED), minlength=_NAMED.size - 1).min():
        return _NAMED.copy()
    points, count = np.sort(wavenumber), min(6, wavenumber.size)
    return np.append(points[np.arange(count) * points.size // count], points[-1])


def region_names(limits: Array) -> list[str]:
    """``P-F, 800 to 940 cm-1`` and so on for limits as of :func:`region_limits`."""
    named = [f"{band.name}, " for band in MID_INFRARED]
    names = named if np.array_equal(limits, _NAMED) else [""] * (limits.size - 1)
    pairs = zip(names, limits[:-1], limits[1:], strict=True)
    return [f"{name}{low:g} to {high:g} cm-1" for name, low, high in pairs]


def region_of(wavenumber: Array, limits: Array) -> NDArray[np.int64]:
    """The region of each point; those beyond the outer limits are in the outermost ones.

    Args:
        wavenumber: [cm-1], any shape.
        limits: As of :func:`region_limits`.
    """
    return np.asarray(np.searchsorted(limits[1:-1], wavenumber, side="right"), dtype=np.int64)


def lead_bins(lead: Array) -> NDArray[np.int64]:
    """The bin of each lead time [s], of any shape; see :data:`LEAD_EDGES`."""
    return np.asarray(np.searchsorted(LEAD_EDGES, lead, side="right"), dtype=np.int64)


def lead_labels() -> list[str]:
    """``below 0.1 h``, ``0.1 to 0.3 h`` and so on, one for each bin."""
    hours = [edge / 3600 for edge in LEAD_EDGES]
    inner = [f"{a:g} to {b:g} h" for a, b in itertools.pairwise(hours)]
    return [f"below {hours[0]:g} h", *inner, f"above {hours[-1]:g} h"]
