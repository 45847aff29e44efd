"""Which species of the library have a band near a wavenumber, and which of them a cell can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from opir.chemistry import Band, Library, Species, SystemModel
from opir.chemistry import library as built_in
from opir.chemistry.environment import environments_beside
from opir.chemistry.species import molar_absorptivity
from opir.errors import ChemistryError, OptionError, UnknownNameError
from opir.system import System

__all__ = ["BandCheck", "Candidate", "Content", "candidates", "content_of", "environments_of"]

SPREAD = 4.0
"""Standard deviation by which the position of one band differs from cell to cell and from paper to
paper [cm-1]; chosen, as the positions of the library are recalled and agree to a few cm-1."""
_OF_WIDTH = 0.25
"""The same as a share of the band's width: overlap moves the tops of broad bands further."""
_REACH = 2.5
"""Bands are candidates up to so many standard deviations away."""
_NOT_EXPECTED = 0.1
"""Weight of a species that no reaction makes: contamination, or a gap of the library."""


@dataclass(frozen=True)
class BandCheck:
    """Another band of a candidate, looked for in what changes with the band that is explained.

    Attributes:
        position: Of the library [cm-1].
        assignment: What vibrates.
        expected: Height if the candidate were all of the band that is explained, in absorbance.
        found: Height that is there.
        state: ``seen``, ``missing``, ``covered`` (something else changes more there), ``too weak``
            (less than the noise would show) or ``not measured`` (outside the axis).
    """

    position: float
    assignment: str
    expected: float
    found: float
    state: str


@dataclass(frozen=True)
class Candidate:
    """A species, in one environment, with a band near a position.

    Attributes:
        species, title, environment, phase: As in the library.
        position, width: Of its band [cm-1].
        distance: Its position less the one asked for [cm-1].
        assignment: What vibrates.
        relative: Height of the band over that of the species' strongest, 0 to 1.
        presence: ``component`` (of the electrolyte, or there from the beginning), ``product`` (of
            reactions that can run), ``not expected``, or ``unknown`` where no system is.
        made_by: Names of the reactions that make it: those that can run in the system, or all of
            the library's where no system is known.
        tag, source: Provenance of the position, see :data:`opir.chemistry.TAGS`.
        score: 0 to 1, a product of plain weights and no probability: closeness (a Gaussian of the
            distance), the square root of ``relative``, 0.1 for what is not expected, and in a run
            0.2 + 0.8 times ``support`` and a half for what would have to be used up before it was
            made.
        twins: Species that have the same bands in the library.
        support: 0 to 1: how far its other bands change along, 0.5 if they cannot tell; None
            where there is no change to compare with.
        exchange: The environment that it would be exchanged for, where that fits better than a
            change of its amount.
        checks: Its other bands in the run.
        reason: Why, in words.
    """

    species: str
    title: str
    environment: str
    phase: str
    position: float
    width: float
    distance: float
    assignment: str
    relative: float
    presence: str
    made_by: tuple[str, ...]
    tag: str
    source: str
    score: float
    twins: tuple[str, ...] = ()
    support: float | None = None
    exchange: str | None = None
    checks: tuple[BandCheck, ...] = ()
    reason: str = ""

    @property
    def label(self) -> str:
        """The species, with its environment where that is free or coordinated."""
        if self.environment in ("film", "gas"):
            return self.species
        return f"{self.species} ({self.environment.removeprefix('Li_').removeprefix('Na_')})"

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        found = {**asdict(self), "made_by": list(self.made_by), "twins": list(self.twins)}
        found["checks"] = [vars(check) for check in self.checks]
        return found


@dataclass(frozen=True)
class Content:
    """What a cell can hold.

    Attributes:
        known: Whether anything of the cell is known.
        components: Species that are there before any reaction.
        made_by: Species -> names of the reactions that can run and make it.
        cation: ``Li``, ``Na``, or None where it is not known or both are there.
        unknown: Components that the library does not know.
    """

    known: bool
    components: frozenset[str]
    made_by: Mapping[str, tuple[str, ...]]
    cation: str | None
    unknown: tuple[str, ...] = ()

    def presence(self, species: str) -> str:
        """``component``, ``product``, ``not expected`` or ``unknown``."""
        if not self.known:
            return "unknown"
        if species in self.components:
            return "component"
        return "product" if species in self.made_by else "not expected"


