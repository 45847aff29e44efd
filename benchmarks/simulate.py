"""How fast runs are simulated, beside a loop over SciPy and, where it is installed, PyBaMM.

    python benchmarks/simulate.py                 # 320 runs, 6 of them beside SciPy; 2 min
    python benchmarks/simulate.py --runs 7118     # the whole OpIRSpec-Sim-7K
    python benchmarks/simulate.py --scipy 0       # without the slow loop

All ways simulate the same runs of the preset ``opirspec-sim-7k`` (64 frames, 512 wavenumbers, two
streams), one thread each, in one process one after the other, with the same tolerance

(beside SciPy, those of insertion electrodes whose protocol has four steps or fewer)

- opir: `opir.simulate.dataset.produce`, the way to the store and back not included;
- SciPy: `solve_ivp(method="LSODA")` with the right-hand side in plain NumPy
  (`opir.simulate.kinetics.reference`), and the sum of every band at every time in NumPy. The ends
  of the protocol's steps are given to it, so it need not look for cutoffs;
- SciPy with opir's compiled right-hand side, to see what the solver alone makes of it.

The store is then made by worker processes as `opir data simulate` does. Goals: 7,118 runs in 5
minutes or less on 2 idle cores with at most 4 GB; at least 20 times the runs per second of SciPy's
loop.
"""

# ruff: noqa: E402 - the number of threads is set before NumPy is loaded
from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from opir.run.store import Store
from opir.simulate.cell.course import follow
from opir.simulate.cell.populations import list_populations
from opir.simulate.dataset import draw_task, generate, read_preset
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.parts import list_parts, write_part
from opir.simulate.dataset.produce import produce
from opir.simulate.dataset.simulator import simulate_task
from opir.simulate.kinetics.reference import reference_integrate
from opir.simulate.single_run import TOLERANCE, Simulation
from opir.spectra.direct import direct_sum
from opir.spectra.shapes import LINE_SHAPES

STAGES = {
    "cell and protocol": ("opir.simulate.single_run", ["build_cell", "resolve_protocol", "drives"]),
    "ODE": ("opir.simulate.single_run", ["integrate"]),
    "states at the frames": ("opir.simulate.single_run", ["follow"]),
    "spectra": ("opir.simulate.single_run", ["noise_free"]),
    "instrument": ("opir.simulate.instrument.instrument:Instrument", ["measure"]),
    "hashes": ("opir.run.store.store", ["prepare"]),
    "compression": ("opir.run.store.store", ["encode_items"]),
    "writing": ("opir.run.store.store", ["write_part_files"]),
}


_MOST_STEPS = 4
"""Long protocols and plating are left out beside SciPy: some had not ended in a minute or two."""


