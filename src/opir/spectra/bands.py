"""Bands of all populations as flat arrays: what the synthesis of spectra works on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError

__all__ = ["AREA_PER_KM_PER_MOL", "REFERENCE_INTENSITY", "BandTable", "area_from_relative"]

AREA_PER_KM_PER_MOL = 10.0 / float(np.log(10.0))
"""Decadic molar integral [m2 mol-1 cm-1] of an infrared intensity of 1 km mol-1.

1 km mol-1 = 1e3 m mol-1 is napierian; / ln 10 is decadic; 1 m-1 = 0.01 cm-1. The same as
43.43 L mol-1 cm-2.
"""

REFERENCE_INTENSITY = 1074.0
"""Intensity of free EC C=O [km mol-1], the unit of relative intensities (computed, DFT)."""

_LOWEST_WIDTH = 1e-3


def area_from_relative(relative: ArrayLike) -> NDArray[np.float64]:
    """Decadic molar integral [m2 mol-1 cm-1] from intensities relative to EC C=O."""
    factor = REFERENCE_INTENSITY * AREA_PER_KM_PER_MOL
    return np.asarray(relative, dtype=np.float64) * factor


@dataclass(frozen=True)
class BandTable:
    """Bands, sorted by population.

    A population is one species in one environment (``("EC", "free")``). One without bands is
    allowed and absorbs nothing.

    Attributes:
        position: Band centres [band], cm-1.
        area: Decadic molar integrals [band], m2 mol-1 cm-1: concentration [mol m-3] times path
            [m] times area times line shape [cm] is absorbance.
        width: FWHM [band], cm-1.
        lorentzian: Lorentz share of the width [band], 0 to 1.
        population: Index of the population [band], ascending.
        populations: Label of each population, (species, environment).

    Raises:
        AxisError: If the arrays differ in length.
        ValueRangeError: If a value is non-finite or out of bounds.
        OptionError: If a population is listed twice or an index points to none.
    """

    position: NDArray[np.float64]
    area: NDArray[np.float64]
    width: NDArray[np.float64]
    lorentzian: NDArray[np.float64]
    population: NDArray[np.int64]
    populations: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        number = len(self.position)
        for name in ("position", "area", "width", "lorentzian"):
            values = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if values.shape != (number,):
                raise AxisError(
                    f"{name} has the shape {values.shape}, position ({number},)",
                    remedy="Give one value for each band",
                )
            if not np.isfinite(values).all():
                raise ValueRangeError(
                    f"{name} holds non-finite values",
                    place=f"{name}[{int(np.argmin(np.isfinite(values)))}]",
                    remedy="Check the band data",
                )
            object.__setattr__(self, name, values)
        index = np.ascontiguousarray(self.population, dtype=np.int64)
        if index.shape != (number,):
            raise AxisError(
                f"population has the shape {index.shape}, position ({number},)",
                remedy="Give the index of the population of each band",
            )
        object.__setattr__(self, "population", index)
        object.__setattr__(self, "populations", tuple(self.populations))
        self._check()

    def _check(self) -> None:
        if len(set(self.populations)) != len(self.populations):
            twice = next(p for p in self.populations if self.populations.count(p) > 1)
            raise OptionError(
                f"the population {' '.join(twice)} is listed twice",
                remedy="Put all bands of a population under one label",
            )
        if self.population.size == 0:
            return
        lowest, highest = int(self.population.min()), int(self.population.max())
        if lowest < 0 or highest >= len(self.populations):
            raise OptionError(
                f"band indices go from {lowest} to {highest}, "
                f"the populations from 0 to {len(self.populations) - 1}",
                remedy="Let each band point to one of the populations",
            )
        if (np.diff(self.population) < 0).any():
            raise AxisError(
                "the bands are not sorted by population", remedy="Use BandTable.from_bands"
            )
        for name, bad, bound in (
            ("width", self.width < _LOWEST_WIDTH, f"at least {_LOWEST_WIDTH:g} cm-1"),
            ("area", self.area < 0, "not negative"),
            ("lorentzian", (self.lorentzian < 0) | (self.lorentzian > 1), "between 0 and 1"),
        ):
            if bad.any():
                at = int(np.argmax(bad))
                label = " ".join(self.populations[self.population[at]])
                raise ValueRangeError(
                    f"the {name} of the band of {label} at {self.position[at]:g} cm-1 is "
                    f"{getattr(self, name)[at]:g}; it has to be {bound}",
                    remedy="Correct the band data",
                )

    @classmethod
    def from_bands(
        cls,
        bands: Iterable[tuple[tuple[str, str], float, float, float, float]],
        populations: Iterable[tuple[str, str]] = (),
    ) -> BandTable:
        """A table from (population, position, relative intensity, FWHM, Lorentz share) each.

        Args:
            bands: In any order. Relative intensity: 1 is EC C=O (:data:`REFERENCE_INTENSITY`).
            populations: Populations in the order wanted, those without bands included; the
                others follow as they come.
        """
        rows = list(bands)
        labels = tuple(dict.fromkeys([*populations, *(row[0] for row in rows)]))
        number = {label: index for index, label in enumerate(labels)}
        rows.sort(key=lambda row: number[row[0]])
        numbers = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)
        return cls(
            position=numbers[:, 0],
            area=area_from_relative(numbers[:, 1]),
            width=numbers[:, 2],
            lorentzian=numbers[:, 3],
            population=np.array([number[row[0]] for row in rows], dtype=np.int64),
            populations=labels,
        )

    @property
    def starts(self) -> NDArray[np.int64]:
        """First band of each population, and the number of bands last [population + 1]."""
        every = np.arange(len(self.populations) + 1)
        return np.searchsorted(self.population, every).astype(np.int64)

    def scaled(
        self, *, shift: ArrayLike = 0.0, area: ArrayLike = 1.0, width: ArrayLike = 1.0
    ) -> BandTable:
        """A varied table: position + shift, area x factor, FWHM x factor, each per band or one."""
        return replace(
            self,
            position=self.position + np.asarray(shift, dtype=np.float64),
            area=self.area * np.asarray(area, dtype=np.float64),
            width=self.width * np.asarray(width, dtype=np.float64),
        )

    def mean_width(self) -> NDArray[np.float64]:
        """FWHM of each population, averaged with the areas as weights [population], cm-1.

        20 cm-1 for a population without bands.
        """
        number = len(self.populations)
        total = np.bincount(self.population, self.area, number)
        moment = np.bincount(self.population, self.area * self.width, number)
        found: NDArray[np.float64] = np.full(number, 20.0)
        np.divide(moment, total, out=found, where=total > 0)
        return found
