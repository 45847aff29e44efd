"""One committed part of a store: runs of one layout, written together and never changed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import StoreError
from opir.run.content import Variable, as_dataset
from opir.run.store.arrays import ArrayReader, Request
from opir.run.store.backend import Backend
from opir.run.store.layout import (
    ATTRIBUTES,
    ATTRIBUTES_END,
    PARTS,
    TRUTH,
    VERSION,
    Element,
    open_group,
)

__all__ = ["INDEX_COLUMNS", "Part"]

INDEX_COLUMNS = (
    "id", "content_hash", "truth_hash", "origin", "licence", "source", "title", "start_time",
    "system", "tags",
)  # fmt: skip
"""Columns of a part's index, one value for each run."""

_LARGEST_ARRAY = 2**40
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class Part:
    """A part, opened: its index is read, its arrays are read when asked for.

    Args:
        backend: The place of the store.
        name: Name of the part.
        data: Its ``zarr.json``.

    Raises:
        StoreError: If that is damaged, of an unknown version or breaks a rule of the format.
    """

    def __init__(self, backend: Backend, name: str, data: bytes) -> None:
        self.backend = backend
        self.name = name
        self.path = f"{PARTS}/{name}"
        self._readers: dict[str, ArrayReader] = {}
        head = open_group(data, "part", url=backend.url, place=self.path)
        try:
            self.elements = {
                str(path): Element.from_record(path, record)
                for path, record in head["elements"].items()
            }
            self.runs: dict[str, list[Any]] = {c: list(head["runs"][c]) for c in INDEX_COLUMNS}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._error(f"the index lacks or garbles {error}") from error
        ids = self.runs["id"]
        if len({len(column) for column in self.runs.values()}) != 1 or not ids:
            raise self._error("the columns of the index have different lengths, or none")
        if not all(isinstance(key, str) and key for key in ids):
            raise self._error("an id in the index is not a text")
        if not all(isinstance(h, str) and _HASH.fullmatch(h) for h in self.runs["content_hash"]):
            raise self._error("a content hash in the index is not sha256")

    def __len__(self) -> int:
        return len(self.runs["id"])

    def _error(self, problem: str, place: str = "") -> StoreError:
        return StoreError(
            problem,
            remedy="Restore the part from a copy",
            path=self.backend.url,
            place=f"{self.path}/{place}" if place else self.path,
        )

    @property
    def has_truth(self) -> bool:
        """Whether its runs carry ground truth."""
        return any(path.startswith(f"{TRUTH}/") for path in self.elements)

    def array(self, path: str) -> ArrayReader:
        """The reader of an element, checked against the part's table.

        Raises:
            StoreError: If the array is missing, or its shape, type, dimensions, unit or version
                differ from the table.
        """
        if path in self._readers:
            return self._readers[path]
        element = self.elements[path]
        reader = ArrayReader(self.backend, f"{self.path}/{path}")
        found = reader.metadata
        shape = element.shape if element.shared else (len(self), *element.shape)
        dims = element.dims if element.shared else ("run", *element.dims)
        checks = {
            "shape": (found.shape, shape),
            "type": (found.dtype.name, element.dtype),
            "dimensions": (found.dims, dims),
            "unit": (found.attributes.get("units"), element.attributes.get("units")),
            "opir_type": (
                found.attributes.get("opir_type"),
                "coordinate" if element.coordinate else "variable",
            ),
            "opir_version": (found.attributes.get("opir_version"), VERSION),
        }
        for what, (came, needed) in checks.items():
            if came != needed:
                raise self._error(f"{what} is {came!r} where {needed!r} is needed", path)
        if math.prod(shape) * found.dtype.itemsize > _LARGEST_ARRAY:
            raise self._error("the array claims to hold more than a terabyte", path)
        self._readers[path] = reader
        return reader

    def requests(
        self, path: str, rows: Sequence[int], out: NDArray[Any], places: Sequence[int]
    ) -> list[Request]:
        """What has to be read for rows of an element that is not shared."""
        return self.array(path).requests(rows, out, places)

    def values(self, path: str, row: int) -> NDArray[Any]:
        """An element of one run."""
        element = self.elements[path]
        if element.labels is not None:
            return np.array(element.labels, dtype=np.str_)
        if element.shared:
            return self.array(path).all()
        return np.asarray(self.array(path).rows([row])[0])

    def attributes(self, row: int) -> dict[str, dict[str, Any]]:
        """The attributes of one run: ``{"run": {...}, "truth": {...}}``.

        Raises:
            StoreError: If they are missing or damaged.
        """
        for name in (ATTRIBUTES, ATTRIBUTES_END):
            if name not in self._readers:
                self._readers[name] = ArrayReader(self.backend, f"{self.path}/{name}")
        ends = self._readers[ATTRIBUTES_END]
        first, last = (
            (0, int(ends.rows([row])[0])) if row == 0 else map(int, ends.rows([row - 1, row]))
        )
        data = self._readers[ATTRIBUTES]
        try:
            if not 0 <= first <= last <= data.shape[0]:
                raise ValueError(f"bytes {first} to {last} of {data.shape[0]}")
            record = json.loads(data.rows(range(first, last)).tobytes())
            return {"run": dict(record["run"]), TRUTH: dict(record.get(TRUTH) or {})}
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise self._error(
                f"the attributes of run {row} are damaged ({error})", ATTRIBUTES
            ) from error

    def variables(self, row: int, *, truth: bool = False) -> dict[str, Variable]:
        """The variables of one run, or of its truth.

        Raises:
            StoreError: If one is missing or damaged.
        """
        prefix = f"{TRUTH}/"
        return {
            path.removeprefix(prefix): Variable(
                element.dims, self.values(path, row), dict(element.attributes), element.coordinate
            )
            for path, element in self.elements.items()
            if path.startswith(prefix) == truth
        }

    def dataset(self, row: int, *, truth: bool = False) -> xr.Dataset:
        """One run, or its truth, as a dataset.

        Raises:
            StoreError: If an element is missing or damaged, or they do not fit together.
        """
        attributes: Mapping[str, Any] = self.attributes(row)[TRUTH if truth else "run"]
        variables = self.variables(row, truth=truth)
        try:
            return as_dataset(variables, attributes)
        except ValueError as error:
            raise self._error(f"the elements of run {row} do not fit together ({error})") from error
