"""What a run of the benchmark is asked to do."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from opir.errors import OptionError
from opir.models.descriptor import DESCRIPTOR

__all__ = ["BenchSettings", "difference", "settings_of"]


@dataclass(frozen=True)
class BenchSettings:
    """What a run of the benchmark is asked to do.

    Attributes:
        tasks: Names of tasks.
        models: Names of models, or ``package.module:Class``; of floors too.
        budget: Training budget of each model, processor time [s].
        seeds: Seeds of the trainings.
        main, shifted: Stores of runs.
        shared: Folder of real measurements.
        options: Options by model; the first candidates of its search for others.
        folds: Folds of a task that are run at most, evenly spread; None for all.
        test_runs: Test runs of a fold at most; None for all.
        calibration_runs: Validation windows that intervals are calibrated on at most.
        samples: Trajectories drawn of a model that gives them.
        floor_runs: Test runs of a fold that floors are found for at most.
        replicas: Replicas of a run that the floors are found from.
        record: Whether models are handed what cyclers recorded between the frames, too.
        size: ``full``, ``quick`` or ``tiny``, for the record.

    Raises:
        OptionError: If a value is out of bounds.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    budget: float = 60.0
    seeds: tuple[int, ...] = (0,)
    main: str | None = None
    shifted: str | None = None
    shared: str | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folds: int | None = None
    test_runs: int | None = None
    calibration_runs: int = 256
    samples: int = 16
    floor_runs: int = 256
    replicas: int = 16
    record: bool = False
    size: str = "full"

    def __post_init__(self) -> None:
        if not (0 < self.budget < math.inf):
            raise OptionError(f"the budget is {self.budget} s; it must be above 0")
        if self.test_runs is not None and self.test_runs < 1:
            raise OptionError(f"test_runs is {self.test_runs}; at least 1 is needed")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) != len(self.seeds):
            raise OptionError(
                f"the seeds are {list(self.seeds)}; different numbers from 0 on are needed",
                remedy="Give --seeds 3, or --seeds 1 --seed-from 7",
            )
        for name in ("calibration_runs", "samples", "floor_runs", "replicas"):
            if getattr(self, name) < 2:
                raise OptionError(f"{name} is {getattr(self, name)}; at least 2 are needed")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BenchSettings:
        """From :meth:`to_json`."""
        lists = {name: tuple(values[name]) for name in ("tasks", "models", "seeds")}
        return cls(**{**values, **lists})


def settings_of(
    *,
    fold_hash: str,
    task_version: int,
    options: Mapping[str, Any],
    seed: int,
    settings: BenchSettings,
    trained: bool,
    floor: bool = False,
) -> dict[str, Any]:
    """What decides a result, apart from the code: a result of other settings is another result.

    The length of the descriptor is among them: models told more of the cells are other contestants.

    Args:
        fold_hash: Hash over the fold and the content hash of each run.
        task_version: Version of the task.
        options: Of the model.
        seed: Of the training.
        settings: Of the run.
        trained: Whether the model has a budget.
        floor: Whether it is a floor.
    """
    if floor:
        return {
            "task_version": task_version,
            "fold_hash": fold_hash,
            "test_runs": settings.test_runs,
            "floor_runs": settings.floor_runs,
            "replicas": settings.replicas,
        }
    return {
        "task_version": task_version,
        "fold_hash": fold_hash,
        "budget_seconds": settings.budget if trained else None,
        "options": dict(options),
        "test_runs": settings.test_runs,
        "seed": seed,
        "calibration_runs": settings.calibration_runs,
        "samples": settings.samples,
        "descriptor": len(DESCRIPTOR),
        **({"record": True} if settings.record else {}),
    }


def difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """``budget_seconds 10.0, now 20.0``: in what two settings differ; empty if in nothing."""
    names = sorted({*found, *wanted})
    # Through JSON, since one of the two came from there.
    one, other = (json.loads(json.dumps(dict(settings))) for settings in (found, wanted))
    parts = [
        f"{name} {_short(one.get(name))}, now {_short(other.get(name))}"
        for name in names
        if one.get(name) != other.get(name)
    ]
    return "; ".join(parts)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:20]}...{text[-8:]}"
