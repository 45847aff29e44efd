"""Learned components: their spectra, their amounts, and a reference analysis beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import COLOURS, new_figure, spectral_axis, time_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Compared", "components_figure", "reference_figure"]

Array = NDArray[np.float64]
_MARKERS = ("o", "^", "s", "D")
_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


@dataclass(frozen=True)
class Compared:
    """One substance, calculated and measured.

    Attributes:
        substance: Its name.
        curve: Calculated at every time of the run [g/L].
        time: Times of the samples [s].
        measured, calculated: At the samples [g/L].
        held_out: Which samples nothing was fitted to.
        note: What the legend says of the agreement.
    """

    substance: str
    curve: Array
    time: Array
    measured: Array
    calculated: Array
    held_out: NDArray[np.bool_]
    note: str


def reference_figure(time: Array, compared: Sequence[Compared], *, text: str) -> Figure:
    """Calculated concentrations over time with the samples, and one against the other.

    Args:
        time: Times of the run [s].
        compared: The substances.
        text: Title.
    """
    figure = new_figure(11.0, 4.5)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    unit = time_unit(time)
    largest = 0.0
    for number, item in enumerate(compared):
        colour, marker = COLOURS[number], _MARKERS[number]
        left.plot(unit(time), item.curve, color=colour, lw=0.8, alpha=0.6)
        for held_out in (False, True):
            chosen = item.held_out == held_out
            face = colour if held_out else "white"
            kept = "held out" if held_out else "calibrated on"
            style = {"marker": marker, "color": colour, "ls": "", "mfc": face, "ms": 5}
            left.plot(
                unit(item.time[chosen]),
                item.measured[chosen],
                label=f"{item.substance}, {kept}",
                **style,
            )
            note = f"{item.substance}: {item.note}" if held_out else None
            right.plot(item.measured[chosen], item.calculated[chosen], label=note, **style)
        largest = max(largest, float(item.measured.max()), float(item.calculated.max()))
    right.plot([0, largest], [0, largest], color="0.5", lw=0.8)
    left.set_xlabel(unit.label)
    left.set_ylabel("Concentration / g/L (lines: from learned amounts)")
    right.set_xlabel("HPLC / g/L")
    right.set_ylabel("From learned amounts / g/L")
    left.set_title(text, loc="left", fontsize=10)
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
    return figure


def components_figure(
    wavenumber: Array, spectra: Array, time: Array, amounts: Mapping[str, Array], *, text: str
) -> Figure:
    """Learned non-negative spectra, and the amounts read from each measured frame.

    Args:
        wavenumber: Axis [cm-1].
        spectra: Shape ``[component, wavenumber]``.
        time: Times [s].
        amounts: Component -> amount, shape ``[time]``, in the order of the spectra.
        text: Title.
    """
    figure = new_figure(11.0, 4.5)
    left, right = figure.subplots(1, 2)
    unit = time_unit(time)
    for number, (name, values) in enumerate(amounts.items()):
        style = {"color": COLOURS[number % len(COLOURS)], "ls": _STYLES[number % len(_STYLES)]}
        left.plot(wavenumber, spectra[number], lw=1.2, label=name, **style)
        right.plot(unit(time), values, lw=0.8, label=name, **style)
    spectral_axis(left, wavenumber)
    left.set_ylabel("Learned absorbance (up to offset and slope)")
    left.set_ylim(bottom=0)
    left.set_title(text, loc="left", fontsize=10)
    right.set_xlabel(unit.label)
    right.set_ylabel("Amount")
    right.legend(frameon=False, fontsize=8)
    return figure
