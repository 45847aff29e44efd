"""Pictures of a store of simulated runs: what it holds, how its spectra look, what truth it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opir.chemistry import TAGS
from opir.plots.simulated import IN_ELECTRODES
from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    spectral_axis,
    spectral_mesh,
    time_unit,
    title,
)
from opir.run.run import Run

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "changes_figure",
    "contents_figure",
    "examples_figure",
    "provenance_figure",
    "spectra_figure",
    "truth_figure",
]

SIMULATED = "simulated"


def contents_figure(records: Sequence[Mapping[str, Any]], *, text: str) -> Figure:
    """How many runs there are of each system and protocol, and their conditions.

    Args:
        records: One for each run: ``group`` (its system), ``protocol``, ``grid``, ``temperature``
            [K], ``salt`` [mol m-3] (NaN where nominal), ``duration`` [s].
        text: Title.
    """
    figure = new_figure(13.0, 8.0)
    grid = figure.add_gridspec(2, 3)
    table = figure.add_subplot(grid[:, 0:2])
    groups = list(dict.fromkeys(str(r["group"]) for r in records))
    protocols = sorted({str(r["protocol"]) for r in records})
    counts = Counter((str(r["group"]), str(r["protocol"])) for r in records)
    values = np.array([[counts[g, p] for p in protocols] for g in groups], dtype=np.float64)
    table.imshow(np.where(values > 0, values, np.nan), cmap="cividis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if value:
            dark = value < values.max() / 2
            table.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8,
                       color="white" if dark else "black")  # fmt: skip
    table.set_xticks(range(len(protocols)), protocols, rotation=40, ha="right", fontsize=8)
    sizes = Counter(str(r["group"]) for r in records)
    table.set_yticks(range(len(groups)), [f"{g} ({sizes[g]})" for g in groups], fontsize=8)
    title(table, f"{text}\nruns by system and protocol", SIMULATED)
    upper, lower = figure.add_subplot(grid[0, 2]), figure.add_subplot(grid[1, 2])
    kelvin = np.array([float(r["temperature"]) for r in records])
    upper.hist(kelvin - 273.15, bins=24, color=COLOURS[0])
    upper.set_xlabel("Temperature / °C")
    upper.set_ylabel("Runs")
    hours = np.array([float(r["duration"]) for r in records]) / 3600
    hours = hours[hours > 0]
    for number, kind in enumerate(sorted({str(r["grid"]) for r in records})):
        chosen = [float(r["duration"]) / 3600 for r in records if r["grid"] == kind]
        lower.hist(
            chosen,
            bins=np.geomspace(hours.min() / 1.1, hours.max() * 1.1, 25).tolist(),
            histtype="step",
            color=COLOURS[number % len(COLOURS)],
            label=f"{kind} ({len(chosen)})",
        )
    lower.set_xscale("log")
    lower.set_xlabel("Length of the run / h")
    lower.set_ylabel("Runs")
    lower.legend(title="frames", frameon=False, fontsize=8)
    return figure


def examples_figure(runs: Mapping[str, Run]) -> Figure:
    """Change of absorbance over time, one run of each group.

    Args:
        runs: Label -> run.
    """
    columns = 4 if len(runs) > 6 else 3
    rows = -(-len(runs) // columns)
    figure = new_figure(3.6 * columns, 3.4 * rows)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes in panels[len(runs) :]:
        axes.set_visible(False)
    for axes, (label, run) in zip(panels, runs.items(), strict=False):
        unit = time_unit(run.time)
        change = run.values.astype(np.float64) - run.values[0]
        low, high, extend = colour_limits(change, centred=True)
        mesh = spectral_mesh(
            axes, run.wavenumber, unit(run.time), change, cmap=DIVERGING, limits=(low, high)
        )
        axes.set_ylabel(unit.label)
        axes.tick_params(labelsize=7)
        axes.set_title(label, loc="left", fontsize=9)
        figure.colorbar(mesh, ax=axes, extend=extend).ax.tick_params(labelsize=7)
    figure.suptitle(f"Change of absorbance since the first frame ({SIMULATED})", fontsize=11)
    return figure


def spectra_figure(runs: Mapping[str, Run]) -> Figure:
    """First and last spectrum of one run of each group.

    Args:
        runs: Label -> run.
    """
    figure = new_figure(11.0, 1.5 * len(runs) + 1)
    panels = np.atleast_1d(figure.subplots(len(runs), 1, sharex=True)).ravel()
    for axes, (label, run) in zip(panels, runs.items(), strict=True):
        axes.plot(run.wavenumber, run.values[0], color=COLOURS[0], lw=0.9, label="first frame")
        axes.plot(run.wavenumber, run.values[-1], color=COLOURS[1], lw=0.9, label="last frame")
        axes.annotate(label, (0.005, 0.86), xycoords="axes fraction", fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in panels[:-1]:
        axes.set_xlabel("")
    spectral_axis(panels[-1], next(iter(runs.values())).wavenumber)
    title(panels[0], "Absorbance", SIMULATED)
    panels[0].legend(frameon=False, fontsize=7, loc="upper right")
    return figure


def changes_figure(changes: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Largest change of absorbance in each run, by group and by part of the truth.

    Args:
        changes: Group -> (name of a part such as ``sei`` -> one value for each run looked at).
    """
    figure = new_figure(11.0, 0.5 * len(changes) + 2)
    axes = figure.subplots()
    parts = list(dict.fromkeys(part for found in changes.values() for part in found))
    for row, (_, found) in enumerate(changes.items()):
        for number, part in enumerate(parts):
            values = np.maximum(np.asarray(found.get(part, ()), dtype=np.float64), 1e-7)
            place = np.full(values.size, row + 0.25 * (number - (len(parts) - 1) / 2))
            axes.plot(
                values,
                place,
                ls="",
                marker="|",
                ms=7,
                color=COLOURS[number % len(COLOURS)],
                label=part if row == 0 else None,
            )
    axes.set_yticks(range(len(changes)), list(changes), fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.grid(True, axis="x", color="#e5e5e5", linewidth=0.6)
    axes.set_xlabel("Largest change of absorbance in a run (one mark each)")
    axes.legend(frameon=False, fontsize=8)
    title(axes, "How much the spectra change", SIMULATED)
    return figure


def truth_figure(run: Run, truth: xr.Dataset, *, text: str) -> Figure:
    """What is known of one run: streams, amounts and the film.

    Args:
        run: The run.
        truth: Its truth.
        text: Title.
    """
    figure = new_figure(12.0, 8.0)
    panels = figure.subplots(2, 2)
    unit = time_unit(run.time)
    last, x = -1, run.wavenumber
    left = panels[0, 0]
    left.plot(x, run.values[last] - run.values[0], color="0.7", lw=1, label="with noise")
    for number, name in enumerate(map(str, truth["stream"].values)):
        stream = truth["streams"].sel(stream=name).values
        left.plot(x, stream[last] - stream[0], color=COLOURS[number], lw=1.1, label=f"{name}")
    spectral_axis(left, x)
    left.set_ylabel("Last frame less the first")
    left.legend(frameon=False, fontsize=8)
    title(left, text, SIMULATED)
    _lines(panels[0, 1], unit(run.time), truth, "amounts", "species", 1e6)
    panels[0, 1].set_ylabel("Change of amount / µmol m$^{-2}$")
    _lines(panels[1, 0], unit(run.time), truth, "extents", "reaction", 1e6)
    panels[1, 0].set_ylabel("Extent of reaction / µmol m$^{-2}$")
    axes = panels[1, 1]
    voltage = run.on_time("voltage")
    if voltage is not None:
        axes.plot(unit(run.time), voltage, color=COLOURS[0], lw=1.2)
    axes.set_ylabel("Voltage / V", color=COLOURS[0])
    if "thickness" in truth:
        other = axes.twinx()
        other.plot(unit(run.time), truth["thickness"].values * 1e9, color=COLOURS[2], lw=1.2)
        other.set_ylabel("Film / nm", color=COLOURS[2])
    for panel in panels.ravel()[1:]:
        panel.set_xlabel(unit.label)
    return figure


def _lines(axes: Axes, time: Any, truth: xr.Dataset, name: str, dim: str, factor: float) -> None:
    if name not in truth:
        return
    values = truth[name].values
    change = (values - values[0]) * factor
    labels = [str(label) for label in truth[dim].values]
    order = [
        i
        for i in np.argsort(np.abs(change).max(axis=0))[::-1]
        if not labels[i].endswith(IN_ELECTRODES)
    ][:7]
    for number, column in enumerate(order):
        axes.plot(time, change[:, column], color=COLOURS[number], lw=1.1,
                  label=labels[column])  # fmt: skip
    axes.set_yscale("symlog", linthresh=0.1)
    axes.legend(frameon=False, fontsize=7, ncols=2)


def provenance_figure(counts: Mapping[str, Mapping[str, int]], *, text: str) -> Figure:
    """How many numbers of the library are sourced, computed, recalled or guessed.

    Args:
        counts: Kind of number (``band positions``) -> (provenance tag -> how many).
        text: Title.
    """
    figure = new_figure(10.0, 0.5 * len(counts) + 2)
    axes = figure.subplots()
    present = {tag for found in counts.values() for tag in found}
    tags = [tag for tag in TAGS if tag in present]
    left = np.zeros(len(counts))
    for number, tag in enumerate(tags):
        total = np.array([max(1, sum(found.values())) for found in counts.values()])
        share = np.array([found.get(tag, 0) for found in counts.values()]) / total
        axes.barh(range(len(counts)), share, left=left, label=tag, color=COLOURS[number % 7])
        left += share
    labels = [f"{kind} ({sum(found.values())})" for kind, found in counts.items()]
    axes.set_yticks(range(len(counts)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("Share of the numbers")
    figure.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower center")
    axes.set_title(text, loc="left", fontsize=10)
    return figure
