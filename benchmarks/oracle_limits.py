"""How well onsets, peaks and streams can be known at all: the oracle's. Simulated data.

    python benchmarks/oracle_limits.py STORE [--task NAME] [--runs 128] [--model opir-base]

Some test runs of a task are simulated anew, 16 times for each kind of knowledge, with what is
hidden of a cell drawn again (see opir.bench.floors.one_run): ``conditions`` knows composition and
the whole protocol; ``spectrum`` also what a static spectrum without any error would show;
``frames`` knows composition, and of the course what every contestant is handed: voltage, current
and temperature at the frames, minutes to hours apart. The median change, whole and by streams, is
scored as the forecast of a model is in OpIRBench. Shares are of runs that have an onset or a peak:
mean error over the bands of a run at most 50 mV, 5 cm-1. A model may be scored on the same runs,
told of the drive at the frames and, where the store has it, handed the record between them.
With `--replicas 0` the model alone is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from opir.bench.data import FoldData, load_fold, open_sources, with_all_known
from opir.bench.scoring.score import score, subset_of
from opir.bench.tasks import TASKS
from opir.chemistry import Library
from opir.errors import SimulationError
from opir.models import Forecast, from_pretrained
from opir.pathways.expected import drives_of
from opir.progress import Progress
from opir.run import Run
from opir.simulate.cell.variation import Draws
from opir.simulate.replicas import KnownRun, Repeater
from opir.simulate.replicas.knowledge import known_draws
from opir.simulate.replicas.repeat import REPLICA_TOLERANCE
from opir.simulate.single_run import Simulation, simulate
from opir.workflows.pretrain import stream_r2

METRICS = ("mae", "onset-voltage", "missed-onsets", "peak-position", "missed-peaks", "stream-r2")


def some_runs(data: FoldData, count: int) -> FoldData:
    """A fold of fewer test runs, those that slow metrics are taken on."""
    rows = subset_of(data.test_ids, count)
    ids = tuple(data.test_ids[row] for row in rows)
    return replace(
        data,
        fold=replace(data.fold, test=ids),
        test=data.test.rows(rows),
        test_ids=ids,
        systems=data.systems[rows],
    )


def forecasts(data: FoldData, replicas: int) -> dict[str, Forecast]:
    """The oracle's forecast of the test runs, by what it knows."""
    assert data.source is not None
    repeater = Repeater(data.source)
    streams: dict[str, list[Any]] = {name: [] for name in ("conditions", "spectrum", "frames")}
    progress = Progress(len(data.test_ids))
    for number, id in enumerate(data.test_ids):
        run = repeater.known(id)
        seeds = [np.random.SeedSequence([0, run.entropy, replica]) for replica in range(replicas)]
        for name, found in streams.items():
            if name == "frames":
                made = followed(run, data.source.run(id), repeater.library, seeds)
            else:
                kept = known_draws(
                    run.draws, name, present=run.present, native_film=run.native_film
                )
                made = [
                    repeater.repeat(run, kept, seed=seed, tolerance=REPLICA_TOLERANCE)
                    for seed in seeds
                ]
            if not made:
                print(f"no cell follows what was recorded of {id}: taken to stay as it is")
                found.append(np.zeros((3, *run.clean.shape)))
                continue
            parts = np.array([again.truth["streams"].values for again in made])
            if name != "spectrum":
                # As bright as the given frame, as in OpIRBench.
                first = parts[:, :, 0].sum(axis=1)
                given = data.test.inputs.given[number, -1]
                scale = (first @ given) / np.einsum("rw,rw->r", first, first)
                parts = parts * scale[:, None, None, None]
            change = parts - parts[:, :, :1]
            whole = np.median(change.sum(axis=1), axis=0)
            found.append(np.concatenate([whole[None], np.median(change, axis=0)]))
        progress.show(number + 1, id)
    result = {}
    for name, items in streams.items():
        change = np.array(items)[:, :, 1:]
        last = data.test.inputs.last[:, None]
        result[name] = Forecast(
            (last + change[:, 0]).astype(np.float32),
            data.test.inputs.times,
            data.test.inputs.wavenumber,
            f"oracle, {name}",
            streams={"solvent": last + change[:, 1], "sei": change[:, 2]},
        )
    return result


def followed(
    known: KnownRun, run: Run, library: Library, seeds: Sequence[np.random.SeedSequence]
) -> list[Simulation]:
    """Cells that are driven by what was recorded at the frames, without those that cannot be."""
    columns = [run.on_time(name) for name in ("voltage", "current", "temperature")]
    voltage, current, temperature = (
        None if item is None else np.asarray(item, dtype=np.float64) for item in columns
    )
    assert voltage is not None
    kelvin = None if temperature is None else float(np.nanmean(temperature))
    made: list[Simulation] = []
    for drive in drives_of(known.model, library, run.time, voltage, current):
        for seed in seeds:
            with suppress(SimulationError):
                made.append(
                    simulate(
                        known.model, drive, temperature=kelvin, frames=run.time,
                        wavenumber=known.wavenumber, vary=Draws(np.random.default_rng(seed)),
                        instrument=None, tolerance=REPLICA_TOLERANCE, library=library,
                    )
                )  # fmt: skip
        if made:
            break
    return made


def told(name: str, forecast: Forecast, data: FoldData) -> str:
    """One line of the table."""
    found = score(forecast, data, metrics=METRICS)
    onset, peak = (found.per_run[key] for key in ("onset-voltage", "peak-position"))
    onset, peak = onset[np.isfinite(onset)], peak[np.isfinite(peak)]
    parts = stream_r2(forecast, data)
    return (
        f"| {name} | {1e3 * found.means['mae']:.2f} | {1e3 * np.median(onset):.0f} | "
        f"{np.mean(onset <= 0.05):.0%} | {found.means['missed-onsets']:.0%} | "
        f"{np.median(peak):.1f} | {np.mean(peak <= 5):.0%} | {found.means['missed-peaks']:.0%} | "
        + " | ".join(f"{parts.get(f'stream-r2 {key}', np.nan):.2f}" for key in ("solvent", "sei"))
        + " |"
    )


def main() -> None:
    """Print a table for each fold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--task", default="random")
    parser.add_argument("--runs", type=int, default=128, help="test runs of each fold")
    parser.add_argument("--replicas", type=int, default=16)
    parser.add_argument("--model", help="name or file of a model to score beside")
    asked = parser.parse_args()
    sources = open_sources(asked.store)
    for fold in TASKS[asked.task].folds(sources):
        data = some_runs(load_fold(fold, sources), asked.runs)
        gaps = 60 * np.median(np.diff(data.test.inputs.times, axis=1)) / 3600
        print(f"\n{fold.name}, {len(data.test_ids)} runs, frames {gaps:.0f} min apart (median)\n")
        print("| | MAE x 1e-3 | onset / mV | <= 50 mV | missed | peaks / cm-1 | <= 5 cm-1 | "
              "missed | R2 solvent | R2 sei |")  # fmt: skip
        print("|---" * 10 + "|")
        if asked.replicas:
            for name, forecast in forecasts(data, asked.replicas).items():
                print(told(f"oracle, {name}", forecast, data), flush=True)
        if asked.model:
            model, more = from_pretrained(asked.model), with_all_known(asked.store)
            print(told(model.name, model.forecast(data.test.inputs), data), flush=True)
            if more.record:
                handed = some_runs(load_fold(fold, more), asked.runs)
                forecast = model.forecast(handed.test.inputs)
                print(told(f"{model.name}, handed the record", forecast, data), flush=True)


if __name__ == "__main__":
    main()
