"""Absorbance in time from concentrations, shifts and broadenings of the populations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.spectra.bands import BandTable
from opir.spectra.direct import direct_sum
from opir.spectra.expansion import MAX_ORDER, remainder_bound, terms_of
from opir.spectra.molar import check_axis, displaced, rows
from opir.spectra.shapes import LINE_SHAPES, LineShape

__all__ = ["METHODS", "Plan", "absorbance", "absorption_streams"]

METHODS = ("auto", "expansion", "direct")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How each population is computed.

    Attributes:
        order: Total order of its expansion [population]; -1 for the direct sum.
        shift, broadening: Where it is expanded [population].
        bound: What the expansion can be wrong by, all populations together, relative to the
            strongest band of the run (a lower bound of the highest absorbance).
    """

    order: NDArray[np.int64]
    shift: Array
    broadening: Array
    bound: float


def absorbance(
    table: BandTable,
    concentration: ArrayLike,
    wavenumber: ArrayLike,
    path: ArrayLike,
    *,
    shift: ArrayLike = 0.0,
    broadening: ArrayLike = 0.0,
    shape: str = "pseudo-voigt",
    tolerance: float = 1e-5,
    method: str = "auto",
) -> Array:
    """Decadic absorbance by Beer and Lambert, A = path sum_p c_p eps_p.

    Populations that move little are expanded about the middle of their shifts and broadenings
    (a few matrix products); for those whose bound on the error would break the tolerance, every
    band is summed directly at every time.

    Args:
        table: Bands.
        concentration: Of each population [time, population], mol m-3.
        wavenumber: Axis [wavenumber], cm-1.
        path: Effective path [wavenumber] or one, m.
        shift: Shift of each population's bands [time, population] or broadcastable, cm-1.
        broadening: Relative increase of their widths, same shape, above -1.
        shape: Name of a line shape.
        tolerance: Bound on the error, relative to the peak of the strongest band.
        method: ``auto``, ``expansion`` (highest order, whatever the error) or ``direct``.

    Returns:
        Absorbance [time, wavenumber].

    Raises:
        AxisError: If shapes do not fit.
        ValueRangeError: If a value is not finite, or a broadening leaves no width.
        OptionError: If the method or tolerance is none.
    """
    every = np.zeros(len(table.populations), dtype=np.int64)
    found = absorption_streams(
        table, concentration, wavenumber, every, 1,
        shift=shift, broadening=broadening, shape=shape, tolerance=tolerance, method=method,
    )  # fmt: skip
    result: Array = found[0] * check_path(path, found.shape[-1])
    return result


def absorption_streams(
    table: BandTable,
    concentration: ArrayLike,
    wavenumber: ArrayLike,
    stream: ArrayLike,
    streams: int,
    *,
    shift: ArrayLike = 0.0,
    broadening: ArrayLike = 0.0,
    shape: str = "pseudo-voigt",
    tolerance: float = 1e-5,
    method: str = "auto",
) -> Array:
    """Absorption coefficients sum_p c_p eps_p of several streams at once.

    Args:
        stream: Index of the stream that each population belongs to [population].
        streams: Number of streams.
        table, concentration, wavenumber, shift, broadening, shape, tolerance, method: As in
            :func:`absorbance`.

    Returns:
        Absorption coefficient [stream, time, wavenumber], m-1; times the path it is absorbance.

    Raises:
        As :func:`absorbance`.
    """
    if method not in METHODS:
        raise OptionError(f"unknown method {method!r}", remedy=f"Use one of: {', '.join(METHODS)}")
    if not tolerance > 0:
        raise OptionError(f"the tolerance is {tolerance:g}", remedy="Use a positive one, 1e-5 say")
    axis = check_axis(wavenumber)
    line = LINE_SHAPES[shape]
    amount, moved, wider = _checked(table, concentration, shift, broadening)
    index = np.asarray(stream, dtype=np.int64)
    if index.shape != (len(table.populations),) or ((index < 0) | (index >= streams)).any():
        raise AxisError(
            f"stream has the shape {index.shape} and {streams} streams are wanted",
            remedy=f"Give the index of a stream for each of {len(table.populations)} populations",
        )
    plan = _plan(table, line, amount, moved, wider, axis, tolerance, method)
    out = np.zeros((streams, amount.shape[0], axis.size))
    if (plan.order >= 0).any():
        d, b = moved - plan.shift, wider - plan.broadening
        terms = terms_of(plan.order, (d != 0).any(axis=0), (b != 0).any(axis=0))
        molar = rows(displaced(table, plan.shift, plan.broadening), axis, terms, line)
        weights = terms.coefficients(amount, d, b)
        for s in range(streams):
            own = index[terms.population] == s
            if own.all():
                np.matmul(weights, molar, out=out[s])
            elif own.any():
                np.matmul(weights[:, own], molar[own], out=out[s])
    for s in range(streams):
        chosen = np.flatnonzero((plan.order < 0) & (index == s))
        if chosen.size:
            out[s] += direct_sum(table, chosen, amount, moved, wider, axis, line)
    return out


