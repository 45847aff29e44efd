"""The chemistry library as arrays on one axis: what absorbs, what reacts, and into what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.chemistry import Library, Reaction
from opir.chemistry.functional_groups import GROUPS, count_groups
from opir.errors import ModelError
from opir.models.abcc.composition import Explanation, evanescent_path, explain
from opir.models.abcc.known_composition import composition_rows
from opir.models.abcc.law_context import catalysts, scavengers
from opir.models.abcc.reactions import ReactionSet
from opir.models.abcc.reference import ReferenceSpectra
from opir.models.descriptor import DESCRIPTOR, rate_of

__all__ = [
    "REACTION_FEATURES",
    "USUAL_DILUTION",
    "ChemistryTables",
    "StaticState",
    "dilution_of",
    "reaction_features",
    "working_current",
    "working_potential",
]

Array = NDArray[np.float64]

_CATIONS = ("Li", "Na")
_BETWEEN = 0.015
"""Molar mass between that of lithium and that of sodium [kg/mol]."""

_USUAL_DENSITY = 1500.0
"""Of a film [kg m-3]."""

_APART = 0.1
"""Mole fraction that has to be wrong for a spectrum not to be of the electrolyte described."""

_POSITIVE = 1.0
"""Counter electrodes above are those of full cells [V]."""

_ELEMENTS = ("C", "O", "H", "F", "N", "S", "P", "B")
_ON_A_FOIL, _WITH_SURFACE = -2.05, 0.57
USUAL_DILUTION = 0.2
"""How much a dissolved molecule shows where nothing is known of the electrode."""
_COMPARED = 3.6e-3
"""Capacity of 10 mg of graphite [A h]: networks are told of currents of about the same size."""
_LAWS = ("tafel", "chemical", "surface", "dissolution", "gas_evolution")
_DENSITY = 1.25
"""Of an electrolyte [kg/L]; a usual value, to turn a mass fraction of water into an amount."""
_WATER = 0.018015
_RESERVOIR = 1e4
"""Of what the counter electrode and the wire bring [mmol m-2]: it does not run out."""

REACTION_FEATURES: tuple[str, ...] = (
    "onset [V]",
    "onset known",
    "electrons",
    *(f"law: {law}" for law in _LAWS),
    "sodium",
    "at the counter electrode",
    *(f"{group} of reactants" for group in GROUPS),
    *(f"{element} of reactants" for element in _ELEMENTS),
)
"""What a reaction is described by, never its name."""


def reaction_features(reaction: Reaction, library: Library) -> Array:
    """A reaction as numbers, from its law, its onset and what its reactants are made of.

    Returns:
        ``[feature]``, in the order of :data:`REACTION_FEATURES`.
    """
    groups, elements = np.zeros(len(GROUPS)), np.zeros(len(_ELEMENTS))
    for name, number in reaction.stoichiometry.items():
        species = library.species[name]
        if number >= 0 or name == "e-" or species.charge > 0:
            continue
        if species.smiles:
            counts = count_groups(species.smiles)
            groups += [counts[group] for group in GROUPS]
        elements += [species.elements.get(element, 0) for element in _ELEMENTS]
    onset = reaction.onset
    return np.array(
        [
            0.0 if onset is None else onset.value,
            float(onset is not None),
            float(reaction.electrons),
            *(float(reaction.law == law) for law in _LAWS),
            float("Na+" in reaction.stoichiometry),
            float(reaction.electrode == "counter"),
            *groups,
            *elements,
        ]
    )


@dataclass(frozen=True)
class StaticState:
    """What a static spectrum and the descriptor say of a cell before anything happens.

    Attributes:
        amounts: Concentration times path of each population [mmol m-2], ``[batch, population]``.
        shift: Of the bands of each population [cm-1], ``[batch, population]``.
        initial: Of each reacting species [mmol m-2], ``[batch, species]``.
        path: Concentration times path over concentration, relative to a usual cell, ``[batch]``.
        unexplained: Share of the spectrum that the library does not explain, ``[batch]``.
    """

    amounts: Array
    shift: Array
    initial: Array
    path: Array
    unexplained: Array


@dataclass(frozen=True)
class ChemistryTables:
    """Populations (species in one environment) and reactions, for both cations at once.

    Attributes:
        wavenumber: Axis [cm-1], ``[wavenumber]``.
        populations: (species, environment).
        molar: Molar absorption times the relative evanescent path [m2 mmol-1],
            ``[population, wavenumber]``.
        slope: Its derivative in a shift of the bands [m2 mmol-1 cm], the same shape.
        reactions: The irreversible reactions.
        features: ``[reaction, feature]``, see :data:`REACTION_FEATURES`.
        shown: 1 where a species that was not there to begin with shows once it is formed: as its
            first population; a gas leaves and does not show. ``[species, population]``.
        forms: 1 where a population is a form of a species, ``[species, population]``.
        dissolved: Whether a species is in the liquid, ``[species]``.
        solid: Whether it is in the interphase, ``[species]``.
        kinds: 1 where a population is free or bound, of a molecule or of an ion, four kinds,
            ``[kind, population]``.
        catalysts: See :func:`opir.models.abcc.law_context.catalysts`, ``[species, reaction]``.
        scavengers: See :func:`opir.models.abcc.law_context.scavengers`, ``[species, reaction]``.
        references: Spectra of the electrolyte's species beside each cation.
        library: Where all of it is from.
    """

    wavenumber: Array
    populations: tuple[tuple[str, str], ...]
    molar: Array
    slope: Array
    reactions: ReactionSet
    features: Array
    shown: Array
    forms: Array
    dissolved: NDArray[np.bool_]
    solid: NDArray[np.bool_]
    kinds: Array
    catalysts: NDArray[np.bool_]
    scavengers: NDArray[np.bool_]
    references: dict[str, ReferenceSpectra]
    library: Library

    @classmethod
    def of(cls, library: Library, wavenumber: Array) -> ChemistryTables:
        """All species of a library that absorb, and all its irreversible reactions.

        Raises:
            ModelError: If no species has a band on this axis.
        """
        path = evanescent_path(wavenumber)
        absorbing = [name for name, item in library.species.items() if item.environments]
        places = [
            band.position.value
            for name in absorbing
            for environment in library.species[name].environments
            for band in library.species[name].bands(environment)
        ]
        low, high = float(np.min(wavenumber)), float(np.max(wavenumber))
        if not any(low < place < high for place in places):
            raise ModelError(
                f"no species of the library has a band between {low:g} and {high:g} cm-1",
                remedy="Use the learned mode of abcc, which needs no library",
            )
        liquid = [
            name
            for name in absorbing
            if library.species[name].phase == "liquid" or library.species[name].charge < 0
        ]
        found: dict[tuple[str, str], tuple[Array, Array]] = {}
        references = {}
        for cation in _CATIONS:
            spectra = ReferenceSpectra.of(library, wavenumber, cation, absorbing)
            for at, label in enumerate(spectra.populations):
                found.setdefault(label, (spectra.molar[at] * path, spectra.slope[at] * path))
            references[cation] = ReferenceSpectra.of(library, wavenumber, cation, liquid)
        populations = tuple(found)
        molar = 1e-3 * np.array([one for one, _ in found.values()])
        reactions = ReactionSet.of(library)
        forms = np.array(
            [[float(name == one) for name, _ in populations] for one in reactions.species]
        )
        phase = np.array([library.species[name].phase for name in reactions.species])
        first = forms * (np.cumsum(forms, axis=1) == 1) * (phase != "gas")[:, None]
        return cls(
            np.asarray(wavenumber, dtype=np.float64),
            populations,
            molar,
            1e-3 * np.array([one for _, one in found.values()]),
            reactions,
            np.array(
                [
                    reaction_features(library.reactions[name], library)
                    for name in reactions.reactions
                ]
            ),
            first,
            forms,
            np.isin(phase, ("liquid", "dissolved")),
            phase == "solid",
            _kinds(populations, library),
            catalysts(reactions, library),
            scavengers(reactions, library),
            references,
            library,
        )

    @property
    def consumed(self) -> Array:
        """What an extent of 1 uses up, cations included, electrons not, ``[species, reaction]``."""
        used = np.maximum(-self.reactions.stoichiometry, 0.0)
        used[[name == "e-" for name in self.reactions.species]] = 0.0
        return used

    @property
    def volumes(self) -> Array:
        """Solids that an extent of 1 forms [cm3 mol-1], ``[reaction]``.

        Densities are the library's; what has none counts as 1,500 kg m-3.
        """
        found = np.zeros(len(self.reactions.reactions))
        for row in np.flatnonzero(self.solid):
            item = self.library.species[self.reactions.species[row]]
            volume = item.molar_mass / (item.density.value if item.density else _USUAL_DENSITY)
            volume = item.molar_volume.value if item.molar_volume else volume
            found += 1e6 * volume * np.maximum(self.reactions.stoichiometry[row], 0.0)
        return found

    @property
    def names(self) -> dict[str, Any]:
        """Names of species, reactions and populations, as JSON values."""
        return {
            "species": list(self.reactions.species),
            "reactions": list(self.reactions.reactions),
            "populations": [list(label) for label in self.populations],
        }

    def are_those_of(self, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> bool:
        """Whether a model's state was made with the same names, stoichiometry and spectra."""
        return (
            all(config[key] == value for key, value in self.names.items())
            and np.allclose(self.reactions.stoichiometry, arrays["network.stoichiometry"])
            and np.allclose(self.molar, arrays["network.molar"], rtol=1e-4, atol=1e-6)
        )

    def read(self, spectra: Array, descriptor: Array) -> StaticState:
        """Explain static spectra by the library, and by what is known of the composition.

        Args:
            spectra: Absorbance, ``[batch, wavenumber]``, on :attr:`wavenumber`.
            descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.

        Raises:
            ModelError: If the descriptor is another one.
        """
        check_descriptor(descriptor)
        column = {name: descriptor[:, at] for at, name in enumerate(DESCRIPTOR)}
        sodium = column["molar mass of cations [kg/mol]"] > _BETWEEN
        place = {label: at for at, label in enumerate(self.populations)}
        amounts = np.zeros((len(spectra), len(self.populations)))
        shift, unexplained = np.zeros_like(amounts), np.zeros(len(spectra))
        path = evanescent_path(self.wavenumber)
        for cation in _CATIONS:
            rows = np.flatnonzero(sodium == (cation == "Na"))
            if not rows.size:
                continue
            reference = self.references[cation]
            said = _explained(spectra[rows], descriptor[rows], reference, self.library, path)
            columns = np.array([place[label] for label in reference.populations])
            amounts[np.ix_(rows, columns)] = 1e3 * said.amounts
            shift[np.ix_(rows, columns)] = said.shift @ reference.belongs.T
            unexplained[rows] = said.unexplained
        anions = column["cations [mol/L]"] * np.maximum(column["charge of cations"], 1.0)
        known = column["molecules [mol/L]"] + anions
        path_length = amounts.sum(axis=1) / np.where(known > 0.1, known, np.inf)
        initial = amounts @ self.forms.T
        if "H2O" in self.reactions.species:
            water = 10.0 ** column["log10 of water [mass fraction]"] * _DENSITY / _WATER
            initial[:, self.reactions.species.index("H2O")] = water * path_length
        initial[:, self.reactions.supplied] = _RESERVOIR
        # The other cation is not there at all, so nothing can form with it.
        for ion, absent in (("Li+", sodium), ("Na+", ~sodium)):
            if ion in self.reactions.species:
                initial[absent, self.reactions.species.index(ion)] = 0.0
        return StaticState(amounts, shift, initial, path_length, unexplained)


