"""Steps to and from PyBaMM experiment strings, for the kinds that both know.

The strings are the public ones of ``pybamm.step.string``. PyBaMM counts discharge as positive, we
count charge as positive; the words ``Charge`` and ``Discharge`` carry the sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from opir.errors import OpirError, ProtocolError
from opir.protocol.base import PlainStep, Step
from opir.protocol.rates import CRate, parse_current
from opir.protocol.steps import ConstantCurrent, ConstantVoltage, Cycle, Gitt, Rest
from opir.quantities import parse

__all__ = ["from_string", "from_strings", "to_strings"]

_STRING = re.compile(
    r"^\s*(?P<verb>charge|discharge|hold|rest)"
    r"(?:\s+at\s+(?P<value>.+?))?"
    r"(?:\s+for\s+(?P<duration>.+?))?"
    r"(?:(?:\s+or)?\s+until\s+(?P<until>.+?))?"
    r"(?:\s+at\s+(?P<temperature>[-+.\d]+)\s*(?:oC|°C|degC))?"
    r"\s*(?:\(.*period\))?\s*$",
    re.IGNORECASE,
)

_KNOWN = (
    "Known are 'Charge|Discharge at <current> [for <time>] [or until <voltage>]', "
    "'Hold at <voltage> [for <time>] [or until <current>]' and 'Rest for <time>'"
)


def from_string(text: str) -> Step:
    """A step from an experiment string; an output period in brackets says nothing to the cell.

    Raises:
        ProtocolError: If it is not one of the kinds that both know.
    """
    match = _STRING.match(text)
    if match is None:
        raise ProtocolError(f"the experiment string {text!r} is not known here", remedy=_KNOWN)
    part = match.groupdict()
    verb = part["verb"].lower()
    duration = part["duration"]
    if duration and not re.match(r"^[-+.\d]", duration):
        raise ProtocolError(f"{duration!r} in {text!r} is not a time", remedy=_KNOWN)
    common = {
        "duration": duration,
        "temperature": None if not part["temperature"] else f"{part['temperature']} degC",
    }
    try:
        if verb == "rest":
            if part["value"] or part["until"] or not duration:
                raise ProtocolError(f"{text!r} is not a rest for a time", remedy=_KNOWN)
            return Rest(**common)
        if not part["value"]:
            raise ProtocolError(f"{text!r} does not say at what", remedy=_KNOWN)
        if verb == "hold":
            return ConstantVoltage(
                voltage=_with_unit(part["value"], "voltage", text),
                until_current=_with_unit(part["until"], "current", text),
                **common,
            )
        current = parse_current(part["value"]) if _is(part["value"], "current") else None
        if current is None or (current.rate if isinstance(current, CRate) else current) < 0:
            raise ProtocolError(
                f"{part['value']!r} in {text!r} is not the size of a current",
                remedy="Power, resistance and drive cycles have no step here. " + _KNOWN,
            )
        if verb == "discharge":
            current = CRate(-current.rate) if isinstance(current, CRate) else -current
        return ConstantCurrent(
            current=current, until_voltage=_with_unit(part["until"], "voltage", text), **common
        )
    except ProtocolError:
        raise
    except OpirError as error:
        raise ProtocolError(f"{text!r}: {error.problem}", remedy=error.remedy) from error


def _is(text: str, name: str) -> bool:
    try:
        parse_current(text) if name == "current" else parse(text, name)
    except ProtocolError:
        raise
    except OpirError:
        return False
    return not re.fullmatch(r"\s*[-+.\deE]+\s*", text)


def _with_unit(value: str | None, name: str, text: str) -> str | None:
    if value is None:
        return None
    if not _is(value, name):
        raise ProtocolError(f"{value!r} in {text!r} is not a {name} with a unit", remedy=_KNOWN)
    return value


def from_strings(steps: Iterable[str | Sequence[str]]) -> list[Step]:
    """Steps from experiment strings; tuples are cycles, equal ones in a row are repeated.

    Raises:
        ProtocolError: If one is not of the kinds that both know.
    """
    if isinstance(steps, str):
        steps = [steps]
    found: list[Step] = []
    items = [step if isinstance(step, str) else tuple(step) for step in steps]
    for item, group in groupby(items):
        repeats = len(list(group))
        if isinstance(item, tuple):
            for text in item:
                if not isinstance(text, str):
                    raise ProtocolError(
                        f"{text!r} is not an experiment string", remedy="Give strings in tuples"
                    )
            found.append(Cycle(repeats=repeats, steps=[from_string(text) for text in item]))
        else:
            found += [from_string(item)] * repeats
    return found


def to_strings(steps: Iterable[Step]) -> list[str | tuple[str, ...]]:
    """Experiment strings of steps; cycles become tuples.

    Raises:
        ProtocolError: If a step has no counterpart.
    """
    found: list[str | tuple[str, ...]] = []
    for number, step in enumerate(steps):
        place = f"steps[{number}]"
        if isinstance(step, (Cycle, Gitt)):
            once = step.model_copy(update={"repeats": 1})
            found += [tuple(_string(leaf, at) for at, leaf in once.leaves(place))] * step.repeats
        else:
            found.append(_string(step, place))
    return found


def _string(step: Step, place: str) -> str:
    from opir.protocol.text import quantity_text

    if isinstance(step, Rest):
        text = f"Rest for {_hours(step.duration)}"
    elif isinstance(step, ConstantCurrent):
        current = step.current
        negative = (current.rate if isinstance(current, CRate) else current) < 0
        size = CRate(abs(current.rate)) if isinstance(current, CRate) else abs(current)
        text = f"{'Discharge' if negative else 'Charge'} at {quantity_text(size, 'current')}"
        text += _ending(step.duration, step.until_voltage, "voltage")
    elif isinstance(step, ConstantVoltage):
        text = f"Hold at {quantity_text(step.voltage, 'voltage')}"
        text += _ending(step.duration, step.until_current, "current")
    else:
        raise ProtocolError(
            f"PyBaMM's experiment strings have no {step.KIND}",
            place=place,
            remedy="Give PyBaMM its sampled voltage or current as a drive cycle",
        )
    if isinstance(step, PlainStep) and step.temperature is not None:
        text += f" at {step.temperature - 273.15:.10g}oC"
    return text


def _ending(duration: float | None, cutoff: float | CRate | None, name: str) -> str:
    from opir.protocol.text import quantity_text

    text = "" if duration is None else f" for {_hours(duration)}"
    if cutoff is not None:
        text += (" or" if duration is not None else "") + f" until {quantity_text(cutoff, name)}"
    return text


def _hours(duration: float) -> str:
    from opir.protocol.text import quantity_text

    number, unit = quantity_text(duration, "time").rsplit(" ", 1)
    words = {"h": "hour", "min": "minute", "s": "second"}
    return f"{number} {words[unit]}" + ("" if number == "1" else "s")
