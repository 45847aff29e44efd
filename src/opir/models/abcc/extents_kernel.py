"""The loop of :func:`opir.models.abcc.reactions.limited_extents`, compiled, without gradients.

What it does and where it is from is said there. A forecast follows some ninety reactions through
its frames, each a few numbers: in tensors most of the time goes into calling operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "follow"]

Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""A matrix by columns: where each begins (and the last ends), rows, values."""

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., object])

_TINY = float(np.finfo(np.float64).tiny)


def _compiled(function: _Function) -> _Function:
    made = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    return cast(_Function, made)


@_compiled
def _want(chosen: _Integers, used: Columns, share: _Floats, held: _Floats, wanted: _Floats) -> None:
    """Extents asked for: shares of the largest that are possible."""
    starts, rows, values = used
    for j in chosen:
        largest = 1.0 if starts[j] == starts[j + 1] else math.inf
        for at in range(starts[j], starts[j + 1]):
            largest = min(largest, held[rows[at]] / values[at])
        wanted[j] = share[j] * largest


@_compiled
def _take(
    chosen: _Integers,
    used: Columns,
    change: Columns,
    held: _Floats,
    wanted: _Floats,
    total: _Floats,
    given: _Floats,
    little: float,
) -> None:
    """Add extents that there is enough for to ``total``, and change what is held."""
    starts, rows, values = used
    given[:] = 0.0
    for j in chosen:
        for at in range(starts[j], starts[j + 1]):
            given[rows[at]] += values[at] * wanted[j]
    for s in range(held.size):
        spent = max(given[s] / held[s] if held[s] > 0 else 0.0, little)
        given[s] = -math.expm1(-spent) / spent
    for j in chosen:
        least = 1.0
        for at in range(starts[j], starts[j + 1]):
            least = min(least, given[rows[at]])
        wanted[j] *= least
        total[j] += wanted[j]
    starts, rows, values = change
    for j in chosen:
        for at in range(starts[j], starts[j + 1]):
            held[rows[at]] += values[at] * wanted[j]
    for s in range(held.size):
        if held[s] <= _TINY:
            held[s] = 0.0


@_compiled
def follow(
    hazard: _Floats,
    amounts: _Floats,
    used: Columns,
    change: Columns,
    first: _Integers,
    then: _Integers,
    catalyst: _Integers,
    little: float,
    few: float,
) -> tuple[_Floats, _Floats]:
    """See :func:`opir.models.abcc.reactions.limited_extents`.

    Args:
        hazard: ``[batch, interval, reaction]``.
        amounts: ``[batch, species]``.
        used: What extents use up.
        change: What they change.
        first, then: Reactions that come first, and those that use up or need a catalyst.
        catalyst: The species that a reaction needs, or -1, ``[reaction]``.
        little: Share of what is held that is as good as none.
        few: Least share of a catalyst that is taken to be used up in an interval.

    Returns:
        Extents and amounts at the ends of the intervals.
    """
    batch, intervals, reactions = hazard.shape
    species = amounts.shape[1]
    extents = np.empty((batch, intervals, reactions))
    left = np.empty((batch, intervals, species))
    wanted, given = np.empty(reactions), np.empty(species)
    starts, rows, values = used
    for run in range(batch):
        held = np.where(amounts[run] > _TINY, amounts[run], 0.0)
        total = np.zeros(reactions)
        for interval in range(intervals):
            share = hazard[run, interval]
            begin = held.copy()
            _want(first, used, share, held, wanted)
            _take(first, used, change, held, wanted, total, given, little)
            if then.size:
                _want(then, used, share, held, wanted)
                given[:] = 0.0
                for j in then:
                    for at in range(starts[j], starts[j + 1]):
                        given[rows[at]] += values[at] * wanted[j]
                for j in then:
                    c = catalyst[j]
                    if c >= 0:
                        lost = max(given[c] / held[c] if held[c] > 0 else 0.0, few)
                        kept = -math.expm1(-lost) / lost
                        made = max(held[c] - begin[c], 0.0)
                        wanted[j] *= begin[c] * kept + made * ((1 - kept) / lost)
                _take(then, used, change, held, wanted, total, given, little)
            extents[run, interval] = total
            left[run, interval] = held
    return extents, left
