"""Splits of a store: named subsets of its runs, by id and content hash, kept with the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opir.errors import OptionError, OutputExistsError, StoreError, UnknownNameError
from opir.run.store.backend import Backend
from opir.run.store.layout import SPLITS, VERSION, group_json, open_group, sealed

__all__ = ["Split", "Splits"]


@dataclass(frozen=True)
class Split:
    """Named subsets of the runs of a store.

    Attributes:
        name: Its name.
        subsets: Name of a subset (``"train"``, ``"test"``) -> ids of its runs.
        content_hashes: Id -> content hash when the split was made.
        description: What it is for, how it was made.
    """

    name: str
    subsets: Mapping[str, tuple[str, ...]]
    content_hashes: Mapping[str, str] = field(repr=False)
    description: str = ""

    def __getitem__(self, subset: str) -> tuple[str, ...]:
        if subset not in self.subsets:
            raise UnknownNameError("subset", subset, self.subsets)
        return self.subsets[subset]

    def changed(self, hash_of: Callable[[str], str | None]) -> list[str]:
        """Ids whose run is missing, or is not the one that the split was made with."""
        return [key for key, value in self.content_hashes.items() if hash_of(key) != value]


class Splits(Mapping[str, Split]):
    """The splits of a store; read when asked for, never changed once written.

    Args:
        backend: The place of the store.
        hash_of: Id -> content hash of the run in the store, or None where there is no such run.
    """

    def __init__(self, backend: Backend, hash_of: Callable[[str], str | None]) -> None:
        self._backend = backend
        self._hash_of = hash_of

    def __iter__(self) -> Iterator[str]:
        names = self._backend.names(SPLITS)
        return iter([n for n in names if self._backend.read(f"{SPLITS}/{n}/zarr.json")])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in list(iter(self))

    def load(self, name: str) -> Split:
        """A split as it was written, whatever became of the runs.

        Raises:
            UnknownNameError: If there is none of that name.
            StoreError: If it is damaged.
        """
        place = f"{SPLITS}/{name}"
        data = self._backend.read(f"{place}/zarr.json")
        if data is None:
            raise UnknownNameError("split", name, iter(self), path=self._backend.url)
        record = open_group(data, "split", url=self._backend.url, place=place)
        try:
            subsets = {str(k): tuple(map(str, v["id"])) for k, v in record["subsets"].items()}
            hashes: dict[str, str] = {}
            for part in record["subsets"].values():
                hashes |= dict(zip(part["id"], part["content_hash"], strict=True))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"the split lacks or garbles {error}",
                remedy="Restore it from a copy",
                path=self._backend.url,
                place=place,
            ) from error
        return Split(name, subsets, hashes, str(record.get("description", "")))

    def __getitem__(self, name: str) -> Split:
        """A split, checked against the store.

        Raises:
            StoreError: If a run of it is missing or has another content hash.
        """
        split = self.load(name)
        changed = split.changed(self._hash_of)
        if changed:
            shown = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
            raise StoreError(
                f"{len(changed)} run(s) of the split are missing or changed since it was made: "
                f"{shown}",
                remedy="Take the store that the split was made with, or make a new split",
                path=self._backend.url,
                place=f"{SPLITS}/{name}",
            )
        return split

    def add(
        self,
        name: str,
        subsets: Mapping[str, Sequence[str]],
        *,
        description: str = "",
        overlap: bool = False,
    ) -> Split:
        """Write a split.

        Args:
            name: Its name; letters, digits, ``-``, ``_`` and ``.``.
            subsets: Name of a subset -> ids.
            description: What it is for, how it was made.
            overlap: Let a run be in several subsets.

        Raises:
            OptionError: If a run is unknown, or in two subsets.
            OutputExistsError: If there is a split of that name.
        """
        if not name or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
            raise OptionError(
                f"{name!r} is not a name of a split", remedy="Use letters, digits, '-' and '_'"
            )
        if self._backend.read(f"{SPLITS}/{name}/zarr.json") is not None:
            raise OutputExistsError(f"{self._backend.url}/{SPLITS}/{name}")
        record: dict[str, Any] = {}
        seen: set[str] = set()
        for subset, ids in subsets.items():
            hashes = [self._hash_of(key) for key in ids]
            for key, value in zip(ids, hashes, strict=True):
                if value is None:
                    raise OptionError(f"the store has no run {key!r} (subset {subset!r})")
            twice = seen & set(ids) if not overlap else set()
            if twice or len(set(ids)) != len(ids):
                raise OptionError(
                    f"run {sorted(twice or set(ids))[0]!r} is in the split twice",
                    remedy="Name each run once, or allow it with overlap=True",
                )
            seen |= set(ids)
            record[str(subset)] = {"id": list(ids), "content_hash": hashes}
        head = {
            "opir_type": "split",
            "opir_version": VERSION,
            "description": description,
            "subsets": record,
        }
        self._backend.write(f"{SPLITS}/{name}/zarr.json", group_json(sealed(head)))
        return self.load(name)
