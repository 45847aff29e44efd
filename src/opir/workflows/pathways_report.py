"""What was recovered of a run as one page: every claim leads to the bands and frames behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opir.bench.report.page import Row
from opir.pathways.result import FoundReaction, Pathways, SecondWay
from opir.plots.formulas import typeset
from opir.plots.pathways_evidence import second_way_figure
from opir.workflows.pathways_tables import (
    Stated,
    bands_words,
    not_needed,
    reaction_link,
    reaction_part,
    reactions_table,
    species_link,
    species_part,
    species_table,
    start_words,
)
from opir.workflows.pathways_words import (
    asked_species,
    interval,
    labels_of,
    onset_words,
    origin_words,
    summary,
    unit_of,
)
from opir.workflows.web_page import Words, figure_part, image, prose, quantity_cell, table, web_page

__all__ = ["Stated", "report_page"]

_EVEN = 0.5
"""Confidence below which a reaction is less likely than not."""
_FEW = 2
"""Other reactions that a line of the summary names at most."""
_FIRST = 6
"""Statements on the order of events that are not folded."""
_READING = (
    "The confidence of a species is the probability that its amount changes at all, of the "
    "species weighed; that of a reaction, that it proceeds, of the reactions weighed. Neither "
    "knows of what is not in the library or among the references. Where the library has rate "
    "constants for the cell they are weighed too, so that a reaction which the spectra alone do "
    "not need (a gain below 0) may have a high confidence. 'Found' means that the spectra fit "
    "worse without it, whatever takes its place; 'possible' that they fit as well with others, "
    "which stand beside it, or with none; 'not needed' that the spectra do not ask for it, which "
    "does not rule it out."
)


def report_page(
    pathways: Pathways, pictures: Mapping[str, bytes], stated: Stated | None = None
) -> str:
    """The page, which asks nothing of any network.

    Args:
        pathways: What was recovered.
        pictures: ``network``, ``timeline`` and ``fit`` as PNG.
        stated: What a forecast itself says of amounts and extents; shown beside what was
            recovered from its spectra alone.
    """
    head = f"Pathways: {pathways.title}" if pathways.title else "Pathways"
    kind = "origin measured" if pathways.origin == "measured" else "origin"
    remarks = "".join(f"<li>{prose(text)}</li>" for text in pathways.remarks)
    rest = not_needed(pathways)
    parts = [
        f'<header><h1>{prose(head)}</h1><p><span class="{kind}">{prose(pathways.origin)}</span> '
        f"Recovered from {prose(_origin_sentence(pathways))}.</p>{_contents(bool(rest))}</header>"
        "<main>",
        '<h2 id="summary">Summary</h2>',
        *(f"<p>{prose(sentence)}</p>" for sentence in summary(pathways)),
        _claims(pathways),
        '<h2 id="remarks">To bear in mind</h2>',
        f"<ul>{remarks or '<li>Nothing to note.</li>'}</ul>",
        _sets(pathways),
        '<h2 id="network">Network</h2>',
        image(pictures["network"], "Species and the reactions recovered between them", wide=True),
        '<h2 id="timeline">Timeline</h2>',
        image(
            pictures["timeline"],
            "Voltage, amounts of species and reactions over time",
            wide=True,
        ),
        '<h2 id="fit">Fit</h2>',
        image(
            pictures["fit"],
            "Change of the spectra, its fit, and the parts of the last frame",
            wide=True,
        ),
        '<h2 id="species">Species</h2>',
        species_table(pathways, stated or {}),
        '<h2 id="reactions">Reactions</h2>',
        reactions_table(pathways, stated or {}),
        f'<p class="soft">{_READING}</p>',
        '<h2 id="evidence">What speaks for each</h2>',
        *_evidence(pathways),
        _order(pathways),
        '<h2 id="second">A second way, without the library</h2>',
        _second(pathways),
        rest,
        "</main>",
    ]
    said = "" if pathways.origin in head else f" (origin {pathways.origin})"
    return web_page(f"{head}{said}", parts)


def _origin_sentence(pathways: Pathways) -> str:
    """Where the spectra come from, and what that means."""
    said = origin_words(pathways)
    if pathways.origin == "forecast":
        return f"{said}: what a model expects, not what was measured"
    return f"{said}: nothing of it was measured" if pathways.origin == "simulated" else said


def _contents(rest: bool) -> str:
    places = {
        "summary": "Summary", "remarks": "To bear in mind", "apart": "What cannot be told apart",
        "network": "Network", "timeline": "Timeline", "fit": "Fit", "species": "Species",
        "reactions": "Reactions", "evidence": "What speaks for each", "second": "A second way",
    }  # fmt: skip
    places |= {"rest": "What else was weighed"} if rest else {}
    links = "".join(f'<a href="#{place}">{text}</a>' for place, text in places.items())
    return f'<nav aria-label="Contents">{links}</nav>'


# -- what is said first ---------------------------------------------------------------------------


def _claims(pathways: Pathways) -> str:
    """What is found, with what it is seen by; what is possible, a line each; the rest folded."""
    labels = labels_of(pathways)
    found = [_found(pathways, *item) for item in labels.items() if item[1].status == "found"]
    possible = {label: one for label, one in labels.items() if one.status != "found"}
    likely = [
        _possible(pathways, *item) for item in possible.items() if item[1].confidence >= _EVEN
    ]
    unlikely = [
        _possible(pathways, *item) for item in possible.items() if item[1].confidence < _EVEN
    ]
    parts = [f"<h3>Found</h3><ul>{''.join(found)}</ul>"] if found else []
    if possible:
        parts.append(
            "<h3>Possible</h3><p>The spectra fit as well with another in place of each, or with "
            "none.</p>"
        )
    parts += [f"<ul>{''.join(likely)}</ul>"] if likely else []
    if unlikely:
        more = "more, each" if likely else "reactions, each" if len(unlikely) > 1 else "reaction,"
        parts.append(
            f"<details><summary>{len(unlikely)} {more} less likely than not</summary>"
            f"<ul>{''.join(unlikely)}</ul></details>"
        )
    return "".join(parts)


def _found(pathways: Pathways, label: str, one: FoundReaction) -> str:
    onset = start_words(onset_words(one.onset, unit_of(pathways)))
    said = f"{onset}; reaches {_extent(one)}; confidence {100 * one.confidence:.0f} %."
    return (
        f'<li><a href="#reaction-{label}">{label}</a> '
        f"<strong>{prose(one.equation)}</strong><br>{prose(said)} {bands_words(pathways, one)}</li>"
    )


def _possible(pathways: Pathways, label: str, one: FoundReaction) -> str:
    said = f"{one.equation}: {_extent(one)}, confidence {100 * one.confidence:.0f} %"
    alone = [reaction_link(pathways, names[0]) for names in one.alternatives if len(names) == 1]
    others = f"; or {', '.join(alone[:_FEW])} in its place" if alone else ""
    return f'<li><a href="#reaction-{label}">{label}</a> {prose(said)}{others}</li>'


def _extent(one: FoundReaction) -> str:
    return f"{interval((one.extent, one.lower, one.upper))} mmol m⁻²"


def _sets(pathways: Pathways) -> str:
    lines = [_linked(pathways, text) for text in pathways.indistinguishable]
    alike = dict.fromkeys(
        frozenset((one.name, *one.twins)) for one in pathways.species if one.twins
    )
    lines += [
        f"The bands of {links[0]} would be explained as well by {', '.join(links[1:])}"
        for links in (
            [species_link(pathways, name) for name in _known_first(pathways, names)]
            for names in alike
        )
    ]
    body = (
        f"<ul>{''.join(f'<li>{line}.</li>' for line in (x.rstrip('.') for x in lines))}</ul>"
        if lines
        else "<p>Nothing of what was weighed.</p>"
    )
    return f'<h2 id="apart">What cannot be told apart</h2>{body}'


def _known_first(pathways: Pathways, names: frozenset[str]) -> list[str]:
    """The species of this run in its order, then the others."""
    here = [one.name for one in pathways.species if one.name in names]
    return here + sorted(names - set(here))


def _linked(pathways: Pathways, text: str) -> str:
    """A sentence in which each reaction that is found or possible leads to what speaks for it."""
    names = sorted((one.name for one in labels_of(pathways).values()), key=len, reverse=True)
    if not names:
        return prose(text)
    known = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])")
    return "".join(
        reaction_link(pathways, piece) if at % 2 else prose(piece)
        for at, piece in enumerate(known.split(text))
    )


# -- what speaks for each -------------------------------------------------------------------------


def _evidence(pathways: Pathways) -> list[str]:
    """Reactions and species one by one; those that the spectra do not ask for are folded."""
    labels = labels_of(pathways)
    parts = ["<h3>Reactions</h3>"] if labels else []
    parts += [reaction_part(pathways, label, one) for label, one in labels.items()]
    asked = {one.name for one in asked_species(pathways)}
    numbered = list(enumerate(pathways.species))
    first = [species_part(pathways, at, one) for at, one in numbered if one.name in asked]
    later = [species_part(pathways, at, one) for at, one in numbered if one.name not in asked]
    parts += ["<h3>Species</h3>", *first] if first or later else ["<p>Nothing was found.</p>"]
    if later:
        number = "1 species" if len(later) == 1 else f"{len(later)} species"
        parts.append(
            f"<details><summary>{number} that the spectra by themselves do not ask for</summary>"
            f"{''.join(later)}</details>"
        )
    return parts


def _order(pathways: Pathways) -> str:
    if not pathways.events:
        return ""
    lines = [f"<li>{prose(event.statement)}</li>" for event in pathways.events]
    more = lines[_FIRST:]
    folded = f"<details><summary>{len(more)} more</summary><ul>{''.join(more)}</ul></details>"
    return (
        "<h3>Order of what happened, by two-dimensional correlation</h3>"
        f"<ul>{''.join(lines[:_FIRST])}</ul>" + (folded if more else "")
    )


def _second(pathways: Pathways) -> str:
    """What unmixing finds, and how it agrees."""
    way = pathways.second_way
    if way is None:
        return "<p>It was not asked for.</p>"
    unit = unit_of(pathways)
    share = f"{100 * way.explained:.3g}"
    parts = [
        "<p>Evolving factor analysis counts "
        f"{way.components} component{'s' if way.components != 1 else ''} above the noise; "
        f"MCR-ALS explains {share} % of the variance with them.</p>"
    ]
    if way.note:
        parts.append(f"<p>{prose(way.note)}</p>")
    if way.components and len(way.spectra):
        rows = []
        for at, near in enumerate(way.nearest):
            frame = way.appears[at] if at < len(way.appears) else None
            when = None if frame is None else float(unit(pathways.time[frame]))
            said = ", ".join(f"{name} ({cosine:.2f})" for name, cosine in near)
            rows.append(
                Row([Words(f"Component {at + 1}", at), quantity_cell(when), Words(said or "none")])
            )
        head = ["Component", f"appears\n/ {unit.name}", "nearest species (cosine)"]
        parts.append(table(head, rows, caption="Components and the library's spectra."))
        labels = [
            f"{at + 1}" + (f": {typeset(near[0][0])}?" if near else "")
            for at, near in enumerate(way.nearest)
        ]
        figure = second_way_figure(
            pathways.wavenumber, pathways.time, way.spectra, way.amounts, labels
        )
        parts.append(figure_part(figure, "Spectra and amounts of the components"))
    parts.append(_agreement(pathways, way))
    return "".join(parts)


def _agreement(pathways: Pathways, way: SecondWay) -> str:
    near = {name for names in way.nearest for name, _ in names}
    grown = [one.name for one in pathways.species if one.grows]
    both = [name for name in grown if name in near]
    alone = [name for name in grown if name not in near]
    said = []
    if both:
        said.append(f"Also among the nearest of a component: {', '.join(both)}.")
    if alone:
        said.append(
            f"Not among them: {', '.join(alone)}; unmixing takes species that grow together for "
            "one component."
        )
    return f"<p>{prose(' '.join(said))}</p>" if said else ""
