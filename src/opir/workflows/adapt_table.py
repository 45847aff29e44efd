"""The errors of forecasts before and after a model was adapted, as text and as CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.files import atomic_path
from opir.metrics import Interval, bootstrap

__all__ = ["Comparison", "write_comparison"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Errors on what was held back.

    Attributes:
        errors: ``persistence``, ``before`` and ``after`` -> mean absolute error of each held-back
            window over the frames that are judged, in the unit of the spectra, ``[window]``. Where
            these are the later frames of the only run, persistence is that of the last frame
            learned from, and ``before, frames given`` and ``after, frames given`` are forecasts
            that were given all frames learned from, not only the first.
        block: Run or stretch of time of each window, ``[window]``; windows of one block are not
            independent.
        origin: Of the runs.
    """

    errors: dict[str, Array]
    block: NDArray[np.int64]
    origin: str

    @property
    def blocks(self) -> int:
        """Number of runs or stretches of time."""
        return len(np.unique(self.block))

    def error(self, name: str) -> Interval:
        """Mean absolute error with its 95 % interval, blocks resampled; of one block, none."""
        return self._with_ends(self.errors[name], lambda rows: float(rows.mean()))

    def below(self, name: str, other: str) -> Interval:
        """``1 - error(name) / error(other)``, likewise; blocks are resampled in pairs."""
        pairs = np.stack([self.errors[name], self.errors[other]], axis=1)
        return self._with_ends(pairs, _below)

    def _with_ends(self, rows: Array, statistic: Any) -> Interval:
        if self.blocks > 1:
            return bootstrap(rows, self.block, statistic)
        return Interval(float(statistic(rows)), float("nan"), float("nan"))

    def __str__(self) -> str:
        head = ("forecast", "MAE", "below persistence", "below before")
        lines: list[tuple[str, ...]] = [head]
        for name in self.errors:
            shares = [
                "" if name in ("persistence", other) else _percent(self.below(name, other))
                for other in ("persistence", "before")
            ]
            lines.append((name, _number(self.error(name)), *shares))
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        table = ["  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) for line in lines]
        return "\n".join(line.rstrip() for line in table)


def write_comparison(compared: Comparison, path: Path, *, overwrite: bool = False) -> None:
    """The table as CSV; ends of intervals are empty where there are none.

    Raises:
        OutputExistsError: If the file exists and ``overwrite`` is false.
    """
    columns = ("mae", "below_persistence", "below_before")
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        ends = ("", "_lower", "_upper")
        writer.writerow(
            ["forecast", *(c + end for c in columns for end in ends), "windows", "blocks", "origin"]
        )
        for name in compared.errors:
            items = [
                compared.error(name),
                compared.below(name, "persistence"),
                compared.below(name, "before"),
            ]
            cells = [value for item in items for value in (item.value, item.lower, item.upper)]
            shown = ["" if np.isnan(cell) else repr(cell) for cell in cells]
            writer.writerow([name, *shown, len(compared.block), compared.blocks, compared.origin])


def _below(pairs: Array) -> float:
    other = float(pairs[:, 1].mean())
    return 1 - float(pairs[:, 0].mean()) / other if other else 0.0


def _number(item: Interval) -> str:
    if np.isnan(item.lower):
        return f"{item.value:.3g}"
    return f"{item.value:.3g} [{item.lower:.3g}, {item.upper:.3g}]"


def _percent(item: Interval) -> str:
    if np.isnan(item.lower):
        return f"{item.value:+.1%}"
    return f"{item.value:+.1%} [{item.lower:+.1%}, {item.upper:+.1%}]"
