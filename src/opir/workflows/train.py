"""Runs to a forecaster, saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from opir.bench.operator import linear_operator
from opir.bench.time_blocks import BlockDesign, join, windows_of
from opir.errors import FormatError, OptionError, OutputExistsError
from opir.files import check_output
from opir.models import Forecaster, Persistence, TrainedForecaster, Windows, get_model
from opir.models.inputs import DRIVE
from opir.models.intervals import Intervals
from opir.run import Run
from opir.run.processing import Pipeline, resample
from opir.run.readers import read
from opir.training import TrainingConfig, fit

__all__ = ["Trained", "check_beside", "fit_and_save", "run_of", "train"]

_FEWEST = 20
"""Validation runs, or blocks of time, from which on half of them are kept for intervals."""

Steps = Sequence[str | tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes:
        model: The forecaster.
        path: Its file.
        validation_mae: Mean absolute error on the validation windows that chose nothing and
            calibrated the intervals; on those that chose where there are no others.
        persistence_mae: That of persistence on the same.
        windows: Number of training windows and of validation windows that chose the weights.
        calibrating: Number of validation windows that calibrated the intervals.
        validation_blocks: Number of validation runs, or blocks of time, of both kinds.
    """

    model: Forecaster
    path: Path
    validation_mae: float
    persistence_mae: float
    windows: tuple[int, int]
    calibrating: int
    validation_blocks: int

    def __str__(self) -> str:
        share = 1 - self.validation_mae / self.persistence_mae if self.persistence_mae else 0.0
        kept = ""
        if self.model.trust is not None and self.model.trust < 1:
            kept = f" {100 * self.model.trust:.0f} % of the forecast change is kept"
            kept += ": nothing better than persistence was found." if not self.model.trust else "."
        chose = "they chose the weights"
        if self.calibrating:
            chose = f"on {self.calibrating} of them, which did not choose the weights"
        return (
            f"{self.model.name}: {self.windows[0]} training and "
            f"{self.windows[1] + self.calibrating} validation windows; validation MAE "
            f"{self.validation_mae:.4g}, {share:+.1%} below persistence ({chose}).{kept}\n"
            f"{self._intervals()}\n"
            f"Written: {self.path}"
        )

    def _intervals(self) -> str:
        found, of = self.model.intervals, "runs or blocks of time"
        if found is None:
            return (
                f"No intervals: {self.validation_blocks} {of} validate, and at least {_FEWEST} "
                "are needed."
            )
        whole = ", ".join(f"{100 * level:g} %" for level in found.whole_levels)
        return (
            f"Intervals: calibrated on {found.runs} {of}; for whole trajectories at "
            f"{whole or 'no level'}."
        )


