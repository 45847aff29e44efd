"""Extents that only grow and use up no more than there is, to the last bit.

The rates themselves keep both; what is left to mend is the error of the solver and of the
interpolation between its steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["limit_extents"]

_Floats = NDArray[np.float64]

_MOST_PASSES = 60


def limit_extents(
    extents: _Floats, initial: _Floats, stoichiometry: _Floats
) -> tuple[_Floats, float]:
    """Extents whose increments are scaled down where an amount would fall below 0.

    Args:
        extents: ``[time, reaction]``, from 0.
        initial: Amounts at the beginning, ``[species]``; what is never used up may be ``inf``.
        stoichiometry: ``[species, reaction]``.

    Returns:
        The extents ``[time, reaction]`` and the largest change that was made.
    """
    steps = np.diff(np.maximum.accumulate(np.maximum(extents, 0.0), axis=0), axis=0, prepend=0.0)
    total = np.cumsum(steps, axis=0)
    if ((initial + total @ stoichiometry.T) >= 0).all():
        return total, float(np.abs(total - extents).max(initial=0.0))
    uses, makes = np.maximum(-stoichiometry, 0.0), np.maximum(stoichiometry, 0.0)
    used = uses > 0
    amounts = initial.astype(np.float64).copy()
    limited = np.empty_like(total)
    sum_so_far = np.zeros(total.shape[1])
    for k, step in enumerate(steps):
        step = step.copy()
        for _ in range(_MOST_PASSES):
            left = initial + stoichiometry @ (sum_so_far + step)
            short = left < 0
            if not short.any():
                break
            demand, supply = uses @ step, amounts + makes @ step
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                share = np.where(short, np.maximum(supply, 0.0) / demand * (1 - 1e-12), 1.0)
            share = np.where(np.isfinite(share), np.minimum(share, 1.0), 0.0)
            step *= np.where(used, share[:, None], 1.0).min(axis=0)
        else:
            step[(used & short[:, None]).any(axis=0)] = 0.0
        sum_so_far = sum_so_far + step
        amounts = np.maximum(initial + stoichiometry @ sum_so_far, 0.0)
        limited[k] = sum_so_far
    return limited, float(np.abs(limited - extents).max(initial=0.0))
