"""What a cell may hold and which reactions may run in it, before its spectra are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library, Reaction, SystemModel
from opir.chemistry.equation import format_equation, parse_equation, require_balance
from opir.errors import OpirError, OptionError
from opir.models.abcc.composition import evanescent_path
from opir.models.abcc.reference import ReferenceSpectra
from opir.pathways.candidates import Content, content_of
from opir.simulate.cell.own_system import described_system
from opir.system import System

__all__ = ["DILUTION", "Setting", "model_of", "plain_reaction", "setting_of", "user_reaction"]

Array = NDArray[np.float64]

_SUPPLIED = ("Li+", "Na+", "e-")
_SLACK = 0.25
"""A reaction may set in so far above the potential at which it is usually seen [V]."""
DILUTION = 0.25
"""How much a dissolved molecule shows against one in the interphase, where it is not known."""


@dataclass(frozen=True)
class Setting:
    """Species and reactions that may be.

    Attributes:
        library: Where they are from.
        model: The system with its rate constants, or None where it is not one of the library's.
        cation: ``Li`` or ``Na``.
        present: Species that are there before anything happens.
        electrolyte: Those of them that absorb.
        products: Species that may form and absorb on the axis.
        reactions: Irreversible reactions that may run.
        sources: Of each reaction: ``library`` or ``user``.
        electrolyte_spectra: Of the electrolyte, ``[population, wavenumber]``, all forms.
        spectra: Of the products, in their first form, per mmol m-2 in the interphase,
            ``[product, wavenumber]``.
        slopes: Their derivative in a shift [cm-1], the same shape.
        signature: Numbers of the products that a reaction makes, less what it uses up,
            ``[reaction, product]``.
        remarks: What a reader should know.
        effect: All that an extent of 1 mmol m-2 of each reaction changes in the spectrum, of the
            electrolyte too, ``[reaction, wavenumber]``.
    """

    library: Library
    model: SystemModel | None
    cation: str
    present: frozenset[str]
    electrolyte: tuple[str, ...]
    products: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    sources: tuple[str, ...]
    electrolyte_spectra: Array
    electrolyte_slopes: Array
    spectra: Array
    slopes: Array
    signature: Array
    remarks: tuple[str, ...]
    effect: Array

    def only(self, kept: Sequence[int]) -> Setting:
        """The setting with some of the reactions."""
        fields: dict[str, Any] = dict(vars(self))
        fields["reactions"] = tuple(self.reactions[at] for at in kept)
        fields["sources"] = tuple(self.sources[at] for at in kept)
        fields["signature"] = self.signature[list(kept)]
        fields["effect"] = self.effect[list(kept)]
        return Setting(**fields)


def user_reaction(text: str, library: Library, number: int = 1) -> Reaction:
    """A reaction that a user wrote down.

    Args:
        text: ``"2 EC + 2 Li+ + 2 e- -> LEDC + C2H4"``, or with a name before a colon.
        library: Where its species are.
        number: For its name, where it has none.

    Raises:
        ChemistryError: If it is no equation, or does not balance; says by how much.
        UnknownNameError: If a species is unknown.
    """
    name, _, equation = text.rpartition(":") if ":" in text else ("", "", text)
    exact = parse_equation(equation, lambda one: library.find_species(one).name)
    require_balance(equation.strip(), exact, library.species)
    stoichiometry = {key: float(value) for key, value in exact.items()}
    label = name.strip() or f"user reaction {number}"
    return plain_reaction(label, stoichiometry, "given by the user")


def plain_reaction(name: str, stoichiometry: Mapping[str, float], note: str) -> Reaction:
    """A balanced reaction of which nothing but its equation is known."""
    return Reaction(
        name=name,
        title=name,
        equation=format_equation(stoichiometry),
        stoichiometry=stoichiometry,
        electrons=round(-stoichiometry.get("e-", 0.0)),
        law="",
        parameters={},
        orders={},
        electrode="working" if "e-" in stoichiometry else "",
        references=(),
        onset=None,
        note=note,
    )


def setting_of(
    wavenumber: Array,
    system: System | SystemModel | str | None,
    library: Library,
    *,
    lowest: float | None = None,
    dilution: float = DILUTION,
    species: Sequence[str] | None = None,
    reactions: Sequence[str] | None = None,
    user_reactions: Sequence[str] = (),
) -> Setting:
    """Gather what may be in a cell.

    Args:
        wavenumber: Axis [cm-1].
        system: What the cell is; None: any species and reaction of the library may be there.
        library: Where species and reactions are.
        lowest: Lowest potential of the watched electrode in the run [V], where it is known:
            reductions that are never within 0.25 V of where they are usually seen are left out.
        dilution: How much a dissolved molecule shows against one in the interphase.
        species: The only products that may be there; all by default.
        reactions: Names of the only reactions of the library that may run.
        user_reactions: Equations.

    Raises:
        UnknownNameError: If a name is unknown; the nearest are listed.
        ChemistryError: If a reaction of the user does not balance.
        OptionError: If nothing that may be there absorbs on the axis.
    """
    content = content_of(system, library)
    model, remarks = model_of(system, library)
    cation = content.cation or "Li"
    if content.cation is None:
        remarks += ("The cation is not known; lithium is taken.",)
    remarks += tuple(f"The library does not know the component {name}." for name in content.unknown)
    chosen = _reactions(content, model, library, reactions, cation)
    chosen = [one for one in chosen if _reached(one, lowest)]
    sources = ["library"] * len(chosen)
    own = [user_reaction(text, library, n + 1) for n, text in enumerate(user_reactions)]
    chosen, sources = chosen + own, sources + ["user"] * len(own)
    wanted = None if species is None else {library.find_species(name).name for name in species}
    made = dict.fromkeys(name for one in chosen for name in one.stoichiometry)
    if wanted is not None:
        made |= dict.fromkeys(sorted(wanted))
    components = [name for name in library.species if name in content.components]
    liquid = _spectra(components, library, wavenumber, cation)
    products = [
        name
        for name in made
        if name not in content.components
        and name not in _SUPPLIED
        and library.species[name].phase in ("liquid", "dissolved", "solid", "gas")
        and (wanted is None or name in wanted)
        and _shows(name, library, wavenumber)
    ]
    if not products and not components:
        raise OptionError(
            f"nothing that may be in this cell absorbs between {wavenumber.min():g} and "
            f"{wavenumber.max():g} cm-1",
            remedy="Name species that do, or give references of your own",
        )
    path = _path(model, wavenumber)
    found = _spectra(products, library, wavenumber, cation)
    first = [found.populations.index(_first(found, name)) for name in products] if found else []
    scale = np.array(
        [1.0 if library.species[name].phase == "solid" else dilution for name in products]
    )[:, None]
    signature = np.array(
        [[one.stoichiometry.get(name, 0.0) for name in products] for one in chosen]
    ).reshape(len(chosen), len(products))
    effect = _effects(chosen, library, wavenumber, cation, path, dilution)
    empty = np.zeros((0, wavenumber.size))
    return Setting(
        library,
        model,
        cation,
        content.components,
        tuple(components),
        tuple(products),
        tuple(chosen),
        tuple(sources),
        liquid.molar * path if liquid else empty,
        liquid.slope * path if liquid else empty,
        1e-3 * scale * found.molar[first] * path if found else empty,
        1e-3 * scale * found.slope[first] * path if found else empty,
        signature,
        remarks,
        effect,
    )


def model_of(
    system: System | SystemModel | str | None, library: Library
) -> tuple[SystemModel | None, tuple[str, ...]]:
    """The system with its rate constants where the library has them, and remarks.

    Raises:
        UnknownNameError: If a name is unknown.
    """
    if system is None:
        return None, (
            "What the cell is was not said: every reaction of the library is weighed, and none "
            "has rate constants to go by.",
        )
    if isinstance(system, SystemModel):
        return system, ()
    if isinstance(system, str):
        return library.systems[system], ()
    if system.name not in library.systems:
        return None, (
            f"The library has no rate constants for {system.name or 'this cell'}: reactions are "
            "told by the spectra alone.",
        )
    try:
        return described_system(system, library), ()
    except OpirError as error:
        return None, (f"No rate constants are used, since {error.problem}.",)


def _reactions(
    content: Content,
    model: SystemModel | None,
    library: Library,
    names: Sequence[str] | None,
    cation: str,
) -> list[Reaction]:
    if names is not None:
        return [library.reactions[name] for name in names]
    if model is not None:
        every = [library.reactions[name] for name in model.reactions]
    else:
        other = "Na+" if cation == "Li" else "Li+"
        of_systems = {n for one in library.systems.values() for n in one.reactions}
        every = [
            one
            for one in library.reactions.values()
            if one.law != "exchange" and one.name in of_systems and other not in one.stoichiometry
        ]
    if not content.known:
        return every
    able = {name for makers in content.made_by.values() for name in makers}
    return [one for one in every if one.name in able]


def _reached(reaction: Reaction, lowest: float | None) -> bool:
    if lowest is None or reaction.onset is None or reaction.electrode != "working":
        return True
    return reaction.electrons <= 0 or lowest <= reaction.onset.value + _SLACK


def _shows(name: str, library: Library, wavenumber: Array) -> bool:
    item = library.species[name]
    low, high = float(wavenumber.min()), float(wavenumber.max())
    return any(
        low < band.position.value < high
        for environment in item.environments
        for band in item.bands(environment)
    )


def _spectra(
    names: Sequence[str], library: Library, wavenumber: Array, cation: str
) -> ReferenceSpectra | None:
    known = [name for name in names if library.species[name].environments]
    return ReferenceSpectra.of(library, wavenumber, cation, known) if known else None


def _first(found: ReferenceSpectra | None, name: str) -> tuple[str, str]:
    populations = () if found is None else found.populations
    return next(label for label in populations if label[0] == name)


def _path(model: SystemModel | None, wavenumber: Array) -> Array:
    optics = None if model is None else model.system.optics
    if optics is not None and optics.geometry == "transmission":
        return np.ones_like(wavenumber)
    return evanescent_path(wavenumber)


def _effects(
    reactions: Sequence[Reaction],
    library: Library,
    wavenumber: Array,
    cation: str,
    path: Array,
    dilution: float,
) -> Array:
    names = tuple(dict.fromkeys(name for one in reactions for name in one.stoichiometry))
    found = _spectra(names, library, wavenumber, cation)
    effect = np.zeros((len(reactions), wavenumber.size))
    if found is None:
        return effect
    spectra = {}
    for name in found.species:
        phase = library.species[name].phase
        scale = {"solid": 1e-3, "gas": 0.0}.get(phase, 1e-3 * dilution)
        spectra[name] = scale * found.molar[found.populations.index(_first(found, name))] * path
    for row, one in enumerate(reactions):
        for name, number in one.stoichiometry.items():
            if name in spectra:
                effect[row] += number * spectra[name]
    return effect