def _explained(
    spectra: Array, descriptor: Array, reference: ReferenceSpectra, library: Library, path: Array
) -> Explanation:
    """By the spectrum and what is described; by the spectrum alone where they do not go together.

    So it is where a component has no bands in the library, or another electrolyte is described.
    """
    known = composition_rows(descriptor, reference.species, library)
    said = explain(spectra, reference, path=path, known=known)
    off = np.abs((known @ said.fractions[..., None])[..., 0]).max(axis=1)
    if (off > _APART).any():
        known[off > _APART] = 0.0
        said = explain(spectra, reference, path=path, known=known)
    return said


def _kinds(populations: Sequence[tuple[str, str]], library: Library) -> Array:
    """``[kind, population]``: molecules free and bound, ions free and bound."""
    found = np.zeros((4, len(populations)))
    for at, (name, environment) in enumerate(populations):
        ion = library.species[name].charge != 0
        bound = environment not in ("free", "Na_free")
        found[2 * ion + bound, at] = 1.0
    return found


def working_potential(voltage: Array, descriptor: Array, passed: Array | None = None) -> Array:
    """About what the working electrode's potential is, from the cell voltage [V].

    Against a metal counter electrode it is the voltage. In a full cell it is what the voltage
    leaves of the counter electrode's potential, which rises as charge leaves that: read off a line
    through its potentials at three degrees, from how full it is when new. Where the charge is not
    known, the mean of those at degrees 0.1 and 0.5, as if it stayed nearly charged.

    Args:
        voltage: Cell voltage [V], ``[batch, times]``, NaN where not known.
        descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.
        passed: Charge that has charged the cell since it was new [A s], ``[batch, times]``, NaN
            where not known.

    Raises:
        ModelError: If the descriptor is another one.
    """
    check_descriptor(descriptor)
    low, middle, high, new, capacity = (
        descriptor[:, DESCRIPTOR.index(f"counter electrode: {name}")][:, None]
        for name in (
            *(f"potential at degree {degree} [V]" for degree in (0.1, 0.5, 0.9)),
            "degree when new",
            "log10 of capacity [A h]",
        )
    )
    full = _full(descriptor)[:, None]
    counter = np.broadcast_to(0.5 * (low + middle), voltage.shape)
    if passed is not None and full.any():
        degree = np.clip(new - passed / (3600.0 * 10.0**capacity), 0.0, 1.0)
        slope = np.where(degree < 0.5, middle - low, high - middle) / 0.4
        counter = np.where(full & ~np.isnan(degree), middle + slope * (degree - 0.5), counter)
    return np.asarray(np.where(full, counter - voltage, voltage - counter))


