"""Interference between two faces of a window, a gap or a coating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene
from opir.simulate.instrument.effects.smooth_process import smooth_process

__all__ = ["Fringes"]

_CM = 1e-2


@dataclass(frozen=True)
class Fringes(Effect):
    """A = a cos(4 pi n d v + phase(t)): period 1 / (2 n d) in wavenumber.

    Attributes:
        amplitude: Mean a of the exponential distribution it is drawn from, absorbance.
        thickness: d [m]; drawn anew for each run with ``spread``.
        index: n.
        spread: Relative (log-normal) spread of the thickness.
        phase_drift: Deviation of the smooth drift of the phase [rad].
        correlation_time: Of that drift [s].
    """

    name: ClassVar[str] = "fringes"
    amplitude: float = 2e-4
    thickness: float = 12e-6
    index: float = 1.45
    spread: float = 0.3
    phase_drift: float = 0.8
    correlation_time: float = 5 * 3600.0

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; draws ``fringes.amplitude``, ``.thickness``, ``.phase``."""
        amplitude = float(generator.exponential(self.amplitude))
        thickness = self.thickness * float(np.exp(self.spread * generator.standard_normal()))
        phase = float(generator.uniform(0, 2 * np.pi))
        draws |= {
            "fringes.amplitude": amplitude,
            "fringes.thickness": thickness,
            "fringes.phase": phase,
        }
        moved = phase + self.phase_drift * smooth_process(
            scene.time, self.correlation_time, generator
        )
        turn = 4 * np.pi * self.index * thickness / _CM * scene.wavenumber
        # cos(a + b) by the addition theorem: two products instead of a cosine per point
        wave = np.multiply.outer(np.cos(moved), amplitude * np.cos(turn))
        wave -= np.multiply.outer(np.sin(moved), amplitude * np.sin(turn))
        wave += absorbance
        return wave


EFFECTS.add(Fringes.name, Fringes)
