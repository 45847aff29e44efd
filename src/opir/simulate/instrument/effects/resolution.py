"""Finite spectral resolution: convolution with the instrument line shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from opir.errors import OptionError
from opir.simulate.instrument.effects.base import EFFECTS, Array, Effect, Scene

__all__ = ["INSTRUMENT_LINE_SHAPES", "Resolution"]

INSTRUMENT_LINE_SHAPES = ("gauss", "triangle")

_SIGMA = float(2 * np.sqrt(2 * np.log(2)))
_NEIGHBOURS = 6


@dataclass(frozen=True)
class Resolution(Effect):
    """Convolution with a line shape of unit area: ``gauss`` (FTIR) or ``triangle`` (slits).

    The spectrum between the points is the local polynomial through the six nearest ones, the
    integral a Gauss quadrature, so that any grid is served; polynomials up to the fifth degree
    are convolved exactly. Beyond the ends the last value is kept. Done on absorbance, where
    an instrument does it on intensity: right for bands wide against the resolution.

    Attributes:
        fwhm: Of the line shape, cm-1; 0 for none.
        line_shape: ``gauss`` or ``triangle``.
    """

    name: ClassVar[str] = "resolution"
    fwhm: float = 4.0
    line_shape: str = "gauss"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.line_shape not in INSTRUMENT_LINE_SHAPES:
            raise OptionError(
                f"unknown instrument line shape {self.line_shape!r}",
                remedy=f"Use one of: {', '.join(INSTRUMENT_LINE_SHAPES)}",
            )

    def apply(
        self,
        absorbance: Array,
        scene: Scene,
        generator: np.random.Generator,
        draws: dict[str, float],
    ) -> Array:
        """See :meth:`Effect.apply`; nothing is drawn."""
        if self.fwhm == 0 or scene.wavenumber.size < 2:
            return absorbance
        blur = _operator(scene.wavenumber.tobytes(), self.fwhm, self.line_shape)
        return np.ascontiguousarray((blur @ absorbance.T).T)


@lru_cache(maxsize=16)
def _operator(axis: bytes, fwhm: float, line_shape: str) -> csr_array:
    """The convolution as a sparse matrix [wavenumber, wavenumber]; its rows sum to 1."""
    wavenumber = np.frombuffer(axis)
    points = wavenumber.size
    rising = wavenumber[0] < wavenumber[-1]
    grid = wavenumber if rising else wavenumber[::-1]
    node, weight = _quadrature(fwhm, line_shape)
    place = np.clip(grid[:, None] + node, grid[0], grid[-1])
    index, factor = _interpolation(grid, place)
    row = np.broadcast_to(np.arange(points)[:, None, None], index.shape)
    if not rising:
        row, index = points - 1 - row, points - 1 - index
    values = factor * weight[:, None]
    found = csr_array((values.ravel(), (row.ravel(), index.ravel())), shape=(points, points))
    found.sum_duplicates()
    return found


def _quadrature(fwhm: float, line_shape: str) -> tuple[Array, Array]:
    """Nodes [cm-1] and weights that integrate against the line shape."""
    if line_shape == "gauss":
        node, weight = np.polynomial.hermite_e.hermegauss(15)
        return node * fwhm / _SIGMA, weight / weight.sum()
    node, weight = np.polynomial.legendre.leggauss(8)
    half = 0.5 * (node + 1)
    slope = 0.5 * weight * (1 - half)
    node, weight = np.concatenate([-half, half]) * fwhm, np.concatenate([slope, slope])
    return node, weight / weight.sum()


def _interpolation(grid: Array, place: Array) -> tuple[NDArray[np.int64], Array]:
    """Lagrange weights of the nearest points: indices and factors [..., neighbour]."""
    number = min(_NEIGHBOURS, grid.size)
    first = np.searchsorted(grid, place) - number // 2
    index = np.clip(first, 0, grid.size - number)[..., None] + np.arange(number)
    near = grid[index]
    factor = np.ones(index.shape)
    for j in range(number):
        for k in range(number):
            if k != j:
                gap = near[..., j] - near[..., k]
                factor[..., j] *= (place - near[..., k]) / gap
    return index, factor


EFFECTS.add(Resolution.name, Resolution)
