"""The pictures of what was recovered of a run: network, timeline, fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.pathways.result import FoundReaction, Onset, Pathways
from opir.plots.pathways_fit import pathways_fit
from opir.plots.pathways_network import NetworkStep, pathways_network
from opir.plots.pathways_timeline import Course, Span, pathways_timeline
from opir.workflows.pathways_words import (
    amount_unit,
    labels_of,
    onset_short,
    origin_words,
    rounded,
    unit_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["fit_picture", "network_picture", "timeline_picture"]

_DONE = 0.9
"""Share of the final extent at which a reaction is drawn as ended."""
_LONG = 46
_SMALL = 1e-3  # 0.1 %
"""Reactions that are only possible and reach less than this share of the largest extent are not
drawn: they would hide the others."""


def network_picture(pathways: Pathways) -> Figure:
    """The reactions found and possible, see :func:`opir.plots.pathways_network.pathways_network`.

    Those that the spectra do not ask for are left out, and possible ones of very small extent.
    """
    drawn, left_out = _drawn(pathways)
    unit = unit_of(pathways)
    steps = [
        NetworkStep(
            label=label,
            equation=reaction.equation,
            found=reaction.status == "found",
            extent=float(reaction.extent[-1]),
            confidence=reaction.confidence,
            onset=onset_short(reaction.onset, unit),
            order=None if reaction.onset is None else float(unit(reaction.onset.time)),
        )
        for label, reaction in drawn.items()
    ]
    more = "onset, extent and confidence in each mark; lines as wide as the extent; "
    more += "cations and e⁻ left out"
    text = f"{_head('Reactions', pathways)}\n{more}{left_out}"
    return pathways_network(
        steps, text=text, origin=pathways.origin, order_label=f"Onset / {unit.name}"
    )


def timeline_picture(pathways: Pathways) -> Figure:
    """Voltage, amounts and reactions over time."""
    drawn, left_out = _drawn(pathways)
    courses = [
        Course(s.name, s.amount, s.lower, s.upper, _times(s.onset), amount_unit(s))
        for s in pathways.species
    ]
    spans = [
        Span(
            label=f"{label}  {_short(reaction.equation)}",
            onset=_times(reaction.onset),
            end=_end(pathways.time, reaction.extent),
            found=reaction.status == "found",
            note=f"{rounded(float(reaction.extent[-1]))} mmol m⁻², "
            f"{100 * reaction.confidence:.0f} %",
        )
        for label, reaction in drawn.items()
    ]
    first = pathways.time[0]
    spans.sort(key=lambda s: first + np.inf if s.onset is None else s.onset[0])
    text = _head("Amounts and reactions", pathways)
    text += "\nbands: 90 %; dots: onsets with their 90 % interval; bars: to 90 % of the extent"
    text += left_out.replace("; ", "\n", 1)
    return pathways_timeline(
        pathways.time, pathways.voltage, courses, spans, text=text, origin=pathways.origin
    )


def fit_picture(pathways: Pathways) -> Figure:
    """The change, the fit, what is left, and the parts of the last frame."""
    return pathways_fit(
        pathways.wavenumber,
        pathways.time,
        pathways.change,
        pathways.fitted,
        pathways.parts,
        noise=pathways.noise,
        text=f"Change and fit of {origin_words(pathways)}{_name(pathways)}; "
        f"{100 * pathways.unexplained:.2g} % of the change unexplained",
        origin=pathways.origin,
    )


def _drawn(pathways: Pathways) -> tuple[dict[str, FoundReaction], str]:
    """Reactions to draw by their labels, and a remark on those that are too small."""
    every = labels_of(pathways)
    largest = max((abs(float(one.extent[-1])) for one in every.values()), default=0.0)
    drawn = {
        label: one
        for label, one in every.items()
        if one.status == "found" or abs(float(one.extent[-1])) >= _SMALL * largest
    }
    count = len(every) - len(drawn)
    if not count:
        return drawn, ""
    return drawn, f"; {count} possible one{'s' * (count > 1)} below 0.1 % of the largest left out"


def _head(what: str, pathways: Pathways) -> str:
    return f"{what} recovered from {origin_words(pathways)}{_name(pathways)}"


def _name(pathways: Pathways) -> str:
    name = pathways.title if len(pathways.title) <= _LONG else pathways.title[: _LONG - 1] + "…"
    return f": {name}" if name else ""


def _times(onset: Onset | None) -> tuple[float, float, float] | None:
    return None if onset is None else (onset.time, onset.time_lower, onset.time_upper)


def _end(time: NDArray[np.float64], extent: NDArray[np.float64]) -> float:
    """Time at which so much of the final extent is reached [s]."""
    reached = np.flatnonzero(np.abs(extent) >= _DONE * abs(float(extent[-1])))
    return float(time[reached[0]]) if reached.size else float(time[-1])


def _short(equation: str) -> str:
    """An equation without cations and electrons, cut where it is long."""
    sides = [
        " + ".join(
            term
            for term in side.split(" + ")
            if term.split()[-1:] and term.split()[-1] not in ("Li+", "Na+", "e-")
        )
        for side in equation.replace("→", "->").split("->")
    ]
    text = " → ".join(side.strip() for side in sides)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"
