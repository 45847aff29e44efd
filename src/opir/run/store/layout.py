"""The vocabulary of the OpIRSpec format, version 1 (``docs/format.md``): names, seals, layouts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from opir.errors import OptionError, StoreError
from opir.run.content import Variable

__all__ = [
    "ATTRIBUTES",
    "ATTRIBUTES_END",
    "PARTS",
    "SEAL",
    "SPLITS",
    "TRUTH",
    "VERSION",
    "Element",
    "Layout",
    "canonical",
    "describe",
    "group_json",
    "open_group",
    "sealed",
]

VERSION = "1"
PARTS = "parts"
SPLITS = "splits"
TRUTH = "truth"
ATTRIBUTES = "attributes"
ATTRIBUTES_END = "attributes_end"
SEAL = "index_hash"
_RESERVED = frozenset({TRUTH, ATTRIBUTES, ATTRIBUTES_END, "run"})


def canonical(record: Any) -> bytes:
    """A record as canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sealed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with the hash over all of them."""
    plain = {key: value for key, value in attributes.items() if key != SEAL}
    return {**plain, SEAL: f"sha256:{hashlib.sha256(canonical(plain)).hexdigest()}"}


def group_json(attributes: Mapping[str, Any]) -> bytes:
    """The ``zarr.json`` of a group with these attributes."""
    record = {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()


def open_group(data: bytes, kind: str, *, url: str, place: str) -> dict[str, Any]:
    """The attributes of a group, from its ``zarr.json``, checked.

    Args:
        data: The file.
        kind: The type that it must have (``"store"``, ``"part"``, ``"split"``).
        url, place: For messages.

    Raises:
        StoreError: If it is not JSON of a zarr v3 group, of another type or an unknown version,
            or its hash does not match.
    """
    try:
        record = json.loads(data)
        attributes: dict[str, Any] = record["attributes"]
        is_group = record["zarr_format"] == 3 and record["node_type"] == "group"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(
            "zarr.json is damaged, or not of a zarr v3 group",
            remedy="Restore it from a copy",
            path=url,
            place=place,
        ) from error
    found = attributes.get("opir_type") if isinstance(attributes, dict) else None
    if not is_group or found != kind:
        raise StoreError(
            f"this is not an OpIRSpec {kind}, but a zarr group of type {found!r}",
            remedy="Name the folder that the store was created as",
            path=url,
            place=place,
        )
    if attributes.get("opir_version") != VERSION:
        raise StoreError(
            f"the {kind} is of format version {attributes.get('opir_version')!r}; this opir reads "
            f"version {VERSION!r}",
            remedy="Upgrade opir",
            path=url,
            place=place,
        )
    if attributes.get(SEAL) != sealed(attributes)[SEAL]:
        raise StoreError(
            f"the attributes of the {kind} do not match their hash: they are damaged or were "
            "edited",
            remedy="Restore zarr.json from a copy",
            path=url,
            place=place,
        )
    return attributes


@dataclass(frozen=True)
class Element:
    """One array of a part.

    Attributes:
        path: Its name, ``truth/`` before it where it belongs to the ground truth.
        dims: Its dimensions, without ``run``.
        shape: Its shape, without ``run``.
        dtype: Its type (``"float32"``).
        attributes: Its attributes, ``units`` among them.
        coordinate: Whether it is a coordinate.
        shared: Whether all runs of the part share one; otherwise the first axis is ``run``.
        labels: The values of a coordinate of texts, which is kept here and not as an array.
    """

    path: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    coordinate: bool = False
    shared: bool = False
    labels: tuple[str, ...] | None = None

    def to_record(self) -> dict[str, Any]:
        """As JSON values, for the part's table of elements."""
        record = {
            "dims": list(self.dims),
            "shape": list(self.shape),
            "dtype": self.dtype,
            "attributes": dict(self.attributes),
            "coordinate": self.coordinate,
            "shared": self.shared,
        }
        return record if self.labels is None else {**record, "labels": list(self.labels)}

    @classmethod
    def from_record(cls, path: str, record: Mapping[str, Any]) -> Element:
        """From :meth:`to_record`."""
        labels = record.get("labels")
        return cls(
            path,
            tuple(map(str, record["dims"])),
            tuple(map(int, record["shape"])),
            str(record["dtype"]),
            dict(record["attributes"]),
            bool(record["coordinate"]),
            bool(record["shared"]),
            None if labels is None else tuple(map(str, labels)),
        )


@dataclass(frozen=True)
class Layout:
    """What the runs of one part have in common.

    Attributes:
        elements: Path -> element.
        key: Equal for runs that may share a part.
    """

    elements: Mapping[str, Element]
    key: str


def describe(
    variables: Mapping[str, Variable], truth: Mapping[str, Variable] | None
) -> tuple[Layout, dict[str, NDArray[Any]]]:
    """The layout of a run and its truth, and their arrays by path.

    Raises:
        OptionError: If a name is reserved by the format.
    """
    elements: dict[str, Element] = {}
    arrays: dict[str, NDArray[Any]] = {}
    digest = hashlib.sha256()
    for prefix, source in (("", variables), (f"{TRUTH}/", truth or {})):
        for name, item in source.items():
            if (not prefix and name in _RESERVED) or "run" in item.dims:
                raise OptionError(
                    f"the name {name!r} or the dimension 'run' is reserved in a store",
                    remedy="Rename it",
                )
            path = f"{prefix}{name}"
            shared = item.dims == (name,) and name != "time"
            texts = item.values.dtype.kind == "U"
            elements[path] = Element(
                path,
                item.dims,
                item.values.shape,
                "string" if texts else item.values.dtype.name,
                item.attributes,
                item.coordinate,
                shared,
                tuple(item.values.tolist()) if texts else None,
            )
            if not texts:
                arrays[path] = item.values
                if shared:
                    digest.update(item.values.tobytes())
    digest.update(canonical({path: e.to_record() for path, e in elements.items()}))
    return Layout(elements, digest.hexdigest()), arrays
