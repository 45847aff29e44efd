"""One line that says how far a long job is and how long it will take."""

from __future__ import annotations

import math
import sys
import time
from typing import TextIO

__all__ = ["Progress"]


class Progress:
    """Prints to a terminal in place, to a file not at all.

    Args:
        total: Number of steps.
        done: Steps done before (a resumed job).
        unit: What a step is called.
        stream: Where to; standard error by default.
        shown: Print at all; by default only to a terminal.
    """

    def __init__(
        self,
        total: int,
        *,
        done: int = 0,
        unit: str = "step",
        stream: TextIO | None = None,
        shown: bool | None = None,
    ) -> None:
        self.total, self.first, self.unit = total, done, unit
        self.stream = stream or sys.stderr
        self.shown = self.stream.isatty() if shown is None else shown
        self.started = time.monotonic()
        self._last = 0.0

    def left(self, done: int) -> float:
        """Seconds left, by the speed so far; NaN before the first step."""
        steps = done - self.first
        if steps <= 0:
            return float("nan")
        return (time.monotonic() - self.started) / steps * (self.total - done)

    def show(self, done: int, text: str) -> None:
        """Show the state after ``done`` steps, at most ten times a second."""
        now = time.monotonic()
        if not self.shown or (now - self._last < 0.1 and done < self.total):
            return
        self._last = now
        line = f"\r{self.unit} {done}/{self.total}  {text}  {_span(self.left(done))} left"
        self.stream.write(line.ljust(78))
        if done >= self.total:
            self.stream.write("\n")
        self.stream.flush()


def _span(seconds: float) -> str:
    """``? s``, ``45 s``, ``12 min``, ``3.4 h``."""
    if not math.isfinite(seconds):
        return "? s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
