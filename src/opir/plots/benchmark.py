"""Pictures of the benchmark: where and when forecasts err, and forecasts over what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import (
    COLOURS,
    DIVERGING,
    SEQUENTIAL,
    colour_limits,
    new_figure,
    spectral_axis,
    spectral_mesh,
    time_unit,
    title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ExampleRun", "bins_figure", "error_maps_figure", "example_figure"]

Values = NDArray[np.floating[Any]]

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_FLOOR_STYLES = ((0, (1, 1)), (0, (5, 2)), (0, (5, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class ExampleRun:
    """A test run with its forecast.

    Attributes:
        name: Of the run.
        error: Mean absolute error of the forecast.
        lead: Time since the last given frame [s], ``[frames]``.
        wavenumber: Axis [cm-1].
        given: Last given frame, ``[wavenumber]``.
        target, forecast: ``[frames, wavenumber]``.
    """

    name: str
    error: float
    lead: NDArray[np.float64]
    wavenumber: NDArray[np.float64]
    given: Values
    target: Values
    forecast: Values


def bins_figure(
    errors: Mapping[str, Mapping[str, float]],
    *,
    text: str,
    origin: str,
    axis: str,
    floors: Sequence[str] = (),
    power: int = -3,
) -> Figure:
    """Mean absolute error of several models over bins in their order.

    Args:
        errors: Model -> bin -> error; a bin that a model lacks is a gap.
        text: Title.
        origin: Of the data.
        axis: What the bins are, with its unit.
        floors: Those of the models that are floors, drawn broken and grey.
        power: Power of ten that errors are shown in.
    """
    labels = list(dict.fromkeys(label for found in errors.values() for label in found))
    figure = new_figure(8.0, 4.2)
    axes = figure.subplots()
    number = below = 0
    for model, found in errors.items():
        floor = model in floors
        style: dict[str, Any] = (
            {"color": "#777777", "ls": _FLOOR_STYLES[below % len(_FLOOR_STYLES)], "lw": 1.5}
            if floor
            else {
                "color": COLOURS[number % len(COLOURS)],
                "marker": _MARKERS[number % len(_MARKERS)],
                "ms": 5,
                "lw": 1.4,
            }
        )
        number, below = number + (not floor), below + floor
        values = [found.get(name, np.nan) / 10.0**power for name in labels]
        axes.plot(range(len(labels)), values, label=model, **style)
    axes.set_xticks(range(len(labels)), labels, fontsize=8, rotation=20, ha="right")
    axes.set_xlabel(axis)
    axes.set_ylabel(f"Mean absolute error / {_ten(power)}")
    axes.set_ylim(bottom=0)
    axes.grid(True, color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    title(axes, text, origin)
    figure.legend(frameon=False, fontsize=8, loc="outside right upper")
    return figure


def error_maps_figure(
    maps: Mapping[str, Values], wavenumber: NDArray[np.float64], *, first: int, text: str,
    origin: str,
    power: int = -3,
) -> Figure:  # fmt: skip
    """Mean absolute error at each frame and wavenumber, models side by side in one scale.

    Args:
        maps: Model -> error, ``[frames, wavenumber]``.
        wavenumber: Axis [cm-1].
        first: Number of the first frame, counted from the last given one.
        text: Title.
        origin: Of the data.
        power: Power of ten that errors are shown in.
    """
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = new_figure(3.5 * columns + 0.8, 2.7 * rows + 0.5)
    panels = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).ravel()
    for axes in panels[len(maps) :]:
        axes.set_visible(False)
    everything = np.concatenate([np.asarray(values).ravel() for values in maps.values()])
    high = float(np.quantile(everything, 0.98)) / 10.0**power or 1.0
    mesh = None
    for number, (axes, (model, values)) in enumerate(zip(panels, maps.items(), strict=False)):
        frames = first + np.arange(len(values), dtype=np.float64)
        mesh = spectral_mesh(
            axes,
            wavenumber,
            frames,
            np.asarray(values) / 10.0**power,
            cmap=SEQUENTIAL,
            limits=(0, high),
        )
        axes.set_title(model, loc="left", fontsize=9)
        axes.tick_params(labelsize=8)
        if number % columns == 0:
            axes.set_ylabel("Frame after the given one", fontsize=9)
        lowest = number >= len(maps) - columns
        axes.tick_params(labelbottom=lowest)
        if not lowest:
            axes.set_xlabel("")
    if mesh is not None:
        bar = figure.colorbar(mesh, ax=panels.tolist(), extend="max", aspect=30, shrink=0.8)
        bar.set_label(f"Mean absolute error / {_ten(power)}", fontsize=8)
        bar.ax.tick_params(labelsize=8)
    figure.suptitle(f"{text} ({origin} data)", fontsize=10, x=0.01, ha="left")
    return figure


def example_figure(
    runs: Sequence[ExampleRun], *, text: str, origin: str, power: int = -3
) -> Figure:
    """Forecasts over what came: change spectra as lines, and what came and the forecast as maps.

    Args:
        runs: One row each, from the top.
        text: Title.
        origin: Of the data.
        power: Power of ten that changes and errors are shown in.
    """
    unit_size = 10.0**power
    figure = new_figure(11.0, 2.6 * len(runs) + 0.5)
    grid = figure.add_gridspec(len(runs), 3, width_ratios=[1.25, 1, 1])
    for row, run in enumerate(runs):
        last = row == len(runs) - 1
        lines = figure.add_subplot(grid[row, 0])
        target = (np.asarray(run.target, dtype=np.float64) - run.given) / unit_size
        forecast = (np.asarray(run.forecast, dtype=np.float64) - run.given) / unit_size
        _lines(lines, run, target, forecast, power, label=last)
        lines.set_title(f"{run.name}: MAE {run.error / unit_size:.2f}", loc="left", fontsize=9)
        low, high, extend = colour_limits(target, centred=True)
        unit = time_unit(run.lead)
        mesh = None
        for column, (what, values) in enumerate((("target", target), ("forecast", forecast))):
            axes = figure.add_subplot(grid[row, 1 + column])
            if len(run.lead) > 1:
                mesh = spectral_mesh(
                    axes, run.wavenumber, unit(run.lead), values, cmap=DIVERGING,
                    limits=(low, high),
                )  # fmt: skip
            axes.set_title(what, loc="left", fontsize=8)
            axes.set_ylabel("" if column else f"Lead time / {unit.name}", fontsize=8)
            axes.tick_params(labelsize=7, labelleft=not column)
            axes.set_xlabel(axes.get_xlabel() if last else "", fontsize=8)
        if mesh is not None:
            figure.colorbar(mesh, ax=axes, extend=extend).ax.tick_params(labelsize=7)
    figure.suptitle(
        f"{text} ({origin} data). Change since the given frame / {_ten(power)}",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


def _lines(
    axes: Axes, run: ExampleRun, target: Values, forecast: Values, power: int, *, label: bool
) -> None:
    """Change in the middle and at the end, target thin, forecast thick."""
    unit = time_unit(run.lead)
    frames = sorted({len(run.lead) // 2, len(run.lead) - 1})
    for number, frame in enumerate(frames):
        when = f"{float(unit(run.lead[frame])):.3g} {unit.name}"
        colour = COLOURS[number]
        axes.plot(run.wavenumber, target[frame], color=colour, lw=0.7, alpha=0.75, label=when)
        axes.plot(run.wavenumber, forecast[frame], color="white", lw=2.6)
        axes.plot(
            run.wavenumber, forecast[frame], color=colour, lw=1.4, ls=(0, (5, 1.5)),
            label=f"{when}, forecast",
        )  # fmt: skip
    spectral_axis(axes, run.wavenumber, label=label)
    axes.xaxis.label.set_fontsize(8)
    axes.set_ylabel(f"Change / {_ten(power)}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.axhline(0, color="#bbbbbb", lw=0.6, zorder=0)
    axes.legend(frameon=False, fontsize=6.5, ncols=2)


def _ten(power: int) -> str:
    return f"10$^{{{power}}}$" if power else "1"
