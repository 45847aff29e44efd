"""Difference spectra: some as lines, all as a heat map, the voltage beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opir.plots.base import PLOTS, drive_name, drive_note
from opir.plots.heatmap import draw_heatmap, need_run
from opir.plots.style import COLOURS, caption, new_figure, signal_label, title
from opir.plots.waterfall import draw_lines, pick_frames
from opir.run.processing import difference as subtract
from opir.run.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["difference"]


@PLOTS.register("difference")
def difference(
    run: Run,
    *,
    count: int = 8,
    limits: tuple[float, float] | None = None,
    name: str | None = None,
) -> Figure:
    """Changes from the first spectrum: at some times as lines, above; all as a heat map, below.

    A run that holds differences already is shown as it is.

    Args:
        run: What to draw.
        count: Number of lines.
        limits: Of the colour scale.
        name: Title; the run's name by default.

    Raises:
        OptionError: If it is not a run.
    """
    run = need_run(run, "difference picture")
    if not any(step.name == "difference" for step in run.history):
        run = subtract(run)
    figure = new_figure(8.0, 7.5)
    beside = drive_name(run) is not None
    grid = figure.subplots(
        2,
        2 if beside else 1,
        height_ratios=(2, 3),
        width_ratios=(5, 1) if beside else (1,),
        squeeze=False,
        sharey="row",
    )
    lines, axes = grid[0, 0], grid[1, 0]
    # The reference itself is a line of zeros.
    frames = [f for f in pick_frames(run.time, count + 1) if run.values[f].any()]
    bar_axes = grid[0, 1].inset_axes((0, 0, 0.14, 1)) if beside else None
    draw_lines(figure, lines, run, np.array(frames, dtype=np.intp), bar_axes=bar_axes)
    lines.axhline(0, color=COLOURS[6], linewidth=0.6, zorder=0)
    lines.set_xlabel("")
    lines.tick_params(labelbottom=False)
    lines.set_ylabel(signal_label(run))
    if beside:
        grid[0, 1].set_axis_off()
    draw_heatmap(figure, axes, grid[1, 1] if beside else None, run, limits=limits)
    lines.set_xlim(axes.get_xlim())
    text = caption(run, drive_note(run))
    title(lines, text if name is None else "\n".join([name, *text.split("\n")[1:]]), run.origin)
    return figure