class Stopwatch:
    """Adds up the time in functions while it is on, by replacing them with timed ones."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def __enter__(self) -> Stopwatch:
        self.before: list[tuple[Any, str, Any]] = []
        for stage, (place, names) in STAGES.items():
            module, _, kind = place.partition(":")
            owner: Any = __import__(module, fromlist=["x"])
            owner = getattr(owner, kind) if kind else owner
            for name in names:
                self.before.append((owner, name, getattr(owner, name)))
                setattr(owner, name, self._timed(stage, getattr(owner, name)))
        return self

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.seconds[stage] += time.perf_counter() - start

        return timed

    def __exit__(self, *_: object) -> None:
        for owner, name, function in self.before:
            setattr(owner, name, function)


def bandwidth() -> float:
    """Bytes per second that one core copies, read and written counted."""
    source = np.ones(64 * 1024 * 1024, dtype=np.float32)
    target = np.empty_like(source)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best


def shares(runs: int) -> dict[str, Any]:
    """One process: time of each stage from nothing to the store, in one run."""
    preset = read_preset("opirspec-sim-7k").changed(runs=runs, part_runs=max(1, runs // 10))
    known = domain_library(preset)
    folder = Path(tempfile.mkdtemp(prefix="opir-simulate-"))
    try:
        store = Store.create(folder / "store")
        produce(preset, 0, known, simulate_task)  # compiles
        with Stopwatch() as watch:
            start = time.perf_counter()
            for part in list_parts(preset):
                write_part(preset, part, store, known, simulate_task)
            total = time.perf_counter() - start
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    finally:
        shutil.rmtree(folder)
    found = {stage: watch.seconds[stage] / total for stage in STAGES}
    found["the rest (objects, checks)"] = 1 - sum(found.values())
    kept = 4 * 3 * preset.spectra.frames * preset.spectra.wavenumbers
    speed = bandwidth()
    return {
        "runs": runs,
        "ms per run": 1e3 * total / runs,
        "shares": found,
        "bytes on the disk per run": size / runs,
        "bandwidth of one core [GB/s]": speed / 1e9,
        "share of the bandwidth, all stages": kept / (total / runs) / speed,
        "share of the bandwidth, spectra alone": kept * runs / watch.seconds["spectra"] / speed,
    }


def scipy_states(made: Simulation, times: np.ndarray) -> None:
    """The run again by SciPy with the NumPy right-hand side, step by step."""
    for piece in made.trajectory.pieces:
        inside = times[(times > piece.time[0]) & (times < piece.time[-1])]
        grid = np.unique(np.concatenate([piece.time[:1], inside, piece.time[-1:]]))
        if grid.size > 1:
            reference_integrate(
                made.cell.arrays, piece.drive, piece.state[0], grid, tolerance=TOLERANCE
            )


def scipy_states_compiled(made: Simulation, times: np.ndarray) -> None:
    """The same with opir's compiled right-hand side."""
    from scipy.integrate import solve_ivp

    from opir.simulate.kinetics import kernel
    from opir.simulate.kinetics.integrate import pack

    packed = pack(made.cell.arrays)
    number = made.cell.arrays.laws.shape[0]
    absolute = TOLERANCE * np.r_[np.full(number, 1e-6), 1e-2, 1e-3, 1e-3, 1e-3, 1e-10]
    for piece in made.trajectory.pieces:
        rule = (piece.drive.course, *packed)

        def right(t: float, y: np.ndarray, rule: Any = rule) -> np.ndarray:
            change = np.empty_like(y)
            kernel.derivative(t, y, change, *rule)
            return change

        inside = times[(times > piece.time[0]) & (times < piece.time[-1])]
        if piece.time[-1] > piece.time[0]:
            solve_ivp(
                right, (piece.time[0], piece.time[-1]), piece.state[0], method="LSODA",
                t_eval=inside, rtol=TOLERANCE, atol=absolute,
            )  # fmt: skip


def direct_spectra(made: Simulation, known: Any) -> None:
    """Every band at every time in NumPy."""
    table = list_populations(made.cell, known).table
    count, frames = len(table.populations), made.run.time.size
    flat = np.zeros((frames, count))
    direct_sum(
        table, np.arange(count), np.ones((frames, count)), flat, flat, made.run.wavenumber,
        LINE_SHAPES["pseudo-voigt"], compiled=False,
    )  # fmt: skip


def beside_scipy(count: int) -> dict[str, Any]:
    """The same runs by opir and by SciPy's loop, turn by turn."""
    preset = read_preset("opirspec-sim-7k")
    known = domain_library(preset)
    produce(preset, 0, known, simulate_task)
    times: dict[str, list[float]] = defaultdict(list)
    index, taken = 9, 0
    while taken < count:
        index += 1
        item = produce(preset, index, known, simulate_task)
        task = draw_task(preset, index, known.systems, attempt=int(item.tags["attempt"]))
        made: Any = simulate_task(task, preset, known)
        if len(made.trajectory.pieces) > _MOST_STEPS or "lithium" in task.system:
            continue
        taken += 1
        ways: dict[str, Callable[[], object]] = {
            "opir": lambda i=index: produce(preset, i, known, simulate_task),
            "SciPy LSODA, NumPy": lambda m=made: scipy_states(m, m.run.time),
            "SciPy LSODA, compiled": lambda m=made: scipy_states_compiled(m, m.run.time),
            "every band at every time, NumPy": lambda m=made: direct_spectra(m, known),
            "states at the frames": lambda m=made: follow(m.cell, m.trajectory, m.run.time, known),
        }
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
        shown = ", ".join(f"{name} {1e3 * values[-1]:.0f} ms" for name, values in times.items())
        print(f"  {task.id} {task.protocol}: {shown}", flush=True)
    mean = {name: statistics.fmean(values) for name, values in times.items()}
    slow = mean["SciPy LSODA, NumPy"] + mean["every band at every time, NumPy"]
    middle = mean["SciPy LSODA, compiled"] + mean["every band at every time, NumPy"]
    return {
        "runs": count,
        "seconds per run": mean,
        "times SciPy's loop": slow / mean["opir"],
        "times SciPy's loop with the compiled right-hand side": middle / mean["opir"],
    }


