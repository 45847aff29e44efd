"""Noise that is stronger the slower: 1/f in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene
from opir.simulate.instrument.effects.throughput import Throughput

__all__ = ["Flicker"]


@dataclass(frozen=True)
class Flicker(Effect):
    """Noise of power 1 / f^exponent along the frames, independent at every wavenumber.

    White noise filtered in the frequencies of the frame number (frames are taken as even in
    time); the expected variance, averaged over the run, is ``deviation`` squared over throughput
    squared. The mean over the run stays in: frequency zero gets the power of the lowest one.

    Attributes:
        deviation: Standard deviation of the absorbance at the best throughput.
        exponent: 0 white, 1 flicker, 2 like a random walk.
        throughput: The single-channel spectrum.
    """

    name: ClassVar[str] = "flicker"
    deviation: float = 3e-4
    exponent: float = 1.0
    throughput: Throughput = field(default_factory=Throughput)

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; only noise is drawn."""
        number = absorbance.shape[0]
        frequency = np.maximum(np.arange(number // 2 + 1), 1) / number
        gain = frequency ** (-self.exponent / 2)
        twice = np.full(gain.size, 2.0)
        twice[0] = 1.0
        if number % 2 == 0:
            twice[-1] = 1.0
        gain = gain / np.sqrt((twice * gain**2).sum() / number)
        white = np.fft.rfft(generator.standard_normal(absorbance.shape), axis=0)
        noise = np.fft.irfft(white * gain[:, None], n=number, axis=0)
        noise *= self.deviation / self.throughput.relative(scene.wavenumber)
        noise += absorbance
        return np.asarray(noise, dtype=np.float64)


EFFECTS.add(Flicker.name, Flicker)
