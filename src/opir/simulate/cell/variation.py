"""Cell-to-cell variation: every constant drawn around its value, and the draws recorded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError, UnknownNameError

__all__ = ["Draws", "Spreads", "default_spreads"]


@dataclass(frozen=True)
class Spreads:
    """How far cells differ.

    Attributes:
        relative: Kind of constant -> standard deviation of its logarithm.
        absolute: Kind of constant -> standard deviation in its unit.
    """

    relative: Mapping[str, float]
    absolute: Mapping[str, float]

    def __post_init__(self) -> None:
        for kind, value in {**self.relative, **self.absolute}.items():
            if not 0 <= value < np.inf:
                raise OptionError(
                    f"the spread of {kind} is {value}", remedy="Give a number from 0 on"
                )

    def scaled(self, factor: float) -> Spreads:
        """All spreads times a factor; 0 for cells that are all alike."""
        return Spreads(
            {kind: value * factor for kind, value in self.relative.items()},
            {kind: value * factor for kind, value in self.absolute.items()},
        )


@cache
def default_spreads() -> Spreads:
    """The spreads of ``variation.toml`` (all guessed, see there)."""
    text = (Path(__file__).parent / "variation.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Spreads(data["relative"], data["absolute"])


@dataclass
class Draws:
    """Draws of one cell's constants, by name.

    Attributes:
        generator: Where the standard normal numbers come from.
        spreads: How far cells differ.
        values: What was drawn: name -> factor (relative) or difference (absolute).
        kept: Draws that are known: name -> value, as in ``values``. They are taken in place of
            what the generator gives; the others come out as they would without.
    """

    generator: np.random.Generator
    spreads: Spreads = field(default_factory=default_spreads)
    values: dict[str, float] = field(default_factory=dict)
    kept: Mapping[str, float] = field(default_factory=dict)

    def factor(self, kind: str, name: str = "") -> float:
        """A log-normal factor of median 1 for a constant of that kind.

        Raises:
            UnknownNameError: If the kind has no spread.
        """
        return float(self.factors(kind, [name])[0])

    def difference(self, kind: str, name: str = "") -> float:
        """A normal difference of mean 0 for a constant of that kind, in its unit.

        Raises:
            UnknownNameError: If the kind has no spread.
        """
        return float(self.differences(kind, [name])[0])

    def factors(self, kind: str, names: list[str]) -> NDArray[np.float64]:
        """One factor for each name, ``[name]``."""
        spread = _of(self.spreads.relative, kind)
        return self._keep(kind, names, np.exp(spread * self._normal(len(names))))

    def differences(self, kind: str, names: list[str]) -> NDArray[np.float64]:
        """One difference for each name, ``[name]``."""
        spread = _of(self.spreads.absolute, kind)
        return self._keep(kind, names, spread * self._normal(len(names)))

    def _normal(self, number: int) -> NDArray[np.float64]:
        return np.clip(self.generator.standard_normal(number), -4.0, 4.0)

    def _keep(
        self, kind: str, names: list[str], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        for place, name in enumerate(names):
            label = f"{kind}: {name}" if name else kind
            values[place] = self.kept.get(label, values[place])
            self.values[label] = float(values[place])
        return values


def _of(spreads: Mapping[str, float], kind: str) -> float:
    if kind not in spreads:
        raise UnknownNameError("kind of constant", kind, spreads)
    return spreads[kind]
