"""Fit the reduction on carbon black to measured sweeps, and say what the fit predicts.

    python examples/fit_sweeps.py ../shared/real/electrochemistry/attia_lsv

The files hold a first lithiation of carbon black in 1 M LiPF6 EC:DEC at 3, 30 and 300 mV/min, 30 C
(P. M. Attia, github.com/petermattia/first-cycle-SEI-on-carbon-black, doi 10.1149/1945-7111/abff35).
One set of constants serves all rates. Four fits are made, all from the same first guesses: all
rates; 3 and 300 mV/min, which must predict 30; 3 and 30, which must predict 300; and these with the
series resistance of the first fit, as if it had been measured by itself. The first one's constants
are those that the library holds.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from opir import chemistry
from opir.chemistry import Library
from opir.chemistry.library import Named
from opir.run import Electrochemistry
from opir.run.readers import read
from opir.simulate.single_run import simulate
from opir.simulate.sweeps import SweepPeak, falling_sweep, sweep_peak

SYSTEM, ELECTRODE = "ec-dec-carbon-black", "carbon-black"
SHARED = ("ec-to-ledc", "ec-to-li2co3", "dec-to-lec", "dec-to-ethoxide")
"""Reductions of the solvents: one factor for their rate constants, so that the shares of the
products stay as they are."""

GRID = np.arange(0.03, 1.175, 0.005)  # V, where the curves are compared
POSITION, CURVE = 0.015, 0.05  # V and share of the range that count as one residual

FITTED: Mapping[str, tuple[float, float, float]] = {
    "reduction": (4e-9, 1e-12, 1e-6),
    "tunnelling.rate": (1e-5, 1e-9, 1e2),
    "tunnelling.decay_length": (3e-10, 3e-11, 3e-9),
    "migration.conductivity": (1e-11, 1e-16, 1e-8),
    "electrical.resistance": (60.0, 10.0, 200.0),
    "electrode.exchange_current_density": (0.02, 1e-3, 1.0),
    "electrode.diffusion_strength": (0.05, 1e-3, 1.0),
    "electrode.diffusion_time": (1500.0, 10.0, 2e4),
}
"""What is fitted, as logarithms: first guess and bounds in the unit inside. ``reduction`` is the
rate constant of EC to LEDC."""


@dataclass(frozen=True)
class Sweep:
    """A measured sweep: rate [mV/min], its rows, and its peak."""

    rate: float
    voltage: NDArray[np.float64]
    current: NDArray[np.float64]
    peak: SweepPeak


def measured_sweeps(folder: Path) -> list[Sweep]:
    """The first falling sweep of each file, the slowest first."""
    found = []
    for path in sorted(folder.glob("*mVpermin*.txt")):
        record = read(path)
        match = re.search(r"_(\d+)mVpermin", path.name)
        if not isinstance(record, Electrochemistry) or match is None:
            raise SystemExit(f"{path} is no sweep of a rate that its name tells")
        voltage, current = record.dataset["voltage"].values, record.dataset["current"].values
        rows = falling_sweep(voltage)
        peak = sweep_peak(voltage[rows], current[rows])
        found.append(Sweep(float(match[1]), voltage[rows], current[rows], peak))
    return sorted(found, key=lambda sweep: sweep.rate)


def simulated_sweep(rate: float, library: Library | None = None) -> tuple[NDArray, NDArray]:
    """Voltage [V] and current [A] of the nominal cell on its way down at ``rate`` [mV/min]."""
    protocol = f"sweep 2.7 V to 1.2 V at 15 mV/min; sweep 1.2 V to 0.01 V at {rate:g} mV/min"
    first, second = 1.5 / 15 * 6e4, 1.19 / rate * 6e4
    made = simulate(
        SYSTEM,
        protocol,
        frames=np.linspace(first, first + second * (1 - 1e-9), 500),
        wavenumber=[1000.0, 1001.0],
        vary=False,
        instrument=None,
        library=library,
    )
    return made.run.dataset["voltage"].values, made.run.dataset["current"].values


def changed(library: Library, values: Mapping[str, float]) -> Library:
    """The library with other constants."""
    model, electrode = library.systems[SYSTEM], library.electrodes[ELECTRODE]

    def over(prefix: str, old: Mapping) -> dict:
        return {
            name: replace(value, value=values.get(f"{prefix}.{name}", value.value))
            for name, value in old.items()
        }

    transport = tuple(
        replace(item, parameters=over(item.law, item.parameters))
        for item in model.interphase.transport
    )
    model = replace(
        model,
        interphase=replace(model.interphase, transport=transport),
        electrical=over("electrical", model.electrical),
    )
    electrode = replace(electrode, parameters=over("electrode", electrode.parameters))
    reactions = dict(library.reactions)
    factor = values["reduction"] / reactions[SHARED[0]].parameters["rate_constant"].value
    for name in SHARED:
        old = reactions[name].parameters["rate_constant"]
        new = replace(old, value=old.value * factor)
        parameters = {**reactions[name].parameters, "rate_constant": new}
        reactions[name] = replace(reactions[name], parameters=parameters)
    return replace(
        library,
        reactions=Named("reaction", reactions),
        electrodes=Named("electrode", {**library.electrodes, ELECTRODE: electrode}),
        systems=Named("system", {**library.systems, SYSTEM: model}),
    )


def residuals(library: Library, sweeps: Sequence[Sweep]) -> NDArray[np.float64]:
    """Distances of peaks and curves, in units of what counts as one."""
    found = []
    for sweep in sweeps:
        voltage, current = simulated_sweep(sweep.rate, library)
        peak = sweep_peak(voltage, current)
        found.append([(peak.potential - sweep.peak.potential) / POSITION])
        seen = np.interp(GRID, sweep.peak.grid, sweep.peak.current)
        difference = np.interp(GRID, peak.grid, peak.current) - seen
        found.append(difference / (CURVE * np.ptp(seen)) / np.sqrt(GRID.size))
    return np.concatenate(found)


def fit(library: Library, sweeps: Sequence[Sweep], known: Mapping[str, float]) -> dict[str, float]:
    """The constants that suit the sweeps best, but for those that are known."""
    names = [name for name in FITTED if name not in known]
    first, low, high = np.log(np.array([FITTED[name] for name in names]).T)

    def named(steps: NDArray[np.float64]) -> dict[str, float]:
        values = np.exp(first + steps - 1.0).tolist()
        return {**dict(zip(names, values, strict=True)), **known}

    found = least_squares(  # variables of 1 at first, so that relative steps are steps
        lambda x: residuals(changed(library, named(x)), sweeps),
        np.ones(len(names)),
        bounds=(low - first + 1.0, high - first + 1.0),
        diff_step=1e-2,
        x_scale=0.5,
        max_nfev=60,
    )
    return named(found.x)


def compare(library: Library, sweeps: Sequence[Sweep], fitted: Sequence[float] = ()) -> None:
    """Print where the peaks are, how high, and with how much charge."""
    print("mV/min  peak / V: measured simulated difference   height  charge   curve (rms)")
    for sweep in sweeps:
        voltage, current = simulated_sweep(sweep.rate, library)
        peak, seen = sweep_peak(voltage, current), sweep.peak
        shift = peak.potential - seen.potential
        difference = np.interp(seen.grid, peak.grid, peak.current) - seen.current
        rms = np.sqrt(np.mean(difference**2)) / np.ptp(seen.current)
        print(
            f"{sweep.rate:6g}  {seen.potential:17.3f} {peak.potential:9.3f} "
            f"{1e3 * shift:+7.0f} mV   x{peak.height / seen.height:5.2f} "
            f" x{peak.charge / seen.charge:5.2f}   {rms:6.1%} of the range"
            f"{'  predicted' if fitted and sweep.rate not in fitted else ''}"
        )


def main() -> None:
    """Fit, predict, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the measured sweeps")
    parser.add_argument("--only-compare", action="store_true", help="no fit")
    arguments = parser.parse_args()
    library = chemistry.library()
    sweeps = measured_sweeps(arguments.folder)
    print("With the constants of the library:")
    compare(library, sweeps)
    if arguments.only_compare:
        return
    resistance = None
    fits = (((3, 30, 300), False), ((3, 300), False), ((3, 30), False), ((3, 30), True))
    for rates, measured in fits:
        known = {"electrical.resistance": resistance} if measured and resistance else {}
        values = fit(library, [sweep for sweep in sweeps if sweep.rate in rates], known)
        resistance = resistance or values["electrical.resistance"]
        what = ", the resistance known" if known else ""
        print(f"\nFitted on {', '.join(map(str, rates))} mV/min{what}:")
        print("  " + ", ".join(f"{name} {value:.3g}" for name, value in values.items()))
        compare(changed(library, values), sweeps, rates)


if __name__ == "__main__":
    main()
