"""Pages of a run: those of the benchmark's reports, made for text.

To :mod:`opir.bench.report.page` they add cells of words and links, and formulas with lowered
digits. Pictures, small screens and paper are those of that module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from opir.bench.report.page import Cell, Row, image, number, page
from opir.bench.report.page import picture as figure_part
from opir.plots.formulas import pieces

__all__ = ["Number", "Words", "figure_part", "image", "prose", "quantity_cell", "table", "web_page"]

_BOUND = re.compile(r"(?<=[\d)]) (?=(?:%|V|h|min|s|d|K|cm⁻¹|mmol)(?!\w))|(?<=mmol) (?=m⁻²)")
"""A blank between a number and its unit, or within a unit, where no line may end."""
_MODES = re.compile(r"\bnu(?:_([a-z]+)|(\d+))?\b")
"""Names of vibrations: ``nu_s``, ``nu3``."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# -- text -----------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """A text as HTML: escaped, formulas and units as they are printed, units kept with numbers."""
    text = text.replace("cm-1", "cm⁻¹").replace("mmol m-2", "mmol m⁻²")
    text = re.sub(r"(\d)e([+-])0?(\d+)\b", _power, text)
    text = re.sub(r"(?<![\w)])-(?=\d)", "−", text)
    text = _BOUND.sub("\N{NO-BREAK SPACE}", text)
    return "".join(
        f"<{place}>{escape(part)}</{place}>".replace("-", "−") if place else escape(part)
        for part, place in pieces(text)
    )


def _power(match: re.Match[str]) -> str:
    return f"{match[1]}×10" + f"{match[2]}{match[3]}".lstrip("+").translate(_RAISED)


def _assignment(text: str) -> str:
    """What vibrates, as HTML: ``nu_s CO2`` with its Greek letter."""
    found, end = "", 0
    for match in _MODES.finditer(text):
        which = match[1] or match[2]
        found += prose(text[end : match.start()]) + "ν" + (f"<sub>{which}</sub>" if which else "")
        end = match.end()
    return found + prose(text[end:])


# -- tables ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words(Cell):
    """A cell of words: at the left, broken into lines, with formulas as they are printed.

    Attributes:
        target: The place of the page that it leads to.
        kind: ``name`` or ``long``, by which its width is chosen.
        vibration: The words are an assignment of a band.
    """

    target: str = ""
    kind: str = ""
    vibration: bool = False

    def html(self) -> str:
        """The element."""
        value = "" if self.value is None else f' data-v="{escape(str(self.value))}"'
        text = _assignment(self.text) if self.vibration else prose(self.text)
        if self.kind == "name":
            text = text.replace("(", "<wbr>(")
        text = f'<a href="#{escape(self.target)}">{text}</a>' if self.target else text
        small = f" <small>{prose(self.small)}</small>" if self.small else ""
        kind = f" {self.kind}" if self.kind else ""
        return f'<td class="words{kind}"{value}>{text}{small}</td>'


@dataclass(frozen=True)
class Number(Cell):
    """A cell of a number, with a true minus and powers of ten."""

    def html(self) -> str:
        """The element."""
        value = "" if self.value is None else f' data-v="{escape(repr(self.value))}"'
        small = f" <small>{prose(self.small)}</small>" if self.small else ""
        return f"<td{value}>{prose(self.text)}{small}</td>"


def quantity_cell(value: float | None, *, digits: int = 3, small: str = "") -> Number:
    """A number with so many significant digits, see :func:`opir.bench.report.page.number`."""
    made = number(value, digits=digits, small=small)
    return Number(made.text, made.value, made.small)


def table(head: Sequence[str], rows: Iterable[Row], *, caption: str, stacked: bool = False) -> str:
    """A table whose columns sort at a click; columns of words stand at the left.

    Args:
        head: Titles of the columns.
        rows: Rows.
        caption: Above it; it also names the table to those who cannot see it.
        stacked: Set what is small below the number it belongs to, which keeps columns narrow.
    """
    rows = list(rows)
    words = {at for row in rows for at, cell in enumerate(row.cells) if isinstance(cell, Words)}
    buttons = "".join(
        f'<th scope="col" class="{"words" if at in words else ""}">'
        f'<button type="button">{escape(text)}</button></th>'
        for at, text in enumerate(head)
    )
    body = "\n".join(f"<tr>{''.join(cell.html() for cell in row.cells)}</tr>" for row in rows)
    kind = ' class="stacked"' if stacked else ""
    label = escape(caption.split(".")[0])
    return (
        f'<p class="soft">{prose(caption)}</p>'
        f'<div class="scroll" role="group" aria-label="{label}"><table{kind}>'
        f"<thead><tr>{buttons}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


# -- page -----------------------------------------------------------------------------------------


def web_page(title: str, parts: Iterable[str]) -> str:
    """The whole page, which asks nothing of any network."""
    here = files("opir.workflows")
    style = here.joinpath("web_page.css").read_text(encoding="utf-8")
    script = here.joinpath("web_page.js").read_text(encoding="utf-8")
    head, middle, rest = page(title, [*parts, f"<script>\n{script}</script>"]).partition("</style>")
    return f"{head}\n{style}{middle}{rest}"
