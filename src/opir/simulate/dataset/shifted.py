"""The shifted domain: a library with other laws, for tests only.

A model that scores well on runs of the simulator that made its training runs may have learnt that
simulator. Runs of this domain come from elsewhere: the interphase is limited by transport laws that
the system does not have in the library, transfer coefficients and activation energies differ, part
of the film is made of species that no library file lists, bands have another shape
(:data:`LINE_SHAPE`) and the instrument other noise (the preset names it). All of its numbers are
drawn once, from :data:`SEED`: they are guessed by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from opir.chemistry import Band, Library, Reaction, Species, SystemModel, Transport, Value
from opir.chemistry.library import Named

__all__ = ["LINE_SHAPE", "SEED", "shifted_library"]

LINE_SHAPE = "pearson-vii"
"""Shape of the bands."""

SEED = 46337
_NOTE = "shifted domain, for tests only"
_PREFIX = "unlisted"

_TRANSPORT: Mapping[str, Mapping[str, tuple[float, str]]] = {
    "diffusion": {"diffusivity": (1e-20, "m2 s-1"), "concentration": (2500.0, "mol m-3")},
    "migration": {"conductivity": (5e-12, "S m-1"), "potential": (0.5, "V")},
    "tunnelling": {
        "rate": (1e-6, "mol m-2 s-1"),
        "decay_length": (1.5e-9, "m"),
        "onset_thickness": (1e-9, "m"),
    },
    "interstitial": {"diffusivity": (1e-20, "m2 s-1"), "concentration": (2500.0, "mol m-3")},
}
"""Middle of what the channels are drawn around: a few 1e-9 mol m-2 s-1 through 5 nm."""


def shifted_library(known: Library) -> Library:
    """The library of the shifted domain.

    Systems keep their names, compositions, electrodes and protocols.
    """
    species, reactions = dict(known.species), dict(known.reactions)
    systems = {}
    for number, (name, model) in enumerate(sorted(known.systems.items())):
        generator = np.random.default_rng([SEED, number])
        added = {}
        for old in _reductions(model, known):
            for product in _solids(old, known):
                clone = _unlisted(known.species[product], f"{_PREFIX}-{name}-{product}", generator)
                side = _side_reaction(old, product, clone.name, f"{old.name}-{name}", generator)
                species[clone.name], reactions[side.name] = clone, side
                added[old.name] = side.name
        names = [*model.reactions, *added.values()]
        own = {}
        for old_name in model.reactions:
            other = _other_constants(
                known.reactions[old_name], f"{old_name}-{name}-other", generator
            )
            reactions[other.name] = other
            own[old_name] = other.name
        systems[name] = replace(
            model,
            reactions=tuple(own.get(item, item) for item in names),
            interphase=replace(model.interphase, transport=_channels(model, generator)),
        )
    return replace(
        known,
        species=Named("species", species),
        reactions=Named("reaction", reactions),
        systems=Named("system", systems),
    )


def _value(number: float, unit: str) -> Value:
    return Value(float(number), unit, "guessed", note=_NOTE)


def _channels(model: SystemModel, generator: np.random.Generator) -> tuple[Transport, ...]:
    """Two channels of laws that the system does not have; all others where it has three."""
    there = {channel.law for channel in model.interphase.transport}
    others = [law for law in _TRANSPORT if law not in there] or list(_TRANSPORT)
    chosen = generator.permutation(others)[:2]
    found = []
    for law in map(str, chosen):
        parameters = {
            name: _value(middle * np.exp(0.4 * generator.standard_normal()), unit)
            for name, (middle, unit) in _TRANSPORT[law].items()
        }
        found.append(Transport(law, parameters))
    return tuple(found)


def _reductions(model: SystemModel, known: Library) -> list[Reaction]:
    """The first two reductions at the watched electrode that make a solid."""
    found = []
    for name in model.reactions:
        item = known.reactions[name]
        if item.law == "tafel" and item.electrode == "working" and _solids(item, known):
            found.append(item)
    return found[:2]


def _solids(item: Reaction, known: Library) -> list[str]:
    solids = [name for name in item.products if known.species[name].phase == "solid"]
    return [name for name in solids if known.species[name].environments][:1]


def _unlisted(like: Species, name: str, generator: np.random.Generator) -> Species:
    """A species of the same elements with bands of its own."""
    count = int(generator.integers(3, 6))
    bands = tuple(
        Band(
            position=_value(position, "cm-1"),
            intensity=_value(0.6 * np.exp(0.6 * generator.standard_normal()), "1"),
            width=_value(generator.uniform(15, 60), "cm-1"),
            assignment="none",
            lorentzian=_value(generator.uniform(0, 1), "1"),
        )
        for position in np.sort(generator.uniform(860, 1740, count))
    )
    return replace(
        like,
        name=name,
        title=f"a species that no library file lists ({name})",
        aliases=(),
        smiles="",
        environments={next(iter(like.environments)): bands},
        note=_NOTE,
        references=(),
    )


def _side_reaction(
    old: Reaction, product: str, clone: str, name: str, generator: np.random.Generator
) -> Reaction:
    """The same reduction to the clone; elements and charge balance since the clone has the same."""
    stoichiometry = {(clone if key == product else key): n for key, n in old.stoichiometry.items()}
    parameters = dict(old.parameters)
    rate, potential = parameters["rate_constant"], parameters["potential"]
    parameters["rate_constant"] = _value(rate.value * generator.uniform(0.3, 1.0), rate.unit)
    parameters["potential"] = _value(potential.value + generator.uniform(-0.1, 0.1), potential.unit)
    return replace(
        old,
        name=f"{name}-{_PREFIX}",
        title=f"{old.title}, to {clone}",
        equation=old.equation.replace(product, clone),
        stoichiometry=stoichiometry,
        parameters=parameters,
        references=(),
        note=_NOTE,
    )


def _other_constants(old: Reaction, name: str, generator: np.random.Generator) -> Reaction:
    """The same reaction with another transfer coefficient and activation energy."""
    parameters = dict(old.parameters)
    transfer, energy = generator.uniform(0.35, 0.65), generator.uniform(0.7, 1.3)
    if "transfer_coefficient" in parameters:
        parameters["transfer_coefficient"] = _value(
            transfer, parameters["transfer_coefficient"].unit
        )
    if "activation_energy" in parameters:
        value = parameters["activation_energy"]
        parameters["activation_energy"] = _value(value.value * energy, value.unit)
    return replace(old, name=name, parameters=parameters, note=_NOTE)
