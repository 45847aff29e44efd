"""Attenuated total reflection at a crystal."""

from __future__ import annotations

from dataclasses import dataclass

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
    penetration_depth,
    positive_axis,
)

__all__ = ["ATR"]


@dataclass(frozen=True)
class ATR(Geometry):
    """Path = reflections times Harrick's effective thickness for unpolarised light.

    Attributes:
        element_index: n1 of the crystal.
        angle: To the normal [rad].
        reflections: Number of reflections.
        sample_index: n2 of the sample.

    Raises:
        ValueRangeError: If there is no total reflection.
    """

    element_index: float
    angle: float = np.pi / 4
    reflections: int = 1
    sample_index: float = 1.42

    def __post_init__(self) -> None:
        check_angle(self.angle, self.element_index, self.sample_index)
        if self.reflections < 1:
            raise ValueRangeError(
                f"{self.reflections} reflections", remedy="Give at least one reflection"
            )

    def depth(self, wavenumber: ArrayLike) -> Array:
        """Penetration depth [wavenumber], m."""
        return penetration_depth(wavenumber, self.element_index, self.sample_index, self.angle)

    def path(self, wavenumber: ArrayLike) -> Array:
        """Effective path [wavenumber], m; falls as 1 / wavenumber."""
        each = effective_thickness(self.element_index, self.sample_index, self.angle)
        return np.asarray(self.reflections * each * _CM / positive_axis(wavenumber))

    def sensitivity(self, wavenumber: ArrayLike) -> Array:
        """D ln(path) / d n2 [wavenumber]; the same at all."""
        one = np.ones(1)
        slope = log_slope(self.element_index, self.sample_index, self.angle * one, one)
        return np.full(positive_axis(wavenumber).size, slope)
