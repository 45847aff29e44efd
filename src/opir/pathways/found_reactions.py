"""Reactions as they were found: how sure, seen by what, and what could stand in for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Reaction
from opir.pathways.fit import Fit, Problem, grown, solve
from opir.pathways.found_species import SURE
from opir.pathways.onset import find_onset, seen_level
from opir.pathways.refine import Courses
from opir.pathways.result import FoundReaction, FoundSpecies
from opir.pathways.weigh import DISTINCT, Weighed

__all__ = ["LIKELY", "POSSIBLE", "found_reactions", "told_as_sum", "unneeded"]

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_FEWEST = 3
"""Frames of which a misfit says something."""

_ORDER = ("found", "possible", "not needed")
_UNNEEDED = 0.45
"""Confidence at most where nothing but the spectra speaks, and they do not need the reaction."""

_TRACE = 1e-6
"""Share of the largest extent at and below which a reaction does not run."""

LIKELY, POSSIBLE = 0.5, 0.2
"""Confidence from which on a reaction is held to run, and from which on it may."""


def found_reactions(
    problem: Problem,
    fit: Fit,
    courses: Courses,
    when: Courses,
    weighed: Weighed,
    places: Places,
    confidence: Array,
    every: tuple[Reaction, ...],
    species: tuple[FoundSpecies, ...],
    time: Array,
    voltage: Array | None,
    noise: float,
) -> tuple[FoundReaction, ...]:
    """The reactions that are kept, most certain first.

    A reaction sets in where it has changed the spectra by three times the noise of a point, as a
    norm over the wavenumbers, or by a tenth of all that it changes, whichever is later. Where
    nothing vouches for the rate constants, its extent must be known as well as that, too.

    Args:
        problem, fit, courses: Of those.
        when: The courses by which it is told when something sets in.
        weighed: Of all.
        places: Which of all they are, ``[reaction]``.
        confidence: Of all.
        every: All reactions.
        species: Those found.
        time: [s], ``[time]``.
        voltage: [V], ``[time]``, or None.
        noise: Of a point.
    """
    size = np.linalg.norm(problem.setting.effect, axis=1)
    every_frame = np.arange(len(problem.values))
    held_out = _needed_for(problem, fit, every_frame[::2], every_frame[1::2], relative=True)
    rises = _needed_for(problem, fit, every_frame, every_frame) / problem.correlated
    cost = np.log(max(problem.values.size / problem.correlated, 2.0))
    gains = rises - cost * fit.told
    seen = {one.name: one for one in species}
    least = _TRACE * float(courses.extents.max(initial=0.0))
    found = []
    for row, place in enumerate(places):
        reaction = problem.setting.reactions[row]
        if courses.extents[:, row].max() <= least:
            found.append(
                unneeded(
                    reaction, problem.setting.sources[row], float(confidence[place]), len(time)
                )
            )
            continue
        extent, deviation = courses.extents[:, row], courses.extent_deviation[:, row]
        course, spread = when.extents[:, row], when.extent_deviation[:, row]
        seen_by = noise / max(size[row], np.finfo(np.float64).tiny)
        level = seen_level(course, seen_by, 0.0 if when.held else spread)
        shown = [
            name
            for name, number in zip(
                problem.setting.products, problem.setting.signature[row], strict=True
            )
            if number and name in seen
        ]
        sure = float(confidence[place])
        alike = weighed.distinct[place] < DISTINCT
        others = tuple(
            every[other].name
            for other in weighed.stand_ins[place]
            if confidence[other] >= 0.1 * POSSIBLE
        )
        blind = weighed.signal[place] == 0
        gain = float(gains[row])
        if np.isnan(weighed.expected[place]) and gain <= 0 and not others:
            sure = min(sure, _UNNEEDED)
        status = "found" if sure >= LIKELY and not alike and gain > 0 else "possible"
        found.append(
            FoundReaction(
                name=reaction.name,
                title=reaction.title,
                equation=reaction.equation,
                source=problem.setting.sources[row],
                extent=extent,
                lower=np.maximum(extent - SURE * deviation, 0.0),
                upper=extent + SURE * deviation,
                onset=find_onset(time, course, spread, voltage, level=level),
                status=status,
                confidence=sure,
                gain=gain,
                held_out=float(held_out[row]),
                alternatives=tuple((one,) for one in others) if alike else (),
                species=tuple(shown),
                reason=_reason(sure, alike, blind, gain, others, shown, seen),
            )
        )
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.status), -one.confidence)))


def unneeded(reaction: Reaction, source: str, confidence: float, frames: int) -> FoundReaction:
    """A reaction that neither spectra nor rate constants ask for."""
    none = np.zeros(frames)
    return FoundReaction(
        name=reaction.name,
        title=reaction.title,
        equation=reaction.equation,
        source=source,
        extent=none,
        lower=none,
        upper=none,
        onset=None,
        status="not needed",
        confidence=confidence,
        gain=0.0,
        held_out=0.0,
        alternatives=(),
        species=(),
        reason="The spectra do not ask for it.",
    )


def told_as_sum(found: tuple[FoundReaction, ...]) -> tuple[str, ...]:
    """Sentences on sets of reactions of which the spectra show a sum only."""
    sets = {frozenset({one.name, *(n for names in one.alternatives for n in names)})
            for one in found if one.alternatives and one.confidence >= LIKELY}  # fmt: skip
    whole = [one for one in sets if not any(one < other for other in sets)]
    return tuple(
        f"Of {', '.join(group)} the spectra show a sum only; which of them run, and how far each, "
        "is told by rate constants, if at all."
        for group in sorted(sorted(one) for one in whole)
    )


def _reason(
    sure: float,
    alike: bool,
    blind: bool,
    gain: float,
    others: tuple[str, ...],
    shown: list[str],
    seen: dict[str, FoundSpecies],
) -> str:
    bands = []
    for name in shown:
        for band in seen[name].bands[:2]:
            if band.frames is not None:
                place = band.position + band.shift
                bands.append(f"{name} at {place:.0f} cm-1 from frame {band.frames[0]}")
    text = f"Seen by {'; '.join(bands[:4])}." if bands else ""
    if blind:
        text = (
            "Nothing that it makes or uses up stands out of the electrolyte on this axis: rate "
            "constants, or what follows from it, ask for it."
        )
    elif alike and others:
        text += f" The spectra fit as well with {' or '.join(others[:4])} in its place."
    elif gain <= 0:
        text += (
            " The spectra alone do not need it, beside the others: rate constants, or what follows "
            "from it, ask for it."
        )
    elif not bands:
        text = "Its bands stand out of the noise only taken together."
    if sure < LIKELY:
        text += " The evidence is weak."
    return text.strip()


def _needed_for(
    problem: Problem, fit: Fit, learn: Places, test: Places, *, relative: bool = False
) -> Array:
    """By how much the squared misfit of some frames rises without each reaction, ``[reaction]``.

    All others are fitted anew to the frames that are learnt from, with what was likely of them.
    """
    every = np.arange(len(fit.weights))
    found = np.zeros(len(every))
    if len(test) < _FEWEST:
        return found

    def missed(kept: Places) -> float:
        less = problem.only(kept)
        weights = solve(problem, kept, frames=learn, like=fit)
        made = grown(less, weights)[test] @ less.signatures
        return float(((problem.values[test] - made) ** 2).sum())

    best = missed(every)
    for row in every:
        worse = missed(np.delete(every, row))
        found[row] = worse - best
        if relative:
            found[row] = (worse - best) / worse if worse > 0 else 0.0
    return found
