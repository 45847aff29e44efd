"""Errors of several forecasters: by how far ahead they look, and along the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import COLOURS, new_figure, signal_label, time_unit
from opir.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["block_figure", "lead_figure"]

_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def lead_figure(
    lead: NDArray[np.float64], errors: Mapping[str, NDArray[np.float64]], *, text: str, label: str
) -> Figure:
    """Mean absolute error over lead time.

    Args:
        lead: Time after the given frame [s], shape ``[frames]``.
        errors: Forecaster -> error at these times, shape ``[frames]``; drawn in this order.
        text: Title.
        label: Label of the ordinate.
    """
    figure = new_figure(7.0, 4.5)
    axes = figure.subplots()
    unit = time_unit(lead)
    for number, (name, values) in enumerate(errors.items()):
        strong = name == "abcc"
        axes.plot(
            unit(lead),
            values,
            color=COLOURS[number % len(COLOURS)],
            ls="-" if strong else _STYLES[number % len(_STYLES)],
            lw=4.0 if strong else 1.4,
            zorder=1.9 if strong else 2.0,  # lines that coincide with it stay to be seen
            label="ABCC" if strong else name,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"Time after the given frame / {unit.name}")
    axes.set_ylabel(label)
    axes.set_title(text, loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    return figure


def block_figure(
    run: Run,
    spans: NDArray[np.float64],
    errors: Mapping[str, NDArray[np.float64]],
    *,
    text: str,
    label: str,
) -> Figure:
    """What the run does, and below it the mean absolute error in each held-out block of time.

    Errors are drawn on a logarithmic scale: blocks of one run may differ by orders of magnitude.

    Args:
        run: The run, processed; it is drawn at the wavenumber where it varies most.
        spans: First and last time of each block [s], shape ``[block, 2]``.
        errors: Forecaster -> error in each block, shape ``[block]``; drawn in this order.
        text: Title.
        label: Label of the errors' ordinate.
    """
    figure = new_figure(9.0, 6.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.6))
    unit = time_unit(run.time)
    column = int(run.values.std(axis=0).argmax())
    upper.plot(unit(run.time), run.values[:, column], color="black", lw=0.9)
    upper.set_ylabel(signal_label(run), fontsize=8)
    upper.set_title(text, loc="left", fontsize=10)
    upper.set_title(f"at {run.wavenumber[column]:.0f} cm\u207b\u00b9", loc="right", fontsize=9)
    edges = unit(spans)
    for number, (name, values) in enumerate(errors.items()):
        strong = name == "abcc"
        lower.hlines(
            values,
            edges[:, 0],
            edges[:, 1],
            color=COLOURS[number % len(COLOURS)],
            lw=5.0 if strong else 1.6,
            ls="-" if strong else _STYLES[number % len(_STYLES)],
            zorder=1.9 if strong else 2.0,
            label="ABCC" if strong else name,
        )
    for axes in (upper, lower):
        for edge in edges[:, 0]:
            axes.axvline(edge, color="0.88", lw=0.6, zorder=0)
    lower.set_yscale("log")
    lower.set_xlabel(unit.label)
    lower.set_ylabel(label)
    lower.set_xlim(float(unit(run.time[0])), float(unit(run.time[-1])))
    lower.legend(
        frameon=False, fontsize=8, ncols=len(errors), loc="lower center", bbox_to_anchor=(0.5, 1.0)
    )
    return figure
