"""A protocol as a course in time: piecewise linear voltage, current and temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ProtocolError

if TYPE_CHECKING:
    from opir.protocol.base import Step

__all__ = ["CHANNELS", "Course", "Drive"]

CHANNELS = ("voltage", "current", "temperature")
"""Order of the columns in tables of a drive."""

_MOST_PIECES = 10_000_000
_TOLERANCE = 1e-9
"""Times may lie this share of the duration outside the protocol, for rounding."""


@dataclass(frozen=True)
class Drive:
    """What a protocol does to the cell at given times.

    Attributes:
        time: [s], shape ``[time]``.
        voltage: [V], shape ``[time]``; NaN where the protocol does not set it.
        current: [A], positive on charge; NaN where the protocol does not set it.
        temperature: [K]; NaN where the protocol does not say.
        step: Index into :attr:`opir.protocol.Protocol.flat`, shape ``[time]``.
    """

    time: NDArray[np.float64]
    voltage: NDArray[np.float64]
    current: NDArray[np.float64]
    temperature: NDArray[np.float64]
    step: NDArray[np.intp]

    @property
    def table(self) -> NDArray[np.float64]:
        """Voltage, current and temperature, shape ``[time, 3]``."""
        return np.stack([self.voltage, self.current, self.temperature], axis=1)


@dataclass(frozen=True)
class Course:
    """The pieces of a protocol, linear each, in order and without holes.

    Attributes:
        bounds: Beginning and end of each piece [s], shape ``[piece, 2]``.
        begin, finish: Voltage, current and temperature at its two ends, shape ``[piece, 3]``.
        step: Number of the plain step it belongs to, shape ``[piece]``.
        jumps: Times inside the protocol at which a step starts or a value may jump [s].
    """

    bounds: NDArray[np.float64]
    begin: NDArray[np.float64]
    finish: NDArray[np.float64]
    step: NDArray[np.intp]
    jumps: NDArray[np.float64]

    @classmethod
    def of_steps(
        cls,
        leaves: Sequence[tuple[str, Step]],
        *,
        start: float,
        capacity: float | None,
        temperature: float,
    ) -> Course:
        """The course of plain steps, one after the other.

        Raises:
            ProtocolError: If a step has no duration, or there are too many pieces.
        """
        parts, numbers, jumps, now, pieces = [], [], [], start, 0
        for number, (place, step) in enumerate(leaves):
            if step.length is None:
                raise ProtocolError(
                    f"only a cutoff ends this {step.KIND.replace('_', ' ')}, so how long it lasts "
                    "is not known ahead",
                    place=place,
                    remedy="Give it a maximum duration",
                )
            bounds, begin, finish = step.course(now, capacity, temperature)
            pieces += len(bounds)
            if pieces > _MOST_PIECES:
                raise ProtocolError(
                    f"the protocol has more than {_MOST_PIECES} pieces",
                    remedy="Reduce repeats or the rows of measured series",
                )
            if not len(bounds) or not bounds[0, 1] > bounds[0, 0]:
                raise ProtocolError(
                    f"{step.length:g} s is too short to be told from {now:g} s",
                    place=place,
                    remedy="Leave the step out",
                )
            parts.append((bounds, begin, finish))
            numbers.append(np.full(len(bounds), number))
            if number:
                jumps.append(bounds[:1, 0])
            jumps.append(bounds[1:, 0][_differ(finish[:-1], begin[1:])])
            now = float(bounds[-1, 1])
        return cls(
            bounds=np.concatenate([part[0] for part in parts]),
            begin=np.concatenate([part[1] for part in parts]),
            finish=np.concatenate([part[2] for part in parts]),
            step=np.concatenate(numbers).astype(np.intp),
            jumps=np.concatenate(jumps),
        )

    @property
    def start(self) -> float:
        """Its first time [s]."""
        return float(self.bounds[0, 0])

    @property
    def end(self) -> float:
        """Its last time [s]."""
        return float(self.bounds[-1, 1])

    def inside(self, times: ArrayLike) -> NDArray[np.float64]:
        """Times as an array, after a check that the protocol covers them.

        Raises:
            ProtocolError: If they are not one-dimensional, not finite or outside.
        """
        array = np.asarray(times, dtype=np.float64)
        if array.ndim != 1:
            raise ProtocolError(
                f"times have shape {array.shape}", remedy="Give them in one dimension"
            )
        slack = _TOLERANCE * (self.end - self.start)
        wrong = ~((array >= self.start - slack) & (array <= self.end + slack))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ProtocolError(
                f"{array[at]:g} s is outside the protocol, which lasts from {self.start:g} s to "
                f"{self.end:g} s",
                place=f"times[{at}]",
                remedy="Ask for times inside it, or add a step that says what comes after",
            )
        return np.clip(array, self.start, self.end)

    def at(self, times: NDArray[np.float64], side: Literal["left", "right"] = "right") -> Drive:
        """The drive at times inside; at an edge, of the step that starts or the one that ends.

        Args:
            times: Shape ``[time]`` [s].
            side: ``right``: the step that starts there; ``left``: the one that ends there.
        """
        index = np.searchsorted(self.bounds[:, 0], times, side=side) - 1
        index = np.clip(index, 0, len(self.bounds) - 1)
        low, high = self.bounds[index, 0], self.bounds[index, 1]
        share = ((times - low) / (high - low))[:, None]
        begin, finish = self.begin[index], self.finish[index]
        values = begin * (1 - share) + finish * share
        values = np.where((share == 0) | (begin == finish), begin, values)
        values = np.where(share == 1, finish, values)
        voltage, current, temperature = values.T
        return Drive(times, voltage, current, temperature, self.step[index])

    def on_grid(self, times: NDArray[np.float64], extra: NDArray[np.float64]) -> Drive:
        """The drive on rising times together with extra ones, which stand twice.

        Args:
            times: Shape ``[time]``, strictly rising.
            extra: Times that get both one-sided values; those between the first and last of
                ``times`` are used.
        """
        extra = np.unique(extra[(extra >= times[0]) & (extra <= times[-1])])
        once = np.setdiff1d(times, extra, assume_unique=True)
        left, right, plain = self.at(extra, "left"), self.at(extra, "right"), self.at(once)
        order = np.argsort(np.concatenate([once, extra, extra]), kind="stable")
        return Drive(
            *(
                np.concatenate([getattr(part, name) for part in (plain, left, right)])[order]
                for name in ("time", *CHANNELS, "step")
            )
        )

    def integrals(self, edges: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exact integrals over the intervals between strictly rising edges.

        Returns:
            Shape ``[interval, 3]`` [V s, A s, K s]; NaN where any part of it is not known.
        """
        knots = self.bounds[1:, 0]
        grid = np.unique(np.concatenate([edges, knots[(knots > edges[0]) & (knots < edges[-1])]]))
        # Each piece between neighbouring grid points is linear: its middle value is its mean.
        middle = self.at((grid[:-1] + grid[1:]) / 2).table
        areas = middle * np.diff(grid)[:, None]
        return np.add.reduceat(areas, np.searchsorted(grid, edges[:-1]), axis=0)


def _differ(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows in which values differ; two unknown ones do not."""
    found: NDArray[np.bool_] = ((left != right) & ~(np.isnan(left) & np.isnan(right))).any(axis=1)
    return found
