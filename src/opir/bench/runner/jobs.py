"""What is to be done: each training once, scored on all folds that share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["FLOORS", "Job"]

FLOORS = "floors"
"""Stands among the models for the floors, which are found together."""


@dataclass(frozen=True)
class Job:
    """One model trained once with one seed, and scored on some folds.

    Attributes:
        training_key: Of the folds.
        model: Name, ``package.module:Class``, or :data:`FLOORS`.
        seed: Of the training.
        folds: Task and name of each fold.
    """

    training_key: str
    model: str
    seed: int
    folds: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Job:
        """From :meth:`to_json`."""
        folds = tuple((str(task), str(fold)) for task, fold in values["folds"])
        return cls(values["training_key"], values["model"], int(values["seed"]), folds)
