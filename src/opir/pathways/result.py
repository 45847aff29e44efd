"""What was recovered of a run: species, reactions, onsets, and what cannot be told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BandEvidence",
    "Event",
    "FoundReaction",
    "FoundSpecies",
    "Growth",
    "Onset",
    "Pathways",
    "SecondWay",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Onset:
    """When something sets in, and between which times and potentials it does so at 90 %.

    Attributes:
        frame: First frame at which it is there.
        time, time_lower, time_upper: [s], from the start of the run.
        potential, potential_lower, potential_upper: [V], of the cell voltage as recorded; None
            where none was recorded there. The limits are of all potentials between the times.
    """

    frame: int
    time: float
    time_lower: float
    time_upper: float
    potential: float | None = None
    potential_lower: float | None = None
    potential_upper: float | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Growth:
    """Which law an amount grows by.

    Attributes:
        law: ``linear``, ``parabolic``, ``logarithmic``, ``dissolving`` or ``unclear``.
        parameters: Of the law, by name, in the units that :mod:`opir.pathways.growth` says.
        weights: Law -> Akaike weight, which add up to 1; empty where there are too few frames.
        reason: In words.
    """

    law: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "law": self.law,
            "parameters": dict(self.parameters),
            "weights": dict(self.weights),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class BandEvidence:
    """A band of a species, as it shows in the run.

    Attributes:
        position: Where the library has it [cm-1].
        shift: By how much it is moved in the run [cm-1].
        assignment: What moves, as the library says.
        height: Largest absorbance of the band in the run's change, of this species alone.
        signal: The same in units of the noise of a point.
        frames: First and last frame at which it stands out of the noise.
        overlapped: Other species found whose bands cover it.
    """

    position: float
    shift: float
    assignment: str
    height: float
    signal: float
    frames: tuple[int, int] | None
    overlapped: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **vars(self),
            "frames": None if self.frames is None else list(self.frames),
            "overlapped": list(self.overlapped),
        }


@dataclass(frozen=True)
class FoundSpecies:
    """A species whose amount changes.

    Attributes:
        name, title: As in the library, or of the user's reference, or ``learned 1``.
        source: ``library``, ``reference`` or ``learned``.
        amount, lower, upper: Change of its amount since the first frame [mmol m-2], as an
            interphase on the electrode would show it, with 90 % limits, ``[time]``; of references
            and learned ones in the unit of those.
        onset: Where it sets in, if it does.
        growth: By which law.
        bands: The evidence.
        gain: By how much the information criterion (BIC) falls with it; above 10 is strong.
        signal: Norm of what it adds to the run's change, in units of the noise.
        confidence: 0 to 1: probability that it changes at all, of those weighed.
        grows: Whether it ends with more than it began.
        twins: Species that would explain its bands as well.
    """

    name: str
    title: str
    source: str
    amount: Array
    lower: Array
    upper: Array
    onset: Onset | None
    growth: Growth | None
    bands: tuple[BandEvidence, ...]
    gain: float
    signal: float
    confidence: float
    grows: bool
    twins: tuple[str, ...] = ()

    def to_json(self, *, series: bool = True) -> dict[str, Any]:
        """JSON values; without series the amounts over time are left out."""
        found: dict[str, Any] = {
            "kind": "species",
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "confidence": self.confidence,
            "gain": self.gain,
            "signal": self.signal,
            "grows": self.grows,
            "onset": None if self.onset is None else self.onset.to_json(),
            "growth": None if self.growth is None else self.growth.to_json(),
            "twins": list(self.twins),
            "bands": [band.to_json() for band in self.bands],
            "amount_last": float(self.amount[-1]),
        }
        if series:
            found |= {"amount": _list(self.amount), "lower": _list(self.lower)}
            found["upper"] = _list(self.upper)
        return _record(found)


@dataclass(frozen=True)
class FoundReaction:
    """A reaction that may have made what was found.

    Attributes:
        name, title, equation: As in the library, or of the user, or proposed by balance.
        source: ``library``, ``user`` or ``proposed``.
        extent, lower, upper: Since the first frame [mmol m-2], with 90 % limits, ``[time]``.
        onset: Where it sets in, if it does.
        status: ``found``: the spectra need it; ``possible``: they fit as well with another one in
            its place (``alternatives``), or with none; ``not needed``: they do not ask for it.
        confidence: 0 to 1.
        gain: By how much the information criterion (BIC) falls with it, all others fitted anew.
        held_out: By how much the error of frames that were held out falls with it, relative.
        alternatives: Names of reactions that could stand in for it, each set by itself enough.
        species: Those by whose bands it is seen.
        reason: In words, with the bands and frames behind it.
    """

    name: str
    title: str
    equation: str
    source: str
    extent: Array
    lower: Array
    upper: Array
    onset: Onset | None
    status: str
    confidence: float
    gain: float
    held_out: float
    alternatives: tuple[tuple[str, ...], ...]
    species: tuple[str, ...]
    reason: str

    def to_json(self, *, series: bool = True) -> dict[str, Any]:
        """JSON values; without series the extents over time are left out."""
        found: dict[str, Any] = {
            "kind": "reaction",
            "name": self.name,
            "title": self.title,
            "equation": self.equation,
            "source": self.source,
            "status": self.status,
            "confidence": self.confidence,
            "gain": self.gain,
            "held_out": self.held_out,
            "onset": None if self.onset is None else self.onset.to_json(),
            "alternatives": [list(names) for names in self.alternatives],
            "species": list(self.species),
            "reason": self.reason,
            "extent_last": float(self.extent[-1]),
        }
        if series:
            found |= {"extent": _list(self.extent), "lower": _list(self.lower)}
            found["upper"] = _list(self.upper)
        return _record(found)


@dataclass(frozen=True)
class Event:
    """One thing that happened before another, by two-dimensional correlation.

    Attributes:
        first, second: Positions of two bands that change [cm-1].
        synchronous, asynchronous: Correlations there, each relative to its largest.
        statement: In words.
    """

    first: float
    second: float
    synchronous: float
    asynchronous: float
    statement: str

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class SecondWay:
    """What unmixing without any library finds: MCR-ALS and evolving factor analysis.

    Attributes:
        components: How many components rise out of the noise (EFA).
        appears: Frame at which each of them rises, ``[component]``.
        spectra: Non-negative, of largest value 1, ``[component, wavenumber]``.
        amounts: Non-negative, ``[time, component]``.
        nearest: Library species of each component and their cosine, best first.
        explained: Share of the variance.
        note: In words, where it did not work.
    """

    components: int
    appears: tuple[int, ...]
    spectra: Array
    amounts: Array
    nearest: tuple[tuple[tuple[str, float], ...], ...]
    explained: float
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values, without the arrays."""
        return _record(
            {
                "components": self.components,
                "appears": list(self.appears),
                "nearest": [[list(pair) for pair in each] for each in self.nearest],
                "explained": self.explained,
                "note": self.note,
            }
        )


