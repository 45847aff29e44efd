"""What every object of a run says of itself: its name, origin, start and metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import xarray as xr

from opir.errors import FormatError, ValueRangeError

__all__ = ["ORIGINS", "Described", "build_attributes", "parse_metadata", "parse_time"]

ORIGINS = ("measured", "simulated", "forecast", "unknown")
"""Where the values come from; shown wherever a number or picture of them is shown."""


def parse_metadata(text: str) -> dict[str, Any]:
    """Metadata from JSON; an empty text holds none.

    Raises:
        FormatError: If it is not a JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"the attribute 'metadata' is not JSON ({error})",
            place="metadata",
            remedy="Write a JSON object, such as {}, or delete the attribute",
        ) from error
    if not isinstance(found, dict):
        raise FormatError(
            f"the attribute 'metadata' is {text[:40]!r}; a JSON object is needed", place="metadata"
        )
    return found


def parse_time(text: str) -> datetime:
    """A point in time from ISO 8601, with or without an offset from UTC.

    Raises:
        FormatError: If it is not ISO 8601.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise FormatError(
            f"{text!r} is not a point in time", remedy="Write it as 2026-11-22T17:12:00+01:00"
        ) from None


class Described:
    """Base of the objects: what their dataset's attributes say, in words of opir.

    Attributes:
        dataset: The :class:`xarray.Dataset` underneath.
    """

    dataset: xr.Dataset

    @property
    def name(self) -> str:
        """Its name, or an empty text."""
        return str(self.dataset.attrs.get("title", ""))

    @property
    def origin(self) -> str:
        """Where the values come from, one of :data:`ORIGINS`."""
        return str(self.dataset.attrs.get("origin", "unknown"))

    @property
    def start_text(self) -> str:
        """Start of the measurement as ISO 8601, or an empty text where it is not known."""
        return str(self.dataset.attrs.get("start_time", ""))

    @property
    def start(self) -> datetime | None:
        """Start of the measurement; without an offset from UTC where the clock's is unknown."""
        return parse_time(self.start_text) if self.start_text else None

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file or the user said beside the values (JSON values)."""
        return parse_metadata(str(self.dataset.attrs.get("metadata", "")))


def build_attributes(
    *,
    name: str,
    origin: str,
    start: datetime | str | None,
    metadata: Mapping[str, Any] | None,
    source: str,
    licence: str,
) -> dict[str, str]:
    """Dataset attributes from the arguments that the objects' ``from_arrays`` share."""
    start_text = start.isoformat() if isinstance(start, datetime) else (start or "")
    attributes = {"title": name, "origin": origin, "start_time": start_text}
    attributes |= {"source": source, "licence": licence}
    try:
        attributes["metadata"] = json.dumps(dict(metadata), allow_nan=False) if metadata else ""
    except (TypeError, ValueError) as error:
        raise ValueRangeError(
            f"metadata holds what JSON cannot ({error})", remedy="Give texts, numbers and lists"
        ) from error
    return {key: value for key, value in attributes.items() if value}
