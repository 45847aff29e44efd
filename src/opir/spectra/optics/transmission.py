"""Straight through the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opir.errors import ValueRangeError
from opir.spectra.optics.base import Array, Geometry, positive_axis

__all__ = ["Transmission"]


@dataclass(frozen=True)
class Transmission(Geometry):
    """A cell of ``path_length`` [m]; reflections at its windows are left out.

    Raises:
        ValueRangeError: If the path is not positive.
    """

    path_length: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.path_length) and self.path_length > 0):
            raise ValueRangeError(
                f"a path of {self.path_length:g} m", remedy="Give a positive length in metre"
            )

    def path(self, wavenumber: ArrayLike) -> Array:
        """The same at every wavenumber, m."""
        return np.full(positive_axis(wavenumber).size, float(self.path_length))

    def sensitivity(self, wavenumber: ArrayLike) -> Array:
        """None."""
        return np.zeros(positive_axis(wavenumber).size)
