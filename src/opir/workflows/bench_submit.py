"""Predictions made elsewhere: inputs out, predictions in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opir.bench.runner.bench import Bench
from opir.bench.runner.settings import BenchSettings
from opir.bench.submission import submit, write_template
from opir.bench.submission.submit import fold_key
from opir.files import check_output
from opir.workflows.bench import chosen_tasks

__all__ = ["bench_submit", "bench_template"]


def bench_template(
    out: Path | str,
    *,
    task: str,
    fold: str | None = None,
    store: Path | str | None = None,
    shifted: Path | str | None = None,
    shared: Path | str | None = None,
    record: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write what a model may see of a fold; the spectra to predict are withheld.

    Args:
        out: NetCDF4 file.
        task, fold: A task with one fold needs none named.
        store, shifted, shared: Sources of the task.
        record: With what cyclers recorded between the frames.
        overwrite: Replace a file that is there.

    Raises:
        UnknownNameError, OptionError: If the task or fold is unknown, or a source is not named.
        OutputExistsError, OutputError: If the file cannot be written.
    """
    check_output(out, overwrite=overwrite)
    sources = _sources(task, store, shifted, shared)
    bench = Bench(BenchSettings((task,), (), record=record, **sources))
    key = fold_key(bench, task, fold)
    return write_template(
        bench.data(key),
        out,
        fold_hash=bench.fold_hash(key),
        task_version=bench.tasks[task].version,
        overwrite=overwrite,
    )


def bench_submit(
    path: Path | str,
    out: Path | str,
    *,
    task: str,
    fold: str | None = None,
    name: str | None = None,
    store: Path | str | None = None,
    shifted: Path | str | None = None,
    shared: Path | str | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Score predictions; see :func:`opir.bench.submission.submit.submit`."""
    sources = _sources(task, store, shifted, shared)
    return submit(path, out, task=task, fold=fold, name=name, overwrite=overwrite, **sources)


def _sources(
    task: str, store: Path | str | None, shifted: Path | str | None, shared: Path | str | None
) -> dict[str, Any]:
    """Sources by name, after a check that the task has all that it needs."""
    found = {"main": store, "shifted": shifted, "shared": shared}
    chosen_tasks([task], [name for name, url in found.items() if url is not None])
    return {name: None if url is None else str(url) for name, url in found.items()}
