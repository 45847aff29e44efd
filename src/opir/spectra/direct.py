"""The direct sum over every band at every time: exact, slower; large shifts, and the oracle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.spectra.bands import BandTable
from opir.spectra.kernel import kernels
from opir.spectra.shapes import LineShape

__all__ = ["direct_sum"]

Array = NDArray[np.float64]


def direct_sum(
    table: BandTable,
    chosen: NDArray[np.int64],
    concentration: Array,
    shift: Array,
    broadening: Array,
    wavenumber: Array,
    shape: LineShape,
    *,
    compiled: bool = True,
) -> Array:
    """Absorption coefficient of some populations [time, wavenumber], m-1.

    Args:
        table: Bands.
        chosen: Indices of the populations to sum.
        concentration: [time, population], mol m-3.
        shift: [time, population], cm-1.
        broadening: [time, population], relative, above -1.
        wavenumber: Axis, checked, cm-1.
        shape: Line shape.
        compiled: Use the compiled loop where there is one.
    """
    out = np.zeros((concentration.shape[0], wavenumber.size))
    eta = shape.lorentz_weight(table.lorentzian)
    loops = kernels() if compiled and eta is not None else None
    if loops is not None:
        rising = wavenumber[0] <= wavenumber[-1]
        loops.direct(
            table.position, table.area, table.width, eta, table.starts, chosen,
            np.ascontiguousarray(concentration), np.ascontiguousarray(shift),
            np.ascontiguousarray(broadening),
            wavenumber if rising else np.ascontiguousarray(wavenumber[::-1]), out,
        )  # fmt: skip
        return out if rising else np.ascontiguousarray(out[:, ::-1])
    bands = np.flatnonzero(np.isin(table.population, chosen))
    whose = table.population[bands]
    share = table.lorentzian[bands, None]
    for t in range(concentration.shape[0]):
        x = wavenumber[None, :] - (table.position[bands] + shift[t, whose])[:, None]
        width = (table.width[bands] * (1 + broadening[t, whose]))[:, None]
        out[t] = (table.area[bands] * concentration[t, whose]) @ shape.profile(x, width, share)
    return out
