"""The text form of a protocol: YAML with units, and exactly the same protocol when read back."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from opir.errors import FormatError, OpirError, ProtocolError
from opir.files import read_text
from opir.protocol.base import Step
from opir.protocol.measured import Measured
from opir.protocol.rates import CRate
from opir.protocol.steps import Cycle, make_step
from opir.quantities import parse, quantity

if TYPE_CHECKING:
    from opir.protocol.protocol import Protocol

__all__ = ["quantity_text", "read_file", "read_mapping", "to_text"]

T = TypeVar("T")

_UNITS = {
    "time": ("h", "min", "s"),
    "current": ("A", "mA", "uA"),
    "capacity": ("A h", "mA h"),
    "voltage": ("V",),
    "sweep_rate": ("mV/min", "mV/s"),
    "temperature": ("degC", "K"),
}
"""Units to try, the most readable first."""

_QUANTITY = {
    "duration": "time", "pulse": "time", "rest": "time", "longest_gap": "time",
    "current": "current", "until_current": "current", "voltage": "voltage",
    "until_voltage": "voltage", "start": "voltage", "end": "voltage", "rate": "sweep_rate",
    "temperature": "temperature",
}  # fmt: skip
"""Field of a step -> its quantity."""

_DEEPEST = 20


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def quantity_text(value: float | CRate, name: str) -> str:
    """A value with a unit that reads well and gives exactly the same value back.

    Args:
        value: In the unit inside, or a C rate.
        name: Its quantity.
    """
    if isinstance(value, CRate):
        return str(value)
    best = f"{_number(value)} {quantity(name).unit}"
    for unit in _UNITS[name]:
        factor, offset = quantity(name).units.get(unit.replace("A h", "Ah"), (1.0, 0.0))
        shown = (value - offset) / factor
        rounded = float(f"{shown:.12g}")
        text = f"{_number(rounded)} {unit}"
        low, high = (-math.inf, math.inf) if name == "temperature" else (0.1, 1000)
        fits = value == 0 or low <= abs(rounded) < high
        if fits and len(text) <= len(best) + 3 and _same(text, name, value):
            return text
    return best


def _same(text: str, name: str, value: float) -> bool:
    try:
        return parse(text, name) == value
    except OpirError:
        return False


def _column(values: tuple[float | None, ...]) -> str:
    return " ".join("-" if value is None else _number(value) for value in values)


def _step_mapping(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {"step": step.KIND}
    for key in type(step).model_fields:
        value = getattr(step, key)
        if value is None:
            continue
        if isinstance(step, Measured) and isinstance(value, tuple):
            found[key] = _column(value)
        elif isinstance(step, Cycle) and key == "steps":
            found[key] = [_step_mapping(inner) for inner in value]
        elif key in _QUANTITY:
            found[key] = quantity_text(value, _QUANTITY[key])
        else:
            found[key] = value
    if "temperature" in found:
        found["temperature"] = found.pop("temperature")
    return found


def to_text(protocol: Protocol) -> str:
    """A protocol as YAML, without what is not known."""
    import yaml

    found: dict[str, Any] = {}
    if protocol.name:
        found["name"] = protocol.name
    if protocol.notes:
        found["notes"] = protocol.notes
    if protocol.capacity is not None:
        found["capacity"] = quantity_text(protocol.capacity, "capacity")
    if protocol.temperature is not None:
        found["temperature"] = quantity_text(protocol.temperature, "temperature")
    if protocol.start:
        found["start"] = quantity_text(protocol.start, "time")
    found["steps"] = [_step_mapping(step) for step in protocol.steps]
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(found, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def read_mapping(text: str, fields: list[str]) -> dict[str, Any]:
    """The mapping of a protocol from YAML or JSON text.

    Args:
        text: What to read.
        fields: Names of its fields, for the message.

    Raises:
        FormatError: If it is neither, or not a mapping, or repeats parts by reference.
        ProtocolError: If a field is unknown.
    """
    import difflib

    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise FormatError(
                    "the text repeats a part by reference (*)",
                    place=f"line {_line(event)}",
                    remedy="Use a cycle step for what repeats",
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > 2 * _DEEPEST:
                raise FormatError(
                    f"groups are nested more than {_DEEPEST} deep",
                    place=f"line {_line(event)}",
                )
        data = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:
        mark: Any = getattr(error, "problem_mark", None)
        raise FormatError(
            "the text is not YAML or JSON", place=f"line {mark.line + 1}" if mark else None
        ) from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise FormatError(
            "a protocol is a mapping of fields", remedy=f"Fields: {', '.join(fields)}"
        )
    for key in data:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=3, cutoff=0.5) or fields
            raise ProtocolError(f"unknown field {key!r}", remedy=f"Nearest: {', '.join(near)}")
    if isinstance(data.get("steps"), list):
        data["steps"] = [_numbered(item, at) for at, item in enumerate(data["steps"], start=1)]
    return data


def _numbered(value: Any, number: int) -> Step:
    """A step of the list; errors say which."""
    try:
        return make_step(value)
    except OpirError as error:
        place = f"step {number}" + (f", {error.place}" if error.place else "")
        error.place = place
        raise


def read_file(path: Path, make: Callable[[str], T]) -> T:
    """What ``make`` builds of a text file; errors name the file."""
    try:
        return make(read_text(path))
    except OpirError as error:
        raise error.at(path=path) from None
