"""When frames are taken: even grids and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import OptionError, UnknownNameError
from opir.simulate.instrument import acquisition_times

__all__ = ["GRIDS", "FrameGrid"]

Array = NDArray[np.float64]
Rule = Callable[[Array, int, np.random.Generator], Array]


def _scheduled(spacing: str, jitter: float, dropped: float) -> Rule:
    def times(edges: Array, count: int, generator: np.random.Generator) -> Array:
        found = acquisition_times(
            edges[-1] - edges[0], count, generator, spacing=spacing, jitter=jitter, dropped=dropped
        )
        return np.asarray(edges[0] + found)

    return times


def _per_step(edges: Array, count: int, generator: np.random.Generator) -> Array:
    """Short steps of the protocol get more frames than their share of the time, long ones less."""
    lengths = np.diff(edges) / (edges[-1] - edges[0])
    weights = (lengths + 1 / lengths.size) / 2
    passed = np.concatenate([[0.0], np.cumsum(weights)])
    return np.interp(np.linspace(0.0, passed[-1], count), passed, edges)


GRIDS: dict[str, Rule] = {
    "even": _scheduled("even", 0.0, 0.0),
    "jittered": _scheduled("even", 0.4, 0.0),
    "denser-early": _scheduled("early", 0.0, 0.0),
    "blocks": _scheduled("blocks", 0.02, 0.0),
    "dropped": _scheduled("even", 0.02, 0.15),
    "per-step": _per_step,
}
"""Kind of grid -> function of the edges of the protocol's steps [s], the number of frames and a
generator, giving times from the first edge to the last."""


@dataclass(frozen=True)
class FrameGrid:
    """A rule for acquisition times, for runs whose length is known only when they have ended.

    Attributes:
        kind: One of :data:`GRIDS`.
        count: Number of frames.
        seed: Of the random kinds.

    Raises:
        UnknownNameError: If the kind is unknown.
        OptionError: If there are fewer than two frames.
    """

    kind: str = "even"
    count: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in GRIDS:
            raise UnknownNameError("grid of frames", self.kind, GRIDS)
        if self.count < 2:
            raise OptionError(f"{self.count} frame(s) were asked for; a run has 2 or more")

    def times(self, edges: ArrayLike) -> Array:
        """Acquisition times, strictly rising, shape ``[count]`` [s].

        Args:
            edges: Where the steps of the protocol begin, and the end, rising, shape ``[step + 1]``
                [s]. The first and the last frame lie at the first and last edge.

        Raises:
            OptionError: If the edges do not rise.
        """
        bounds = np.unique(np.asarray(edges, dtype=np.float64))
        if bounds.size < 2 or not np.isfinite(bounds).all():
            raise OptionError("the edges of the steps do not rise")
        times = GRIDS[self.kind](bounds, self.count, np.random.default_rng(self.seed))
        times[0], times[-1] = bounds[0], bounds[-1]
        return times
