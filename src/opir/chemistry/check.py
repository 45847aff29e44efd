"""What is doubtful in a library that loads: loose ends, unknown citations, counts by tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opir.chemistry.composition import concentrations
from opir.chemistry.library import Library
from opir.chemistry.system import SystemModel
from opir.chemistry.value import TAGS, Value
from opir.errors import OpirError

__all__ = ["Finding", "all_values", "count_tags", "examine", "reachable"]

_EVERYWHERE = ("e-", "H2O")


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Attributes:
        level: ``error`` (it contradicts itself) or ``warning`` (it may be meant).
        place: ``system lp30-graphite``.
        text: What it is, with what to do.
    """

    level: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.text}"


def all_values(library: Library) -> Iterator[tuple[str, Value]]:
    """Every value of the library with its place; open-circuit tables are not among them."""
    for s in library.species.values():
        for name, item in (("molar_volume", s.molar_volume), ("density", s.density)):
            if item is not None:
                yield f"species {s.name} {name}", item
        for label, bands in s.environments.items():
            for band in bands:
                place = f"species {s.name} {label} {band.position.value:g}"
                yield f"{place} position", band.position
                yield f"{place} intensity", band.intensity
                yield f"{place} width", band.width
                yield f"{place} lorentzian", band.lorentzian
    for salt in library.salts.values():
        yield f"salt {salt.name} apparent_molar_volume", salt.apparent_molar_volume
    for r in library.reactions.values():
        yield from _named(f"reaction {r.name}", r.parameters)
        if r.onset is not None and r.onset is not r.parameters.get("potential"):
            yield f"reaction {r.name} onset", r.onset
    for e in library.electrodes.values():
        yield from _named(f"electrode {e.name}", e.parameters)
    for model in library.systems.values():
        yield from _values_of_system(model)


def _named(place: str, values: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for name, item in values.items():
        yield f"{place} {name}", item


def _values_of_system(model: SystemModel) -> Iterator[tuple[str, Value]]:
    place = f"system {model.name}"
    yield f"{place} initial_thickness", model.interphase.initial_thickness
    yield f"{place} cracking", model.interphase.cracking
    for channel in model.interphase.transport:
        yield from _named(f"{place} {channel.law}", channel.parameters)
    yield from _named(f"{place} preference", model.solvation.preference)
    for name, item in vars(model.solvation).items():
        if isinstance(item, Value):
            yield f"{place} solvation {name}", item
    for group in (model.optics, model.initial, model.electrical):
        yield from _named(place, group)
    yield f"{place} residual_water", model.residual_water


def count_tags(library: Library) -> dict[str, int]:
    """Tag -> how many values carry it; every tag is named."""
    counts = Counter(value.tag for _, value in all_values(library))
    return {tag: counts.get(tag, 0) for tag in TAGS}


def present(library: Library, model: SystemModel) -> set[str]:
    """Species of a system before any reaction, its possible additives included."""
    found = {*_EVERYWHERE, *model.initial}
    for name in [c.name for c in model.system.electrolyte] + list(model.variants.additives):
        if name in library.salts:
            found |= set(library.salts[name].ions)
        else:
            found.add(library.find_species(name).name)
    for name in model.exchange:
        found |= set(library.reactions[name].stoichiometry)
    return found


def reachable(library: Library, model: SystemModel) -> tuple[set[str], set[str]]:
    """Species that a system can come to hold, and reactions that can run in it."""
    found = present(library, model)
    running: set[str] = set()
    while True:
        more = set()
        for name in model.reactions:
            reaction = library.reactions[name]
            needed = {*reaction.reactants, *(n for n, order in reaction.orders.items() if order)}
            if name not in running and needed <= found:
                more.add(name)
                found |= set(reaction.products)
        if not more:
            return found, running
        running |= more


def examine(library: Library) -> list[Finding]:
    """Loose ends of a library: what no system uses, what never runs, what cites nothing known."""
    findings = []
    used_species: set[str] = set()
    used_reactions: set[str] = set()
    for model in library.systems.values():
        place = f"system {model.name}"
        try:
            content = concentrations(
                model.system, library, residual_water=model.residual_water.value
            )
        except OpirError as error:
            findings.append(Finding("error", place, str(error)))
            continue
        if f"{model.solvation.cation}+" not in content:
            text = f"the electrolyte has no {model.solvation.cation}+, which solvation names"
            findings.append(Finding("error", place, text))
        held, running = reachable(library, model)
        used_species |= held
        used_reactions |= {*model.reactions, *model.exchange}
        for name in model.reactions:
            if name not in running:
                lacking = [n for n in library.reactions[name].reactants if n not in held]
                findings.append(
                    Finding(
                        "warning",
                        place,
                        f"the reaction {name} never runs: {', '.join(lacking) or 'its catalyst'} "
                        "is neither there nor made",
                    )
                )
        for electrode in (model.working, model.counter):
            ion = library.electrodes[electrode].ion
            if ion != model.solvation.cation:
                findings.append(
                    Finding("error", place, f"the electrode {electrode} stores {ion}, "
                            f"the electrolyte has {model.solvation.cation}+")
                )  # fmt: skip
        findings += [Finding("warning", place, text) for text in _mismatches(library, model)]
    for salt in library.salts.values():
        used_species |= set(salt.ions)
    findings += [
        Finding("warning", f"reaction {name}", "no system uses it")
        for name in library.reactions
        if name not in used_reactions
    ]
    findings += [
        Finding("warning", f"species {name}", "no system can come to hold it")
        for name in library.species
        if name not in used_species
    ]
    return findings + list(_citations(library))


def _mismatches(library: Library, model: SystemModel) -> Iterator[str]:
    """Where the description of a system and the models that compute it are of different things."""
    described = (model.system.working_electrode, model.system.counter_electrode)
    for electrode, name in zip(described, (model.working, model.counter), strict=True):
        names = library.electrodes[name]
        called = {n.casefold() for n in (names.name, names.title, *names.aliases)}
        if electrode is not None and electrode.material.casefold() not in called:
            yield f"the electrode {electrode.material!r} is computed as {name}"
    there = present(library, model)
    bound = f"{model.solvation.cation}_coordinated"
    for name in sorted(there - set(model.solvation.preference)):
        if bound in library.species[name].environments:
            yield f"{name} has no preference in solvation, so it never coordinates"
    for name in sorted(set(model.solvation.preference) - there):
        yield f"solvation names {name}, which is not in the electrolyte"


def _citations(library: Library) -> Iterator[Finding]:
    def known(key: str) -> bool:
        first = key.split()[0].rstrip(",;:")
        looks_like_key = first[:1] in "SR" and first[1:2].isdigit()
        return not looks_like_key or first[0] == "R" or first in library.citations

    for place, value in all_values(library):
        if value.source and not known(value.source):
            yield Finding("error", place, f"the citation {value.source!r} is not known")
        if value.tag in ("sourced", "computed", "computed-here", "fitted") and not value.source:
            yield Finding("error", place, f"is tagged {value.tag} and names no source")
    groups = (library.species, library.reactions, library.systems)
    for kind, group in zip(("species", "reaction", "system"), groups, strict=True):
        for item in group.values():  # type: ignore[attr-defined]  # a union of three mappings
            for key in item.references:
                if not known(key):
                    yield Finding(
                        "error", f"{kind} {item.name}", f"the citation {key!r} is not known"
                    )
