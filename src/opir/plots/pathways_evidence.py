"""What speaks for a species in a run, and what unmixing without a library finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import COLOURS, new_figure, spectral_axis, time_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["second_way_figure", "species_evidence"]

Array = NDArray[np.float64]


def species_evidence(
    wavenumber: Array,
    change: Array,
    fitted: Array,
    part: Array,
    bands: Sequence[float],
    *,
    noise: float,
) -> Figure:
    """What is left of the last frame when all but one species is taken away, and that species.

    Args:
        wavenumber: [cm-1], ``[wavenumber]``.
        change, fitted: The last frame less the first, and its fit, ``[wavenumber]``.
        part: What the species adds to the fit, ``[wavenumber]``.
        bands: Where its bands are in the run [cm-1].
        noise: Of a point, in absorbance.
    """
    figure = new_figure(9.0, 2.1)
    axes = figure.subplots()
    axes.axhspan(-2 * noise, 2 * noise, color="#bbbbbb", alpha=0.5, lw=0, label="± 2 × noise")
    rest = change - (fitted - part)
    axes.plot(wavenumber, rest, color="black", lw=0.8, label="change less all others")
    axes.plot(wavenumber, part, color=COLOURS[1], lw=1.4, label="this species")
    inside = [at for at in bands if wavenumber.min() <= at <= wavenumber.max()]
    for number, at in enumerate(inside):
        label = "where its bands are" if number == 0 else None
        axes.axvline(at, color=COLOURS[0], lw=0.8, ls=":", zorder=0, label=label)
    spectral_axis(axes, wavenumber)
    axes.set_ylabel("Change of\nabsorbance", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def second_way_figure(
    wavenumber: Array, time: Array, spectra: Array, amounts: Array, labels: Sequence[str]
) -> Figure:
    """Components by unmixing: their spectra one above the other, and their amounts over time.

    Args:
        wavenumber: [cm-1], ``[wavenumber]``.
        time: [s], ``[time]``.
        spectra: Of largest value 1, ``[component, wavenumber]``.
        amounts: ``[time, component]``.
        labels: Of the components.
    """
    unit = time_unit(np.append(time, 0.0))
    figure = new_figure(11.0, 1.6 + 0.75 * len(labels))
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.6, 1.0]})
    for number, label in enumerate(labels):
        colour = COLOURS[number % len(COLOURS)]
        base = len(labels) - 1 - number
        left.axhline(base, color="0.8", lw=0.6, zorder=0)
        left.plot(wavenumber, base + 0.9 * spectra[number], color=colour, lw=1.1)
        right.plot(unit(time), amounts[:, number], color=colour, lw=1.3, label=label)
    spectral_axis(left, wavenumber)
    left.set_yticks([])
    left.set_ylabel("Spectra, each of largest value 1")
    right.set_xlabel(unit.label)
    right.set_ylabel("Amount, in its own unit")
    right.set_xlim(float(unit(time[0])), float(unit(time[-1])))
    handles, names = right.get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, fontsize=8, loc="outside right center")
    return figure
