"""What was recovered of a run in words: sentences, and a table as text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.pathways.result import FoundReaction, FoundSpecies, Onset, Pathways
from opir.plots.pathways_timeline import LEARNED
from opir.plots.style import TimeUnit, time_unit

__all__ = [
    "amount_unit",
    "asked_species",
    "frames_words",
    "interval",
    "labels_of",
    "onset_short",
    "onset_words",
    "origin_words",
    "rounded",
    "summary",
    "table_lines",
    "unit_of",
]

_SHOWN = ("found", "possible")


def unit_of(pathways: Pathways) -> TimeUnit:
    """The unit in which times of a run read best."""
    return time_unit(np.append(pathways.time, 0.0))


def labels_of(pathways: Pathways) -> dict[str, FoundReaction]:
    """The reactions that are found or possible by the labels that pictures and tables give them."""
    shown = [reaction for reaction in pathways.reactions if reaction.status in _SHOWN]
    return {f"R{number}": reaction for number, reaction in enumerate(shown, 1)}


def amount_unit(species: FoundSpecies) -> str:
    """Unit of the amounts of a species, for people."""
    if species.source == "library":
        return "mmol m⁻²"
    return "units of its reference" if species.source == "reference" else LEARNED


def origin_words(pathways: Pathways) -> str:
    """``a simulated run``, ``a run of unknown origin``."""
    if pathways.origin == "unknown":
        return "a run of unknown origin"
    return f"{'an' if pathways.origin[:1] in 'aeiou' else 'a'} {pathways.origin} run"


def rounded(value: float) -> str:
    """Three significant digits, without an exponent where there is no need of one."""
    text = f"{value:.3g}"
    return f"{value:.0f}" if "e" in text and 1 <= abs(value) < 1e6 else text


def interval(values: tuple[NDArray[np.float64], ...]) -> str:
    """``1.3 (1.1 to 1.5)``: the last of a course and of its limits."""
    middle, low, high = (rounded(float(course[-1])) for course in values)
    return f"{middle} ({low} to {high})"


def onset_short(onset: Onset | None, unit: TimeUnit) -> str:
    """``0.81 V``, or where no potential is known ``2.1 h``; empty where there is no onset."""
    if onset is None:
        return ""
    if onset.potential is not None:
        return f"{onset.potential:.2f} V"
    return f"{rounded(float(unit(onset.time)))} {unit.name}"


def onset_words(onset: Onset | None, unit: TimeUnit) -> str:
    """An onset with its limits: potential, where it is known, and time."""
    if onset is None:
        return "no onset"
    at, low, high = (
        rounded(float(unit(t))) for t in (onset.time, onset.time_lower, onset.time_upper)
    )
    time = f"{at} {unit.name} ({low} to {high} {unit.name})"
    if onset.potential is None:
        return time
    limits = (onset.potential_lower, onset.potential_upper)
    said = f"{onset.potential:.2f} V"
    if limits[0] is not None and limits[1] is not None:
        said += f" ({limits[0]:.2f} to {limits[1]:.2f} V)"
    return f"{said}, {time}"


def frames_words(frames: tuple[int, int] | None, pathways: Pathways) -> str:
    """``frames 12 to 63 (1.2 to 6.3 h)``."""
    if frames is None:
        return "not by itself"
    unit = unit_of(pathways)
    first, last = (rounded(float(unit(pathways.time[frame]))) for frame in frames)
    return f"frames {frames[0]} to {frames[1]} ({first} to {last} {unit.name})"


def summary(pathways: Pathways) -> list[str]:
    """What a reader should know first, a sentence each."""
    found = len(pathways.found)
    possible = len(labels_of(pathways)) - found
    said = [
        f"From {origin_words(pathways)} of {pathways.time.size} spectra: "
        f"{_count(found, 'reaction') if found else 'no reaction'} found"
        + (f", {possible}{' more' if found else ''} possible" if possible else "")
        + "."
    ]
    said += _species_sentences(pathways)
    if pathways.unexplained > 0:
        said.append(
            f"The fit leaves {100 * pathways.unexplained:.2g} % of the change beyond the noise "
            "unexplained."
        )
    elif pathways.species:
        said.append("The fit explains all of the change beyond the noise.")
    if pathways.indistinguishable:
        sets = _count(len(pathways.indistinguishable), "set")
        said.append(f"{sets} of reactions cannot be told apart by these spectra.")
    return said


def asked_species(pathways: Pathways) -> list[FoundSpecies]:
    """The species that the spectra themselves ask for, or that a reaction needs that is found."""
    behind = {name for reaction in pathways.found for name in reaction.species}
    return [
        one
        for one in pathways.species
        if (one.gain > 0 and one.confidence >= 0.5) or one.name in behind
    ]


def _species_sentences(pathways: Pathways) -> list[str]:
    """Which species the spectra ask for, and which only follow from reactions."""
    asked = asked_species(pathways)
    grow = [one.name for one in asked if one.grows and one.source != "learned"]
    fall = [one.name for one in asked if not one.grows and one.source != "learned"]
    learned = [one.name for one in asked if one.source == "learned"]
    others = [one.name for one in pathways.species if not any(one is other for other in asked)]
    said = []
    if grow:
        said.append(f"{', '.join(grow)} {'forms' if len(grow) == 1 else 'form'}.")
    if fall:
        verb = "is used up or leaves" if len(fall) == 1 else "are used up or leave"
        said.append(f"{', '.join(fall)} {verb}.")
    if learned:
        verb = "changes" if len(learned) == 1 else "change"
        said.append(f"Besides, what no species weighed explains {verb}: {', '.join(learned)}.")
    if not asked:
        said.append("No species was seen to change.")
    if others:
        said.append(
            f"{', '.join(others)} may change, too, but the spectra by themselves do not ask for it."
        )
    return said


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")


def table_lines(pathways: Pathways) -> list[str]:
    """Species and reactions as lines of text; reactions that are not needed are counted only."""
    unit = unit_of(pathways)
    lines = []
    head = ("species", "change at the end (90 %)", "unit", "onset (90 %)", "growth", "confidence")
    rows: list[tuple[str, ...]] = []
    for one in pathways.species:
        rows.append(
            (
                one.name,
                interval((one.amount, one.lower, one.upper)),
                "mmol m-2" if one.source == "library" else amount_unit(one),
                onset_words(one.onset, unit),
                one.growth.law if one.growth else "",
                f"{100 * one.confidence:.0f} %",
            )
        )
    lines += [*_columns([head, *rows]), ""] if rows else []
    shown = labels_of(pathways)
    if shown:
        reactions: list[tuple[str, ...]] = [
            ("reaction", "status", "extent (90 %), mmol m-2", "onset (90 %)", "confidence", "")
        ]
        for label, step in shown.items():
            extent = interval((step.extent, step.lower, step.upper))
            onset = onset_words(step.onset, unit)
            sure = f"{100 * step.confidence:.0f} %"
            named = f"{label} {step.name}"
            reactions.append((named, step.status, extent, onset, sure, step.equation))
        lines += _columns(reactions)
    else:
        lines.append("No reaction was found.")
    others = len(pathways.reactions) - len(shown)
    if others:
        lines.append(f"{_count(others, 'other reaction')} weighed, and not needed.")
    lines += [f"Note: {text}" for text in (*pathways.indistinguishable, *pathways.remarks)]
    return lines


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
