"""Tables of what was recovered of a run, and what speaks for each species and reaction."""

from __future__ import annotations

import math
from collections.abc import Mapping

from opir.bench.report.page import Cell, Row
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
from opir.workflows.web_page import Number, Words, figure_part, prose, quantity_cell, table

__all__ = [
    "Stated",
    "bands_words",
    "not_needed",
    "reaction_link",
    "reaction_part",
    "reactions_table",
    "species_link",
    "species_part",
    "species_table",
    "status_mark",
    "start_words",
]

Stated = Mapping[str, float]
"""Name of a species or reaction -> its change or extent at the end as the run itself says it."""

_STATED = (
    " Forecast's own: what the model states besides its spectra; outside: not within the limits of "
    "what was recovered from the spectra."
)
_LAWS = {
    "linear": "linear (limited by a rate)",
    "parabolic": "parabolic (limited by diffusion through the film)",
    "logarithmic": "logarithmic (slows down as it grows)",
    "dissolving": "grows, then dissolves",
    "unclear": "unclear",
}


def _number(value: float | None, *, digits: int = 3, small: str = "") -> Number:
    """A number, or a dash where there is none or it is not finite."""
    known = value if value is not None and math.isfinite(value) else None
    return quantity_cell(known, digits=digits, small=small)


def _settled(value: float, digits: int) -> float:
    """Rounded to so many digits behind the point: what is less is the computer's rounding."""
    return round(value, digits) + 0.0  # no -0.0


def species_link(pathways: Pathways, name: str) -> str:
    """A link to the bands of a species, or its name alone where nothing was found of it."""
    for at, one in enumerate(pathways.species):
        if one.name == name:
            return f'<a href="#species-{at}">{prose(name)}</a>'
    return prose(name)


def reaction_link(pathways: Pathways, name: str) -> str:
    """A link to what speaks for a reaction, or its name alone where it is not needed."""
    for label, one in labels_of(pathways).items():
        if one.name == name:
            return f'<a href="#reaction-{label}">{label} ({prose(name)})</a>'
    return prose(name)


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


def _onset_heads(pathways: Pathways) -> list[str]:
    """Heads of the columns of an onset; that of potentials only where any is known."""
    onsets = [one.onset for one in pathways.species] + [one.onset for one in pathways.reactions]
    known = any(onset is not None and onset.potential is not None for onset in onsets)
    return (["onset\n/ V"] if known else []) + [f"onset\n/ {unit_of(pathways).name}"]


def _onset_cells(one: FoundSpecies | FoundReaction, pathways: Pathways) -> list[Cell]:
    """Potential, where any is known, and time of the onset, each with its limits."""
    unit, onset = unit_of(pathways), one.onset
    heads = _onset_heads(pathways)
    if onset is None:
        return [Cell("–") for _ in heads]
    low, high = (rounded(float(unit(t))) for t in (onset.time_lower, onset.time_upper))
    time = _number(float(unit(onset.time)), small=f"{low} to {high}")
    if len(heads) == 1:
        return [time]
    if onset.potential is None:
        return [Cell("–"), time]
    limits = ""
    if onset.potential_lower is not None and onset.potential_upper is not None:
        limits = f"{onset.potential_lower:.2f} to {onset.potential_upper:.2f}"
    return [Number(f"{onset.potential:.2f}", onset.potential, limits), time]


def _amount_cell(one: FoundSpecies | FoundReaction) -> Cell:
    course = one.amount if isinstance(one, FoundSpecies) else one.extent
    last, limits = float(course[-1]), (float(one.lower[-1]), float(one.upper[-1]))
    return _number(last, small=f"{rounded(limits[0])} to {rounded(limits[1])}")


def _stated_cell(one: FoundSpecies | FoundReaction, stated: Stated) -> Cell:
    """What the run itself says, and whether that lies outside of the limits."""
    value = stated.get(one.name)
    inside = value is None or float(one.lower[-1]) <= value <= float(one.upper[-1])
    return _number(value, small="" if inside else "outside")


def species_table(pathways: Pathways, stated: Stated) -> str:
    """The table of species, with what a forecast itself says of them, where it does."""
    head = ["Species", "change at the end", "unit", *_onset_heads(pathways), "growth",
            "confidence\n/ %", "gain", "signal\n/ noise"]  # fmt: skip
    given = any(one.name in stated for one in pathways.species)
    head += ["forecast's own\nchange"] if given else []
    rows = []
    for at, one in enumerate(pathways.species):
        cells = [
            Words(one.name, one.name, target=f"species-{at}", kind="name"),
            _amount_cell(one),
            Words(amount_unit(one)),
            *_onset_cells(one, pathways),
            Words(one.growth.law if one.growth else "–"),
            _number(100 * one.confidence),
            _number(_settled(one.gain, 2)),
            _number(one.signal),
        ]
        rows.append(Row(cells + ([_stated_cell(one, stated)] if given else [])))
    return table(
        head,
        rows,
        caption="Changes since the first frame, as an interphase on the electrode would show "
        "them; small: 90 % limits. Potentials are of the cell as recorded. Gain: by how much the "
        "information criterion (BIC) falls; above 10 is strong. Each name leads to its bands."
        + (_STATED if given else ""),
        stacked=True,
    )


