"""Reading rows of an array: by own code where the array is plain, by zarr-python otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import StoreError
from opir.run.store.backend import Backend, Range
from opir.run.store.codecs import (
    ArrayMetadata,
    DamagedError,
    decode_chunk,
    decode_index,
    index_size,
    is_missing,
    parse_array,
)

__all__ = ["ArrayReader", "Request", "fetch"]


_KEEP_BYTES = 256 * 1024
"""Chunks of arrays up to this size stay in memory once they are read,"""

_KEEP_TOTAL = 128 * 1024 * 1024
"""up to so much in all of an opened store [bytes]."""


@dataclass(frozen=True)
class Request:
    """Rows that one chunk holds: where it lies, and where its rows go.

    Attributes:
        reader: The array.
        chunk: Number of the chunk.
        range: File, first byte, number of bytes.
        rows: Rows within the chunk.
        out: Where they go: the array to fill, and the places along its first axis.
    """

    reader: ArrayReader
    chunk: int
    range: Range
    rows: list[int]
    out: NDArray[Any]
    places: list[int]


class ArrayReader:
    """One array of a part.

    Args:
        backend: The place of the store.
        path: The array's path in the store.

    Raises:
        StoreError: If its ``zarr.json`` is missing or damaged.
    """

    def __init__(self, backend: Backend, path: str) -> None:
        self.backend = backend
        self.path = path
        data = backend.read(f"{path}/zarr.json")
        if data is None:
            raise StoreError(
                "the array is missing", remedy="Restore it", path=backend.url, place=path
            )
        try:
            self.metadata: ArrayMetadata = parse_array(data, path)
        except DamagedError as error:
            raise self._damaged(error) from error
        self._indexes: dict[int, list[tuple[int, int]]] = {}
        # Columns on time are read over and over, a chunk for one row; whole they are small.
        size = math.prod(self.metadata.shape) * self.metadata.dtype.itemsize
        self._small = size <= _KEEP_BYTES
        self._kept: dict[int, NDArray[Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}

    def _damaged(self, error: DamagedError) -> StoreError:
        return StoreError(
            error.problem,
            remedy="Restore it from a copy",
            path=self.backend.url,
            place=self.path,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self.metadata.shape

    def all(self) -> NDArray[Any]:
        """The whole array."""
        if not self.shape:
            return np.asarray(self._zarr()[...])
        return self.rows(range(self.shape[0]))

    def rows(self, rows: Sequence[int]) -> NDArray[Any]:
        """Rows along the first axis, in the order asked.

        Raises:
            StoreError: If a file or chunk is missing or damaged.
        """
        out = np.empty((len(rows), *self.shape[1:]), self.metadata.dtype)
        fetch(self.requests(rows, out, range(len(rows))))
        return out

    def requests(
        self, rows: Sequence[int], out: NDArray[Any], places: Sequence[int]
    ) -> list[Request]:
        """What has to be read so that ``out[places[i]] = array[rows[i]]``.

        An array that is not plain is read here and now.
        """
        if out.size == 0 or not rows:
            return []
        if not self.metadata.plain:
            out[list(places)] = self._zarr().oindex[np.asarray(rows)]
            return []
        height = self.metadata.chunk[0]
        grouped: dict[int, tuple[list[int], list[int]]] = {}
        if isinstance(rows, range) and rows.step == 1:
            # A stretch of bytes (attributes) has thousands of rows in one or two chunks.
            for chunk in range(rows.start // height, (rows.stop - 1) // height + 1):
                low, high = max(rows.start, chunk * height), min(rows.stop, (chunk + 1) * height)
                target = places[low - rows.start : high - rows.start]
                first, last = low - chunk * height, high - chunk * height
                held = self._kept.get(chunk)
                if held is not None and isinstance(target, range) and target.step == 1:
                    out[target.start : target.stop] = held[first:last]
                else:
                    grouped[chunk] = (list(range(first, last)), list(target))
        else:
            for row, place in zip(rows, places, strict=True):
                inside, where = grouped.setdefault(row // height, ([], []))
                inside.append(row % height)
                where.append(place)
        found = []
        for chunk, (inside, where) in grouped.items():
            kept = self._kept.get(chunk)
            if kept is not None:
                out[where] = kept[inside]
            else:
                found.append(Request(self, chunk, self._where(chunk), inside, out, where))
        return found

    def _where(self, chunk: int) -> Range:
        zeros = "/0" * (len(self.shape) - 1)
        if self.metadata.shard is None:
            return (f"{self.path}/c/{chunk}{zeros}", 0, 2**31 - 1)
        shard, inside = divmod(chunk, self.metadata.chunks_per_shard)
        file = f"{self.path}/c/{shard}{zeros}"
        if shard not in self._indexes:
            size = index_size(self.metadata)
            first = -size if self.metadata.index_at_end else 0
            data = next(self.backend.ranges([(file, first, size)]))
            try:
                index = decode_index(data, self.metadata)
            except DamagedError as error:
                raise self._damaged(error).at(place=file) from error
            self._indexes[shard] = [(int(a), int(b)) for a, b in index]
        entry = self._indexes[shard][inside]
        if is_missing(entry):
            raise StoreError(
                f"chunk {inside} is missing", remedy="Restore it", path=self.backend.url, place=file
            )
        return (file, *entry)

    def _zarr(self) -> Any:
        import zarr

        # DamagedError files bring out whatever the codecs raise.
        try:
            return zarr.open_array(self.backend.zarr_store(), path=self.path, mode="r")
        except Exception as error:
            raise StoreError(
                f"zarr cannot read the array ({error})", path=self.backend.url, place=self.path
            ) from error

    def fill(self, request: Request, data: bytes) -> None:
        """Unpack the bytes of a request into its place."""
        chunk = self.metadata.chunk
        out = request.out
        try:
            if chunk[0] == 1 and len(request.places) == 1:
                place = request.places[0]
                decode_chunk(data, self.metadata, out[place : place + 1])
                return
            whole = np.empty(chunk, self.metadata.dtype)
            decode_chunk(data, self.metadata, whole)
        except DamagedError as error:
            raise StoreError(
                error.problem,
                remedy=error.remedy or "Restore it from a copy",
                path=self.backend.url,
                place=f"{request.range[0]}, byte {request.range[1]}",
            ) from error
        out[request.places] = whole[request.rows]
        if self._small and self.backend.kept_bytes < _KEEP_TOTAL:
            self._kept[request.chunk] = whole
            self.backend.kept_bytes += whole.nbytes


def fetch(requests: Sequence[Request]) -> None:
    """Read and unpack what is asked for; all of one place at once.

    Raises:
        StoreError: If a file is missing or damaged.
    """
    if not requests:
        return
    pieces: Iterator[bytes] = requests[0].reader.backend.ranges(r.range for r in requests)
    for request, data in zip(requests, pieces, strict=True):
        request.reader.fill(request, data)