def beside_pybamm() -> dict[str, Any] | None:
    """Seconds for an hour of a cell: PyBaMM's SEI model, and opir without spectra."""
    try:
        import pybamm
    except ImportError:
        return None
    from opir.simulate.single_run import simulate

    found: dict[str, Any] = {"version": pybamm.__version__}
    steps = ["Charge at C/10 until 4.2 V", "Discharge at C/10 until 2.8 V"]
    for name in ("SPM", "DFN"):
        model = getattr(pybamm.lithium_ion, name)({"SEI": "solvent-diffusion limited"})
        simulation = pybamm.Simulation(
            model,
            experiment=pybamm.Experiment([tuple(steps)]),
            parameter_values=pybamm.ParameterValues("Mohtat2020"),
        )
        solution = simulation.solve(initial_soc=0.0)
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            solution = simulation.solve(initial_soc=0.0)
            taken.append(time.perf_counter() - start)
        hours = float(solution["Time [h]"].entries[-1])
        found[f"PyBaMM {name}, one SEI reaction, ms per cell-hour"] = (
            1e3 * statistics.median(taken) / hours
        )
    taken, hours = [], []
    for seed in range(10):
        start = time.perf_counter()
        made = simulate("lp57-graphite-nmc622", "formation-c10", seed=seed)
        taken.append(time.perf_counter() - start)
        hours.append(made.run.time[-1] / 3600)
    found["opir, all reactions, 64 spectra, ms per cell-hour"] = (
        1e3 * sum(taken[1:]) / sum(hours[1:])
    )
    return found


def store(runs: int, workers: int) -> dict[str, Any]:
    """The store as `opir data simulate` makes it, imports and compiling included."""
    preset = read_preset("opirspec-sim-7k").changed(runs=runs)
    folder = Path(tempfile.mkdtemp(prefix="opir-simulate-"))
    try:
        result = generate(preset, folder / "store", workers=workers)
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    finally:
        shutil.rmtree(folder)
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return {
        "runs": runs,
        "workers": workers,
        "seconds": result.seconds,
        "seconds for 7,118 runs at this pace": result.seconds / runs * 7118,
        "drawn anew": result.redrawn,
        "GB on the disk": size / 1e9,
        "peak memory of the largest worker [GB]": worker / 1e9,
        "all processes at most [GB]": (own + workers * worker) / 1e9,
    }


def show(found: dict[str, Any], indent: int = 2) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            print(f"{' ' * indent}{name}:")
            show(value, indent + 2)
        else:
            text = f"{value:,.4g}" if isinstance(value, float) else str(value)
            print(f"{' ' * indent}{name:56s} {text:>12s}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=320, help="runs of the store")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scipy", type=int, default=6, help="runs beside SciPy")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    figures: dict[str, Any] = {"load before": load, "cores": os.cpu_count()}
    figures["store"] = store(options.runs, options.workers)
    show({"store": figures["store"]})
    figures["one process"] = shares(min(options.runs, 160))
    show({"one process": figures["one process"]})
    if options.scipy:
        figures["beside SciPy"] = beside_scipy(options.scipy)
        show({"beside SciPy": figures["beside SciPy"]})
    figures["beside PyBaMM"] = beside_pybamm() or "not installed"
    show({"beside PyBaMM": figures["beside PyBaMM"]})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
