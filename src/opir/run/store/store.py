"""The store: many runs in one zarr v3 hierarchy, format OpIRSpec version 1 (docs/format.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import (
    OpirError,
    OptionError,
    OutputError,
    OutputExistsError,
    StoreError,
    UnknownNameError,
)
from opir.run.content import portable_attributes
from opir.run.run import Run
from opir.run.store.arrays import fetch
from opir.run.store.backend import Backend, open_backend
from opir.run.store.layout import PARTS, SPLITS, TRUTH, VERSION, group_json, open_group, sealed
from opir.run.store.part import INDEX_COLUMNS, Part
from opir.run.store.splits import Splits
from opir.run.store.writer import (
    PART_BYTES,
    PART_RUNS,
    Item,
    Prepared,
    Writer,
    encode_items,
    prepare,
    write_part_files,
)

__all__ = ["Store"]


class Store:
    """Many runs in one place: a local folder or any URL that fsspec knows.

    Made by :meth:`create` or :meth:`open`. Runs are only ever added; readers need no locks and
    see a part whole or not at all. It can be pickled (for workers), and closed or used as a
    context manager to let go of open files.

    Attributes:
        url: Where it lies.
        attributes: Title, description, licence, provenance of the whole.
        splits: Name -> :class:`~opir.run.store.splits.Split`; ``splits.add`` writes one.
    """

    def __init__(self, backend: Backend, attributes: Mapping[str, Any]) -> None:
        self._backend = backend
        self.url = backend.url
        self.attributes = dict(attributes)
        self._parts: dict[str, Part] = {}
        self._places: dict[str, tuple[Part, int]] = {}
        self.splits = Splits(backend, self._hash_of)

    # -- making one ---------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        url: Path | str,
        *,
        title: str = "",
        description: str = "",
        licence: str = "",
        provenance: Mapping[str, Any] | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> Store:
        """A new, empty store.

        Args:
            url: A folder that does not exist or is empty, or a URL.
            title, description, licence: Of the whole; each run has its own beside.
            provenance: Texts, numbers and lists: who, how, with what.
            storage_options: Passed on to fsspec.

        Raises:
            OutputExistsError: If something lies there.
            OutputError: If it cannot be written.
        """
        backend = open_backend(url, storage_options)
        if backend.read("zarr.json") is not None or not _unfinished(backend.files("")):
            raise OutputExistsError(backend.url)
        parent = Path(backend.url).parent
        if isinstance(url, Path) or "://" not in str(url):
            if Path(backend.url).is_file():
                raise OutputExistsError(backend.url)
            if not parent.exists():
                raise OutputError(
                    f"the folder {str(parent)!r} does not exist",
                    remedy="Make it first or name another output",
                    path=backend.url,
                )
        head = {
            "title": title,
            "description": description,
            "licence": licence,
            "provenance": portable_attributes(provenance or {}, "the provenance"),
        }
        head = sealed({"opir_type": "store", "opir_version": VERSION, **head})
        for name in (PARTS, SPLITS):
            kind = {"opir_type": name, "opir_version": VERSION}
            backend.write(f"{name}/zarr.json", group_json(sealed(kind)))
        backend.write("zarr.json", group_json(head))
        return cls.open(url, storage_options=storage_options)

    @staticmethod
    def exists(url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> bool:
        """Whether a zarr group, of a store or another, lies there."""
        return open_backend(url, storage_options).read("zarr.json") is not None

    @classmethod
    def open(cls, url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> Store:
        """An existing store.

        Raises:
            StoreError: If there is none, or it is damaged or of an unknown version.
        """
        backend = open_backend(url, storage_options)
        data = backend.read("zarr.json")
        if data is None:
            raise StoreError(
                "there is no store", remedy="Check the name, or create one", path=backend.url
            )
        store = cls(backend, open_group(data, "store", url=backend.url, place="zarr.json"))
        store.refresh()
        return store

    def refresh(self) -> int:
        """Take up the parts that were committed since; returns the number of new runs.

        Raises:
            StoreError: If a part is damaged, or an id occurs twice.
        """
        before = len(self._places)
        for name in self._backend.names(PARTS):
            if name in self._parts or name.startswith("."):
                continue
            data = self._backend.read(f"{PARTS}/{name}/zarr.json")
            if data is not None:
                self._add(Part(self._backend, name, data))
        return len(self._places) - before

    def _add(self, part: Part) -> None:
        for row, key in enumerate(part.runs["id"]):
            if key in self._places:
                other = self._places[key][0].name
                raise StoreError(
                    f"run {key!r} is in part {other!r} and in part {part.name!r}",
                    remedy="Remove one of the two parts",
                    path=self.url,
                    place=f"{PARTS}/{part.name}",
                )
            self._places[key] = (part, row)
        self._parts[part.name] = part

    # -- what it holds ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, id: object) -> bool:
        return id in self._places

    def __repr__(self) -> str:
        return f"<opir.Store {self.url!r}: {len(self)} runs in {len(self._parts)} part(s)>"

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the runs, in the order of the parts."""
        return tuple(self._places)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The committed parts."""
        return tuple(self._parts.values())

    def _place(self, id: str) -> tuple[Part, int]:
        try:
            return self._places[id]
        except (KeyError, TypeError):
            raise UnknownNameError("run", str(id), self._places, path=self.url) from None

    def _hash_of(self, id: str) -> str | None:
        place = self._places.get(id)
        return None if place is None else str(place[0].runs["content_hash"][place[1]])

    def content_hash(self, id: str) -> str:
        """The content hash of a run, as the index has it."""
        part, row = self._place(id)
        return str(part.runs["content_hash"][row])

    def fingerprint(self) -> str:
        """One hash over ids and content hashes of all runs, whatever their order and parts."""
        lines = sorted(f"{id} {self.content_hash(id)}\n" for id in self)
        return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"

    def record(self, id: str) -> dict[str, Any]:
        """What the index says of a run: origin, licence, hashes, system, tags, shape, part."""
        part, row = self._place(id)
        signal = next(e for e in part.elements.values() if e.dims == ("time", "wavenumber")
                      and not e.coordinate)  # fmt: skip
        return {
            **{column: part.runs[column][row] for column in INDEX_COLUMNS},
            "signal": signal.path,
            "frames": signal.shape[0],
            "wavenumbers": signal.shape[1],
            "truth": part.has_truth,
            "part": part.name,
            "row": row,
        }

    def table(self) -> list[dict[str, Any]]:
        """The index, one record for each run; see :meth:`record`."""
        return [self.record(id) for id in self._places]

    # -- reading ------------------------------------------------------------------------------

    def run(self, id: str) -> Run:
        """A run.

        Raises:
            UnknownNameError: If there is none of that id.
            StoreError: If it is damaged.
        """
        part, row = self._place(id)
        dataset = part.dataset(row)
        try:
            return Run(dataset)
        except OpirError as error:
            raise StoreError(
                f"run {id!r} breaks a rule: {error.problem}",
                remedy="Run the validation, and restore the part from a copy",
                path=self.url,
                place=f"{part.path}, {error.place}" if error.place else part.path,
            ) from error

    def truth(self, id: str) -> xr.Dataset | None:
        """The ground truth of a run, or None where the store has none."""
        part, row = self._place(id)
        return part.dataset(row, truth=True) if part.has_truth else None

    def item(self, id: str) -> Item:
        """A run with its truth and tags, as :meth:`writer` takes them."""
        part, row = self._place(id)
        return Item(self.run(id), id, self.truth(id), part.runs["tags"][row])

    def batch(
        self, ids: Sequence[str], names: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Runs of equal shape as plain arrays; the fast way for training.

        Args:
            ids: The runs, in any order; an id may occur more than once.
            names: Elements (``"absorbance"``, ``"voltage"``, ``"truth/amounts"``); by default
                all of the runs, without truth.

        Returns:
            Name -> array, shape ``[run, ...]``; a coordinate too (``wavenumber [run, point]``).

        Raises:
            OptionError: If the runs differ in shape, type or what they hold.
            UnknownNameError: If a run or an element is unknown.
        """
        if not ids:
            raise OptionError("a batch of no runs was asked for", remedy="Name at least one")
        grouped: dict[str, tuple[Part, list[int], list[int]]] = {}
        for position, id in enumerate(ids):
            part, row = self._place(id)
            _, rows, places = grouped.setdefault(part.name, (part, [], []))
            rows.append(row)
            places.append(position)
        first = next(iter(grouped.values()))[0]
        if names is None:
            names = [p for p in first.elements if not p.startswith(f"{TRUTH}/")]
        found: dict[str, NDArray[Any]] = {}
        requests = []
        for name in names:
            if name not in first.elements or first.elements[name].labels is not None:
                numeric = [p for p, e in first.elements.items() if e.labels is None]
                raise UnknownNameError("element", name, numeric, path=self.url)
            model = first.elements[name]
            out = found[name] = np.empty((len(ids), *model.shape), model.dtype)
            for part, rows, places in grouped.values():
                element = part.elements.get(name)
                if element is None or (element.shape, element.dtype) != (model.shape, model.dtype):
                    came = "none" if element is None else f"{element.dtype} {element.shape}"
                    raise OptionError(
                        f"the runs differ: {name} is {model.dtype} {model.shape} in {ids[0]!r} "
                        f"and {came} in {ids[places[0]]!r}",
                        remedy="Choose runs of one shape, or bring them to one grid first",
                    )
                if element.shared:
                    out[places] = part.array(name).all()
                else:
                    requests += part.requests(name, rows, out, places)
        fetch(requests)
        return found

    # -- writing ------------------------------------------------------------------------------

    def writer(self, *, part_runs: int = PART_RUNS, part_bytes: int = PART_BYTES) -> Writer:
        """A writer that gathers runs into parts; use it in a ``with`` block.

        Args:
            part_runs, part_bytes: A part is committed when it reaches either.
        """

        def commit(items: Sequence[Prepared]) -> None:
            self._commit(None, items)

        return Writer(commit, self.__contains__, part_runs=part_runs, part_bytes=part_bytes)

    def append(self, runs: Iterable[Run | Item], *, exist_ok: bool = False) -> list[str]:
        """Add runs and commit them; see :class:`~opir.run.store.writer.Writer`."""
        with self.writer() as writer:
            return [writer.append(run, exist_ok=exist_ok) for run in runs]

    def write_part(self, name: str, items: Sequence[Item]) -> bool:
        """Write one part of a given name, for jobs that are cut into numbered pieces.

        Several processes may write parts of different names at the same time, and the bytes do
        not depend on how many they are.

        Args:
            name: Letters, digits, ``-`` and ``_``.
            items: Runs of one layout: same shapes, axes, units, and kind of truth.

        Returns:
            Whether it was written; false if a part of that name is committed already.

        Raises:
            OptionError: If layouts differ, an id is taken, or the name will not do.
        """
        if not name or not all(c.isalnum() or c in "-_" for c in name) or not name.isascii():
            raise OptionError(
                f"{name!r} is not a name of a part", remedy="Use letters, digits, '-' and '_'"
            )
        if name in self._parts:
            return False
        prepared = [prepare(item) for item in items]
        if not prepared or len({item.layout.key for item in prepared}) != 1:
            raise OptionError(
                f"part {name!r} got {'runs of different layouts' if prepared else 'no runs'}",
                remedy="Give runs of one shape, wavenumber axis and kind of truth",
            )
        return self._commit(name, prepared)

    def _commit(self, name: str | None, items: Sequence[Prepared]) -> bool:
        files = encode_items(items)
        with self._backend.lock():
            self.refresh()
            if name in self._parts:
                return False
            ids = [item.id for item in items]
            taken = [i for i in ids if i in self._places]
            if taken or len(set(ids)) != len(ids):
                raise OptionError(
                    f"the store has a run {taken[0]!r} already" if taken else "an id occurs twice",
                    remedy="Give other ids",
                )
            if name is None:
                numbers = [int(n) for n in self._parts if n.isdigit()]
                name = f"{max(numbers, default=-1) + 1:06d}"
            write_part_files(self._backend, name, files)
            self._add(Part(self._backend, name, files["zarr.json"]))
        return True

    def clean(self) -> list[str]:
        """Remove what interrupted writers left; returns the names of the parts removed.

        Only while no other writer is at work (a local store makes sure of that).
        """
        with self._backend.lock():
            self.refresh()
            orphans = [n for n in self._backend.names(PARTS) if n not in self._parts]
            for name in orphans:
                self._backend.remove(f"{PARTS}/{name}")
        return orphans

    def close(self) -> None:
        """Let go of open files; the store opens them again when it is used."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _unfinished(files: Sequence[str]) -> bool:
    """Whether a folder holds nothing but what a creation that was cut off leaves."""
    heads = {f"{name}/zarr.json" for name in (PARTS, SPLITS)}
    return all(path in heads or path.endswith(".partial") for path in files)