@dataclass(frozen=True)
class Pathways:
    """What was recovered of a run.

    Attributes:
        title, origin: Of the run; origin as in :class:`opir.run.Run` (``simulated``, ...).
        time: [s], ``[time]``.
        voltage: As recorded [V], ``[time]``, or None.
        wavenumber: Axis [cm-1], ``[wavenumber]``.
        change: Absorbance less that of the first frame, ``[time, wavenumber]``.
        fitted: The fit of it, the same shape.
        parts: Name of a species -> what it adds to the change in the last frame
            ``[wavenumber]``; ``electrolyte`` and ``baseline`` are among them.
        noise: Of a point, in absorbance.
        unexplained: Share of the change beyond the noise that the fit leaves, 0 to 1.
        species, reactions: Most certain first.
        indistinguishable: Sets of reactions of which the spectra show a sum only, in words each.
        events: Order of what happened.
        second_way: By unmixing; None if it was not asked for.
        remarks: What a reader should know, a sentence each.
    """

    title: str
    origin: str
    time: Array
    voltage: Array | None
    wavenumber: Array
    change: Array
    fitted: Array
    parts: Mapping[str, Array]
    noise: float
    unexplained: float
    species: tuple[FoundSpecies, ...]
    reactions: tuple[FoundReaction, ...]
    indistinguishable: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    second_way: SecondWay | None = None
    remarks: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[FoundReaction, ...]:
        """Reactions that the spectra need."""
        return tuple(one for one in self.reactions if one.status == "found")

    def records(self, *, series: bool = False) -> list[dict[str, Any]]:
        """One record a species and a reaction, JSON values."""
        return [
            *(item.to_json(series=series) for item in self.species),
            *(item.to_json(series=series) for item in self.reactions),
        ]

    def to_json(self, *, series: bool = True) -> dict[str, Any]:
        """JSON values, without the spectra."""
        return _record(
            {
                "title": self.title,
                "origin": self.origin,
                "time": _list(self.time),
                "voltage": None if self.voltage is None else _list(self.voltage),
                "noise": self.noise,
                "unexplained": self.unexplained,
                "records": self.records(series=series),
                "indistinguishable": list(self.indistinguishable),
                "events": [event.to_json() for event in self.events],
                "second_way": None if self.second_way is None else self.second_way.to_json(),
                "remarks": list(self.remarks),
            }
        )


def _list(values: Array) -> list[float]:
    return [float(value) for value in values]


def _record(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(item) for key, item in values.items()}


def _plain(value: Any) -> Any:
    """Numbers that JSON has no room for become None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
