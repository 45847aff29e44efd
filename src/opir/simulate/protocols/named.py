"""Named protocols: templates in YAML, filled with the window and capacity of a cell.

A template is a protocol whose voltages and currents may be words. Voltages: ``lower``, ``upper``;
``first_end`` and ``second_end``, where the first and the second half cycle end; ``way 40 %``, that
share of the way from ``second_end`` to ``first_end``. Currents: ``first C/10`` and ``second C/10``,
in the direction of the first and the second half cycle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from opir.errors import FormatError, UnknownNameError
from opir.protocol import Protocol
from opir.simulate.protocols.limits import CellLimits, check_window

__all__ = ["fill_template", "named_protocol", "protocol_names", "protocol_title"]

_VOLTAGES = frozenset({"until_voltage", "voltage", "start", "end"})
_WAY = re.compile(r"^way\s+([\d.]+)\s*%$")
_DIRECTED = re.compile(r"^(first|second)\s+(\S.*)$")


@cache
def _templates() -> Mapping[str, Mapping[str, Any]]:
    """Name -> template."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for entry in files("opir.simulate.protocols").joinpath("templates").iterdir():
        if entry.name.endswith(".yaml"):
            name = entry.name.removesuffix(".yaml")
            found[name] = yaml.load(entry.read_text(encoding="utf-8"), Loader=loader)
    return dict(sorted(found.items()))


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols, sorted."""
    return tuple(_templates())


def protocol_title(name: str) -> str:
    """What a named protocol does, in one line.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    return str(_template(name)["title"])


def _template(name: str) -> Mapping[str, Any]:
    if name not in _templates():
        raise UnknownNameError("protocol", name, _templates())
    return _templates()[name]


def named_protocol(
    name: str,
    *,
    lower: float,
    upper: float,
    capacity: float | None,
    temperature: float | None = None,
    charge_first: bool = False,
) -> Protocol:
    """A named protocol for a cell.

    Args:
        name: One of :func:`protocol_names`.
        lower, upper: Window of the cell [V].
        capacity: That C rates refer to [A h].
        temperature: [K] of the whole.
        charge_first: Whether the first half cycle charges (full cells).

    Raises:
        UnknownNameError: If there is none of that name; the nearest are listed.
        ProtocolError: If it names C rates and the cell has no capacity.
    """
    limits = CellLimits(lower, upper, capacity, temperature, charge_first)
    return fill_template(name, limits)


def fill_template(name: str, limits: CellLimits) -> Protocol:
    """A named protocol for a cell; see :func:`named_protocol`."""
    template = _template(name)
    protocol = Protocol(
        steps=[_filled(step, limits) for step in template["steps"]],
        name=name,
        capacity=limits.capacity,
        temperature=limits.temperature,
        notes=str(template["title"]),
    )
    check_window(protocol, limits)
    return protocol


def _filled(step: Mapping[str, Any], limits: CellLimits) -> dict[str, Any]:
    filled = dict(step)
    for key, value in step.items():
        if key == "steps":
            filled[key] = [_filled(inner, limits) for inner in value]
        elif key in _VOLTAGES and isinstance(value, str):
            filled[key] = _voltage(value, limits)
        elif key == "current":
            filled[key] = _current(value, limits)
    return filled


def _voltage(text: str, limits: CellLimits) -> float | str:
    if text in ("lower", "upper", "first_end", "second_end"):
        return float(getattr(limits, text))
    match = _WAY.match(text)
    if match is None:
        return text
    share = float(match[1]) / 100
    return round(limits.second_end + share * (limits.first_end - limits.second_end), 6)


def _current(text: Any, limits: CellLimits) -> str:
    match = _DIRECTED.match(str(text))
    if match is None:
        raise FormatError(
            f"the current {text!r} of a template has no direction",
            remedy="Write 'first C/10' or 'second C/10'",
        )
    charges = (match[1] == "first") == limits.charge_first
    return match[2] if charges else f"-{match[2]}"
