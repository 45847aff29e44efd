"""The check that every metric makes of its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError

__all__ = [
    "Axis",
    "average",
    "blocks",
    "check_finite",
    "check_pair",
    "check_real",
    "check_same",
    "reduced_axes",
]

Axis = int | str | tuple[int | str, ...] | None
"""Axes to average over: numbers, or names of dimensions of labelled arrays; all if None."""


def check_pair(
    forecast: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 of one shape, finite and not empty.

    Raises:
        AxisError: If the shapes differ or there is nothing in them.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_same(forecast=forecast, truth=truth)
    return first.astype(np.float64, copy=False), second.astype(np.float64, copy=False)


def check_same(**named: ArrayLike) -> tuple[NDArray[np.floating[Any]], ...]:
    """All as arrays of one shape, finite and not empty; float32 where all are, float64 otherwise.

    Raises:
        AxisError: If the shapes differ or there is nothing in them.
        ValueRangeError: If a value is NaN or infinite.
    """
    arrays = {name: check_finite(name, values) for name, values in named.items()}
    (first, one), *others = arrays.items()
    for name, array in others:
        if array.shape != one.shape:
            raise AxisError(
                f"{first} has shape {one.shape} and {name} {array.shape}; they must agree"
            )
    if one.size == 0:
        raise AxisError(f"{' and '.join(arrays)} are empty (shape {one.shape})")
    shared = np.result_type(*(array.dtype for array in arrays.values()))
    return tuple(array.astype(shared, copy=False) for array in arrays.values())


def check_finite(name: str, values: ArrayLike) -> NDArray[np.floating[Any]]:
    """An array of float32 if it came so, of float64 otherwise, without NaN and infinity.

    Raises:
        ValueRangeError: If a value is NaN or infinite, or no real number.
    """
    array = check_real(name, values)
    with np.errstate(invalid="ignore"):  # both carry NaN on, and need no array between
        ends = (array.min(), array.max()) if array.size else ()
    if not np.isfinite(ends).all():
        raise ValueRangeError(f"{name} holds NaN or infinity", remedy="Leave those out first")
    return array


def check_real(name: str, values: ArrayLike) -> NDArray[np.floating[Any]]:
    """An array of float32 if it came so, of float64 otherwise.

    Raises:
        ValueRangeError: If it holds text, complex numbers or objects.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueRangeError(f"{name} holds {array.dtype}; real numbers are needed")
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)


def reduced_axes(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The axes meant, none negative, rising; names have become numbers by then.

    Raises:
        AxisError: If there is no such axis.
    """
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if any(isinstance(one, str) or not -len(shape) <= one < len(shape) for one in axes):
        raise AxisError(f"axis is {axis!r}, and the values have {len(shape)} axes")
    return tuple(sorted({int(one) % len(shape) for one in axes}))


def blocks(count: int, width: int, values: int = 1 << 16) -> Iterator[slice]:
    """Slices of ``count`` rows of ``width`` values, each of about ``values``: fits the cache."""
    step = max(1, values // max(1, width))
    for start in range(0, count, step):
        yield slice(start, start + step)


def average(
    score: Callable[[slice | EllipsisType], NDArray[Any]], shape: tuple[int, ...], axis: Axis
) -> NDArray[np.float64]:
    """Mean over ``axis`` of values that are made block by block, summed in float64.

    Large arrays between are never held as a whole: asking for their memory takes longer than the
    arithmetic.

    Args:
        score: Gives the values at some rows of the first axis; for ``...``, all.
        shape: Of the values.
        axis: Axes to average over; all if None. Names have become numbers by then.

    Raises:
        AxisError: If there is no such axis.
    """
    reduced = reduced_axes(shape, axis)
    count = math.prod(shape[one] for one in reduced)
    if not shape:
        return np.asarray(score(...), dtype=np.float64)
    sums = [
        score(rows).sum(axis=reduced, dtype=np.float64)
        for rows in blocks(shape[0], math.prod(shape[1:]))
    ]
    total = np.sum(sums, axis=0) if 0 in reduced else np.concatenate(sums)
    return np.asarray(total / count)
