"""Draw what simulated cells do that real ones do: the pictures of docs/simulator.md.

    python examples/nature.py docs/pictures --measured ../shared/real/electrochemistry/attia_lsv

Every curve is simulated unless it is called measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opir import chemistry
from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    save,
    spectral_axis,
    spectral_mesh,
    title,
)
from opir.simulate.single_run import Simulation, simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOUR = 3600.0
AXIS = np.linspace(800.0, 1900.0, 512)


def run(system: str, protocol: str, frames: int = 400, **options: object) -> Simulation:
    """A nominal cell without noise."""
    return simulate(
        system, protocol, frames=frames, vary=False, instrument=None, wavenumber=AXIS, **options
    )


def sweeps(folder: Path) -> Figure:
    """Simulated current over the measured one at three rates."""
    sys.path.insert(0, str(Path(__file__).parent))
    from fit_sweeps import measured_sweeps, simulated_sweep

    from opir.simulate.sweeps import sweep_peak

    figure = new_figure(11.0, 3.8)
    axes = figure.subplots(1, 3)
    for place, sweep in zip(axes, measured_sweeps(folder), strict=True):
        found = sweep_peak(*simulated_sweep(sweep.rate))
        for peak, colour, label in (
            (sweep.peak, "0.45", "measured"),
            (found, COLOURS[1], "simulated"),
        ):
            place.plot(peak.grid, peak.current * 1e3, color=colour, label=label)
            place.plot(peak.grid, peak.baseline * 1e3, color=colour, lw=0.8, ls=":")
            place.axvline(peak.potential, color=colour, lw=0.8, ls="--")
        shift = 1e3 * (found.potential - sweep.peak.potential)
        place.set_title(f"{sweep.rate:g} mV/min: {shift:+.0f} mV", loc="left", fontsize=10)
        place.set_xlabel("Voltage against Li / V (iR not removed)")
    axes[0].set_ylabel("Current / mA")
    axes[0].legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle(
        "Carbon black, 1 M LiPF6 in EC:DEC, 30 °C: simulated on measured; dotted: baselines",
        fontsize=10,
    )
    return figure


def ordering() -> Figure:
    """Which reduction begins where, all at C/50."""
    figure = new_figure(7.0, 4.2)
    axes = figure.subplots()
    cells = (
        ("libob-graphite", "discharge at C/50 for 12 h", ("bob-to-film",), "BOB$^-$"),
        ("fec-silicon", "discharge at C/50 for 12 h", ("fec-to-polymer", "fec-to-vc"), "FEC"),
        ("lp57-vc-graphite-nmc811", "charge at C/50 for 12 h", ("vc-to-polymer",), "VC"),
        ("lp57-graphite-nmc622", "charge at C/50 for 12 h", ("ec-to-ledc",), "EC"),
    )
    for colour, (system, protocol, names, label) in zip(COLOURS, cells, strict=False):
        made = run(system, protocol, 3000)
        extent = sum(made.truth["extents"].sel(reaction=name).values for name in names)
        axes.plot(made.truth["potential"].values, extent * 1e6, color=colour, label=label)
    axes.set_yscale("log")
    axes.set_ylim(1e-2, 3e2)
    axes.set_xlim(2.2, 0.2)
    axes.set_xlabel("Potential of the negative electrode against Li / V")
    axes.set_ylabel("Extent / µmol m$^{-2}$")
    axes.legend(frameon=False)
    title(axes, "Additives and anions are reduced before EC", "simulated")
    return figure


def ten_cycles() -> Figure:
    """Film and loss over ten cycles."""
    figure = new_figure(9.5, 4.0)
    film, loss = figure.subplots(1, 2)
    names = (
        "lp30-graphite", "lp57-graphite-nmc622", "lp57-vc-graphite-nmc811", "fec-silicon",
        "lp57-lithium", "napf6-carbonate-hard-carbon", "napf6-diglyme-hard-carbon", "lp30-lto",
    )  # fmt: skip
    for colour, name in zip((*COLOURS, "0.6"), names, strict=True):
        made = run(name, "ten-cycles")
        cell, edges = made.cell, made.trajectory.edges[::2]
        states = made.trajectory.at(edges)[:, : len(cell.reactions)]
        solids = (cell.amounts + states @ cell.stoichiometry.T) @ cell.arrays.film_volume
        electrons = [abs(r.electrons) * (r.electrode == "working") for r in cell.reactions]
        charge = np.diff(states @ np.array(electrons)) * 96485.0 * cell.area / HOUR / cell.capacity
        film.plot(range(edges.size), solids * 1e9, "o-", ms=3, color=colour, label=name)
        loss.plot(range(1, edges.size), 100 * charge, "o-", ms=3, color=colour)
    film.set_xlabel("Cycle")
    film.set_ylabel("Solids in the film / nm")
    film.legend(frameon=False, fontsize=7)
    loss.set_yscale("log")
    loss.set_xlabel("Cycle")
    loss.set_ylabel("Reductions in it / % of the capacity")
    title(film, "Ten cycles at C/5", "simulated")
    return figure


def rest() -> Figure:
    """What dissolves while a charged cell rests."""
    figure = new_figure(7.0, 4.2)
    axes = figure.subplots()
    for system, species in (
        ("lp57-graphite", ("LEDC", "LMC", "LEC")),
        ("napf6-carbonate-hard-carbon", ("SEDC", "NaEC")),
    ):
        made = run(system, "formation-rest")
        begin = made.trajectory.edges[1]
        shown = made.run.time >= begin
        for name in species:
            amount = made.truth["amounts"].sel(species=name).values[shown]
            axes.plot(
                (made.run.time[shown] - begin) / HOUR, 100 * amount / amount[0],
                color=COLOURS[len(axes.lines)], ls="-" if system.startswith("lp") else "--",
                label=f"{name} ({system})",
            )  # fmt: skip
    axes.set_ylim(0, 125)
    axes.set_xlabel("Time at open circuit / h")
    axes.set_ylabel("Left in the film / %")
    axes.legend(frameon=False, fontsize=8)
    title(axes, "Semicarbonates of linear carbonates dissolve, LEDC stays", "simulated")
    return figure


def diglyme() -> Figure:
    """Film spectra of the same electrode in two electrolytes."""
    figure = new_figure(7.0, 4.2)
    axes = figure.subplots()
    for colour, name in zip(
        COLOURS, ("napf6-carbonate-hard-carbon", "napf6-diglyme-hard-carbon"), strict=False
    ):
        made = run(name, "formation-c20")
        film = made.truth["streams"].sel(stream="sei").values
        axes.plot(AXIS, 1e3 * (film[-1] - film[0]), color=colour, label=name)
        if "diglyme" in name:
            axes.plot(AXIS, 2e4 * (film[-1] - film[0]), color=colour, ls=":", label="20 times that")
    spectral_axis(axes, AXIS)
    axes.set_ylabel("Absorbance of the film / 10$^{-3}$")
    axes.legend(frameon=False, fontsize=8)
    title(axes, "Hard carbon after one cycle at C/20: carbonates and diglyme", "simulated")
    return figure


def solvation() -> Figure:
    """The reversible swing under pulses of current."""
    figure = new_figure(9.5, 4.6)
    top, below = figure.subplots(2, 1, sharex=True)
    made = run("lp30-graphite", "gitt", 1500)
    hours = made.run.time / HOUR
    total = made.truth["streams"].values.sum(axis=0)
    for colour, (position, label) in zip(
        COLOURS, ((843, "PF$_6^-$"), (1276, "DMC O-C-O"), (1773, "C=O"), (1650, "film")),
        strict=False,
    ):  # fmt: skip
        column = int(np.argmin(np.abs(AXIS - position)))
        top.plot(hours, 1e3 * (total[:, column] - total[0, column]), color=colour, lw=1.0,
                 label=f"{position} cm$^{{-1}}$, {label}")  # fmt: skip
    top.set_ylabel("Change of absorbance\n/ 10$^{-3}$")
    top.set_ylim(-75, 40)
    top.legend(frameon=False, fontsize=8, ncols=4, loc="upper right")
    below.plot(hours, made.run.dataset["voltage"].values, color="0.2", lw=1.0)
    below.set_ylabel("Voltage / V")
    below.set_xlabel("Time / h")
    title(top, "lp30-graphite under GITT: salt and solvation swing, the film grows", "simulated")
    return figure


def change_map() -> Figure:
    """Change of absorbance during formation, beside the voltage."""
    made = simulate("lp30-graphite", "formation-c10", seed=3, frames=120, wavenumber=AXIS[::2])
    figure = new_figure(8.5, 5.0)
    heat, cell = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    change = made.run.values.astype(np.float64) - made.run.values[0]
    solvents = (AXIS[::2] > 900) & (AXIS[::2] < 1880)  # the anion's band would pale all others
    low, high, _ = colour_limits(change[:, solvents], centred=True)
    mesh = spectral_mesh(
        heat, AXIS[::2], made.run.time / HOUR, 1e3 * change, cmap=DIVERGING,
        limits=(1e3 * low, 1e3 * high),
    )  # fmt: skip
    figure.colorbar(
        mesh, ax=heat, label="Change of absorbance / 10$^{-3}$", location="bottom", extend="both"
    )
    heat.set_ylabel("Time / h")
    record = made.record()
    cell.plot(record.dataset["voltage"].values, record.time / HOUR, color="0.2", lw=1.0)
    cell.set_xlabel("Voltage / V")
    title(heat, "lp30-graphite, one cycle at C/10, with the noise of a bench", "simulated")
    return figure


def spectra() -> Figure:
    """The first spectrum, and the film's after formation, of three cells."""
    figure = new_figure(9.5, 5.4)
    whole, film = figure.subplots(2, 1, sharex=True)
    names = ("lp30-graphite", "fec-silicon", "libob-graphite", "lifsi-dme-lithium")
    for colour, name in zip(COLOURS, names, strict=False):
        made = run(name, "formation-c10", 2)
        streams = made.truth["streams"].values
        whole.plot(AXIS, streams.sum(axis=0)[0], color=colour, lw=1.0, label=name)
        film.plot(AXIS, 1e3 * (streams[1, -1] - streams[1, 0]), color=colour, lw=1.0)
    spectral_axis(film, AXIS)
    whole.set_ylabel("Absorbance")
    whole.legend(frameon=False, fontsize=8)
    film.set_ylabel("Film after a cycle / 10$^{-3}$")
    title(whole, "Electrolytes, and what a cycle at C/10 leaves", "simulated")
    return figure


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--measured", type=Path, help="folder of the measured sweeps")
    arguments = parser.parse_args()
    chemistry.library()
    figures = {
        "ordering": ordering, "ten-cycles": ten_cycles, "rest": rest, "diglyme": diglyme,
        "solvation": solvation, "change-map": change_map, "spectra": spectra,
    }  # fmt: skip
    if arguments.measured is not None:
        figures["sweeps"] = lambda: sweeps(arguments.measured)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, draw in figures.items():
        print(save(draw(), arguments.out / f"{name}.png", overwrite=True, dpi=90))


if __name__ == "__main__":
    main()
