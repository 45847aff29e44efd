"""How functions are compiled, and the cell as compiled code takes it apart."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from opir.simulate.kinetics import scalar_index as at
from opir.simulate.kinetics.arrays import CellArrays, SparseColumns

__all__ = ["REFERENCE_TEMPERATURE", "compiled", "interpolate", "unpack"]

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., object])

REFERENCE_TEMPERATURE = 298.15
"""[K] at which constants are given."""


def _drop_stale() -> None:
    """Remove compiled code older than any file that it was made of.

    numba looks at the file of a function alone, not at those of the functions that it calls.
    """
    folder = Path(__file__).parent
    newest = max(path.stat().st_mtime for path in folder.rglob("*.py"))
    for index in folder.rglob("__pycache__/*.nbi"):
        with contextlib.suppress(OSError):  # gone already, or not ours to remove
            if index.stat().st_mtime < newest:
                index.unlink()


_drop_stale()


def compiled(function: _Function) -> _Function:
    """The function, compiled by numba on first use; kept on disk for the next process."""
    return cast(_Function, numba.njit(cache=True, error_model="numpy")(function))


@compiled
def unpack(floats: _Floats, integers: _Integers) -> CellArrays:
    """The cell that :func:`opir.simulate.kinetics.arrays.pack` packed, as views."""
    species, reactions, channels = integers[0], integers[1], integers[2]
    grid, entries, ordered = integers[3], integers[4], integers[5]
    i = 6
    rows = integers[i : i + entries]
    i += entries
    starts = integers[i : i + reactions + 1]
    i += reactions + 1
    order_rows = integers[i : i + ordered]
    i += ordered
    order_starts = integers[i : i + reactions + 1]
    i += reactions + 1
    laws = integers[i : i + 4 * reactions].reshape(reactions, 4)
    i += 4 * reactions
    codes = integers[i : i + channels]
    f = at.COUNT
    scalars = floats[:f]
    initial = floats[f : f + species]
    f += species
    unit_amount = floats[f : f + species]
    f += species
    film_volume = floats[f : f + species]
    f += species
    values = floats[f : f + entries]
    f += entries
    order_values = floats[f : f + ordered]
    f += ordered
    constants = floats[f : f + 6 * reactions].reshape(reactions, 6)
    f += 6 * reactions
    channel_constants = floats[f : f + 4 * channels].reshape(channels, 4)
    f += 4 * channels
    open_circuit = floats[f : f + 4 * grid].reshape(2, 2, grid)
    return CellArrays(
        scalars, initial, unit_amount, film_volume,
        SparseColumns(rows, values, starts),
        SparseColumns(order_rows, order_values, order_starts),
        laws, constants, codes, channel_constants, open_circuit,
    )  # fmt: skip


@compiled
def interpolate(grid: _Floats, values: _Floats, at: float) -> float:
    """Linear in a rising grid, constant outside."""
    last = grid.size - 1
    if at <= grid[0]:
        return values[0]
    if at >= grid[last]:
        return values[last]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if grid[middle] <= at:
            low = middle
        else:
            high = middle
    share = (at - grid[low]) / (grid[high] - grid[low])
    return values[low] + share * (values[high] - values[low])
