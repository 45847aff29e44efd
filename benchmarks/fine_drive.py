"""What a forecast gains where its model is told of the drive between frames. Simulated data.

    python benchmarks/fine_drive.py STORE [--runs 128] [--model opir-base]

Test runs of the random split are simulated anew, to have what a cycler would have recorded between
their frames. The model forecasts the same frames from the same given one: once told of voltage,
current and temperature at the frames alone, as in OpIRBench, then so many times as often, as
`opir predict` and `--record` tell it. Scores are those of OpIRBench, on the frames of the run.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from oracle_limits import some_runs

from opir.bench.data import FoldData, load_fold, open_sources
from opir.bench.scoring import score
from opir.bench.tasks import TASKS
from opir.models import Forecast, Forecaster, from_pretrained
from opir.progress import Progress
from opir.run import Electrochemistry, Run
from opir.run.between import record_of, with_record
from opir.simulate.replicas import Repeater
from opir.workflows.pretrain import stream_r2

TIMES = (1, 2, 3, 5, 9, 17)


def records(data: FoldData) -> list[Electrochemistry]:
    """What a cycler would have recorded in the test runs."""
    assert data.source is not None
    repeater = Repeater(data.source)
    progress = Progress(len(data.test_ids))
    found = []
    for number, id in enumerate(data.test_ids):
        run = repeater.known(id)
        found.append(repeater.repeat(run, run.draws, frames=run.task.frames).record())
        progress.show(number + 1, id)
    return found


def forecast(
    model: Forecaster, data: FoldData, recorded: list[Electrochemistry], often: int
) -> Forecast:
    """At the frames of the runs, told of the drive so many times as often."""
    inputs = data.test.inputs
    if often == 1:
        return model.forecast(inputs)
    told = []
    for row, record in enumerate(recorded):
        frames = np.concatenate([inputs.given_times[row, -1:], inputs.times[row]])
        run = Run.from_arrays(
            frames, inputs.wavenumber, np.zeros((frames.size, inputs.wavenumber.size))
        )
        told.append(record_of(with_record(run, record, (often - 1) * inputs.times.shape[1])))
    return model.forecast(replace(inputs, record=np.stack(told)))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--runs", type=int, default=128, help="test runs")
    parser.add_argument("--model", default="opir-base", help="name or file of a model")
    asked = parser.parse_args()
    sources = open_sources(asked.store)
    data = some_runs(load_fold(TASKS["random"].folds(sources)[0], sources), asked.runs)
    model, recorded = from_pretrained(asked.model), records(data)
    print(f"\n{len(data.test_ids)} simulated test runs, random split, {asked.model}\n")
    print("| told so often | MAE x 1e-3 | DILATE | onset / mV | R2 solvent | R2 sei |")
    print("|---" * 6 + "|")
    for often in TIMES:
        found = forecast(model, data, recorded, often)
        scored = score(found, data, metrics=("mae", "dilate", "onset-voltage"))
        onset = scored.per_run["onset-voltage"]
        parts = stream_r2(found, data)
        print(
            f"| {often} | {1e3 * scored.means['mae']:.2f} | {scored.means['dilate']:.3f} | "
            f"{1e3 * np.nanmedian(onset):.0f} | {parts['stream-r2 solvent']:.2f} | "
            f"{parts['stream-r2 sei']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
