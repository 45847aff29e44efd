"""A described system in place of the library's: only where the library's reactions are its own."""

from __future__ import annotations

from dataclasses import replace

from opir.chemistry import Library, SystemModel
from opir.errors import SystemDescriptionError, UnknownNameError
from opir.system import Component, System

__all__ = ["described_system", "known_part"]

_REMEDY = (
    "Write a library file with a system of your own, its reactions and its solvation "
    "(docs/chemistry.md), and give it with --library"
)


def described_system(system: System, library: Library) -> SystemModel:
    """The model of a system that is a variant of one of the library.

    Composition, electrodes, temperature, cell and optics are taken from the description where it
    says them; reactions, electrode models and solvation stay those of the library.

    Args:
        system: Bears the name of a system of the library.
        library: Where that is.

    Raises:
        SystemDescriptionError: If it has no name, another electrode material or cation than the
            system that it is named after, or something that this system's reactions and solvation
            do not know.
        UnknownNameError: If the name, a component or a material is unknown.
    """
    model = _variant_of(system, library)
    for field, expected in (
        ("working_electrode", model.working),
        ("counter_electrode", model.counter),
    ):
        given, own = getattr(system, field), getattr(model.system, field)
        if given is None or (own is not None and given.material == own.material):
            continue
        if library.find_electrode(given.material).name != expected:
            raise SystemDescriptionError(
                f"{system.name} has an electrode of {expected}, not of {given.material!r}",
                place=field,
                remedy=_REMEDY,
            )
    for number, component in enumerate(system.electrolyte):
        if component.amount != 0 and not _known(component, model, library):
            raise SystemDescriptionError(
                f"no reaction and no solvation of {system.name} knows {component.name!r}",
                place=f"electrolyte[{number}]",
                remedy=_REMEDY,
            )
    kept = {
        name: getattr(system, name) or getattr(model.system, name) for name in System.model_fields
    }
    return replace(model, system=System(**kept))


def known_part(system: System, library: Library) -> tuple[System, tuple[str, ...]]:
    """The system without the components that :func:`described_system` refuses, and their names.

    Args:
        system: Bears the name of a system of the library.
        library: Where that is.

    Raises:
        SystemDescriptionError: If it has no name.
        UnknownNameError: If the name is unknown.
    """
    model = _variant_of(system, library)
    kept = tuple(c for c in system.electrolyte if c.amount == 0 or _known(c, model, library))
    left = tuple(c.name for c in system.electrolyte if c not in kept)
    fields = {name: getattr(system, name) for name in System.model_fields}
    return (System(**fields | {"electrolyte": kept}) if left else system), left


def _variant_of(system: System, library: Library) -> SystemModel:
    """The library's system of the same name."""
    if not system.name:
        raise SystemDescriptionError(
            "the system has no name, so the reactions that run in it are not known",
            remedy="Name it after the system of the library that it is a variant of "
            "(opir chemistry list systems), or write a library file of your own",
        )
    try:
        return library.systems[system.name]
    except UnknownNameError as error:
        error.remedy = f"Name it after the one that it is a variant of. {error.remedy}"
        raise


def _known(component: Component, model: SystemModel, library: Library) -> bool:
    """Whether the system's reactions, solvation or variants name the component."""
    named = {item.name for item in model.system.electrolyte} | set(model.variants.additives)
    if component.name in named:
        return True
    if component.name in library.salts:
        ions = library.salts[component.name].ions
        cations = {ion for ion in ions if library.species[ion].charge > 0}
        anions = set(ions) - cations
        return cations == {f"{model.solvation.cation}+"} and anions <= _reacting(model, library)
    species = library.find_species(component.name).name
    return species in named | set(model.solvation.preference) | _reacting(model, library)


def _reacting(model: SystemModel, library: Library) -> set[str]:
    reactions = [library.reactions[name] for name in model.reactions]
    return {name for item in reactions for name in (*item.stoichiometry, *item.orders)}