def train(
    runs: Sequence[Path | str | Run],
    *,
    out: Path | str,
    model: str = "abcc",
    processing: Steps = (),
    design: BlockDesign | None = None,
    config: TrainingConfig | None = None,
    options: Mapping[str, Any] | None = None,
    state: Path | str | None = None,
    resume: bool = False,
    log: Path | str | None = None,
    progress: bool | None = None,
    overwrite: bool = False,
) -> Trained:
    """Train a forecaster on runs and save it.

    With five runs or more, every fifth one validates; with fewer, blocks of time inside each.

    Args:
        runs: Files of runs (any that opir reads), or runs.
        out: File for the model (``.safetensors``).
        model: Name of the forecaster.
        processing: Steps to be done to every run first; kept with the model.
        design: Frames of a window, spectra per frame, blocks; its cycle is replaced by roles
            without a test block.
        config: How to train, where training is needed.
        options: Fields of the model's configuration (``components=3``).
        state: File to save the state of the training to.
        resume: Go on from ``state``.
        log: File for the JSON-lines log; its curves are drawn beside it (``.png``).
        progress: Show progress; by default on a terminal only.
        overwrite: Replace ``out``, and a state and a log that are not resumed, if they are there.

    Raises:
        OptionError: If there are no runs or they are too short for a window, or there is no state
            to resume from.
        FormatError: If a file holds no run.
        OutputExistsError: If a file exists that is to be neither replaced nor resumed.
        UnknownNameError: If there is no such model.
    """
    check_output(out, overwrite=overwrite, file=True)
    check_beside(state, log, resume=resume, overwrite=overwrite)
    if not runs:
        raise OptionError("no runs were given", remedy="Name one file of a run or more")
    kind = get_model(model)
    if kind.needs_system:
        raise OptionError(
            f"{model} is trained on described cells, many of them in a store",
            remedy="Put the runs into one (opir data add STORE RUN...), or adapt the weights that "
            "ship (opir adapt opir-base RUN...)",
        )
    steps = Pipeline(tuple(processing))
    before, linear = _split(steps)
    gridded = [before(run_of(item)) for item in runs]
    axis = gridded[0].wavenumber
    gridded = [run if _same(run, axis) else resample(run, axis, keep=False) for run in gridded]
    processed = [linear(run) for run in gridded]
    learn, check = _windows(processed, design or BlockDesign())

    made = _make(kind, options or {}, linear, axis)
    made.recipe = {
        "processing": steps.to_json(),
        "wavenumber": processed[0].wavenumber.tolist(),
        "lead": np.median(learn.inputs.lead, axis=0).tolist(),
        "drive": [
            name
            for channel, name in enumerate(DRIVE)
            if not np.isnan(learn.inputs.drive[..., channel]).all()
        ],
        "runs": [run.name for run in processed],
        "origin": sorted({run.origin for run in processed}),
    }
    return fit_and_save(
        made,
        (learn, check),
        out=out,
        config=config,
        state=state,
        resume=resume,
        log=log,
        progress=progress,
        overwrite=overwrite,
    )


def fit_and_save(
    made: Forecaster,
    windows: tuple[Windows, Windows],
    *,
    out: Path | str,
    config: TrainingConfig | None,
    state: Path | str | None,
    resume: bool,
    log: Path | str | None,
    progress: bool | None,
    overwrite: bool,
) -> Trained:
    """Fit or train a forecaster on training and validation windows, and write it.

    Half of the validation windows, by whole runs or blocks, choose its weights and whatever else
    is to be chosen; the other half calibrates its intervals. Where there are too few runs or
    blocks for that, all of them choose, and there are no intervals.
    """
    learn, validation = windows
    check, held = _halves(validation)
    if isinstance(made, TrainedForecaster):
        from opir.training.loop import train as run_loop

        run_loop(
            made,
            learn,
            check,
            config=config,
            state=state,
            resume=resume,
            log=log,
            progress=progress,
        )
    else:
        fit(made, learn, check)
    judged = check if held is None else held
    residuals = made.forecast(judged.inputs).spectra - judged.target
    made.intervals = None
    if held is not None:
        inputs = held.inputs
        made.intervals = Intervals.fit(residuals, inputs.lead, inputs.wavenumber, block=held.block)
    path = made.save(out, overwrite=overwrite)
    if log is not None and Path(log).is_file() and Path(log).stat().st_size:
        from opir.plots import save
        from opir.plots.training import training_figure

        origin = " and ".join(made.recipe.get("origin", [])) or "unknown"
        text = f"{made.name}, {len(learn):,} training windows, {origin}"
        figure = training_figure(log, text=text)
        save(figure, _curves(log), overwrite=True)
    return Trained(
        model=made,
        path=path,
        validation_mae=float(np.abs(residuals).mean()),
        persistence_mae=_error(Persistence(), judged),
        windows=(len(learn), len(check)),
        calibrating=0 if held is None else len(held),
        validation_blocks=int(np.unique(validation.block).size),
    )


