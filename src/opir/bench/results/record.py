"""One result on disk: a JSON file with what was done and scored, and its arrays beside it.

``DIR/results/<task>/<fold>/<model>/seed-<k>.json`` and ``.npz`` (read without pickle). The JSON
file is written last, so a result is there whole or not at all.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError, OptionError
from opir.files import atomic_path, output_errors, read_text

__all__ = [
    "NOTE",
    "RESULTS",
    "VERSION",
    "Result",
    "read_arrays",
    "read_note",
    "read_result",
    "read_results",
    "result_path",
    "write_json",
    "write_result",
]

NOTE = "bench.json"
RESULTS = "results"
VERSION = 1
_KIND = "bench-result"
_NEEDED = ("task", "fold", "model", "seed", "status", "settings", "scores")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Result:
    """One result.

    Attributes:
        path: Its JSON file.
        record: What stands there.
    """

    path: Path
    record: dict[str, Any]

    @property
    def task(self) -> str:
        """Name of the task."""
        return str(self.record["task"])

    @property
    def fold(self) -> str:
        """Name of the fold."""
        return str(self.record["fold"])

    @property
    def model(self) -> str:
        """Name of the model, or floor."""
        return str(self.record["model"])

    @property
    def seed(self) -> int:
        """Its seed."""
        return int(self.record["seed"])

    @property
    def done(self) -> bool:
        """Whether there are scores; else ``record["error"]`` says why not."""
        return bool(self.record["status"] == "done")

    def arrays(self) -> Arrays:
        """The arrays beside the JSON file.

        ``id`` and ``system`` (text) and ``block`` ``[run]``; ``metric/<name>`` ``[run]``, NaN
        where a metric says nothing of a run; ``error_map`` ``[frame, wavenumber]``;
        ``wavenumber``; of the lowest seed ``example_id``, ``example_given`` (the last given frame),
        ``example_target``, ``example_forecast``, ``example_time``: the three best and three
        worst runs.

        Raises:
            FormatError: If the file is missing or damaged.
        """
        return read_arrays(self.path.with_suffix(".npz"))


def result_path(directory: Path | str, task: str, fold: str, model: str, seed: int) -> Path:
    """The JSON file of a result.

    Raises:
        OptionError: If a name cannot be one of a folder.
    """
    for name in (task, fold, model):
        if not name or name.startswith(".") or any(c in '/\\:*?"<>|' for c in name):
            raise OptionError(
                f"{name!r} cannot be the name of a folder", remedy="Use letters, digits, - and _"
            )
    return Path(directory) / RESULTS / task / fold / model / f"seed-{seed}.json"


def read_note(directory: Path | str) -> dict[str, Any]:
    """What ``bench.json`` says of the tasks, models and seeds of a folder; empty without it.

    Raises:
        FormatError: If it is damaged or of something else.
    """
    path = Path(directory) / NOTE
    if not path.is_file():
        return {}
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"the file is damaged ({error})",
            path=path,
            remedy="Remove it and give opir bench run again",
        ) from error
    if (
        not isinstance(found, dict)
        or found.get("opir_type") != "bench"
        or not all(isinstance(found.get(name), dict) for name in ("tasks", "seeds"))
    ):
        raise FormatError(
            "the file is not of a run of the benchmark", path=path, remedy="Name another folder"
        )
    return found


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all; what was there is replaced."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path, overwrite=True) as temporary:
        text = json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def write_result(
    directory: Path | str, record: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> Path:
    """Write a result; one that was there is replaced.

    Args:
        directory: Of all results.
        record: JSON values; ``task``, ``fold``, ``model``, ``seed`` name the file.
        arrays: Beside it; none of a failed one.

    Raises:
        OutputError: If it cannot be written.
    """
    path = result_path(
        directory, record["task"], record["fold"], record["model"], int(record["seed"])
    )
    beside = path.with_suffix(".npz")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
    if arrays:
        with atomic_path(beside, overwrite=True) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **dict(arrays))
    write_json(path, {"opir_type": _KIND, "opir_version": VERSION, **record})
    return path


def read_result(path: Path | str) -> Result:
    """A result.

    Raises:
        FormatError: If the file is damaged or holds something else.
    """
    path = Path(path)
    try:
        record = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"the result is damaged ({error})",
            path=path,
            remedy="Remove it and give the command again",
        ) from error
    kind = record.get("opir_type") if isinstance(record, dict) else None
    if kind != _KIND or record.get("opir_version") != VERSION:
        raise FormatError(
            f"the file is a {kind!r}, version {record.get('opir_version')!r}; "
            f"{_KIND!r}, version {VERSION}, is needed"
            if kind
            else "the file holds no result",
            path=path,
            remedy="Remove it, or name the folder that opir bench run wrote",
        )
    missing = [name for name in _NEEDED if name not in record]
    if missing:
        raise FormatError(
            f"the result lacks {', '.join(missing)}",
            path=path,
            remedy="Remove it and give the command again",
        )
    return Result(path, record)


def read_results(directory: Path | str) -> list[Result]:
    """All results of a directory, in the order of their paths.

    Raises:
        FormatError: If there are none, or one is damaged.
    """
    folder = Path(directory) / RESULTS
    paths = sorted(folder.glob("*/*/*/seed-*.json")) if folder.is_dir() else []
    if not paths:
        raise FormatError(
            "there are no results here",
            path=directory,
            remedy="Name the folder that opir bench run -o wrote",
        )
    return [read_result(path) for path in paths]


def read_arrays(path: Path | str) -> Arrays:
    """The arrays of one file, read without pickle.

    Raises:
        FormatError: If it is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise FormatError(
            f"the arrays of the result cannot be read ({error})",
            path=path,
            remedy="Remove the result, its JSON file too, and give the command again",
        ) from error
