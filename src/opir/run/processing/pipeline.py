"""Steps in a row: from a list, from JSON, or from what was done to other data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opir.errors import FormatError, HistoryError, OptionError
from opir.run.processing.base import PROCESSING, Data, check_parameters
from opir.run.spectral import SpectralData

__all__ = ["Pipeline", "process"]


@dataclass(frozen=True)
class Pipeline:
    """Processing steps to be done one after the other, to any spectrum or run.

    Attributes:
        steps: Name and parameters of each.

    Raises:
        UnknownNameError: If there is no step of that name; the nearest are listed.
        OptionError: If a step has no such parameter.
    """

    steps: tuple[str | tuple[str, Mapping[str, Any]], ...] = ()

    def __post_init__(self) -> None:
        steps = []
        for number, item in enumerate(self.steps):
            name, parameters = (item, {}) if isinstance(item, str) else _pair(item, number)
            check_parameters(name, parameters)
            steps.append((name, parameters))
        object.__setattr__(self, "steps", tuple(steps))

    @property
    def _pairs(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        return tuple((item, {}) if isinstance(item, str) else item for item in self.steps)

    def __call__(self, data: Data) -> Data:
        """The data after all steps; each is recorded in their history."""
        for name, parameters in self._pairs:
            data = PROCESSING[name].function(data, **parameters)
        return data

    @classmethod
    def from_history(cls, data: SpectralData) -> Pipeline:
        """What was done to these data, to be done to others in the same way.

        Reading and notes are passed over.

        Raises:
            HistoryError: If a step used a spectrum that the history does not hold.
        """
        steps: list[tuple[str, Mapping[str, Any]]] = []
        for step in data.history:
            if step.name not in PROCESSING:
                continue
            if step.parameters.get("reference") == "given":
                raise HistoryError(
                    f"the step {step.name!r} used a given spectrum, which the history lacks",
                    remedy="Build the pipeline from a list and give the spectrum there",
                )
            parameters = {k: v for k, v in step.parameters.items() if k != "from"}
            steps.append((step.name, parameters))
        return cls(tuple(steps))

    def to_json(self) -> str:
        """The steps as JSON.

        Raises:
            OptionError: If a parameter is no JSON value (a spectrum).
        """
        try:
            return json.dumps([{"step": n, "parameters": dict(p)} for n, p in self._pairs])
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"a parameter cannot be written as JSON ({error})", remedy="Give numbers and texts"
            ) from error

    @classmethod
    def from_json(cls, text: str) -> Pipeline:
        """The steps from :meth:`to_json`.

        Raises:
            FormatError: If it is not a JSON list of steps.
            UnknownNameError, OptionError: See the class.
        """
        try:
            items = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise FormatError("the text is not JSON") from error
        if not isinstance(items, list) or not all(
            isinstance(item, dict)
            and isinstance(item.get("step"), str)
            and isinstance(item.get("parameters", {}), dict)
            for item in items
        ):
            raise FormatError(
                "the text is not a list of steps",
                remedy='Write [{"step": "cut", "parameters": {"low": 900, "high": 1500}}]',
            )
        return cls(tuple((item["step"], item.get("parameters", {})) for item in items))


def _pair(item: Any, number: int) -> tuple[str, dict[str, Any]]:
    try:
        name, parameters = item
        return str(name), dict(parameters)
    except (TypeError, ValueError):
        raise OptionError(
            f"{item!r} is not a step",
            place=f"step {number}",
            remedy="Give a name, or a name and a dict of parameters",
        ) from None


def process(data: Data, steps: Iterable[str | tuple[str, Mapping[str, Any]]] | Pipeline) -> Data:
    """Do processing steps one after the other.

    Args:
        data: Spectrum or run.
        steps: Names, or names with their parameters; or a pipeline.

    Raises:
        UnknownNameError, OptionError: See :class:`Pipeline`; and what the steps raise.
    """
    return (steps if isinstance(steps, Pipeline) else Pipeline(tuple(steps)))(data)
