"""Configuration of training."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from opir.errors import OptionError

__all__ = ["TrainingConfig"]


@dataclass(frozen=True)
class TrainingConfig:
    """How a forecaster is trained.

    Attributes:
        steps: Number of steps, where no ``seconds`` are given.
        seconds: Budget: processor time of the training thread [s] (on a GPU, time that passes),
            from the start of the training to its end, looks at the validation windows included.
            After the first steps are timed it settles the number of steps, which the learning
            rate follows, and about ten looks, on at most 128 windows.
        batch: Windows per step.
        learning_rate: Largest learning rate; it rises over ``warm_up`` of the steps and falls to
            zero along a cosine.
        warm_up: Share of the steps.
        weight_decay: Decay of the parameters that the model names.
        largest_gradient: Gradients are scaled down to this norm.
        average: Decay of the running average of the weights, which is what is kept; 0 for none.
        evaluate_every: Steps between two looks at the validation windows.
        save_every: Steps between two saved states, where a state path is given.
        seed: Source of every random choice.
        threads: CPU threads while training; small models are quickest, and repeat to the same
            bits, with one.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU where there is one.
    """

    steps: int = 800
    batch: int = 48
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 0.1
    largest_gradient: float = 1.0
    average: float = 0.98
    evaluate_every: int = 50
    save_every: int = 200
    seed: int = 0
    threads: int = 1
    device: str = "auto"
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "evaluate_every", "save_every", "threads"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.seed < 0:
            raise OptionError(f"seed is {self.seed}; at least 0 is needed")
        for name in ("learning_rate", "largest_gradient", "seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("warm_up", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be 0 to below 1")

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0; a pure function, so resuming needs no state."""
        rising = max(1, round(self.warm_up * self.steps))
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        share = (step - rising) / max(1, self.steps - rising)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * share))

    def changed(self, **fields: Any) -> TrainingConfig:
        """The same with other values; None leaves a field as it is."""
        return replace(self, **{key: value for key, value in fields.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
