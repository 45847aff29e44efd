"""Water vapour and carbon dioxide in the beam, against the reference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
import yaml

from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene
from opir.simulate.instrument.effects.smooth_process import smooth_process

__all__ = ["GASES", "Vapour", "unit_spectrum"]

GASES = ("water", "carbon_dioxide")

_SIGMA = float(2 * np.sqrt(2 * np.log(2)))


@dataclass(frozen=True)
class Vapour(Effect):
    """Sharp lines whose amount wanders smoothly; below the reference's amount they are negative.

    The lines (``data/lines.yaml``, recalled positions and strengths) are Gauss shaped with the
    resolution as width: their own width is far less. Amount = its mean (normal, drawn once)
    + a smooth course, each of deviation amount / sqrt(2).

    Attributes:
        water: Deviation of the strongest water line seen, absorbance.
        carbon_dioxide: Deviation of the strongest CO2 branch, absorbance.
        resolution: FWHM of a line as it is seen, cm-1.
        correlation_time: Of the course [s].
    """

    name: ClassVar[str] = "vapour"
    water: float = 3e-4
    carbon_dioxide: float = 3e-4
    resolution: float = 4.0
    correlation_time: float = 3 * 3600.0

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; draws ``vapour.<gas>``, the amount averaged over the run."""
        axis = scene.wavenumber.tobytes()
        out = absorbance
        for gas, deviation in zip(GASES, (self.water, self.carbon_dioxide), strict=True):
            course = generator.standard_normal() + smooth_process(
                scene.time, self.correlation_time, generator
            )
            amount = deviation / np.sqrt(2) * course
            draws[f"vapour.{gas}"] = float(amount.mean())
            seen = unit_spectrum(axis, gas, self.resolution)
            if seen.any():
                out = out + np.multiply.outer(amount, seen)
        return out


@lru_cache(maxsize=32)
def unit_spectrum(axis: bytes, gas: str, resolution: float) -> Array:
    """Spectrum of a gas [wavenumber]; 1 (to 0.1 %) at its highest, on this axis or off it.

    Args:
        axis: Bytes of the float64 axis, cm-1.
        gas: One of :data:`GASES`.
        resolution: FWHM of a line, cm-1; at least 0.1 is used.
    """
    wavenumber = np.frombuffer(axis)
    lines = np.array(_lines()[gas], dtype=np.float64)
    own = lines[:, 2] if lines.shape[1] > 2 else np.zeros(len(lines))
    width = np.sqrt(np.maximum(resolution, 0.1) ** 2 + own**2)
    step = max(resolution, 0.4) / 20
    everywhere = np.arange(lines[:, 0].min() - 20, lines[:, 0].max() + 20, step)
    peak = float(_sum(everywhere, lines, width).max())
    found = _sum(wavenumber, lines, width) / peak
    found.flags.writeable = False
    return found


def _sum(wavenumber: Array, lines: Array, width: Array) -> Array:
    """Gauss lines of area strength (or of height strength where they have a width)."""
    height = lines[:, 1] if lines.shape[1] > 2 else lines[:, 1] / width
    x = (wavenumber[None, :] - lines[:, 0, None]) / (width[:, None] / _SIGMA)
    found: Array = height @ np.exp(-0.5 * x * x)
    return found


@lru_cache(maxsize=1)
def _lines() -> dict[str, list[list[float]]]:
    text = files("opir.simulate.instrument").joinpath("data/lines.yaml").read_text("utf-8")
    found: dict[str, list[list[float]]] = yaml.safe_load(text)
    return found


EFFECTS.add(Vapour.name, Vapour)