def _plan(
    table: BandTable,
    shape: LineShape,
    concentration: Array,
    shift: Array,
    broadening: Array,
    axis: Array,
    tolerance: float,
    method: str,
) -> Plan:
    """Choose the place and order of each population's expansion."""
    number = len(table.populations)
    if method == "direct" or number == 0:
        nowhere = np.zeros(number)
        return Plan(np.full(number, -1), nowhere, nowhere, 0.0)
    low, high = shift.min(axis=0), shift.max(axis=0)
    thin, thick = broadening.min(axis=0), broadening.max(axis=0)
    centre, middle = (low + high) / 2, (thin + thick) / 2
    swing = (thick - thin) / (2 * (1 + middle))
    if method == "expansion":
        return Plan(np.full(number, MAX_ORDER), centre, middle, np.inf)
    largest = np.abs(concentration).max(axis=0)
    moved = displaced(table, centre, middle)
    error = largest * remainder_bound(moved, shape, (high - low) / 2, swing)
    present = largest > 0
    peak = moved.area / moved.width * largest[moved.population]
    inside = (moved.position >= axis.min()) & (moved.position <= axis.max())
    # Gauss 0.939 and Lorentz 0.637 are the least and greatest height times width over area.
    scale = 0.636 * float(peak[inside].max(initial=0.0))
    error[:, ~present] = 0
    # The loosest limit for each population that keeps the sum within the tolerance
    for each in tolerance * scale * np.geomspace(1, 1 / max(2, number), 12):
        good = error <= each
        order = np.where(good.any(axis=0), good.argmax(axis=0), -1)
        used = error[np.maximum(order, 0), np.arange(number)][order >= 0].sum()
        if used <= tolerance * scale:
            break
    return Plan(order, centre, middle, float(used / scale) if scale else 0.0)


def _checked(
    table: BandTable, concentration: ArrayLike, shift: ArrayLike, broadening: ArrayLike
) -> tuple[Array, Array, Array]:
    amount = np.asarray(concentration, dtype=np.float64)
    number = len(table.populations)
    if amount.ndim != 2 or amount.shape[1] != number or amount.shape[0] == 0:
        raise AxisError(
            f"concentration has the shape {amount.shape}",
            remedy=f"Give [time, population] with {number} populations",
        )
    found = []
    for name, values in (("shift", shift), ("broadening", broadening)):
        try:
            found.append(np.broadcast_to(np.asarray(values, dtype=np.float64), amount.shape))
        except ValueError:
            raise AxisError(
                f"{name} has the shape {np.shape(values)}, concentration {amount.shape}",
                remedy="Give [time, population], [population] or one number",
            ) from None
    for name, array in (("concentration", amount), ("shift", found[0]), ("broadening", found[1])):
        if not np.isfinite(array).all():
            at = ", ".join(str(int(i[0])) for i in np.nonzero(~np.isfinite(array)))
            raise ValueRangeError(
                f"{name} holds non-finite values",
                place=f"{name}[{at}]",
                remedy="Check what it was computed from",
            )
    if number and not (found[1] > -1).all():
        raise ValueRangeError(
            f"a relative broadening of {float(found[1].min()):g} leaves no width",
            remedy="Broadening is relative to the width: keep it above -1",
        )
    return amount, found[0], found[1]


def check_path(path: ArrayLike, points: int) -> Array:
    """A path for each wavenumber [wavenumber], m.

    Raises:
        AxisError: If it has another length.
        ValueRangeError: If it is negative or not finite.
    """
    array = np.asarray(path, dtype=np.float64)
    if array.shape not in ((), (1,), (points,)):
        raise AxisError(
            f"path has the shape {array.shape}, the axis {points} points",
            remedy="Give one path for each wavenumber, or one for all",
        )
    if not (np.isfinite(array) & (array >= 0)).all():
        raise ValueRangeError("a path is negative or not finite", remedy="Paths are in metre")
    return np.broadcast_to(array, (points,))
