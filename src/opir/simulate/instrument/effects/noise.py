"""Detector noise: the same in intensity, so more in absorbance where little light is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from opir.errors import ValueRangeError
from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene
from opir.simulate.instrument.effects.throughput import Throughput

__all__ = ["Noise"]

_DARKEST = 4.0


@dataclass(frozen=True)
class Noise(Effect):
    """Normal noise of standard deviation per_scan 10^A / (throughput sqrt(scans)).

    First order of A = -log10(I / I0) with noise of constant deviation in I. The reference
    spectrum I0 has its own, drawn once and the same in all frames; it goes away in difference
    spectra. Above A = 4 the noise grows no further.

    Attributes:
        per_scan: Deviation of the absorbance in one scan at the best throughput.
        scans: Averaged per frame.
        reference_scans: Averaged for the reference; 0 for a perfect one.
        spread: Relative (log-normal) spread of ``per_scan`` from run to run.
        throughput: The single-channel spectrum.
    """

    name: ClassVar[str] = "noise"
    per_scan: float = 1.4e-3
    scans: int = 48
    reference_scans: int = 128
    spread: float = 0.2
    throughput: Throughput = field(default_factory=Throughput)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scans < 1:
            raise ValueRangeError(f"{self.scans} scans", remedy="Average at least one scan")

    def deviation(self, wavenumber: Array) -> Array:
        """Standard deviation of one frame where nothing absorbs [wavenumber]."""
        found: Array = self.per_scan / np.sqrt(self.scans) / self.throughput.relative(wavenumber)
        return found

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; draws ``noise.level``, the factor on ``per_scan``."""
        level = float(np.exp(self.spread * generator.standard_normal()))
        draws["noise.level"] = level
        base = level * self.deviation(scene.wavenumber)
        out = generator.standard_normal(absorbance.shape)
        dark = np.clip(absorbance, -_DARKEST, _DARKEST)
        dark *= np.log(10)
        np.exp(dark, out=dark)
        out *= dark
        out *= base
        if self.reference_scans:
            share = np.sqrt(self.scans / self.reference_scans)
            out += share * base * generator.standard_normal(base.size)
        out += absorbance
        return out


EFFECTS.add(Noise.name, Noise)
