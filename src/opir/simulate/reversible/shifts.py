"""How far bands move and broaden with temperature and concentration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError
from opir.quantities import check_values
from opir.simulate.reversible.van_t_hoff import REFERENCE_TEMPERATURE

__all__ = ["ShiftRule"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShiftRule:
    """Linear rules, per population or one for all.

    shift = temperature_shift (T - 298.15 K) + concentration_shift (c - c_ref),
    broadening = temperature_broadening (T - 298.15 K) / width. Defaults are orders of magnitude
    from general knowledge of carbonate C=O bands, not measurements.

    Attributes:
        temperature_shift: cm-1 K-1 [population] or one.
        temperature_broadening: Of the FWHM, cm-1 K-1 [population] or one.
        concentration_shift: cm-1 per mol m-3 of salt [population] or one.
        reference_concentration: c_ref, mol m-3.

    Raises:
        ValueRangeError: If a coefficient is not finite.
    """

    temperature_shift: ArrayLike = -0.03
    temperature_broadening: ArrayLike = 0.02
    concentration_shift: ArrayLike = 0.0
    reference_concentration: float = 1000.0

    def __post_init__(self) -> None:
        for name in ("temperature_shift", "temperature_broadening", "concentration_shift"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim > 1 or not np.isfinite(values).all():
                raise ValueRangeError(
                    f"{name} is not finite or has more than one axis",
                    remedy="Give one number, or one for each population",
                )
            object.__setattr__(self, name, values)

    def shift(self, temperature: ArrayLike, concentration: ArrayLike, populations: int) -> Array:
        """Shift of every population [..., population], cm-1.

        Args:
            temperature: [...], K.
            concentration: Of the salt [...], mol m-3; broadcast against temperature.
            populations: How many.

        Raises:
            AxisError: If the coefficients are for another number of populations.
            ValueRangeError: If a temperature is out of bounds, or a value not finite.
        """
        check_values(temperature, "temperature")
        check_values(concentration, "concentration")
        warmer = np.asarray(temperature, dtype=np.float64) - REFERENCE_TEMPERATURE
        denser = np.asarray(concentration, dtype=np.float64) - self.reference_concentration
        warm = self._each(self.temperature_shift, populations)
        dense = self._each(self.concentration_shift, populations)
        return np.asarray(warmer[..., None] * warm + denser[..., None] * dense, dtype=np.float64)

    def broadening(self, temperature: ArrayLike, width: ArrayLike) -> Array:
        """Relative broadening of every population [..., population].

        Args:
            temperature: [...], K.
            width: Mean FWHM of each population [population], cm-1.

        Raises:
            As :meth:`shift`; also if a width would shrink by more than nine tenths.
        """
        check_values(temperature, "temperature")
        full = np.atleast_1d(np.asarray(width, dtype=np.float64))
        warmer = np.asarray(temperature, dtype=np.float64) - REFERENCE_TEMPERATURE
        found = warmer[..., None] * self._each(self.temperature_broadening, full.size) / full
        if not (found > -0.9).all():
            raise ValueRangeError(
                "the cold would leave less than a tenth of a band's width",
                remedy="Check the temperature, temperature_broadening and the widths",
            )
        return np.asarray(found, dtype=np.float64)

    def _each(self, values: ArrayLike, populations: int) -> Array:
        array = np.asarray(values, dtype=np.float64)
        if array.ndim and array.size != populations:
            raise AxisError(
                f"a rule for {array.size} populations meets {populations}",
                remedy="Give one coefficient, or one for each population",
            )
        return np.broadcast_to(array, (populations,))
