"""Where species and reactions stand in a drawing in layers: columns, orders, heights.

A layered drawing (Sugiyama et al. 1981, doi 10.1109/TSMC.1981.4308636): columns by the longest
way that leads there, orders by barycentres, heights by least squares under the room that boxes
need, and lines that pass a column get a place there of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from opir.chemistry.equation import parse_equation
from opir.plots.formulas import typeset

__all__ = [
    "LETTERS",
    "MARK",
    "ROW",
    "Graph",
    "NetworkStep",
    "Node",
    "height",
    "ordered",
    "places",
    "width",
]

ROW = 0.42
"""Height of a row with a box [inch]."""
MARK = 1.32
"""Width of the box of a reaction [inch]."""
_PASS = 0.16
LETTERS = 8.0
"""Size of the name of a species [point]."""
_FRAME = 0.2
_HIDDEN = ("e-", "Li+", "Na+")
_SWEEPS = 24
_STRAIGHT = 4.0
"""How much harder a line is pulled straight where it passes a column."""

Node = tuple[str, ...]
"""``("s", name)``, ``("r", label)`` or ``("pass", ...)``."""


@dataclass(frozen=True)
class NetworkStep:
    """A reaction to draw.

    Attributes:
        label: What it is called in tables beside the picture: ``R1``.
        equation: As :func:`opir.chemistry.parse_equation` reads it.
        found: The spectra need it; else it is one of several that would do, drawn dashed.
        extent: At the end [mmol m-2].
        confidence: 0 to 1.
        onset: In words (``0.81 V``, ``2.1 h``), or empty.
        order: What the colour shows, rising; None where there is no onset.
    """

    label: str
    equation: str
    found: bool
    extent: float
    confidence: float
    onset: str
    order: float | None


class Graph:
    """Ranks of species ``("s", name)`` and reactions ``("r", label)``, and lines between them.

    Attributes:
        rank: Node -> its column, species in even ones and reactions in odd ones.
        routes: Lines, each from a species to a reaction or back, by way of a node in each column
            that it passes (``("pass", ...)``).
        links: The same, from column to column.
        back: Label of a reaction -> products that stand no further on.

    Args:
        steps: The reactions.
        initial: Species that are there from the start, whatever else gives them.
    """

    def __init__(self, steps: Sequence[NetworkStep], initial: Sequence[str]) -> None:
        ordered = sorted(steps, key=lambda s: (s.order is None, s.order or 0.0, s.label))
        sides = {step.label: _sides(step.equation) for step in ordered}
        after: dict[str, set[str]] = {}
        onward: dict[str, list[str]] = {}
        self.back: dict[str, list[str]] = {}
        for label, (reactants, products) in sides.items():
            onward[label] = [
                name
                for name in products
                if name not in initial and not any(_leads(after, name, r) for r in reactants)
            ]
            self.back[label] = [name for name in products if name not in onward[label]]
            for name in reactants:
                after.setdefault(name, set()).update(onward[label])
        depth = {name: 0 for pair in sides.values() for side in pair for name in side}
        for _ in depth:  # longest ways; there are no circles
            for label, (reactants, _) in sides.items():
                reach = 1 + max((depth[name] for name in reactants), default=0)
                for name in onward[label]:
                    depth[name] = max(depth[name], reach)
        shown = {n for label, (left, _) in sides.items() for n in (*left, *onward[label])}
        self.rank: dict[Node, int] = {("s", n): 2 * depth[n] for n in depth if n in shown}
        for label, (reactants, _) in sides.items():
            self.rank["r", label] = 1 + 2 * max((depth[n] for n in reactants), default=0)
        self.routes: list[tuple[Node, ...]] = []
        for label, (reactants, _) in sides.items():
            self.routes += [self._route(("s", name), ("r", label)) for name in reactants]
            self.routes += [self._route(("r", label), ("s", name)) for name in onward[label]]
        self.links = [pair for route in self.routes for pair in pairwise(route)]

    def _route(self, start: Node, end: Node) -> tuple[Node, ...]:
        """From one to the other by way of a place in each rank between them."""
        between = []
        for rank in range(self.rank[start] + 1, self.rank[end]):
            node = ("pass", *start, *end, str(rank))
            self.rank[node] = rank
            between.append(node)
        return (start, *between, end)

    def step_of(self, route: tuple[Node, ...]) -> str:
        """Label of the reaction that a line belongs to."""
        return next(node[1] for node in (route[0], route[-1]) if node[0] == "r")


def _sides(equation: str) -> tuple[list[str], list[str]]:
    numbers = parse_equation(equation)
    shown = [name for name in numbers if name not in _HIDDEN]
    return [n for n in shown if numbers[n] < 0], [n for n in shown if numbers[n] > 0]


def _leads(after: dict[str, set[str]], start: str, end: str) -> bool:
    """Whether one species leads to another."""
    seen, open_ = {start}, [start]
    while open_:
        name = open_.pop()
        if name == end:
            return True
        new = after.get(name, set()) - seen
        seen |= new
        open_ += sorted(new)
    return False


def ordered(graph: Graph) -> list[list[Node]]:
    """Nodes of each rank, from the top, so that few lines cross (barycentres, best of sweeps)."""
    ranks: list[list[Node]] = [[] for _ in range(max(graph.rank.values(), default=-1) + 1)]
    for node, rank in graph.rank.items():
        ranks[rank].append(node)
    best, least = [list(rank) for rank in ranks], _crossings(ranks, graph.links)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in ranks if forward else reversed(ranks):
            place = {n: (i + 0.5) / len(r) for r in ranks for i, n in enumerate(r)}
            toward = {n: [a for a, b in graph.links if b == n] for n in column}
            away = {n: [b for a, b in graph.links if a == n] for n in column}
            near = {n: (toward[n] if forward else away[n]) or [n] for n in column}
            centre = {n: float(np.mean([place[o] for o in near[n]])) for n in column}
            column.sort(key=lambda n: centre[n])
        count = _crossings(ranks, graph.links)
        if count < least:
            best, least = [list(rank) for rank in ranks], count
    return best


def _crossings(ranks: list[list[Node]], links: list[tuple[Node, Node]]) -> int:
    place = {node: (i, j) for i, rank in enumerate(ranks) for j, node in enumerate(rank)}
    total = 0
    for i in range(len(ranks)):
        here = np.array([(place[a][1], place[b][1]) for a, b in links if place[a][0] == i])
        if here.size:
            apart = np.sign(here[:, None] - here[None])
            total += int((apart[..., 0] * apart[..., 1] < 0).sum()) // 2
    return total


def places(
    ranks: list[list[Node]], links: list[tuple[Node, Node]], high: float
) -> dict[Node, float]:
    """Heights [inch]: as near to their neighbours as order and room allow (least squares)."""
    from scipy.optimize import isotonic_regression

    spots: dict[Node, float] = {}
    for rank in ranks:
        spare = (high - sum(height(n) for n in rank)) / max(len(rank), 1)
        y = high
        for node in rank:
            spots[node] = y - (height(node) + spare) / 2
            y -= height(node) + spare
    near: dict[Node, list[tuple[Node, float]]] = {node: [] for node in spots}
    for a, b in links:
        weight = _STRAIGHT ** sum(node[0] == "pass" for node in (a, b))
        near[a].append((b, weight))
        near[b].append((a, weight))
    for sweep in range(_SWEEPS):
        for rank in ranks if sweep % 2 == 0 else reversed(ranks):
            tall = np.array([height(node) for node in rank])
            down = np.concatenate([[0.0], np.cumsum((tall[1:] + tall[:-1]) / 2)])
            wish, weights = np.array([_wish(near[n], spots, spots[n]) for n in rank]).T
            free = isotonic_regression(-wish - down, weights=weights).x
            low, top = -high + tall[0] / 2, -tall[-1] / 2 - down[-1]
            for node, value in zip(rank, np.clip(free, low, top) + down, strict=True):
                spots[node] = -float(value)
    return spots


def _wish(
    near: list[tuple[Node, float]], spots: dict[Node, float], here: float
) -> tuple[float, float]:
    """Where a node is pulled to, and how hard."""
    total = sum(weight for _, weight in near)
    if not near:
        return here, 1.0
    return sum(spots[node] * weight for node, weight in near) / total, total


def height(node: Node) -> float:
    """Room that a node needs from top to bottom [inch]."""
    return _PASS if node[0] == "pass" else ROW


def width(node: Node) -> float:
    """Width of the box of a node [inch]."""
    return _room(node[1]) if node[0] == "s" else MARK if node[0] == "r" else 0.1


@lru_cache(maxsize=1024)
def _room(name: str) -> float:
    """Width of the box of a species [inch]: its name as it is drawn, and the frame around it."""
    from matplotlib.textpath import TextPath

    extent = TextPath((0, 0), typeset(name), size=LETTERS).get_extents()
    return float(extent.x1) / 72 + _FRAME
