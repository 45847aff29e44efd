"""The training loop."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.errors import ModelError, OptionError, StoppedError
from opir.models import TrainedForecaster, Windows
from opir.progress import Progress
from opir.training.budget import EVALUATED_WINDOWS, Clock, settle
from opir.training.config import TrainingConfig
from opir.training.state import TrainingState, load_training, save_training

__all__ = ["TrainingInterruptedError", "TrainingResult", "train"]

_PATIENCE = 1.5
"""Budgets after which a training ends that turned out slower than its first steps."""


class TrainingInterruptedError(StoppedError):
    """Training was stopped before its end; the state to resume from is on disk, if asked for."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training.

    Attributes:
        steps: Steps done.
        best_step: Step whose averaged weights the model now has.
        best_error: Mean absolute error on the validation windows there; NaN without any.
        seconds: Time that this call took.
        processor_seconds: Time that counts to a budget (``TrainingConfig.seconds``).
    """

    steps: int
    best_step: int
    best_error: float
    seconds: float
    processor_seconds: float


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
    begin: bool = True,
    judged_from: int = 0,
) -> TrainingResult:
    """Train a forecaster in place; it ends with its best weights on the validation windows.

    Every random choice of step ``n`` is drawn from a generator seeded with (seed, n), so a
    training resumed from a saved state gives the same bits as one that was never interrupted
    (on the same machine and number of threads). A budget in seconds settles the number of steps
    first; the rest is the training that this number of steps gives.

    Args:
        model: What to train.
        windows: Training windows.
        validation: Windows that choose the step; without them the last weights are kept.
        config: How to train.
        state: File to save the state to, every ``config.save_every`` steps and at Ctrl-C.
        resume: Go on from ``state`` if it is there.
        log: File for the log, one JSON object per evaluation: step, validation error, loss terms,
            and with a budget the steps it settled on and the seconds used; appended to when
            resuming.
        progress: Show progress; by default on a terminal only.
        begin: Start anew. Otherwise what the model holds is trained on: adapter, axes, tables and
            scales stay as they are, weights that are never better on the validation windows than
            those at the start are not kept, and nothing is calibrated
            (:meth:`TrainedForecaster.calibrate`).
        judged_from: Frames of the validation windows before this one are not judged (they are
            those that were trained on).

    Raises:
        TrainingInterruptedError: At Ctrl-C, after the state was saved.
        ModelError: If the loss becomes NaN or infinite, or a model that is to be trained on was
            never begun.
        FormatError: If the state is damaged or belongs to another training.
    """
    plan = config or TrainingConfig()
    device = choose_device(plan.device)
    started, clock = time.monotonic(), Clock(device)
    threads = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    if begin:
        model.begin(windows, seed=plan.seed)
    module = model.module.to(device)
    optimiser = _optimiser(model, plan)
    prepared = {**model.prepare(windows.inputs), **model.taught(windows)}
    data = _tensors(windows, device, prepared)
    now = TrainingState(0, _copy(module), _copy(module), 0, float("inf"))
    looked = validation if plan.seconds is None else _some(validation)

    def step(number: int) -> dict[str, float]:
        return _step(model, module, optimiser, data, plan, number)

    def look() -> float:
        return _evaluate(model, module, now.average, looked, judged_from)

    if resume and state is not None and Path(state).exists():
        now, plan = load_training(state, module, optimiser, plan)
    elif plan.seconds is not None:
        plan = settle(plan, clock, step, look, model.calibration if begin else 0.0)
        module.load_state_dict(now.best)
        optimiser = _optimiser(model, plan)
    if not begin and now.step == 0 and looked is not None:
        now.best_error = look()
    limit = _PATIENCE * (plan.seconds or math.inf)
    shown = Progress(plan.steps, done=now.step, shown=progress)
    written = None if log is None else _Log(Path(log), append=now.step > 0)

    try:
        done = now.step >= plan.steps
        while not done:
            terms = step(now.step)
            now.step += 1
            _average(now.average, module, plan.average)
            loss = sum(terms.values())
            done = now.step == plan.steps or clock.seconds > limit
            if now.step % plan.evaluate_every == 0 or done:
                error = look()
                if np.isnan(error) or error < now.best_error:
                    now.best, now.best_step = _clone(now.average), now.step
                    now.best_error = error if np.isfinite(error) else now.best_error
                if written:
                    if plan.seconds is not None:
                        terms |= {"steps": plan.steps, "processor_seconds": clock.seconds}
                    written.write(step=now.step, validation_mae=error, **terms)
            if state is not None and (now.step % plan.save_every == 0 or done):
                save_training(state, now, module, optimiser, plan)
            best = "" if np.isinf(now.best_error) else f"  best {now.best_error:.4g}"
            shown.show(now.step, f"loss {loss:.4g}{best}")
    except KeyboardInterrupt:
        if state is not None:
            save_training(state, now, module, optimiser, plan)
        raise TrainingInterruptedError(
            f"training was stopped at step {now.step} of {plan.steps}",
            remedy="Go on with resume=True (--resume)"
            if state is not None
            else "Its state was not kept",
            path=state,
        ) from None
    finally:
        torch.set_num_threads(threads)
    module.load_state_dict(now.best)
    if begin and looked is not None:
        model.calibrate(looked)
    error = now.best_error if np.isfinite(now.best_error) else float("nan")
    return TrainingResult(now.step, now.best_step, error, time.monotonic() - started, clock.seconds)


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


def _optimiser(model: TrainedForecaster, config: TrainingConfig) -> torch.optim.Optimizer:
    groups = model.parameter_groups()
    for group in groups:
        group["weight_decay"] = group.pop("decay") * config.weight_decay
    return torch.optim.AdamW(groups, lr=config.learning_rate)


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
    count = data["target"].shape[0]
    rows = torch.randint(count, (min(config.batch, count),), generator=generator)
    batch = {name: values[rows.to(values.device)] for name, values in data.items()}
    batch["given_frames"] = torch.tensor(batch["given"].shape[1])
    batch["frames"] = torch.cat([batch.pop("given"), batch.pop("target")], dim=1)
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
    judged_from: int,
) -> float:
    """Mean absolute error of the averaged weights; NaN without validation windows."""
    if validation is None:
        return float("nan")
    current = _copy(module)
    module.load_state_dict(average)
    wrong = model.look(validation.inputs).spectra - validation.target
    error = float(np.abs(wrong[:, judged_from:]).mean())
    module.load_state_dict(current)
    return error


def _average(average: dict[str, Tensor], module: torch.nn.Module, decay: float) -> None:
    with torch.no_grad():
        for name, value in module.named_parameters():
            average[name].mul_(decay).add_(value, alpha=1 - decay)
        for name, buffer in module.named_buffers():
            if name in average:
                average[name].copy_(buffer)


def _copy(module: torch.nn.Module) -> dict[str, Tensor]:
    return _clone(module.state_dict())


def _clone(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in weights.items()}


def _some(windows: Windows | None) -> Windows | None:
    """Evenly spaced ones of many windows."""
    if windows is None or len(windows) <= EVALUATED_WINDOWS:
        return windows
    return windows.rows(np.linspace(0, len(windows) - 1, EVALUATED_WINDOWS).round().astype(int))


def _tensors(
    windows: Windows, device: torch.device, prepared: Mapping[str, NDArray[Any]]
) -> dict[str, Tensor]:
    """Windows in single precision; what is so on the CPU already is not copied."""
    inputs = windows.inputs
    times = np.concatenate([inputs.given_times, inputs.times], axis=1)
    arrays = {
        "given": inputs.given,
        "target": windows.target,
        "times": times - times[:, :1],
        "drive": inputs.drive,
        "descriptor": inputs.descriptor,
        **prepared,
    }
    return {
        name: torch.as_tensor(_single(values), device=device) for name, values in arrays.items()
    }


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    """The same array where torch takes it as it is, else a copy."""
    backwards = any(step < 0 for step in values.strides)
    return np.require(values, np.float32, ["C", "W"] if backwards else ["W"])


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
