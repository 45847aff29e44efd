"""Stores out of stores: merge, split; and one run out as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opir.errors import OptionError, UnknownNameError
from opir.files import atomic_path, check_output, output_errors
from opir.quantities import QUANTITIES
from opir.run.netcdf import write_dataset, write_netcdf
from opir.run.run import ON_TIME, Run
from opir.run.store.layout import TRUTH
from opir.run.store.store import Store
from opir.run.write_jcamp import write_jcamp

__all__ = ["EXPORT_FORMATS", "copy_runs", "export_run", "merge", "split_store", "write_csv"]

EXPORT_FORMATS = (".nc", ".csv", ".jdx", ".dx")
"""Endings that a run can be exported under; the truth goes beside it, as ``NAME.truth.nc``."""


def copy_runs(source: Store, target: Store, ids: Iterable[str]) -> int:
    """Copy runs with truth and tags into another store; those it has already are passed over.

    Raises:
        OptionError: If the target has another run under an id.
    """
    count = 0
    with target.writer() as writer:
        for id in ids:
            if id in target:
                if target.content_hash(id) != source.content_hash(id):
                    raise OptionError(
                        f"two stores have different runs of the id {id!r}",
                        remedy="Rename one of them, or merge only one of the stores",
                        path=source.url,
                        place=id,
                    )
                continue
            writer.append(source.item(id))
            count += 1
    return count


def merge(sources: Sequence[Store], target: Store) -> int:
    """All runs of several stores into one; the splits of each come along.

    A run that lies in two stores with the same content is taken once. A split whose name the
    target has already is named ``NAME-2``, ``NAME-3``, ...

    Returns:
        The number of runs copied.

    Raises:
        OptionError: If two stores have different runs of one id.
    """
    if not sources:
        raise OptionError("no store to merge was named", remedy="Name at least one")
    count = sum(copy_runs(source, target, source.ids) for source in sources)
    for source in sources:
        for name, split in source.splits.items():
            free, number = name, 2
            while free in target.splits:
                free, number = f"{name}-{number}", number + 1
            target.splits.add(free, split.subsets, description=split.description, overlap=True)
    return count


def write_csv(run: Run, path: Path | str, *, overwrite: bool = False) -> Path:
    """A run as a table: a row for each frame, a column for each wavenumber.

    First come ``time / s`` and the other variables on time with their units
    (``voltage / V``, empty where missing), then one column for each wavenumber [cm-1].

    Raises:
        OutputExistsError: If the file exists and ``overwrite`` is false.
    """
    path = Path(path)
    columns = {"time": run.time}
    for name in ON_TIME:
        values = run.on_time(name)
        if values is not None:
            columns[name] = values
    units = [QUANTITIES[n].unit if n in QUANTITIES else "1" for n in columns]
    heads = [f"{n} / {u}" if u != "1" else n for n, u in zip(columns, units, strict=True)]
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*heads, *(_text(v) for v in run.wavenumber)])
        for row, values in enumerate(run.values):
            front = [_text(column[row]) for column in columns.values()]
            writer.writerow([*front, *(_text(v) for v in values)])
    return path


def _text(value: Any) -> str:
    return "" if np.isnan(value) else str(value)


def export_run(store: Store, id: str, path: Path | str, *, overwrite: bool = False) -> list[Path]:
    """One run as a file, the format by its ending (see :data:`EXPORT_FORMATS`).

    Returns:
        The files written; of a run with truth, the truth too.

    Raises:
        UnknownNameError: If the run or the ending is unknown.
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    path = Path(path)
    if path.suffix.lower() not in EXPORT_FORMATS:
        raise UnknownNameError("ending of an exported file", path.suffix, EXPORT_FORMATS)
    item = store.item(id)
    if item.truth is not None:
        check_output(path.with_name(f"{path.stem}.{TRUTH}.nc"), overwrite=overwrite)
    written = []
    if path.suffix.lower() == ".nc":
        written.append(write_netcdf(item.run, path, overwrite=overwrite))
    elif path.suffix.lower() == ".csv":
        written.append(write_csv(item.run, path, overwrite=overwrite))
    else:
        written.append(write_jcamp(path, item.run, overwrite=overwrite))
    if item.truth is not None:
        beside = path.with_name(f"{path.stem}.{TRUTH}.nc")
        written.append(write_dataset(item.truth, beside, overwrite=overwrite))
    return written


def split_store(store: Store, name: str, folder: Path | str) -> dict[str, Store]:
    """One new store for each subset of a split, ``FOLDER/SUBSET``.

    Raises:
        UnknownNameError: If there is no such split.
        OutputExistsError: If one of the new stores exists.
    """
    split = store.splits[name]
    folder = Path(folder)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for subset in split.subsets:
        check_output(folder / subset)
    found = {}
    for subset, ids in split.subsets.items():
        given = {key: store.attributes[key] for key in ("title", "description", "licence")}
        origin = {"split": name, "subset": subset, "store": store.url}
        found[subset] = Store.create(folder / subset, **given, provenance=origin)
        copy_runs(store, found[subset], ids)
    return found