def reactions_table(pathways: Pathways, stated: Stated) -> str:
    """The table of the reactions that are found or possible."""
    shown = labels_of(pathways)
    head = ["Reaction", "status", "equation", "extent at the end\n/ mmol m⁻²",
            *_onset_heads(pathways), "confidence\n/ %", "gain",
            "held-out error\nfalls by / %"]  # fmt: skip
    given = any(one.name in stated for one in shown.values())
    head += ["forecast's own\nextent"] if given else []
    own = any(one.source != "library" for one in shown.values())
    head += ["source"] if own else []
    rows = []
    for label, one in shown.items():
        cells = [
            Words(f"{label} {one.name}", label[1:], target=f"reaction-{label}", kind="name"),
            Words(one.status, one.status),
            Words(one.equation, one.equation, kind="long"),
            _amount_cell(one),
            *_onset_cells(one, pathways),
            _number(100 * one.confidence),
            _number(_settled(one.gain, 2)),
            _number(_settled(100 * one.held_out, 3)),
        ]
        cells += [_stated_cell(one, stated)] if given else []
        rows.append(Row(cells + ([Words(one.source, one.source)] if own else [])))
    return table(
        head,
        rows,
        caption="Reactions that are found or possible, since the first frame; small: 90 % limits. "
        "Held-out error: that of frames that were left out of the fit. Each name leads to what "
        "speaks for it." + (_STATED if given else ""),
        stacked=True,
    )


# -- what speaks for each -------------------------------------------------------------------------


def reaction_part(pathways: Pathways, label: str, one: FoundReaction) -> str:
    """What speaks for a reaction, and what could stand in its place."""
    others = "; ".join(
        " with ".join(reaction_link(pathways, name) for name in names) for names in one.alternatives
    )
    reason = one.reason[:1].upper() + one.reason[1:].rstrip(".") + "." if one.reason else ""
    return (
        f'<h4 id="reaction-{label}">{label}: {prose(one.title or one.name)} '
        f'{status_mark(one.status)}</h4><p><span class="equation">{prose(one.equation)}</span>'
        '<a class="back" href="#reactions">all reactions</a></p>'
        f"<p>{prose(reason)} {bands_words(pathways, one)}</p>"
        + (f"<p>In its place would do: {others}.</p>" if others else "")
    )


def status_mark(status: str) -> str:
    """``found`` or ``possible`` as a mark."""
    return f'<span class="status{" found" if status == "found" else ""}">{prose(status)}</span>'


def species_part(pathways: Pathways, at: int, one: FoundSpecies) -> str:
    """The bands of a species, the frames in which they show, and a picture of them."""
    learned = one.source == "learned"
    said = "Changes" if learned else "Forms" if one.grows else "Is used up or leaves"
    said += "; "
    said += _lower(start_words(onset_words(one.onset, unit_of(pathways)))) + "."
    if one.growth is not None:
        reason = f": {_lower(one.growth.reason.rstrip('.'))}" if one.growth.reason else ""
        said += f" Growth {_LAWS.get(one.growth.law, one.growth.law)}{reason}."
    title = one.title if learned or one.title == one.name else f"{one.name}, {one.title}"
    parts = [
        f'<h4 id="species-{at}">{prose(title)}</h4><p>{prose(said)}'
        '<a class="back" href="#species">all species</a></p>'
    ]
    if one.bands:
        rows = [
            Row(
                [
                    _number(
                        band.position + band.shift, digits=4, small=f"library {band.position:g}"
                    ),
                    Words(band.assignment, vibration=True),
                    _number(band.height),
                    _number(band.signal),
                    Words(frames_words(band.frames, pathways)),
                    Words(", ".join(band.overlapped) or "–"),
                ]
            )
            for band in one.bands
        ]
        head = ["Band / cm⁻¹", "what moves", "largest\nabsorbance", "height\n/ noise",
                "above the noise", "overlapped by"]  # fmt: skip
        parts.append(table(head, rows, caption=f"Bands of {one.name} in the change of this run."))
    else:
        parts.append(
            f"<p>{'It is no species of the library' if learned else 'No band of it is known'}"
            f"{'; its spectrum is what the others leave' if learned else ' by position'}.</p>"
        )
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
        parts.append(figure_part(figure, f"{one.name} in the last frame, all others taken away"))
    return "".join(parts)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def not_needed(pathways: Pathways) -> str:
    """The reactions that the spectra do not ask for, folded away."""
    rows = [
        Row(
            [
                Words(one.name, one.name, kind="name"),
                Words(one.equation, kind="long"),
                _number(_settled(one.gain, 2)),
                Words(one.reason),
            ]
        )
        for one in pathways.reactions
        if one.status == "not needed"
    ]
    if not rows:
        return ""
    body = table(
        ["Reaction", "equation", "gain", "why"], rows, caption="The spectra do not ask for these."
    )
    number = f"{len(rows)} reaction{' that is' if len(rows) == 1 else 's that are'} not needed"
    return (
        f'<h2 id="rest">What else was weighed</h2><details><summary>{number}</summary>{body}'
        "</details>"
    )
