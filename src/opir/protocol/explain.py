"""Pydantic's faults in our words."""

from __future__ import annotations

import difflib

from pydantic import BaseModel, ValidationError

from opir.errors import ProtocolError

__all__ = ["explain"]

_REMEDIES = {
    "greater_than": "Give a value above {gt}",
    "greater_than_equal": "Give a value of {ge} or more",
    "less_than_equal": "Give a value of {le} or less",
}


def explain(error: ValidationError, model: type[BaseModel]) -> ProtocolError:
    """The first fault that pydantic found, as a :class:`ProtocolError`.

    Args:
        error: What pydantic raised.
        model: The class that was being made, for the list of its fields.
    """
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or None
    fields = list(model.model_fields)
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        near = difflib.get_close_matches(key, fields, n=3, cutoff=0.5)
        remedy = f"Nearest: {', '.join(near)}" if near else f"Fields: {', '.join(fields)}"
        return ProtocolError(f"unknown field {key!r}", remedy=remedy, place=place)
    if fault["type"] == "missing":
        return ProtocolError("the field is missing", remedy="Give it", place=place)
    if fault["type"] == "too_short":
        return ProtocolError(
            "it is empty", remedy=f"Give {fault['ctx']['min_length']} or more", place=place
        )
    remedy = _REMEDIES.get(fault["type"], "").format(**fault.get("ctx", {}))
    message = str(fault["msg"]).removeprefix("Value error, ")
    return ProtocolError(f"{str(fault['input'])[:60]!r}: {message}", remedy=remedy, place=place)
