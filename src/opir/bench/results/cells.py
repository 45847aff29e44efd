"""Results gathered into cells of tables: a model on a section of a task, over folds and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.results.record import Result, read_note, read_results
from opir.errors import UnknownNameError
from opir.metrics import Interval, bootstrap

__all__ = ["FLOOR_ROWS", "Cell", "Collection", "Section", "collect"]

Array = NDArray[np.float64]

FLOOR_ROWS = ("noise-floor", "oracle-floor", "oracle-floor-conditions")
"""Rows that are no models, the lowest first."""


@dataclass(frozen=True)
class Values:
    """A metric of a cell by run, seeds averaged: ids, blocks and values ``[run]``."""

    ids: NDArray[np.str_]
    blocks: NDArray[np.str_]
    values: Array


@dataclass(frozen=True)
class Cell:
    """A model on a section.

    Attributes:
        model: Its name.
        results: Those that are done.
        failed: Those that are not.
        missing: Fold and seed of each that is not there.
    """

    model: str
    results: tuple[Result, ...]
    failed: tuple[Result, ...]
    missing: tuple[tuple[str, int], ...]

    @property
    def complete(self) -> bool:
        """Whether all folds and seeds are done: only then is it averaged and ranked."""
        return bool(self.results) and not self.failed and not self.missing

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are done."""
        return tuple(sorted({result.seed for result in self.results}))

    @property
    def state(self) -> str:
        """``""`` of a complete one; else what is not there, or what went wrong."""
        if self.complete:
            return ""
        total = len(self.results) + len(self.failed) + len(self.missing)
        text = f"{len(self.results)} of {total} results are there"
        if self.missing:
            shown = ", ".join(f"{fold} seed {seed}" for fold, seed in self.missing[:3])
            more = len(self.missing) - 3
            text += f"; missing: {shown}" + (f" and {more} more" if more > 0 else "")
        for reason in dict.fromkeys(str(result.record["error"]) for result in self.failed):
            text += f"; failed: {reason}"
        return text

    @cached_property
    def _arrays(self) -> list[dict[str, NDArray[Any]]]:
        return [result.arrays() for result in self.results]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that every result has."""
        sets = [set(result.record["scores"]) for result in self.results]
        return tuple(sorted(set.intersection(*sets))) if sets else ()

    def values(self, metric: str) -> Values | None:
        """A metric by run, the mean over seeds; None where a result lacks it.

        Only runs that the metric says something of with every seed are there.
        """
        if metric not in self.metrics:
            return None
        gathered: dict[tuple[str, str], list[float]] = {}
        blocks: dict[tuple[str, str], str] = {}
        for result, arrays in zip(self.results, self._arrays, strict=True):
            for id, block, value in zip(
                arrays["id"].tolist(),
                arrays["block"].tolist(),
                arrays[f"metric/{metric}"].tolist(),
                strict=True,
            ):
                key = (result.fold, id)
                gathered.setdefault(key, []).append(value)
                blocks[key] = f"{result.fold}/{block}"
        keys = list(gathered)
        values = np.array([np.mean(gathered[key]) for key in keys])
        known = np.isfinite(values)
        if not known.any():
            return None
        ids = np.array([f"{fold}/{id}" for fold, id in keys])
        return Values(ids[known], np.array([blocks[key] for key in keys])[known], values[known])

    def interval(self, metric: str) -> Interval | None:
        """Mean over runs with its 95 % interval, runs (or blocks of windows) resampled."""
        found = self.values(metric)
        return None if found is None else bootstrap(found.values, found.blocks)

    def excess(self, other: Cell, metric: str = "mae") -> Interval | None:
        """Mean over runs of its value less that of another, paired by run.

        Taken on the runs that both have; None where there are none.
        """
        mine, theirs = self.values(metric), other.values(metric)
        if mine is None or theirs is None:
            return None
        shared, a, b = np.intersect1d(mine.ids, theirs.ids, return_indices=True)
        if not shared.size:
            return None
        return bootstrap(mine.values[a] - theirs.values[b], mine.blocks[a])

    def mean(self, name: str) -> float | None:
        """Mean over results of a number of their records (``training_seconds``)."""
        found = [result.record.get(name) for result in self.results]
        known = [float(value) for value in found if value is not None]
        return float(np.mean(known)) if known and len(known) == len(found) else None


@dataclass(frozen=True)
class Section:
    """What one table shows: a task, or one of its folds where these are different questions.

    Attributes:
        task, title: Of the task.
        version: Of the task.
        folds: The folds that are pooled.
        cells: Model -> cell.
    """

    task: str
    title: str
    version: int
    folds: tuple[str, ...]
    cells: Mapping[str, Cell]
    single: bool = False

    @property
    def name(self) -> str:
        """``random``, or ``low-data/3-percent``."""
        return f"{self.task}/{self.folds[0]}" if self.single else self.task

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Records of all results that are done."""
        return [result.record for cell in self.cells.values() for result in cell.results]

    def ranked(self) -> list[Cell]:
        """Complete cells, floors among them, by MAE; the best first."""
        whole = [cell for cell in self.cells.values() if cell.complete and "mae" in cell.metrics]
        found = [(cell.values("mae"), cell) for cell in whole]
        means = [(float(v.values.mean()), cell) for v, cell in found if v is not None]
        return [cell for _, cell in sorted(means, key=lambda pair: (pair[0], pair[1].model))]

    def unranked(self) -> list[Cell]:
        """The other cells, by name."""
        ranked = {cell.model for cell in self.ranked()}
        return [self.cells[name] for name in sorted(self.cells) if name not in ranked]


