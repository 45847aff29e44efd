"""Whether the other bands of a candidate change along with the band that is explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Band, Library
from opir.chemistry.environment import bands_in, environments_beside
from opir.chemistry.species import molar_absorptivity
from opir.pathways.bands import band_weights, height_error, stands
from opir.pathways.candidates import SPREAD, BandCheck, Candidate, Content

__all__ = [
    "SEEN",
    "Followed",
    "bands_of",
    "height_near",
    "moved_bands",
    "state_of",
    "with_evidence",
]

Array = NDArray[np.float64]

SEEN = 0.3
"""A band is seen from this share of the height on that it should have; other species may make the
rest of the band that is explained."""
_COVERED = 3.0
"""From so many times its height on, something else changes there."""
_PRIOR = 0.3
"""Weight of "cannot tell" in the support, in heights of the band that is explained."""


@dataclass(frozen=True)
class Followed:
    """What of the change of a run follows a band.

    Attributes:
        spectrum: The spectra, weighted by the band's course, in absorbance at the frame where the
            band is largest, ``[wavenumber]``.
        noise: Standard deviation of each of its points, ``[wavenumber]``.
        height: Of the band in it; below 0 for one that goes.
    """

    spectrum: Array
    noise: Array
    height: float

    @classmethod
    def of(cls, change: Array, course: Array, noise: Array) -> Followed:
        """From the change of a run and the height of a band.

        Args:
            change: Absorbance less that of the first frame, ``[time, wavenumber]``.
            course: Height of the band, ``[time]``.
            noise: Standard deviation of the points of a spectrum, ``[wavenumber]``.
        """
        largest = float(course[np.abs(course).argmax()])
        weights = course * largest / float(course @ course)
        # Each frame has its own noise, and all have that of the first one, which was taken off.
        size = np.sqrt(float(weights @ weights) + float(weights.sum()) ** 2)
        return cls(weights @ change, noise * size, largest)


def with_evidence(
    found: Sequence[Candidate],
    followed: Followed,
    axis: Array,
    position: float,
    known: Library,
    content: Content,
) -> tuple[Candidate, ...]:
    """Candidates with their other bands looked for in a run, the best first.

    Each candidate is scaled to make all of the band that is explained; then each of its other bands
    has a height to be expected. A species that can be free or coordinated is also taken as
    exchanged from one form into the other, and the better of both is kept.

    Args:
        found: Candidates by position.
        followed: What follows the band.
        axis: [cm-1], ``[wavenumber]``.
        position: Of the band in the run [cm-1].
        known: The library.
        content: What the cell can hold.
    """
    better = []
    for item in found:
        tried = [
            (_support(checks, followed.height), exchange, checks)
            for exchange, checks in _hypotheses(item, followed, axis, known, content)
        ]
        # The plain change of an amount comes first, and stays unless an exchange is better.
        support, exchange, checks = max(tried, key=lambda t: t[0], default=(0.5, None, ()))
        early = followed.height < 0 and item.presence == "product"
        weight = (0.2 + 0.8 * support) * (0.5 if early else 1.0)
        better.append(
            replace(
                item,
                score=item.score * weight,
                support=support,
                exchange=exchange,
                checks=checks,
                reason=_reason(item, exchange, checks, early),
            )
        )
    return tuple(sorted(better, key=lambda c: (-c.score, c.species, c.environment)))


def bands_of(item: Candidate, known: Library, environment: str | None = None) -> tuple[Band, ...]:
    """All bands of a candidate, those that do not move with its environment included.

    Args:
        item: The candidate.
        known: The library.
        environment: Another one of its species.
    """
    species, wanted = known.species[item.species], environment or item.environment
    cation = "Na" if wanted.startswith("Na") else "Li"
    return bands_in(species, wanted, environments_beside(species, cation)[0])


def _hypotheses(
    item: Candidate, followed: Followed, axis: Array, known: Library, content: Content
) -> Iterator[tuple[str | None, tuple[BandCheck, ...]]]:
    """Other bands looked for, if the amount changes, and if the form is exchanged for another."""
    own = bands_of(item, known)
    spectrum = molar_absorptivity(own, axis)
    yield None, _checks(item, followed, axis, spectrum, own)
    species = known.species[item.species]
    for cation in (content.cation,) if content.cation else ("Li", "Na"):
        beside = environments_beside(species, cation)
        if item.environment not in beside:
            continue
        for other in beside:
            if other != item.environment:
                theirs = bands_of(item, known, other)
                less = spectrum - molar_absorptivity(theirs, axis)
                yield other, _checks(item, followed, axis, less, moved_bands(own, theirs))


def moved_bands(own: Sequence[Band], theirs: Sequence[Band]) -> tuple[Band, ...]:
    """Bands of two environments that are of one of them only."""
    return tuple(b for b in (*own, *theirs) if (b in own) != (b in theirs))


def _checks(
    item: Candidate, followed: Followed, axis: Array, spectrum: Array, bands: Sequence[Band]
) -> tuple[BandCheck, ...]:
    """The bands of a spectrum but the one that is explained, scaled to that one."""
    weights = band_weights(axis, item.position, item.width)
    anchor = 0.0 if weights is None else float(spectrum @ weights)
    if abs(anchor) < 0.05 * float(np.abs(spectrum).max(initial=0.0)) or anchor == 0.0:
        return ()
    scale = followed.height / anchor
    found = []
    for band in sorted(bands, key=lambda b: b.position.value):
        at, width = band.position.value, band.width.value
        if abs(at - item.position) < 0.7 * max(width, item.width):
            continue
        weights = band_weights(axis, at, width)
        if weights is None:
            found.append(BandCheck(at, band.assignment, 0.0, 0.0, "not measured"))
            continue
        expected = scale * float(spectrum @ weights)
        error = height_error(weights, followed.noise)
        height = height_near(followed.spectrum, axis, at, width, 1.0 if expected > 0 else -1.0)
        state = state_of(expected, height, error)
        found.append(BandCheck(at, band.assignment, expected, height, state))
    return tuple(found)


def height_near(spectrum: Array, axis: Array, position: float, width: float, sign: float) -> float:
    """Height of a band, where it is highest within the spread of its position.

    Args:
        spectrum: ``[wavenumber]``.
        axis: [cm-1], ``[wavenumber]``; the band is on it.
        position, width: Of the band [cm-1].
        sign: 1 for a maximum, -1 for a minimum.
    """
    every = (
        band_weights(axis, position + shift, width)
        for shift in (0.0, -1.5 * SPREAD, -0.75 * SPREAD, 0.75 * SPREAD, 1.5 * SPREAD)
    )
    heights = [float(spectrum @ weights) for weights in every if weights is not None]
    return max(heights, key=lambda h: sign * h)


def state_of(expected: float, found: float, error: float) -> str:
    """How a band shows: ``seen``, ``missing``, ``covered`` or ``too weak``.

    Args:
        expected, found: Heights.
        error: Standard deviation of the height that is found.
    """
    if not stands(np.array(expected), error):
        return "too weak"
    share = found / expected
    if share > _COVERED or (share < -SEEN and bool(stands(np.array(found), error))):
        return "covered"
    return "seen" if share >= SEEN else "missing"


def _support(checks: Sequence[BandCheck], height: float) -> float:
    """Share of the expected heights that is seen, drawn to a half where little is expected."""
    seen = sum(abs(c.expected) for c in checks if c.state == "seen")
    missing = sum(abs(c.expected) for c in checks if c.state == "missing")
    prior = _PRIOR * abs(height)
    return float((seen + prior / 2) / (seen + missing + prior))


def _reason(item: Candidate, exchange: str | None, checks: Sequence[BandCheck], early: bool) -> str:
    """Why, in words."""
    said = []
    if exchange is not None:
        said.append(f"taken as exchanged between {item.environment} and {exchange}")
    for state, words in (
        ("seen", "other bands seen at"),
        ("missing", "missing at"),
        ("covered", "covered by other changes at"),
    ):
        named = [f"{c.position:.0f}" for c in checks if c.state == state]
        if named:
            said.append(f"{words} {', '.join(named)} cm-1")
    if not any(c.state in ("seen", "missing", "covered") for c in checks):
        said.append("no other band of it that the spectra could show")
    if item.presence == "component":
        said.append("in the cell from the beginning")
    elif item.presence == "product":
        said.append(f"made by {', '.join(item.made_by[:3])}")
    elif item.presence == "not expected":
        said.append("not expected in this system: no reaction of it is known to make it")
    if early:
        said.append("but it goes, so it would have to be there before the first frame")
    return "; ".join(said)
