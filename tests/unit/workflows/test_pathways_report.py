"""The page, tables and files of pathways that were made by hand."""

from __future__ import annotations

import base64
import csv
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from matplotlib.text import Text

from opir.errors import OutputExistsError
from opir.workflows import pathways_files, pathways_report, pathways_tables
from opir.workflows.pathways_files import ENDINGS, write_files
from opir.workflows.pathways_pictures import network_picture
from opir.workflows.pathways_report import report_page
from opir.workflows.pathways_words import labels_of, summary, table_lines
from opir.workflows.web_page import prose
from tests.unit.workflows.pathways_by_hand import pathways

PNG = {"network": b"1", "timeline": b"2", "fit": b"3"}
PICTURES = [(pathways_files, f"{name}_picture") for name in PNG]
PICTURES += [(pathways_tables, "species_evidence"), (pathways_report, "second_way_figure")]


def small_picture(*_: Any, **__: Any) -> Figure:
    """In place of the pictures, which take a second to draw and have tests of their own."""
    return Figure(figsize=(0.1, 0.1))


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in PICTURES:
        monkeypatch.setattr(module, name, small_picture)


# -- page -----------------------------------------------------------------------------------------


def test_the_page_asks_nothing_of_a_network_and_all_its_links_lead_somewhere() -> None:
    text = report_page(pathways(), PNG)
    assert "://" not in text
    assert not re.search(r"<(link|iframe|object|script src)", text)
    assert all(source.startswith("data:image/png;base64,") for source in
               re.findall(r'src="([^"]*)"', text))  # fmt: skip
    places = set(re.findall(r'id="([^"]*)"', text))
    links = re.findall(r'href="([^"]*)"', text)
    assert len(places) == len(re.findall(r'id="', text))
    assert links
    assert {link[1:] for link in links} <= places
    assert all(link.startswith("#") for link in links)


def test_every_claim_leads_to_bands_and_frames() -> None:
    found = pathways()
    text = report_page(found, PNG)
    parts = re.split(r'(?=<h4 id=")', text.replace("\N{NO-BREAK SPACE}", " "))
    by_place = {m[1]: part for part in parts if (m := re.match(r'<h4 id="([^"]*)"', part))}
    for label, one in labels_of(found).items():
        part = by_place[f"reaction-{label}"]
        for name in one.species:
            place = re.search(rf'href="#(species-\d)">{re.escape(prose(name))}</a>', part)
            assert place
            assert "C=O stretch" in by_place[place[1]]
    assert "frames 10 to 39 (2.56 to 10 h)" in by_place["species-0"]
    assert "1650" in by_place["species-0"]
    assert "library 1652" in by_place["species-0"]
    assert 'href="#reaction-R1"' in by_place["reaction-R2"]  # what could stand in its place


def test_contents_name_the_sections_in_their_order_and_headings_skip_no_level() -> None:
    text = report_page(pathways(), PNG)
    contents = re.findall(r'href="#([^"]*)"', text.partition("</nav>")[0])
    assert contents == re.findall(r'<h2 id="([^"]*)"', text)
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert '<html lang="en">' in text
    assert all(re.findall(r'<img alt="([^"]*)"', text))
    assert len(re.findall("<img", text)) == len(re.findall('<img alt="', text))


def test_the_summary_has_what_is_found_before_what_is_possible_and_folds_the_unlikely() -> None:
    steps = list(pathways().reactions)
    steps[1] = replace(steps[1], confidence=0.3)
    for items, folded in ((pathways().reactions, False), (tuple(steps), True)):
        said = report_page(replace(pathways(), reactions=items), PNG)
        said = said.split('<h2 id="')[1]
        found, possible = said.split("<h3>Possible</h3>")
        assert set(re.findall(r'href="#(reaction-R\d)"', found)) == {"reaction-R1", "reaction-R3"}
        before, mark, after = possible.partition("<details><summary>")
        assert bool(mark) == folded
        assert 'href="#reaction-R2">R2</a>' in (after if folded else before)


def test_species_that_the_spectra_do_not_ask_for_are_folded_and_can_still_be_reached() -> None:
    weak = replace(pathways().species[2], gain=-5.0)
    text = report_page(replace(pathways(), species=(*pathways().species[:2], weak)), PNG)
    first, folded = text.split("1 species that the spectra by themselves do not ask for")
    assert 'id="species-1"' in first
    assert 'id="species-2"' not in first
    assert 'id="species-2"' in folded
    assert 'href="#species-2"' in first


