"""Writing: runs are gathered by layout into parts; a part is committed by one small file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import xarray as xr
from numpy.typing import NDArray

from opir.errors import OptionError
from opir.run.content import (
    Variable,
    hash_variables,
    portable_attributes,
    portable_variables,
)
from opir.run.run import Run
from opir.run.store.backend import Backend
from opir.run.store.layout import PARTS, Layout, describe

__all__ = ["Item", "Prepared", "Writer", "check_id", "encode_items", "prepare", "write_part_files"]

PART_RUNS = 256
"""Runs of a part, unless asked otherwise."""

PART_BYTES = 256 * 1024 * 1024
"""A part is closed when its values reach this size [bytes]."""

PENDING_BYTES = 1024 * 1024 * 1024
"""The oldest part is closed when all that wait reach this size [bytes]."""


@dataclass(frozen=True)
class Item:
    """A run on its way into a store.

    Attributes:
        run: The measurement.
        id: Its name in the store, unique there; by default its title, or one from its hash.
        truth: Ground truth beside it, any variables (``amounts [time, species]``, ...).
        tags: Small JSON values for selecting and splitting (``{"protocol": "gitt"}``); they
            are read when the store is opened.
    """

    run: Run
    id: str = ""
    truth: xr.Dataset | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """An item taken apart: layout, arrays by path, attributes, row of the index."""

    id: str
    layout: Layout
    arrays: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    index: Mapping[str, Any]
    nbytes: int


def check_id(text: str) -> str:
    """The id, if it is one.

    Raises:
        OptionError: If it is empty, too long, or holds what does not print.
    """
    if not isinstance(text, str) or not text or len(text) > 200 or not text.isprintable():
        raise OptionError(
            f"{text!r} is not an id of a run",
            remedy="Use 1 to 200 printable characters, such as 'lp30-graphite-00042'",
        )
    return text


def prepare(item: Item) -> Prepared:
    """Take an item apart, ready to be written.

    Raises:
        OptionError: If it holds what a store does not keep, or its id or tags will not do.
    """
    run = item.run
    variables = portable_variables(run.dataset)
    attributes = {"run": portable_attributes(run.dataset.attrs, "the run")}
    truth: dict[str, Variable] | None = None
    truth_hash = None
    if item.truth is not None:
        truth = portable_variables(item.truth)
        attributes["truth"] = portable_attributes(item.truth.attrs, "the truth")
        truth_hash = hash_variables(truth, attributes["truth"])
    content = hash_variables(variables, attributes["run"])
    layout, arrays = describe(variables, truth)
    system = run.system
    index = {
        "id": check_id(item.id or run.name or f"run-{content[7:19]}"),
        "content_hash": content,
        "truth_hash": truth_hash,
        "origin": run.origin,
        "licence": str(run.dataset.attrs.get("licence", "")),
        "source": str(run.dataset.attrs.get("source", "")),
        "title": run.name,
        "start_time": run.start_text,
        "system": system.name if system is not None else "",
        "tags": portable_attributes(item.tags, "the tags"),
    }
    size = sum(values.nbytes for values in arrays.values())
    return Prepared(str(index["id"]), layout, arrays, attributes, index, size)


def encode_items(items: Sequence[Prepared]) -> dict[str, bytes]:
    """The files of a part of items that share a layout, ``zarr.json`` last."""
    from opir.run.store.encode import encode_part

    columns = {path: [item.arrays[path] for item in items] for path in items[0].arrays}
    index = {key: [item.index[key] for item in items] for key in items[0].index}
    return encode_part(items[0].layout, columns, [item.attributes for item in items], index)


def write_part_files(backend: Backend, name: str, files: Mapping[str, bytes]) -> None:
    """Write the files of a part.

    What an interrupted writer left under that name goes first; ``zarr.json`` comes last, and
    with it the part becomes visible.
    """
    folder = f"{PARTS}/{name}"
    backend.remove(folder)
    try:
        for path, data in files.items():
            if path != "zarr.json":
                backend.write(f"{folder}/{path}", data)
        backend.write(f"{folder}/zarr.json", files["zarr.json"])
    except BaseException:
        # A full disk gets back what was written of the part.
        backend.remove(folder)
        raise


class Writer:
    """Gathers runs into parts and commits them; made by ``Store.writer``.

    A context manager: parts that are not full are committed when the block ends. When it ends
    with an error they are dropped, as they are when the process is killed; what was committed
    stays. Appending the same runs in the same order then gives the same files as without the
    interruption.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Prepared]], None],
        known: Callable[[str], bool],
        *,
        part_runs: int,
        part_bytes: int,
    ) -> None:
        if part_runs < 1 or part_bytes < 1:
            raise OptionError("part_runs and part_bytes are 1 or more")
        self._commit = commit
        self._known = known
        self._part_runs = part_runs
        self._part_bytes = part_bytes
        self._pending: dict[str, list[Prepared]] = {}
        self._ids: set[str] = set()
        self._bytes = 0

    def append(
        self,
        run: Run | Item,
        *,
        id: str = "",
        truth: xr.Dataset | None = None,
        tags: Mapping[str, Any] | None = None,
        exist_ok: bool = False,
    ) -> str:
        """Add a run.

        Args:
            run: The run, or an item with its id, truth and tags.
            id, truth, tags: See :class:`Item`.
            exist_ok: Pass over a run whose id the store has already, so that an interrupted
                job can be repeated.

        Returns:
            The id.

        Raises:
            OptionError: If the id is taken, or the run holds what a store does not keep.
        """
        item = run if isinstance(run, Item) else Item(run, id, truth, dict(tags or {}))
        if exist_ok and item.id and self._known(item.id):
            return item.id
        prepared = prepare(item)
        if self._known(prepared.id) or prepared.id in self._ids:
            if exist_ok and prepared.id not in self._ids:
                return prepared.id
            raise OptionError(
                f"the store has a run {prepared.id!r} already",
                remedy="Give another id, or exist_ok=True to pass it over",
            )
        self._ids.add(prepared.id)
        part = self._pending.setdefault(prepared.layout.key, [])
        part.append(prepared)
        self._bytes += prepared.nbytes
        if len(part) >= self._part_runs or sum(p.nbytes for p in part) >= self._part_bytes:
            self._flush(prepared.layout.key)
        while self._bytes > PENDING_BYTES:
            self._flush(next(iter(self._pending)))
        return prepared.id

    def _flush(self, key: str) -> None:
        part = self._pending.pop(key)
        self._bytes -= sum(item.nbytes for item in part)
        self._commit(part)
        self._ids -= {item.id for item in part}

    def flush(self) -> None:
        """Commit what waits, in the order in which it came."""
        while self._pending:
            self._flush(next(iter(self._pending)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()
        self._pending.clear()
