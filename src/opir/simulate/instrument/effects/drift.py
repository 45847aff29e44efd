"""The baseline walks: offset, slope and curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene

__all__ = ["Drift"]

_HOUR = 3600.0
_PARTS = ("offset", "slope", "curvature")


@dataclass(frozen=True)
class Drift(Effect):
    """Baseline a0 + a1 P1(u) + a2 P2(u), Legendre polynomials of the axis scaled to -1 ... 1.

    Each coefficient is a Brownian walk in time: the variance of its change grows as
    rate^2 times the time between. It starts at a normal draw of deviation ``initial``.

    Attributes:
        offset, slope, curvature: Rates, absorbance per square root of hour.
        initial: Deviation of each coefficient at the first frame.
    """

    name: ClassVar[str] = "drift"
    offset: float = 8e-4
    slope: float = 4e-4
    curvature: float = 2e-4
    initial: float = 1e-3

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; draws ``drift.<part>``, its change over the whole run."""
        rate = np.array([self.offset, self.slope, self.curvature]) / np.sqrt(_HOUR)
        start = self.initial * generator.standard_normal(3)
        step = np.sqrt(np.diff(scene.time))[:, None] * rate
        walk = np.zeros((scene.time.size, 3))
        np.cumsum(step * generator.standard_normal(step.shape), axis=0, out=walk[1:])
        for part, change in zip(_PARTS, walk[-1], strict=True):
            draws[f"drift.{part}"] = float(change)
        u = scene.scaled
        basis = np.stack([np.ones_like(u), u, 1.5 * u * u - 0.5])
        return np.asarray(absorbance + (start + walk) @ basis, dtype=np.float64)


EFFECTS.add(Drift.name, Drift)
