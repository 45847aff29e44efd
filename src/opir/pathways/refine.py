"""Extents and amounts frame by frame, near the ramps that were fitted to all frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, nnls

from opir.pathways.fit import Fit, Problem

__all__ = ["Courses", "amounts_of", "courses_of"]

Array = NDArray[np.float64]

_NEAR = 0.3
"""A frame's extent may be off its ramp by this share of the ramp there."""
_LEAST = 0.01
"""And by this share of its largest, at least."""


@dataclass(frozen=True)
class Courses:
    """Extents and amounts of the products over time, in mmol m-2 as seen.

    Attributes:
        extents: Never falling, 0 at first, ``[time, reaction]``.
        extent_deviation: The same shape.
        amounts: Changes since the first frame, ``[time, product]``; never below 0 of what was not
            there.
        amount_deviation: The same shape.
        held: Whether they are courses of a cell for which the rate constants hold.
    """

    extents: Array
    extent_deviation: Array
    amounts: Array
    amount_deviation: Array
    held: bool = False


def courses_of(problem: Problem, fit: Fit) -> Courses:
    """The courses.

    Each frame is fitted by itself, with the ramps as what is expected of it; then extents are made
    to rise by isotonic regression. Deviations are those of the normal equations of a frame.

    Args:
        problem, fit: Of the reactions that are kept.
    """
    signatures = problem.signatures
    ramped = np.einsum("trk,rk->tr", problem.course, fit.weights)
    base = problem.values + ramped.mean(axis=0) @ signatures
    information = 1.0 / problem.correlated**0.5
    gram = information * signatures @ signatures.T
    aims = information * base @ signatures.T
    largest = ramped.max(axis=0, initial=0.0)
    frames, reactions = ramped.shape
    extents, variance = np.zeros_like(ramped), np.zeros_like(ramped)
    amount_variance = np.zeros((frames, len(problem.setting.products)))
    made = problem.setting.signature
    tiny = np.finfo(np.float64).tiny ** 0.25
    for frame in range(1, frames):
        spread = _NEAR * ramped[frame] + _LEAST * largest + tiny
        precision = gram + np.diag(1 / spread**2)
        wanted = aims[frame] + ramped[frame] / spread**2
        scale = 1 / np.sqrt(np.diag(precision))
        root = np.linalg.cholesky(precision * scale[:, None] * scale + 1e-10 * np.eye(reactions))
        found, _ = nnls(root.T, np.linalg.solve(root, wanted * scale), maxiter=50 * reactions)
        extents[frame] = found * scale
        covariance = np.linalg.inv(precision * scale[:, None] * scale) * scale[:, None] * scale
        variance[frame] = np.diag(covariance)
        amount_variance[frame] = np.einsum("rp,rs,sp->p", made, covariance, made)
    for column in range(reactions):
        weights = 1 / np.maximum(variance[1:, column], tiny**2)
        extents[1:, column] = isotonic_regression(extents[1:, column], weights=weights).x
    return Courses(
        extents,
        np.sqrt(np.maximum(variance, 0.0)),
        amounts_of(problem, extents),
        np.sqrt(np.maximum(amount_variance, 0.0)),
    )


def amounts_of(problem: Problem, extents: Array) -> Array:
    """Of the products, ``[time, product]``: of what was not there nothing can be used up."""
    amounts = extents @ problem.setting.signature
    native = () if problem.setting.model is None else problem.setting.model.initial
    there = np.array([name in native for name in problem.setting.products])
    return np.asarray(np.where(there, amounts, np.maximum(amounts, 0.0)))
