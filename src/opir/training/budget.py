"""A training budget in seconds: how many steps it is worth on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from opir.training.config import TrainingConfig

__all__ = ["EVALUATED_WINDOWS", "Clock", "settle"]

EVALUATED_WINDOWS = 128
"""Validation windows, at most, that a training with a budget is looked at on."""

_LOOKS = 10
_LOOK_SHARE = 0.2
_TRIAL_SHARE = 0.03
_TRIAL_STEPS = 30


@dataclass
class Clock:
    """Seconds since it was made: processor time of this thread, or on a GPU time that passed.

    Processor time does not count what other programs take, so a budget is worth about the same
    on a busy machine.
    """

    device: torch.device

    def __post_init__(self) -> None:
        self.started = self._now()

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            return time.monotonic()
        return time.thread_time()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return self._now() - self.started


def settle(
    config: TrainingConfig,
    clock: Clock,
    step: Callable[[int], object],
    look: Callable[[], object],
    calibration: float = 1.0,
) -> TrainingConfig:
    """The configuration with the steps, and steps between looks, that its budget is worth.

    A few steps and two looks are done to time them; what they did must be undone afterwards, so
    that the training is the one that the number of steps alone would give.

    Args:
        config: With ``seconds``.
        clock: Started when the training was.
        step: Does step ``n``.
        look: Looks at the validation windows.
        calibration: How many looks what is settled after the training is worth in time
            (:attr:`opir.models.TrainedForecaster.calibration`).
    """
    budget = config.seconds or 0.0
    step(0)
    look()  # the first one loads and compiles what it needs
    before = clock.seconds
    look()
    looking = max(clock.seconds - before, 1e-9)
    before, done, spent = clock.seconds, 0, 0.0
    while done < 2 or (done < _TRIAL_STEPS and spent < _TRIAL_SHARE * budget):
        done += 1
        step(done)
        spent = max(clock.seconds - before, 1e-9)
    looks = max(1, min(_LOOKS, int(_LOOK_SHARE * budget / looking)))
    left = budget - clock.seconds - (looks + calibration) * looking
    steps = max(1, int(left * done / spent))
    return config.changed(steps=steps, evaluate_every=-(-steps // looks))
