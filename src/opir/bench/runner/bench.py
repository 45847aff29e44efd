"""The tasks with their folds and data, as the main process and every worker see them."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from opir.bench.data import FoldData, Sources, open_sources
from opir.bench.fold import Fold
from opir.bench.runner.settings import BenchSettings
from opir.bench.scoring import subset_of
from opir.bench.tasks import TASKS, Task, freeze
from opir.errors import OptionError

__all__ = ["Bench", "some_runs"]

_HELD = 2
"""Folds whose data are held at once."""


class Bench:
    """Tasks, folds and data of a run of the benchmark.

    Args:
        settings: What is asked for.

    Raises:
        UnknownNameError: If there is no such task.
        StoreError: If a store cannot be opened.
        OptionError: If a task needs a source that was not named.
    """

    def __init__(self, settings: BenchSettings) -> None:
        self.settings = settings
        self.sources: Sources = open_sources(
            main=settings.main,
            shifted=settings.shifted,
            shared=settings.shared,
            record=settings.record,
        )
        self.tasks: dict[str, Task] = {name: TASKS[name] for name in settings.tasks}
        self.folds: dict[tuple[str, str], Fold] = {}
        for name, task in self.tasks.items():
            for fold in _some(task.folds(self.sources), settings.folds):
                self.folds[name, fold.name] = fold
        if not self.folds:
            raise OptionError("no task is named", remedy="Give --task random, or --task all")
        self._held: OrderedDict[tuple[str, str], FoldData] = OrderedDict()
        self._hashes: dict[tuple[str, str], str] = {}

    def data(self, key: tuple[str, str]) -> FoldData:
        """The data of a fold; those of the last folds are held."""
        if key not in self._held:
            while len(self._held) >= _HELD:
                self._held.popitem(last=False)
            fold = self.folds[key]
            data = self.tasks[key[0]].load(fold, self.sources)
            self._held[key] = some_runs(data, self.settings.test_runs)
        self._held.move_to_end(key)
        return self._held[key]

    def fold_hash(self, key: tuple[str, str]) -> str:
        """Hash over a fold and the content hash of each of its runs."""
        if key not in self._hashes:
            fold = self.tasks[key[0]].fold_json(self.folds[key], self.sources)
            text = json.dumps(fold, sort_keys=True)
            self._hashes[key] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        return self._hashes[key]

    def has_floors(self, key: tuple[str, str]) -> bool:
        """Whether the test runs of a fold are simulated, so that they can be simulated again."""
        if not {"main", "shifted"} & set(self.tasks[key[0]].needs):
            return False
        fold = self.folds[key]
        store = self.sources.store(fold.test_source)
        whole = fold.test[0] in self.sources.index(fold.test_source)  # no block of time
        return whole and "settings" in (store.attributes.get("provenance") or {})

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """One hash over all runs of each store."""
        stores = {"main": self.sources.main, "shifted": self.sources.shifted}
        return {name: store.fingerprint() for name, store in stores.items() if store is not None}

    def freeze(self, directory: Path) -> None:
        """Write which runs each task has, or check that they are those of before.

        Raises:
            StoreError: If a store has changed since.
        """
        for task in self.tasks.values():
            freeze(task, self.sources, directory)


def _some(folds: Sequence[Fold], most: int | None) -> list[Fold]:
    """At most so many of the folds, evenly spread."""
    if most is None or most >= len(folds):
        return list(folds)
    return [folds[int((number + 0.5) * len(folds) / most)] for number in range(most)]


def some_runs(data: FoldData, most: int | None) -> FoldData:
    """A fold with some of its test runs only, the same at every call; None: all."""
    if most is None or most >= len(data.test_ids):
        return data
    rows = subset_of(data.test_ids, most)
    return replace(
        data,
        test=data.test.rows(rows),
        test_ids=tuple(data.test_ids[row] for row in rows),
        systems=data.systems[rows],
    )
