"""The index of a store, as tasks see it: what each run is, without its spectra."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opir.chemistry import Library, library
from opir.errors import StoreError, UnknownNameError
from opir.run.store import Store
from opir.system import System

__all__ = ["IndexedRun", "RunIndex", "components_of", "systems_of"]


@dataclass(frozen=True)
class IndexedRun:
    """What the index says of a run.

    Attributes:
        id, content_hash: Of the run.
        system, protocol: Their names; ``""`` where not known.
        temperature: [K]; None where not known.
        origin: ``simulated`` or ``measured``.
        frames, wavenumbers: Shape of its spectra.
        tags: Further tags.
    """

    id: str
    content_hash: str
    system: str
    protocol: str
    temperature: float | None
    origin: str
    frames: int
    wavenumbers: int
    tags: Mapping[str, Any] = field(default_factory=dict, repr=False)


class RunIndex(Mapping[str, IndexedRun]):
    """Id -> run, in the order of the ids, whatever the order of the store.

    Args:
        runs: The runs.
        read_components: Returns the components of every run; called once, when first needed.
    """

    def __init__(
        self,
        runs: Iterator[IndexedRun] | list[IndexedRun],
        read_components: Callable[[], Mapping[str, frozenset[str]]],
    ) -> None:
        self._runs = {run.id: run for run in sorted(runs, key=lambda run: run.id)}
        self._read = read_components

    def __getitem__(self, id: str) -> IndexedRun:
        try:
            return self._runs[id]
        except KeyError:
            raise UnknownNameError("run", id, self._runs) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __contains__(self, id: object) -> bool:
        return id in self._runs

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids, sorted."""
        return tuple(self._runs)

    @cached_property
    def components(self) -> Mapping[str, frozenset[str]]:
        """Id -> components: those of the electrolyte that are there at all, and electrodes."""
        return self._read()

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, sorted."""
        return tuple(sorted({run.system for run in self._runs.values()}))

    @classmethod
    def of(cls, store: Store) -> RunIndex:
        """The index of a store."""

        def components() -> dict[str, frozenset[str]]:
            known: dict[System | None, frozenset[str]] = {}
            return {
                id: known.setdefault(system, components_of(system))
                for id, system in systems_of(store, store.ids).items()
            }

        return cls([_indexed(record) for record in store.table()], components)


def _indexed(record: Mapping[str, Any]) -> IndexedRun:
    tags = record["tags"]
    temperature = tags.get("temperature")
    number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)
    return IndexedRun(
        id=record["id"],
        content_hash=record["content_hash"],
        system=record["system"],
        protocol=str(tags.get("protocol", "")),
        temperature=float(temperature) if number else None,
        origin=record["origin"],
        frames=record["frames"],
        wavenumbers=record["wavenumbers"],
        tags=tags,
    )


def systems_of(store: Store, ids: tuple[str, ...]) -> dict[str, System | None]:
    """The system of each run, None where none is stated.

    Only the attributes are read, no arrays: some tenths of a millisecond a run.

    Raises:
        StoreError: If the attributes of a run are damaged.
    """
    made: dict[str, System] = {}
    found: dict[str, System | None] = {}
    wanted = set(ids)
    for part in store.parts:
        for row, id in enumerate(part.runs["id"]):
            if id not in wanted:
                continue
            text = part.attributes(row)["run"].get("system")
            if not text:
                found[id] = None
                continue
            if text not in made:
                try:
                    # Stored systems are JSON, which the standard reader takes ten times as fast.
                    made[text] = System(**json.loads(text))
                except (TypeError, ValueError) as error:
                    raise StoreError(
                        f"the system of run {id!r} cannot be read ({error})",
                        remedy="Restore the run from a copy",
                        path=store.url,
                    ) from error
            found[id] = made[text]
    missing = wanted - set(found)
    if missing:
        raise UnknownNameError("run", min(missing), store.ids, path=store.url)
    return {id: found[id] for id in ids}


def components_of(system: System | None, known: Library | None = None) -> frozenset[str]:
    """Names of what a system consists of, electrodes too.

    What is listed with an amount of 0 is not there. Names that the library knows are written as
    it writes them, so that ``LTO`` and ``lto`` are one.
    """
    if system is None:
        return frozenset()
    known = known or library()
    names = set()
    for component in system.electrolyte:
        if component.amount == 0:
            continue
        if component.name in known.salts:
            names.add(component.name)
            continue
        try:
            names.add(known.find_species(component.name).name)
        except UnknownNameError:
            names.add(component.name)
    for electrode in (system.working_electrode, system.counter_electrode):
        if electrode is not None:
            try:
                names.add(f"{known.find_electrode(electrode.material).name} electrode")
            except UnknownNameError:
                names.add(f"{electrode.material} electrode")
    return frozenset(names)
