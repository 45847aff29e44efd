"""A simulated run: change of its spectra, what the cell did, and the truth behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    spectral_mesh,
    time_unit,
    title,
)
from opir.run.electrochemistry import Electrochemistry
from opir.run.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["IN_ELECTRODES", "largest_changes", "simulated_figure"]

IN_ELECTRODES = ("(working)", "(counter)")
"""Endings of species that the electrodes store; they would hide all others."""


def simulated_figure(
    run: Run,
    truth: xr.Dataset | None = None,
    *,
    course: Electrochemistry | None = None,
    measured: Electrochemistry | None = None,
) -> Figure:
    """Change of absorbance, current and voltage, and the species whose amounts changed most.

    Args:
        run: The simulated run.
        truth: Its truth, for the amounts.
        course: Simulated voltage and current at more times than the frames'.
        measured: What a cycler recorded in the same experiment; drawn beneath the current.
    """
    figure = new_figure(11.0, 7.0)
    grid = figure.add_gridspec(2, 2)
    heat, cell = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])
    unit = time_unit(run.time)
    change = run.values.astype(np.float64) - run.values[0]
    low, high, extend = colour_limits(change, centred=True)
    mesh = spectral_mesh(
        heat,
        run.wavenumber,
        unit(run.time),
        change,
        cmap=DIVERGING,
        limits=(low, high),
    )
    heat.set_ylabel(unit.label)
    title(heat, f"{run.name}\nchange since the first frame", run.origin)
    figure.colorbar(mesh, ax=heat, label="Change of absorbance", location="bottom", extend=extend)
    if measured is not None:
        _over_voltage(cell, course or run, measured)
    else:
        _over_time(cell, course or run)
    if truth is not None and "amounts" in truth:
        _amounts(figure.add_subplot(grid[1, 1]), run, truth)
    return figure


def _column(data: Run | Electrochemistry, name: str) -> NDArray[np.float64] | None:
    return data.on_time(name) if isinstance(data, Run) else data.column(name)


def _over_time(axes: Axes, run: Run | Electrochemistry) -> None:
    unit = time_unit(run.time)
    voltage, current = _column(run, "voltage"), _column(run, "current")
    if voltage is not None:
        axes.plot(unit(run.time), voltage, color=COLOURS[0], lw=1.2)
        axes.set_ylabel("Voltage / V", color=COLOURS[0])
    if current is not None:
        other = axes.twinx()
        other.plot(unit(run.time), current * 1e3, color=COLOURS[1], lw=1.0)
        other.set_ylabel("Current / mA", color=COLOURS[1])
    axes.set_xlabel(unit.label)


def _over_voltage(axes: Axes, run: Run | Electrochemistry, measured: Electrochemistry) -> None:
    """Current over voltage, simulated on measured."""
    voltage, current = measured.column("voltage"), measured.column("current")
    if voltage is not None and current is not None:
        axes.plot(voltage, current * 1e3, color="0.6", lw=1.6, label="measured")
    voltage, current = _column(run, "voltage"), _column(run, "current")
    if voltage is not None and current is not None:
        axes.plot(voltage, current * 1e3, color=COLOURS[1], lw=1.0, label="simulated")
        # The jump to the first imposed potential is a spike that would flatten the rest.
        later = current[current.size // 100 :] * 1e3
        low, high = float(later.min()), float(later.max())
        axes.set_ylim(1.3 * min(low, 0.0), 1.3 * max(high, 0.0))
    axes.set_xlabel("Voltage / V")
    axes.set_ylabel("Current / mA")
    axes.legend(frameon=False, fontsize=8)


def largest_changes(truth: xr.Dataset, count: int = 8) -> list[str]:
    """The species whose amounts changed most, the largest first; not those in the electrodes."""
    amounts = truth["amounts"].values
    change = np.abs(amounts - amounts[0]).max(axis=0)
    names = [str(name) for name in truth["species"].values]
    order = [i for i in np.argsort(change)[::-1] if not names[i].endswith(IN_ELECTRODES)]
    return [names[i] for i in order[:count] if change[i] > 0]


def _amounts(axes: Axes, run: Run, truth: xr.Dataset) -> None:
    unit = time_unit(run.time)
    for number, name in enumerate(largest_changes(truth)):
        values = truth["amounts"].sel(species=name).values
        axes.plot(
            unit(run.time),
            (values - values[0]) * 1e6,
            color=COLOURS[number % len(COLOURS)],
            ls="-" if number < len(COLOURS) else "--",
            lw=1.2,
            label=name,
        )
    axes.set_xlabel(unit.label)
    axes.set_ylabel("Change of amount / µmol m$^{-2}$")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.legend(frameon=False, fontsize=7, ncols=2)
