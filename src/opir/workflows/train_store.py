"""A store of many described runs to a forecaster, saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import Sources, load_fold, with_all_known
from opir.bench.fold import Fold
from opir.bench.tasks import TASKS
from opir.errors import UnknownNameError
from opir.files import check_output
from opir.models import get_model
from opir.models.descriptor import relative_drive
from opir.models.inputs import DRIVE
from opir.models.known_systems import KnownSystems
from opir.run.store import Store
from opir.training import TrainingConfig
from opir.workflows.train import Trained, check_beside, fit_and_save
from opir.workflows.true_extents import with_extents

__all__ = ["column_range", "first_settings", "fold_without", "is_store", "train_on_store"]


def is_store(path: Path | str) -> bool:
    """Whether an OpIRSpec store lies there."""
    return (Path(path) / "zarr.json").is_file()


def first_settings(model: str) -> TrainingConfig:
    """How a model is trained where nothing is said: the first candidates of its search.

    Raises:
        UnknownNameError: If there is no such model.
    """
    first = {name: values[0] for name, values in get_model(model).search.items()}
    return TrainingConfig().changed(learning_rate=first.get("learning_rate"))


def train_on_store(
    store: Store | Path | str,
    *,
    out: Path | str,
    model: str = "abcc-library",
    config: TrainingConfig | None = None,
    options: Mapping[str, Any] | None = None,
    without: str | None = None,
    state: Path | str | None = None,
    resume: bool = False,
    log: Path | str | None = None,
    progress: bool | None = None,
    overwrite: bool = False,
) -> Trained:
    """Train a forecaster on the runs of an OpIRSpec store, whose systems are told to it.

    Runs come to their pools as in the random split of OpIRBench, by the hash of their ids: those of
    its test pool are not trained on, so the model can be examined on them. Where the runs are
    simulated, models that can be are taught by the true extents of their reactions, too
    (:func:`opir.workflows.true_extents.with_extents`); where the store has what cyclers recorded
    between the frames, they are told of it.

    Args:
        store: The store, or where it is.
        out: File for the model (``.safetensors``).
        model: Name of the forecaster.
        config: How to train; :func:`first_settings` by default.
        options: Keywords of the model.
        without: A system of which no run is trained on or chooses anything, as in the system split
            of OpIRBench.
        state, resume, log, progress, overwrite: See :func:`opir.workflows.train.train`.

    Raises:
        StoreError: If there is no store, or its runs differ in their axes.
        OptionError: If it holds too few runs, or one does not state its system, or there is no
            state to resume from.
        OutputExistsError: If a file exists that is to be neither replaced nor resumed.
        UnknownNameError: If there is no such model, or no such system in the store.
    """
    check_output(out, overwrite=overwrite, file=True)
    check_beside(state, log, resume=resume, overwrite=overwrite)
    made = get_model(model)(**dict(options or {}))
    sources = with_all_known(store)
    data = load_fold(fold_without(sources, without), sources)
    learn = data.train
    if sources.index()[data.fold.train[0]].origin == "simulated":
        learn = with_extents(learn, sources.store("main"), data.fold.train)
    made.recipe = {
        "processing": "[]",
        "wavenumber": learn.inputs.wavenumber.tolist(),
        "lead": np.median(learn.inputs.lead, axis=0).tolist(),
        "longest": float(learn.inputs.lead.max()),
        "drive": [
            name
            for channel, name in enumerate(DRIVE)
            if not np.isnan(learn.inputs.drive[..., channel]).all()
        ],
        "described": True,
        "ranges": {
            "descriptor": column_range(learn.inputs.descriptor),
            "drive": column_range(relative_drive(learn.inputs.drive, learn.inputs.descriptor)),
        },
        "systems": sorted({sources.index()[id].system for id in data.fold.train}),
        "known_systems": KnownSystems.of(
            [sources.index()[id].system for id in data.fold.train], learn.inputs.descriptor
        ).to_json(),
        "runs": [f"{len(learn)} runs of {Path(sources.store('main').url).name}"],
        "origin": sorted({sources.index()[id].origin for id in data.fold.train}),
        "taught_extents": learn.extents is not None,
        "told_record": sources.record,
    }
    return fit_and_save(
        made,
        (learn, data.validation),
        out=out,
        config=config or first_settings(model),
        state=state,
        resume=resume,
        log=log,
        progress=progress,
        overwrite=overwrite,
    )


def fold_without(sources: Sources, system: str | None) -> Fold:
    """The random split of OpIRBench, or its fold that holds out a system.

    Raises:
        UnknownNameError: If no run is of that system; the nearest are listed.
    """
    if system is None:
        return TASKS["random"].folds(sources)[0]
    folds = {fold.name: fold for fold in TASKS["unseen-system"].folds(sources)}
    if system not in folds:
        raise UnknownNameError("system of the store", system, folds)
    return folds[system]


def column_range(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Lowest and highest of each column ``[row, column]``, None where nothing is known."""
    known = ~np.isnan(values)
    low, high = np.where(known, values, np.inf).min(0), np.where(known, values, -np.inf).max(0)
    return [[float(v) if np.isfinite(v) else None for v in side] for side in (low, high)]
