"""Errors of a cell split by lead time, by region, by system, and over its map."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from opir.bench.results.cells import Cell

__all__ = ["BREAKDOWNS", "breakdown", "error_map"]

BREAKDOWNS = ("by_lead", "by_band", "by_system")
"""Keys of a result's record that split a metric."""


def breakdown(cell: Cell, name: str, metric: str = "mae") -> dict[str, float]:
    """A metric by bin, seeds and folds put together.

    Args:
        cell: A model on a section.
        name: One of :data:`BREAKDOWNS`.
        metric: Name of the metric.

    Returns:
        Bin -> value; empty where no result has it. By system it is the mean over the runs of
        the system; else the mean over folds, each weighted by its runs.
    """
    if name == "by_system":
        return _by_system(cell, metric)
    sums: dict[str, float] = defaultdict(float)
    weights: dict[str, float] = defaultdict(float)
    for result in cell.results:
        runs = float(result.record["runs"])
        for label, value in result.record.get(name, {}).get(metric, {}).items():
            sums[label] += runs * value
            weights[label] += runs
    return {label: sums[label] / weights[label] for label in sums}


def _by_system(cell: Cell, metric: str) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for result in cell.results:
        arrays = result.arrays()
        if f"metric/{metric}" in arrays:
            values = arrays[f"metric/{metric}"].tolist()
            for system, value in zip(arrays["system"].tolist(), values, strict=True):
                found[system].append(value)
    means = {system: float(np.nanmean(v)) for system, v in found.items() if np.isfinite(v).any()}
    return dict(sorted(means.items()))


def error_map(cell: Cell) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Mean absolute error ``[frames, wavenumber]`` over folds and seeds, and the axis [cm-1].

    Returns:
        None where there is none, or folds differ in shape or axis.
    """
    total: NDArray[np.float64] | None = None
    axis: NDArray[np.float64] | None = None
    runs = 0.0
    for result in cell.results:
        arrays = result.arrays()
        found, here = arrays["error_map"].astype(np.float64), arrays["wavenumber"]
        weight = float(result.record["runs"])
        if total is None or axis is None:
            total, axis = weight * found, here
        elif found.shape != total.shape or not np.array_equal(here, axis):
            return None
        else:
            total = total + weight * found
        runs += weight
    return None if total is None or axis is None else (total / runs, axis)
