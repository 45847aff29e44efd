"""How fast the library mode forecasts, beside SciPy, 50-step networks and what the machine can do.

    python benchmarks/forecast.py                 # first weights; a minute
    python benchmarks/forecast.py --model FILE    # a trained model, same time
    python benchmarks/forecast.py --scipy 0       # without the slow loop

All ways get the same simulated runs (63 frames ahead, 512 wavenumbers) in one process, with the
same number of threads, one after the other; times are medians, of the wall clock and of the
processor (all threads together). On a machine that does other work too, the latter and the ratios
are what counts.

One thread is the default: a single forecast is made of small arrays, and two threads that wait for
each other lose much where another job holds one up. On an idle machine, try `--threads 2`.

- forecast: `forecast()` with both streams, amounts and extents, after loading: one run at a time,
  and batches.
- stages: where that time goes. "spectrum read" (least squares in NumPy) and "protocol read" are
  done once for a forecast, "flow" is the one evaluation, "of which extents" its loop over the
  intervals, compiled, in double precision, "streams" turns amounts into spectra. What is left over
  is copies, sums and checks.
- arithmetic: FLOPs of the matrix products of flow and streams, the time they would take at the
  speed of a large matrix product here (single and double precision apart), and how near flow and
  streams together come to it. One run is far from it: its arrays are small, and the time is that
  of calling a thousand operations.
- SciPy: the same runs simulated by `solve_ivp(method="LSODA")` with the right-hand side in plain
  NumPy, and the sum of every band at every time in NumPy, as in `benchmarks/simulate.py`.
- generative: one trajectory in 50 steps by the benchmark's own `flow-matching` and `ddpm`, whose
  weights are the first ones (the time does not depend on them); no streams, amounts or extents.
  They run a small network (width 48) 50 times; "50 times the flow" is what 50 steps of a network
  as large as ours would take.

Goals on 2 idle cores: one forecast in 15 ms or less, 300 a second or more in batches, at least 100
times faster than SciPy's loop and 30 times faster than 50 steps. The last is not met: 50 steps of
networks as small as these take no more than a few times what one forecast takes, most of which is
reading the spectrum.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from opir.chemistry import library
from opir.models import ForecastInputs, Windows, get_model, load_model
from opir.models.abcc.drive_between import features_at_frames
from opir.models.abcc.library_absorbance import quick_absorbance
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.abcc.reactions import quick_extents
from opir.models.descriptor import describe
from opir.models.inputs import DRIVE
from opir.simulate import simulate
from opir.simulate.cell.populations import list_populations
from opir.simulate.kinetics.reference import reference_integrate
from opir.simulate.single_run import TOLERANCE, Simulation
from opir.spectra.direct import direct_sum
from opir.spectra.shapes import LINE_SHAPES

AXIS = np.linspace(800.0, 1900.0, 512)
SYSTEMS = ("lp30-graphite", "lp57-graphite", "ec-dec-carbon-black", "lp57-lithium")
PROTOCOL = "formation-c10"
BATCH, STEPS = 128, 50


def timed(call: Callable[[], Any], repeats: int) -> dict[str, float]:
    """Medians of the wall time and of the processor time of all threads [ms]."""
    call()
    wall, processor = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        call()
        wall.append(1e3 * (time.perf_counter() - start))
        processor.append(1e3 * (time.process_time() - used))
    return {"wall": statistics.median(wall), "processor": statistics.median(processor)}


def simulated(count: int, axis: np.ndarray) -> tuple[list[Simulation], Windows]:
    """Simulated runs of some systems, in turn, and what follows their first frame."""
    made, described = [], []
    for seed in range(count):
        name = SYSTEMS[seed % len(SYSTEMS)]
        made.append(simulate(name, PROTOCOL, seed=seed, frames=64, wavenumber=axis))
        described.append(describe(library().systems[name].system))
    runs = [item.run for item in made]
    values, times = np.array([run.values for run in runs]), np.array([run.time for run in runs])
    inputs = ForecastInputs(
        given=values[:, :1],
        given_times=times[:, :1],
        times=times[:, 1:],
        wavenumber=axis,
        drive=np.array([np.stack([run.on_time(name) for name in DRIVE], -1) for run in runs]),
        descriptor=np.array(described),
    )
    return made, Windows(inputs, values[:, 1:], np.arange(count))


def untrained(name: str, windows: Windows, **options: Any) -> Any:
    """A model with the first weights that a training would start from."""
    model = get_model(name)(**options)
    model.begin(windows, seed=0)
    return model


def stages(model: AbccLibrary, inputs: ForecastInputs, repeats: int) -> dict[str, Any]:
    """Time of the parts of a forecast."""
    flow = model.module.flow
    start = model._start(inputs, None, {})
    told = start.told
    with torch.no_grad():
        path = flow(told)
        hazards = flow.hazards(told).diff(dim=1).clamp_min(0)
        matrices = (flow.consumed.double(), flow.stoichiometry.double())
        first, change = told.shift[:, None], path.taken + path.moved
        ways: dict[str, Callable[[], Any]] = {
            "all": lambda: model.forecast(inputs),
            "spectrum read": lambda: model._read(inputs),
            "protocol read": lambda: features_at_frames(inputs),
            "flow": lambda: flow(told, quick_extents),
            "of which extents": lambda: quick_extents(
                hazards.double(), path.held.double(), *matrices, catalysis=flow.catalysis
            ),
            "streams": lambda: (
                [
                    quick_absorbance(one, bent, start.molar, start.slope)
                    for one, bent in (
                        (change, change * first + path.bent(change, told)),
                        (path.formed, path.formed * first),
                    )
                ]
                + [path.residual @ start.basis]
            ),
        }
        return {name: timed(way, repeats) for name, way in ways.items()}


def peak(dtype: torch.dtype, size: int = 1536) -> float:
    """FLOPs per second of a large matrix product."""
    one, other = torch.rand(2, size, size, dtype=dtype)
    taken = []
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(one, other)
        taken.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(taken)


def arithmetic(
    model: AbccLibrary, inputs: ForecastInputs, parts: dict[str, Any]
) -> dict[str, float]:
    """How near flow and streams come to the time that their matrix products need."""
    start = model._start(inputs, None, {})
    counter = FlopCounterMode(display=False)
    with counter:
        model._parts(start, start.told)
    single = float(counter.get_total_flops())
    # Of the compiled loop: for each reactant a share, a demand and what is given of it; the change.
    entries = 3 * np.count_nonzero(model.tables.consumed)
    entries += np.count_nonzero(model.tables.reactions.stoichiometry)
    double = 2.0 * entries * inputs.frames * len(inputs)
    single_speed, double_speed = peak(torch.float32), peak(torch.float64)
    limit = 1e3 * (single / single_speed + double / double_speed)
    taken = parts["flow"]["wall"] + parts["streams"]["wall"]
    return {
        "FLOPs [1e6]": (single + double) / 1e6,
        "of which in double precision [1e6]": double / 1e6,
        "speed of a large product, single [1e9/s]": single_speed / 1e9,
        "speed of a large product, double [1e9/s]": double_speed / 1e9,
        "limit [ms]": limit,
        "flow and streams, wall [ms]": taken,
        "share of the limit": limit / taken,
    }


def by_scipy(made: Simulation) -> None:
    """The run again by SciPy with the NumPy right-hand side, and every band at every time."""
    times = made.run.time
    for piece in made.trajectory.pieces:
        inside = times[(times > piece.time[0]) & (times < piece.time[-1])]
        grid = np.unique(np.concatenate([piece.time[:1], inside, piece.time[-1:]]))
        if grid.size > 1:
            reference_integrate(
                made.cell.arrays, piece.drive, piece.state[0], grid, tolerance=TOLERANCE
            )
    table = list_populations(made.cell, library()).table
    count, frames = len(table.populations), times.size
    flat = np.zeros((frames, count))
    direct_sum(
        table, np.arange(count), np.ones((frames, count)), flat, flat, made.run.wavenumber,
        LINE_SHAPES["pseudo-voigt"], compiled=False,
    )  # fmt: skip


def beside_scipy(made: list[Simulation], one: dict[str, float]) -> dict[str, Any]:
    """Some of the runs by SciPy, and how many times longer that takes than one forecast."""
    taken = []
    for item in made:
        start, used = time.perf_counter(), time.process_time()
        by_scipy(item)
        taken.append((time.perf_counter() - start, time.process_time() - used))
    wall, processor = (1e3 * statistics.median(values) for values in zip(*taken, strict=True))
    return {
        "runs": len(made),
        "wall [ms]": wall,
        "processor [ms]": processor,
        "times the wall time of one forecast": wall / one["wall"],
        "times the processor time of one forecast": processor / one["processor"],
    }


def beside_generative(
    windows: Windows, one: ForecastInputs, many: ForecastInputs, ours: dict[str, Any]
) -> dict[str, Any]:
    """One trajectory in 50 steps, of one run and of a batch."""
    found: dict[str, Any] = {}
    for name in ("flow-matching", "ddpm"):
        model = untrained(name, windows, steps=STEPS)
        for title, inputs, repeats in (("one", one, 10), (f"{BATCH} at once", many, 3)):
            taken = timed(lambda m=model, i=inputs: m.sample(i, 1, 0), repeats)
            mine = ours[title]["all"]
            found[f"{name}, {title}"] = {
                "wall [ms]": taken["wall"],
                "times our wall time": taken["wall"] / mine["wall"],
                "times our processor time": taken["processor"] / mine["processor"],
            }
    for title in ("one", f"{BATCH} at once"):
        flow, whole = ours[title]["flow"], ours[title]["all"]
        found[f"50 times the flow, {title}"] = {
            "wall [ms]": STEPS * flow["wall"],
            "times our wall time": STEPS * flow["wall"] / whole["wall"],
            "times our processor time": STEPS * flow["processor"] / whole["processor"],
        }
    return found


def show(found: dict[str, Any], indent: int = 2) -> None:
    """Nested figures, one a line; those by the wall clock and of the processor in one line."""
    for name, value in found.items():
        if isinstance(value, dict) and set(value) == {"wall", "processor"}:
            unit = "/s" if "a second" in name else "ms"
            text = f"{value['wall']:10.2f} {unit}  (processor {value['processor']:.2f} {unit})"
            print(f"{' ' * indent}{name:44s} {text}", flush=True)
        elif isinstance(value, dict):
            print(f"{' ' * indent}{name}:")
            show(value, indent + 2)
        else:
            text = f"{value:,.4g}" if isinstance(value, float) else str(value)
            print(f"{' ' * indent}{name:44s} {text:>10s}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a trained abcc-library; first weights if none")
    parser.add_argument("--threads", type=int, default=1, help="of torch; NumPy uses its own")
    parser.add_argument("--runs", type=int, default=32, help="simulated runs; batches repeat them")
    parser.add_argument("--scipy", type=int, default=3, help="runs beside SciPy")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    figures: dict[str, Any] = {"load before": load, "threads": options.threads}
    loaded: Any = load_model(options.model) if options.model else None
    axis = AXIS if loaded is None else loaded.tables.wavenumber
    made, windows = simulated(options.runs, axis)
    model = loaded or untrained("abcc-library", windows)
    one = windows.inputs.rows([0])
    many = windows.inputs.rows(np.arange(BATCH) % len(windows))
    ours = {"one": stages(model, one, 30), f"{BATCH} at once": stages(model, many, 7)}
    figures["forecast and its stages"] = ours
    for size in (8, 32, BATCH):
        taken = timed(lambda i=many.rows(np.arange(size)): model.forecast(i), 7)
        figures[f"forecasts a second, {size} at once"] = {
            kind: 1e3 * size / value for kind, value in taken.items()
        }
    figures["arithmetic"] = {
        "one": arithmetic(model, one, ours["one"]),
        f"{BATCH} at once": arithmetic(model, many, ours[f"{BATCH} at once"]),
    }
    if options.scipy:
        figures["SciPy, one simulated run"] = beside_scipy(
            made[: options.scipy], ours["one"]["all"]
        )
    figures["generative, one trajectory"] = beside_generative(windows, one, many, ours)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