def test_sets_that_cannot_be_told_apart_lead_to_their_reactions() -> None:
    twins = (pathways().species[0], replace(pathways().species[1], name="LMC", twins=("LEDC",)))
    text = report_page(replace(pathways(), species=twins), PNG)
    apart = text.split('id="apart"')[1].partition("<h2")[0]
    assert '<a href="#reaction-R1">R1 (ec-to-ledc)</a>' in apart
    assert '<a href="#reaction-R2">R2 (emc-to-lmc)</a>' in apart
    assert apart.count("would be explained as well by") == 1  # said once, not from both sides


def test_without_a_voltage_no_column_stands_empty() -> None:
    assert "onset\n/ V" in report_page(pathways(), PNG)
    assert "onset\n/ V" not in report_page(pathways(voltage=False), PNG)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("simulated", "a simulated run: nothing of it was measured"),
        ("forecast", "a forecast run: what a model expects, not what was measured"),
        ("measured", "a measured run."),
    ],
)
def test_the_head_and_the_title_say_where_the_spectra_come_from(origin: str, said: str) -> None:
    text = report_page(pathways(origin=origin), PNG)
    assert said in text.partition("</header>")[0]
    assert f"<title>Pathways: made by hand (origin {origin})</title>" in text


def test_many_statements_on_the_order_are_folded() -> None:
    event = pathways().events[0]
    text = report_page(replace(pathways(), events=9 * (event,)), PNG)
    assert "<summary>3 more</summary>" in text
    assert "<summary>3 more" not in report_page(pathways(), PNG)


def test_a_learned_component_is_not_said_to_form() -> None:
    one = replace(pathways().species[0], name="learned 1", title="learned component 1, not in the "
                  "library", source="learned", bands=())  # fmt: skip
    text = report_page(replace(pathways(), species=(one,)), PNG)
    part = text.split('<h4 id="species-0">')[1].partition("<h2")[0]
    assert part.startswith("learned component 1, not in the library</h4><p>Changes; sets in")
    assert "It is no species of the library" in part


def test_texts_are_escaped_and_remarks_and_origin_shown() -> None:
    hostile = replace(pathways(), title="<script>alert(1)</script>")
    text = report_page(hostile, PNG)
    assert "<script>alert" not in text
    assert "A remark with &lt;angle&gt; &amp; ampersand." in text
    assert '<span class="origin">simulated</span>' in text
    assert '<span class="origin measured">' in report_page(pathways(origin="measured"), PNG)


def test_what_is_not_needed_is_folded_away_and_not_drawn() -> None:
    text = report_page(pathways(), PNG)
    before, folded = text.split("1 reaction that is not needed")
    assert "lmc-dissolves" not in before
    assert "lmc-dissolves" in folded
    marks = [t.get_text() for t in network_picture(pathways()).axes[0].texts]
    assert sum("mmol" in mark for mark in marks) == 3


def test_numbers_that_are_none_become_dashes() -> None:
    one = replace(pathways().reactions[0], held_out=float("nan"), gain=float("inf"), onset=None)
    text = report_page(replace(pathways(), reactions=(one,), species=()), PNG)
    shown = re.sub(r'src="[^"]*"', "", text).partition("<script>")[0]
    assert not re.search(r"\bnan\b", shown)
    assert "<td>inf" not in text


def test_a_run_in_which_nothing_is_found_gives_a_page_too() -> None:
    empty = replace(pathways(), species=(), reactions=(), second_way=None, events=(), parts={})
    assert "No species was seen to change." in report_page(empty, PNG)
    assert "No reaction was found." in table_lines(empty)
    assert summary(empty)[0].endswith("no reaction found.")
    assert "<h3>Found</h3>" not in report_page(empty, PNG)


def test_possible_reactions_of_next_to_no_extent_are_counted_and_not_drawn() -> None:
    one = next(one for one in pathways().reactions if one.status == "possible")
    tiny = replace(one, name="tiny", extent=1e-6 * one.extent)
    found = replace(pathways(), reactions=(*pathways().reactions, tiny))
    texts = [t.get_text() for t in network_picture(found).findobj(Text)]
    assert sum("mmol" in text for text in texts) == 3
    assert any("1 possible one below 0.1 %" in text for text in texts)
    assert "tiny" in "".join(table_lines(found))


