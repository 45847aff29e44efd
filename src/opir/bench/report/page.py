"""The parts of an HTML page: tables that can be sorted, pictures inside the page.

Pages are made for large screens, small ones and paper; the rules of both stand in ``page.css``.
"""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Cell", "Row", "image", "number", "page", "picture", "shade", "table"]

_SHARP = 2.0
"""Dots of a picture for each pixel of a usual screen."""
_SMALL, _LARGE, _READABLE = 84, 110, 80
"""Pixels of a usual screen for each inch of a small picture, of a large one, and of a large one on
a small screen at least."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What is shown, plain.
        value: What it is sorted by; None: at the end.
        small: Shown smaller, below the text.
        colour: Background.
    """

    text: str
    value: float | str | None = None
    small: str = ""
    colour: str = ""

    def html(self) -> str:
        """The element."""
        value = "" if self.value is None else f' data-v="{escape(_sortable(self.value))}"'
        style = f' style="background:{self.colour}"' if self.colour else ""
        small = f" <small>{escape(self.small)}</small>" if self.small else ""
        return f"<td{value}{style}>{escape(self.text)}{small}</td>"


@dataclass(frozen=True)
class Row:
    """A row: its cells and its class; a single cell goes over the whole width."""

    cells: Sequence[Cell]
    kind: str = ""


def _sortable(value: float | str) -> str:
    return value if isinstance(value, str) else repr(float(value))


def number(value: float | None, *, digits: int = 3, small: str = "") -> Cell:
    """A number with so many significant digits; a dash where there is none."""
    if value is None:
        return Cell("–")
    text = f"{value:.{digits}g}"
    if "e" in text and 1e-4 <= abs(value) < 1e7:
        text = f"{value:,.0f}".replace(",", " ") if abs(value) >= 1 else f"{value:.6f}"
    return Cell(text, value, small)


def shade(value: float, low: float, high: float) -> str:
    """A background from white (low) to blue (high), light enough to read black text on."""
    share = 0.0 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))
    parts = [round(255 + share * (end - 255)) for end in (120, 180, 220)]
    return f"rgb({parts[0]},{parts[1]},{parts[2]})"


def table(
    head: Sequence[str], rows: Iterable[Row], *, caption: str, after: Sequence[str] = ()
) -> str:
    """A table whose columns sort at a click.

    Args:
        head: Titles of the columns.
        rows: Rows.
        caption: Above it; it also names the table to those who cannot see it.
        after: Sentences in rows at its foot, which are not sorted.
    """
    buttons = "".join(
        f'<th scope="col"><button type="button">{escape(text)}</button></th>' for text in head
    )
    body = "\n".join(
        f'<tr class="{row.kind}">' + "".join(cell.html() for cell in row.cells) + "</tr>"
        for row in rows
    )
    foot = "\n".join(
        f'<tr class="failed"><td colspan="{len(head)}"><span>{escape(text)}</span></td></tr>'
        for text in after
    )
    label = escape(caption.split(":")[0].split(".")[0])
    return (
        f'<p class="soft">{escape(caption)}</p>'
        f'<div class="scroll" role="group" aria-label="{label}"><table class="stacked numbers">'
        f"<thead><tr>{buttons}</tr></thead>\n<tbody>\n{body}\n</tbody>"
        + (f"<tfoot>{foot}</tfoot>" if foot else "")
        + "</table></div>"
    )


def picture(figure: Figure, text: str, *, wide: bool = False) -> str:
    """A figure as a PNG inside the page, sharp on screens with small pixels, too.

    Args:
        figure: What to draw.
        text: What it shows, for those who cannot see it.
        wide: See :func:`image`.
    """
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_SHARP * _SMALL, metadata={"Software": "opir"})
    return image(data.getvalue(), text, wide=wide)


def image(png: bytes, text: str, *, wide: bool = False) -> str:
    """A picture inside the page.

    Args:
        png: The picture.
        text: What it shows, for those who cannot see it.
        wide: It is one of the large pictures: on small screens it keeps a size at which it can be
            read, and scrolls within its own frame.
    """
    code = base64.b64encode(png).decode("ascii")
    size = _size(png, _LARGE if wide else _SMALL, _READABLE if wide else 0)
    made = f'<img alt="{escape(text)}"{size} src="data:image/png;base64,{code}">'
    return f'<figure class="scroll">{made}</figure>' if wide else f"<figure>{made}</figure>"


def _size(png: bytes, inch: int, least: int) -> str:
    """The size of a picture on a usual screen, by the size in inches that the file states."""
    at = png.find(b"pHYs")
    if at < 0:
        return ""
    across, down = struct.unpack(">II", png[16:24])
    inches = across / (0.0254 * struct.unpack(">I", png[at + 4 : at + 8])[0])
    shown = round(inch * inches)
    small = f' style="min-width:{round(least * inches)}px"' if least else ""
    return f' width="{shown}" height="{round(down * shown / across)}"{small}'


def page(title: str, parts: Iterable[str]) -> str:
    """The whole page, which asks nothing of any network."""
    here = files("opir.bench.report")
    style = here.joinpath("page.css").read_text(encoding="utf-8")
    script = here.joinpath("page.js").read_text(encoding="utf-8")
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    policy += "script-src 'unsafe-inline'"
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n{body}\n"
        f"<script>\n{script}</script></body></html>\n"
    )
