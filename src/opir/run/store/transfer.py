"""Stores out of stores: merge, split; and one run out as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError, UnknownNameError
from opir.files import atomic_path, check_output, output_errors
from opir.quantities import QUANTITIES
from opir.run.netcdf import write_dataset, write_netcdf
from opir.run.run import ON_TIME, Run
from opir.run.store.layout import TRUTH
from opir.run.store.store import Store
from opir.run.write_jcamp import write_jcamp

__all__ = [
    "EXPORT_FORMATS",
    "check_mergeable",
    "copy_runs",
    "export_run",
    "merge",
    "split_store",
    "write_csv",
]

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


def check_mergeable(sources: Sequence[Store]) -> None:
    """Refuse stores that have different runs under one id.

    Raises:
        OptionError: Names the first such run.
    """
    seen: dict[str, str] = {}
    for source in sources:
        for id in source:
            if seen.setdefault(id, source.content_hash(id)) != source.content_hash(id):
                raise OptionError(
                    f"two stores have different runs of the id {id!r}",
                    remedy="Rename one of them, or merge only one of the stores",
                    path=source.url,
                )


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
    check_mergeable(sources)
    count = sum(copy_runs(source, target, source.ids) for source in sources)
    for source in sources:
        for name, split in source.splits.items():
            free, number = name, 2
            while free in target.splits:
                free, number = f"{name}-{number}", number + 1
            target.splits.add(free, split.subsets, description=split.description, overlap=True)
    return count


def write_csv(run: Run, path: Path | str, *, overwrite: bool = False) -> list[Path]:
    """A run as tables that ``opir.read`` and every spreadsheet read.

    ``NAME.csv`` has a row for each frame: its time [s], then one column for each wavenumber
    [cm-1]. What else is known on time goes to ``NAME.conditions.csv`` (``Test Time / s``,
    ``Voltage / V``, ``Current / A``, ...; a cell is empty where the value is missing).

    Returns:
        The files written.

    Raises:
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    path = Path(path)
    beside = path.with_name(f"{path.stem}.conditions{path.suffix}")
    columns = {n: v for n in ON_TIME if (v := run.on_time(n)) is not None}
    if columns:
        check_output(beside, overwrite=overwrite)
    heads = ["time / s", *map(_text, run.wavenumber)]
    written = [_write_table(path, heads, np.column_stack([run.time, run.values]), overwrite)]
    if columns:
        units = {n: QUANTITIES[n].unit for n in columns if n in QUANTITIES}
        named = [f"{n.replace('_', ' ').title()} / {units.get(n, '1')}" for n in columns]
        table = np.column_stack([run.time, *columns.values()])
        written.append(_write_table(beside, ["Test Time / s", *named], table, overwrite))
    return written


def _write_table(path: Path, heads: list[str], rows: NDArray[Any], overwrite: bool) -> Path:
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows([_text(value) for value in row] for row in rows)
    return path


def _text(value: Any) -> str:
    return "" if np.isnan(value) else repr(float(value))


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
        written += write_csv(item.run, path, overwrite=overwrite)
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
