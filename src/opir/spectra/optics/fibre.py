"""Evanescent wave along a bare fibre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from opir.errors import ValueRangeError
from opir.spectra.optics.base import (
    _CM,
    Array,
    Geometry,
    check_angle,
    effective_thickness,
    log_slope,
    positive_axis,
)

__all__ = ["EvanescentFibre"]

_NODES = 24


@dataclass(frozen=True)
class EvanescentFibre(Geometry):
    """Meridional rays of a many-moded fibre, each a row of total reflections.

    A ray at the angle a to the axis meets the wall at 90 deg - a to its normal, every
    diameter / tan(a) of length. Power of a Lambertian source: dP ~ sin(a) cos(a) da up to
    ``largest_axis_angle`` (the numerical aperture of what launches the light, wider in a taper:
    the sine grows as the diameter shrinks). Path = length / diameter times the power-weighted mean
    of tan(a) times Harrick's effective thickness; a mean of absorbances, right while the
    modes differ little in transmission. Skew rays are left out.

    Attributes:
        element_index: n1 of the fibre glass (TAS about 2.85).
        sample_index: n2 of the sample.
        sensing_length: Bare length in the sample [m].
        diameter: Of the sensing zone [m].
        largest_axis_angle: [rad]; 0.49 (28 deg) is NA 0.5 in TAS tapered from 400 to 150 um.

    Raises:
        ValueRangeError: If the steepest ray is not totally reflected, or a length is not positive.
    """

    element_index: float = 2.85
    sample_index: float = 1.42
    sensing_length: float = 0.01
    diameter: float = 150e-6
    largest_axis_angle: float = 0.49

    def __post_init__(self) -> None:
        for name in ("sensing_length", "diameter", "largest_axis_angle"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueRangeError(f"{name} is {value:g}", remedy="Give a positive number")
        check_angle(np.pi / 2 - self.largest_axis_angle, self.element_index, self.sample_index)

    @cached_property
    def _modes(self) -> tuple[Array, Array]:
        """Angles to the wall's normal, and power times reflections of each [node]."""
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        axis_angle = 0.5 * self.largest_axis_angle * (node + 1)
        power = weight * np.sin(axis_angle) * np.cos(axis_angle)
        reflections = self.sensing_length / self.diameter * np.tan(axis_angle)
        return np.pi / 2 - axis_angle, power / power.sum() * reflections

    @property
    def reflections(self) -> float:
        """Mean number of reflections."""
        return float(self._modes[1].sum())

    def path(self, wavenumber: ArrayLike) -> Array:
        """Effective path [wavenumber], m; falls as 1 / wavenumber."""
        angle, weight = self._modes
        total = weight @ effective_thickness(self.element_index, self.sample_index, angle)
        return np.asarray(total * _CM / positive_axis(wavenumber), dtype=np.float64)

    def sensitivity(self, wavenumber: ArrayLike) -> Array:
        """D ln(path) / d n2 [wavenumber]; the same at all."""
        slope = log_slope(self.element_index, self.sample_index, *self._modes)
        return np.full(positive_axis(wavenumber).size, slope)
