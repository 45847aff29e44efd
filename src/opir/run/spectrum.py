"""One spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from opir.errors import AxisError
from opir.quantities import convert, quantity
from opir.run.described import build_attributes
from opir.run.spectral import SpectralData, check_signal

__all__ = ["Spectrum"]


class Spectrum(SpectralData):
    """One spectrum: values over wavenumber [cm-1], either direction, any spacing.

    Made from an :class:`xarray.Dataset` with the coordinate ``wavenumber`` and one of the
    signals (``absorbance``, ``transmittance``, ``raman_intensity``, ...), or by
    :meth:`from_arrays`. Refused: values or axes that are not finite, a wavenumber axis that is
    unsorted or holds duplicates, units other than the one inside.
    """

    @classmethod
    def from_arrays(
        cls,
        wavenumber: ArrayLike,
        values: ArrayLike,
        *,
        signal: str = "absorbance",
        wavenumber_unit: str = "cm-1",
        unit: str | None = None,
        name: str = "",
        origin: str = "measured",
        start: datetime | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: str = "",
        licence: str = "",
    ) -> Spectrum:
        """A spectrum from plain arrays.

        Args:
            wavenumber: Axis, shape ``[wavenumber]``.
            values: Ordinate, shape ``[wavenumber]``.
            signal: What the ordinate is, one of :data:`opir.run.spectral.SIGNALS`.
            wavenumber_unit: Unit of the axis; converted to cm-1.
            unit: Unit of the ordinate (``"%"`` of a transmittance); converted.
            name: A title.
            origin: ``measured``, ``simulated``, ``forecast`` or ``unknown``.
            start: When the acquisition began, ISO 8601 or datetime.
            metadata: JSON values kept with it.
            source: Where the data come from (file, citation).
            licence: Licence of the data.

        Raises:
            AxisError: If lengths differ or the axis is not strictly monotonic and finite.
            ValueRangeError: If a value is not finite or out of bounds.
            UnitError: If a unit is unknown.
        """
        check_signal(signal)
        axis = convert(wavenumber, "wavenumber", wavenumber_unit)
        array = convert(values, signal, unit or quantity(signal).unit)
        if array.shape != axis.shape:
            raise AxisError(f"{array.size} values over a wavenumber axis of {axis.size} points")
        dataset = xr.Dataset(
            {signal: ("wavenumber", np.array(array))}, coords={"wavenumber": np.array(axis)}
        )
        dataset.attrs = build_attributes(
            name=name,
            origin=origin,
            start=start,
            metadata=metadata,
            source=source,
            licence=licence,
        )
        return cls(dataset)
