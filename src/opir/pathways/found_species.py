"""Species as they were found, with the bands behind each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.chemistry.environment import bands_in, environments_beside
from opir.pathways.fit import Problem
from opir.pathways.growth import growth_law
from opir.pathways.onset import find_onset, seen_level
from opir.pathways.refine import Courses
from opir.pathways.result import BandEvidence, FoundSpecies

__all__ = ["SURE", "found_species"]

Array = NDArray[np.float64]

SURE = 1.645
"""Standard deviations to each side that hold 90 %."""
_STANDS = 3.0
_LEAST_BAND = 0.1
"""Bands lower than this share of a species' highest are not shown as evidence."""
_COVERS = 0.5
"""A species covers a band of another where it absorbs more than this share of it there."""
_ALIKE = 0.98


def found_species(
    problem: Problem,
    courses: Courses,
    when: Courses,
    confidence: Array,
    wavenumber: Array,
    noise: Array,
    time: Array,
    voltage: Array | None,
    point: float,
) -> tuple[FoundSpecies, ...]:
    """The products that some reaction that is kept makes or uses up.

    Those that the spectra show come first, then those that only follow from the others. A species
    sets in as a reaction does, by what it changes itself
    (:func:`opir.pathways.found_reactions.found_reactions`).

    Args:
        problem, courses: Of the reactions that are kept.
        when: The courses by which it is told when something sets in.
        confidence: In each of those, ``[reaction]``.
        wavenumber: Axis [cm-1].
        noise: Of a point, ``[wavenumber]``.
        time: [s], ``[time]``.
        voltage: [V], ``[time]``, or None.
        point: Noise of a point by which it is judged when a change can be seen.
    """
    setting = problem.setting
    gains = _gains(problem, courses)
    seen = problem.moved / problem.weight
    sizes = np.linalg.norm(setting.spectra, axis=1)
    plain = setting.spectra + problem.shift[:, None] * setting.slopes
    found = []
    for number, name in enumerate(setting.products):
        takes = setting.signature[:, number] != 0
        amount = courses.amounts[:, number]
        deviation = courses.amount_deviation[:, number]
        if not takes.any() or not amount.any():
            continue
        grows = bool(amount[-1] >= 0 or amount.max() > -amount.min())
        change = when.amounts[:, number] * (1 if grows else -1)
        spread = when.amount_deviation[:, number]
        seen_by = point / max(float(sizes[number]), np.finfo(np.float64).tiny)
        level = seen_level(change, seen_by, 0.0 if when.held else spread)
        onset = find_onset(time, change, spread, voltage, level=level)
        signal = float(
            np.linalg.norm(amount)
            * np.linalg.norm(seen[number] * problem.weight)
            / problem.correlated**0.5
        )
        item = setting.library.species[name]
        found.append(
            FoundSpecies(
                name=name,
                title=item.title,
                source="library",
                amount=amount,
                lower=amount - SURE * deviation,
                upper=amount + SURE * deviation,
                onset=onset,
                growth=growth_law(time, amount, deviation) if grows and len(time) > 5 else None,
                bands=_bands(problem, courses, number, plain, wavenumber, noise),
                gain=float(gains[number]),
                signal=signal,
                confidence=float(1 - np.prod(1 - confidence[takes])),
                grows=grows,
                twins=_twins(problem, number),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.gain <= 0, -one.signal)))


def _gains(problem: Problem, courses: Courses) -> Array:
    """By how much the information criterion falls with each product, ``[product]``."""
    gram = problem.moved @ problem.moved.T / problem.correlated
    gram[np.diag_indices_from(gram)] += 1e-10 * max(float(np.trace(gram)), 1e-300) / len(gram)
    shown = np.flatnonzero(np.abs(courses.amounts).max(axis=0, initial=0.0) > 0)
    found = np.zeros(len(gram))
    if not shown.size:
        return found
    inverse = np.linalg.inv(gram[np.ix_(shown, shown)])
    centred = courses.amounts[:, shown] - courses.amounts[:, shown].mean(axis=0)
    rise = (centred**2).sum(axis=0) / np.diag(inverse)
    points = max(problem.values.size / problem.correlated, 2.0)
    found[shown] = rise - problem.course.shape[2] * np.log(points)
    return found


def _bands(
    problem: Problem,
    courses: Courses,
    number: int,
    spectra: Array,
    wavenumber: Array,
    noise: Array,
) -> tuple[BandEvidence, ...]:
    setting = problem.setting
    name = setting.products[number]
    item = setting.library.species[name]
    first = environments_beside(item, setting.cation)[0]
    amount, deviation = courses.amounts[:, number], courses.amount_deviation[:, number]
    largest = np.abs(courses.amounts).max(axis=0)
    top = float(spectra[number].max(initial=0.0))
    found = []
    for band in bands_in(item, first, first):
        position, shift = band.position.value, float(problem.shift[number])
        if not wavenumber.min() <= position + shift <= wavenumber.max():
            continue
        at = int(np.argmin(np.abs(wavenumber - position - shift)))
        height = float(spectra[number, at])
        if height < _LEAST_BAND * top:
            continue
        stands = np.abs(amount) * height > _STANDS * np.hypot(noise[at], deviation * height)
        frames = np.flatnonzero(stands)
        others = [
            other
            for place, other in enumerate(setting.products)
            if place != number
            and largest[place] * spectra[place, at] > _COVERS * largest[number] * height
        ]
        found.append(
            BandEvidence(
                position=position,
                shift=shift,
                assignment=band.assignment,
                height=float(largest[number] * height),
                signal=float(largest[number] * height / noise[at]),
                frames=(int(frames[0]), int(frames[-1])) if frames.size else None,
                overlapped=tuple(others),
            )
        )
    return tuple(sorted(found, key=lambda band: -band.height))


def _twins(problem: Problem, number: int) -> tuple[str, ...]:
    size = np.linalg.norm(problem.products, axis=1)
    if not size[number]:
        return ()
    alike = problem.products @ problem.products[number]
    alike = alike / np.where(size > 0, size * size[number], np.inf)
    return tuple(
        name
        for place, name in enumerate(problem.setting.products)
        if place != number and alike[place] > _ALIKE
    )
