"""Some folds of OpIRBench's tasks, one training after the other: for what needs few of them.

    python benchmarks/folds.py STORE --task low-data --folds 10-percent,30-percent \
        --models abcc-library,gru,mlp --seeds 3 --options docs/results/.../options-2.json --csv FILE

Simulated data. The same folds, options, loop and budget as `opir bench run`, without floors and
report: a line for each fold, model and seed with the mean absolute error, that of persistence, and
of forecasts with streams their R2 (medians over runs). Shares are of runs that have an onset or a
peak: mean error over its bands at most 50 mV, 5 cm-1. Results are added to the CSV as they come;
what is in it is not run again. With `--records` models are handed what the cyclers recorded between
the frames, too, as by `opir bench run --record`.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from opir.bench.data import FoldData, load_fold, open_sources
from opir.bench.runner.training import make_and_train
from opir.bench.scoring.score import score
from opir.bench.tasks import TASKS
from opir.workflows.pretrain import stream_r2

FIELDS = (
    "task", "fold", "model", "seed", "steps", "mae", "persistence", "onset_50mV", "peak_5cm",
    "solvent", "sei",
)  # fmt: skip
METRICS = ("mae", "onset-voltage", "peak-position")


def run(
    data: FoldData, task: str, model: str, options: dict[str, Any], seed: int, budget: float
) -> dict[str, Any]:
    """Train and score one."""
    made = make_and_train(model, options, data.train, data.validation, seed=seed, budget=budget)
    forecast = made.model.forecast(data.test.inputs)
    found = score(forecast, data, metrics=METRICS)
    row: dict[str, Any] = dict.fromkeys(FIELDS, "")
    row |= {
        "task": task,
        "fold": data.fold.name,
        "model": model,
        "seed": seed,
        "steps": made.to_record().get("steps", ""),
        "mae": found.means["mae"],
        "persistence": float(np.abs(data.test.change).mean()),
    }
    for name, metric, limit in (
        ("onset_50mV", "onset-voltage", 0.05),
        ("peak_5cm", "peak-position", 5.0),
    ):
        values = found.per_run.get(metric, np.full(1, np.nan))
        values = values[np.isfinite(values)]
        row[name] = float((values <= limit).mean()) if values.size else ""
    row |= {name.split()[1]: value for name, value in stream_r2(forecast, data).items()}
    return row


def main() -> None:
    """Run what is asked for and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--task", required=True)
    parser.add_argument("--folds", default="")
    parser.add_argument("--models", default="abcc-library,gru")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--options", type=Path)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--records", action="store_true")
    asked = parser.parse_args()
    sources = open_sources(asked.store, record=asked.records)
    tuned = {}
    if asked.options:
        tuned = json.loads(asked.options.read_text(encoding="utf-8"))["models"]
    done: set[tuple[str, ...]] = set()
    if asked.csv.is_file():
        with asked.csv.open(newline="", encoding="utf-8") as file:
            done = {tuple(row[name] for name in FIELDS[:4]) for row in csv.DictReader(file)}
    else:
        asked.csv.write_text(",".join(FIELDS) + "\n", encoding="utf-8")
    task = f"{asked.task}, records" if asked.records else asked.task
    wanted = [name for name in asked.folds.split(",") if name]
    folds = [f for f in TASKS[asked.task].folds(sources) if not wanted or f.name in wanted]
    for seed in range(asked.seeds):
        for fold in folds:
            todo = [
                model
                for model in asked.models.split(",")
                if (task, fold.name, model, str(seed)) not in done
            ]
            data = load_fold(fold, sources) if todo else None
            for model in todo:
                assert data is not None
                options = tuned.get(model, {}).get("best", {})
                row = run(data, task, model, options, seed, asked.budget)
                with asked.csv.open("a", newline="", encoding="utf-8") as file:
                    csv.DictWriter(file, FIELDS).writerow(row)
                print(
                    f"{row['fold']} {model} seed {seed}: MAE {1e3 * row['mae']:.2f}e-3, "
                    f"persistence {1e3 * row['persistence']:.2f}e-3",
                    flush=True,
                )


if __name__ == "__main__":
    main()
