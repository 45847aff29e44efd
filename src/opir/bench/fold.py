"""A fold: which runs are trained on, which are tested on, and what is given and scored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from opir.errors import OptionError

__all__ = ["TEST_BELOW", "VALIDATION_BELOW", "Fold", "place", "pools"]

_RULE = "opirbench-1"
"""Name of the rule by which runs come to their pools; another rule has another name."""

TEST_BELOW = 0.14
"""Runs whose place is below are the test pool,"""

VALIDATION_BELOW = 0.21
"""those from there up to here the validation pool, the others the training pool."""


def place(id: str, purpose: str = "") -> float:
    """Where a run stands between 0 and 1, from its id alone.

    Neither the order of a store nor the runs beside it move it: it is the first 8 bytes of the
    SHA-256 of ``opirbench-1:`` and the id, as a big-endian number over 2^64.

    Args:
        id: Id of the run.
        purpose: Names another, independent order of the runs (``"low-data"``).
    """
    text = f"{_RULE}:{purpose}:{id}" if purpose else f"{_RULE}:{id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2.0**64


def pools(ids: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The training, validation and test pool of some runs, each in the order of the ids."""
    placed = [(id, place(id)) for id in sorted(ids)]
    train = tuple(id for id, where in placed if where >= VALIDATION_BELOW)
    validation = tuple(id for id, where in placed if TEST_BELOW <= where < VALIDATION_BELOW)
    return train, validation, tuple(id for id, where in placed if where < TEST_BELOW)


@dataclass(frozen=True)
class Fold:
    """One training and one test.

    Attributes:
        task, name: Names of the task and of the fold within it; letters, digits, ``-`` and ``_``.
        train, validation, test: Ids of the runs. Of a task on blocks of time: of the blocks.
        given: Frames given.
        scored_from: Index of the first frame that is scored; at least ``given``.
        training_frames: Training and validation windows end before this frame; None: with the
            run.
        test_source: Source of the test runs, ``"main"`` or ``"shifted"``.

    Raises:
        OptionError: If a run has two roles, or the numbers contradict each other.
    """

    task: str
    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    given: int = 1
    scored_from: int = 1
    training_frames: int | None = None
    test_source: str = "main"

    def __post_init__(self) -> None:
        for name in (self.task, self.name):
            if not name or not name.isascii() or not all(c.isalnum() or c in "-_" for c in name):
                raise OptionError(
                    f"{name!r} is not a name of a task or fold",
                    remedy="Use letters, digits, '-' and '_'",
                )
        if self.given < 1 or self.scored_from < self.given:
            raise OptionError(
                f"{self.given} frames are given and those from index {self.scored_from} on scored",
                remedy="Give 1 or more, and score frames after the given ones",
            )
        if self.training_frames is not None and self.training_frames <= self.given:
            raise OptionError(
                f"training windows of {self.training_frames} frames, {self.given} of them given, "
                "leave nothing to forecast"
            )
        roles: dict[tuple[str, str], str] = {}
        for role in ("train", "validation", "test"):
            source = self.test_source if role == "test" else "main"
            for id in getattr(self, role):
                if (source, id) in roles:
                    raise OptionError(
                        f"fold {self.name!r} of task {self.task!r}: run {id!r} is in "
                        f"{roles[source, id]} and in {role} (or twice in it)",
                        remedy="A run has one role in a fold",
                    )
                roles[source, id] = role

    @property
    def training_key(self) -> str:
        """The same for folds that train alike, so that a model is trained once for all of them."""
        what = [self.train, self.validation, self.given, self.training_frames]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]

    def to_json(self, hash_of: Callable[[str, str], str]) -> dict[str, Any]:
        """The fold as JSON values, each run with its content hash.

        Args:
            hash_of: (source, id) -> content hash.
        """
        return {
            "name": self.name,
            "given": self.given,
            "scored_from": self.scored_from,
            "training_frames": self.training_frames,
            "test_source": self.test_source,
            "train": {id: hash_of("main", id) for id in self.train},
            "validation": {id: hash_of("main", id) for id in self.validation},
            "test": {id: hash_of(self.test_source, id) for id in self.test},
        }
