"""Intervals by resampling whole blocks of windows that are not independent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError

__all__ = ["Interval", "bootstrap"]

_AT_ONCE = 1_000_000
"""Draws that are gathered at once."""


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its interval."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.lower:.4g}, {self.upper:.4g}]"


def bootstrap(
    values: ArrayLike,
    blocks: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] | None = None,
    *,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a statistic, with blocks resampled as a whole.

    Windows of one block overlap and share their chemistry; drawing them one by one would make
    the interval too short. So blocks are drawn with replacement, each with all of its windows
    (cluster bootstrap; Davison and Hinkley 1997, doi:10.1017/CBO9780511802843, section 3.8).

    Args:
        values: One row per window, ``[window]`` or ``[window, column]``; columns stay together,
            so that ratios of two methods' errors are resampled in pairs.
        blocks: Number of the block of each window, ``[window]``.
        statistic: Of the rows; the mean of all values by default.
        level: Coverage aimed at.
        samples: Number of resamples.
        seed: Source of the random choices.

    Raises:
        AxisError: If the lengths differ or there is nothing.
        OptionError: If ``level`` is not between 0 and 1.
    """
    rows = np.asarray(values, dtype=np.float64)
    labels = np.asarray(blocks)
    if rows.ndim == 0 or len(rows) == 0 or labels.shape != (len(rows),):
        raise AxisError(f"{rows.shape} values with {labels.shape} block numbers do not fit")
    if not 0 < level < 1:
        raise OptionError(f"level is {level}; it must be between 0 and 1")
    measure = statistic or (lambda chosen: float(chosen.mean()))
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    draws = _draws(len(members), samples, seed)
    if statistic is None:  # a mean needs the sum of each block only
        sums = np.array([rows[block].sum() for block in members])
        sizes = np.array([rows[block].size for block in members])
        parts = np.array_split(draws, max(1, draws.size // _AT_ONCE))
        found = np.concatenate([sums[d].sum(axis=1) / sizes[d].sum(axis=1) for d in parts])
    else:
        found = np.array([measure(rows[np.concatenate([members[b] for b in d])]) for d in draws])
    lower, upper = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(measure(rows)), float(lower), float(upper))


@lru_cache(maxsize=4)
def _draws(blocks: int, samples: int, seed: int) -> NDArray[np.int64]:
    """Blocks of each resample, ``[sample, block]``; the same for all columns of a table."""
    return np.random.default_rng(seed).integers(blocks, size=(samples, blocks))
