"""The report: every row is there, sorted by value, and nothing is asked of a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import wilcoxon

from opir.bench.report.page import number, shade, table
from opir.bench.report.report import command_of
from opir.bench.report.tables import INTERVALS, SHOWN
from opir.bench.results.breakdown import breakdown, error_map
from opir.bench.results.cells import collect
from opir.bench.results.paired import holm, paired_tests
from opir.bench.results.record import write_result
from opir.errors import OptionError, OutputExistsError
from opir.workflows.bench_report import bench_report

RUNS, FRAMES, POINTS = 12, 5, 30
ERRORS = {"good": 1e-3, "middle": 2e-3, "persistence": 4e-3, "oracle-floor": 0.5e-3}
BROKEN = "the model raised ZeroDivisionError: <b>no</b> number."


def result(directory: Path, model: str, size: float, seed: int = 0, **changes: Any) -> None:
    random = np.random.default_rng([seed, len(model)])
    mae = size * (1 + 0.1 * random.random(RUNS))
    record = {
        "task": "random", "task_title": "Random split", "task_version": 1, "fold": "all",
        "model": model, "seed": seed, "status": "done", "error": None, "settings": {},
        "sees": ["spectrum"], "options": {"rank": 4}, "budget_seconds": 10.0,
        "code": {"version": "9.9", "source_hash": "sha256:abcdef", "commit": None},
        "machine": {"processor": "slide rule", "cores": 2, "libraries": {"numpy": "2"}},
        "data": {"main": "sha256:feed"}, "origin": "simulated", "notes": [], "runs": RUNS,
        "train_runs": 50, "training_seconds": 1.5, "forecast_milliseconds": 0.2,
        "parameters": 10, "steps": 7, "memory_bytes": 2_000_000, "energy_joule": None,
        "scores": {"mae": float(mae.mean()), "coverage-90": 0.8},
        "by_lead": {"mae": {"below 0.1 h": size, "0.1 to 0.3 h": 2 * size}},
        "by_band": {"mae": {"800 to 1200 cm-1": size, "1200 to 1900 cm-1": size}},
        "by_system": {"mae": {"one": size, "two": size}},
    } | changes  # fmt: skip
    spectra = size * random.random((2, FRAMES, POINTS)).astype(np.float32)
    ids = np.array([f"run-{number:02d}" for number in range(RUNS)])
    arrays = {
        "id": ids, "system": np.array(["one", "two"] * (RUNS // 2)), "block": np.arange(RUNS),
        "metric/mae": mae, "metric/coverage-90": np.full(RUNS, 0.8),
        "error_map": np.full((FRAMES, POINTS), size),
        "wavenumber": np.linspace(800, 1900, POINTS), "example_id": ids[:2],
        "example_time": np.tile(np.arange(1.0, FRAMES + 1) * 600, (2, 1)),
        "example_given": np.zeros((2, POINTS), np.float32), "example_target": spectra,
        "example_forecast": spectra + np.float32(size),
    }  # fmt: skip
    write_result(directory, record, arrays if record["status"] == "done" else {})


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    for model, size in ERRORS.items():
        result(out, model, size)
    result(out, "good", 1.1e-3, seed=1)
    result(out, "mine", 3e-3, submitted=True, sees=None, budget_seconds=None)
    result(out, "broken", 0, status="failed", error=BROKEN, scores={})
    return out


@pytest.fixture(scope="module")
def html(directory: Path) -> str:
    return bench_report(directory, directory / "report.html").read_text(encoding="utf-8")


class Tables(HTMLParser):
    """Rows of every table as lists of (text, value to sort by), and addresses on the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[list[Any]]]] = []
        self.asked: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.asked += [found[n] or "" for n in ("src", "href", "action", "data") if n in found]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(["", found.get("data-v")])
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1][0] += data


def test_nothing_is_asked_of_a_network(html: str) -> None:
    assert "http" not in html.replace("http-equiv", "")
    assert "//" not in re.sub(r"base64,[^\"]+|^// .*$", "", html, flags=re.MULTILINE)
    asked = Tables(html).asked
    assert asked
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in asked)
    assert "default-src 'none'" in html
    assert "@import" not in html
    assert "url(" not in html


