"""The two inner loops of the synthesis, compiled: rows of the expansion, and the direct sum.

Both do what :mod:`opir.spectra.molar` and ``direct`` do in NumPy, for shapes that are sums
of Gauss and Lorentz, 6 to 20 times faster. Numba is optional (extra ``simulate``): without it
NumPy is used. The Gauss part is left out beyond 3.5 FWHM, where it is below 2e-15 of its peak (and
any row of the expansion below 3e-10 of its largest value); the Lorentz part is summed over the
whole axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Kernels", "kernels"]

_REACH = 3.5
_LN2 = math.log(2.0)
_MAX = 5


class Kernels(NamedTuple):
    """Compiled functions; see :func:`kernels`."""

    rows: Callable[..., Any]
    direct: Callable[..., Any]


@lru_cache(maxsize=1)
def kernels() -> Kernels | None:
    """The compiled loops, or None where numba is not installed."""
    if find_spec("numba") is None:
        return None
    import numba

    compiled = numba.njit(cache=True, fastmath=False, error_model="numpy")
    return Kernels(compiled(_rows), compiled(_direct))


def _rows(  # type: ignore[no-untyped-def]  # numba infers the types
    position, area, width, eta, starts, row_starts, shift_order, width_order, wavenumber, out
):
    """Add every population's rows (-1)^n D^n(x^j V) to ``out`` [row, point]; axis ascending."""
    points = wavenumber.size
    x, pole, sums = np.empty(points), np.empty(points), np.empty(points)
    value = np.empty((_MAX, points))
    for p in range(starts.size - 1):
        first, last = row_starts[p], row_starts[p + 1]
        if first == last:
            continue
        order = 0
        for row in range(first, last):
            order = max(order, shift_order[row] + width_order[row])
        for band in range(starts[p], starts[p + 1]):
            half = 0.5 * width[band]
            lorentz = eta[band] * area[band] * half / math.pi
            base = value[0]
            for m in range(points):
                x[m] = wavenumber[m] - position[band]
                pole[m] = 1.0 / (x[m] * x[m] + half * half)
                base[m] = lorentz * pole[m]
            for n in range(order):
                # (x^2 + g^2) L' = -2 x L, differentiated n times
                here, above = value[n], value[n + 1]
                if n == 0:
                    for m in range(points):
                        above[m] = -2.0 * x[m] * here[m] * pole[m]
                else:
                    below = value[n - 1]
                    one, two = -2.0 * (n + 1.0), -n * (n + 1.0)
                    for m in range(points):
                        above[m] = (one * x[m] * here[m] + two * below[m]) * pole[m]
            decay = 4.0 * _LN2 / (width[band] * width[band])
            height = (1.0 - eta[band]) * area[band] * math.sqrt(decay / math.pi)
            reach = _REACH * width[band]
            begin = np.searchsorted(wavenumber, position[band] - reach)
            end = np.searchsorted(wavenumber, position[band] + reach)
            for m in range(begin, end):
                g = height * math.exp(-decay * x[m] * x[m])
                base[m] += g
                before = 0.0
                for n in range(order):
                    g, before = -2.0 * decay * (x[m] * g + n * before), g
                    value[n + 1, m] += g
            for row in range(first, last):
                j = width_order[row]
                n = shift_order[row] + j
                sign = 1.0 if n % 2 == 0 else -1.0
                line, top = out[row], value[n]
                if j == 0:
                    for m in range(points):
                        line[m] += sign * top[m]
                    continue
                # Leibniz' rule by Horner's scheme in x
                for m in range(points):
                    sums[m] = top[m]
                factor = 1.0
                for k in range(1, j + 1):
                    factor *= (n - k + 1.0) * (j - k + 1.0) / k
                    lower = value[n - k]
                    for m in range(points):
                        sums[m] = sums[m] * x[m] + factor * lower[m]
                for m in range(points):
                    line[m] += sign * sums[m]


def _direct(  # type: ignore[no-untyped-def]  # numba infers the types
    position, area, width, eta, starts, chosen, concentration, shift, broadening, wavenumber, out
):
    """Add the chosen populations' bands, each at its own place and width, to ``out`` [time, m]."""
    points = wavenumber.size
    for t in range(concentration.shape[0]):
        line = out[t]
        for p in chosen:
            amount = concentration[t, p]
            if amount == 0.0:
                continue
            swell = 1.0 + broadening[t, p]
            for band in range(starts[p], starts[p + 1]):
                full = width[band] * swell
                centre = position[band] + shift[t, p]
                square = 0.25 * full * full
                lorentz = amount * eta[band] * area[band] * 0.5 * full / math.pi
                for m in range(points):
                    x = wavenumber[m] - centre
                    line[m] += lorentz / (x * x + square)
                decay = 4.0 * _LN2 / (full * full)
                height = amount * (1.0 - eta[band]) * area[band] * math.sqrt(decay / math.pi)
                begin = np.searchsorted(wavenumber, centre - _REACH * full)
                end = np.searchsorted(wavenumber, centre + _REACH * full)
                for m in range(begin, end):
                    x = wavenumber[m] - centre
                    line[m] += height * math.exp(-decay * x * x)
