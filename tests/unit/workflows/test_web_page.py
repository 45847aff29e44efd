"""Parts of the pages of a run: text, tables, pictures."""

from __future__ import annotations

import re
import struct

import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from opir.bench.report.page import Row
from opir.plots.formulas import pieces, typeset
from opir.workflows.web_page import (
    Words,
    figure_part,
    image,
    prose,
    quantity_cell,
    table,
    web_page,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("EC + 2 Li+ + 2 e- -> Li2CO3 + C2H4", "EC + 2 Li⁺ + 2 e⁻ → Li₂CO₃ + C₂H₄"),
        ("PF6- + 2 H2O -> PO2F2- + 4 HF", "PF₆⁻ + 2 H₂O → PO₂F₂⁻ + 4 HF"),
        ("EMC -> LMC + 1/2 C4H10", "EMC → LMC + 1/2 C₄H₁₀"),
        ("EC -> (LiOCH2)2 + CO", "EC → (LiOCH₂)₂ + CO"),
        ("LiOCH3(dissolved), O2, N2", "LiOCH₃(dissolved), O₂, N₂"),
    ],
)
def test_formulas_are_set_as_they_are_printed(text: str, shown: str) -> None:
    assert typeset(text) == shown


@pytest.mark.parametrize(
    "text",
    ["G2", "LEDC", "ec-to-li2co3", "R13", "C/10", "NMC622", "LP57", "S38 EC 1856", "poly(VC)",
     "learned 1", "0.90 V", "C-O-C", "Component 2", "LEC(dissolved)"],
)  # fmt: skip
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert typeset(text) == text
    assert pieces(text) == [(text, "")]


def test_prose_is_escaped_and_units_stay_with_their_numbers() -> None:
    assert prose("<b> & CO2") == "&lt;b&gt; &amp; CO<sub>2</sub>"
    assert prose("PF6- at 1399 cm-1") == "PF<sub>6</sub><sup>−</sup> at 1399\N{NO-BREAK SPACE}cm⁻¹"
    assert prose("6 (5 to 7) mmol m-2") == ("6 (5 to 7)\N{NO-BREAK SPACE}mmol\N{NO-BREAK SPACE}m⁻²")
    assert prose("-0.2 to 8.34e-05") == "−0.2 to 8.34×10⁻⁵"
    assert prose("1390-1400 and a V") == "1390-1400 and a V"


def test_vibrations_have_their_greek_letters() -> None:
    cell = Words("nu_s CO2 / nu3 P-F", vibration=True)
    assert cell.html() == (
        '<td class="words">ν<sub>s</sub> CO<sub>2</sub> / ν<sub>3</sub> P-F</td>'
    )


def test_a_table_has_words_at_the_left_and_numbers_that_sort() -> None:
    rows = [Row([Words("CO2", "CO2", target="x"), quantity_cell(-1e-9, small="-2 to 0")])]
    text = table(["Species", "amount"], rows, caption="Of these. And more.", stacked=True)
    assert re.findall(r'<th scope="col" class="(.*?)">', text) == ["words", ""]
    assert '<td class="words" data-v="CO2"><a href="#x">CO<sub>2</sub></a></td>' in text
    assert '<td data-v="-1e-09">−1×10⁻⁹ <small>−2 to 0</small></td>' in text
    assert 'aria-label="Of these"' in text
    assert quantity_cell(None).html() == "<td>–</td>"


def test_pictures_are_sharp_and_keep_a_size_that_can_be_read() -> None:
    small = figure_part(Figure(figsize=(2.0, 1.0)), 'a "picture"')
    assert 'alt="a &quot;picture&quot;" width="168" height="84"' in small
    png = bytearray(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2000, 1000))
    png += b"\0" * 9 + struct.pack(">I4sII", 9, b"pHYs", round(200 / 0.0254), round(200 / 0.0254))
    large = image(bytes(png), "large", wide=True)
    assert 'width="1100" height="550" style="min-width:800px"' in large
    assert large.startswith('<figure class="scroll">')
    assert "width" not in image(b"no picture", "x")


def test_a_page_needs_nothing_of_any_network_and_is_opened_for_paper() -> None:
    text = web_page("<Title>", ["<main></main>"])
    assert "://" not in text
    assert "<title>&lt;Title&gt;</title>" in text
    assert text.count("<style>") == 1
    assert "@media print" in text.partition("</style>")[0]
    assert "beforeprint" in text
    assert "default-src 'none'" in text
