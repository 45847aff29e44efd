"""Every fault of a store, each with its run and element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opir.errors import OpirError
from opir.quantities import QUANTITIES, check_values, normalise_unit
from opir.run.axes import check_axis
from opir.run.content import Variable, as_dataset, hash_variables
from opir.run.run import ON_TIME, Run
from opir.run.spectral import SIGNALS
from opir.run.store.backend import Backend, open_backend
from opir.run.store.layout import PARTS, SPLITS, TRUTH, open_group
from opir.run.store.part import Part
from opir.run.store.splits import Splits

__all__ = ["Fault", "validate"]


@dataclass(frozen=True)
class Fault:
    """One fault of a store.

    Attributes:
        kind: ``store``, ``group``, ``part``, ``orphan``, ``duplicate``, ``array``, ``data``,
            ``attributes``, ``axis``, ``value``, ``unit``, ``run``, ``hash`` or ``split``.
        run: Id of the run, or an empty text where it concerns a part, a split or the whole.
        element: Path of the array, group or file.
        problem: What is wrong.
    """

    kind: str
    run: str
    element: str
    problem: str

    def __str__(self) -> str:
        who = f"run {self.run!r}, " if self.run else ""
        return f"{who}{self.element}: {self.problem} [{self.kind}]"


def validate(url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> list[Fault]:
    """Read everything in a store and name every fault.

    Nothing is changed, and nothing is raised for a fault of the store; an empty list means that
    it keeps every rule of docs/format.md.
    """
    return list(iter_faults(open_backend(url, storage_options)))


def iter_faults(backend: Backend) -> Iterator[Fault]:
    """The faults of a store, as they are found."""
    data = backend.read("zarr.json")
    if data is None:
        yield Fault("store", "", "zarr.json", "there is no store")
        return
    try:
        open_group(data, "store", url=backend.url, place="zarr.json")
    except OpirError as error:
        yield Fault("store", "", "zarr.json", error.problem)
    for name in (PARTS, SPLITS):
        yield from _group_faults(backend, name, name)
    hashes: dict[str, str] = {}
    homes: dict[str, str] = {}
    for name in backend.names(PARTS):
        path = f"{PARTS}/{name}"
        content = backend.read(f"{path}/zarr.json")
        if content is None:
            yield Fault("orphan", "", path, "an interrupted writer left it; readers pass it over")
            continue
        try:
            part = Part(backend, name, content)
        except OpirError as error:
            yield Fault("part", "", path, error.problem)
            continue
        for id, value in zip(part.runs["id"], part.runs["content_hash"], strict=True):
            if id in homes:
                yield Fault("duplicate", id, path, f"the run is in {homes[id]} too")
            homes[id], hashes[id] = path, value
        yield from _part_faults(part)
    yield from _split_faults(backend, hashes)


def _group_faults(backend: Backend, path: str, kind: str) -> Iterator[Fault]:
    """Faults of a group that opir reads past, but plain zarr does not."""
    data = backend.read(f"{path}/zarr.json")
    try:
        open_group(data or b"", kind, url=backend.url, place=path)
    except OpirError as error:
        yield Fault("group", "", path, "zarr.json is missing" if data is None else error.problem)


def _part_faults(part: Part) -> Iterator[Fault]:
    if part.has_truth:
        yield from _group_faults(part.backend, f"{part.path}/{TRUTH}", TRUTH)
    broken = set()
    for path, element in part.elements.items():
        if element.labels is not None:
            continue
        try:
            part.array(path)
        except OpirError as error:
            yield Fault("array", "", f"{part.path}/{path}", error.problem)
            broken.add(path)
            continue
        name = path.rsplit("/", 1)[-1]
        if name in QUANTITIES:
            unit, needed = str(element.attributes.get("units", "")), QUANTITIES[name].unit
            if normalise_unit(unit) != normalise_unit(needed):
                problem = f"the unit is {unit!r} where {needed!r} is needed"
                yield Fault("unit", "", f"{part.path}/{path}", problem)
    for row, id in enumerate(part.runs["id"]):
        yield from _run_faults(part, row, str(id), broken)


def _run_faults(part: Part, row: int, id: str, broken: set[str]) -> Iterator[Fault]:
    variables: dict[str, Variable] = {}
    for path, element in part.elements.items():
        if path in broken:
            continue
        try:
            values = part.values(path, row)
        except OpirError as error:
            where = error.place or f"{part.path}/{path}"
            yield Fault("data", id, f"{part.path}/{path}", f"{error.problem} ({where})")
            continue
        variables[path] = Variable(
            element.dims, values, dict(element.attributes), element.coordinate
        )
        yield from _value_faults(part, path, id, values)
    try:
        attributes = part.attributes(row)
    except OpirError as error:
        yield Fault("attributes", id, error.place or part.path, error.problem)
        return
    if len(variables) < len(part.elements):
        return
    prefix = f"{TRUTH}/"
    own = {path: item for path, item in variables.items() if not path.startswith(prefix)}
    truth = {p.removeprefix(prefix): v for p, v in variables.items() if p.startswith(prefix)}
    if hash_variables(own, attributes["run"]) != part.runs["content_hash"][row]:
        yield Fault("hash", id, part.path, "the content does not match its hash in the index")
    stored = part.runs["truth_hash"][row]
    if (hash_variables(truth, attributes[TRUTH]) if part.has_truth else None) != stored:
        yield Fault(
            "hash", id, f"{part.path}/{TRUTH}", "the truth does not match its hash in the index"
        )
    try:
        run = Run(as_dataset(own, attributes["run"]))
    except (OpirError, ValueError) as error:
        problem = error.problem if isinstance(error, OpirError) else str(error)
        yield Fault("run", id, part.path, f"it is not a run: {problem}")
        return
    if run.origin != part.runs["origin"][row]:
        yield Fault("run", id, part.path, "its origin is not the one in the index")


def _value_faults(part: Part, path: str, id: str, values: np.ndarray[Any, Any]) -> Iterator[Fault]:
    place = f"{part.path}/{path}"
    try:
        if path == "wavenumber":
            check_axis(values, path)
        elif path == "time":
            check_axis(values, path, increasing=True, lower=0.0)
        elif path in SIGNALS:
            check_values(values, path)
        elif path in ON_TIME and path in QUANTITIES:
            check_values(values, path, allow_missing=True)
        elif path.startswith(f"{TRUTH}/") and values.dtype.kind == "f":
            bad = np.isinf(values)
            if bad.any():
                yield Fault("value", id, place, f"holds {int(bad.sum())} infinite value(s)")
    except OpirError as error:
        kind = "axis" if path in ("time", "wavenumber") else "value"
        yield Fault(kind, id, place, error.problem + (f" ({error.place})" if error.place else ""))


def _split_faults(backend: Backend, hashes: Mapping[str, str]) -> Iterator[Fault]:
    splits = Splits(backend, hashes.get)
    for name in backend.names(SPLITS):
        place = f"{SPLITS}/{name}"
        try:
            split = splits.load(name)
        except OpirError as error:
            yield Fault("split", "", place, error.problem)
            continue
        for id in split.changed(hashes.get):
            problem = "has another content hash" if id in hashes else "is not in the store"
            yield Fault("split", id, place, f"a run of the split {problem}")
