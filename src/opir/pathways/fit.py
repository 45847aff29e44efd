r"""The change of a run as extents of reactions, what the electrolyte may do, and a baseline.

With :math:`S(t)` the spectra, the model is

.. math::
    S(t) = S_0 + \Xi(t)\, N\, (\varepsilon + \delta \varepsilon') + E(t)\, P + n(t),

extents :math:`\Xi` that start at 0 and never fall, the products' numbers :math:`N`, their spectra
:math:`\varepsilon` with a shift :math:`\delta` of each, and whatever lies in the space :math:`P`:
all forms of the electrolyte's species with their shifts, the first spectrum and its derivative, and
a parabola. :math:`S_0` is free. So only that of a product counts which no movement of the
electrolyte can make. Extents are sums of ramps between knots with weights that are not negative;
beforehand each weight is taken to be about what the rate constants expect, with wide limits
(:class:`Guess`), so that what the spectra cannot tell stays near that and what they tell does not.

The misfit that is left where bands are not quite as in the library is not white: noise is raised
where the fit misses, and information is divided by how far misfits are correlated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

from opir.pathways.setting import Setting

__all__ = [
    "Fit", "Guess", "Problem", "fit_reactions", "grown", "normal_equations", "problem_of", "ramps",
    "solve",
]  # fmt: skip

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_KNOTS = 10
_MANY = 48
"""Reactions above which half as many ramps must do, for the sake of time."""
_ROUNDS = 3
_SHIFT = 2.0
"""Usual size of a product's shift [cm-1]; more than twice of it is not looked for."""
_LAGS = 24
_LOOSE = 1e-9
"""Singular values of the electrolyte's space below this share of the largest are nothing."""


@dataclass(frozen=True)
class Guess:
    """What is expected of the weights of the ramps, ``[reaction, ramp]``, and how far off it is.

    Where a course is given, ``[time, reaction, ramp]``, ramps rise between their knots as it does,
    not straight. ``told`` are the reactions that rate constants speak of, ``[reaction]``; none by
    default.
    """

    mean: Array
    deviation: Array
    course: Array | None = None
    told: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Problem:
    """Spectra in units of the noise, less what the electrolyte can make.

    Attributes:
        setting: What may be there.
        course: Ramps of each reaction, ``[time, reaction, ramp]``.
        weight: 1 over the noise, ``[wavenumber]``.
        basis: Orthonormal, of the electrolyte's space in those units, ``[dimension, wavenumber]``.
        values: ``[time, wavenumber]``, less their mean over time.
        products, slopes: ``[product, wavenumber]``.
        shift: Of the products [cm-1].
        correlated: By how much there is less information than points.
    """

    setting: Setting
    course: Array
    weight: Array
    basis: Array
    values: Array
    products: Array
    slopes: Array
    shift: Array
    correlated: float = 1.0

    def only(self, kept: Places) -> Problem:
        """The problem with some of the reactions."""
        return replace(self, setting=self.setting.only(kept.tolist()), course=self.course[:, kept])

    @property
    def signatures(self) -> Array:
        """Of the reactions, ``[reaction, wavenumber]``."""
        return np.asarray(self.setting.signature @ self.moved)

    @property
    def moved(self) -> Array:
        """Products with their shift, ``[product, wavenumber]``."""
        return np.asarray(self.products + self.shift[:, None] * self.slopes)


