"""The reaction network of a system: species as boxes, reactions as arrows through a mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opir.chemistry import Library, Reaction, SystemModel
from opir.plots.style import COLOURS, new_figure, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["reaction_network"]

_HIDDEN = ("e-", "Li+", "Na+")
_PHASES = {
    "liquid": ("electrolyte", COLOURS[0]),
    "dissolved": ("dissolved", COLOURS[2]),
    "solid": ("film", COLOURS[1]),
    "gas": ("gas", "#777777"),
    "electrode": ("electrode", COLOURS[6]),
}
_ROW = 0.36
_HALF_LETTER = 0.0125
_COLUMN = 2.6


def reaction_network(model: SystemModel, library: Library) -> Figure:
    """What becomes of what in a system.

    Species stand in columns by the number of reactions it takes to reach them. Each reaction is a
    mark between its reactants and what it leads on to; gases, and products that stand further back
    already, are written at the mark. Electrochemical reactions bear their onset potential against
    the metal of the ion, coloured from low to high. Cations and electrons are left out.
    """
    reactions = [library.reactions[name] for name in model.reactions]
    depth = _depths(model, library, reactions)
    onward = {r.name: _onward(r, depth, library) for r in reactions}
    nodes = {n for r in reactions for n in (*_shown(r)[0], *onward[r.name])}
    species, marks = _arrange(reactions, onward, {n: d for n, d in depth.items() if n in nodes})
    rows = max(max(len(c) for c in species), max((len(c) for c in marks), default=1))
    figure = new_figure(max(1.2 + _COLUMN * len(species), 8.5), 1.6 + _ROW * rows)
    axes = figure.subplots()
    onsets = [r.onset.value for r in reactions if r.onset is not None]
    low, high = (min(onsets), max(onsets)) if onsets else (0.0, 1.0)
    at_species = _positions(species, rows, 0.0)
    at_marks = _positions(marks, rows, 0.5)
    for reaction in reactions:
        _draw_reaction(
            axes, reaction, onward[reaction.name], at_species, at_marks[reaction.name], (low, high)
        )
    for name, (x, y) in at_species.items():
        _, colour = _PHASES[library.species[name].phase]
        axes.text(
            x, y, name, ha="center", va="center", fontsize=7.5, zorder=5,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour,
                  "linewidth": 1.3},
        )  # fmt: skip
    _legend(axes, {library.species[n].phase for n in at_species}, (low, high), bool(onsets), figure)
    axes.set_xlim(-0.4, max(len(species) - 0.6, len(marks) - 0.1))
    axes.set_ylim(-0.8, rows - 0.2)
    axes.set_axis_off()
    ion = model.solvation.cation
    head = f"{model.name}\n{model.title}; potentials against {ion}/{ion}⁺; cations and e⁻ left out"
    title(axes, head, "from the library")
    return figure


def _shown(reaction: Reaction) -> tuple[list[str], list[str]]:
    left = [n for n in reaction.reactants if n not in _HIDDEN]
    return left, [n for n in reaction.products if n not in _HIDDEN]


def _onward(reaction: Reaction, depth: dict[str, int], library: Library) -> list[str]:
    """Products that get an arrow: one column on, and no gas unless evolution is the matter."""
    left, right = _shown(reaction)
    column = 1 + max(depth[name] for name in left)
    return [
        name
        for name in right
        if depth[name] == column
        and (library.species[name].phase != "gas" or reaction.law == "gas_evolution")
    ]


def _depths(model: SystemModel, library: Library, reactions: list[Reaction]) -> dict[str, int]:
    """Species -> least number of reactions in a row that lead to it."""
    depth: dict[str, int] = {"H2O": 0, **dict.fromkeys(model.initial, 0)}
    for component in model.system.electrolyte:
        salt = library.salts.get(component.name)
        names = salt.ions if salt else [library.find_species(component.name).name]
        depth.update(dict.fromkeys(names, 0))
    changed = True
    while changed:
        changed = False
        for reaction in reactions:
            left, right = _shown(reaction)
            if not all(name in depth for name in left):
                continue
            next_depth = 1 + max((depth[name] for name in left), default=0)
            for name in right:
                if depth.get(name, 10**6) > next_depth:
                    depth[name], changed = next_depth, True
    for reaction in reactions:  # what only an additive that is not there would start
        for name in _shown(reaction)[0]:
            depth.setdefault(name, 0)
        for name in _shown(reaction)[1]:
            depth.setdefault(name, 1 + max(depth[n] for n in _shown(reaction)[0]))
    used = {name for reaction in reactions for side in _shown(reaction) for name in side}
    return {name: number for name, number in depth.items() if name in used}


def _arrange(
    reactions: list[Reaction], onward: dict[str, list[str]], depth: dict[str, int]
) -> tuple[list[list[str]], list[list[str]]]:
    """Columns of species and of reactions, ordered so that few arrows cross."""
    columns = max(depth.values()) + 1
    species: list[list[str]] = [[] for _ in range(columns)]
    for name, number in sorted(depth.items()):
        species[number].append(name)
    marks: list[list[str]] = [[] for _ in range(columns)]
    joined = {r.name: [*_shown(r)[0], *onward[r.name]] for r in reactions}
    ordered = sorted(reactions, key=lambda r: -(r.onset.value if r.onset else -1.0))
    for reaction in ordered:
        marks[max(depth[n] for n in _shown(reaction)[0])].append(reaction.name)
    for _ in range(24):
        place = _places(species, marks)
        for column in marks:
            column.sort(key=lambda n: _mean([place[s] for s in joined[n]]))
        place = _places(species, marks)
        for column in species:
            column.sort(
                key=lambda s: _mean([place[r] for r, names in joined.items() if s in names])
            )
    while marks and not marks[-1]:
        marks.pop()
    return species, marks


def _places(*groups: list[list[str]]) -> dict[str, float]:
    return {
        name: (i + 0.5) / len(column)
        for group in groups
        for column in group
        for i, name in enumerate(column)
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _positions(columns: list[list[str]], rows: int, shift: float) -> dict[str, tuple[float, float]]:
    found = {}
    for number, column in enumerate(columns):
        step = (rows - 1) / max(len(column), 1)
        for row, name in enumerate(column):
            found[name] = (number + shift, rows - 1 - (row + 0.5) * step)
    return found


def _draw_reaction(
    axes: Axes,
    reaction: Reaction,
    onward: list[str],
    species: dict[str, tuple[float, float]],
    mark: tuple[float, float],
    limits: tuple[float, float],
) -> None:
    colour, style = _look(reaction, limits)
    left, right = _shown(reaction)
    for name in left:
        _arrow(axes, species[name], mark, colour, style, "-")
    for name in onward:
        x, y = species[name]
        edge = (x - _HALF_LETTER * len(name) - 0.03, y)
        _arrow(axes, mark, edge, colour, style, "-|>")
    text = f"{reaction.onset.value:.2f} V" if reaction.onset else _WORDS.get(reaction.law, "")
    axes.text(
        *mark, text, fontsize=6, ha="center", va="center", zorder=4,
        color="white" if reaction.onset and _share(reaction, limits) < 0.6 else "black",
        bbox={"boxstyle": "square,pad=0.18", "facecolor": colour if reaction.onset else "white",
              "edgecolor": colour, "linewidth": 0.8},
    )  # fmt: skip
    others = [name for name in right if name not in onward]
    if others:
        axes.annotate(
            ("+ " if onward else "gives ") + ", ".join(others), mark, (0, -9), fontsize=5.5,
            textcoords="offset points", ha="center", va="center", color="#333333", zorder=4,
            bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip


_WORDS = {
    "chemical": "chemical",
    "surface": "surface",
    "dissolution": "dissolves",
    "gas_evolution": "evolves",
}


def _share(reaction: Reaction, limits: tuple[float, float]) -> float:
    low, high = limits
    value = reaction.onset.value if reaction.onset else low
    return (value - low) / (high - low) if high > low else 0.5


def _look(reaction: Reaction, limits: tuple[float, float]) -> tuple[str, str]:
    if reaction.onset is None:
        return "#9a9a9a", "--" if reaction.law in ("chemical", "surface") else ":"
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["cividis"](_share(reaction, limits))), "-"


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    style: str,
    head: str,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    far = end[0] - start[0] > 1  # past other columns: bent, so that it runs through no box there
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle=head, mutation_scale=8, color=colour, linestyle=style,
            linewidth=0.9, shrinkA=4, shrinkB=0, alpha=0.85,
            connectionstyle=f"arc3,rad={-0.08 if far else 0.0}", zorder=2,
        )
    )  # fmt: skip


def _legend(
    axes: Axes, phases: set[str], limits: tuple[float, float], coloured: bool, figure: Figure
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], marker="s", linestyle="", markerfacecolor="white", markeredgecolor=c, label=t
        )
        for phase, (t, c) in _PHASES.items()
        if phase in phases
    ]
    handles.append(Line2D([], [], color="#9a9a9a", linestyle="--", label="chemical step"))
    handles.append(Line2D([], [], color="#9a9a9a", linestyle=":", label="dissolves, evolves"))
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=7, frameon=False,
        fontsize=7,
    )  # fmt: skip
    if coloured:
        bar = figure.colorbar(
            ScalarMappable(Normalize(*limits), "cividis"), ax=axes, fraction=0.02, pad=0.01,
            aspect=30,
        )  # fmt: skip
        bar.set_label("Onset potential / V", fontsize=8)
        bar.ax.tick_params(labelsize=7)