def content_of(
    system: System | SystemModel | str | None = None, known: Library | None = None
) -> Content:
    """What a cell can hold: its components, and the products of all reactions within reach.

    The reactions are those of the library's system of that name; where there is none, or where the
    electrolyte has a component that this one has not, all of the library's.

    Args:
        system: A system, or the name of one in the library; None if it is not known.
        known: The library; the built-in one by default.

    Raises:
        UnknownNameError: If the library has no system of a name that was given.
    """
    known = built_in() if known is None else known
    if isinstance(system, str):
        system = known.systems[system]
    model: SystemModel | None = None
    described: System | None = None
    if isinstance(system, SystemModel):
        model, described = system, system.system
    elif system is not None:
        model = known.systems.get(system.name)
        described = system if system.electrolyte or model is None else model.system
    if described is None or not described.electrolyte:
        return Content(False, frozenset(), _makers(known, known.reactions), None)
    there, unknown = _components(described, known)
    running = tuple(known.reactions)
    if model is not None:
        usual = _components(model.system, known)[0] | set(model.variants.additives)
        running = model.reactions if there <= usual else running
    ions = {name for name in ("Li", "Na") if f"{name}+" in there}
    there |= {"H2O", "e-", *(model.initial if model is not None else ())}
    other = {"Na"} if ions == {"Li"} else {"Li"} if ions == {"Na"} else set()
    held = there | {
        item.name
        for item in known.species.values()
        if item.phase == "electrode" and not other & set(item.elements)
    }
    run: set[str] = set()
    while True:
        more = {
            name
            for name in running
            if name not in run
            and {*known.reactions[name].reactants, *_catalysts(known, name)} <= held
        }
        if not more:
            break
        run |= more
        held |= {product for name in more for product in known.reactions[name].products}
    made_by = _makers(known, [name for name in running if name in run])
    cation = ions.pop() if len(ions) == 1 else None
    return Content(True, frozenset(there), made_by, cation, unknown)


def _catalysts(known: Library, name: str) -> set[str]:
    return {species for species, order in known.reactions[name].orders.items() if order}


def _makers(known: Library, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        for product in known.reactions[name].products:
            found[product] = (*found.get(product, ()), name)
    return found


def _components(system: System, known: Library) -> tuple[set[str], tuple[str, ...]]:
    """Species of the electrolyte, salts apart into ions, and names that the library has not."""
    found: set[str] = set()
    unknown = []
    for component in system.electrolyte:
        if component.name in known.salts:
            found |= set(known.salts[component.name].ions)
            continue
        try:
            found.add(known.find_species(component.name).name)
        except (UnknownNameError, ChemistryError):
            unknown.append(component.name)
    return found, tuple(unknown)


def environments_of(species: Species, cation: str | None) -> tuple[str, ...]:
    """Environments of a species beside a cation, or all where that is not known."""
    return tuple(species.environments) if cation is None else environments_beside(species, cation)


def candidates(
    position: float,
    *,
    resolution: float = 4.0,
    system: System | SystemModel | str | None = None,
    library: Library | None = None,
) -> tuple[Candidate, ...]:
    """Bands of the library near a position, the best first, of each species in each environment.

    A band is near if it is within 2.5 standard deviations: 4 cm-1 by which positions differ
    between cells, a quarter of the band's width, and half the resolution, added in squares.

    Args:
        position: [cm-1].
        resolution: Of the spectra [cm-1].
        system: What the cell is, or its name in the library; None if it is not known.
        library: Where to look; the built-in one by default.

    Raises:
        OptionError: If the position or the resolution is no positive number.
        UnknownNameError: If the library has no system of that name.
    """
    if not (0 < position < np.inf and 0 < resolution < np.inf):
        raise OptionError(
            f"the position is {position} cm-1 and the resolution {resolution} cm-1",
            remedy="Give numbers above 0",
        )
    known = built_in() if library is None else library
    content = content_of(system, known)
    found = []
    for item in known.species.values():
        presence = content.presence(item.name)
        weight = _NOT_EXPECTED if presence == "not expected" else 1.0
        for environment in environments_of(item, content.cation):
            best = None
            bands = item.environments[environment]
            tops = [float(molar_absorptivity((b,), [b.position.value])[0]) for b in bands]
            for band, top in zip(bands, tops, strict=True):
                away = band.position.value - position
                near = away / np.sqrt(
                    SPREAD**2 + (_OF_WIDTH * band.width.value) ** 2 + (resolution / 2) ** 2
                )
                if abs(near) > _REACH or top <= 0:
                    continue
                relative = top / max(tops)
                score = float(np.exp(-(near**2) / 2) * np.sqrt(relative)) * weight
                if best is not None and best.score >= score:
                    continue
                best = Candidate(
                    item.name, item.title, environment, item.phase, band.position.value,
                    band.width.value, float(away), band.assignment, float(relative), presence,
                    content.made_by.get(item.name, ()), band.position.tag, band.position.source,
                    score, _twins(item, environment, known),
                )  # fmt: skip
            if best is not None:
                found.append(best)
    return tuple(sorted(found, key=lambda c: (-c.score, c.species, c.environment)))


def _twins(species: Species, environment: str, known: Library) -> tuple[str, ...]:
    """Other species that have the same bands in an environment."""
    own = {_numbers(band) for band in species.environments[environment]}
    return tuple(
        other.name
        for other in known.species.values()
        if other.name != species.name
        and any({_numbers(band) for band in rows} == own for rows in other.environments.values())
    )


def _numbers(band: Band) -> tuple[float, ...]:
    return tuple(v.value for v in (band.position, band.intensity, band.width, band.lorentzian))
