"""One spectrum, or several over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opir.errors import OptionError
from opir.plots.base import PLOTS
from opir.plots.heatmap import shown_values
from opir.plots.style import (
    COLOURS,
    caption,
    is_raman,
    new_figure,
    signal_label,
    spectral_axis,
    title,
    with_gaps,
)
from opir.run.spectrum import Spectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["spectrum"]


@PLOTS.register("spectrum")
def spectrum(spectra: Spectrum | Sequence[Spectrum], *, name: str | None = None) -> Figure:
    """One spectrum or several of the same quantity, wavenumber falling from left to right.

    Args:
        spectra: What to draw, 7 at most.
        name: Title; the first spectrum's name by default.

    Raises:
        OptionError: If there are none, too many, or they hold different quantities.
    """
    shown = [spectra] if isinstance(spectra, Spectrum) else list(spectra)
    if not 1 <= len(shown) <= len(COLOURS) or not all(isinstance(s, Spectrum) for s in shown):
        raise OptionError(
            "a spectrum picture shows 1 to 7 spectra", remedy="Draw a run as heatmap or waterfall"
        )
    labels = {signal_label(item) for item in shown}
    if len(labels) > 1:
        raise OptionError(
            f"the spectra hold different quantities: {', '.join(sorted(labels))}",
            remedy="Draw them apart, or process them alike",
        )
    figure = new_figure(7.0, 4.0)
    axes = figure.subplots()
    names = [item.name for item in shown]
    for number, (item, colour) in enumerate(zip(shown, COLOURS, strict=False), start=1):
        x, y = with_gaps(item.wavenumber, shown_values(item))
        text = item.name if names.count(item.name) == 1 else f"{item.name} {number}".strip()
        text += "" if item.origin == "measured" else f" ({item.origin})"
        axes.plot(x, y, color=colour, linewidth=1.0, label=text)
    low = min(float(item.wavenumber.min()) for item in shown)
    high = max(float(item.wavenumber.max()) for item in shown)
    spectral_axis(axes, [low, high], raman=is_raman(shown[0]))
    axes.set_ylabel(labels.pop())
    if len(shown) > 1:
        axes.legend(frameon=False, fontsize=8)
    origins = {item.origin for item in shown}
    origin = origins.pop() if len(origins) == 1 else "measured"
    text = caption(shown[0]) if len(shown) == 1 else ""
    title(axes, text if name is None else "\n".join([name, *text.split("\n")[1:]]), origin)
    return figure
