"""Whatever names a protocol, as a protocol that the cell allows."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from opir.errors import FormatError, OpirError, ProtocolError, UnknownNameError
from opir.files import check_regular, read_text
from opir.protocol import ConstantVoltage, Measured, Protocol, Rest, Sweep
from opir.protocol.base import Step
from opir.protocol.pybamm import from_string
from opir.protocol.text import read_mapping
from opir.quantities import parse
from opir.simulate.protocols.limits import CellLimits, check_window
from opir.simulate.protocols.named import fill_template, protocol_names

__all__ = ["parse_short", "protocol_text", "resolve_protocol"]

_NUMBER = r"[-+]?[\d.]+(?:[eE][-+]?\d+)?"
_VOLTS = rf"{_NUMBER}\s*m?V"
_SWEEP = re.compile(rf"^sweep(?:\s+from)?\s+({_VOLTS}(?:\s+to\s+{_VOLTS})+)\s+at\s+(\S.*)$", re.I)
_HOLD = re.compile(rf"^hold\s+(?:at\s+)?({_VOLTS})\s+for\s+(\S.*)$", re.I)
_REST = re.compile(rf"^rest\s+(?:for\s+)?({_NUMBER}.*)$", re.I)
_VERB = re.compile(r"^\s*(sweep|hold|rest|charge|discharge)\b\s*\S", re.I)
_MAPPING = re.compile(r"^(\{|\w+:(\s|$))", re.M)
_FILE = re.compile(r"[/\\]|\.[A-Za-z]\w{1,5}$")


def resolve_protocol(
    given: str | Path | Protocol,
    limits: CellLimits,
    *,
    duration: float | str | None = None,
) -> Protocol:
    """A protocol that the cell allows.

    Args:
        given: A protocol, or its YAML; the name of one, see :func:`protocol_names`; a text such as
            ``"sweep 1.2 V to 0.01 V at 30 mV/min; rest 1 h"`` or ``"Discharge at C/10 until
            0.01 V"``; a file of a protocol (YAML, JSON); or any file of a cycler that opir
            reads, whose voltage is then imposed (its current, where it has no voltage).
        limits: Of the cell.
        duration: Use only so much of a measured file [s, or a text with a unit].

    Returns:
        The protocol, with the capacity and temperature of the cell where it has none.

    Raises:
        UnknownNameError: If it is no name, text or file; the nearest names are listed.
        ProtocolError: If a voltage is outside the window, a measured file is shorter than
            ``duration`` or has holes, or the text is not understood.
        FormatError: If the file cannot be read.
    """
    protocol = _found(given, limits)
    if duration is not None:
        protocol = _shortened(protocol, parse(duration, "time"))
    added: dict[str, Any] = {}
    if protocol.capacity is None and limits.capacity is not None:
        added["capacity"] = limits.capacity
    if protocol.temperature is None and limits.temperature is not None:
        added["temperature"] = limits.temperature
    protocol = _changed(protocol, added) if added else protocol
    check_window(protocol, limits)
    return protocol


def _found(given: str | Path | Protocol, limits: CellLimits) -> Protocol:
    if isinstance(given, Protocol):
        return given
    if isinstance(given, Path):
        return _from_file(given, limits)
    text = str(given).strip()
    if _MAPPING.match(text):
        return _from_text(text, limits)
    if text in protocol_names():
        return fill_template(text, limits)
    if _VERB.match(text):
        return Protocol(steps=parse_short(text), capacity=limits.capacity, name=text)
    if _FILE.search(text) or Path(text).is_file():
        return _from_file(Path(text), limits)
    raise UnknownNameError("protocol", text, protocol_names())


def parse_short(text: str) -> list[Step]:
    """Steps from a short text, separated by ``;`` or ``then``.

    ``sweep 1.2 V to 0.01 V at 30 mV/min``, ``sweep 2 V to 0 V to 2 V at 1 mV/s``, ``hold 0.1 V for
    2 h``, ``rest 10 h``, and PyBaMM's experiment strings.

    Raises:
        ProtocolError: If a part is not understood.
    """
    found: list[Step] = []
    for part in filter(None, (p.strip() for p in re.split(r";|\bthen\b", text))):
        if match := _SWEEP.match(part):
            corners = re.split(r"\s+to\s+", match[1], flags=re.I)
            found += [Sweep(start=a, end=b, rate=match[2]) for a, b in itertools.pairwise(corners)]
        elif match := _HOLD.match(part):
            found.append(_hold(part, match[1], match[2]))
        elif match := _REST.match(part):
            found.append(Rest(duration=match[1]))
        elif part.lower().startswith("sweep"):
            raise ProtocolError(
                f"the sweep {part!r} is not understood",
                remedy="Write 'sweep 1.2 V to 0.01 V at 30 mV/min'",
            )
        else:
            found.append(from_string(part))
    return found


def _hold(part: str, voltage: str, rest: str) -> Step:
    if "until" in rest:
        return from_string(part if "at" in part.split()[1:2] else part.replace("hold", "hold at"))
    return ConstantVoltage(voltage=voltage, duration=rest)


def _from_file(path: Path, limits: CellLimits) -> Protocol:
    check_regular(path)
    try:
        if path.suffix.lower() in (".yaml", ".yml", ".json"):
            return _from_text(read_text(path), limits)
        return _from_record(path)
    except OpirError as error:
        raise error.at(path=path) from None


def _from_text(text: str, limits: CellLimits) -> Protocol:
    fields = read_mapping(text, list(Protocol.model_fields))
    if limits.capacity is not None:
        fields.setdefault("capacity", limits.capacity)
    return Protocol(**fields)


def protocol_text(given: str | Path) -> str:
    """A name or short text as it is; a file as the text of its protocol.

    What :func:`resolve_protocol` makes of it later does not depend on the file any more.

    Raises:
        FormatError, ProtocolError: If the file cannot be read.
    """
    text = str(given).strip()
    if not isinstance(given, Path):
        if text in protocol_names() or _VERB.match(text) or _MAPPING.match(text):
            return text
        if not (_FILE.search(text) or Path(text).is_file()):
            return text
    path = check_regular(text)
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return read_text(path)
    return _from_record(path).to_text()


def _from_record(path: Path) -> Protocol:
    """What a cycler recorded, from its first row on."""
    from opir.run import Electrochemistry, Run
    from opir.run.readers import read

    data = read(path)
    columns: dict[str, np.ndarray[Any, Any]] = {}
    if isinstance(data, (Electrochemistry, Run)):
        for name in ("voltage", "current", "temperature"):
            column = data.column(name) if isinstance(data, Electrochemistry) else data.on_time(name)
            if column is not None and np.isfinite(column).any():
                columns[name] = column
    driving = next((name for name in ("voltage", "current") if name in columns), None)
    if driving is None or not isinstance(data, (Electrochemistry, Run)):
        raise FormatError(
            "the file holds no voltage and no current over time",
            remedy="Give a cycler's file, or a protocol as YAML",
        )
    bad = np.isnan(columns[driving])
    if bad.any():
        row = int(np.argmax(bad))
        raise ProtocolError(
            f"the {driving} is missing in {int(bad.sum())} of {bad.size} rows",
            place=f"{driving}[{row}], {data.time[row]:g} s",
            remedy="Cut the file to a part without holes",
        )
    time = data.time - data.time[0]
    kept: dict[str, Any] = {driving: columns[driving]}
    temperature = columns.get("temperature")
    if temperature is not None and np.isfinite(temperature).all():
        kept["temperature"] = temperature
    return Protocol.from_measured(time, **kept, name=path.stem, notes=f"measured: {path.name}")


def _shortened(protocol: Protocol, duration: float) -> Protocol:
    if len(protocol.steps) != 1 or not isinstance(protocol.steps[0], Measured):
        raise ProtocolError(
            "a duration is given for measured files only; steps say how long they last",
            remedy="Change the durations of the steps",
        )
    whole = protocol.duration
    if duration > whole * (1 + 1e-9):
        raise ProtocolError(
            f"a duration of {duration:g} s was asked for, and the data last {whole:g} s",
            remedy="Ask for less, or record for longer",
        )
    if not duration > 0:
        raise ProtocolError("the duration is not above 0")
    step = protocol.steps[0]
    times = np.array(step.time)
    end = min(times[0] + duration, times[-1])
    last = int(np.searchsorted(times, end, side="left"))
    columns: dict[str, Any] = {"time": (*times[:last].tolist(), float(end))}
    for name, values in step.columns().items():
        if values is not None:
            column = np.array([math.nan if v is None else v for v in values])
            share = (end - times[last - 1]) / (times[last] - times[last - 1])
            value = column[last - 1] * (1 - share) + column[last] * share
            shown = [*column[:last].tolist(), float(value)]
            columns[name] = [None if math.isnan(v) else v for v in shown]
    cut = Measured(**columns, longest_gap=step.longest_gap)
    return _changed(protocol, {"steps": (cut,)})


def _changed(protocol: Protocol, fields: Mapping[str, Any]) -> Protocol:
    """The protocol made anew, so that nothing worked out before stays with it."""
    return Protocol(
        **{name: getattr(protocol, name) for name in Protocol.model_fields} | dict(fields)
    )
