"""How a training went, from its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opir.errors import FormatError
from opir.files import read_text
from opir.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["training_figure"]

_BESIDE = ("step", "steps", "validation_mae", "processor_seconds")


def training_figure(log: Path | str, *, text: str) -> Figure:
    """Error on the validation windows, and the terms of the loss, over the steps.

    Args:
        log: JSON-lines log of :func:`opir.training.loop.train`; of a step that was done again after
            a stop, the last line counts.
        text: Title.

    Raises:
        FormatError: If the file is no such log, or holds no line.
    """
    found = {}
    for number, line in enumerate(read_text(Path(log)).splitlines(), start=1):
        try:
            row = json.loads(line)
            found[int(row["step"])] = row
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(
                "the line is none of a training's log", path=log, place=f"line {number}"
            ) from error
    if not found:
        raise FormatError("the log is empty", path=log, remedy="Train for some more steps")
    steps = sorted(found)
    rows = [found[step] for step in steps]
    figure = new_figure(7.0, 6.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    errors = np.array([row.get("validation_mae") or np.nan for row in rows], dtype=np.float64)
    upper.plot(steps, errors, color="black", marker=".")
    if np.isfinite(errors).any():
        best = int(np.nanargmin(errors))
        upper.plot(steps[best], errors[best], "o", mfc="none", color=COLOURS[1], ms=10)
        upper.set_title(f"{text}; best at step {steps[best]:,}", loc="left", fontsize=10)
    upper.set_ylabel("Mean absolute error\non validation windows")
    names = [name for name in rows[0] if name not in _BESIDE]
    for number, name in enumerate(names):
        values = np.array([row.get(name) or np.nan for row in rows], dtype=np.float64)
        lower.plot(steps, values, color=COLOURS[number % len(COLOURS)], label=name)
    lower.set_yscale("log")
    lower.set_ylabel("Terms of the loss, one step each")
    lower.set_xlabel("Step")
    lower.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
