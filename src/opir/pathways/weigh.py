"""How much speaks for each reaction: what the spectra need, what is expected, what stands in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.pathways.expected import Expected
from opir.pathways.fit import Fit, Guess, Problem, grown, problem_of, ramps
from opir.pathways.setting import Setting

__all__ = ["DISTINCT", "FEATURES", "Weighed", "guess_of", "plain_guess", "weigh"]

Array = NDArray[np.float64]

_SPREAD, _SHARE, _FLOOR = 1.0, 0.3, 1e-4
"""How far a ramp's weight may be off: so many times itself, a share of its reaction's mean weight,
and of the weights of all."""

_RARER = 0.05

DISTINCT = 3.0
"""A misfit below so many times the noise cannot be seen."""

_ALIKE = 0.9
"""Cosine from which on two signatures are much the same."""

_WITHIN, _ANY = 2.0, 1e-2
"""The spectra show so many times more or less than the optics of the cell say, at most; where
those are not known, as much as this lets them."""

FEATURES = ("signal", "expected", "gain", "distinct", "needed")
"""Of a reaction, in tenfold steps (:attr:`Weighed.features`)."""


@dataclass(frozen=True)
class Weighed:
    """What speaks for each reaction, ``[reaction]``.

    Attributes:
        signal: Norm of what it adds to the spectra beyond what the electrolyte can make, as fitted,
            in units of the noise.
        expected: Norm of all that it changes, the electrolyte's bands too, as the rate constants
            expect it, in units of the noise of a point; NaN where they do not know it.
        gain: By how much the squared misfit rises without it, the others fitted anew.
        distinct: What is left of the signal where the one other reaction that is most alike takes
            its place.
        needed: Largest signal of those reactions that use up what no other reaction makes and the
            electrolyte does not hold.
        stand_ins: Reactions of which each alone could stand in for it: its signature is much the
            same, and what is left is less than :data:`DISTINCT`; nearest first.
    """

    signal: Array
    expected: Array
    gain: Array
    distinct: Array
    needed: Array
    stand_ins: tuple[tuple[int, ...], ...]

    @property
    def features(self) -> Array:
        """Logarithms to base 10 of 0.1 more than each, ``[reaction, feature]``."""
        every = np.stack([getattr(self, name) for name in FEATURES], axis=1)
        return np.asarray(np.log10(np.maximum(every, 0.0) + 0.1))


def guess_of(
    setting: Setting, expected: Expected, spectra: Array, wavenumber: Array, noise: Array
) -> Guess:
    """What is expected as weights of the ramps, in the unit in which the spectra show it.

    Of a reaction that the rate constants do not know, as one of a user's, nothing is expected and
    nothing held against it: its limits are those of :func:`plain_guess`.
    """
    course = ramps(len(spectra))
    reached = np.array([int(np.argmax(course[:, at] >= 1)) for at in range(course.shape[1])])
    place = {name: at for at, name in enumerate(expected.reactions)}
    extents = np.zeros((len(setting.reactions), len(spectra)))
    for row, reaction in enumerate(setting.reactions):
        if reaction.name in place:
            extents[row] = expected.extents[:, place[reaction.name]]
    weights = np.diff(extents[:, reached], axis=1, prepend=0.0)
    shaped = _shaped(course, reached, extents)
    problem = problem_of(setting, spectra, wavenumber, noise, shaped)
    whole = grown(problem, weights) @ problem.signatures
    square = float((whole**2).sum())
    gain = float((whole * problem.values).sum()) / square if square > 0 else 1.0
    gain = float(np.clip(gain, *_bounds(expected.shows)))
    mean = gain * weights
    deviation = (
        _SPREAD * mean
        + _SHARE * mean.mean(axis=1, keepdims=True)
        + _FLOOR * mean.sum()
        + np.finfo(np.float64).tiny ** 0.25
    )
    told = np.array([one.name in place for one in setting.reactions])
    if not told.all():
        plain = plain_guess(setting, spectra, wavenumber, noise, shaped)
        deviation = np.where(told[:, None], deviation, plain.deviation)
    return Guess(mean, deviation, shaped, told)


def _bounds(shows: float | None) -> tuple[float, float]:
    """Between what the spectra may show of what the surface says."""
    if shows is None:
        return _ANY, 1 / _ANY
    return shows / _WITHIN, shows * _WITHIN


def _shaped(course: Array, reached: Array, extents: Array) -> Array:
    """Ramps that rise between two knots as what is expected does, ``[time, reaction, ramp]``."""
    found = np.repeat(course[:, None], len(extents), axis=1)
    begins = np.concatenate([[0], reached[:-1]])
    for at, (first, last) in enumerate(zip(begins, reached, strict=True)):
        rise = extents[:, last] - extents[:, first]
        own = np.flatnonzero(rise > 1e-3 * extents[:, -1])
        inside = extents[own, first : last + 1] - extents[own, first : first + 1]
        found[first : last + 1, own, at] = (inside / rise[own, None]).T
    return found


def plain_guess(
    setting: Setting,
    spectra: Array,
    wavenumber: Array,
    noise: Array,
    course: Array | None = None,
) -> Guess:
    """A guess without rate constants: what is made at once is likelier than what is made of that.

    Each step from what is there to begin with makes a reaction's usual extent twenty times smaller.
    """
    problem = problem_of(setting, spectra, wavenumber, noise, course)
    centred = ramps(len(spectra))
    centred = centred - centred.mean(axis=0)
    size = np.linalg.norm(problem.signatures, axis=1)
    change = float(np.linalg.norm(problem.values)) / max(float(np.linalg.norm(centred)), 1e-300)
    usual = np.where(size > 0, change / np.where(size > 0, size, 1.0), 0.0)
    steps = _steps(setting)
    weights = np.maximum(usual, usual.max(initial=0.0) * 1e-6) * _RARER**steps
    floor = np.finfo(np.float64).tiny ** 0.25
    deviation = np.repeat(weights[:, None] + floor, problem.course.shape[2], axis=1)
    return Guess(np.zeros_like(deviation), deviation, problem.course)


def _steps(setting: Setting) -> Array:
    """How many reactions must run before each can, ``[reaction]``."""
    there = {*setting.present, "Li+", "Na+", "e-"}
    found = np.full(len(setting.reactions), -1.0)
    step = 0.0
    while (found < 0).any():
        now = [
            row
            for row, one in enumerate(setting.reactions)
            if found[row] < 0 and set(one.reactants) <= there
        ]
        if not now:
            break
        found[now] = step
        there |= {name for row in now for name in setting.reactions[row].products}
        step += 1
    return np.where(found < 0, step + 1, found)


def weigh(problem: Problem, fit: Fit, guess: Guess | None, noise: float) -> Weighed:
    """Weigh the reactions of a fit.

    Args:
        problem, fit: The spectra and their fit.
        guess: What was expected.
        noise: Of a point, in absorbance.
    """
    signatures = problem.signatures
    size = np.linalg.norm(signatures, axis=1)
    tell = np.sqrt(problem.correlated)
    moved = np.linalg.norm(grown(problem, fit.weights), axis=0)
    signal = moved * size / tell
    expected = np.full(len(signal), np.nan)
    if guess is not None and guess.told is not None:
        effect = np.linalg.norm(problem.setting.effect, axis=1) / noise
        known = np.linalg.norm(grown(problem, guess.mean), axis=0) * effect
        expected = np.where(guess.told, known, np.nan)
    alike = np.clip(_cosines(signatures), 0.0, 1.0)
    distinct = signal * np.sqrt(1 - alike.max(axis=1, initial=0.0) ** 2)
    # Another one in its place would miss less than could be seen.
    misses = signal[:, None] * np.sqrt(1 - alike**2)
    stand_ins = [
        tuple(
            int(at) for at in np.argsort(row) if row[at] < DISTINCT and alike[number, at] > _ALIKE
        )
        for number, row in enumerate(misses)
    ]
    needed = _needed(problem.setting, signal)
    return Weighed(signal, expected, fit.rises, distinct, needed, tuple(stand_ins))


def _cosines(signatures: Array) -> Array:
    """Between signatures, 0 of each with itself, ``[reaction, reaction]``."""
    size = np.linalg.norm(signatures, axis=1)
    unit = signatures / np.where(size > 0, size, np.inf)[:, None]
    found = unit @ unit.T
    found[np.diag_indices_from(found)] = 0.0
    return np.asarray(found)


def _needed(setting: Setting, signal: Array) -> Array:
    """Largest signal of those that a reaction alone supplies, ``[reaction]``."""
    found = np.zeros(len(signal))
    makers: dict[str, list[int]] = {}
    for row, reaction in enumerate(setting.reactions):
        for name in reaction.products:
            makers.setdefault(name, []).append(row)
    for row, reaction in enumerate(setting.reactions):
        for name in reaction.reactants:
            sole = makers.get(name, [])
            if len(sole) == 1 and name not in setting.present:
                found[sole[0]] = max(found[sole[0]], signal[row])
    return found
