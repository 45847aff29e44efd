"""Heat map of a run: wavenumber against time, the cell's voltage beside the time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from opir.errors import OptionError
from opir.plots.base import PLOTS, drive_name, drive_note, drive_panel
from opir.plots.style import (
    DIVERGING,
    SEQUENTIAL,
    caption,
    colour_limits,
    is_raman,
    is_signed,
    new_figure,
    signal_label,
    spectral_mesh,
    time_unit,
    title,
)
from opir.run.run import Run
from opir.run.spectral import SpectralData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_heatmap", "heatmap", "need_run", "shown_values"]


def need_run(data: Any, kind: str) -> Run:
    """The run that a picture needs.

    Raises:
        OptionError: If it is something else.
    """
    if not isinstance(data, Run):
        raise OptionError(
            f"a {kind} shows a run of spectra over time, not a {type(data).__name__}",
            remedy="Draw it as a 'spectrum' or as 'electrochemistry'",
        )
    return data


def shown_values(data: SpectralData) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values with masked points empty (NaN)."""
    values = data.values.astype(np.float64)
    if "masked" in data.dataset.coords:
        values[..., data.dataset["masked"].values.astype(bool)] = np.nan
    return values


def draw_heatmap(
    figure: Figure,
    axes: Axes,
    beside: Axes | None,
    run: Run,
    *,
    limits: tuple[float, float] | None = None,
) -> None:
    """A heat map into given axes, its colour bar, and the trace of the cell beside it.

    Args:
        figure, axes: Where.
        beside: Axes for the trace of the cell, sharing the y axis; None for none.
        run: What to draw.
        limits: Of the colour scale; by default such that 0.2 % of the values lie outside.
    """
    values = shown_values(run)
    signed = is_signed(run)
    low, high, extend = colour_limits(values, centred=signed)
    if limits is not None:
        (low, high), extend = limits, "both"
    unit = time_unit(run.time)
    mesh = spectral_mesh(
        axes,
        run.wavenumber,
        unit(run.time),
        values,
        cmap=DIVERGING if signed else SEQUENTIAL,
        limits=(low, high),
        raman=is_raman(run),
    )
    axes.set_ylabel(unit.label)
    name = drive_name(run)
    if beside is not None and name is not None:
        drive_panel(beside, run, unit, name)
    hosts = [axes] if beside is None else [axes, beside]
    bar = figure.colorbar(
        mesh, ax=hosts, extend=extend, pad=0.02, aspect=30, label=signal_label(run)
    )
    bar.outline.set_visible(False)


@PLOTS.register("heatmap")
def heatmap(
    run: Run, *, limits: tuple[float, float] | None = None, name: str | None = None
) -> Figure:
    """Wavenumber (falling to the right) against time (upwards), voltage beside the time axis.

    Differences, derivatives and SNV spectra are shown on a diverging map with white at 0, other
    values on a sequential one. Gaps in time and masked or cut bands stay empty (grey). Where the
    voltage is missing its trace is broken, and the caption says so.

    Args:
        run: What to draw.
        limits: Of the colour scale; by default such that 0.2 % of the values lie outside.
        name: Title; the run's name by default.

    Raises:
        OptionError: If it is not a run.
    """
    run = need_run(run, "heat map")
    figure = new_figure(8.0, 5.0)
    if drive_name(run) is None:
        axes, beside = figure.subplots(), None
    else:
        axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(5, 1))
    draw_heatmap(figure, axes, beside, run, limits=limits)
    text = caption(run, drive_note(run))
    title(axes, text if name is None else "\n".join([name, *text.split("\n")[1:]]), run.origin)
    return figure