@dataclass(frozen=True)
class Fit:
    """Weights of the ramps of each reaction.

    Attributes:
        weights: Never negative, ``[reaction, ramp]``.
        gram: Of spectra and guess, ``[reaction * ramp, reaction * ramp]``.
        data: Of the spectra alone, the same shape.
        chi: Squared misfit of the spectra, in units of the noise, by points that tell.
        likely: Weights that were likely beforehand, 0 where nothing was said.
    """

    weights: Array
    gram: Array
    data: Array
    chi: float
    likely: Array

    @property
    def rises(self) -> Array:
        """By how much the squared misfit rises without each reaction, ``[reaction]``.

        Of spectra and guess; the others are fitted anew, those at zero stay there.
        """
        reactions, ramps = self.weights.shape
        free = self.weights.ravel() > 0
        found = np.zeros(reactions)
        if not free.any():
            return found
        place = np.flatnonzero(free)
        loose = 1e-12 * np.trace(self.gram) / len(self.gram) * np.eye(place.size)
        inverse = np.linalg.inv(self.gram[np.ix_(place, place)] + loose)
        for number in range(reactions):
            own = np.flatnonzero(place // ramps == number)
            if own.size:
                one = self.weights.ravel()[place[own]]
                found[number] = one @ np.linalg.solve(inverse[np.ix_(own, own)], one)
        return found

    @property
    def told(self) -> Array:
        """How many numbers of each reaction the spectra tell, not the guess, ``[reaction]``."""
        precision = np.diag(self.gram) - np.diag(self.data)
        told = 1 - precision * np.diag(self.covariance)
        there = self.weights.ravel() > 0
        return np.asarray(np.where(there, told, 0.0).reshape(self.weights.shape).sum(axis=1))

    @property
    def covariance(self) -> Array:
        """Of the weights that are not zero, others 0, ``[reaction * ramp, reaction * ramp]``."""
        found = np.zeros_like(self.gram)
        place = np.flatnonzero(self.weights.ravel() > 0)
        if place.size:
            loose = 1e-12 * np.trace(self.gram) / len(self.gram) * np.eye(place.size)
            block = np.linalg.inv(self.gram[np.ix_(place, place)] + loose)
            found[np.ix_(place, place)] = block
        return found


def ramps(frames: int, count: int = _KNOTS) -> Array:
    """Courses from 0 to 1 between knots that are denser at first, ``[time, ramp]``."""
    number = min(count, frames - 1)
    knots = np.unique(np.round((frames - 1) * (np.arange(number + 1) / number) ** 1.5))
    if frames - 1 <= count:
        knots = np.arange(frames, dtype=np.float64)
    at = np.arange(frames)[:, None]
    return np.asarray(np.clip((at - knots[:-1]) / np.diff(knots), 0.0, 1.0))


def problem_of(
    setting: Setting,
    spectra: Array,
    wavenumber: Array,
    noise: Array,
    course: Array | None = None,
) -> Problem:
    """The spectra without what the electrolyte can make.

    Args:
        setting: What may be there.
        spectra: ``[time, wavenumber]``.
        wavenumber: Axis [cm-1].
        noise: Of a point, ``[wavenumber]``.
        course: Ramps, ``[time, reaction, ramp]``; straight ones by default.
    """
    weight = 1.0 / noise
    first = spectra[0]  # nothing has formed yet: later frames would take a product away
    line = np.linspace(-1, 1, wavenumber.size)
    space = np.vstack(
        [
            setting.electrolyte_spectra,
            setting.electrolyte_slopes,
            first[None],
            np.gradient(first, wavenumber)[None],
            np.polynomial.legendre.legvander(line, 2).T,
        ]
    )
    space = space * weight
    size = np.linalg.norm(space, axis=1, keepdims=True)
    _, singular, rows = np.linalg.svd(space / np.where(size > 0, size, 1.0), full_matrices=False)
    basis = rows[singular > _LOOSE**0.5 * singular[0]]
    centred = (spectra - spectra.mean(axis=0)) * weight

    def without(values: Array) -> Array:
        return np.asarray(values - (values @ basis.T) @ basis)

    if course is None:
        number = len(setting.reactions)
        straight = ramps(len(spectra), _KNOTS if number <= _MANY else _KNOTS // 2)
        course = np.repeat(straight[:, None], number, axis=1)
    return Problem(
        setting,
        course,
        weight,
        basis,
        without(centred),
        without(setting.spectra * weight),
        without(setting.slopes * weight),
        np.zeros(len(setting.products)),
    )


def fit_reactions(
    setting: Setting,
    spectra: Array,
    wavenumber: Array,
    noise: Array,
    guess: Guess | None = None,
) -> tuple[Problem, Fit]:
    """Fit extents, shifts and, where the fit misses, more noise, in turn.

    Args:
        setting: What may be there; at least one reaction.
        spectra: ``[time, wavenumber]``.
        wavenumber: Axis [cm-1].
        noise: Of a point, ``[wavenumber]``.
        guess: What is expected; nothing by default.
    """
    shift = np.zeros(len(setting.products))
    level = noise
    course = None if guess is None else guess.course
    problem = replace(problem_of(setting, spectra, wavenumber, level, course), shift=shift)
    fit = _solve(problem, guess)
    for _ in range(_ROUNDS):
        shift = _shifts(problem, fit)
        rest = _rest(problem, fit)
        missed = np.sqrt(_smooth((rest**2).mean(axis=0)))
        level = level * np.maximum(missed, 1.0) if missed.max() > 1 else level
        problem = replace(problem_of(setting, spectra, wavenumber, level, course), shift=shift)
        problem = replace(problem, correlated=_correlated(_rest(problem, fit)))
        fit = _solve(problem, guess)
        level = np.maximum(level, noise)
    return problem, fit


def _solve(problem: Problem, guess: Guess | None) -> Fit:
    signatures = problem.signatures
    data, aim = normal_equations(problem)
    gram, wanted = data.copy(), aim.copy()
    if guess is not None:
        precision = 1.0 / guess.deviation.ravel() ** 2
        gram[np.diag_indices_from(gram)] += precision
        wanted += precision * guess.mean.ravel()
    weights = _nonnegative(gram, wanted).reshape(len(signatures), -1)
    flat = weights.ravel()
    square = float((problem.values**2).sum()) / problem.correlated
    chi = square - 2 * flat @ aim + flat @ data @ flat
    likely = np.zeros_like(weights) if guess is None else guess.mean
    return Fit(weights, gram, data, max(float(chi), 0.0), likely)


def normal_equations(problem: Problem) -> tuple[Array, Array]:
    """Of the weights of all ramps, by what the spectra tell.

    Returns:
        ``[reaction * ramp, reaction * ramp]`` and ``[reaction * ramp]``.
    """
    data, aim = _normal(problem, np.arange(len(problem.values)))
    return data / problem.correlated, aim / problem.correlated


def _normal(problem: Problem, frames: Places) -> tuple[Array, Array]:
    """Products of the columns of some frames, and of them with the spectra."""
    course = (problem.course - problem.course.mean(axis=0))[frames]
    count = course.shape[2]
    flat = course.reshape(len(frames), -1)
    signatures = problem.signatures
    both = np.repeat(np.repeat(signatures @ signatures.T, count, axis=0), count, axis=1)
    seen = problem.values[frames] @ signatures.T
    return (flat.T @ flat) * both, np.einsum("trk,tr->rk", course, seen).ravel()


def _nonnegative(gram: Array, aim: Array) -> Array:
    """Least squares with weights that are not negative, from the normal equations."""
    if not aim.size:  # scipy's nnls writes beyond its memory where nothing is asked for
        return np.zeros(0)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled = gram * scale[:, None] * scale
    scaled[np.diag_indices_from(scaled)] += 1e-8
    root = cholesky(scaled, lower=True)
    right = solve_triangular(root, aim * scale, lower=True)
    found, _ = nnls(root.T, right, maxiter=10 * len(aim))
    return np.asarray(found * scale)


def solve(problem: Problem, kept: Places | None, *, frames: Places, like: Fit) -> Array:
    """Weights of some reactions that fit some frames, with the guess of another fit.

    Args:
        problem: The spectra.
        kept: Which reactions, all where None.
        frames: Which frames.
        like: A fit of all of them, for what it took for likely beforehand.

    Returns:
        ``[kept reaction, ramp]``.
    """
    rows = np.arange(len(like.weights)) if kept is None else kept
    count = problem.course.shape[2]
    gram, aim = _normal(problem.only(rows), frames)
    gram, aim = gram / problem.correlated, aim / problem.correlated
    place = (rows[:, None] * count + np.arange(count)).ravel()
    before = np.diag(like.gram - like.data)[place]
    gram[np.diag_indices_from(gram)] += before
    aim += before * like.likely.ravel()[place]
    return _nonnegative(gram, aim).reshape(len(rows), count)


def grown(problem: Problem, weights: Array) -> Array:
    """Extents less their mean over time, ``[time, reaction]``."""
    course = problem.course - problem.course.mean(axis=0)
    return np.asarray(np.einsum("trk,rk->tr", course, weights))


def _rest(problem: Problem, fit: Fit) -> Array:
    return np.asarray(problem.values - grown(problem, fit.weights) @ problem.signatures)


def _shifts(problem: Problem, fit: Fit) -> Array:
    """Shifts of the products that lessen the misfit, held near 0 [cm-1]."""
    amounts = grown(problem, fit.weights) @ problem.setting.signature
    rest = _rest(problem, fit) + amounts @ (problem.shift[:, None] * problem.slopes)
    gram = (amounts.T @ amounts) * (problem.slopes @ problem.slopes.T) / problem.correlated
    aim = ((amounts.T @ rest) * problem.slopes).sum(axis=1) / problem.correlated
    gram[np.diag_indices_from(gram)] += 1 / _SHIFT**2
    return np.asarray(np.clip(np.linalg.solve(gram, aim), -2 * _SHIFT, 2 * _SHIFT))


def _smooth(values: Array, width: int = 9) -> Array:
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def _correlated(rest: Array) -> float:
    """By how much misfits that hang together say less than as many that do not."""
    along = _length(rest)
    return float(along * _length(rest.T))


def _length(rest: Array) -> float:
    """1 + twice the sum of correlations up to the first that is none."""
    square = float((rest**2).mean())
    if square == 0 or rest.shape[1] < 4:
        return 1.0
    total = 1.0
    for lag in range(1, min(_LAGS, rest.shape[1] // 2)):
        found = float((rest[:, lag:] * rest[:, :-lag]).mean()) / square
        if found < 0.05:
            break
        total += 2 * found
    return total
