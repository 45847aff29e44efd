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
    """A metric by bin, the mean over folds and seeds, each weighted by its runs.

    Args:
        cell: A model on a section.
        name: One of :data:`BREAKDOWNS`.
        metric: Name of the metric.

    Returns:
        Bin -> value; empty where no result has it. Systems weigh as all runs of a fold, which
        is exact where a fold has one of them, and where all folds have like shares.
    """
    sums: dict[str, float] = defaultdict(float)
    weights: dict[str, float] = defaultdict(float)
    for result in cell.results:
        runs = float(result.record["runs"])
        for label, value in result.record.get(name, {}).get(metric, {}).items():
            sums[label] += runs * value
            weights[label] += runs
    return {label: sums[label] / weights[label] for label in sums}


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
