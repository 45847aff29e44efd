"""What a method is that names the reactions of a run, and what all of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opir.pathways.point_noise import noise_of
from opir.run import Run

__all__ = ["Answer", "Choice", "Evidence", "Method", "absorbance_of", "known_voltage"]

Array = NDArray[np.float64]
Evidence = dict[str, Any]
Choice = Mapping[str, Any]

_SATURATED = 3.0
"""Absorbance of which nothing can be told, as in :mod:`opir.pathways.recovery`."""


@dataclass(frozen=True)
class Answer:
    """What a method says of a run.

    Attributes:
        reactions: Reaction named -> potential of its onset [V], None where it gives none.
        species: Species named.
    """

    reactions: Mapping[str, float | None] = field(default_factory=dict)
    species: frozenset[str] = frozenset()


class Method(ABC):
    """A method: first it looks at a run, which takes time, then it answers by its limits.

    Attributes:
        name: Of its row in the table.
        evidence: Name under which its looks are kept; methods that only answer differently share
            them.
        title: In words.
        choices: Limits to choose from on validation runs; one where nothing is to be chosen.
    """

    name: ClassVar[str]
    evidence: ClassVar[str]
    title: ClassVar[str]
    choices: ClassVar[tuple[Choice, ...]] = ({},)

    @abstractmethod
    def look(self, run: Run) -> Evidence:
        """All that an answer needs, JSON values.

        Raises:
            OpirError: If nothing can be told of this run.
        """

    @abstractmethod
    def answer(self, evidence: Evidence, choice: Choice) -> Answer:
        """The answer by the limits of a choice."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Let go of what it holds, such as processes."""


def absorbance_of(run: Run) -> tuple[Array, Array, Array]:
    """Spectra without what is saturated ``[time, wavenumber]``, their axis, and noise of a point.

    The last two are of shape ``[wavenumber]``.
    """
    values = np.asarray(run.values, dtype=np.float64)
    kept = (values < _SATURATED).all(axis=0)
    values, axis = values[:, kept], np.asarray(run.wavenumber, dtype=np.float64)[kept]
    noise, _ = noise_of(values, axis, forecast=run.origin == "forecast")
    return values, axis, noise


def known_voltage(run: Run) -> Array | None:
    """The voltage as recorded [V] ``[time]``, None where none was."""
    voltage = run.on_time("voltage")
    if voltage is None or not np.isfinite(voltage).any():
        return None
    return np.asarray(voltage, dtype=np.float64)