def _halves(validation: Windows) -> tuple[Windows, Windows | None]:
    """Windows that choose, and windows that calibrate; None where there are too few for both.

    Whole blocks are drawn by chance, always the same, so that the two halves can be exchanged.
    """
    blocks = np.unique(validation.block)
    if blocks.size < _FEWEST:
        return validation, None
    chosen = np.random.default_rng(0).permutation(blocks)[: blocks.size // 2]
    chooses = np.isin(validation.block, chosen)
    return validation.rows(np.nonzero(chooses)[0]), validation.rows(np.nonzero(~chooses)[0])


def check_beside(
    state: Path | str | None, log: Path | str | None, *, resume: bool, overwrite: bool
) -> None:
    """Refuse a state and a log that a training would replace unasked, before it begins.

    Args:
        state, log: Files named for them, if any.
        resume: They are gone on from.
        overwrite: They may be replaced.

    Raises:
        OptionError: If there is no state to resume from, or the log is named as its picture.
        OutputExistsError: If one of them is there and is neither to be resumed nor replaced.
        OutputError: If the folder of one does not exist.
    """
    if resume and state is None:
        raise OptionError("no state to go on from was named", remedy="Name its file (--state)")
    files = [] if state is None else [state]
    if log is not None:
        if _curves(log) == Path(log):
            raise OptionError(
                f"the log is named {Path(log).name}, as the picture of it would be",
                remedy="Name it ....jsonl (--log)",
            )
        files += [log, _curves(log)]
    for path in files:
        try:
            check_output(path, overwrite=overwrite or resume, file=True)
        except OutputExistsError as error:
            error.remedy = "Go on with it (--resume), replace it (--force), or name another file"
            raise


def _curves(log: Path | str) -> Path:
    """The picture of a log."""
    return Path(log).with_suffix(".png")


def run_of(item: Path | str | Run) -> Run:
    """A run, or the run of a file.

    Raises:
        FormatError: If the file cannot be read or holds no run.
    """
    data = item if isinstance(item, Run) else read(item)
    if isinstance(data, Run):
        return data
    raise FormatError(
        "the file holds no run",
        path=None if isinstance(item, Run) else item,
        remedy="Make one of spectra and electrochemistry with: opir ingest",
    )


def _same(run: Run, axis: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return run.wavenumber.shape == axis.shape and bool(np.allclose(run.wavenumber, axis, atol=1e-3))


def _split(steps: Pipeline) -> tuple[Pipeline, Pipeline]:
    """Steps before the first derivative, and from it on.

    Component spectra are non-negative before a derivative and cannot be after it.
    """
    names = [item if isinstance(item, str) else item[0] for item in steps.steps]
    at = names.index("derivative") if "derivative" in names else len(names)
    return Pipeline(steps.steps[:at]), Pipeline(steps.steps[at:])


def _windows(runs: Sequence[Run], design: BlockDesign) -> tuple[Windows, Windows]:
    if len(runs) < 5:
        inside = replace(design, cycle=("train", "train", "validation", "train"), rotation=0)
        pairs = [[windows_of(run, role, inside) for run in runs] for role in ROLES]
        return join(pairs[0]), join(pairs[1])
    whole = {role: replace(design, blocks=1, cycle=(role,), rotation=0) for role in ROLES}
    parts: dict[str, list[Windows]] = {role: [] for role in ROLES}
    for number, run in enumerate(runs):
        role = ROLES[number % 5 == 2]
        parts[role].append(windows_of(run, role, whole[role]))
    return join(parts["train"]), join(parts["validation"])


ROLES = ("train", "validation")


def _make(
    kind: type[Forecaster],
    options: Mapping[str, Any],
    linear: Pipeline,
    axis: np.ndarray[Any, np.dtype[np.float64]],
) -> Forecaster:
    if kind.name != "abcc":
        return kind(**options)
    from opir.models.abcc import Abcc, AbccConfig

    config = AbccConfig.from_dict(dict(options))
    if not linear.steps:
        return Abcc(config)
    return Abcc(config, operator=linear_operator(linear, axis), axis=axis)


def _error(model: Forecaster, windows: Windows) -> float:
    return float(np.abs(model.forecast(windows.inputs).spectra - windows.target).mean())