def test_every_row_is_there_with_its_value(html: str, directory: Path) -> None:
    section = collect(directory).sections[0]
    _, scores, cost, *_ = Tables(html).tables
    rows = {row[0][1]: row for row in scores if row[0][1]}
    assert set(rows) == {*ERRORS, "mine"}
    assert "submitted, no budget" in rows["mine"][0][0]
    mae = [cell[0] for cell in scores[0]].index("MAE\n/ 10⁻³")
    for model, row in rows.items():
        values = section.cells[model].values("mae")
        assert values is not None
        assert float(row[mae][1]) == pytest.approx(1e3 * values.values.mean())
        assert row[mae][0].startswith(f"{1e3 * values.values.mean():.3f} [")
    # What is not a number has nothing to be sorted by, so that it comes last.
    energy = [cell[0] for cell in cost[0]].index("Energy\n/ J")
    assert {row[0][1] for row in cost[1:]} == set(rows)
    assert all(row[energy] == ["–", None] for row in cost[1:])
    assert scores[-1][0][0] == f"broken: 0 of 1 results are there; failed: {BROKEN}"
    assert "<b>no</b>" not in html


def test_simulated_data_is_said_at_every_table_and_picture(html: str) -> None:
    assert len(re.findall("<table", html)) >= 7
    captions = re.findall(r'<p class="soft">([^<]*)</p><div class="scroll"[^>]*><table', html)
    assert len(captions) == len(re.findall("<table", html))
    assert all("simulated data" in text for text in captions[1:])
    assert Tables(html).tables[0][0][1][0] == "random\n(simulated)"
    pictures = re.findall(r'<img alt="([^"]*)"', html)
    assert len(pictures) == 4
    assert all("simulated data" in text for text in pictures)


def test_it_says_how_it_was_made(html: str) -> None:
    for text in ("opir 9.9, source sha256:abcdef", "sha256:feed", "slide rule", "10 s of processor",
                 "good: {&quot;rank&quot;: 4}"):  # fmt: skip
        assert text in html


def test_the_command_is_made_from_the_note() -> None:
    note = {"tasks": {"random": {}, "low-data": {}}, "budget_seconds": 30.0, "size": "full",
            "seeds": {"gru": [0, 1, 2], "ridge": [0], "noise-floor": [0]}}  # fmt: skip
    assert command_of(note) == (
        "opir bench run --task random,low-data --models gru,ridge,floors --budget 30s --seeds 3 "
        "-o DIR"
    )
    assert command_of({}) == ""
    assert command_of(note | {"command": "typed"}) == "typed"


def test_tests_are_those_of_scipy_and_holm(directory: Path) -> None:
    section = collect(directory).sections[0]
    best, tests = paired_tests(section)
    assert best is not None
    assert best.model == "good"
    assert [test.model for test in tests] == ["middle", "mine", "persistence"]
    good, middle = (section.cells[name].values("mae") for name in ("good", "middle"))
    assert good is not None
    assert middle is not None
    expected = wilcoxon(middle.values, good.values).pvalue
    assert tests[0].p == pytest.approx(expected)
    assert (tests[0].runs, tests[0].worse) == (RUNS, 1.0)
    assert tests[0].p_holm == pytest.approx(3 * expected)
    # The example of Holm's procedure worked by hand: 0.01 x 4, 0.02 x 3, 0.03 x 2, then no less.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_parts_of_the_error_are_means_over_seeds(directory: Path) -> None:
    cell = collect(directory).sections[0].cells["good"]
    assert breakdown(cell, "by_lead")["0.1 to 0.3 h"] == pytest.approx(2.1e-3)
    values = cell.values("mae")
    assert values is not None
    assert breakdown(cell, "by_system")["one"] == pytest.approx(values.values[::2].mean())
    found = error_map(cell)
    assert found is not None
    assert found[0] == pytest.approx(np.full((FRAMES, POINTS), 1.05e-3))


def test_numbers_and_shades() -> None:
    assert number(None).text == "–"
    assert number(0.000123456).text == "0.000123"
    assert number(1_234_567, digits=6).text == "1 234 567"
    assert shade(0, 0, 1) == "rgb(255,255,255)"
    assert shade(5, 0, 1) == shade(1, 0, 1) == "rgb(120,180,220)"
    assert "&lt;x&gt;" in table(["<x>"], [], caption="<x>")


