"""What a dataset holds, in the form that files keep it, and the hash of it.

The content hash is defined in ``docs/format.md`` (section "Content hash"); it is the same for a
run in memory, in NetCDF and in a store, whatever the compression, chunking and position.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import OptionError

__all__ = ["DTYPES", "content_hash", "hash_arrays", "portable", "portable_attributes"]

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64",
)  # fmt: skip
"""Types of variables that files keep."""

_NOT_HASHED = frozenset({"Conventions", "opir_type", "opir_version", "opir_content_hash"})


def portable(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with plain arrays and attributes only, ready for a file.

    Raises:
        OptionError: If a variable is of text, object, date or complex type, or its name cannot
            stand in a file.
    """
    dataset = dataset.copy(deep=False)
    dataset.attrs = portable_attributes(dataset.attrs, "the dataset")
    dataset.encoding = {}
    for key in dataset.variables:
        name = str(key)
        if not name or "/" in name or name.startswith((".", "__")) or name != name.strip():
            raise OptionError(
                f"the variable name {name!r} cannot stand in a file", remedy="Rename it"
            )
        variable = dataset[name].variable
        if variable.dtype.newbyteorder("=").name not in DTYPES:
            raise OptionError(
                f"the variable {name!r} is of type {variable.dtype}; numbers are needed",
                remedy="Keep texts in the metadata; write points in time as seconds",
            )
        plain = xr.Variable(
            variable.dims,
            np.ascontiguousarray(variable.values, dtype=variable.dtype.newbyteorder("=")).reshape(
                variable.shape
            ),
            portable_attributes(variable.attrs, name),
        )
        if name in dataset.coords:
            dataset = dataset.assign_coords({name: plain})
        else:
            dataset[name] = plain
    return dataset


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
        return value
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
        OptionError: If the dataset holds what no file keeps, see :func:`portable`.
    """
    variables = {
        str(name): (
            tuple(map(str, variable.dims)),
            np.asarray(variable.values),
            str(variable.attrs.get("units", "")),
            name in dataset.coords,
        )
        for name, variable in dataset.variables.items()
    }
    return hash_arrays(variables, portable_attributes(dataset.attrs, "the dataset"))


def hash_arrays(
    variables: Mapping[str, tuple[tuple[str, ...], NDArray[Any], str, bool]],
    attributes: Mapping[str, Any],
) -> str:
    """The content hash of named arrays.

    Args:
        variables: Name -> (dims, values, unit, whether it is a coordinate).
        attributes: Attributes, as :func:`portable_attributes` gives them.
    """
    digest = hashlib.sha256()
    for name in sorted(variables):
        dims, values, unit, coordinate = variables[name]
        header = {
            "coordinate": coordinate,
            "dims": list(dims),
            "dtype": values.dtype.newbyteorder("=").name,
            "name": name,
            "shape": list(values.shape),
            "units": unit,
        }
        digest.update(_canonical(header))
        digest.update(_bytes(values))
    kept = {key: value for key, value in attributes.items() if key not in _NOT_HASHED}
    digest.update(_canonical(kept))
    return f"sha256:{digest.hexdigest()}"


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _bytes(values: NDArray[Any]) -> bytes:
    """The values in C order, little-endian, with every NaN as the one quiet NaN."""
    array = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            array = np.where(missing, np.array(np.nan, array.dtype), array)
    return array.tobytes()