@dataclass(frozen=True)
class Collection:
    """All results of a directory.

    Attributes:
        directory: It.
        sections: What the tables show.
        note: What ``bench.json`` says.
    """

    directory: Path
    sections: tuple[Section, ...]
    note: dict[str, Any] = field(default_factory=dict)

    def of_tasks(self, tasks: Sequence[str]) -> Collection:
        """The sections of some tasks (or of ``task/fold``) only.

        Raises:
            UnknownNameError: If there are no results of one.
        """
        names = {name for section in self.sections for name in (section.task, section.name)}
        for task in tasks:
            if task not in names:
                raise UnknownNameError("task", task, names, path=str(self.directory))
        chosen = tuple(s for s in self.sections if s.task in tasks or s.name in tasks)
        return Collection(self.directory, chosen if tasks else self.sections, self.note)


def collect(directory: Path | str) -> Collection:
    """Gather the results of a directory.

    Folds of a task that test different runs are pooled; folds that test the same runs (low data,
    few frames) are different questions, and have a section each.

    Raises:
        FormatError: If there are no results, or one is damaged.
    """
    directory = Path(directory)
    note = read_note(directory)
    results = read_results(directory)
    sections: list[Section] = []
    for task in dict.fromkeys([*note.get("tasks", {}), *(result.task for result in results)]):
        here = [result for result in results if result.task == task]
        if not here:
            continue
        said = note.get("tasks", {}).get(task, {})
        folds = list(dict.fromkeys([*said.get("folds", []), *(result.fold for result in here)]))
        apart = len(folds) > 1 and _overlap(here)
        for group in [(fold,) for fold in folds] if apart else [tuple(folds)]:
            inside = [result for result in here if result.fold in group]
            if not inside:
                continue
            first = inside[0].record
            sections.append(
                Section(
                    task,
                    str(first.get("task_title", task)),
                    int(first.get("task_version", 1)),
                    group,
                    _cells(inside, group, note.get("seeds", {})),
                    apart,
                )
            )
    return Collection(directory, tuple(sections), note)


def _cells(
    results: Iterable[Result], folds: Sequence[str], seeds: Mapping[str, Sequence[int]]
) -> dict[str, Cell]:
    by_model: dict[str, list[Result]] = {}
    for result in results:
        by_model.setdefault(result.model, []).append(result)
    cells = {}
    for model in dict.fromkeys([*by_model, *(m for m in seeds if m not in FLOOR_ROWS)]):
        found = by_model.get(model, [])
        there = {(result.fold, result.seed) for result in found}
        wanted = {*seeds.get(model, ()), *(result.seed for result in found)}
        missing = sorted({(fold, seed) for fold in folds for seed in wanted} - there)
        cells[model] = Cell(
            model,
            tuple(result for result in found if result.done),
            tuple(result for result in found if not result.done),
            tuple(missing),
        )
    return cells


def _overlap(results: Sequence[Result]) -> bool:
    """Whether two folds test the same run."""
    seen: dict[str, str] = {}
    looked: set[str] = set()
    for result in results:
        if not result.done or result.fold in looked:
            continue
        looked.add(result.fold)
        for id in result.arrays()["id"].tolist():
            if seen.setdefault(id, result.fold) != result.fold:
                return True
    return False