def test_the_summary_tells_what_the_spectra_ask_for_from_what_only_follows() -> None:
    seen, other = pathways().species[:2]
    said = summary(
        replace(
            pathways(),
            species=(replace(seen, gain=50.0, grows=True), replace(other, gain=-5.0, name="X")),
        )
    )
    assert f"{seen.name} forms." in said
    assert any(text.startswith("X may change, too") for text in said)
    behind = pathways().found[0].species[0]
    weak = summary(replace(pathways(), species=(replace(seen, gain=-5.0, name=behind),)))
    assert f"{behind} forms." in weak  # a reaction that is found makes it


def test_the_second_way_stands_beside_with_what_it_agrees_in() -> None:
    text = report_page(pathways(), PNG)
    assert "counts 2 components" in text
    assert "LEDC (0.98), LMC (0.91)" in text
    assert "Also among the nearest of a component: LEDC, Li<sub>2</sub>CO<sub>3</sub>." in text


def test_what_a_forecast_says_itself_stands_beside_what_was_recovered() -> None:
    text = report_page(pathways(), PNG, {"LEDC": 1.125, "ec-to-ledc": 1.375})
    assert "forecast&#x27;s own" in text
    assert 'data-v="1.125"' in text
    assert 'data-v="1.375"' in text
    assert '<td data-v="1.125">1.12 <small>outside</small></td>' in text  # 1.9 to 2.1
    within = report_page(pathways(), PNG, {"LEDC": 2.0})
    assert "<small>outside</small>" not in within
    assert "forecast&#x27;s own" not in report_page(pathways(), PNG)


# -- words ----------------------------------------------------------------------------------------


def test_tables_say_onsets_in_volts_where_they_are_known_and_in_hours() -> None:
    lines = table_lines(pathways())
    assert any("2.26 V (2.11 to 2.41 V), 2.56 h (2.05 to 3.08 h)" in line for line in lines)
    without = table_lines(pathways(voltage=False))
    assert not any(" V (" in line for line in without)
    assert any("2.56 h (2.05 to 3.08 h)" in line for line in without)


def test_labels_count_what_is_found_or_possible() -> None:
    labels = labels_of(pathways())
    assert list(labels) == ["R1", "R2", "R3"]
    assert [one.status for one in labels.values()] == ["found", "possible", "found"]
    assert "2 reactions found, 1 more possible" in summary(pathways())[0]


# -- files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "out"
    write_files(pathways(), folder, "x")
    return folder


def test_all_files_are_written_and_pictures_are_those_of_the_page(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == sorted(f"x{e}" for e in ENDINGS)
    page = (written / "x-pathways.html").read_text(encoding="utf-8")
    for name in ("network", "timeline", "fit"):
        png = (written / f"x-{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert base64.b64encode(png).decode() in page


def test_json_and_tables_hold_the_numbers(written: Path) -> None:
    found = pathways()
    saved = json.loads((written / "x-pathways.json").read_text(encoding="utf-8"))
    assert saved == json.loads(json.dumps(found.to_json()))
    with (written / "x-species.csv").open(encoding="utf-8", newline="") as file:
        species = list(csv.DictReader(file))
    assert [row["name"] for row in species] == ["LEDC", "Li2CO3", "EC"]
    onset = found.species[0].onset
    assert onset is not None
    assert float(species[0]["onset_time_s"]) == pytest.approx(onset.time)
    assert float(species[0]["onset_potential_lower_V"]) == pytest.approx(onset.potential_lower)
    with (written / "x-reactions.csv").open(encoding="utf-8", newline="") as file:
        reactions = list(csv.DictReader(file))
    assert [row["status"] for row in reactions] == ["found", "possible", "found", "not needed"]
    assert reactions[3]["onset_time_s"] == ""
    table = np.genfromtxt(written / "x-courses.csv", delimiter=",", skip_header=1)
    assert table.shape[0] == found.time.size
    assert table[:, 0] == pytest.approx(found.time)
    assert table[:, 2] == pytest.approx(found.species[0].amount, rel=1e-9)


def test_nothing_is_overwritten_unasked_and_nothing_half_written(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputExistsError):
        write_files(pathways(), written, "x")

    def fails(*_: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(pathways_files, "report_page", fails)
    with pytest.raises(RuntimeError):
        write_files(pathways(), tmp_path / "out", "x")
    assert not (tmp_path / "out").exists()
