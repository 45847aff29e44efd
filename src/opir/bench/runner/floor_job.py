"""The floors of a fold as results, beside those of models."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import FoldData
from opir.bench.floors import FLOORS, floors
from opir.bench.runner.bench import Bench, some_runs
from opir.bench.scoring import Scores, score
from opir.models import Forecast

__all__ = ["floor_scores"]

CACHE = "floors"
"""Folder beside the results that keeps the floors of each run."""


def floor_scores(
    bench: Bench, key: tuple[str, str], data: FoldData, directory: Path
) -> Iterator[tuple[str, FoldData, Forecast, Scores, dict[str, Any]]]:
    """Each floor with its scores and what it cost.

    Raises:
        StoreError: If the runs were simulated with another version or chemistry.
        SimulationError: If too many replicas fail.
    """
    fold, few = bench.folds[key], some_runs(data, bench.settings.floor_runs)
    began = time.monotonic()
    found = floors(few, replicas=bench.settings.replicas, workers=1, cache=directory / CACHE)
    seconds = time.monotonic() - began
    inputs = few.test.inputs
    for name in FLOORS:
        spectra: NDArray[np.float32] = found.forecasts[name]
        forecast = Forecast(spectra, inputs.times, inputs.wavenumber, name)
        scores = score(forecast, few, first=fold.scored_from - fold.given)
        yield (
            name,
            few,
            forecast,
            scores,
            {
                "training_seconds": round(seconds, 3),
                "replicas": bench.settings.replicas,
                "replicas_dropped": int(found.dropped.sum()),
            },
        )
