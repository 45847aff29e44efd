"""Systems described by what their components are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.errors import OptionError, SystemDescriptionError, UnknownNameError
from opir.models.descriptor import DESCRIPTOR, Describer, describe
from opir.system import System

EC = {"name": "EC", "amount": 1, "unit": "volume parts", "role": "solvent"}
DMC = {"name": "DMC", "amount": 1, "unit": "volume parts", "role": "solvent"}
SALT = {"name": "LiPF6", "amount": 1.0, "unit": "mol/L", "role": "salt"}


def half_cell(*components: dict[str, object], **more: object) -> System:
    fields = {
        "electrolyte": components,
        "working_electrode": {"material": "graphite"},
        "counter_electrode": {"material": "Li"},
        "temperature": 298.15,
    }
    return System(**(fields | more))


def feature(system: System, name: str, **more: float) -> float:
    return float(describe(system, **more)[DESCRIPTOR.index(name)])


def test_names_are_those_of_the_features() -> None:
    assert len(set(DESCRIPTOR)) == len(DESCRIPTOR)
    assert describe(half_cell(EC, DMC, SALT)).shape == (len(DESCRIPTOR),)
    assert describe(System()).shape == (len(DESCRIPTOR),)


def test_every_system_of_the_library_is_described_by_finite_numbers() -> None:
    for model in library().systems.values():
        assert np.isfinite(describe(model.system)).all()


def test_order_and_units_do_not_matter() -> None:
    plain = describe(half_cell(EC, DMC, SALT))
    np.testing.assert_allclose(describe(half_cell(SALT, DMC, EC)), plain, rtol=1e-12)
    milli = {**SALT, "amount": 1000, "unit": "mmol/L"}
    grams = {**SALT, "amount": 151.905, "unit": "g/L"}
    half = [{**s, "amount": 50, "unit": "vol%"} for s in (EC, DMC)]
    np.testing.assert_allclose(describe(half_cell(*half, milli)), plain, rtol=1e-12)
    np.testing.assert_allclose(describe(half_cell(EC, DMC, grams)), plain, rtol=1e-4)


def test_names_do_not_matter() -> None:
    one = half_cell(EC, DMC, SALT, name="a", notes="b")
    other = half_cell(
        {**EC, "name": "ethylene carbonate"},
        DMC,
        SALT,
        name="lp30-graphite",
        counter_electrode={"material": "lithium"},
    )
    np.testing.assert_array_equal(describe(one), describe(other))
    known = {*library().systems, *library().species, *library().electrodes}
    assert not known & set(DESCRIPTOR)


def test_no_feature_is_an_index_of_the_systems() -> None:
    # Were there one, a mixture of two electrolytes would not lie between them.
    rich, poor = ({**EC, "amount": amount} for amount in (4, 1))
    ends = (
        describe(half_cell(rich, DMC, SALT)),
        describe(half_cell(poor, {**DMC, "amount": 4}, SALT)),
    )
    middle = describe(half_cell(EC, DMC, SALT))
    low, high = np.minimum(*ends), np.maximum(*ends)
    assert (middle >= low - 1e-9).all()
    assert (middle <= high + 1e-9).all()
    assert (np.abs(ends[0] - ends[1]) > 1e-6).sum() > 5


def test_like_systems_are_near_each_other() -> None:
    systems = {name: describe(model.system) for name, model in library().systems.items()}
    table = np.array(list(systems.values()))
    scale = np.where(table.std(axis=0) > 0, table.std(axis=0), 1)

    def distance(one: str, other: str) -> float:
        return float(np.linalg.norm((systems[one] - systems[other]) / scale))

    assert distance("lp30-graphite", "lp57-graphite") < distance("lp30-graphite", "lp30-lto")
    for near, far in (
        ("lp57-graphite", "napf6-diglyme-hard-carbon"),
        ("lp57-graphite", "litfsi-dme-lithium"),
        ("lp30-lto", "napf6-diglyme-hard-carbon"),
    ):
        assert distance("lp30-graphite", near) < distance("lp30-graphite", far)
    assert distance("lifsi-dme-lithium", "litfsi-dme-lithium") < distance(
        "lifsi-dme-lithium", "lp57-lithium"
    )


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.2, 1.8),
    st.floats(1e-7, 1e-3),
    st.floats(250, 350),
    st.just(0.0) | st.floats(1e-6, 0.1),
)
def test_amounts_come_through(salt: float, water: float, kelvin: float, vc: float) -> None:
    additive = {"name": "VC", "amount": vc, "unit": "mass fraction", "role": "additive"}
    system = half_cell(EC, DMC, {**SALT, "amount": salt}, additive)
    found = describe(system, temperature=kelvin, water=water)
    assert np.isfinite(found).all()
    row = dict(zip(DESCRIPTOR, found, strict=True))
    assert row["cations [mol/L]"] == pytest.approx(salt)
    assert row["temperature [K]"] == kelvin
    assert row["log10 of water [mass fraction]"] == pytest.approx(np.log10(water))
    assert (row["carbon double bond [mol/L]"] > 0) == (vc > 0)
    assert row["F per anion"] == pytest.approx(6)
    assert row["P per anion"] == pytest.approx(1)


def test_known_properties() -> None:
    system = half_cell(EC, DMC, SALT)
    assert feature(system, "carbonate [mol/L]") == feature(system, "molecules [mol/L]")
    assert feature(system, "molar mass of cations [kg/mol]") == pytest.approx(6.94e-3, rel=1e-3)
    assert feature(system, "working electrode: stores by insertion") == 1
    assert feature(system, "counter electrode: is plated") == 1
    assert feature(system, "temperature known") == 1
    silicon = library().systems["fec-silicon"].system  # 2 mg of 3000 mA h/g, against metal
    assert feature(silicon, "working electrode: log10 of capacity [A h]") == pytest.approx(
        np.log10(6e-3)
    )
    assert feature(silicon, "counter electrode: log10 of capacity [A h]") == pytest.approx(
        np.log10(2e-3)
    )
    bare = half_cell(EC, DMC, SALT, temperature=None, working_electrode=None)
    assert feature(bare, "temperature known") == 0
    assert feature(bare, "working electrode: known") == 0


def test_the_unknown_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError, match="Nearest: .*DMC"):
        describe(half_cell(EC, {**DMC, "name": "DMCC"}, SALT))
    with pytest.raises(UnknownNameError, match="graphite"):
        describe(half_cell(EC, SALT, working_electrode={"material": "graphit"}))
    with pytest.raises(SystemDescriptionError, match="amount of 'EC' is not known"):
        describe(half_cell({"name": "EC", "role": "solvent"}, SALT))
    with pytest.raises(OptionError, match="water"):
        describe(half_cell(EC, SALT), water=2.0)
    with pytest.raises(OptionError, match="temperature"):
        describe(half_cell(EC, SALT), temperature=-3.0)


def test_a_component_of_ones_own_is_described_by_its_groups(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "species:\n  GBL:\n    title: gamma-butyrolactone\n    formula: C4H6O2\n"
        "    phase: liquid\n    smiles: O=C1CCCO1\n"
        "    molar_volume: {value: 76.8, unit: cm3 mol-1, tag: recalled}\n"
        "    density: {value: 1120, unit: kg m-3, tag: recalled}\n"
    )
    known = Describer(library([path]))
    system = half_cell({**EC, "name": "GBL"}, SALT)
    row = dict(zip(DESCRIPTOR, known(system), strict=True))
    assert row["ester [mol/L]"] == row["molecules [mol/L]"] > 10
    np.testing.assert_array_equal(describe(system, library=library([path])), known(system))
