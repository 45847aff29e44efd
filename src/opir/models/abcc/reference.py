"""Reference spectra of the library on any grid: each species in each of its forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import Library
from opir.chemistry.environment import bands_in, environments_beside
from opir.errors import OptionError
from opir.spectra import BandTable, molar_spectra

__all__ = ["ReferenceSpectra"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ReferenceSpectra:
    """Molar spectra of populations; a population is a species in one form (free, coordinated).

    Attributes:
        populations: (species, environment) of each.
        bound: Whether it is the coordinated or paired form, ``[population]``.
        wavenumber: Axis [cm-1], ``[wavenumber]``, either direction.
        molar: Decadic molar absorption [m2 mol-1], ``[population, wavenumber]``.
        slope: Its derivative in a shift of the bands [m2 mol-1 cm], the same shape.
    """

    populations: tuple[tuple[str, str], ...]
    bound: NDArray[np.bool_]
    wavenumber: Array
    molar: Array
    slope: Array

    @classmethod
    def of(
        cls, library: Library, wavenumber: ArrayLike, cation: str, species: Sequence[str]
    ) -> ReferenceSpectra:
        """Spectra of some species beside a cation; those that have no bands are left out.

        Args:
            library: Where the bands are.
            wavenumber: Axis [cm-1].
            cation: ``Li`` or ``Na``: which coordinated forms there are.
            species: Names.

        Raises:
            UnknownNameError: If there is no such species.
            OptionError: If the cation is another one, or no species has bands.
            AxisError: If the axis is not monotonic.
        """
        if cation not in ("Li", "Na"):
            raise OptionError(
                f"the library has no spectra beside the cation {cation!r}", remedy="Use Li or Na"
            )
        rows, bound = [], {}
        for name in dict.fromkeys(species):
            item = library.species[name]
            every = environments_beside(item, cation)
            for environment in every:
                label = (name, environment)
                bound[label] = environment != every[0]
                rows += [
                    (label, b.position.value, b.intensity.value, b.width.value, b.lorentzian.value)
                    for b in bands_in(item, environment, every[0])
                ]
        if not rows:
            raise OptionError(
                f"none of {', '.join(species) or 'no species'} has bands in the library",
                remedy="Name species that absorb",
            )
        table = BandTable.from_bands(rows, bound)
        found = molar_spectra(table, wavenumber, 1, compiled=False)
        count = range(len(table.populations))
        return cls(
            table.populations,
            np.array([bound[label] for label in table.populations]),
            np.asarray(wavenumber, dtype=np.float64),
            np.array([found.of(at) for at in count]),
            np.array([found.of(at, shift_order=1) for at in count]),
        )

    @cached_property
    def species(self) -> tuple[str, ...]:
        """Names of the species, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.populations))

    @cached_property
    def belongs(self) -> Array:
        """1 where a population is a form of a species, ``[population, species]``."""
        return np.array(
            [[float(name == one) for one in self.species] for name, _ in self.populations]
        )
