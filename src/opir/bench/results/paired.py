"""Paired tests of models against the best one, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.bench.results.cells import FLOOR_ROWS, Cell, Section
from opir.metrics import Interval

__all__ = ["Paired", "holm", "paired_tests"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """A model against the best one, on the runs that both have.

    Attributes:
        model: Its name.
        runs: Independent pairs: runs, or blocks where the windows of one block are averaged.
        difference: Mean of its error less that of the best one, with the 95 % interval.
        worse: Share of the pairs in which its error is the larger.
        p: Of Wilcoxon's signed-rank test, two-sided.
        p_holm: The same, corrected for the number of models of the section after Holm.
    """

    model: str
    runs: int
    difference: Interval
    worse: float
    p: float
    p_holm: float


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in the same order.

    The step-down method of Holm 1979 (Scand. J. Statist. 6, 65): the ``k``-th smallest of ``n``
    is multiplied by ``n - k + 1``, and none is below a smaller one before it.
    """
    order = np.argsort(np.asarray(p, dtype=np.float64), kind="stable")
    found = np.empty(len(p))
    largest = 0.0
    for rank, at in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[at]))
        found[at] = largest
    return [float(value) for value in found]


def paired_tests(section: Section, metric: str = "mae") -> tuple[Cell | None, list[Paired]]:
    """Every complete model of a section against that with the lowest mean error.

    The pairs are runs, seeds averaged first. Windows of one block of a real run are not
    independent, so blocks are the pairs there.

    Returns:
        The best model, or None where no model is complete, and a test of each other one.
    """
    ranked = [cell for cell in section.ranked() if cell.model not in FLOOR_ROWS]
    if not ranked:
        return None, []
    best = ranked[0]
    tests: list[tuple[str, int, Interval, float, float]] = []
    for cell in ranked[1:]:
        interval = cell.excess(best, metric)
        differences = _differences(cell, best, metric)
        if interval is None or differences is None:
            continue
        worse = float((differences > 0).mean())
        tests.append((cell.model, differences.size, interval, worse, _wilcoxon(differences)))
    corrected = holm([test[-1] for test in tests])
    return best, [Paired(*test, p) for test, p in zip(tests, corrected, strict=True)]


def _differences(one: Cell, other: Cell, metric: str) -> Array | None:
    a, b = one.values(metric), other.values(metric)
    if a is None or b is None:
        return None
    shared, at, bt = np.intersect1d(a.ids, b.ids, return_indices=True)
    if not shared.size:
        return None
    difference = a.values[at] - b.values[bt]
    _, block = np.unique(a.blocks[at], return_inverse=True)
    sums = np.bincount(block, difference)
    return np.asarray(sums / np.bincount(block), dtype=np.float64)


def _wilcoxon(differences: Array) -> float:
    """Two-sided p-value; 1 where nothing differs."""
    from scipy.stats import wilcoxon

    if not np.any(differences):
        return 1.0
    return float(wilcoxon(differences).pvalue)
