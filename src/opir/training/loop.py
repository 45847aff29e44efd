"""The training loop."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from opir.errors import ModelError, OpirError, OptionError
from opir.models import TrainedForecaster, Windows
from opir.progress import Progress
from opir.training.config import TrainingConfig
from opir.training.state import TrainingState, load_training, save_training

__all__ = ["TrainingInterruptedError", "TrainingResult", "train"]


class TrainingInterruptedError(OpirError):
    """Training was stopped before its end; the state to resume from is on disk, if asked for."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training.

    Attributes:
        steps: Steps done.
        best_step: Step whose averaged weights the model now has.
        best_error: Mean absolute error on the validation windows there; NaN without any.
        seconds: Time that this call took.
    """

    steps: int
    best_step: int
    best_error: float
    seconds: float


def train(
    model: TrainedForecaster,
    windows: Windows,
    validation: Windows | None = None,
    *,
    config: TrainingConfig | None = None,
    state: Path | str | None = None,
    resume: bool = False,
    log: Path | str | None = None,
    progress: bool | None = None,
) -> TrainingResult:
    """Train a forecaster in place; it ends with its best weights on the validation windows.

    Every random choice of step ``n`` is drawn from a generator seeded with (seed, n), so a
    training resumed from a saved state gives the same bits as one that was never interrupted
    (on the same machine and number of threads).

    Args:
        model: What to train.
        windows: Training windows.
        validation: Windows that choose the step; without them the last weights are kept.
        config: How to train.
        state: File to save the state to, every ``config.save_every`` steps and at Ctrl-C.
        resume: Go on from ``state`` if it is there.
        log: File for the log, one JSON object per evaluation; appended to when resuming.
        progress: Show progress; by default on a terminal only.

    Raises:
        TrainingInterruptedError: At Ctrl-C, after the state was saved.
        ModelError: If the loss becomes NaN or infinite.
        FormatError: If the state is damaged or belongs to another training.
    """
    config = config or TrainingConfig()
    device = choose_device(config.device)
    started = time.monotonic()
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    model.begin(windows, seed=config.seed)
    module = model.module.to(device)
    groups = model.parameter_groups()
    decays = [group.pop("decay") for group in groups]
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=0.0)
    for group, decay in zip(optimiser.param_groups, decays, strict=True):
        group["weight_decay"] = decay * config.weight_decay
    now = TrainingState(0, _copy(module), _copy(module), 0, float("inf"))
    if resume and state is not None and Path(state).exists():
        now = load_training(state, module, optimiser, config)
    data = _tensors(windows, device)
    shown = Progress(config.steps, done=now.step, shown=progress)
    written = None if log is None else _Log(Path(log), append=now.step > 0)

    try:
        while now.step < config.steps:
            terms = _step(model, module, optimiser, data, config, now.step)
            now.step += 1
            _average(now.average, module, config.average)
            done = now.step == config.steps
            if now.step % config.evaluate_every == 0 or done:
                error = _evaluate(model, module, now.average, validation)
                if np.isnan(error) or error < now.best_error:
                    now.best, now.best_step = _clone(now.average), now.step
                    now.best_error = error if np.isfinite(error) else now.best_error
                if written:
                    written.write(step=now.step, validation_mae=error, **terms)
            if state is not None and (now.step % config.save_every == 0 or done):
                save_training(state, now, module, optimiser, config)
            best = "" if np.isinf(now.best_error) else f"  best {now.best_error:.4g}"
            shown.show(now.step, f"loss {sum(terms.values()):.4g}{best}")
    except KeyboardInterrupt:
        if state is not None:
            save_training(state, now, module, optimiser, config)
        raise TrainingInterruptedError(
            f"training was stopped at step {now.step} of {config.steps}",
            remedy="Go on with resume=True (--resume)"
            if state is not None
            else "Its state was not kept",
            path=state,
        ) from None
    finally:
        torch.set_num_threads(threads)
    module.load_state_dict(now.best)
    if validation is not None:
        model.calibrate(validation)
    error = now.best_error if np.isfinite(now.best_error) else float("nan")
    return TrainingResult(now.step, now.best_step, error, time.monotonic() - started)


def choose_device(name: str) -> torch.device:
    """The device of a name; ``"auto"`` takes a GPU where there is one.

    Raises:
        OptionError: If the device is unknown or not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise OptionError(f"device {name!r} is unknown", remedy="Use cpu, cuda or auto") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise OptionError("no CUDA device is there", remedy="Use device='cpu'")
    return device


def _step(
    model: TrainedForecaster,
    module: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    data: Mapping[str, Tensor],
    config: TrainingConfig,
    step: int,
) -> dict[str, float]:
    """One step of the optimiser; returns the loss terms."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    count = data["frames"].shape[0]
    rows = torch.randint(count, (min(config.batch, count),), generator=generator)
    batch = {k: v if v.ndim == 0 else v[rows.to(v.device)] for k, v in data.items()}
    for group in optimiser.param_groups:
        group["lr"] = config.rate(step)
    terms = model.losses(batch, generator)
    total = torch.stack(list(terms.values())).sum()
    if not torch.isfinite(total):
        bad = [name for name, term in terms.items() if not torch.isfinite(term)]
        raise ModelError(
            f"the loss became NaN or infinite at step {step} ({', '.join(bad) or 'sum'})",
            remedy="Lower the learning rate, or look for outliers in the training spectra",
        )
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(module.parameters(), config.largest_gradient)
    optimiser.step()
    return {name: float(term.detach()) for name, term in terms.items()}


def _evaluate(
    model: TrainedForecaster,
    module: torch.nn.Module,
    average: Mapping[str, Tensor],
    validation: Windows | None,
) -> float:
    """Mean absolute error of the averaged weights; NaN without validation windows."""
    if validation is None:
        return float("nan")
    current = _copy(module)
    module.load_state_dict(average)
    error = float(np.abs(model.forecast(validation.inputs).spectra - validation.target).mean())
    module.load_state_dict(current)
    return error


def _average(average: dict[str, Tensor], module: torch.nn.Module, decay: float) -> None:
    with torch.no_grad():
        for name, value in module.named_parameters():
            average[name].mul_(decay).add_(value, alpha=1 - decay)


def _copy(module: torch.nn.Module) -> dict[str, Tensor]:
    return _clone(module.state_dict())


def _clone(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in weights.items()}


def _tensors(windows: Windows, device: torch.device) -> dict[str, Tensor]:
    inputs = windows.inputs
    times = np.concatenate([inputs.given_times, inputs.times], axis=1)
    arrays = {
        "frames": np.concatenate([inputs.given, windows.target], axis=1),
        "times": times - times[:, :1],
        "drive": inputs.drive,
        "descriptor": inputs.descriptor,
    }
    found = {
        name: torch.tensor(values, dtype=torch.float32, device=device)
        for name, values in arrays.items()
    }
    found["given_frames"] = torch.tensor(inputs.given.shape[1])
    return found


class _Log:
    def __init__(self, path: Path, *, append: bool) -> None:
        self.path = path
        if not append:
            path.write_text("", encoding="utf-8")

    def write(self, **values: Any) -> None:
        kept = {
            k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")
