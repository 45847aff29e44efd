"""A forecast without a measurement beside it: spectra, change, streams, species, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.base import drive_name, trace
from opir.plots.formulas import typeset
from opir.plots.style import (
    COLOURS,
    DIVERGING,
    TimeUnit,
    colour_limits,
    new_figure,
    signal_label,
    spectral_axis,
    spectral_mesh,
    time_unit,
)
from opir.plots.waterfall import draw_lines, pick_frames
from opir.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

__all__ = ["SPECIES_SHOWN", "changed_species", "prediction_figure"]

Array = NDArray[np.float64]

SPECIES_SHOWN = 8
_LINES = 9
_AT = (0.1, 0.4, 1.0)
"""Where on the way to the end the intervals are drawn."""
_FEW = 12
"""Fewer frames than these are drawn as points: nothing is known of what lies between them."""
_ALIKE = 1e-3
"""Courses that differ by less than this share of the change lie on each other: one line for all."""
_AMOUNTS = "(amounts as an interphase on the electrode would show them)"
_STREAMS = {
    "solvent": "Stream 'solvent': what changes in what was there (own scale)",
    "sei": "Stream 'sei': what forms that was not there (own scale)",
}


def changed_species(forecast: Run, *, least: float = 0.0) -> list[str]:
    """The species whose amounts change, the most first; not what is brought from outside.

    Args:
        forecast: A forecast with ``amount [time, component]`` and ``amount_given [component]``.
        least: Smallest change, as a share of the largest.
    """
    data = forecast.dataset
    if "amount_given" not in data:
        return []
    change = np.abs(data["amount"].values - data["amount_given"].values).max(axis=0)
    names = [str(name) for name in data["component"].values]
    # Cations and electrons come through the electrolyte and the wire.
    inside = np.array([not (name == "e-" or name.endswith("+")) for name in names])
    change = np.where(inside, change, 0.0)
    order = np.argsort(-change, kind="stable")
    return [names[at] for at in order if change[at] > max(least * change.max(), 0.0)]


def prediction_figure(forecast: Run, *, text: str, note: str = "") -> Figure:
    """What a forecast says, in one picture: as many panels as the model tells.

    The sequence of spectra; their change from the given one; the change of both streams; potential
    and amounts over time; and the change at three times with its intervals.

    Args:
        forecast: A forecast with ``given_absorbance [given_time, wavenumber]``, and where the
            model has them ``stream_solvent`` and ``stream_sei [time, wavenumber]``, ``amount`` and
            ``amount_given``, ``absorbance_lower`` and ``absorbance_upper``; see
            :func:`opir.workflows.predict.predict`.
        text: Title.
        note: A line below it: where the forecast comes from, how many warnings there are.
    """
    data = forecast.dataset
    unit = time_unit(np.append(forecast.time, 0.0))
    streams = [name for name in _STREAMS if f"stream_{name}" in data]
    cell = drive_name(forecast) is not None or bool(changed_species(forecast))
    rows = 1 + (len(streams) == 2) + 1
    figure = new_figure(13.0, 0.9 + 3.7 * rows)
    figure.suptitle(text, x=0.01, ha="left", fontsize=13, fontweight="bold")
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=[0.001] + [1.0] * rows)
    line = figure.add_subplot(grid[0, :])
    line.set_axis_off()
    line.set_title(note, loc="left", fontsize=10, color=COLOURS[1])
    _sequence(figure, figure.add_subplot(grid[1, 0]), forecast)
    _heat(figure, figure.add_subplot(grid[1, 1]), forecast, unit)
    if len(streams) == 2:
        panels = [figure.add_subplot(grid[2, column]) for column in range(2)]
        _streams(panels, streams, forecast)
    if cell:
        _cell(grid[rows, 0], forecast, unit)
    _intervals(figure.add_subplot(grid[rows, 1 if cell else slice(None)]), forecast, unit)
    return figure


def _change(forecast: Run) -> Array:
    """Change from the last given spectrum, ``[time, wavenumber]``."""
    given = forecast.dataset["given_absorbance"].values[-1]
    return np.asarray(forecast.values - given, dtype=np.float64)


def _label(forecast: Run) -> str:
    label = signal_label(forecast)
    return f"Change of {label[0].lower()}{label[1:]}"


def _sequence(figure: Figure, axes: Axes, forecast: Run) -> None:
    given = forecast.dataset["given_absorbance"]
    if forecast.time.size > 1:
        draw_lines(figure, axes, forecast, pick_frames(forecast.time, _LINES))
    else:
        unit = time_unit(np.append(forecast.time, 0.0))
        label = f"after {float(unit(forecast.time[0])):.3g} {unit.name}"
        axes.plot(forecast.wavenumber, forecast.values[0], color=COLOURS[0], lw=1.0, label=label)
        spectral_axis(axes, forecast.wavenumber)
    axes.plot(
        forecast.wavenumber,
        given.values[-1],
        color="black",
        lw=1.2,
        ls="--",
        label=f"given ({given.attrs.get('origin', 'unknown')})",
    )
    axes.set_ylabel(signal_label(forecast))
    axes.legend(frameon=False, fontsize=8)
    _head(axes, "Forecast spectra")


def _heat(figure: Figure, axes: Axes, forecast: Run, unit: TimeUnit) -> None:
    change = _change(forecast)
    low, high, extend = colour_limits(change, centred=True)
    mesh = spectral_mesh(
        axes,
        forecast.wavenumber,
        unit(forecast.time),
        change,
        cmap=DIVERGING,
        limits=(low, high),
    )
    axes.set_ylabel(unit.label)
    figure.colorbar(mesh, ax=axes, extend=extend, pad=0.02, aspect=30).set_label(_label(forecast))
    _head(axes, "Change from the given spectrum")


def _streams(panels: list[Axes], names: list[str], forecast: Run) -> None:
    """Both streams, each on a scale of its own, coloured by time as the sequence is."""
    import matplotlib as mpl

    frames = pick_frames(forecast.time, _LINES)
    first, last = float(forecast.time[0]), float(forecast.time[-1])
    shares = 0.9 * (forecast.time[frames] - first) / max(last - first, 1e-12)
    colours = mpl.colormaps["viridis"](shares)
    parts = {name: forecast.dataset[f"stream_{name}"].values[frames] for name in names}
    # A flow starts at the first given spectrum, also where it is told of later ones.
    parts["solvent"] = parts["solvent"] - forecast.dataset["given_absorbance"].values[0]
    for axes, name in zip(panels, names, strict=True):
        axes.axhline(0, color="0.6", lw=0.8)
        for values, colour in zip(parts[name], colours, strict=True):
            axes.plot(forecast.wavenumber, values, color=colour, lw=1.0)
        spectral_axis(axes, forecast.wavenumber)
        axes.set_ylabel(_label(forecast))
        _head(axes, _STREAMS[name])
    _size(panels[names.index("sei")], forecast)


def _size(axes: Axes, forecast: Run) -> None:
    """How large what forms becomes, beside the interval there: its own scale hides that."""
    data = forecast.dataset
    if "absorbance_upper" not in data:
        return
    sei = np.abs(data["stream_sei"].values)
    at = np.unravel_index(int(sei.argmax()), sei.shape)
    half = float(data["absorbance_upper"].values[at] - forecast.values[at])
    level = 100 * float(data["absorbance_upper"].attrs["level"])
    text = f"largest: {float(sei[at]):.2g}\nthere the {level:.3g} % interval is ± {half:.2g}"
    axes.annotate(text, (0.02, 0.97), xycoords="axes fraction", va="top", fontsize=8)


def _cell(place: SubplotSpec, forecast: Run, unit: TimeUnit) -> None:
    """The potential, or what else is known of the cell, above the amounts on one time axis."""
    names = changed_species(forecast)[:SPECIES_SHOWN]
    drive = drive_name(forecast)
    heights = [1, 2] if names and drive else [1]
    parts = place.subgridspec(len(heights), 1, height_ratios=heights)
    panels = list(parts.subplots(sharex=True, squeeze=False)[:, 0])
    if drive is not None:
        _trace(panels[0], forecast, unit, drive)
        _head(panels[0], "The cell ahead" + (", and what changes in it" if names else ""))
    if not names:
        _as_points(panels, forecast)
        panels[-1].set_xlabel(unit.label)
        return
    axes = panels[-1]
    amount, start = forecast.dataset["amount"], forecast.dataset["amount_given"]
    change = amount.sel(component=names).values - start.sel(component=names).values
    times = unit(np.concatenate([[0.0], forecast.time]))
    drawn: set[int] = set()
    for column in np.argsort(-change[-1], kind="stable"):
        if column in drawn:
            continue
        apart = np.abs(change - change[:, [column]]).max(axis=0)
        alike = np.flatnonzero(apart <= _ALIKE * np.abs(change[:, column]).max())
        drawn |= {int(at) for at in alike}
        axes.plot(
            times,
            np.concatenate([[0.0], change[:, column]]),
            color=COLOURS[column % len(COLOURS)],
            ls="-" if column < len(COLOURS) else "--",
            lw=1.4,
            label=typeset(", ".join(names[at] for at in alike)),
        )
    _as_points(panels, forecast)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.set_xlabel(f"{unit.label}\n{_AMOUNTS}")
    axes.set_ylabel("Change of amount\n/ mmol m⁻²")
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.set_xlim(0, 1.02 * float(times[-1]))


def _as_points(panels: list[Axes], forecast: Run) -> None:
    """Points in place of lines where frames are few, hollow ones in place of dashed lines."""
    if forecast.time.size < _FEW:
        for line in [line for axes in panels for line in axes.lines]:
            fill = "none" if line.get_linestyle() == "--" else "full"
            line.set(linestyle="none", marker="o", markersize=5, fillstyle=fill)


def _trace(axes: Axes, forecast: Run, unit: TimeUnit, drive: str) -> None:
    """Voltage (or what is known), and the working potential where it is another one."""
    data = forecast.dataset
    times = unit(np.append(data["given_time"].values, forecast.time))
    values = np.append(data[f"given_{drive}"].values, data[drive].values).astype(np.float64)
    trace(axes, times, values, drive)
    if drive != "voltage" or "potential" not in data:
        return
    # At the given spectrum a sweep may not have begun, and the electrode be where it was at rest.
    potential = data["potential"].values
    ahead = slice(data["given_time"].size, None)
    if (np.abs(potential - values[ahead]) > 0.02).any():
        axes.plot(times[ahead], potential, color=COLOURS[1], lw=1.2, label="working electrode")
        axes.plot([], [], color=COLOURS[0], lw=1.2, label="cell")
        axes.legend(frameon=False, fontsize=8)


def _intervals(axes: Axes, forecast: Run, unit: TimeUnit) -> None:
    """Change at three times, one above the other, with the interval around each."""
    data, change = forecast.dataset, _change(forecast)
    wanted = np.array(_AT) * forecast.time[-1]
    frames = np.unique(np.abs(forecast.time[:, None] - wanted).argmin(axis=0))
    given = data["given_absorbance"].values[-1]
    known = "absorbance_lower" in data
    lower, upper = (
        data[f"absorbance_{side}"].values[frames] - given if known else change[frames]
        for side in ("lower", "upper")
    )
    step = 1.05 * max(float(upper.max() - lower.min()), 1e-12)
    for number, frame in enumerate(frames):
        base = number * step
        colour = COLOURS[number]
        axes.axhline(base, color="0.6", lw=0.8)
        if known:
            axes.fill_between(
                forecast.wavenumber,
                base + lower[number],
                base + upper[number],
                color=colour,
                alpha=0.25,
                lw=0,
            )
        axes.plot(forecast.wavenumber, base + change[frame], color=colour, lw=1.2)
        axes.annotate(
            f"{unit(forecast.time[frame]):.3g} {unit.name}",
            (1.0, base),
            (4, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=colour,
            fontweight="bold",
        )
    spectral_axis(axes, forecast.wavenumber)
    more = f"\n(each offset by {step:.2g})" if frames.size > 1 else ""
    axes.set_ylabel(_label(forecast) + more)
    if not known:
        _head(axes, "Change at three times (the model has no intervals)")
        return
    attributes = data["absorbance_lower"].attrs
    widened = float(attributes.get("widened", 1.0))
    more = f", widened {widened:.3g} times" if widened > 1 else ""
    _head(axes, f"Change with its {100 * float(attributes['level']):.3g} % interval{more}")


def _head(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=10)
