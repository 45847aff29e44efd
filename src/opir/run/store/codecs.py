"""Zarr v3 arrays, chunk by chunk: the codecs and the shard index, without zarr's event loop.

Only what a store of opir is written with is known here: chunks that span all axes but the first,
little-endian bytes, blosc, zstd or gzip, and crc32c, plain or in ``sharding_indexed``. Any other
array is read by zarr-python (:mod:`opir.run.store.arrays`). Specification:
https://zarr-specs.readthedocs.io/en/latest/v3/core/
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import blosc, gzip, zstd
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.content import DTYPES

__all__ = [
    "ArrayMetadata",
    "DamagedError",
    "decode_chunk",
    "decode_index",
    "encode_array",
    "index_size",
    "parse_array",
]

_MISSING = 2**64 - 1
_RESIDUE = 0x48674BC7
_Bytes = bytes | memoryview


class DamagedError(FormatError):
    """Bytes that fail their checksum or cannot be unpacked."""


@dataclass(frozen=True)
class ArrayMetadata:
    """What a ``zarr.json`` says of an array.

    Attributes:
        shape, dtype, dims, attributes: Of the array.
        chunk: Shape of the innermost chunks.
        shard: Shape of the shards, or None where there are none.
        codecs: Of the innermost chunks, outermost last: (name, configuration).
        index_at_end: Whether a shard's index lies at its end.
        plain: Whether this module can read and write it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    dims: tuple[str, ...]
    attributes: Mapping[str, Any]
    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None
    codecs: tuple[tuple[str, Mapping[str, Any]], ...]
    index_at_end: bool
    plain: bool

    @property
    def chunks_per_shard(self) -> int:
        """Number of innermost chunks in a file."""
        if self.shard is None:
            return 1
        return math.prod(s // c for s, c in zip(self.shard, self.chunk, strict=True))


def parse_array(data: bytes, place: str) -> ArrayMetadata:
    """The metadata of an array.

    Raises:
        DamagedError: If it is not JSON of a zarr v3 array of numbers.
    """
    try:
        record = json.loads(data)
        if record["zarr_format"] != 3 or record["node_type"] != "array":
            raise ValueError("not an array")
        if record["data_type"] not in DTYPES:
            raise ValueError(f"data type {record['data_type']!r}")
        shape = tuple(int(n) for n in record["shape"])
        chunk = tuple(int(n) for n in record["chunk_grid"]["configuration"]["chunk_shape"])
        codecs = [(str(c["name"]), dict(c.get("configuration", {}))) for c in record["codecs"]]
        shard, at_end, indexed = None, True, True
        if codecs[0][0] == "sharding_indexed":
            inner = codecs[0][1]
            shard, chunk = chunk, tuple(int(n) for n in inner["chunk_shape"])
            at_end = inner.get("index_location", "end") == "end"
            index_codecs = [c["name"] for c in inner["index_codecs"]]
            indexed = index_codecs == ["bytes", "crc32c"] and len(codecs) == 1
            codecs = [(str(c["name"]), dict(c.get("configuration", {}))) for c in inner["codecs"]]
        if min((*shape, *chunk, *(shard or ())), default=0) < 0 or len(chunk) != len(shape):
            raise ValueError("its shapes")
        key = record["chunk_key_encoding"]
        plain = (
            indexed
            and record["chunk_grid"]["name"] == "regular"
            and key["name"] == "default"
            and key.get("configuration", {}).get("separator", "/") == "/"
            and codecs[0][0] == "bytes"
            and codecs[0][1].get("endian", "little") == "little"
            and all(name in _DECODE for name, _ in codecs[1:])
            and len(shape) > 0
            and min(chunk) > 0
            and all(c == n for c, n in zip(chunk[1:], shape[1:], strict=True))
            and (shard is None or (shard[1:] == chunk[1:] and shard[0] % chunk[0] == 0))
        )
        return ArrayMetadata(
            shape,
            np.dtype(record["data_type"]),
            tuple(map(str, record.get("dimension_names") or ())),
            dict(record.get("attributes") or {}),
            chunk,
            shard,
            tuple(codecs),
            at_end,
            plain,
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"zarr.json is damaged, or not of an array of numbers ({error})", place=place
        ) from error


def _crc(data: bytes) -> bytes:
    return struct.pack("<I", google_crc32c.value(data))


def _check_crc(data: _Bytes, size: int) -> _Bytes:
    # The checksum over bytes and their checksum is one number, whatever the bytes are.
    if len(data) < 4 or google_crc32c.value(bytes(data)) != _RESIDUE:
        raise DamagedError("the bytes do not match their checksum", remedy="Restore it from a copy")
    return memoryview(data)[:-4]


def _unblosc(data: _Bytes, size: int) -> _Bytes:
    if len(data) < 16 or struct.unpack_from("<I", data, 4)[0] != size:
        raise DamagedError("a compressed chunk has another size than its array says")
    return memoryview(blosc.decompress(data))


_DECODE: dict[str, Callable[[_Bytes, int], _Bytes]] = {
    "crc32c": _check_crc,
    "blosc": _unblosc,
    "zstd": lambda data, size: memoryview(zstd.decompress(data)),
    "gzip": lambda data, size: memoryview(gzip.GZip().decode(data)),
}

_ENCODE: dict[str, Callable[[Any, Mapping[str, Any], int], bytes]] = {
    "crc32c": lambda data, configuration, item: data + _crc(data),
    "blosc": lambda data, configuration, item: blosc.compress(
        data,
        configuration["cname"].encode(),
        configuration["clevel"],
        {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[configuration["shuffle"]],
        configuration["blocksize"],
        configuration["typesize"],
    ),
    "zstd": lambda data, configuration, item: zstd.compress(data, configuration["level"]),
}


def decode_chunk(data: bytes, metadata: ArrayMetadata, out: NDArray[Any]) -> None:
    """Unpack one chunk into ``out``, a C-contiguous array of the chunk's shape.

    Raises:
        DamagedError: If a checksum fails or the bytes cannot be unpacked.
    """
    view: _Bytes = data
    try:
        for position in range(len(metadata.codecs) - 1, 0, -1):
            name = metadata.codecs[position][0]
            if name == "blosc" and position == 1:
                if len(view) < 16 or struct.unpack_from("<I", view, 4)[0] != out.nbytes:
                    raise DamagedError("a compressed chunk has another size than its array says")
                blosc.decompress(view, out)
                return
            view = _DECODE[name](view, out.nbytes)
    # The decompressors raise RuntimeError, ValueError, zlib.error and others on damaged bytes.
    except Exception as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"a chunk cannot be unpacked ({error})") from error
    if len(view) != out.nbytes:
        raise DamagedError(f"a chunk has {len(view)} bytes where {out.nbytes} are needed")
    stored = np.frombuffer(view, out.dtype.newbyteorder("<")).reshape(out.shape)
    np.copyto(out, stored)


def index_size(metadata: ArrayMetadata) -> int:
    """Number of bytes of a shard's index."""
    return 16 * metadata.chunks_per_shard + 4


def decode_index(data: bytes, metadata: ArrayMetadata) -> NDArray[np.uint64]:
    """A shard's index: ``[chunk, (offset, bytes)]``.

    Raises:
        DamagedError: If it fails its checksum.
    """
    if len(data) != index_size(metadata):
        raise DamagedError("the file is shorter than its index", remedy="Restore it from a copy")
    return np.frombuffer(_check_crc(data, 0), "<u8").reshape(-1, 2)


def is_missing(entry: Sequence[int]) -> bool:
    """Whether an entry of an index says that there is no such chunk."""
    return int(entry[0]) == _MISSING


def encode_array(values: NDArray[Any], metadata: ArrayMetadata) -> bytes:
    """The one file of an array that has one chunk or one shard."""
    if metadata.shard is None:
        return _encode_chunk(values, metadata)
    counts = tuple(s // c for s, c in zip(metadata.shard, metadata.chunk, strict=True))
    entries, pieces, offset = [], [], 0
    for position in np.ndindex(*counts):
        where = tuple(
            slice(p * c, (p + 1) * c) for p, c in zip(position, metadata.chunk, strict=True)
        )
        piece = _encode_chunk(values[where], metadata)
        entries.append((offset, len(piece)))
        pieces.append(piece)
        offset += len(piece)
    index = np.array(entries, dtype="<u8").tobytes()
    return b"".join([*pieces, index, _crc(index)])


def _encode_chunk(values: NDArray[Any], metadata: ArrayMetadata) -> bytes:
    if values.shape != metadata.chunk:
        # The last chunk is filled up, as zarr demands.
        whole = np.zeros(metadata.chunk, metadata.dtype)
        whole[tuple(slice(n) for n in values.shape)] = values
        values = whole
    data: Any = np.ascontiguousarray(values, metadata.dtype.newbyteorder("<"))
    for name, configuration in metadata.codecs[1:]:
        data = _ENCODE[name](data, configuration, metadata.dtype.itemsize)
    return bytes(data)
