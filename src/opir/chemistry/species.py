"""What a species is: formula, phase, and its bands in each environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry.value import Value
from opir.errors import UnknownNameError

__all__ = ["KM_PER_MOL", "Band", "Phase", "Species", "molar_absorptivity"]

Phase = Literal["liquid", "dissolved", "solid", "gas", "electrode", "electron"]

KM_PER_MOL = 1074.428
"""Integrated intensity that is 1 in the library: the free EC carbonyl band, DFT [km mol-1]."""

_AREA = 1e5 / np.log(10)
"""1 km mol-1 (naperian) as a decadic integral of the molar absorptivity [cm mol-1].

1 km mol-1 = 1e5 cm mol-1, divided by ln 10: 43.43 L mol-1 cm-2.
"""


@dataclass(frozen=True)
class Band:
    """One band of one mole of formula units.

    Attributes:
        position: [cm-1].
        intensity: Integrated, relative to free EC C=O (1 = :data:`KM_PER_MOL`).
        width: Full width at half maximum [cm-1].
        assignment: What vibrates.
        lorentzian: Share of the Lorentz profile in the width (0 Gauss, 1 Lorentz).
    """

    position: Value
    intensity: Value
    width: Value
    assignment: str
    lorentzian: Value


@dataclass(frozen=True)
class Species:
    """One species.

    Attributes:
        name: Its one name in equations (``LEDC``).
        title: What it is called in full.
        formula: Sum formula as written; ``""`` for the electron.
        elements: Element -> count.
        charge: In elementary charges.
        phase: ``liquid``, ``dissolved``, ``solid``, ``gas``, ``electrode`` or ``electron``.
        aliases: Other names.
        smiles: One SMILES, or ``""``.
        molar_mass: [kg mol-1], from the formula.
        molar_volume: [m3 mol-1], where known.
        density: [kg m-3] of the pure substance, where known.
        environments: Name -> bands; the first one is the default.
        note: What a reader should know.
        references: Citations that belong to the whole.
    """

    name: str
    title: str
    formula: str
    elements: Mapping[str, int]
    charge: int
    phase: Phase
    aliases: tuple[str, ...]
    smiles: str
    molar_mass: float
    molar_volume: Value | None
    density: Value | None
    environments: Mapping[str, tuple[Band, ...]] = field(default_factory=dict)
    note: str = ""
    references: tuple[str, ...] = ()

    @property
    def default_environment(self) -> str | None:
        """The first environment, or None where there are no bands."""
        return next(iter(self.environments), None)

    def bands(self, environment: str | None = None) -> tuple[Band, ...]:
        """Bands of an environment (the default one where none is named; none may exist).

        Raises:
            UnknownNameError: If the species has no such environment.
        """
        if environment is None:
            environment = self.default_environment
            if environment is None:
                return ()
        if environment not in self.environments:
            raise UnknownNameError(
                "environment", environment, self.environments, place=f"species {self.name}"
            )
        return self.environments[environment]

    def absorptivity(
        self, wavenumber: ArrayLike, environment: str | None = None
    ) -> NDArray[np.float64]:
        """Molar absorptivity [L mol-1 cm-1] from the library's bands, see `molar_absorptivity`."""
        return molar_absorptivity(self.bands(environment), wavenumber)


def molar_absorptivity(bands: tuple[Band, ...], wavenumber: ArrayLike) -> NDArray[np.float64]:
    """Sum of pseudo-Voigt bands at their native widths.

    Args:
        bands: What to sum.
        wavenumber: Shape ``[wavenumber]`` [cm-1].

    Returns:
        Decadic molar absorptivity [L mol-1 cm-1], shape ``[wavenumber]``. The intensities are
        those of isolated molecules, so the absolute scale is an upper bound.
    """
    x = np.asarray(wavenumber, dtype=np.float64)
    total = np.zeros_like(x)
    for band in bands:
        half = band.width.value / 2
        u = (x - band.position.value) / half
        lorentz = 1 / (np.pi * half * (1 + u**2))
        gauss = np.sqrt(np.log(2) / np.pi) / half * np.exp(-np.log(2) * u**2)
        share = band.lorentzian.value
        area = band.intensity.value * KM_PER_MOL * _AREA * 1e-3  # L mol-1 cm-2
        total += area * (share * lorentz + (1 - share) * gauss)
    return total
