"""Regions of the axis and bins of lead time, by which errors are split."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from opir.metrics.bands import MID_INFRARED

__all__ = ["LEAD_EDGES", "lead_bins", "lead_labels", "regions"]

Array = NDArray[np.float64]

LEAD_EDGES = (360.0, 1080.0, 3600.0, 10800.0, 36000.0, 108000.0)
"""Edges [s] of the bins of lead time: 0.1, 0.3, 1, 3, 10 and 30 h."""


def regions(wavenumber: Array) -> tuple[list[str], NDArray[np.int64]]:
    """The regions of an axis.

    Args:
        wavenumber: Axis [cm-1], either direction.

    Returns:
        Their names: those of :data:`opir.metrics.bands.MID_INFRARED` where every point lies in
        one of them and every one has a point; else of six with equal numbers of points. And the
        region of each point.
    """
    edges = np.array([*(band.lower for band in MID_INFRARED), MID_INFRARED[-1].upper])
    names = [f"{band.name}, " for band in MID_INFRARED]
    chosen = _index(wavenumber, edges)
    inside = (wavenumber >= edges[0] - 1).all() and (wavenumber <= edges[-1] + 1).all()
    if not inside or np.bincount(chosen, minlength=edges.size - 1).min() == 0:
        points, count = np.sort(wavenumber), min(6, wavenumber.size)
        edges = np.append(points[np.arange(count) * points.size // count], points[-1])
        names = [""] * count
        chosen = _index(wavenumber, edges)
    pairs = zip(names, edges[:-1], edges[1:], strict=True)
    return [f"{name}{low:g} to {high:g} cm-1" for name, low, high in pairs], chosen


def _index(wavenumber: Array, edges: Array) -> NDArray[np.int64]:
    inner = np.searchsorted(edges[1:-1], wavenumber, side="right")
    return np.asarray(inner, dtype=np.int64)


def lead_bins(lead: Array) -> NDArray[np.int64]:
    """The bin of each lead time [s], of any shape; see :data:`LEAD_EDGES`."""
    return np.asarray(np.searchsorted(LEAD_EDGES, lead, side="right"), dtype=np.int64)


def lead_labels() -> list[str]:
    """``below 0.1 h``, ``0.1 to 0.3 h`` and so on, one for each bin."""
    hours = [edge / 3600 for edge in LEAD_EDGES]
    inner = [f"{a:g} to {b:g} h" for a, b in itertools.pairwise(hours)]
    return [f"below {hours[0]:g} h", *inner, f"above {hours[-1]:g} h"]
