"""What a dataset holds, in the form that files keep it, and the hash of it.

The content hash is defined in ``docs/format.md`` (section "Content hash"); it is the same for a
run in memory, in NetCDF and in a store, whatever the compression, chunking and position.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import OptionError

__all__ = [
    "DTYPES",
    "Variable",
    "as_dataset",
    "content_hash",
    "hash_variables",
    "portable",
    "portable_attributes",
    "portable_variables",
]

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64",
)  # fmt: skip
"""Types of variables that files keep."""

_NOT_HASHED = frozenset({"Conventions", "opir_type", "opir_version", "opir_content_hash"})


@dataclass(frozen=True)
class Variable:
    """One variable as files keep it.

    Attributes:
        dims: Its dimensions.
        values: Numbers in native byte order and C order, or texts (labels of a dimension).
        attributes: Texts, finite numbers and lists of them.
        coordinate: Whether it is a coordinate.
    """

    dims: tuple[str, ...]
    values: NDArray[Any]
    attributes: dict[str, Any]
    coordinate: bool


def portable_variables(dataset: xr.Dataset) -> dict[str, Variable]:
    """The variables of a dataset as files keep them, sorted by name.

    Raises:
        OptionError: If a variable is of object, date or complex type, or of text without being
            the labels of a dimension, or its name cannot stand in a file.
    """
    coordinates = set(dataset.coords)
    return {
        str(name): _portable_variable(str(name), variable, name in coordinates)
        for name, variable in sorted(dataset.variables.items(), key=lambda item: str(item[0]))
    }


def _portable_variable(name: str, variable: xr.Variable, coordinate: bool) -> Variable:
    if not name or "/" in name or name.startswith((".", "__")) or name != name.strip():
        raise OptionError(f"the variable name {name!r} cannot stand in a file", remedy="Rename it")
    dims = tuple(map(str, variable.dims))
    attributes = portable_attributes(variable.attrs, name)
    values = np.asarray(variable.values)
    if dims == (name,) and values.dtype.kind in "UOST":
        labels = [v.decode() if isinstance(v, bytes) else v for v in values.tolist()]
        if all(isinstance(label, str) for label in labels):
            return Variable(dims, np.array(labels, dtype=np.str_), attributes, coordinate)
    native = values.dtype.newbyteorder("=")
    if native.name not in DTYPES:
        raise OptionError(
            f"the variable {name!r} is of type {values.dtype}; numbers are needed",
            remedy="Keep texts in the metadata; write points in time as seconds",
        )
    return Variable(dims, np.asarray(values, dtype=native, order="C"), attributes, coordinate)


def portable(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with plain arrays and attributes only, ready for a file.

    Raises:
        OptionError: See :func:`portable_variables`.
    """
    return as_dataset(
        portable_variables(dataset), portable_attributes(dataset.attrs, "the dataset")
    )


def as_dataset(variables: Mapping[str, Variable], attributes: Mapping[str, Any]) -> xr.Dataset:
    """A dataset of such variables."""
    data: dict[str, xr.Variable] = {}
    coordinates: dict[str, xr.Variable] = {}
    for name, item in variables.items():
        place = coordinates if item.coordinate else data
        place[name] = xr.Variable(item.dims, item.values, item.attributes, fastpath=True)
    return xr.Dataset(data, coordinates, dict(attributes))


def portable_attributes(attributes: Mapping[Any, Any], owner: str) -> dict[str, Any]:
    """Attributes as texts, numbers and lists of them, as JSON and HDF5 both keep them.

    Raises:
        OptionError: If a value is something else.
    """
    found = {}
    for key, value in attributes.items():
        try:
            found[str(key)] = _plain(value)
        except (TypeError, ValueError):
            raise OptionError(
                f"the attribute {str(key)!r} of {owner} is a {type(value).__name__}; "
                "a text, a finite number or a list of them is needed"
            ) from None
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        # Names of files come with bytes that are no text where the locale is not UTF-8.
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise ValueError
        return float(value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return _plain(value[()])
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        items = [_plain(item) for item in value]
        if any(isinstance(item, list) for item in items):
            raise TypeError
        # NetCDF does not tell a list of one from the item.
        return items[0] if len(items) == 1 else items
    raise TypeError


def content_hash(dataset: xr.Dataset) -> str:
    """The content hash of a dataset, ``sha256:`` and 64 hexadecimal digits.

    Raises:
        OptionError: If the dataset holds what no file keeps, see :func:`portable_variables`.
    """
    return hash_variables(
        portable_variables(dataset), portable_attributes(dataset.attrs, "the dataset")
    )


def hash_variables(variables: Mapping[str, Variable], attributes: Mapping[str, Any]) -> str:
    """The content hash of variables and attributes as files keep them."""
    digest = hashlib.sha256()
    for name in sorted(variables):
        item = variables[name]
        header = {
            "coordinate": item.coordinate,
            "dims": list(item.dims),
            "dtype": "string" if item.values.dtype.kind == "U" else item.values.dtype.name,
            "name": name,
            "shape": list(item.values.shape),
            "units": str(item.attributes.get("units", "")),
        }
        digest.update(_canonical(header))
        digest.update(_bytes(item.values))
    kept = {key: value for key, value in attributes.items() if key not in _NOT_HASHED}
    digest.update(_canonical(kept))
    return f"sha256:{digest.hexdigest()}"


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _bytes(values: NDArray[Any]) -> bytes | memoryview:
    """The values in C order, little-endian, with every NaN as the one quiet NaN; texts as JSON."""
    if values.dtype.kind == "U":
        return json.dumps(values.tolist(), separators=(",", ":")).encode("ascii") + b"\n"
    array = np.asarray(values, dtype=values.dtype.newbyteorder("<"), order="C")
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            array = np.where(missing, np.array(np.nan, array.dtype), array)
    return array.data.cast("B") if array.size else b""
