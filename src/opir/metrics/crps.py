"""Continuous ranked probability score."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import Axis, average, blocks, check_finite, check_same

__all__ = ["check_ensemble", "crps", "crps_quantiles"]


@labelled(truth="...", ensemble="sample ...")
def crps(
    ensemble: ArrayLike, truth: ArrayLike, axis: Axis = None, *, fair: bool = True
) -> NDArray[np.float64]:
    """Continuous ranked probability score of an ensemble, in the unit of the values.

    ``mean |x_i - y| - c sum_ij |x_i - x_j|`` with ``c = 1 / (2 m^2)`` for the ensemble as it is
    (Gneiting and Raftery 2007, doi:10.1198/016214506000001437, eq. 21), and
    ``c = 1 / (2 m (m - 1))`` if ``fair``: the value that an endless ensemble of the same source
    would have on average (Ferro 2014, doi:10.1002/qj.2270), so that ensembles of different sizes
    can be compared. A single member is a point forecast: its CRPS is the mean absolute error, and
    only the other form takes it.

    Args:
        ensemble: ``[sample, *shape]``; the dimension ``sample`` of labelled arrays.
        truth: ``[*shape]``.
        axis: Axes of truth to average over; all by default.
        fair: Correct for the size of the ensemble; may be below 0 in single places then.

    Raises:
        AxisError: If the shapes do not fit or there is nothing.
        OptionError: If ``fair`` and there is a single member.
        ValueRangeError: If a value is NaN or infinite.
    """
    members, true = check_ensemble(ensemble, truth, fair)
    count = len(members)
    pairs = 2.0 / (count * (count - 1 if fair else count)) if count > 1 else 0.0
    weights = (pairs * (np.arange(count) - (count - 1) / 2)).astype(members.dtype)

    def score(rows: slice | EllipsisType) -> NDArray[Any]:
        flat, target = members[:, rows].reshape(count, -1), true[rows].reshape(-1)
        found = np.empty(target.shape)
        for part in blocks(target.size, count):
            error = flat[:, part] - target[part]
            ordered = np.ascontiguousarray(error.T)
            ordered.sort(axis=1)  # sum_ij |x_i - x_j| is a weighted sum of the sorted values
            found[part] = np.abs(error, out=error).mean(axis=0) - ordered @ weights
        return found.reshape(true[rows].shape)

    return average(score, true.shape, axis)


@labelled(truth="...", quantiles="quantile ...")
def crps_quantiles(
    quantiles: ArrayLike, truth: ArrayLike, levels: ArrayLike, axis: Axis = None
) -> NDArray[np.float64]:
    """Twice the mean pinball loss over the levels: CRPS as far as the levels resolve it.

    The CRPS is the integral of twice the pinball loss over all levels (Laio and Tamea 2007,
    doi:10.5194/hess-11-1267-2007). Levels should be the middles of equal parts, ``(k - 1/2) / m``.
    A median alone has the mean absolute error.

    Args:
        quantiles: ``[quantile, *shape]``; need not be sorted.
        truth: ``[*shape]``.
        levels: Of each quantile, between 0 and 1, ``[quantile]``.
        axis: Axes of truth to average over; all by default.

    Raises:
        AxisError: If the shapes do not fit or there is nothing.
        OptionError: If a level is not between 0 and 1.
        ValueRangeError: If a value is NaN or infinite.
    """
    members, true = check_ensemble(quantiles, truth, False)
    asked = np.asarray(levels, dtype=np.float64)
    if asked.shape != (len(members),):
        raise AxisError(f"{len(members)} quantiles have levels of shape {asked.shape}")
    if not ((asked > 0) & (asked < 1)).all():
        raise OptionError(f"levels must be between 0 and 1; they are {asked}")

    def score(rows: slice | EllipsisType) -> NDArray[Any]:
        total = np.zeros(true[rows].shape)
        for level, value in zip(asked, members, strict=True):
            apart = true[rows] - value[rows]
            total += np.maximum(level * apart, (level - 1) * apart)
        return total * (2 / len(members))

    return average(score, true.shape, axis)


def check_ensemble(
    ensemble: ArrayLike, truth: ArrayLike, fair: bool
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Members ``[sample, *shape]`` and truth ``[*shape]`` of one precision.

    Raises:
        AxisError: If the shapes do not fit or there is nothing.
        OptionError: If ``fair`` and there is a single member.
        ValueRangeError: If a value is NaN or infinite.
    """
    members, true = check_finite("ensemble", ensemble), check_finite("truth", truth)
    if members.ndim == 0 or members.shape[1:] != true.shape:
        raise AxisError(
            f"the ensemble has shape {members.shape} and truth {true.shape}; "
            f"{('samples', *true.shape)} is needed"
        )
    if len(members) == 0:
        raise AxisError(f"the ensemble is empty (shape {members.shape})")
    check_same(ensemble=members[0], truth=true[...])
    if fair and len(members) < 2:
        raise OptionError(
            "a single member has no fair score",
            remedy="Give two samples or more, or fair=False (the error of a point forecast)",
        )
    shared = np.result_type(members.dtype, true.dtype)
    return members.astype(shared, copy=False), true.astype(shared, copy=False)
