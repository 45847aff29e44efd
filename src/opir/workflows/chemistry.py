"""The library in words and pictures: list, show, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from opir.chemistry import (
    ElectrodeModel,
    Library,
    Reaction,
    Species,
    SystemModel,
    Value,
    concentrations,
    library,
)
from opir.chemistry.check import Finding, count_tags, examine
from opir.chemistry.formula import hill
from opir.chemistry.library import BUILT_IN, assemble
from opir.chemistry.source_files import list_files
from opir.errors import ChemistryError, OptionError, UnknownNameError
from opir.files import check_output
from opir.plots.network import reaction_network
from opir.plots.species import species_spectrum
from opir.plots.style import check_ending, save

__all__ = ["KINDS", "card", "check", "draw", "find", "listing", "to_data"]

KINDS = ("species", "reactions", "systems", "electrodes")
"""What can be listed."""

_CHOSEN = "[guessed: a choice of ours]"

_UNITS = {
    "area": "m2",
    "mass": "kg",
    "specific_surface_area": "m2 kg-1",
    "electrolyte_volume": "m3",
    "incidence_angle": "rad",
    "path_length": "m",
    "fibre_diameter": "m",
}

Item = Species | Reaction | SystemModel | ElectrodeModel


def listing(kind: str, extra: Sequence[Path | str] = ()) -> list[dict[str, Any]]:
    """One line of facts about each item of a kind, as mappings of plain values.

    Args:
        kind: One of :data:`KINDS`.
        extra: One's own library files.

    Raises:
        UnknownNameError: If there is no such kind.
    """
    known = library(extra)
    if kind == "species":
        return [
            {"name": s.name, "formula": hill(s.elements) or "-", "charge": s.charge,
             "phase": s.phase, "bands": sum(len(b) for b in s.environments.values()),
             "title": s.title}
            for s in known.species.values()
        ]  # fmt: skip
    if kind == "reactions":
        return [
            {"name": r.name, "law": r.law, "onset": "" if r.onset is None else r.onset.value,
             "equation": r.equation, "references": " ".join(r.references)}
            for r in known.reactions.values()
        ]  # fmt: skip
    if kind == "systems":
        return [
            {"name": m.name, "number": m.number, "reactions": len(m.reactions), "title": m.title}
            for m in sorted(known.systems.values(), key=lambda m: (m.number or 99, m.name))
        ]
    if kind == "electrodes":
        return [
            {"name": e.name, "kind": e.kind, "ion": e.ion,
             "capacity": e.parameters["specific_capacity"].value,
             "open_circuit": e.open_circuit.tag, "title": e.title}
            for e in known.electrodes.values()
        ]  # fmt: skip
    raise UnknownNameError("kind", kind, KINDS)


def find(name: str, extra: Sequence[Path | str] = ()) -> tuple[Item, Library]:
    """A system, reaction, electrode or species, and the library that it is from.

    Species are found by alias, formula and SMILES too.

    Raises:
        UnknownNameError: If nothing has that name; the nearest names of all kinds are listed.
        ChemistryError: If a formula belongs to several species.
    """
    known = library(extra)
    groups: tuple[Mapping[str, Item], ...] = (known.systems, known.reactions, known.electrodes)
    for group in groups:
        if name in group:
            return group[name], known
    try:
        return known.find_species(name), known
    except UnknownNameError:
        pass
    try:
        return known.find_electrode(name), known
    except UnknownNameError:
        every = [n for group in (*groups, known.species) for n in group]
        every += [a for s in known.species.values() for a in (s.title, *s.aliases)]
        error = UnknownNameError("name in the library", name, every)
        if not error.remedy.startswith("Nearest"):
            error.remedy = "opir chemistry list species (reactions, systems, electrodes) lists all"
        raise error from None


def to_data(item: Item) -> dict[str, Any]:
    """An item as plain values, for JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, Value):
            return {k: v for k, v in asdict(value).items() if v not in ("",)}
        if hasattr(value, "model_dump"):
            return value.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        if is_dataclass(value):
            return {k: plain(v) for k, v in vars(value).items()}
        if isinstance(value, Mapping):
            return {str(k): plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value

    made: dict[str, Any] = plain(item)
    return made


def card(item: Item, known: Library) -> str:
    """All that the library knows of an item: values with unit, tag and source, and citations."""
    if isinstance(item, Species):
        lines = _species(item, known)
    elif isinstance(item, Reaction):
        lines = _reaction(item)
    elif isinstance(item, ElectrodeModel):
        lines = _electrode(item)
    else:
        lines = _system(item, known)
    text = "\n".join(lines)
    cited = [key for key in known.citations if _mentions(text, key)]
    if cited:
        lines += ["", "sources:"]
        for key in cited:
            c = known.citations[key]
            more = "".join([f", doi {c.doi}" if c.doi else "", f", {c.url}" if c.url else ""])
            lines.append(f"  {key}: {c.text}{more}" + (f" (read: {c.read})" if c.read else ""))
    return "\n".join(lines)


def _mentions(text: str, key: str) -> bool:
    import re

    return re.search(rf"(?<![\w.]){re.escape(key)}(?![\w])", text) is not None


def _head(item: Item) -> list[str]:
    references = getattr(item, "references", ())
    lines = [item.name, f"title: {item.title}"]
    lines += [f"references: {' '.join(references)}"] if references else []
    return lines + ([f"note: {item.note}"] if item.note else [])


def _values(values: Mapping[str, Value]) -> list[str]:
    return [f"  {n}: {v}" + (f"; {v.note}" if v.note else "") for n, v in values.items()]


def _species(item: Species, known: Library) -> list[str]:
    lines = _head(item)
    lines.append(f"formula: {item.formula or '-'}, charge {item.charge:+d}, {item.phase}")
    if item.aliases:
        lines.append(f"also: {', '.join(item.aliases)}")
    if item.smiles:
        lines.append(f"SMILES: {item.smiles}")
    lines.append(f"molar mass: {item.molar_mass * 1e3:.4f} g mol-1 [derived, from the formula]")
    for name, value in (("density", item.density), ("molar volume", item.molar_volume)):
        if value is not None:
            lines.append(f"{name}: {value}")
    for label, bands in item.environments.items():
        lines += ["", f"bands, {label}: position / cm-1, intensity (EC C=O = 1), width / cm-1"]
        for b in bands:
            tags = f"{b.position.tag}, {b.intensity.tag}, {b.width.tag}"
            source = f"; intensity from {b.intensity.source}" if b.intensity.source else ""
            lines.append(
                f"  {b.position.value:7.1f} {b.intensity.value:7.3f} {b.width.value:6.1f}"
                f"  {b.assignment} [{tags}{source}]"
            )
    makes = [r.name for r in known.reactions.values() if item.name in r.products]
    takes = [r.name for r in known.reactions.values() if item.name in r.reactants]
    lines += [""] + ([f"made by: {', '.join(makes)}"] if makes else [])
    return lines + ([f"used up by: {', '.join(takes)}"] if takes else [])


def _unit(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g} {_UNITS.get(name, '')}".rstrip()


def _reaction(item: Reaction) -> list[str]:
    lines = [*_head(item), f"equation: {item.equation}", f"electrons: {item.electrons}"]
    lines.append(
        f"law: {item.law}" + (f", at the {item.electrode} electrode" * bool(item.electrode))
    )
    if item.orders:
        lines.append("orders: " + ", ".join(f"{n} {o:g}" for n, o in item.orders.items()))
    if item.onset is not None:
        lines.append(f"onset: {item.onset}")
    return lines + (["parameters:", *_values(item.parameters)] if item.parameters else [])


def _electrode(item: ElectrodeModel) -> list[str]:
    lines = [*_head(item), f"kind: {item.kind}, {item.ion}"]
    if item.aliases:
        lines.append(f"also: {', '.join(item.aliases)}")
    lines.append(f"window: {item.window[0]:g} to {item.window[1]:g} V {_CHOSEN}")
    lines += ["parameters:", *_values(item.parameters)]
    curve = item.open_circuit
    source = f", {curve.source}" if curve.source else ""
    lines.append(f"open-circuit potential [{curve.tag}{source}]: degree, V")
    if curve.note:
        lines.append(f"  {curve.note}")
    step = max(1, len(curve.degree) // 12)
    rows = list(zip(curve.degree, curve.potential, strict=True))
    lines += [f"  {x:6.3f} {u:7.4f}" for x, u in (*rows[:-1:step], rows[-1])]
    return lines


def _system(item: SystemModel, known: Library) -> list[str]:
    lines = [*_head(item)]
    lines.append(f"electrodes: {item.working} (watched), {item.counter}")
    lines.append(f"window: {item.window[0]:g} to {item.window[1]:g} V {_CHOSEN}")
    lines.append(f"cell {_CHOSEN}:")
    for label in ("working_electrode", "counter_electrode", "cell", "optics"):
        part = getattr(item.system, label)
        if part is not None:
            known_fields = part.model_dump(exclude_none=True, exclude_defaults=True)
            facts = ", ".join(
                f"{name} {_unit(name, value)}" for name, value in known_fields.items()
            )
            lines.append(f"  {label.replace('_', ' ')}: {facts}")
    if item.system.temperature is not None:
        lines.append(f"  temperature: {item.system.temperature - 273.15:g} degC")
    water = item.residual_water.value
    content = concentrations(item.system, known, residual_water=water)
    lines.append("electrolyte at 298 K, volumes taken to add [derived]:")
    lines += [f"  {name}: {c / 1e3:.4g} mol/L" for name, c in content.items()]
    lines.append("interphase:")
    lines += _values(
        {
            "initial_thickness": item.interphase.initial_thickness,
            "cracking": item.interphase.cracking,
        }
    )
    for channel in item.interphase.transport:
        named = {f"{channel.law} {n}": v for n, v in channel.parameters.items()}
        lines += _values(named)
    lines.append(f"solvation of {item.solvation.cation}+:")
    lines += _values({f"preference {n}": v for n, v in item.solvation.preference.items()})
    lines += _values({n: v for n, v in vars(item.solvation).items() if isinstance(v, Value)})
    for label, group in (
        ("optics", item.optics),
        ("electrical", item.electrical),
        ("there from the beginning", item.initial),
    ):
        lines += [f"{label}:", *_values(group)] if group else []
    lines.append(f"residual water: {item.residual_water}")
    low, high = item.variants.salt_concentration
    cold, warm = item.variants.temperature
    lines.append(
        f"variants {_CHOSEN}: salt {low / 1e3:g} to {high / 1e3:g} mol/L, "
        f"{cold - 273.15:g} to {warm - 273.15:g} degC"
        + "".join(
            f", {n} {a * 100:g} to {b * 100:g} %" for n, (a, b) in item.variants.additives.items()
        )
    )
    lines.append(f"protocols: {', '.join(item.protocols)}")
    lines.append("reactions:")
    for name in item.reactions:
        r = known.reactions[name]
        onset = "        " if r.onset is None else f"{r.onset.value:5.2f} V "
        lines.append(f"  {onset} {name}: {r.equation} [{r.law}]")
    return lines


def draw(item: Item, known: Library, out: Path | str, *, overwrite: bool = False) -> Path:
    """A picture: of a species its spectrum, of a system its reaction network.

    Raises:
        OptionError: If the item is neither, or the ending is none of a picture.
        OutputError: If it cannot be written.
    """
    check_ending(out)
    check_output(out, overwrite=overwrite)
    if isinstance(item, Species):
        figure = species_spectrum(item)
    elif isinstance(item, SystemModel):
        figure = reaction_network(item, known)
    else:
        raise OptionError(
            f"there is no picture of {item.name!r}",
            remedy="Species are drawn as spectrum, systems as reaction network",
        )
    return save(figure, out, overwrite=overwrite)


def check(files: Sequence[Path | str] = ()) -> tuple[list[Finding], dict[str, int]]:
    """Faults and loose ends of one's own files on top of the library, or of the library itself.

    Args:
        files: Files or folders; none for the built-in library.

    Returns:
        Findings, and how many values carry each tag (of everything that could be built).
    """
    built_in = list_files(BUILT_IN)
    own = [file for path in files for file in list_files(path)]
    made, faults = assemble([*built_in, *own])
    findings = [Finding("error", "library", str(fault)) for fault in faults]
    if faults:
        return findings, count_tags(made)
    before = set() if not own else set(map(str, examine(assemble(built_in)[0])))
    try:
        more = examine(made)
    except ChemistryError as error:
        more = [Finding("error", "library", str(error))]
    return [*findings, *(f for f in more if str(f) not in before)], count_tags(made)
