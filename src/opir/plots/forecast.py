"""A forecast beside what was measured, and the error between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError
from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    signal_label,
    spectral_axis,
    spectral_mesh,
    time_unit,
)
from opir.run import Run, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["forecast_figure"]


def forecast_figure(given: Spectrum, truth: Run, forecast: Run, *, text: str) -> Figure:
    """Change from the given frame: measured, forecast and error as heat maps, and as curves.

    The three maps share one colour scale. A simulated run is called simulated, not measured.

    Args:
        given: The frame that was given, at time 0.
        truth: What was measured (or simulated) afterwards.
        forecast: What was forecast for the same times.
        text: Title.

    Raises:
        AxisError: If the two runs lie on different axes.
    """
    if truth.values.shape != forecast.values.shape:
        raise AxisError(
            f"measured run of shape {truth.values.shape}, forecast of {forecast.values.shape}"
        )
    figure = new_figure(11.0, 7.0)
    panels = figure.subplots(2, 3)
    unit = time_unit(truth.time)
    start = given.values.astype(np.float64)
    measured, foreseen = truth.values - start, forecast.values - start
    low, high, extend = colour_limits(np.concatenate([measured, foreseen]), centred=True)
    origin = "simulated" if truth.origin == "simulated" else "measured"
    maps = (
        (f"{origin} change", measured),
        ("forecast change", foreseen),
        (f"error: forecast - {origin}", foreseen - measured),
    )
    for axes, (name, values) in zip(panels[0], maps, strict=True):
        mesh = spectral_mesh(
            axes,
            truth.wavenumber,
            unit(truth.time),
            values,
            cmap=DIVERGING,
            limits=(low, high),
        )
        axes.set_title(name, loc="left", fontsize=10)
    panels[0][0].set_ylabel(f"Time after the given frame / {unit.name}")
    bar = figure.colorbar(mesh, ax=panels[0], extend=extend)
    bar.set_label(f"Change of {_lower(signal_label(truth))}")
    shown = [len(measured) // 4, len(measured) // 2, len(measured) - 1]
    extent = 1.1 * float(np.abs([measured[shown], foreseen[shown]]).max())
    for axes, frame in zip(panels[1], shown, strict=True):
        _curves(axes, truth.wavenumber, measured[frame], foreseen[frame], origin)
        axes.set_ylim(-extent, extent)
        axes.set_title(f"{unit(truth.time[frame]):.3g} {unit.name} after", loc="left", fontsize=10)
    panels[1][0].set_ylabel(f"Change of {_lower(signal_label(truth))}")
    panels[1][0].legend(frameon=False, fontsize=8)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    return figure


def _curves(
    axes: Axes,
    wavenumber: NDArray[np.float64],
    measured: NDArray[np.float64],
    foreseen: NDArray[np.float64],
    origin: str,
) -> None:
    axes.axhline(0, color="0.6", lw=0.8)
    axes.plot(wavenumber, measured, color="black", lw=1.0, label=origin)
    axes.plot(wavenumber, foreseen, color=COLOURS[1], lw=1.4, label="forecast")
    spectral_axis(axes, wavenumber)


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]
