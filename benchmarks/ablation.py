"""What each part of ABCC's library mode is worth: train without it, with the same budget.

    python benchmarks/ablation.py STORE                          # 60 s, 3 seeds, random split
    python benchmarks/ablation.py STORE --folds lp57-lithium --seeds 1 --csv FILE
    python benchmarks/ablation.py STORE --what sweep --records   # sizes and rates
    python benchmarks/ablation.py STORE --records --variants whole,"without residual"

Simulated data. Each variant is trained on a fold of OpIRBench (the random split, or one that holds
out the system named) with the same processor time, and scored on its test runs: mean absolute
error, and the median R2 of the streams against the simulator's. ``no library`` is the perceptron
`mlp` over the same spectra, drive and descriptors; with `--records` all are handed what the cycler
recorded between the frames. Mean over seeds, and the largest distance of a
seed from it. Results are added to the CSV as they come; what is in it is not run again.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from freed import FreedLibrary

from opir.bench.data import FoldData, Sources, load_fold, open_sources
from opir.bench.scoring import score
from opir.models import Forecast, Forecaster, TrainedForecaster, get_model
from opir.training import TrainingConfig
from opir.training.loop import train
from opir.workflows.pretrain import stream_r2
from opir.workflows.train_store import fold_without
from opir.workflows.true_extents import with_extents

PARTS: dict[str, tuple[str, dict[str, Any], float]] = {
    "whole": ("abcc-library", {}, 5e-3),
    "without irreversible stream": ("abcc-library", {"without": "irreversible"}, 5e-3),
    "without reversible coordinates": ("abcc-library", {"without": "reversible"}, 5e-3),
    "without residual": ("abcc-library", {"without": "residual"}, 5e-3),
    "residual not penalised": ("abcc-library", {"residual_weight": 0.0}, 5e-3),
    "without latent": ("abcc-library", {"latent_share": 0.0}, 5e-3),
    "loss with baseline": ("abcc-library", {"drift_weight": 1.0}, 5e-3),
    "loss with true extents": ("abcc-library", {"taught": True, "pooling_weight": 0.0}, 5e-3),
    "loss with true extents and pooling": ("abcc-library", {"taught": True}, 5e-3),
    "extents that may fall": ("abcc-library", {"freed": "direction"}, 5e-3),
    "extents beyond what is there": ("abcc-library", {"freed": "limits"}, 5e-3),
    "atoms not kept": ("abcc-library", {"freed": "yields"}, 5e-3),
    "no library": ("mlp", {}, 3e-3),
}
SWEEP: dict[str, tuple[str, dict[str, Any], float]] = {
    "width 64": ("abcc-library", {"width": 64}, 5e-3),
    "width 192": ("abcc-library", {"width": 192}, 5e-3),
    "shared width 64": ("abcc-library", {"shared": 64}, 5e-3),
    "latent of 2": ("abcc-library", {"latent": 2}, 5e-3),
    "residual weight 0.3": ("abcc-library", {"residual_weight": 0.3}, 5e-3),
    "learning rate 3e-3": ("abcc-library", {}, 3e-3),
    "learning rate 8e-3": ("abcc-library", {}, 8e-3),
}
VARIANTS = {**PARTS, **SWEEP}
VIOLATIONS = ("fallen", "atoms", "negative")
FIELDS = (
    "fold", "variant", "seed", "steps", "mae", "persistence", "solvent", "sei", *VIOLATIONS,
)  # fmt: skip
COLUMNS = {"solvent": ".2f", "sei": ".2f", "fallen": ".1%", "atoms": ".0e", "negative": ".0%"}
"""Of the table, and how their numbers are written."""
_LEAST = 1e-6
"""Of the largest amount of a run; less below zero is rounding."""


def run(
    data: FoldData, sources: Sources, variant: str, seed: int, seconds: float
) -> dict[str, Any]:
    """Train and score one."""
    name, options, rate = VARIANTS[variant]
    options = dict(options)
    learn = data.train
    if options.pop("taught", False):
        learn = with_extents(learn, sources.store("main"), data.fold.train)
    model: Forecaster = (FreedLibrary if "freed" in options else get_model(name))(**options)
    assert isinstance(model, TrainedForecaster)
    config = TrainingConfig(seconds=seconds, seed=seed, batch=32, learning_rate=rate, device="cpu")
    done = train(model, learn, data.validation, config=config, progress=False)
    forecast = model.forecast(data.test.inputs)
    row = {
        "fold": data.fold.name,
        "variant": variant,
        "seed": seed,
        "steps": done.steps,
        "mae": float(np.abs(forecast.spectra - data.test.target).mean()),
        "persistence": float(np.abs(data.test.change).mean()),
        "solvent": "",
        "sei": "",
    }
    found = stream_r2(forecast, data)
    row |= {name.split()[1]: value for name, value in found.items()}
    return row | violations(forecast, data)


def violations(forecast: Forecast, data: FoldData) -> dict[str, Any]:
    """How far constraints are violated; nothing for a model without extents and amounts."""
    if forecast.extents is None or forecast.amounts is None:
        return dict.fromkeys(VIOLATIONS, "")
    found = score(forecast, data, metrics=("irreversibility", "mass-balance")).means
    largest = np.abs(forecast.amounts).max(axis=(1, 2))
    return {
        "fallen": found.get("irreversibility", ""),
        "atoms": found.get("mass-balance", ""),
        "negative": float((forecast.amounts.min(axis=(1, 2)) < -_LEAST * largest).mean()),
    }


def read(path: Path | None) -> list[dict[str, Any]]:
    """What was run before."""
    if path is None or not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(rows: list[dict[str, Any]], fold: str) -> str:
    """The table of a fold, as Markdown."""
    lines = [
        "| variant | seeds | steps | MAE / 1e-3 | R2 solvent | R2 sei "
        "| extents that fall | atoms off | runs with amounts below 0 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for variant in VARIANTS:
        some = [row for row in rows if row["fold"] == fold and row["variant"] == variant]
        if not some:
            continue
        errors = 1e3 * np.array([float(row["mae"]) for row in some])
        off = f" ± {np.abs(errors - errors.mean()).max():.3f}" if len(some) > 1 else ""
        steps = np.mean([float(row["steps"]) for row in some])
        parts = [
            "-" if some[0][name] == "" else f"{np.mean([float(row[name]) for row in some]):{shape}}"
            for name, shape in COLUMNS.items()
        ]
        head = f"| {variant} | {len(some)} | {steps:.0f} | {errors.mean():.3f}{off} | "
        lines.append(head + " | ".join(parts) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", default="random")
    parser.add_argument("--what", choices=("parts", "sweep"), default="parts")
    parser.add_argument("--variants", default="", help="some of them, commas between")
    parser.add_argument("--records", action="store_true")
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    sources = open_sources(asked.store, record=asked.records)
    rows = read(asked.csv)
    variants = tuple(PARTS if asked.what == "parts" else SWEEP)
    if asked.variants:
        variants = tuple(asked.variants.split(","))
        if unknown := [name for name in variants if name not in VARIANTS]:
            parser.error(f"unknown variants {unknown}; known are {', '.join(VARIANTS)}")
    for name in asked.folds.split(","):
        data = load_fold(fold_without(sources, None if name == "random" else name), sources)
        for seed in range(asked.seeds):
            for variant in variants:
                key = (data.fold.name, variant, str(seed))
                if key in {(r["fold"], r["variant"], str(r["seed"])) for r in rows}:
                    continue
                rows.append(run(data, sources, variant, seed, asked.seconds))
                print(rows[-1], flush=True)
                if asked.csv:
                    with asked.csv.open("w", newline="", encoding="utf-8") as file:
                        writer = csv.DictWriter(file, FIELDS)
                        writer.writeheader()
                        writer.writerows(rows)
        still = 1e3 * float(np.abs(data.test.change).mean())
        print(f"\n{data.fold.name} (simulated), persistence {still:.2f}e-3")
        print(shown(rows, data.fold.name), flush=True)


if __name__ == "__main__":
    main()
