"""Courses of cells whose constants differ as those of one kind do, fitted to the spectra.

The fit lets each extent be far off what the rate constants expect of it, since a real cell may be.
So what the spectra hardly show takes any course. Where the constants hold for a cell, it is better
known: its courses are those of the library's cell plus a few modes in which cells of one kind
differ. Whether they hold, the spectra decide. Those courses are taken where they come out much the
same as the free ones; or where the library's bands fit the spectra closely, so that a course that
is wrong would show, and they explain the spectra nearly as well as the free ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from opir.pathways.expected import Expected
from opir.pathways.fit import Problem, normal_equations
from opir.pathways.refine import Courses, amounts_of

__all__ = ["CELLS", "courses_by_constants", "courses_of_cells"]

Array = NDArray[np.float64]

CELLS = 16
"""Cells that are simulated."""
_FEWEST = 4
_MODES = 3
"""In which the course of each reaction differs most from cell to cell."""
_OPTICS, _BANDS = 0.5, 0.05
"""How far off is what is known of how much of a cell, and of one reaction, the spectra show."""
_SAME = 0.12
"""Courses are much the same whose spectra differ by less than this share."""
_CLOSE, _AS_WELL = 20.0, 1.1
"""Bands fit closely whose misfit is correlated over fewer points than this (points by misfits that
are independent), and so much more squared misfit is nearly as good. Both, and the share above, were
chosen on simulated validation runs."""


def courses_of_cells(
    problem: Problem, expected: Expected, free: Courses, *, always: bool = False
) -> Courses | None:
    """The courses, if the spectra let them be those of such a cell.

    Args:
        problem: Of the reactions that are kept.
        expected: By the rate constants, of cells that vary too.
        free: As the spectra alone have them, near wide limits. What constants do not expect keeps
            its course.
        always: Take them whether or not the spectra agree: of a forecast, whose spectra are less
            sure than cells of one kind are alike.

    Returns:
        None where no cells were simulated, or their courses are not those of the free fit.
    """
    cells = _Cells.of(problem, expected, free)
    if cells is None:
        return None
    data, aim = normal_equations(replace(problem, course=cells.course))
    reactions = cells.usual.shape[1]
    # The first weight of each reaction is what is shown of it, the others are of its modes.
    before = np.eye(aim.size)
    first = np.arange(0, aim.size, 1 + _MODES)
    before[np.ix_(first, first)] = _OPTICS**2 + _BANDS**2 * np.eye(reactions)
    precision = np.linalg.inv(before) / cells.shown**2
    mean = np.zeros(aim.size)
    mean[first] = cells.shown
    covariance = np.linalg.inv(data + precision)
    weights = covariance @ (aim + precision @ mean)

    extents = np.maximum(np.einsum("trk,rk->tr", cells.course, weights.reshape(reactions, -1)), 0.0)
    for column in range(reactions):
        extents[1:, column] = isotonic_regression(extents[1:, column]).x
    if not always and not _agrees(problem, extents, free.extents):
        return None
    return _known_to(problem, extents, cells.course, covariance)


def courses_by_constants(problem: Problem, expected: Expected, free: Courses) -> Courses | None:
    """The courses that the library's cell takes, known as well as cells of one kind are alike.

    They are as large as the cell's optics show them; where those are not known, as the spectra do.
    How far off the optics are makes all larger or smaller, and is not in the deviations: when
    something sets in hardly depends on it.

    Args:
        problem, expected, free: As of :func:`courses_of_cells`.

    Returns:
        None where no cells were simulated, or the spectra show nothing of what is expected.
    """
    cells = _Cells.of(problem, expected, free)
    if cells is None:
        return None
    size = cells.shown if expected.shows is None else expected.shows
    extents = np.where(cells.told, size * cells.usual, free.extents)
    course = np.concatenate([extents[:, :, None], size * cells.course[:, :, 1:]], axis=2)
    covariance = np.eye(course[0].size)
    first = np.arange(0, len(covariance), 1 + _MODES)
    covariance[first, first] = _BANDS**2
    return _known_to(problem, extents, course, covariance)


@dataclass(frozen=True)
class _Cells:
    """What cells of one kind do.

    Attributes:
        usual: Extents by the library's constants; of what they do not expect those of the free
            fit, ``[time, reaction]``.
        told: Which they expect, ``[reaction]``.
        shown: So many times as much the spectra show.
        course: The usual extents and the modes, ``[time, reaction, 1 + mode]``.
    """

    usual: Array
    told: NDArray[np.bool_]
    shown: float
    course: Array

    @classmethod
    def of(cls, problem: Problem, expected: Expected, free: Courses) -> _Cells | None:
        """Of the reactions that are kept; None where too few were simulated or nothing shows."""
        if expected.varied is None or len(expected.varied) < _FEWEST:
            return None
        frames, reactions = free.extents.shape
        place = {name: at for at, name in enumerate(expected.reactions)}
        usual = np.zeros((frames, reactions))
        modes = np.zeros((frames, reactions, _MODES))
        for row, reaction in enumerate(problem.setting.reactions):
            if reaction.name in place:
                at = place[reaction.name]
                usual[:, row] = expected.extents[:, at]
                modes[:, row] = _modes(expected.varied[:, :, at])
        whole = (usual - usual.mean(axis=0)) @ problem.signatures
        square = float((whole**2).sum())
        shown = float((whole * problem.values).sum()) / square if square > 0 else 0.0
        if shown <= 0:
            return None
        told = usual[-1] > 0
        usual[:, ~told] = free.extents[:, ~told] / shown
        course = np.concatenate([usual[:, :, None], modes], axis=2)
        return cls(usual, told, shown, course)


def _known_to(problem: Problem, extents: Array, course: Array, covariance: Array) -> Courses:
    """Extents with the deviations that those of the weights of their courses make."""
    frames, reactions, ramps = course.shape
    deviation = np.zeros_like(extents)
    made = problem.setting.signature
    amount_variance = np.zeros((frames, made.shape[1]))
    for frame in range(1, frames):
        rows = np.zeros((reactions, reactions, ramps))
        rows[np.arange(reactions), np.arange(reactions)] = course[frame]
        spread = rows.reshape(reactions, -1) @ covariance @ rows.reshape(reactions, -1).T
        deviation[frame] = np.sqrt(np.maximum(np.diag(spread), 0.0))
        amount_variance[frame] = np.einsum("rp,rs,sp->p", made, spread, made)
    amounts = amounts_of(problem, extents)
    return Courses(
        extents, deviation, amounts, np.sqrt(np.maximum(amount_variance, 0.0)), held=True
    )


def _agrees(problem: Problem, extents: Array, free: Array) -> bool:
    """Whether the spectra allow these extents, in place of those of the free fit."""
    made, other = ((one - one.mean(axis=0)) @ problem.signatures for one in (extents, free))
    if np.linalg.norm(made - other) <= _SAME * np.linalg.norm(other):
        return True
    missed, least = (float(((problem.values - one) ** 2).sum()) for one in (made, other))
    return problem.correlated < _CLOSE and missed < _AS_WELL * least


def _modes(cells: Array) -> Array:
    """In which courses ``[cell, time]`` differ, in their usual size, ``[time, mode]``."""
    apart = (cells - cells.mean(axis=0)) / np.sqrt(len(cells) - 1)
    _, size, rows = np.linalg.svd(apart, full_matrices=False)
    found = np.zeros((cells.shape[1], _MODES))
    kept = min(_MODES, len(size))
    found[1:, :kept] = (size[:kept, None] * rows[:kept]).T[1:]  # nothing has run at first
    return found
