"""Molar absorption spectra of populations, and their derivatives in shift and width."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.quantities import check_values
from opir.spectra.bands import BandTable
from opir.spectra.expansion import MAX_ORDER, Terms, product_derivative, terms_of
from opir.spectra.kernel import kernels
from opir.spectra.shapes import LINE_SHAPES, LineShape

__all__ = ["MolarSpectra", "check_axis", "displaced", "molar_spectra", "rows"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MolarSpectra:
    """Decadic molar absorption coefficients and derivatives.

    Attributes:
        terms: Which row is what.
        values: [row, wavenumber], m2 mol-1 (times cm per order of shift).
    """

    terms: Terms
    values: Array

    def of(self, population: int, shift_order: int = 0, width_order: int = 0) -> Array:
        """One row [wavenumber]: d^(i+j) eps / d shift^i d broadening^j.

        Raises:
            OptionError: If that derivative was not asked for.
        """
        found = np.flatnonzero(
            (self.terms.population == population)
            & (self.terms.shift_order == shift_order)
            & (self.terms.width_order == width_order)
        )
        if found.size == 0:
            raise OptionError(
                f"no derivative of order {shift_order} in shift and {width_order} in width of "
                f"population {population}",
                remedy="Ask molar_spectra for a higher order",
            )
        row: Array = self.values[found[0]]
        return row


def molar_spectra(
    table: BandTable,
    wavenumber: ArrayLike,
    order: int = 0,
    *,
    shape: str = "pseudo-voigt",
    shift: ArrayLike = 0.0,
    broadening: ArrayLike = 0.0,
    compiled: bool = True,
) -> MolarSpectra:
    """Spectra of all populations with their derivatives up to a total order.

    Args:
        table: Bands.
        wavenumber: Axis [wavenumber], cm-1, monotonic, not necessarily even.
        order: Highest total order, 0 to :data:`MAX_ORDER`. Order 2 gives first and second
            derivatives in shift, in relative width, and the mixed one.
        shape: Name of a line shape.
        shift, broadening: Where to expand [population] or one: shift [cm-1], relative
            broadening [1].
        compiled: Use the compiled loop where there is one. Without it a whole library takes 10 ms;
            to load the compiler takes some 0.3 s.

    Raises:
        AxisError: If the axis is not monotonic.
        OptionError: If the order is too high.
        UnknownNameError: If there is no such shape.
    """
    if not 0 <= order <= MAX_ORDER:
        raise OptionError(
            f"the order is {order}", remedy=f"Use 0 to {MAX_ORDER}, or the direct sum beyond"
        )
    axis = check_axis(wavenumber)
    every = np.ones(len(table.populations), dtype=bool)
    terms = terms_of(np.full(every.size, order), every, every)
    moved = displaced(table, shift, broadening)
    return MolarSpectra(terms, rows(moved, axis, terms, LINE_SHAPES[shape], compiled=compiled))


def rows(
    table: BandTable, wavenumber: Array, terms: Terms, shape: LineShape, *, compiled: bool = True
) -> Array:
    """The rows of an expansion [row, wavenumber].

    Args:
        table: Bands at the place of expansion.
        wavenumber: Axis, checked.
        terms: Rows wanted.
        shape: Line shape.
        compiled: Use the compiled loop where there is one.
    """
    out = np.zeros((terms.population.size, wavenumber.size))
    eta = shape.lorentz_weight(table.lorentzian)
    loops = kernels() if compiled and eta is not None else None
    if loops is not None:
        rising = wavenumber[0] <= wavenumber[-1]
        loops.rows(
            table.position, table.area, table.width, eta, table.starts,
            terms.starts, terms.shift_order, terms.width_order,
            wavenumber if rising else np.ascontiguousarray(wavenumber[::-1]), out,
        )  # fmt: skip
        return out if rising else np.ascontiguousarray(out[:, ::-1])
    starts = table.starts
    for p in range(len(table.populations)):
        wanted = range(terms.starts[p], terms.starts[p + 1])
        bands = slice(starts[p], starts[p + 1])
        if not wanted or starts[p] == starts[p + 1]:
            continue
        order = int((terms.shift_order + terms.width_order)[wanted].max())
        x = wavenumber[None, :] - table.position[bands, None]
        width, share = table.width[bands, None], table.lorentzian[bands, None]
        values = shape.derivatives(x, width, share, order)
        for row in wanted:
            j = int(terms.width_order[row])
            n = int(terms.shift_order[row]) + j
            out[row] = (-1) ** n * (table.area[bands] @ product_derivative(x, values, n, j))
    return out


def displaced(table: BandTable, shift: ArrayLike, broadening: ArrayLike) -> BandTable:
    """The table with each population shifted [cm-1] and broadened (relative).

    Raises:
        ValueRangeError: If a band would be narrowed to nothing.
    """
    number = len(table.populations)
    moved = np.broadcast_to(np.asarray(shift, dtype=np.float64), (number,))
    wider = np.broadcast_to(np.asarray(broadening, dtype=np.float64), (number,))
    if number and not (wider > -1).all():
        raise ValueRangeError(
            f"a relative broadening of {float(np.min(wider)):g} leaves no width",
            remedy="Broadening is relative to the width: keep it above -1",
        )
    return replace(
        table,
        position=table.position + moved[table.population],
        width=table.width * (1 + wider[table.population]),
    )


def check_axis(wavenumber: ArrayLike) -> Array:
    """A strictly monotonic, finite axis as float64.

    Raises:
        AxisError: If it is not one-dimensional, or not strictly monotonic.
        ValueRangeError: If a value is not finite.
    """
    axis = np.ascontiguousarray(wavenumber, dtype=np.float64)
    check_values(axis, "wavenumber")
    if axis.ndim != 1 or axis.size == 0:
        raise AxisError(
            f"wavenumber has the shape {axis.shape}", remedy="Give one axis of at least one point"
        )
    step = np.diff(axis)
    if not ((step > 0).all() or (step < 0).all()):
        raise AxisError("wavenumber is not strictly monotonic", remedy="Sort it, without repeats")
    return axis
