"""The library: species, reactions, electrodes and systems by name, alias, formula or SMILES."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from opir.chemistry import schema
from opir.chemistry.build import (
    Entry,
    build_electrode,
    build_reaction,
    build_species,
    build_system,
    collect,
    to_value,
)
from opir.chemistry.electrode import ElectrodeModel
from opir.chemistry.formula import parse_formula
from opir.chemistry.reaction import Reaction
from opir.chemistry.source_files import list_files, parse_file
from opir.chemistry.species import Species
from opir.chemistry.system import SystemModel
from opir.chemistry.value import Value
from opir.errors import ChemistryError, OpirError, UnknownNameError

__all__ = ["BUILT_IN", "Citation", "Library", "Named", "Salt", "assemble", "library"]

T = TypeVar("T")

BUILT_IN = Path(__file__).parent / "data"
"""Folder of the built-in files."""

_SECTIONS = ("citations", "salts", "species", "reactions", "electrodes", "systems")


class Named(Mapping[str, T]):
    """A mapping whose unknown names are answered with the nearest ones."""

    def __init__(self, kind: str, items: Mapping[str, T]) -> None:
        self.kind = kind
        self._items = dict(items)

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, self._items) from None

    def get(self, name: str, default: Any = None) -> Any:
        """The object of that name, or ``default``."""
        return self._items.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True)
class Citation:
    """A source: what it is, where it is, and what of it was read."""

    text: str
    doi: str = ""
    url: str = ""
    read: str = ""


@dataclass(frozen=True)
class Salt:
    """A salt: species of its ions -> number, and the volume that it takes in solution."""

    name: str
    ions: Mapping[str, int]
    apparent_molar_volume: Value


@dataclass(frozen=True)
class Library:
    """Everything that is known, each part by name.

    Attributes:
        species, reactions, electrodes, systems, salts, citations: Name -> object; an unknown
            name raises :class:`opir.errors.UnknownNameError` with the nearest.
        origins: ``"species EC"`` -> the file that it came from.
    """

    species: Named[Species]
    reactions: Named[Reaction]
    electrodes: Named[ElectrodeModel]
    systems: Named[SystemModel]
    salts: Named[Salt]
    citations: Named[Citation]
    origins: Mapping[str, Path]

    def find_species(self, text: str) -> Species:
        """A species by name, alias, SMILES or formula.

        Raises:
            UnknownNameError: If there is none; the nearest names are listed.
            ChemistryError: If a formula belongs to several.
        """
        return self.species[_find(text, self.species)]

    def find_electrode(self, text: str) -> ElectrodeModel:
        """An electrode model by name or alias, letters' case aside.

        Raises:
            UnknownNameError: If there is none; the nearest names are listed.
        """
        if text in self.electrodes:
            return self.electrodes[text]
        for item in self.electrodes.values():
            if text.casefold() in {n.casefold() for n in (item.name, item.title, *item.aliases)}:
                return item
        return self.electrodes[text]


def _find(text: str, species: Mapping[str, Species]) -> str:
    if text in species:
        return text
    wanted = text.strip().casefold()
    named = [
        item.name
        for item in species.values()
        if wanted in {n.casefold() for n in (item.name, item.title, *item.aliases)}
        or (item.smiles and item.smiles == text.strip())
    ]
    if len(named) > 1:
        raise ChemistryError(
            f"{text!r} may be {' or '.join(named)}", remedy="Write one of these names"
        )
    if named:
        return named[0]
    try:
        elements = parse_formula(text.strip())
    except (ChemistryError, UnknownNameError):
        elements = {}
    fitting = [s.name for s in species.values() if elements and dict(s.elements) == elements]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ChemistryError(
            f"the formula {text!r} belongs to {', '.join(fitting)}",
            remedy="Write one of these names",
        )
    known = [n for s in species.values() for n in (s.name, s.title, *s.aliases)]
    raise UnknownNameError("species", text, known)


def assemble(paths: Sequence[Path]) -> tuple[Library, list[OpirError]]:
    """A library from files, the later adding to the earlier, with every fault that was found.

    Args:
        paths: Files in the order of precedence, the built-in ones first.

    Returns:
        What could be built, and the faults; the library is whole only where there are none.
    """
    faults: list[OpirError] = []
    merged: dict[str, dict[str, Entry]] = {section: {} for section in _SECTIONS}
    for path in paths:
        try:
            content = parse_file(path)
        except OpirError as error:
            faults.append(error)
            continue
        _merge(merged, content, path, faults)
    species = collect(build_species, merged["species"], faults, "species")
    _share_bands(species, merged["species"], faults)
    _check_names(species, merged["species"], faults)

    def resolve(text: str) -> str:
        return _find(text, species)

    def reaction(name: str, entry: schema.ReactionEntry) -> Reaction:
        return build_reaction(name, entry, species, resolve)

    def salt(name: str, entry: schema.SaltEntry) -> Salt:
        ions = {resolve(ion): count for ion, count in entry.ions.items()}
        if sum(species[ion].charge * count for ion, count in ions.items()):
            raise ChemistryError("the charges of the ions do not cancel", remedy="Correct `ions`")
        volume = to_value(entry.apparent_molar_volume, "molar_volume", "apparent_molar_volume")
        return Salt(name, ions, volume)

    def citation(name: str, entry: schema.CitationEntry) -> Citation:
        return Citation(entry.text, entry.doi, entry.url, entry.read)

    reactions = collect(reaction, merged["reactions"], faults, "reaction")
    electrodes = collect(build_electrode, merged["electrodes"], faults, "electrode")
    salts = collect(salt, merged["salts"], faults, "salt")

    def system(name: str, entry: schema.SystemEntry) -> SystemModel:
        model = build_system(name, entry, lambda t: species[resolve(t)], reactions, electrodes)
        for component in model.system.electrolyte:
            if component.name not in salts:
                resolve(component.name)
        return model

    systems = collect(system, merged["systems"], faults, "system")
    citations = collect(citation, merged["citations"], faults, "citation")
    origins = {
        f"{section} {name}": entry.path
        for section, entries in merged.items()
        for name, entry in entries.items()
    }
    whole = Library(
        Named("species", species),
        Named("reaction", reactions),
        Named("electrode", electrodes),
        Named("system", systems),
        Named("salt", salts),
        Named("citation", citations),
        origins,
    )
    return whole, faults


def _merge(
    merged: dict[str, dict[str, Entry]],
    content: schema.LibraryFile,
    path: Path,
    faults: list[OpirError],
) -> None:
    for section in _SECTIONS:
        entries = getattr(content, section)
        for name, data in entries.items():
            before = merged[section].get(name)
            kind = section.rstrip("s") if section != "species" else section
            if before is not None and not data.override:
                faults.append(
                    ChemistryError(
                        f"the {kind} {name!r} is there already (from {before.path.name})",
                        remedy="Choose another name, or write 'override: true' to replace it",
                        path=path,
                        place=f"{kind} {name}",
                    )
                )
                continue
            if before is None and data.override:
                faults.append(
                    ChemistryError(
                        f"the {kind} {name!r} is to replace one that is not there",
                        remedy="Correct the name, or leave 'override' out",
                        path=path,
                        place=f"{kind} {name}",
                    )
                )
            merged[section][name] = Entry(data, path)


def _share_bands(
    species: dict[str, Species], entries: Mapping[str, Entry], faults: list[OpirError]
) -> None:
    """Give species the bands of the one that they say theirs are the same as."""
    from dataclasses import replace

    for name, item in list(species.items()):
        other = entries[name].data.same_bands_as
        if not other:
            continue
        place = f"species {name}"
        if other not in species:
            fault: OpirError = UnknownNameError("species", other, species, place=place)
            faults.append(fault.at(path=entries[name].path))
        elif item.environments or entries[other].data.same_bands_as:
            fault = ChemistryError(
                f"same_bands_as: {other} beside bands of its own, or of a species that does so too",
                remedy="Give either bands or same_bands_as, naming the species that has them",
                path=entries[name].path,
                place=place,
            )
            faults.append(fault)
        else:
            species[name] = replace(item, environments=species[other].environments)


def _check_names(
    species: Mapping[str, Species], entries: Mapping[str, Entry], faults: list[OpirError]
) -> None:
    """No title or alias may be the name, title or alias of another species."""
    owner: dict[str, str] = {name.casefold(): name for name in species}
    for item in species.values():
        for alias in (item.title, *item.aliases):
            other = owner.setdefault(alias.casefold(), item.name)
            if other != item.name:
                faults.append(
                    ChemistryError(
                        f"the title or alias {alias!r} belongs to {other} already",
                        remedy="Change or remove it in one of the two",
                        path=entries[item.name].path,
                        place=f"species {item.name}",
                    )
                )


@cache
def _built_in() -> Library:
    return _whole(list_files(BUILT_IN))


def _whole(paths: Sequence[Path]) -> Library:
    made, faults = assemble(paths)
    if faults:
        more = len(faults) - 1
        if more:
            faults[0].remedy = (
                f"{faults[0].remedy}. There are {more} more faults; "
                "opir chemistry check lists them all"
            ).lstrip(". ")
        raise faults[0]
    return made


def library(extra: Sequence[Path | str] = ()) -> Library:
    """The built-in library, with one's own files added.

    Args:
        extra: YAML files, or folders of them, that add species, reactions, electrodes and
            systems. An entry with the name of a known one replaces it where it says
            ``override: true``, and is refused otherwise.

    Raises:
        ChemistryError: If anything contradicts itself or the rest; the first fault is told.
        FormatError: If a file cannot be read.
    """
    if isinstance(extra, (str, Path)):
        extra = [extra]
    if not extra:
        return _built_in()
    return _whole([*list_files(BUILT_IN), *(file for path in extra for file in list_files(path))])
