"""The shifted domain: other laws, and nothing that a library file lists."""

from __future__ import annotations

import pytest

from opir.chemistry import library
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.preset import read_preset
from opir.simulate.dataset.shifted import shifted_library
from opir.simulate.dataset.variant import vary_composition

SYSTEMS = read_preset("shifted").systems


def test_the_7k_set_has_the_library_as_it_is() -> None:
    assert domain_library(read_preset("opirspec-sim-7k")) is library()


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_system_has_other_laws_and_unlisted_products(name: str) -> None:
    plain, shifted = library(), domain_library(read_preset("shifted"))
    before, after = plain.systems[name], shifted.systems[name]
    old = {channel.law for channel in before.interphase.transport}
    new = {channel.law for channel in after.interphase.transport}
    assert new != old
    made = {s for r in after.reactions for s in shifted.reactions[r].products}
    unlisted = {species for species in made if species not in plain.species}
    assert unlisted
    for species in unlisted:
        assert shifted.species[species].environments
        assert not shifted.species[species].aliases
    assert (before.system, before.window, before.protocols) == (
        after.system, after.window, after.protocols,
    )  # fmt: skip


def test_every_reaction_still_balances() -> None:
    shifted = shifted_library(library())
    for reaction in shifted.reactions.values():
        sums: dict[str, float] = {}
        for name, number in reaction.stoichiometry.items():
            species = shifted.species[name]
            for element, count in species.elements.items():
                sums[element] = sums.get(element, 0.0) + number * count
            sums["charge"] = sums.get("charge", 0.0) + number * species.charge
        assert all(abs(total) < 1e-12 for total in sums.values()), reaction.name


def test_the_domain_is_drawn_once() -> None:
    one, other = shifted_library(library()), shifted_library(library())
    assert one.systems["lp30-graphite"] == other.systems["lp30-graphite"]
    assert dict(one.species) == dict(other.species)


def test_composition_variants_keep_the_list_of_components() -> None:
    model = library().systems["napf6-carbonate-hard-carbon"]
    plain = vary_composition(model)
    rich = vary_composition(model, salt=1234.0, additives={"FEC": 0.02}, water=1e-4)
    assert [c.name for c in plain.system.electrolyte] == [c.name for c in rich.system.electrolyte]
    assert plain.system.amounts("additive")["FEC"][0] == 0
    assert rich.system.amounts("additive")["FEC"] == (0.02, "mass fraction")
    assert rich.system.amounts("salt")["NaPF6"] == (1.234, "mol/L")
    assert rich.residual_water.value == 1e-4
    assert model.residual_water.value != 1e-4
