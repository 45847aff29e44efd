"""Pictures of pathways: no label hides another, and marks stand where the numbers say."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.transforms import Bbox

from opir.chemistry import library
from opir.errors import ChemistryError
from opir.plots.pathways_evidence import second_way_figure, species_evidence
from opir.plots.pathways_fit import pathways_fit
from opir.plots.pathways_layout import Graph, NetworkStep
from opir.plots.pathways_network import pathways_network
from opir.plots.pathways_timeline import (
    MOST_COURSES,
    Course,
    Span,
    pathways_timeline,
)

TIME = np.linspace(0.0, 36_000.0, 20)
AXIS = np.linspace(1900.0, 800.0, 64)


def step(label: str, equation: str, **changed: object) -> NetworkStep:
    """A reaction that is found, with an onset."""
    fields: dict[str, object] = {"found": True, "extent": 1.0, "confidence": 0.9}
    fields |= {"onset": "0.81 V", "order": float(label[1:])}
    return NetworkStep(label, equation, **(fields | changed))  # type: ignore[arg-type]


def some_steps(number: int, seed: int) -> list[NetworkStep]:
    """Reactions of the library, drawn at random."""
    draw = np.random.default_rng(seed)
    known = library().reactions
    names = draw.choice(list(known), size=number, replace=False)
    return [
        step(f"R{at}", known[name].equation, found=bool(draw.random() < 0.7),
             extent=float(draw.exponential()))
        for at, name in enumerate(names, 1)
    ]  # fmt: skip


def draw(steps: list[NetworkStep]) -> Figure:
    """The network of reactions."""
    return pathways_network(steps, text="a run\nmore", origin="simulated")


def boxes_of(figure: Figure) -> list[Bbox]:
    """Boxes of all species and reactions, on the screen."""
    axes = figure.axes[0]
    FigureCanvasAgg(figure).draw()
    found = [patch.get_window_extent() for patch in axes.patches if isinstance(patch, Rectangle)]
    frames = [text.get_bbox_patch() for text in axes.texts]
    return found + [f.get_window_extent() for f in frames if f is not None]


# -- network --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "seed"), [(3, 0), (8, 1), (14, 2), (25, 3), (25, 4)])
def test_no_box_covers_another_and_none_leaves_the_picture(number: int, seed: int) -> None:
    figure = draw(some_steps(number, seed))
    boxes = boxes_of(figure)
    assert len(boxes) > number
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    whole = figure.bbox
    for box in boxes:
        assert box.x0 >= whole.x0
        assert box.x1 <= whole.x1
        assert box.y0 >= whole.y0
        assert box.y1 <= whole.y1


@pytest.mark.parametrize(("number", "seed"), [(6, 0), (14, 5), (25, 3)])
def test_words_fit_into_the_marks(number: int, seed: int) -> None:
    figure = draw(some_steps(number, seed))
    boxes_of(figure)
    axes = figure.axes[0]
    marks = [p.get_window_extent() for p in axes.patches if isinstance(p, Rectangle)]
    inside = [t for t in axes.texts if "mmol" in t.get_text()]
    assert len(marks) == len(inside) == number
    for mark, text in zip(marks, inside, strict=True):
        words = text.get_window_extent()
        assert mark.x0 <= words.x0
        assert words.x1 <= mark.x1
        assert mark.y0 <= words.y0
        assert words.y1 <= mark.y1


def _dense(points: np.ndarray) -> np.ndarray:
    """Points on a line of straight pieces, close to each other."""
    at = np.linspace(0, len(points) - 1, 40 * len(points))
    return np.stack([np.interp(at, np.arange(len(points)), column) for column in points.T], axis=1)


@pytest.mark.parametrize(("number", "seed"), [(8, 1), (25, 3)])
def test_lines_run_through_no_mark(number: int, seed: int) -> None:
    figure = draw(some_steps(number, seed))
    axes = figure.axes[0]
    marks = [p.get_bbox() for p in axes.patches if isinstance(p, Rectangle)]
    for line in axes.patches:
        if not isinstance(line, FancyArrowPatch):
            continue
        points = _dense(line._path_original.to_polygons(closed_only=False)[0])
        for mark in marks:
            within = (
                (points[:, 0] > mark.x0 + 0.02) & (points[:, 0] < mark.x1 - 0.02)
                & (points[:, 1] > mark.y0 + 0.02) & (points[:, 1] < mark.y1 - 0.02)
            )  # fmt: skip
            assert not within.any()


@pytest.mark.parametrize("seed", range(6))
def test_reactants_stand_left_and_products_right_of_a_mark(seed: int) -> None:
    steps = some_steps(20, seed)
    graph = Graph(steps, ())
    for route in graph.routes:
        ranks = [graph.rank[node] for node in route]
        assert ranks == list(range(ranks[0], ranks[0] + len(ranks)))
    ends = {(route[0], route[-1]) for route in graph.routes}
    for one in steps:
        numbers = library().reactions
        known = next(r for r in numbers.values() if r.equation == one.equation)
        for name, count in known.stoichiometry.items():
            if name in ("e-", "Li+", "Na+"):
                continue
            mark = ("r", one.label)
            if count < 0:
                assert (("s", name), mark) in ends
            else:
                assert ((mark, ("s", name)) in ends) != (name in graph.back[one.label])


def test_a_circle_of_reactions_is_cut_where_the_later_one_closes_it() -> None:
    graph = Graph([step("R2", "LEDC -> EC"), step("R1", "EC -> LEDC")], ())
    assert graph.back == {"R1": [], "R2": ["EC"]}
    text = " ".join(t.get_text() for t in draw([step("R1", "EC -> LEDC"),
                                               step("R2", "LEDC -> EC")]).axes[0].texts)  # fmt: skip
    assert "+EC" in text


def test_a_later_product_stands_behind_all_that_lead_to_it() -> None:
    steps = [step("R1", "EC -> LEDC"), step("R2", "EC -> Li2CO3"), step("R3", "LEDC -> Li2CO3")]
    rank = Graph(steps, ()).rank
    assert (rank["s", "EC"], rank["s", "LEDC"], rank["s", "Li2CO3"]) == (0, 2, 4)
    assert Graph(steps, ("Li2CO3",)).rank["s", "EC"] == 0
    assert Graph(steps, ("Li2CO3",)).back["R2"] == ["Li2CO3"]


def test_lines_are_as_wide_as_the_extent_and_dashed_where_only_possible() -> None:
    figure = draw([step("R1", "EC -> LEDC"), step("R2", "EMC -> LMC", extent=0.25, found=False)])
    lines = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    solid = [line for line in lines if line.get_linestyle() in ("-", "solid")]
    dashed = [line for line in lines if line not in solid]
    assert len(solid) == len(dashed) == 2
    assert min(p.get_linewidth() for p in solid) > max(p.get_linewidth() for p in dashed)


def test_nothing_found_is_said() -> None:
    assert "No reaction was found." in [t.get_text() for t in draw([]).axes[0].texts]


def test_what_is_no_equation_is_refused() -> None:
    with pytest.raises(ChemistryError, match="not an equation"):
        draw([step("R1", "EC gives LEDC")])


# -- timeline -------------------------------------------------------------------------------------


def course(name: str, last: float, onset: float | None = 9000.0, **changed: str) -> Course:
    """An amount that rises in a straight line."""
    line = last * TIME / TIME[-1]
    limits = None if onset is None else (onset, onset - 1800, onset + 3600)
    return Course(name, line, line - 0.1, line + 0.1, limits, **changed)


def timeline(courses: list[Course], spans: list[Span] = [], voltage: bool = True) -> Figure:  # noqa: B006
    """The timeline of these."""
    values = np.linspace(3.0, 0.1, TIME.size) if voltage else None
    return pathways_timeline(TIME, values, courses, spans, text="a run\nmore", origin="forecast")


def words(figure: Figure) -> list[str]:
    """All texts of all panels."""
    return [t.get_text() for axes in figure.axes for t in axes.texts]


@pytest.mark.parametrize("values", [None, np.full(TIME.size, np.nan)])
def test_a_missing_voltage_is_said(values: np.ndarray | None) -> None:
    figure = pathways_timeline(TIME, values, [course("A", 1.0)], [], text="t", origin="measured")
    assert "no voltage recorded" in words(figure)
    assert "no voltage recorded" not in words(timeline([course("A", 1.0)]))


def test_onsets_lie_on_their_course_with_their_interval() -> None:
    panel = timeline([course("A", 4.0)]).axes[1]
    point = next(line for line in panel.lines if line.get_marker() == "o")
    assert point.get_xdata()[0] == pytest.approx(2.5)  # 9000 s, in hours
    assert point.get_ydata()[0] == pytest.approx(1.0)
    bar = next(line for line in panel.lines if line.get_linewidth() == 3.0)
    assert list(bar.get_xdata()) == pytest.approx([2.0, 3.5])


def test_what_forms_and_what_is_used_up_and_other_units_stand_apart() -> None:
    figure = timeline([course("A", 1.0), course("B", -5.0), course("C", 2.0, unit="own units")])
    drawn = [[t.get_text() for t in axes.get_legend().get_texts()] for axes in figure.axes[1:-1]]
    assert drawn == [["A"], ["B"], ["C"]]
    assert "own units" in figure.axes[3].get_ylabel()


def test_courses_that_are_left_out_are_counted() -> None:
    figure = timeline([course(f"S{n}", 1.0 + n) for n in range(MOST_COURSES + 2)])
    panel = figure.axes[1]
    assert "2 smaller ones" in panel.get_title("left")
    labels = [t.get_text() for t in panel.get_legend().get_texts()]
    assert labels == [f"S{n}" for n in range(MOST_COURSES + 1, 1, -1)]


def test_reactions_have_a_row_each_from_onset_to_end() -> None:
    spans = [
        Span("R1", (3600.0, 1800.0, 5400.0), 18_000.0, True, "1 mmol m⁻²"),
        Span("R2", None, 18_000.0, False),
    ]
    figure = timeline([course("A", 1.0)], spans)
    panel = figure.axes[-1]
    bars = [p for p in panel.patches if isinstance(p, Rectangle)]
    assert [(b.get_x(), b.get_width()) for b in bars] == [(pytest.approx(1.0), pytest.approx(4.0))]
    assert [t.get_text() for t in panel.get_yticklabels()] == ["R1", "R2"]
    assert "no onset" in words(figure)
    assert "forecast" in words(figure)
    assert "no reaction was found" in words(timeline([course("A", 1.0)]))


# -- fit ------------------------------------------------------------------------------------------


def fit(parts: dict[str, np.ndarray], left: float = 0.0, noise: float = 1e-3) -> Figure:
    """Change of one band with a fit that leaves something."""
    band = np.exp(-(((AXIS - 1650.0) / 20.0) ** 2))
    fitted = np.outer(TIME / TIME[-1], band)
    return pathways_fit(AXIS, TIME, fitted + left, fitted, parts, noise=noise, text="a run",
                        origin="simulated")  # fmt: skip


def test_change_and_fit_share_a_scale_and_the_rest_has_no_smaller_one_than_noise() -> None:
    maps = [c for axes in fit({}).axes for c in axes.collections if hasattr(c, "get_clim")]
    limits = [c.get_clim() for c in maps if c.get_array() is not None and c.get_array().ndim == 2]
    assert limits[0] == limits[1]
    assert limits[0][0] == -limits[0][1]
    assert limits[2] == pytest.approx((-4e-3, 4e-3))


def test_the_last_frame_is_shown_with_all_its_parts() -> None:
    parts = {f"S{n}": np.full(AXIS.size, 10.0 - n) for n in range(12)}
    parts["baseline"] = np.zeros(AXIS.size)
    figure = fit(parts, left=0.5)
    panel = next(a for a in figure.axes if "Last frame" in a.get_title("left"))
    lines = {line.get_label(): line for line in panel.lines}
    shown = [line.get_ydata() for name, line in lines.items() if str(name).startswith("S")]
    rest = lines["6 smaller ones together"].get_ydata()
    assert np.sum([*shown, rest], axis=0) == pytest.approx(sum(parts.values()))
    assert "baseline" in lines
    assert lines["simulated change"].get_ydata() - lines["fit"].get_ydata() == pytest.approx(0.5)


def test_the_evidence_is_the_change_less_all_others() -> None:
    part, others = np.sin(AXIS), np.cos(AXIS)
    left = 0.01 * np.ones(AXIS.size)
    figure = species_evidence(AXIS, part + others + left, part + others, part, [1650.0, 3000.0],
                              noise=1e-3)  # fmt: skip
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert lines["change less all others"] == pytest.approx(part + left)
    assert lines["this species"] == pytest.approx(part)
    marks = [x for x in figure.axes[0].lines if x.get_linestyle() == ":"]
    assert len(marks) == 1  # the other band lies outside of the axis


def test_components_have_a_line_each() -> None:
    spectra, amounts = np.ones((3, AXIS.size)), np.ones((TIME.size, 3))
    figure = second_way_figure(AXIS, TIME, spectra, amounts, ["1", "2", "3"])
    assert [line.get_label() for line in figure.axes[1].lines] == ["1", "2", "3"]


def test_importing_draws_in_no_matplotlib() -> None:
    code = (
        "import sys, opir.plots.pathways_network, opir.plots.pathways_timeline\n"
        "import opir.plots.pathways_fit, opir.plots.pathways_evidence\n"
        "import opir.workflows.pathways_batch\n"
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
