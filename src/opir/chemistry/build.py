"""From checked files to the objects of a library; every fault is found, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from opir.chemistry import schema
from opir.chemistry.electrode import ElectrodeModel, OpenCircuit
from opir.chemistry.equation import parse_equation, require_balance
from opir.chemistry.formula import molar_mass, parse_formula
from opir.chemistry.laws import (
    ELECTRICAL,
    ELECTRODE,
    LAWS,
    OPTICS,
    SOLVATION,
    TRANSPORT,
    LawSpecification,
)
from opir.chemistry.reaction import Reaction
from opir.chemistry.species import Band, Species
from opir.chemistry.system import Interphase, Solvation, SystemModel, Transport, Variants
from opir.chemistry.value import Value
from opir.errors import ChemistryError, OpirError, UnknownNameError
from opir.quantities import check_values, convert, parse, quantity
from opir.system import System

__all__ = ["Entry", "build_electrode", "build_reaction", "build_species", "build_system", "collect"]

T = TypeVar("T")

LORENTZIAN = Value(0.8, "1", "guessed", "", "share of the Lorentz profile; liquids are near 1")


@dataclass(frozen=True)
class Entry:
    """One entry of a file, with where it stands."""

    data: Any
    path: Path


def collect(
    make: Callable[[str, Any], T], entries: Mapping[str, Entry], faults: list[OpirError], kind: str
) -> dict[str, T]:
    """Build all entries of a section; those that cannot be built go to ``faults``."""
    built = {}
    for name, entry in entries.items():
        try:
            built[name] = make(name, entry.data)
        except OpirError as error:
            inner = f", {error.place}" if error.place else ""
            error.place = f"{kind} {name}{inner}"
            faults.append(error.at(path=entry.path))
    return built


def to_value(entry: schema.ValueEntry, kind: str, place: str = "") -> Value:
    """A value in the unit inside of its quantity."""
    try:
        inside = float(convert(entry.value, kind, entry.unit))
        check_values(inside, kind)
    except OpirError as error:
        error.place = place or None
        raise
    return Value(inside, quantity(kind).unit, entry.tag, entry.source, entry.note)


def to_parameters(
    entries: Mapping[str, schema.ValueEntry], specification: LawSpecification, what: str
) -> dict[str, Value]:
    """Parameters of a law, all of those needed and none besides."""
    known = specification.quantities
    for name in entries:
        if name not in known:
            raise UnknownNameError("parameter", name, known, place=what)
    missing = [name for name in specification.needed if name not in entries]
    if missing:
        raise ChemistryError(
            f"{what} lacks {', '.join(missing)}",
            remedy=f"It needs {', '.join(specification.needed)}",
        )
    return {name: to_value(entry, known[name], name) for name, entry in entries.items()}


def _law(name: str, laws: Mapping[str, LawSpecification]) -> LawSpecification:
    if name not in laws:
        raise UnknownNameError("law", name, laws)
    return laws[name]


def _band(entry: schema.BandEntry, default: Value, place: str) -> Band:
    position = to_value(entry.position, "wavenumber", place)
    width = to_value(entry.width, "wavenumber", place)
    if not 400 <= position.value <= 4000:
        raise ChemistryError(
            f"a band at {position.value:g} cm-1 is no fundamental of the mid infrared",
            remedy="Bands lie between 400 and 4000 cm-1",
            place=place,
        )
    if not 0.5 <= width.value <= 600:
        raise ChemistryError(
            f"the band at {position.value:g} cm-1 is {width.value:g} cm-1 wide",
            remedy="Widths (full width at half maximum) lie between 0.5 and 600 cm-1",
            place=place,
        )
    lorentzian = default if entry.lorentzian is None else to_value(entry.lorentzian, "fraction")
    intensity = to_value(entry.intensity, "infrared_intensity", place)
    return Band(position, intensity, width, entry.assignment, lorentzian)


def build_species(name: str, entry: schema.SpeciesEntry) -> Species:
    """One species; its bands are its own (see ``same_bands_as`` in the library)."""
    elements = parse_formula(entry.formula)
    if not elements and entry.phase != "electron":
        raise ChemistryError("the formula is empty", remedy="Give the elements of the species")
    mass = molar_mass(elements, entry.charge)
    default = LORENTZIAN if entry.lorentzian is None else to_value(entry.lorentzian, "fraction")
    density = None if entry.density is None else to_value(entry.density, "density", "density")
    volume = None
    if entry.molar_volume is not None:
        volume = to_value(entry.molar_volume, "molar_volume", "molar_volume")
    elif density is not None and density.value > 0:
        volume = Value(
            mass / density.value, "m3 mol-1", "derived", density.source, "molar mass over density"
        )
    environments = {
        label: tuple(_band(band, default, f"{label}[{i}]") for i, band in enumerate(rows))
        for label, rows in entry.environments.items()
    }
    return Species(
        name=name,
        title=entry.title or name,
        formula=entry.formula,
        elements=elements,
        charge=entry.charge,
        phase=entry.phase,
        aliases=entry.aliases,
        smiles=entry.smiles,
        molar_mass=mass,
        molar_volume=volume,
        density=density,
        environments=environments,
        note=entry.note,
        references=entry.references,
    )


def build_reaction(
    name: str,
    entry: schema.ReactionEntry,
    species: Mapping[str, Species],
    resolve: Callable[[str], str],
) -> Reaction:
    """One reaction, refused unless it balances."""
    specification = _law(entry.law, LAWS)
    exact = parse_equation(entry.equation, resolve)
    require_balance(entry.equation, exact, species)
    electrons = -exact.get("e-", 0)
    if electrons.denominator != 1:
        raise ChemistryError(
            f"{entry.equation!r} takes {electrons} electrons",
            remedy="Multiply the equation so that the number of electrons is whole",
        )
    needs_electrode = entry.law in ("tafel", "exchange") or bool(electrons)
    if needs_electrode and not entry.electrode:
        raise ChemistryError(
            "a reaction with electrons or of the law 'tafel' runs at an electrode",
            remedy="Give electrode: working or electrode: counter",
        )
    orders = {resolve(item): order for item, order in entry.orders.items()}
    parameters = to_parameters(entry.parameters, specification, f"law {entry.law}")
    onset = None if entry.onset is None else to_value(entry.onset, "voltage", "onset")
    if onset is None and "potential" in parameters:
        onset = parameters["potential"]
    return Reaction(
        name=name,
        title=entry.title or name,
        equation=entry.equation,
        stoichiometry={item: float(number) for item, number in exact.items()},
        electrons=int(electrons),
        law=entry.law,
        parameters=parameters,
        orders=orders,
        electrode=entry.electrode,
        references=entry.references,
        onset=onset,
        note=entry.note,
    )


def _window(window: tuple[float, float]) -> tuple[float, float]:
    low, high = window
    check_values([low, high], "voltage", label="window")
    if low >= high:
        raise ChemistryError(
            f"the window is {low:g} to {high:g} V", remedy="Give the lower potential first"
        )
    return low, high


def build_electrode(name: str, entry: schema.ElectrodeEntry) -> ElectrodeModel:
    """One electrode; its potential falls with the degree of lithiation where it stores ions."""
    degree = tuple(row[0] for row in entry.open_circuit.table)
    potential = tuple(row[1] for row in entry.open_circuit.table)
    check_values(potential, "voltage", label="open-circuit potential")
    if any(b <= a for a, b in pairwise(degree)) or degree[0] < 0:
        raise ChemistryError(
            "the degrees of the open-circuit table do not rise from 0 to 1",
            remedy="Sort the rows and remove repeated ones",
        )
    if (degree[0], degree[-1]) != (0.0, 1.0):
        raise ChemistryError(
            f"the open-circuit table reaches from {degree[0]:g} to {degree[-1]:g}",
            remedy="Give rows from 0 to 1",
        )
    if entry.kind == "insertion":
        for x, a, b in zip(degree[1:], potential, potential[1:], strict=False):
            if b >= a:
                raise ChemistryError(
                    f"the open-circuit potential rises or stays at degree {x:g}",
                    remedy="It has to fall strictly with the degree of lithiation",
                )
    low, high = _window(entry.window)
    curve = entry.open_circuit
    return ElectrodeModel(
        name=name,
        title=entry.title or name,
        kind=entry.kind,
        ion=entry.ion,
        open_circuit=OpenCircuit(degree, potential, curve.tag, curve.source, curve.note),
        parameters=to_parameters(entry.parameters, ELECTRODE, "electrode"),
        window=(low, high),
        aliases=entry.aliases,
        note=entry.note,
    )


def build_system(
    name: str,
    entry: schema.SystemEntry,
    species: Callable[[str], Species],
    reactions: Mapping[str, Reaction],
    electrodes: Mapping[str, ElectrodeModel],
) -> SystemModel:
    """One system, with all that it names resolved."""
    for item in (entry.working, entry.counter):
        if item not in electrodes:
            raise UnknownNameError("electrode", item, electrodes)
    for item in (*entry.reactions, *entry.exchange):
        if item not in reactions:
            raise UnknownNameError("reaction", item, reactions)
    twice = sorted({r for r in entry.reactions if entry.reactions.count(r) > 1})
    if twice:
        raise ChemistryError(f"lists {', '.join(twice)} twice", remedy="Name each reaction once")
    phase = entry.interphase
    low, high = _window(entry.window)
    lowest, highest = electrodes[entry.working].window
    if not entry.full_cell and (low < lowest or high > highest):
        raise ChemistryError(
            f"the window {low:g} to {high:g} V is not within that of {entry.working}, "
            f"{lowest:g} to {highest:g} V",
            remedy="Narrow it, or name another working electrode",
        )
    return SystemModel(
        name=name,
        title=entry.title or name,
        number=entry.number,
        system=System(**{"name": name, **entry.system}),
        working=entry.working,
        counter=entry.counter,
        full_cell=entry.full_cell,
        reactions=entry.reactions,
        exchange=entry.exchange,
        initial={
            species(item).name: to_value(v, "surface_amount", item)
            for item, v in entry.initial.items()
        },
        interphase=Interphase(
            to_value(phase.initial_thickness, "length", "initial_thickness"),
            tuple(
                Transport(t.law, to_parameters(t.parameters, _law(t.law, TRANSPORT), t.law))
                for t in phase.transport
            ),
            to_value(phase.cracking, "ratio", "cracking"),
        ),
        solvation=Solvation(
            entry.solvation.cation,
            {
                species(item).name: to_value(v, "ratio", item)
                for item, v in entry.solvation.preference.items()
            },
            **to_parameters(entry.solvation.parameters, SOLVATION, "solvation"),
        ),
        optics=to_parameters(entry.optics, OPTICS, "optics"),
        electrical=to_parameters(entry.electrical, ELECTRICAL, "electrical"),
        variants=_variants(entry.variants, species),
        protocols=entry.protocols,
        residual_water=to_value(entry.residual_water, "mass_fraction", "residual_water"),
        window=(low, high),
        references=entry.references,
        note=entry.note,
    )


def _variants(entry: schema.VariantsEntry, species: Callable[[str], Species]) -> Variants:
    def pair(texts: tuple[str, str], kind: str) -> tuple[float, float]:
        low, high = (parse(text, kind) for text in texts)
        if low > high:
            raise ChemistryError(
                f"the range {texts[0]} to {texts[1]} is the wrong way round",
                remedy="Give the lower end first",
            )
        return low, high

    return Variants(
        pair(entry.salt_concentration, "concentration"),
        {n: pair(texts, "mass_fraction") for n, texts in entry.additives.items()},
        pair(entry.temperature, "temperature"),
    )
