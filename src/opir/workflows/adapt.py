"""A trained forecaster and a few runs of one's own, to a forecaster adapted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import ModelError, OptionError
from opir.files import check_output
from opir.metrics import mae
from opir.models import Forecaster, Persistence, TrainedForecaster, from_pretrained
from opir.models.descriptor import describe, relative_drive
from opir.models.inputs import DRIVE
from opir.models.known_systems import KnownSystems
from opir.plots import save
from opir.plots.adaptation import adaptation_figure
from opir.run import Run
from opir.system import System
from opir.training import TrainingConfig
from opir.workflows.adapt_parts import Parts, described_parts, window_parts
from opir.workflows.adapt_table import Comparison, write_comparison
from opir.workflows.as_trained import as_trained
from opir.workflows.given_system import given_system
from opir.workflows.train import check_beside, run_of
from opir.workflows.train_store import column_range

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from opir.training.adapt import Adaptation

__all__ = ["Adapted", "adapt"]

Array = NDArray[np.float64]

_GIVEN = ", frames given"
"""Ends the name of a forecast that was given the frames learned from, not only the first."""
_DRAWN = ("persistence", "before", "after")


@dataclass(frozen=True)
class Adapted:
    """What an adaptation left behind.

    Attributes:
        model: The adapted forecaster.
        files: Model, table and picture.
        comparison: Before and after, on what was held back.
        changed: Whether anything better was found than the model before.
        notes: What was done, and what the user should know.
    """

    model: Forecaster
    files: tuple[Path, ...]
    comparison: Comparison
    changed: bool
    notes: tuple[str, ...]

    def __str__(self) -> str:
        found = self.comparison
        ends = (
            f"[95 % interval, {found.blocks} blocks resampled]"
            if found.blocks > 1
            else "one block only, so without intervals"
        )
        return "\n".join(
            [
                *self.notes,
                "",
                f"On {len(found.block)} held-back window(s) in {found.blocks} block(s), origin "
                f"{found.origin}, {ends}:",
                str(found),
                "",
                *(f"Written: {path}" for path in self.files),
            ]
        )


def adapt(
    model: Path | str,
    runs: Sequence[Path | str | Run],
    *,
    out: Path | str,
    system: System | Path | str | None = None,
    learn: float | None = None,
    config: TrainingConfig | None = None,
    changes: Mapping[str, Any] | None = None,
    state: Path | str | None = None,
    resume: bool = False,
    log: Path | str | None = None,
    progress: bool | None = None,
    overwrite: bool = False,
) -> Adapted:
    """Train a forecaster on with a few runs, and compare before and after on what is held back.

    The runs are processed as the model's training spectra were. Of several runs, whole runs are
    held back, the last ones named; of one run its last part in time. What is held back is neither
    trained on nor looked at to choose anything. Of the rest, a third decides what is kept of the
    training (:func:`opir.training.adapt.adapt`); where it shows nothing better than the model
    before, that is what is written, and the notes say so.

    Args:
        model: The file of a trained forecaster, or a name of those that ship with opir.
        runs: Files of runs (any that opir reads), or runs.
        out: File for the adapted model (``.safetensors``); the table (``.csv``) and the picture
            (``.png``) come beside it.
        system: For models of described systems: the cell of the runs that do not state theirs; a
            system, its file or text, or the name of one in the library.
        learn: Share (below 1) or number of the runs to learn from, or, with one run, of its
            spectra; two thirds of several runs by default, half of one.
        config: How to train; :func:`opir.training.adapt.gentle` by default.
        changes: Fields of ``config`` that are to differ from it; None leaves one as it is.
        state, resume, log, progress: See :func:`opir.training.loop.train`.
        overwrite: Replace the files where they are.

    Raises:
        OptionError: If there are no runs, or they are too short.
        FormatError: If a file holds no run, or the model's file is damaged.
        ModelError: If the model has a closed form, a run does not cover its wavenumbers, or it
            needs a system or a voltage that is not there.
        OutputExistsError: If a file exists and ``overwrite`` is false.
        UnknownNameError: If a name is not known.
        TrainingInterruptedError: At Ctrl-C, after the state was saved.
    """
    files = _files(out, model, overwrite)
    if not runs:
        raise OptionError("no runs were given", remedy="Name one file of a run or more")
    paths = [Path(item).resolve() for item in runs if not isinstance(item, Run)]
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise OptionError(
            "the run was named twice, so it would be learned from and held back",
            remedy="Name each run once",
            path=twice,
        )
    check_beside(state, log, resume=resume, overwrite=overwrite)
    forecaster = from_pretrained(model)
    if not isinstance(forecaster, TrainedForecaster):
        raise ModelError(
            f"the model {forecaster.name!r} has a closed form: there are no weights to train on",
            remedy="Fit it to your runs anew, in as little time, with: opir train",
        )
    from opir.training.adapt import adapt as train_on
    from opir.training.adapt import gentle

    made = [as_trained(run_of(item), forecaster, own_axis=True) for item in runs]
    parts, notes = _parts(made, forecaster, system, learn)
    trust = forecaster.trust
    before = _forecasts(forecaster, parts)
    done = train_on(
        forecaster,
        parts.learn,
        parts.check,
        judged_from=parts.check_from,
        config=(config or gentle(forecaster)).changed(**dict(changes or {})),
        state=state,
        resume=resume,
        log=log,
        progress=progress,
    )
    after = _forecasts(forecaster, parts)
    if done.changed:
        forecaster.recipe = _extended(forecaster.recipe, Path(model).name, made, parts)
        if forecaster.intervals is not None:
            forecaster.intervals = None
            notes += ("The intervals were calibrated with the weights before and are left out.",)
    notes += (_kept(done, trust),)

    known = parts.held_given or parts.held
    forecasts = {
        "persistence": Persistence().forecast(known.inputs).spectra,
        **{f"before{told}": spectra for told, spectra in before.items()},
        **{f"after{told}": spectra for told, spectra in after.items()},
    }
    errors = {name: mae(f, known.target, axis=(1, 2)) for name, f in forecasts.items()}
    origin = " and ".join(sorted({run.origin for run in made}))
    compared = Comparison(errors, known.block, origin)
    forecaster.save(files[0], overwrite=overwrite)
    write_comparison(compared, files[1], overwrite=overwrite)
    save(_figure(forecasts, parts, compared, made, forecaster.name), files[2], overwrite=overwrite)
    return Adapted(forecaster, files, compared, done.changed, notes)


def _files(out: Path | str, model: Path | str, overwrite: bool) -> tuple[Path, ...]:
    """The three files to be written, after a check that they may be."""
    path = Path(out)
    if path.suffix != ".safetensors":
        raise OptionError(
            f"the model would be written to {path.name}", remedy="Name it ....safetensors"
        )
    if path.exists() and Path(model).exists() and path.samefile(model):
        raise OptionError(
            "the adapted model would replace the one that it starts from",
            remedy="Name another file (--out)",
            path=path,
        )
    files = path, path.with_suffix(".csv"), path.with_suffix(".png")
    for file in files:
        check_output(file, overwrite=overwrite, file=True)
    return files


def _parts(
    runs: Sequence[Run], model: Forecaster, system: System | Path | str | None, learn: float | None
) -> tuple[Parts, tuple[str, ...]]:
    """Windows of each part, without conditions that the model never saw, and notes."""
    lead = model.recipe.get("lead")
    if not lead:
        raise OptionError(
            f"the model {model.name!r} does not say which times it was trained on",
            remedy="Adapt one that opir train wrote",
        )
    seen: list[str] = list(model.recipe.get("drive", []))
    described = bool(model.recipe.get("described"))
    notes: list[str] = []
    for name in DRIVE:
        if name not in seen and any(run.on_time(name) is not None for run in runs):
            notes.append(f"The {name} was left out: the model was trained without it.")
        lacking = [run for run in runs if run.missing[name] == run.time.size]
        if name in seen and lacking and not described:
            notes.append(f"The model knows the {name}; {_names(lacking)} has none of it.")
    runs = [
        Run(run.dataset.drop_vars([n for n in DRIVE if n not in seen], errors="ignore"))
        for run in runs
    ]
    if not described:
        parts = window_parts(runs, lead, learn)
        return parts, (*notes, *parts.told)
    for run in runs:
        if "voltage" in seen and run.missing["voltage"]:
            raise ModelError(
                f"{_names([run])} lacks the voltage in {run.missing['voltage']} of "
                f"{run.time.size} spectra, and the model {model.name!r} needs it",
                remedy="Add it with the cycler's file: opir ingest",
            )
    parts = described_parts(runs, _descriptors(runs, model, system), lead, learn)
    return parts, (*notes, *parts.told)


def _descriptors(
    runs: Sequence[Run], model: Forecaster, system: System | Path | str | None
) -> list[Array]:
    """Of the system that each run states, or of the one given for those that state none."""
    given, _ = given_system(system)
    found = []
    for run in runs:
        cell = run.system or given
        if cell is None:
            raise ModelError(
                f"{_names([run])} does not state its system, and the model {model.name!r} was "
                "trained on described ones",
                remedy="Name it (--system lp57-graphite) or give its file",
            )
        found.append(describe(cell))
    return found


def _forecasts(model: Forecaster, parts: Parts) -> dict[str, NDArray[np.floating[Any]]]:
    """Of the frames that are judged; where earlier ones were learned from, with these given too."""
    found = {"": model.forecast(parts.held.inputs).spectra[:, parts.held_from :]}
    if parts.held_given is not None:
        found[_GIVEN] = model.forecast(parts.held_given.inputs).spectra
    return found


def _extended(
    recipe: dict[str, Any], model: str, runs: Sequence[Run], parts: Parts
) -> dict[str, Any]:
    """The recipe of the adapted model: what it was made from, wider ranges, and more systems."""
    inputs = parts.learn.inputs
    made = {
        **recipe,
        "adapted_from": model,
        "adapted_to": [run.name for run in runs],
        "origin": sorted({*recipe.get("origin", []), *(run.origin for run in runs)}),
    }
    if "longest" in recipe:
        made["longest"] = max(float(recipe["longest"]), float(inputs.lead.max()))
    if "known_systems" in recipe:
        # Else it would go on taking the cells adapted to for unlike all that it knows.
        cells = np.unique(inputs.descriptor, axis=0)
        names = [f"cell {number} of those adapted to" for number in range(1, len(cells) + 1)]
        known = KnownSystems.from_json(recipe["known_systems"])
        made["known_systems"] = known.joined(names, cells).to_json()
    if "ranges" in recipe:
        rows = {
            "descriptor": inputs.descriptor,
            "drive": relative_drive(inputs.drive, inputs.descriptor),
        }
        made["ranges"] = {
            name: column_range(np.concatenate([np.array(sides, dtype=np.float64), rows[name]]))
            for name, sides in recipe["ranges"].items()
        }
    return made


def _kept(done: Adaptation, trust: float | None) -> str:
    """What is kept of the training, as the windows that decide have it."""
    errors = (
        f"on the windows that decide, the error went from {done.error_before:.3g} to "
        f"{done.error_after:.3g}"
    )
    if not done.changed:
        return (
            "The windows that decide show nothing better than the model before, so it is kept as "
            "it was: use the one that you have."
        )
    if done.trust == 0:
        return (
            f"None of the forecast change is kept ({errors}): the windows that decide do not show "
            "that more can be foretold than that nothing changes."
        )
    way = (
        "The weights stay as they were"
        if done.kept == 0
        else f"The weights go {done.kept:.0%} of the way to those trained on "
        f"(best at step {done.training.best_step} of {done.training.steps})"
    )
    if done.trust is not None and not done.trust == trust == 1:
        way += f", and {done.trust:.0%} of the forecast change is kept, {trust:.0%} before"
    return f"{way}; {errors}."


def _figure(
    forecasts: dict[str, NDArray[np.floating[Any]]],
    parts: Parts,
    compared: Comparison,
    runs: Sequence[Run],
    model: str,
) -> Figure:
    """A window that changes as much as the median one, at the frames that are judged."""
    held, judged = parts.held, slice(parts.held_from, None)
    sizes = compared.errors["persistence"]
    row = int(np.argsort(sizes)[(len(sizes) - 1) // 2])
    shown = {"measured": held.target[:, judged], **forecasts}
    return adaptation_figure(
        held.inputs.wavenumber,
        held.inputs.lead[row, judged],
        {name: shown[name][row] - held.inputs.last[row] for name in ("measured", *_DRAWN[1:])},
        {name: np.abs(shown[name] - shown["measured"]).mean(axis=(0, 2)) for name in _DRAWN},
        like=runs[0],
        text=f"Adapting {model}, a held-back window of median change",
    )


def _names(runs: Sequence[Run]) -> str:
    return ", ".join(f"the run {run.name!r}" if run.name else "a run" for run in runs)
