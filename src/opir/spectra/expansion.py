"""Taylor expansion of band shapes in shift and broadening: terms, and how far off it can be.

A band that is shifted by d and broadened by the factor 1 + b is V((x - d) / (1 + b)) / (1 + b).
Its derivatives at d = b = 0 have a closed form:

    d^(i+j) / dd^i db^j = (-1)^(i+j) D^(i+j) [x^j V(x)],  D = d/dx,

so an absorbance in time is a product of two matrices, coefficients [time, term] and molar
spectra [term, wavenumber]. Taylor's theorem along the line to (d, b) bounds the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from opir.spectra.bands import BandTable
from opir.spectra.shapes import LINE_SHAPES, LineShape

__all__ = ["MAX_ORDER", "Terms", "product_derivative", "remainder_bound", "suprema", "terms_of"]

MAX_ORDER = 4
"""Highest total order of the expansion; further shifts are summed directly."""

_NO_BOUND = 0.5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """Rows of the expansion, sorted by population.

    Attributes:
        population: Whose row it is [row].
        shift_order: i, order in the shift [row].
        width_order: j, order in the relative width [row].
        starts: First row of each population, and the number of rows last [population + 1].
    """

    population: NDArray[np.int64]
    shift_order: NDArray[np.int64]
    width_order: NDArray[np.int64]
    starts: NDArray[np.int64]

    def coefficients(self, concentration: Array, shift: Array, broadening: Array) -> Array:
        """C d^i b^j / (i! j!) [time, row] from arrays [time, population]."""
        found = concentration[:, self.population]
        for values, order in ((shift, self.shift_order), (broadening, self.width_order)):
            for row in np.flatnonzero(order):
                power = int(order[row])
                factor = values[:, self.population[row]] ** power
                found[:, row] *= factor / math.factorial(power)
        return found


def terms_of(
    order: NDArray[np.int64], with_shift: NDArray[np.bool_], with_width: NDArray[np.bool_]
) -> Terms:
    """Rows up to a total order for each population.

    Args:
        order: Total order [population]; -1 for no row at all.
        with_shift, with_width: Whether the population is shifted or broadened at all; if not,
            its mixed terms are left out.
    """
    rows: list[tuple[int, int, int]] = []
    starts = [0]
    for p, highest in enumerate(order):
        for total in range(int(highest) + 1):
            for j in range(total + 1):
                i = total - j
                if (i == 0 or with_shift[p]) and (j == 0 or with_width[p]):
                    rows.append((p, i, j))
        starts.append(len(rows))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Terms(
        population=np.ascontiguousarray(table[:, 0]),
        shift_order=np.ascontiguousarray(table[:, 1]),
        width_order=np.ascontiguousarray(table[:, 2]),
        starts=np.array(starts, dtype=np.int64),
    )


@lru_cache(maxsize=8)
def suprema(shape: str) -> Array:
    """Largest |D^n (x^j V)| of a shape of unit FWHM [n, j], n up to MAX_ORDER + 1, j <= n.

    The largest for any share of Lorentz, read off a grid of 0.002 FWHM up to 12 FWHM and of 0.1 in
    the share, and raised by 1 %.
    """
    x = np.arange(0, 12, 0.002)[:, None]
    values = LINE_SHAPES[shape].derivatives(x, 1.0, np.linspace(0, 1, 11), MAX_ORDER + 1)
    found = np.zeros((MAX_ORDER + 2, MAX_ORDER + 2))
    for n in range(MAX_ORDER + 2):
        for j in range(n + 1):
            found[n, j] = 1.01 * np.abs(product_derivative(x, values, n, j)).max()
    return found


def product_derivative(x: Array, values: Array, n: int, j: int) -> Array:
    """D^n (x^j V) by Leibniz' rule from V and its derivatives ``values`` [n, ...]."""
    total: Array = np.zeros_like(values[0])
    for k in range(min(j, n) + 1):
        factor = math.comb(n, k) * math.perm(j, k)
        total = total + factor * x ** (j - k) * values[n - k]
    return total


def remainder_bound(table: BandTable, shape: LineShape, shift: Array, broadening: Array) -> Array:
    """What the expansion of each order can be wrong by, per mol m-3 and m of path.

    Args:
        table: Bands.
        shape: Their shape.
        shift: Largest |shift| [population], cm-1.
        broadening: Largest |relative broadening| [population].

    Returns:
        Bound [order 0 ... MAX_ORDER, population], m2 mol-1; infinite where the broadening is
        above 0.5, where it says nothing.
    """
    number = len(table.populations)
    weight = shape.lorentz_weight(table.lorentzian)
    gauss, lorentz = suprema("gauss"), suprema("lorentz")
    d, b = shift[table.population], broadening[table.population]
    narrow = table.width * (1 - np.minimum(b, _NO_BOUND))
    relative = d / narrow
    swelling = b * table.width / narrow
    found = np.zeros((MAX_ORDER + 1, number))
    for order in range(MAX_ORDER + 1):
        n = order + 1
        total = np.zeros_like(d)
        for j in range(n + 1):
            if weight is None:
                supremum = suprema(shape.name)[n, j]
            else:
                supremum = (1 - weight) * gauss[n, j] + weight * lorentz[n, j]
            total += math.comb(n, j) * relative ** (n - j) * swelling**j * supremum
        total *= table.area / (narrow * math.factorial(n))
        found[order] = np.bincount(table.population, total, number)
    found[:, broadening > _NO_BOUND] = np.inf
    return found
