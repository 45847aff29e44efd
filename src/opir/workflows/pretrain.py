"""The weights that ship: trained on a store, examined on what was held out, with their card."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import opir
from opir.bench.data import FoldData, Sources, load_fold, with_all_known
from opir.bench.scoring import score
from opir.errors import FormatError, ModelError, UnknownNameError
from opir.files import atomic_path, check_output, output_errors, read_text
from opir.metrics import stream_separation
from opir.models import Forecaster, Intervals, load_model
from opir.models.forecast import Forecast
from opir.models.kept_share import SHARES
from opir.run.store import Store
from opir.training import TrainingConfig
from opir.workflows.model_card import model_card
from opir.workflows.settings import TrainSettings, preset_settings
from opir.workflows.train_store import fold_without, train_on_store

__all__ = ["Examined", "examine", "pretrain", "share_for", "stream_r2", "widening"]

_METRICS = (
    "mae", "dilate", "coverage-90", "width-90", "irreversibility", "mass-balance",
    "onset-voltage", "peak-position",
)  # fmt: skip
_LEVEL = 0.9
_MOST = 32.0
"""Largest factor by which intervals are widened."""


@dataclass(frozen=True)
class Examined:
    """What a model makes of test runs that it was not trained on.

    Attributes:
        name: ``random``, or the system that was held out.
        runs: Number of test runs.
        scores: Metric -> mean over the runs that it applies to; ``persistence`` is the mean
            absolute error of the given frame. ``stream-r2`` also by stream, medians.
        mae_by_share: Mean absolute error with shares of the forecast change kept
            (:data:`opir.models.kept_share.SHARES`), 0 is persistence.
        widening_by_share: Factor by which the 90 % intervals had to be widened to hold 90 % of the
            points, with each of these shares.
    """

    name: str
    runs: int
    scores: dict[str, float]
    mae_by_share: list[float]
    widening_by_share: list[float]

    @property
    def widening(self) -> float:
        """With all of the change."""
        return self.widening_by_share[-1]

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "runs": self.runs,
            "scores": self.scores,
            "mae_by_share": self.mae_by_share,
            "widening_by_share": self.widening_by_share,
        }


def examine(model: Forecaster, data: FoldData) -> Examined:
    """Forecast the test runs of a fold and score them.

    Args:
        model: With intervals.
        data: The fold.

    Raises:
        ModelError: If the model has no intervals.
    """
    if model.intervals is None:
        raise ModelError(
            f"the model {model.name!r} has no intervals",
            remedy="Train it on a store of 200 runs and more",
        )
    forecast = model.forecast(data.test.inputs)
    found = score(forecast, data, intervals=model.intervals, metrics=_METRICS)
    last, target = data.test.inputs.last[:, None], data.test.target
    half = model.intervals.half_widths(data.test.inputs.lead, _LEVEL)
    errors, factors = [], []
    for share in SHARES:
        error = np.abs(last + np.float32(share) * (forecast.spectra - last) - target)
        errors.append(float(error.mean()))
        factors.append(widening(error / half))
    scores = {**found.means, "persistence": errors[0], **stream_r2(forecast, data)}
    return Examined(data.fold.name, len(data.test), scores, errors, factors)


def widening(relative: np.ndarray[Any, np.dtype[Any]]) -> float:
    """Factor by which intervals must be widened to hold 90 % of the points; 1 at least.

    Args:
        relative: Absolute errors in half widths, any shape.
    """
    return float(np.clip(np.quantile(relative, _LEVEL), 1.0, _MOST))


def stream_r2(forecast: Forecast, data: FoldData) -> dict[str, float]:
    """Median coefficient of determination of each stream over the runs, where the truth is known.

    Of the change from the given frame, where the interphase's stream is taken to be nothing and
    the solvent's the given spectrum; see :func:`opir.metrics.stream_separation`.
    """
    later, first, names = data.streams, data.streams_last, data.stream_names
    if later is None or first is None or not set(names) <= set(forecast.streams):
        return {}
    start = np.zeros_like(first)
    start[:, names.index("solvent")] = data.test.inputs.last
    given = np.stack([forecast.streams[name] for name in names], axis=1)
    found = stream_separation(
        np.concatenate([start[:, :, None], given], axis=2),
        np.concatenate([first[:, :, None], later], axis=2),
    )
    middle = np.nanmedian(found, axis=0)
    return {f"stream-r2 {name}": float(v) for name, v in zip(names, middle, strict=True)}


def share_for(held: Sequence[Examined]) -> int:
    """Which of the shares is best on the average over systems held out, each counting alike."""
    relative = [np.array(item.mae_by_share) / item.mae_by_share[0] for item in held]
    return int(np.argmin(np.mean(relative, axis=0)))


def pretrain(
    store: Store | Path | str,
    *,
    out: Path | str,
    preset: str = "base",
    only: Sequence[str] = (),
    config: TrainingConfig | None = None,
    overwrite: bool = False,
    progress: bool | None = None,
    say: Callable[[str], None] = print,
) -> tuple[Path, ...]:
    """Train the weights that ship, and those without each system, which tell how sure they are.

    Everything lies in one folder: ``opir-base-without-<system>.safetensors`` for each system of the
    store, ``opir-base.safetensors`` with its card ``opir-base.md``, and what each was examined on
    as JSON. What lies there is not trained again, and a training that was stopped goes on, so the
    same call resumes. By how much intervals are widened outside of what was trained on is measured
    on the systems held out: the mean over them of the factor that each would have needed.

    Args:
        store: An OpIRSpec store of described runs.
        out: Folder.
        preset: Settings (:func:`opir.workflows.settings.preset_settings`).
        only: Systems to hold out, or ``base``, to share the work among processes; all if empty.
        config: How to train, in place of the preset's.
        overwrite: Train again what lies there.
        progress: Show progress; by default on a terminal only.
        say: Takes what was done, a line each.

    Returns:
        The files of the weights.

    Raises:
        UnknownNameError: If there is no such preset or system.
        OutputError: If the folder's folder does not exist, or it is a file.
        FormatError: If what lies there is damaged.
        TrainingInterruptedError: At Ctrl-C, after the state was saved.
        StoreError, OptionError: As of :func:`opir.workflows.train_store.train_on_store`.
    """
    settings = preset_settings(preset)
    settings = replace(settings, training=config or settings.training)
    folder = check_output(out, overwrite=True)
    sources = with_all_known(store)
    systems = sources.index().systems
    for name in only:
        if name not in (*systems, "base"):
            raise UnknownNameError("system of the store", name, (*systems, "base"))
    with output_errors(folder):
        folder.mkdir(exist_ok=True)
    chosen = tuple(only) or (*systems, "base")
    made = []
    for system in (name for name in systems if name in chosen):
        path = folder / f"opir-{preset}-without-{system}.safetensors"
        made.append(path)
        said = _made(store, sources, settings, path, system, overwrite, progress)
        say(_line(f"without {system}", said))
    if "base" in chosen:
        path = folder / f"opir-{preset}.safetensors"
        made.append(path)
        said = _made(store, sources, settings, path, None, overwrite, progress)
        say(_line("base", said))
        held = [_read(folder / f"opir-{preset}-without-{name}.json") for name in systems]
        missing = [name for name, item in zip(systems, held, strict=True) if item is None]
        if missing:
            say(f"Not yet: intervals outside of training and the card; {', '.join(missing)} lack.")
        else:
            _finish(path, said, [item for item in held if item is not None], settings)
            say(f"Written: {path} and its card")
    return tuple(made)


def _made(
    store: Store | Path | str,
    sources: Sources,
    settings: TrainSettings,
    path: Path,
    system: str | None,
    overwrite: bool,
    progress: bool | None,
) -> Examined:
    """Trained and examined, or what lies there of it."""
    result, state = path.with_suffix(".json"), path.with_suffix(".state")
    known = None if overwrite else _read(result)
    if known is not None and path.exists():
        return known
    if overwrite or not path.exists():
        from opir.training.loop import TrainingInterruptedError

        try:
            train_on_store(
                store,
                out=path,
                model=settings.model,
                config=settings.training,
                options=settings.options,
                without=system,
                state=state,
                resume=not overwrite,
                log=path.with_suffix(".jsonl"),
                progress=progress,
                overwrite=overwrite,
            )
        except TrainingInterruptedError as error:
            error.remedy = "The same command goes on"
            raise
    data = load_fold(fold_without(sources, system), sources)
    found = replace(examine(load_model(path), data), name=system or "random")
    with atomic_path(result, overwrite=True) as temporary:
        temporary.write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
    state.unlink(missing_ok=True)
    return found


def _read(path: Path) -> Examined | None:
    if not path.is_file():
        return None
    try:
        return Examined(**json.loads(read_text(path)))
    except (json.JSONDecodeError, TypeError) as error:
        raise FormatError(
            f"what the weights were examined on cannot be read ({error})",
            remedy="Remove the file; the same command makes it again",
            path=path,
        ) from error


def _finish(
    path: Path, examined: Examined, held: Sequence[Examined], settings: TrainSettings
) -> None:
    """Intervals outside of training, from the systems held out, and the card."""
    model = load_model(path)
    assert isinstance(model.intervals, Intervals)
    share = share_for(held)
    beyond = float(np.mean([item.widening_by_share[share] for item in held]))
    model.intervals = replace(model.intervals, beyond=round(beyond, 3))
    model.recipe["trust_unlike"] = float(SHARES[share])
    model.save(path, overwrite=True)
    rows = []
    for item in held:
        # Chosen on the others, as for a system of a user's.
        others = share_for([one for one in held if one is not item])
        rows.append(
            {
                **item.to_json(),
                "careful": item.mae_by_share[others],
                "widening": item.widening_by_share[others],
            }
        )
    text = model_card(
        path.stem,
        model,
        settings,
        examined.to_json(),
        rows,
        version=opir.__version__,
        size=path.stat().st_size,
    )
    with atomic_path(path.with_suffix(".md"), overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _line(what: str, found: Examined) -> str:
    scores = found.scores
    return (
        f"{what}: {found.runs} test runs, MAE {1e3 * scores['mae']:.3f}e-3, persistence "
        f"{1e3 * scores['persistence']:.3f}e-3, {scores.get('coverage-90', float('nan')):.1%} in "
        f"the 90 % intervals, widening {found.widening:.2f}"
    )