def working_current(current: Array, descriptor: Array) -> Array:
    """Current of the working electrode as an electrode of usual capacity would have it [A].

    What a current does to the salt in front of an electrode and to how full that is depends on how
    quickly it fills it. In a full cell the working electrode is the negative one: what charges
    the cell fills it, where in a half-cell it empties it.

    Args:
        current: Of the cell [A], ``[batch, times]``, NaN where not known.
        descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.

    Raises:
        ModelError: If the descriptor is another one.
    """
    check_descriptor(descriptor)
    side = np.where(_full(descriptor), -1.0, 1.0)[:, None]
    return np.asarray(side * _COMPARED * rate_of(current, descriptor))


def _full(descriptor: Array) -> NDArray[np.bool_]:
    """Whether the counter electrode is a positive one, ``[batch]``."""
    names = [f"counter electrode: potential at degree {degree} [V]" for degree in (0.1, 0.5)]
    potential = descriptor[:, [DESCRIPTOR.index(name) for name in names]].mean(axis=1)
    return np.asarray(potential > _POSITIVE)


def dilution_of(descriptor: Tensor) -> Tensor:
    """How much a dissolved molecule shows against one in the interphase, ``[batch]``.

    Both lie within the reach of the light, the interphase on the surface of the electrode, the
    electrolyte beside it: the more surface per geometric area, the more of it. A power law through
    the library's own cells, whose geometry is guessed, within 40 %: 0.009 for foils of metal, 0.17
    to 0.38 for porous electrodes. 0.2 where the working electrode is not known.

    Args:
        descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.
    """
    surface = DESCRIPTOR.index("working electrode: log10 of surface over geometric area")
    known = DESCRIPTOR.index("working electrode: known")
    found = 10.0 ** (_ON_A_FOIL + _WITH_SURFACE * descriptor[:, surface])
    return torch.where(descriptor[:, known] > 0, found, USUAL_DILUTION)


def check_descriptor(descriptor: Array) -> None:
    """Refuse descriptors that are not those of :data:`opir.models.descriptor.DESCRIPTOR`.

    Raises:
        ModelError: If their number differs.
    """
    if descriptor.shape[-1] != len(DESCRIPTOR):
        raise ModelError(
            f"the system is described by {descriptor.shape[-1]} numbers; the library mode needs "
            f"the {len(DESCRIPTOR)} of opir.models.descriptor",
            remedy="State the system, or use the learned mode of abcc (model abcc)",
        )
