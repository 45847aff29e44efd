"""What was recovered of a run as one page: every claim leads to the bands and frames behind it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from opir.bench.report.page import Cell, Row, page, picture, table
from opir.pathways.result import Pathways, SecondWay
from opir.plots.pathways_evidence import second_way_figure
from opir.workflows.pathways_tables import (
    Stated,
    bands_words,
    not_needed,
    reaction_part,
    reactions_table,
    species_link,
    species_part,
    species_table,
    start_words,
)
from opir.workflows.pathways_words import (
    interval,
    labels_of,
    onset_words,
    origin_words,
    rounded,
    summary,
    unit_of,
)

__all__ = ["Stated", "report_page"]

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
    remarks = "".join(f"<li>{escape(text)}</li>" for text in pathways.remarks)
    parts = [
        f'<header><h1>{escape(head)}</h1><p><span class="{kind}">{escape(pathways.origin)}</span> '
        f"Recovered from {escape(origin_words(pathways))}.</p>{_contents()}</header><main>",
        '<h2 id="summary">Summary</h2>',
        *(f"<p>{escape(sentence)}</p>" for sentence in summary(pathways)),
        _claims(pathways),
        '<h2 id="remarks">To be read first</h2>',
        f"<ul>{remarks or '<li>Nothing to note.</li>'}</ul>",
        _sets(pathways),
        '<h2 id="network">Network</h2>',
        _image(pictures["network"], "Species and the reactions recovered between them"),
        '<h2 id="timeline">Timeline</h2>',
        _image(pictures["timeline"], "Voltage, amounts of species and reactions over time"),
        '<h2 id="fit">Fit</h2>',
        _image(pictures["fit"], "Change of the spectra, its fit, and the parts of the last frame"),
        '<h2 id="species">Species</h2>',
        species_table(pathways, stated or {}),
        '<h2 id="reactions">Reactions</h2>',
        reactions_table(pathways, stated or {}),
        f'<p class="soft">{_READING}</p>',
        '<h2 id="evidence">What speaks for each</h2>',
        *(reaction_part(pathways, label, one) for label, one in labels_of(pathways).items()),
        *(species_part(pathways, at, one) for at, one in enumerate(pathways.species)),
        _order(pathways),
        '<h2 id="second">A second way, without the library</h2>',
        _second(pathways),
        not_needed(pathways),
        "</main>",
    ]
    return page(head, parts)


def _contents() -> str:
    places = {
        "summary": "Summary", "network": "Network", "timeline": "Timeline", "fit": "Fit",
        "species": "Species", "reactions": "Reactions", "evidence": "What speaks for each",
        "apart": "What cannot be told apart", "second": "A second way",
    }  # fmt: skip
    links = "".join(f'<a href="#{place}">{text}</a>' for place, text in places.items())
    return f"<nav>{links}</nav>"


def _image(png: bytes, text: str) -> str:
    code = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{code}">'


# -- what is said first ---------------------------------------------------------------------------


def _claims(pathways: Pathways) -> str:
    """A line for each reaction, with what it is seen by."""
    unit = unit_of(pathways)
    lines = []
    for label, one in labels_of(pathways).items():
        extent = interval((one.extent, one.lower, one.upper))
        lines.append(
            f'<li><a href="#reaction-{label}">{label}</a>, {escape(one.status)}: '
            f"{escape(one.equation)}. {escape(start_words(onset_words(one.onset, unit)))}; reaches "
            f"{extent} mmol m⁻²; confidence {100 * one.confidence:.0f} %. "
            f"{bands_words(pathways, one)}</li>"
        )
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _sets(pathways: Pathways) -> str:
    lines = [escape(text) for text in pathways.indistinguishable]
    lines += [
        f"{species_link(pathways, one.name)}: its bands would be explained as well by "
        + escape(", ".join(one.twins))
        for one in pathways.species
        if one.twins
    ]
    body = (
        f"<ul>{''.join(f'<li>{line}.</li>' for line in (x.rstrip('.') for x in lines))}</ul>"
        if lines
        else "<p>Nothing of what was weighed.</p>"
    )
    return f'<h2 id="apart">What cannot be told apart</h2>{body}'


def _order(pathways: Pathways) -> str:
    if not pathways.events:
        return ""
    lines = "".join(f"<li>{escape(event.statement)}</li>" for event in pathways.events)
    return f"<h3>Order of what happened, by two-dimensional correlation</h3><ul>{lines}</ul>"


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
        parts.append(f"<p>{escape(way.note)}</p>")
    if way.components and len(way.spectra):
        rows = []
        for at, near in enumerate(way.nearest):
            frame = way.appears[at] if at < len(way.appears) else None
            when = "–" if frame is None else f"{rounded(float(unit(pathways.time[frame])))}"
            said = ", ".join(f"{name} ({cosine:.2f})" for name, cosine in near)
            rows.append(
                Row([Cell(f"Component {at + 1}", at), Cell(when, frame), Cell(said or "none")])
            )
        head = ["Component", f"appears\n/ {unit.name}", "nearest species (cosine)"]
        parts.append(table(head, rows, caption="Components and the library's spectra."))
        labels = [
            f"{at + 1}" + (f": {near[0][0]}?" if near else "")
            for at, near in enumerate(way.nearest)
        ]
        figure = second_way_figure(
            pathways.wavenumber, pathways.time, way.spectra, way.amounts, labels
        )
        parts.append(picture(figure, "Spectra and amounts of the components"))
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
    return f"<p>{escape(' '.join(said))}</p>" if said else ""
