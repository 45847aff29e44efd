"""What a band of a run is: whether it changes, which species may make it, and what tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import Library, SystemModel
from opir.chemistry import library as built_in
from opir.errors import AxisError, OptionError
from opir.pathways.bands import (
    ChangedBand,
    band_weights,
    changed_bands,
    height_error,
    stands,
)
from opir.pathways.candidates import BandCheck, Candidate, Content, candidates, content_of
from opir.pathways.distinctions import DecidingBand, Distinction, tell_apart
from opir.pathways.evidence import Followed, with_evidence
from opir.pathways.point_noise import check_change, check_noise, noise_profile
from opir.run import Run
from opir.run.readers.base import FRAME_AXIS
from opir.system import System

__all__ = [
    "BandCheck",
    "BandExplanation",
    "Candidate",
    "DecidingBand",
    "Distinction",
    "candidates",
    "explain_band",
]

Array = NDArray[np.float64]

_USUAL_WIDTH = 20.0
"""Width over which a change is looked for where no band of its own changes [cm-1]."""
_NEAR = 10.0
"""A band that changes is the one asked for up to so far away, or half of its width [cm-1]."""


@dataclass(frozen=True)
class BandExplanation:
    """What a band of a run is.

    Attributes:
        asked: Position asked for [cm-1].
        position: Top of the band that changes there, or the position asked for [cm-1].
        frames: How many frames the run has.
        changes: Whether a band of its own changes there.
        band: That band; None where none does.
        height: Largest change there over a straight baseline, in absorbance; None where it cannot
            be measured (one frame, or the end of the axis).
        error: Standard deviation of the height.
        time: Of the first frame at which the change stands out [s]; None where it does not, or
            the times are not known.
        potential: Cell voltage there as recorded [V], or None.
        neighbours: Other bands that change, from low to high.
        candidates: The best first.
        distinctions: The first candidate against others: what would tell them apart.
        system_known: Whether it is known what the cell is.
        remarks: What a reader should know, a sentence each.
    """

    asked: float
    position: float
    frames: int
    changes: bool
    band: ChangedBand | None
    height: float | None
    error: float | None
    time: float | None
    potential: float | None
    neighbours: tuple[ChangedBand, ...]
    candidates: tuple[Candidate, ...]
    distinctions: tuple[Distinction, ...]
    system_known: bool
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **vars(self),
            "band": None if self.band is None else self.band.to_json(),
            "neighbours": [band.to_json() for band in self.neighbours],
            "candidates": [item.to_json() for item in self.candidates],
            "distinctions": [item.to_json() for item in self.distinctions],
            "remarks": list(self.remarks),
        }


def explain_band(
    run: Run,
    position: float,
    *,
    change: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    system: System | SystemModel | str | None = None,
    library: Library | None = None,
) -> BandExplanation:
    """Whether a band changes in a run, and the species of the library that may be behind it.

    Args:
        run: Absorbance over time.
        position: Of the band [cm-1].
        change: Absorbance less that of the first frame, ``[time, wavenumber]``, where it is to be
            another than that of the run as it is (freed of interference, say).
        noise: Standard deviation of a point of a spectrum, one or ``[wavenumber]``; see
            :func:`opir.pathways.point_noise.noise_profile` by default.
        system: What the cell is, or its name in the library; what the run says by default.
        library: Where species are looked up; the built-in one by default.

    Raises:
        OptionError: If the run holds no absorbance, or the position is not on its axis.
        AxisError, ValueRangeError: If ``change`` does not fit the run, or the noise is not above 0.
        UnknownNameError: If the library has no system of that name.
    """
    if run.signal != "absorbance":
        raise OptionError(
            f"the run holds {run.signal.replace('_', ' ')}; absorbance is needed",
            remedy="Turn it into absorbance first (opir process FILE to_absorbance)",
        )
    axis = run.wavenumber
    low, high = float(axis.min()), float(axis.max())
    if not low <= position <= high:
        raise OptionError(
            f"a band at {position:g} cm-1 was asked for; the spectra go from {low:.0f} to "
            f"{high:.0f} cm-1",
            remedy="Ask for one between these",
        )
    given = None if noise is None else check_noise(noise, axis)
    known = built_in() if library is None else library
    system = run.system if system is None else system
    content = content_of(system, known)
    spectra = np.asarray(run.values, dtype=np.float64)
    values = spectra - spectra[:1] if change is None else np.asarray(change, dtype=np.float64)
    remarks = _of_system(content)
    resolution = float(np.median(np.abs(np.diff(axis)))) if axis.size > 1 else 4.0
    if len(spectra) < 2 or axis.size < 5:
        few = "one frame" if len(spectra) < 2 else f"{axis.size} wavenumbers"
        remarks.append(
            f"The run has {few}, so no change can be seen; the candidates are those by position."
        )
        found = candidates(position, resolution=resolution, system=system, library=known)
        return BandExplanation(
            position, position, len(spectra), False, None, None, None, None, None, (), found,
            tell_apart(found, known), content.known, tuple(remarks),
        )  # fmt: skip
    values, _ = check_change(values, axis)
    if len(values) != len(spectra):
        raise AxisError(f"the change has {len(values)} frames and the run {len(spectra)}")
    scatter = noise_profile(values, axis) if given is None else given
    bands = changed_bands(values, axis, scatter)
    band = _nearest(bands, position)
    place = position if band is None else band.position
    found = candidates(place, resolution=resolution, system=system, library=known)
    weights = band_weights(axis, place, _USUAL_WIDTH if band is None else band.width)
    height = error = first = followed = None
    if weights is None:
        remarks.append("The band is too near the end of the axis for its change to be measured.")
    else:
        course = values @ weights
        error = float(np.sqrt(2) * height_error(weights, scatter))
        height = float(course[np.abs(course).argmax()])
        there = np.flatnonzero(stands(course, error))
        first = int(there[0]) if there.size else None
        if band is not None:
            followed = Followed.of(values, course, scatter)
            found = with_evidence(found, followed, axis, place, known, content)
        elif first is not None:
            remarks.append(_wing(bands, position, height))
    time, potential = _moment(run, first)
    others = tuple(b for b in bands if b is not band)
    return BandExplanation(
        float(position), place, len(spectra), band is not None, band, height, error, time,
        potential, others, found, tell_apart(found, known, followed=followed, axis=axis),
        content.known, tuple(remarks),
    )  # fmt: skip


def _of_system(content: Content) -> list[str]:
    if not content.known:
        return [
            "What the cell is made of is not known, so species of every system are candidates "
            "(name a system to narrow them)."
        ]
    if content.unknown:
        named = ", ".join(content.unknown)
        return [f"The library does not know {named}: its bands and products are not candidates."]
    return []


def _nearest(bands: Sequence[ChangedBand], position: float) -> ChangedBand | None:
    near = [b for b in bands if abs(b.position - position) <= max(_NEAR, b.width / 2)]
    return min(near, key=lambda b: abs(b.position - position), default=None)


def _wing(bands: Sequence[ChangedBand], position: float, height: float) -> str:
    """What is said of a change that has no top of its own."""
    said = f"The absorbance changes there by {height:.2g} over a straight baseline"
    if not bands:
        return f"{said}, but no band has its top there."
    at = min(bands, key=lambda b: abs(b.position - position)).position
    return f"{said}, but as the wing or shoulder of others: the nearest top is at {at:.0f} cm-1."


def _moment(run: Run, frame: int | None) -> tuple[float | None, float | None]:
    """Time and voltage of a frame, as far as they are known."""
    if frame is None:
        return None, None
    timed = run.dataset.attrs.get("time_axis") != FRAME_AXIS
    voltage = run.on_time("voltage")
    known = voltage is not None and bool(np.isfinite(voltage[frame]))
    return (
        float(run.time[frame]) if timed else None,
        float(voltage[frame]) if known and voltage is not None else None,
    )
