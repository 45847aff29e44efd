"""How well what was recovered of a run fits: maps of the change, and its parts at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.formulas import typeset
from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    spectral_axis,
    spectral_mesh,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["pathways_fit"]

Array = NDArray[np.float64]

_OWN = {"electrolyte": ("#777777", ":"), "baseline": ("#777777", "--")}
_MOST_PARTS = 7


def pathways_fit(
    wavenumber: Array,
    time: Array,
    change: Array,
    fitted: Array,
    parts: Mapping[str, Array],
    *,
    noise: float,
    text: str,
    origin: str,
) -> Figure:
    """Change, fit and what is left, and the last frame taken apart.

    Args:
        wavenumber: [cm-1], ``[wavenumber]``.
        time: [s], ``[time]``.
        change: Absorbance less that of the first frame, ``[time, wavenumber]``.
        fitted: The fit of it, the same shape.
        parts: Name -> what it adds in the last frame, ``[wavenumber]``. The largest are drawn, the
            others as one; ``electrolyte`` and ``baseline`` are drawn grey.
        noise: Of a point, in absorbance.
        text: Title.
        origin: Of the run, one of :data:`opir.run.described.ORIGINS`.
    """
    unit = time_unit(np.append(time, 0.0))
    figure = new_figure(11.0, 9.2)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[1.0, 1.5]), dtype=object)
    maps = list(above.subplots(1, 3, sharey=True))
    named = {"measured": "Measured", "simulated": "Simulated", "forecast": "Forecast"}
    first = f"{named.get(origin, 'Given')} change"
    left = change - fitted
    scale = colour_limits(change, centred=True)
    widest = max(float(np.quantile(np.abs(left), 0.998)), 4 * noise)
    own = (-widest, widest, "both" if np.abs(left).max() > widest else "neither")
    heads = (first, "Fit", "What is left (own scale)")
    for axes, values, head in zip(maps, (change, fitted, left), heads, strict=True):
        low, high, extend = own if axes is maps[2] else scale
        mesh = spectral_mesh(
            axes, wavenumber, unit(time), values, cmap=DIVERGING, limits=(low, high)
        )
        axes.set_title(head, loc="left", fontsize=9)
        if axes is maps[0]:
            continue
        bar = above.colorbar(mesh, ax=axes, extend=extend, pad=0.02, aspect=30)
        bar.set_label("Change of absorbance", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    maps[0].set_ylabel(unit.label)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    if origin != "measured":
        _badge(maps[-1], origin)
    upper, lower = below.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1.0]})
    at = f"{float(unit(time[-1])):.3g} {unit.name}"
    _draw_parts(upper, wavenumber, change[-1], fitted[-1], parts, first)
    upper.set_title(f"Last frame ({at}) and its parts", loc="left", fontsize=9)
    lower.axhspan(-2 * noise, 2 * noise, color="#bbbbbb", alpha=0.5, lw=0, label="± 2 × noise")
    lower.plot(wavenumber, left[-1], color="black", lw=0.8, label="what is left")
    lower.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    lower.set_ylabel("Change less fit")
    spectral_axis(lower, wavenumber)
    return figure


def _badge(axes: Axes, origin: str) -> None:
    """The origin above the last of several panels."""
    axes.annotate(
        "origin unknown" if origin == "unknown" else origin, (1, 1), (-3, 18),
        xycoords="axes fraction", textcoords="offset points", ha="right", fontsize=10,
        color=COLOURS[1], fontweight="bold",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": COLOURS[1]},
    )  # fmt: skip


def _draw_parts(
    axes: Axes,
    wavenumber: Array,
    change: Array,
    fitted: Array,
    parts: Mapping[str, Array],
    label: str,
) -> None:
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.plot(wavenumber, change, color="black", lw=2.2, alpha=0.35, label=label.lower())
    axes.plot(wavenumber, fitted, color="black", lw=0.9, label="fit")
    species = [name for name in parts if name not in _OWN]
    species.sort(key=lambda name: -float(np.abs(parts[name]).max(initial=0.0)))
    shown = species if len(species) <= _MOST_PARTS else species[: _MOST_PARTS - 1]
    for number, name in enumerate(shown):
        colour = COLOURS[:6][number % 6]
        axes.plot(
            wavenumber, parts[name], color=colour, lw=1.2, ls="-" if number < 6 else "-.",
            label=typeset(name),
        )  # fmt: skip
    rest = species[len(shown) :]
    if rest:
        total = np.sum([parts[name] for name in rest], axis=0)
        label = f"{len(rest)} smaller ones together"
        axes.plot(wavenumber, total, color="#999933", lw=1.0, ls="-.", label=label)
    for name, (colour, style) in _OWN.items():
        if name in parts:
            axes.plot(wavenumber, parts[name], color=colour, lw=1.1, ls=style, label=name)
    axes.set_ylabel("Change of absorbance")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
