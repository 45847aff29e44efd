"""The reactions recovered from a run: species as boxes, reactions as marks, from left to right.

Columns of species and of reactions take turns. Boxes are laid out in inches, see
:mod:`opir.plots.pathways_layout`, so that no label covers another.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import library
from opir.plots.formulas import typeset
from opir.plots.pathways_layout import (
    LETTERS,
    MARK,
    ROW,
    Graph,
    NetworkStep,
    Node,
    height,
    ordered,
    places,
    width,
)
from opir.plots.style import COLOURS, new_figure, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["NetworkStep", "pathways_network"]

_PHASES = {
    "liquid": ("electrolyte", COLOURS[0]),
    "dissolved": ("dissolved", COLOURS[2]),
    "solid": ("film", COLOURS[1]),
    "gas": ("gas", "#777777"),
    "electrode": ("electrode", COLOURS[6]),
}
_MAP = "viridis"
_GAP = 0.55
"""Least room between two columns [inch]."""
_TOP, _BOTTOM, _LEFT = 0.75, 0.75, 0.25


def pathways_network(
    steps: Sequence[NetworkStep],
    *,
    text: str,
    origin: str,
    order_label: str = "Onset / h",
    initial: Sequence[str] = (),
) -> Figure:
    """What became of what, as far as the spectra tell.

    Species stand in columns, the electrolyte at the left. Each reaction is a mark between its
    reactants and its products, with its onset, final extent and confidence. Lines are as wide as
    the extent is large; they are dashed where the spectra fit as well with another reaction, or
    without it. What a reaction gives back to an earlier column is written in its mark. Cations and
    electrons are left out.

    Args:
        steps: The reactions, at any number.
        text: Title; lines after the first are set smaller.
        origin: Of the run, one of :data:`opir.run.described.ORIGINS`.
        order_label: What :attr:`NetworkStep.order` is, with its unit.
        initial: Species that are there from the start, whatever else gives them.

    Raises:
        ChemistryError: If an equation cannot be read.
    """
    graph = Graph(steps, initial)
    ranks = ordered(graph)
    heights = [sum(height(node) for node in rank) for rank in ranks]
    widths = [max((width(node) for node in rank), default=0.5) for rank in ranks]
    high = max([*heights, 1.2])
    wide = max(sum(widths) + _GAP * max(len(widths) - 1, 0), 7.6)
    figure = new_figure(wide + 2 * _LEFT, high + _TOP + _BOTTOM)
    figure.set_layout_engine("none")  # everything has its place in inches
    whole = figure.get_size_inches()
    place = (_LEFT / whole[0], _BOTTOM / whole[1], wide / whole[0], high / whole[1])
    axes = figure.add_axes(place)
    axes.set(xlim=(0, wide), ylim=(0, high))
    axes.set_axis_off()
    title(axes, text, origin)
    if not steps:
        axes.text(wide / 2, high / 2, "No reaction was found.", ha="center", va="center")
        return figure
    spare = (wide - sum(widths)) / max(len(widths) - 1, 1)
    left = np.concatenate([[0.0], np.cumsum(np.array(widths) + spare)])[: len(widths)]
    spots = places(ranks, graph.links, high)
    orders = [step.order for step in steps if step.order is not None]
    limits = (min(orders), max(orders)) if orders else None
    by_label = {step.label: step for step in steps}
    largest = max(abs(step.extent) for step in steps) or 1.0
    columns = {node: (left[i], widths[i]) for i, rank in enumerate(ranks) for node in rank}
    for route in graph.routes:
        step = by_label[graph.step_of(route)]
        line = _line(route, spots, columns)
        _draw_line(axes, line, step, _colour(step, limits), largest, head=route[-1][0] == "s")
    for node, y in spots.items():
        x = columns[node][0] + columns[node][1] / 2
        if node[0] == "s":
            _draw_species(axes, x, y, node[1])
        elif node[0] == "r":
            step = by_label[node[1]]
            _draw_step(axes, x, y, step, _colour(step, limits), graph.back[node[1]])
    _draw_legend(figure, axes, {n[1] for n in spots if n[0] == "s"}, steps)
    if limits is not None and limits[1] > limits[0]:
        _draw_scale(figure, limits, order_label)
    return figure


# -- drawing --------------------------------------------------------------------------------------


def _line(
    route: tuple[Node, ...],
    spots: dict[Node, float],
    columns: dict[Node, tuple[float, float]],
) -> list[NDArray[np.float64]]:
    """Points of a line from box to box; level through the columns in between."""
    ends = []
    for number, node in enumerate(route):
        left, room = columns[node]
        half = width(node) / 2 if node[0] != "pass" else room / 2
        middle = left + room / 2
        if number > 0:
            ends.append(np.array([middle - half, spots[node]]))
        if number < len(route) - 1:
            ends.append(np.array([middle + half, spots[node]]))
    return ends


def _draw_line(
    axes: Axes,
    points: list[NDArray[np.float64]],
    step: NetworkStep,
    colour: str,
    largest: float,
    *,
    head: bool,
) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    wide = 0.8 + 2.4 * abs(step.extent) / largest
    corners, codes = [points[0]], [Path.MOVETO]
    for number, (start, end) in enumerate(pairwise(points)):
        if number % 2:
            corners.append(end)
            codes.append(Path.LINETO)
            continue
        middle = (start[0] + end[0]) / 2
        corners += [np.array([middle, start[1]]), np.array([middle, end[1]]), end]
        codes += [Path.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Path(corners, codes), arrowstyle="-|>" if head else "-",
            mutation_scale=8 + 3 * wide, color=colour, linewidth=wide, zorder=2, shrinkA=0,
            shrinkB=0, linestyle="-" if step.found else (0, (3, 2)), capstyle="butt",
        )
    )  # fmt: skip


def _draw_species(axes: Axes, x: float, y: float, name: str) -> None:
    axes.text(
        x, y, typeset(name), ha="center", va="center", fontsize=LETTERS, zorder=5,
        bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": _phase(name)[1],
              "linewidth": 1.4},
    )  # fmt: skip


def _phase(name: str) -> tuple[str, str]:
    species = library().species
    return _PHASES.get(species[name].phase if name in species else "", ("other", "#000000"))


def _draw_step(
    axes: Axes, x: float, y: float, step: NetworkStep, colour: str, back: list[str]
) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    size = (MARK, ROW - 0.06)
    axes.add_patch(
        Rectangle(
            (x - size[0] / 2, y - size[1] / 2), *size, facecolor=colour if step.found else "white",
            edgecolor=colour, linestyle="-" if step.found else "--", linewidth=1.0, zorder=4,
        )
    )  # fmt: skip
    dark = step.found and float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114))) < 0.55
    lines = [f"{step.label}: {step.onset or 'no onset'}" + (f", +{_few(back)}" if back else "")]
    lines.append(f"{step.extent:.2g} mmol m⁻², {100 * step.confidence:.0f} %")
    axes.text(
        x, y, "\n".join(lines), fontsize=6.5, ha="center", va="center", zorder=6,
        color="white" if dark else "black", linespacing=1.15,
    )  # fmt: skip


def _few(names: list[str]) -> str:
    shown = typeset(", ".join(names))
    return shown if len(shown) <= 9 else f"{len(names)} more"


def _colour(step: NetworkStep, limits: tuple[float, float] | None) -> str:
    if step.order is None or limits is None:
        return "#777777"
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    low, high = limits
    share = (step.order - low) / (high - low) if high > low else 0.0
    return to_hex(colormaps[_MAP](0.9 * share))


def _draw_legend(figure: Figure, axes: Axes, names: set[str], steps: Sequence[NetworkStep]) -> None:
    from matplotlib.lines import Line2D

    phases = {_phase(name) for name in sorted(names)}
    square = {"marker": "s", "linestyle": "", "markerfacecolor": "white", "markeredgewidth": 1.4}
    handles = [
        Line2D([], [], markeredgecolor=colour, label=label, **square)  # type: ignore[arg-type]
        for label, colour in sorted(phases)
    ]
    if any(step.found for step in steps):
        handles.append(Line2D([], [], color="#555555", lw=1.6, label="found"))
    if not all(step.found for step in steps):
        label = "possible: the fit is as good with others, or with none"
        handles.append(Line2D([], [], color="#555555", lw=1.6, ls=(0, (3, 2)), label=label))
    figure.legend(
        handles=handles, loc="lower left", ncols=4, frameon=False, fontsize=7,
        bbox_to_anchor=(_LEFT / figure.get_figwidth(), 0.0), borderaxespad=0.4,
    )  # fmt: skip


def _draw_scale(figure: Figure, limits: tuple[float, float], label: str) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    wide, high = figure.get_size_inches()
    axes = figure.add_axes((1 - (_LEFT + 1.9) / wide, 0.47 / high, 1.9 / wide, 0.09 / high))
    colours = ListedColormap(colormaps[_MAP](np.linspace(0, 0.9, 128)))
    figure.colorbar(ScalarMappable(Normalize(*limits), colours), cax=axes, orientation="horizontal")
    axes.tick_params(labelsize=6.5, pad=1)
    axes.set_xlabel(label, fontsize=7, labelpad=1)
