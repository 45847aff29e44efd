"""Which bands would tell the candidates for a band apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Band, Library
from opir.chemistry.species import molar_absorptivity
from opir.pathways.bands import band_weights, height_error
from opir.pathways.candidates import Candidate
from opir.pathways.evidence import (
    SEEN,
    Followed,
    bands_of,
    height_near,
    moved_bands,
    state_of,
)

__all__ = ["DecidingBand", "Distinction", "tell_apart"]

Array = NDArray[np.float64]

_DECIDES = 0.15
"""Smallest height of a band that tells species apart, in heights of the band that is explained."""
_WORTH = 0.1
"""Candidates are compared if their score is at least this share of the best one."""
_MOST_BANDS = 4
_WORDS = {
    "seen": "seen",
    "missing": "missing here",
    "covered": "covered by other changes here",
    "too weak": "too weak to be seen here",
    "not measured": "outside the measured range",
    "not looked for": "not looked for here",
}


@dataclass(frozen=True)
class DecidingBand:
    """A band that one of two candidates has and the other has not.

    Attributes:
        of: Label of the candidate that has it.
        position: [cm-1].
        assignment: What vibrates.
        state: In this run, see :class:`opir.pathways.candidates.BandCheck`; ``not looked for``
            where there is no change to look in.
    """

    of: str
    position: float
    assignment: str
    state: str


@dataclass(frozen=True)
class Distinction:
    """What would tell the first candidate from another.

    Attributes:
        first, other: Labels of the two.
        same: Whether the library gives both the same bands: no infrared spectrum tells them.
        bands: Bands that one has and the other has not, strongest first.
        statement: In words.
    """

    first: str
    other: str
    same: bool
    bands: tuple[DecidingBand, ...]
    statement: str

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "bands": [vars(band) for band in self.bands]}


def tell_apart(
    found: Sequence[Candidate],
    known: Library,
    *,
    followed: Followed | None = None,
    axis: Array | None = None,
    most: int = 5,
) -> tuple[Distinction, ...]:
    """The first candidate against the next ones: bands that one has and the other has not.

    Args:
        found: Candidates, the best first. Those of less than a tenth of its score, the other
            environments of its species, and twins of one that is compared already are left out.
        known: The library.
        followed: What of the run's change follows the band, where there is any.
        axis: Of the run [cm-1], ``[wavenumber]``.
        most: How many are compared with the first.
    """
    compared: list[Candidate] = []
    for item in found[1:]:
        twin = any(item.species in (c.species, *c.twins) for c in compared)
        if item.species != found[0].species and not twin and len(compared) < most:
            compared += [item] if item.score >= _WORTH * found[0].score else []
    return tuple(_distinction(found[0], other, known, followed, axis) for other in compared)


def _distinction(
    first: Candidate,
    other: Candidate,
    known: Library,
    followed: Followed | None,
    axis: Array | None,
) -> Distinction:
    one, two = first.label, other.label
    if other.species in first.twins:
        said = f"{one} and {two} have the same bands in the library: infrared cannot tell them."
        return Distinction(one, two, True, (), said)
    pairs = [*_deciding(first, other, known), *_deciding(other, first, known)]
    pairs.sort(key=lambda pair: -abs(pair[0]))
    bands = []
    for height, item, band in pairs[:_MOST_BANDS]:
        state = _state(height, band, followed, axis)
        bands.append(DecidingBand(item.label, band.position.value, band.assignment, state))
    if not bands:
        said = (
            f"{one} and {two} have bands at nearly the same places: only small shifts and the "
            "ratios of their heights tell them apart."
        )
        return Distinction(one, two, False, (), said)
    parts = []
    for label in (one, two):
        own = [f"{b.position:.0f} cm-1 ({_WORDS[b.state]})" for b in bands if b.of == label]
        parts += [f"{label} alone has {', '.join(own)}"] if own else []
    return Distinction(one, two, False, tuple(bands), "; ".join(parts) + ".")


def _deciding(
    item: Candidate, other: Candidate, known: Library
) -> Iterator[tuple[float, Candidate, Band]]:
    """Bands of one candidate that the other lacks, with heights for one of what is explained."""
    axis = np.arange(400.0, 4000.5, 1.0)
    mine, own = _scaled(item, known, axis)
    theirs, _ = _scaled(other, known, axis)
    for band in own:
        at, width = band.position.value, band.width.value
        weights = band_weights(axis, at, width)
        if weights is None or abs(at - item.position) < 0.7 * max(width, item.width):
            continue
        height = float(mine @ weights)
        sign = 1.0 if height > 0 else -1.0
        beside = sign * height_near(theirs, axis, at, width, sign)
        if abs(height) >= _DECIDES and beside < SEEN * abs(height):
            yield height, item, band


def _scaled(item: Candidate, known: Library, axis: Array) -> tuple[Array, tuple[Band, ...]]:
    """Spectrum of a candidate, or of its exchange, for one of what is explained, and its bands."""
    bands = bands_of(item, known)
    spectrum = molar_absorptivity(bands, axis)
    if item.exchange is not None:
        theirs = bands_of(item, known, item.exchange)
        spectrum = spectrum - molar_absorptivity(theirs, axis)
        bands = moved_bands(bands, theirs)
    weights = band_weights(axis, item.position, item.width)
    anchor = 0.0 if weights is None else float(spectrum @ weights)
    return spectrum / (anchor if anchor > 0 else float(np.abs(spectrum).max())), bands


def _state(height: float, band: Band, followed: Followed | None, axis: Array | None) -> str:
    if followed is None or axis is None:
        return "not looked for"
    at, width = band.position.value, band.width.value
    weights = band_weights(axis, at, width)
    if weights is None:
        return "not measured"
    expected = height * followed.height
    found = height_near(followed.spectrum, axis, at, width, 1.0 if expected > 0 else -1.0)
    return state_of(expected, found, height_error(weights, followed.noise))
