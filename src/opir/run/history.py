"""What was done to the data: one record per processing step, kept with the data.

The record is a JSON line in the ``history`` attribute of the dataset. A step that can be undone
leaves what it needs for that as variables named ``undo_<number>_<name>``; the step after which
nothing before can be undone any more drops them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from opir.errors import FormatError

__all__ = ["Step", "format_history", "parse_history", "undo_variables"]


@dataclass(frozen=True)
class Step:
    """One processing step.

    Attributes:
        name: Registered name of the step, or of the action (``"read"``).
        parameters: Its parameters, JSON values.
        undoable: Whether it can be undone from what the dataset holds.
    """

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    undoable: bool = False

    def __str__(self) -> str:
        inner = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        return f"{self.name}({inner})"


def format_history(steps: tuple[Step, ...]) -> str:
    """Steps as text, one JSON line each."""
    return "\n".join(
        json.dumps({"step": s.name, "parameters": s.parameters, "undoable": s.undoable})
        for s in steps
    )


def parse_history(text: str) -> tuple[Step, ...]:
    """Steps from the text of :func:`format_history`; foreign lines become ``note`` steps.

    Raises:
        FormatError: If a line is JSON, but not of a step.
    """
    steps = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = {"step": "note", "parameters": {"text": line}}
        if not isinstance(record, dict) or not isinstance(record.get("step"), str):
            raise FormatError("the line is not a processing step", place=f"history line {number}")
        parameters = record.get("parameters") or {}
        steps.append(Step(record["step"], dict(parameters), bool(record.get("undoable"))))
    return tuple(steps)


def undo_variables(dataset: xr.Dataset, number: int | None = None) -> dict[str, xr.DataArray]:
    """The variables that undoing needs: of step ``number`` by short name, or all by full name."""
    if number is None:
        return {str(k): v for k, v in dataset.data_vars.items() if str(k).startswith("undo_")}
    prefix = f"undo_{number}_"
    return {
        str(k)[len(prefix) :]: v for k, v in dataset.data_vars.items() if str(k).startswith(prefix)
    }
