"""Spectra of a run one above the other, coloured by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError
from opir.plots.base import PLOTS
from opir.plots.heatmap import need_run, shown_values
from opir.plots.style import (
    caption,
    is_raman,
    new_figure,
    signal_label,
    spectral_axis,
    time_unit,
    title,
    with_gaps,
)
from opir.run.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_lines", "pick_frames", "waterfall"]

_LINES = "viridis"


def pick_frames(times: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Frames nearest to times that are evenly spaced from the first to the last.

    Args:
        times: [s], shape ``[time]``.
        count: How many, at most.
    """
    wanted = np.linspace(times[0], times[-1], min(count, times.size))
    return np.unique(np.abs(times[:, None] - wanted).argmin(axis=0))


def draw_lines(
    figure: Figure,
    axes: Axes,
    run: Run,
    frames: NDArray[np.intp],
    *,
    step: float = 0.0,
    bar_axes: Axes | None = None,
) -> None:
    """Spectra of some frames, coloured by time, with a colour bar.

    Args:
        figure, axes: Where.
        run: Whose.
        frames: Which, rising.
        step: How far each stands above the one before, in the unit of the ordinate.
        bar_axes: Where the colour bar goes; beside ``axes`` by default.
    """
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    unit = time_unit(run.time)
    times = unit(run.time)
    first, last = float(times[0]), float(times[-1])
    scale = Normalize(first, last if last > first else first + 1)
    # The palest end of the map is hard to see on white.
    shades = ListedColormap(mpl.colormaps[_LINES](np.linspace(0, 0.9, 256)))
    values = shown_values(run)
    for number, frame in enumerate(frames):
        axes.plot(
            *with_gaps(run.wavenumber, values[frame] + number * step),
            color=shades(float(scale(times[frame]))),
            linewidth=1.0,
        )
    spectral_axis(axes, run.wavenumber, raman=is_raman(run))
    place = {"ax": axes, "pad": 0.02, "aspect": 30} if bar_axes is None else {"cax": bar_axes}
    bar = figure.colorbar(ScalarMappable(scale, shades), label=unit.label, **place)
    bar.outline.set_visible(False)


@PLOTS.register("waterfall")
def waterfall(
    run: Run, *, count: int = 12, offset: float | None = None, name: str | None = None
) -> Figure:
    """Spectra at evenly spaced times, one above the other, the first at the bottom.

    Args:
        run: What to draw.
        count: Number of spectra.
        offset: How far each stands above the one before, in the unit of the ordinate; by default
            a third of the usual height of a spectrum. 0 lays them over each other.
        name: Title; the run's name by default.

    Raises:
        OptionError: If it is not a run, or the count is not above 0.
    """
    run = need_run(run, "waterfall")
    if count < 1:
        raise OptionError(f"{count} spectra were asked for", remedy="Give 1 or more")
    frames = pick_frames(run.time, count)
    values = shown_values(run)[frames]
    spans = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    # Bands may come up in a few frames only; the others stand apart all the same.
    usual = max(0.35 * float(np.median(spans)), 0.06 * float(spans.max()))
    step = usual if offset is None else float(offset)
    figure = new_figure(7.0, 6.0 if step else 4.5)
    axes = figure.subplots()
    draw_lines(figure, axes, run, frames, step=step)
    axes.margins(y=0.03)
    if step:
        _scale_bar(axes)
        axes.set_ylabel(f"{signal_label(run)} (offset by {step:.3g})")
        axes.set_yticks([])
    else:
        axes.set_ylabel(signal_label(run))
    text = caption(run, f"{len(frames)} shown")
    title(axes, text if name is None else "\n".join([name, *text.split("\n")[1:]]), run.origin)
    return figure


def _scale_bar(axes: Axes) -> None:
    """A bar of a round length above the lines, since the offset takes the meaning from ticks."""
    low, high = axes.get_ylim()
    power = 10.0 ** np.floor(np.log10(0.09 * (high - low)))
    length = max(factor * power for factor in (1, 2, 5) if factor * power <= 0.09 * (high - low))
    axes.set_ylim(low, high + 0.1 * (high - low))
    transform = axes.get_yaxis_transform()
    axes.plot([0.985] * 2, [high, high + length], transform=transform, color="black", linewidth=2)
    axes.text(
        *(0.975, high + length / 2, f"{length:g}"),
        transform=transform,
        ha="right",
        va="center",
        fontsize=8,
    )