def test_the_scores_are_tables_no_wider_than_a_screen(tmp_path: Path) -> None:
    scores = dict.fromkeys((*SHOWN, *INTERVALS), 0.5)
    for model in ("good", "persistence", "oracle-floor"):
        result(tmp_path, model, 1e-3, scores=scores)
        path = tmp_path / f"results/random/all/{model}/seed-0.npz"
        found = dict(np.load(path, allow_pickle=False))
        found |= {f"metric/{name}": np.full(RUNS, 0.5) for name in scores if name != "mae"}
        np.savez(path, **found | {"metric/dtw": np.linspace(1e-4, 3e-4, RUNS)})
    html = bench_report(tmp_path, tmp_path / "report.html").read_text(encoding="utf-8")
    tables = Tables(html).tables
    assert max(len(table[0]) for table in tables) <= 12
    heads = [cell[0].partition("\n")[0] for table in tables[1:4] for cell in table[0]]
    assert {"MAE", "Above oracle", "Streams R2 (higher is better)", "Training"} <= set(heads)
    assert len(heads) == 3 * 2 + len(SHOWN) + 1 + 8
    # Small numbers have a power of ten at the head in place of one in each cell, and three digits.
    dtw = [cell[0] for cell in tables[1][0]].index("DTW\n/ 10⁻⁶")
    assert tables[1][1][dtw][0].startswith("200 [")
    assert tables[1][1][tables[1][0].index(["DILATE", None])][0] == "0.500 [0.500, 0.500]"


def rules(package: str, name: str) -> list[tuple[str, str, str]]:
    """Medium, selector and declaration of every rule of a style sheet, one by one."""
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found, medium = [], ""
    for before, mark, inside in re.findall(r"([^{};]*)(?:(\{)([^{}]*)\}|[{;])|\}", text):
        head = " ".join(before.split())
        if not mark and head:
            medium = head
        elif mark:
            lines = [" ".join(line.split()) for line in inside.split(";")]
            found += [(medium, one.strip(), line) for one in head.split(",") for line in lines
                      if line]  # fmt: skip
        else:
            medium = ""
    return found


PRINT, SMALL = "@media print", "@media (max-width: 640px)"


def test_the_page_has_rules_for_small_screens_and_paper(html: str) -> None:
    found = rules("opir.bench.report", "page.css")
    assert {medium for medium, *_ in found} == {"", PRINT, SMALL}
    for rule in (
        # Only boxes scroll sideways: long words break, and the first column leaves room.
        ("", ".scroll", "overflow-x: auto"),
        ("", ".soft", "overflow-wrap: anywhere"),
        ("", "pre", "overflow-wrap: anywhere"),
        ("", "td:first-child", "position: sticky"),
        ("", ".numbers th button", "max-width: 8em"),
        ("", ".stacked td small", "display: block"),
        (SMALL, ".numbers td:first-child", "max-width: 9.5em"),
        # Nothing is cut off on paper, and heads are repeated with their words.
        (PRINT, "@page", "size: landscape"),
        (PRINT, ".scroll", "overflow: visible"),
        (PRINT, "th", "white-space: normal"),
        (PRINT, "td:first-child", "position: static"),
        (PRINT, "thead", "display: table-header-group"),
        (PRINT, "th button", "display: contents"),
        (PRINT, "details::details-content", "content-visibility: visible"),
    ):
        assert rule in found
    assert "beforeprint" in html
    assert '<div class="scroll" role="group" aria-label="Scores (simulated data)">' in html
    assert html.count('<table class="stacked numbers">') == html.count("<table")
    assert html.count('<figure class="scroll"><img') == html.count("<img")
    assert f"<span>broken: 0 of 1 results are there; failed: {BROKEN[:5]}" in html


def test_no_rule_is_written_for_both_kinds_of_pages() -> None:
    common = rules("opir.bench.report", "page.css")
    own = rules("opir.workflows", "web_page.css")
    for found in (common, own):
        assert len(set(found)) == len(found)
    assert not set(common) & set(own)
    assert ("@media print", "@page", "size: auto") in own


def test_the_page_is_not_overwritten_unasked(directory: Path, html: str) -> None:
    with pytest.raises(OutputExistsError):
        bench_report(directory, directory / "report.html")
    with pytest.raises(OptionError, match="html"):
        bench_report(directory, directory / "report.pdf")
