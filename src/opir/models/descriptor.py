"""A battery system as numbers, from what its components are; never an index of the system.

A system that no model has seen is described as well as any other: by the functional groups,
elements and reduction potentials of its solvents and additives, its ions, its electrodes, water
and temperature. Amounts are concentrations at 298 K, so neither the unit in which they were given
nor the order of the components matters. Everything comes from the chemistry library; nothing is
learned here.

Fallbacks: where a temperature or an electrode is not stated, its feature ``known`` is 0 and the
others have fixed values; where water is not, 20 ppm are taken, the library's usual value; where
an electrode's mass is not, or it is a metal, its capacity counts as 2 mA h; the functional groups
of a molecule without SMILES count 0, its elements do not. A component or electrode that the
library does not know is refused: add it to a library file of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import Library, Species, concentrations, library
from opir.chemistry.functional_groups import GROUPS, count_groups
from opir.errors import OptionError
from opir.system import Electrode, System

__all__ = [
    "ANION_ELEMENTS",
    "DESCRIPTOR",
    "SUMS",
    "Describer",
    "describe",
    "per_mole",
    "rate_of",
    "relative_drive",
]

_MOLECULE_ELEMENTS = ("C", "H", "O", "N", "F", "S", "P")
ANION_ELEMENTS = ("B", "C", "N", "O", "F", "P", "S")
_ROOM = 298.15
_USUAL_WATER = 2e-5
_LEAST_WATER = 1e-7
_LEAST = 1e-3
"""Where logarithms of concentrations begin [mol/L]."""

USUAL_CAPACITY = 2e-3
"""Of an electrode that inserts nothing, or whose mass is not stated [A h]: C rates of the library's
cells with metals refer to it."""
_LEAST_CAPACITY = 1e-9

_EARLY = 0.9
"""Molecules that are reduced above this potential are listed apart [V]; no common solvent is."""

_MOLECULES = (
    *GROUPS,
    *(f"{element} of molecules" for element in _MOLECULE_ELEMENTS),
    "molecules",
    "mass of molecules",
    "molecules reduced early",
)
"""Sums over molecules (solvents, additives), weighted by concentration."""

SUMS = _MOLECULES[:-1]
"""Those sums that are the same beside any ion: the first features, in their order."""

_CATIONS = ("cations", "mass of cations", "charge of cations")
_ANIONS = ("anions", "mass of anions", *(f"{element} of anions" for element in ANION_ELEMENTS))

_ELECTRODE = (
    "known",
    "stores by insertion",
    "is plated",
    "lowest potential of use [V]",
    "highest potential of use [V]",
    "potential at degree 0.1 [V]",
    "potential at degree 0.5 [V]",
    "potential at degree 0.9 [V]",
    "degree when new",
    "log10 of surface over geometric area",
    "log10 of capacity [A h]",
)

DESCRIPTOR: tuple[str, ...] = (
    *(
        f"{what} [mol/L]" if what != "mass of molecules" else f"{what} [kg/L]"
        for what in _MOLECULES
    ),
    "log10 of carbon double bonds [mol/L]",
    "log10 of carbon-fluorine bonds [mol/L]",
    "log10 of molecules reduced early [mol/L]",
    "cations [mol/L]",
    "molar mass of cations [kg/mol]",
    "charge of cations",
    "molar mass of anions [kg/mol]",
    *(f"{element} per anion" for element in ANION_ELEMENTS),
    "molecules per cation",
    "mean reduction potential of molecules [V]",
    "reduction potential of anions [V]",
    "reduction of anions known",
    *(f"working electrode: {what}" for what in _ELECTRODE),
    *(f"counter electrode: {what}" for what in _ELECTRODE),
    "log10 of water [mass fraction]",
    "temperature [K]",
    "temperature known",
)
"""Names of the features, in their order, with their units."""

_CAPACITY = "working electrode: log10 of capacity [A h]"


class Describer:
    """Describes systems with one library, and keeps what it has worked out of species.

    Args:
        known: The library; the built-in one by default.
    """

    def __init__(self, known: Library | None = None) -> None:
        self.library = known or library()
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._onsets: dict[tuple[str, str], float | None] = {}
        self._electrodes: dict[Electrode | None, list[float]] = {}

    def __call__(
        self, system: System, *, temperature: float | None = None, water: float | None = None
    ) -> NDArray[np.float64]:
        """The features; see :func:`describe`."""
        if water is not None and not 0 <= water < 1:
            raise OptionError(f"the mass fraction of water is {water}; 0 to below 1 is needed")
        warmth = system.temperature if temperature is None else temperature
        if warmth is not None and not 0 < warmth < 2000:
            raise OptionError(f"the temperature is {warmth} K; above 0 and below 2000 K is needed")
        amounts = concentrations(system, self.library) if system.electrolyte else {}
        wet = _USUAL_WATER if water is None else water
        return np.array(
            [
                *self._electrolyte({name: c / 1e3 for name, c in amounts.items() if c > 0}),
                *self._electrode(system.working_electrode),
                *self._electrode(system.counter_electrode),
                math.log10(max(wet, _LEAST_WATER)),
                _ROOM if warmth is None else warmth,
                float(warmth is not None),
            ]
        )

    def _electrolyte(self, molarity: Mapping[str, float]) -> list[float]:
        species = self.library.species
        molecules = {n: c for n, c in molarity.items() if species[n].charge == 0}
        cations = {n: c for n, c in molarity.items() if species[n].charge > 0}
        anions = {n: c for n, c in molarity.items() if species[n].charge < 0}
        ion = "Na" if any("Na" in species[name].elements for name in cations) else "Li"
        sums = dict(zip(_MOLECULES, self._weighted(molecules, _MOLECULES), strict=True))
        sums["molecules reduced early"] = sum(
            c for n, c in molecules.items() if (self._onset(n, ion) or 0.0) > _EARLY
        )
        positive = self._weighted(cations, _CATIONS)
        negative = self._weighted(anions, _ANIONS)
        count = positive[0] or 1.0
        return [
            *sums.values(),
            _log(sums["carbon double bond"]),
            _log(sums["carbon-fluorine bond"]),
            _log(sums["molecules reduced early"]),
            positive[0],
            *(positive[1:] / count),
            *(negative[1:] / (negative[0] or 1.0)),
            sums["molecules"] / count if positive[0] else 0.0,
            self._mean_onset(molecules, ion)[0],
            *self._mean_onset(anions, ion),
        ]

    def _weighted(
        self, molarity: Mapping[str, float], names: tuple[str, ...]
    ) -> NDArray[np.float64]:
        found = np.zeros(len(names))
        for name in sorted(molarity):
            if name not in self._sums:
                self._sums[name] = per_mole(self.library.species[name])
            found += molarity[name] * self._sums[name]
        return found

    def _onset(self, name: str, ion: str) -> float | None:
        """Potential at which a species is reduced: the median of the reactions that begin with it.

        Of the reactions of the ion alone, whatever system uses them, so that it is a property of
        the species.
        """
        if (name, ion) not in self._onsets:
            begun = [
                item.onset.value
                for item in self.library.reactions.values()
                if item.onset is not None
                and item.electrons > 0
                and name in item.reactants
                and not set(item.reactants) & {"Li+", "Na+"} - {f"{ion}+"}
            ]
            self._onsets[name, ion] = median(begun) if begun else None
        return self._onsets[name, ion]

    def _mean_onset(self, molarity: Mapping[str, float], ion: str) -> tuple[float, float]:
        """Mean reduction potential of those species that have one, and whether any has."""
        known = {n: v for n in sorted(molarity) if (v := self._onset(n, ion)) is not None}
        total = sum(molarity[name] for name in known)
        if not total:
            return 0.0, 0.0
        return sum(molarity[name] * v for name, v in known.items()) / total, 1.0

    def _electrode(self, electrode: Electrode | None) -> list[float]:
        if electrode not in self._electrodes:
            self._electrodes[electrode] = self._of_electrode(electrode)
        return self._electrodes[electrode]

    def _of_electrode(self, electrode: Electrode | None) -> list[float]:
        if electrode is None:
            return [0.0] * len(_ELECTRODE)
        model = self.library.find_electrode(electrode.material)
        roughness = 1.0
        if electrode.mass and electrode.area:
            surface = electrode.specific_surface_area
            if surface is None:
                surface = model.parameters["specific_surface_area"].value
            roughness = max(1.0, surface * electrode.mass / electrode.area)
        capacity = USUAL_CAPACITY
        if electrode.mass and model.kind == "insertion":
            specific = model.parameters["specific_capacity"].value
            capacity = max(specific * electrode.mass, _LEAST_CAPACITY)
        curve = model.open_circuit
        return [
            1.0,
            float(model.kind == "insertion"),
            float(model.kind == "plating"),
            *model.window,
            *np.interp([0.1, 0.5, 0.9], curve.degree, curve.potential).tolist(),
            model.parameters["initial_degree"].value,
            math.log10(roughness),
            math.log10(capacity),
        ]


def per_mole(species: Species) -> NDArray[np.float64]:
    """Contributions of one mole to the sums that a species belongs to.

    Of a molecule those of :data:`SUMS`, and a 0; of an anion its number, mass [kg] and
    :data:`ANION_ELEMENTS`; of a cation its number, mass [kg] and charge.
    """
    if species.charge > 0:
        return np.array([1.0, species.molar_mass, species.charge])
    if species.charge < 0:
        elements = [species.elements.get(element, 0) for element in ANION_ELEMENTS]
        return np.array([1.0, species.molar_mass, *elements])
    groups = count_groups(species.smiles) if species.smiles else dict.fromkeys(GROUPS, 0)
    elements = [species.elements.get(element, 0) for element in _MOLECULE_ELEMENTS]
    # The last one, early reduction, depends on the ion and is filled in by the caller.
    return np.array([*(groups[g] for g in GROUPS), *elements, 1.0, species.molar_mass, 0.0])


def rate_of(current: ArrayLike, descriptor: ArrayLike) -> NDArray[np.float64]:
    """Current of cells over the capacity of their working electrodes [1/h].

    Args:
        current: [A], ``[batch, times]``, NaN where not known.
        descriptor: See :func:`describe`, ``[batch, features]``.

    Returns:
        The same shape; where the working electrode is not known its capacity is taken to be
        2 mA h.
    """
    row = np.asarray(descriptor, dtype=np.float64)
    capacity = 10.0 ** row[:, DESCRIPTOR.index(_CAPACITY)]
    known = row[:, DESCRIPTOR.index("working electrode: known")] > 0
    capacity = np.where(known, capacity, USUAL_CAPACITY)
    return np.asarray(np.asarray(current, dtype=np.float64) / capacity[:, None])


def relative_drive(drive: ArrayLike, descriptor: ArrayLike) -> NDArray[np.float64]:
    """Voltage [V], current over capacity [1/h] and temperature [K] of all times, ``[row, 3]``.

    Args:
        drive: Voltage, current [A], temperature, ``[batch, times, 3]``, NaN where not known.
        descriptor: See :func:`describe`, ``[batch, features]``.
    """
    voltage, current, temperature = np.moveaxis(np.asarray(drive, dtype=np.float64), -1, 0)
    found = np.stack([voltage, rate_of(current, descriptor), temperature], axis=-1)
    return np.asarray(found.reshape(-1, 3))


def _log(molarity: float) -> float:
    return math.log10(_LEAST + molarity)


@cache
def _built_in() -> Describer:
    return Describer()


def describe(
    system: System,
    *,
    temperature: float | None = None,
    water: float | None = None,
    library: Library | None = None,
) -> NDArray[np.float64]:
    """A system as numbers.

    Args:
        system: The system.
        temperature: [K]; that of the system where it is not given.
        water: Mass fraction of water that is there besides; 20 ppm where it is not given.
        library: Where components are looked up; the built-in library by default. For many
            systems with a library of one's own, make one :class:`Describer`.

    Returns:
        Shape ``[features]``, all finite; :data:`DESCRIPTOR` names them.

    Raises:
        UnknownNameError: If the library does not know a component or an electrode; the nearest
            names are listed.
        SystemDescriptionError: If an amount is missing or absurd.
        OptionError: If the temperature or the water is out of bounds.
    """
    describer = _built_in() if library is None else Describer(library)
    return describer(system, temperature=temperature, water=water)
