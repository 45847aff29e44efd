"""Splits as files beside results, so that nobody scores on other runs without noticing.

``splits/runs-main.json`` holds the content hash of each run, ``splits/TASK.json`` its role in each
fold, a letter a fold in their order: ``t`` train, ``v`` validation, ``e`` test, ``-`` none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opir.bench.data import Sources
from opir.bench.fold import Fold
from opir.bench.tasks.base import Task
from opir.errors import FormatError, OpirError, StoreError
from opir.files import atomic_path, output_errors, read_text

__all__ = ["freeze"]

_VERSION = 1
_LETTERS = {"train": "t", "validation": "v", "test": "e"}


def freeze(task: Task, sources: Sources, directory: Path | str) -> Path:
    """Write the folds of a task beside its results, or check them against what is written there.

    Args:
        task: The task.
        sources: Where its runs are.
        directory: Folder of the results.

    Returns:
        The file of the task.

    Raises:
        StoreError: If a run was changed or has gone since the split was written (task, run and
            both hashes are named), or runs have other roles than then.
        FormatError: If a file there is damaged.
        OptionError: If the sources have not what the task needs.
    """
    folds = task.folds(sources)
    folder = Path(directory) / "splits"
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task.name}.json"
    roles = _roles(folds)
    before = _read(path, "bench-split")
    if before is not None and before.get("task_version") != task.version:
        raise StoreError(
            f"the results are of version {before.get('task_version')} of task {task.name!r}; this "
            f"is version {task.version}",
            remedy="Write the results to another folder",
            path=path,
        )
    for source, table in roles.items():
        # What was scored then has to be there still, so gone runs are looked for too.
        gone = (before or {}).get("roles", {}).get(source, {})
        _check_hashes(task, sources, source, sorted({*table, *gone}), folder)
    now = {
        "opir_type": "bench-split",
        "opir_version": _VERSION,
        "task": task.name,
        "task_version": task.version,
        "folds": [_settings(fold) for fold in folds],
        "roles": roles,
    }
    if before is None:
        _write(path, now)
    elif before != now:
        raise StoreError(
            f"task {task.name!r}: {_difference(before, now)}",
            remedy="Use the store that the results were begun with, or write to another folder",
            path=path,
        )
    return path


def _settings(fold: Fold) -> dict[str, Any]:
    names = ("name", "given", "scored_from", "training_frames", "test_source")
    return {name: getattr(fold, name) for name in names}


def _roles(folds: Sequence[Fold]) -> dict[str, dict[str, str]]:
    """Source -> id -> a letter for each fold."""
    letters: dict[str, dict[str, list[str]]] = {}
    for number, fold in enumerate(folds):
        for role, letter in _LETTERS.items():
            source = fold.test_source if role == "test" else "main"
            for id in getattr(fold, role):
                row = letters.setdefault(source, {}).setdefault(id, ["-"] * len(folds))
                row[number] = letter
    return {
        source: {id: "".join(row) for id, row in sorted(table.items())}
        for source, table in letters.items()
    }


def _check_hashes(
    task: Task, sources: Sources, source: str, ids: Sequence[str], folder: Path
) -> None:
    """Hold the hashes of runs against those written before, and write those that are new."""
    # Blocks of time of a run are no runs of a store; they stand in a file of their own.
    path = folder / (f"runs-{source}.json" if "main" in task.needs else f"runs-{task.name}.json")
    written = _read(path, "bench-runs") or {}
    known: dict[str, str] = written.get("content_hash", {})
    found = dict(known)
    for id in ids:
        try:
            found[id] = task.hash_of(sources, source, id)
        except OpirError as error:
            raise StoreError(
                f"task {task.name!r}: run {id!r} was part of the split, with content hash "
                f"{known.get(id, 'unknown')}, and is not there any more",
                remedy="Use the store that the results were begun with, or write to another folder",
                path=path,
            ) from error
        if known.get(id, found[id]) != found[id]:
            raise StoreError(
                f"task {task.name!r}: run {id!r} has changed since the split was made; its content "
                f"hash was {known[id]} and is {found[id]}",
                remedy="Use the store that the results were begun with, or write to another folder",
                path=path,
            )
    if found != known:
        head = {"opir_type": "bench-runs", "opir_version": _VERSION}
        _write(path, {**head, "content_hash": dict(sorted(found.items()))})


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if before["folds"] != now["folds"]:
        return "its folds are others than when the results were begun"
    for source in sorted({*before["roles"], *now["roles"]}):
        old, new = before["roles"].get(source, {}), now["roles"].get(source, {})
        for id in sorted({*old, *new}):
            if old.get(id) != new.get(id):
                return (
                    f"run {id!r} had the roles {old.get(id, 'none')!r} when the results were "
                    f"begun and has {new.get(id, 'none')!r} now"
                )
    return "the file of its split was changed"


def _read(path: Path, kind: str) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise FormatError(
            "the file is not JSON", remedy="Restore it, or write to another folder", path=path
        ) from error
    fields = ("folds", "roles") if kind == "bench-split" else ("content_hash",)
    if (
        not isinstance(found, dict)
        or found.get("opir_type") != kind
        or found.get("opir_version") != _VERSION
        or not all(field in found for field in fields)
    ):
        raise FormatError(
            f"this is no {kind} of version {_VERSION}",
            remedy="Restore it, or write to another folder",
            path=path,
        )
    return found


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with atomic_path(path, overwrite=True) as temporary:
        text = json.dumps(content, indent=0, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
