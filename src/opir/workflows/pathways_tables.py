"""Tables of what was recovered of a run, and what speaks for each species and reaction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from opir.bench.report.page import Cell, Row, number, picture, table
from opir.pathways.result import FoundReaction, FoundSpecies, Pathways
from opir.plots.pathways_evidence import species_evidence
from opir.workflows.pathways_words import (
    amount_unit,
    frames_words,
    labels_of,
    onset_words,
    rounded,
    unit_of,
)

__all__ = [
    "Stated",
    "bands_words",
    "not_needed",
    "reaction_part",
    "reactions_table",
    "species_link",
    "species_part",
    "species_table",
    "start_words",
]

Stated = Mapping[str, float]
"""Name of a species or reaction -> its change or extent at the end as the run itself says it."""

_LAWS = {
    "linear": "linear (limited by a rate)",
    "parabolic": "parabolic (limited by diffusion through the film)",
    "logarithmic": "logarithmic (slows down as it grows)",
    "dissolving": "grows, then dissolves",
    "unclear": "unclear",
}


def _number(value: float | None, *, digits: int = 3, small: str = "") -> Cell:
    """A number, or a dash where there is none or it is not finite."""
    known = value if value is not None and math.isfinite(value) else None
    return number(known, digits=digits, small=small)


@dataclass(frozen=True)
class _Linked(Cell):
    """A cell that leads to another place of the page."""

    target: str = ""

    def html(self) -> str:
        """The element."""
        value = "" if self.value is None else f' data-v="{escape(str(self.value))}"'
        return f'<td{value}><a href="#{self.target}">{escape(self.text)}</a></td>'


def species_link(pathways: Pathways, name: str) -> str:
    """A link to the bands of a species, or its name alone where nothing was found of it."""
    for at, one in enumerate(pathways.species):
        if one.name == name:
            return f'<a href="#species-{at}">{escape(name)}</a>'
    return escape(name)


def reaction_link(pathways: Pathways, name: str) -> str:
    for label, one in labels_of(pathways).items():
        if one.name == name:
            return f'<a href="#reaction-{label}">{label} ({escape(name)})</a>'
    return escape(name)


def start_words(words: str) -> str:
    """An onset in words as the start of a sentence."""
    return "No onset was found" if words == "no onset" else f"Sets in at {words}"


def bands_words(pathways: Pathways, one: FoundReaction) -> str:
    """A sentence on the species of a reaction that have bands here, with links to these."""
    if not one.species:
        return "Nothing that it makes or uses up has bands here."
    links = ", ".join(species_link(pathways, name) for name in one.species)
    return f"Of what it makes or uses up there are bands of {links}."


# -- tables ---------------------------------------------------------------------------------------


def _onset_cells(one: FoundSpecies | FoundReaction, pathways: Pathways) -> list[Cell]:
    """Potential and time of the onset, each with its limits."""
    unit, onset = unit_of(pathways), one.onset
    if onset is None:
        return [Cell("–"), Cell("–")]
    low, high = (rounded(float(unit(t))) for t in (onset.time_lower, onset.time_upper))
    time = _number(float(unit(onset.time)), small=f"{low} to {high}")
    if onset.potential is None:
        return [Cell("–"), time]
    limits = ""
    if onset.potential_lower is not None and onset.potential_upper is not None:
        limits = f"{onset.potential_lower:.2f} to {onset.potential_upper:.2f}"
    return [Cell(f"{onset.potential:.2f}", onset.potential, limits), time]


def _amount_cell(one: FoundSpecies | FoundReaction) -> Cell:
    course = one.amount if isinstance(one, FoundSpecies) else one.extent
    last, limits = float(course[-1]), (float(one.lower[-1]), float(one.upper[-1]))
    return _number(last, small=f"{rounded(limits[0])} to {rounded(limits[1])}")


def species_table(pathways: Pathways, stated: Stated) -> str:
    """The table of species, with what a forecast itself says of them, where it does."""
    unit = unit_of(pathways)
    head = ["Species", "change at the end", "unit", "onset\n/ V", f"onset\n/ {unit.name}", "growth",
            "confidence\n/ %", "gain", "signal\n/ noise"]  # fmt: skip
    given = any(one.name in stated for one in pathways.species)
    head += ["forecast's own\nchange"] if given else []
    rows = []
    for at, one in enumerate(pathways.species):
        cells = [
            _Linked(one.name, one.name, target=f"species-{at}"),
            _amount_cell(one),
            Cell(amount_unit(one)),
            *_onset_cells(one, pathways),
            Cell(one.growth.law if one.growth else "–"),
            _number(100 * one.confidence),
            _number(one.gain),
            _number(one.signal),
        ]
        rows.append(Row(cells + ([_number(stated.get(one.name))] if given else [])))
    return table(
        head,
        rows,
        caption="Changes since the first frame, as an interphase on the electrode would show "
        "them; small: 90 % limits. Potentials are of the cell as recorded. Gain: by how much the "
        "information criterion (BIC) falls; above 10 is strong. Each name leads to its bands.",
    )


def reactions_table(pathways: Pathways, stated: Stated) -> str:
    """The table of the reactions that are found or possible."""
    unit = unit_of(pathways)
    head = ["Reaction", "equation", "status", "extent at the end\n/ mmol m⁻²", "onset\n/ V",
            f"onset\n/ {unit.name}", "confidence\n/ %", "gain", "held-out error\nfalls by / %",
            "source"]  # fmt: skip
    shown = labels_of(pathways)
    given = any(one.name in stated for one in shown.values())
    head += ["forecast's own\nextent"] if given else []
    rows = []
    for label, one in shown.items():
        cells = [
            _Linked(f"{label} {one.name}", float(label[1:]), target=f"reaction-{label}"),
            Cell(one.equation, one.equation),
            Cell(one.status, one.status),
            _amount_cell(one),
            *_onset_cells(one, pathways),
            _number(100 * one.confidence),
            _number(one.gain),
            _number(100 * one.held_out),
            Cell(one.source, one.source),
        ]
        rows.append(Row(cells + ([_number(stated.get(one.name))] if given else [])))
    return table(
        head,
        rows,
        caption="Reactions that are found or possible, since the first frame; small: 90 % limits. "
        "Each name leads to what speaks for it.",
    )


# -- what speaks for each -------------------------------------------------------------------------


def reaction_part(pathways: Pathways, label: str, one: FoundReaction) -> str:
    """What speaks for a reaction, and what could stand in its place."""
    others = "; ".join(
        " with ".join(reaction_link(pathways, name) for name in names) for names in one.alternatives
    )
    reason = one.reason[:1].upper() + one.reason[1:].rstrip(".") + "." if one.reason else ""
    return (
        f'<h3 id="reaction-{label}">{label}: {escape(one.title or one.name)} '
        f"({escape(one.status)})</h3><p>{escape(one.equation)}</p><p>{escape(reason)} "
        f"{bands_words(pathways, one)}</p>"
        + (f"<p>In its place would do: {others}.</p>" if others else "")
    )


def species_part(pathways: Pathways, at: int, one: FoundSpecies) -> str:
    """The bands of a species, the frames in which they show, and a picture of them."""
    said = f"{'Forms' if one.grows else 'Is used up or leaves'}; "
    said += _lower(start_words(onset_words(one.onset, unit_of(pathways)))) + "."
    if one.growth is not None:
        reason = f": {one.growth.reason.rstrip('.')}" if one.growth.reason else ""
        said += f" Growth {_LAWS.get(one.growth.law, one.growth.law)}{reason}."
    title = one.title if one.title == one.name else f"{one.name}, {one.title}"
    parts = [f'<h3 id="species-{at}">{escape(title)}</h3><p>{escape(said)}</p>']
    if one.bands:
        rows = [
            Row(
                [
                    _number(
                        band.position + band.shift, digits=4, small=f"library {band.position:g}"
                    ),
                    Cell(band.assignment),
                    _number(band.height),
                    _number(band.signal),
                    Cell(frames_words(band.frames, pathways)),
                    Cell(", ".join(band.overlapped) or "–"),
                ]
            )
            for band in one.bands
        ]
        head = ["Band / cm⁻¹", "what moves", "largest\nabsorbance", "height\n/ noise",
                "above the noise", "overlapped by"]  # fmt: skip
        parts.append(table(head, rows, caption="Its bands in the change of this run."))
    else:
        parts.append("<p>No band of it is known by position.</p>")
    part = pathways.parts.get(one.name)
    if part is not None:
        figure = species_evidence(
            pathways.wavenumber,
            pathways.change[-1],
            pathways.fitted[-1],
            part,
            [band.position + band.shift for band in one.bands],
            noise=pathways.noise,
        )
        parts.append(picture(figure, f"{one.name} in the last frame, all others taken away"))
    return "".join(parts)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def not_needed(pathways: Pathways) -> str:
    """The reactions that the spectra do not ask for, folded away."""
    rows = [
        Row([Cell(one.name, one.name), Cell(one.equation), _number(one.gain), Cell(one.reason)])
        for one in pathways.reactions
        if one.status == "not needed"
    ]
    if not rows:
        return ""
    body = table(
        ["Reaction", "equation", "gain", "why"], rows, caption="The spectra do not ask for these."
    )
    return f"<details><summary>{len(rows)} reactions that are not needed</summary>{body}</details>"
