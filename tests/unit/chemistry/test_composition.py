"""Concentrations from parts, against closed forms and a published number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.chemistry import concentrations, library
from opir.errors import SystemDescriptionError, UnknownNameError
from opir.system import System

LIBRARY = library()


def electrolyte(*components: tuple[str, float | None, str, str]) -> System:
    return System(
        electrolyte=[
            {"name": n, "amount": a, "unit": u, "role": r} for n, a, u, r in components
        ]
    )  # fmt: skip


def volume(found: dict[str, float], salts: dict[str, float]) -> float:
    """Volume of what is in 1 m3."""
    total = sum(LIBRARY.salts[n].apparent_molar_volume.value * c for n, c in salts.items())
    for name, c in found.items():
        item = LIBRARY.species[name]
        if not item.charge:
            assert item.molar_volume is not None
            total += c * item.molar_volume.value
    return total


def test_a_pure_solvent_has_its_density() -> None:
    found = concentrations(electrolyte(("DMC", 1.0, "volume parts", "solvent")), LIBRARY)
    assert found == {"DMC": pytest.approx(1063 / 0.09008, rel=1e-3)}


@given(
    ec=st.floats(0.1, 5), emc=st.floats(0.1, 5), salt=st.floats(0.05, 3), vc=st.floats(0, 0.1),
    parts=st.sampled_from(["volume parts", "mass parts"]),
)  # fmt: skip
def test_volumes_fill_the_litre_and_ratios_hold(
    ec: float, emc: float, salt: float, vc: float, parts: str
) -> None:
    system = electrolyte(
        ("EC", ec, parts, "solvent"), ("EMC", emc, parts, "solvent"),
        ("LiPF6", salt, "mol/L", "salt"), ("VC", vc, "mass fraction", "additive"),
    )  # fmt: skip
    found = concentrations(system, LIBRARY)
    assert found["Li+"] == found["PF6-"] == pytest.approx(1e3 * salt)
    assert volume(found, {"LiPF6": 1e3 * salt}) == pytest.approx(1, rel=1e-9)
    s = LIBRARY.species
    ratio = found["EC"] * s["EC"].molar_mass / (found["EMC"] * s["EMC"].molar_mass)
    expected = ec / emc
    if parts == "volume parts":
        assert s["EC"].density is not None
        assert s["EMC"].density is not None
        expected *= s["EC"].density.value / s["EMC"].density.value
    assert ratio == pytest.approx(expected, rel=1e-9)
    mass = sum(c * s[n].molar_mass for n, c in found.items())
    assert found["VC"] * s["VC"].molar_mass == pytest.approx(vc * mass, rel=1e-9)


def test_molal_salts_refer_to_the_solvent() -> None:
    system = electrolyte(("DME", 1.0, "mass parts", "solvent"), ("LiTFSI", 2.0, "mol/kg", "salt"))
    found = concentrations(system, LIBRARY)
    solvent = found["DME"] * LIBRARY.species["DME"].molar_mass
    assert found["TFSI-"] == pytest.approx(2.0 * solvent)
    assert volume(found, {"LiTFSI": found["TFSI-"]}) == pytest.approx(1)


def test_the_electrolyte_of_the_measured_sweeps() -> None:
    """6.29 mol/L of EC in 1 M LiPF6 EC:DEC 1:1 by mass (doi 10.1149/1945-7111/abff35)."""
    found = concentrations(LIBRARY.systems["ec-dec-carbon-black"].system, LIBRARY)
    assert found["EC"] == pytest.approx(6290, rel=0.05)


def test_water_is_there_as_said() -> None:
    system = LIBRARY.systems["lp30-graphite"].system
    found = concentrations(system, LIBRARY, residual_water=50e-6)
    mass = sum(c * LIBRARY.species[n].molar_mass for n, c in found.items())
    assert found["H2O"] * LIBRARY.species["H2O"].molar_mass == pytest.approx(50e-6 * mass)


@pytest.mark.parametrize("name", LIBRARY.systems)
def test_electrolytes_are_neutral(name: str) -> None:
    found = concentrations(LIBRARY.systems[name].system, LIBRARY)
    assert sum(LIBRARY.species[n].charge * c for n, c in found.items()) == pytest.approx(0)
    assert all(c > 0 for c in found.values())


@pytest.mark.parametrize(
    ("components", "said"),
    [
        ([("EC", None, "", "solvent")], "not known"),
        ([("EC", 1.0, "volume parts", "solvent"), ("LiPF6", 30.0, "mol/L", "salt")], "no room"),
        ([("EC", 1.0, "volume parts", "solvent"), ("LiPF6", 9.0, "mol/L", "salt")],
         "more than dissolves"),
        ([("EC", 1.0, "volume parts", "solvent"), ("LiPF6", 1.0, "volume parts", "salt")],
         "does not fit"),
        ([("LEMC", 1.0, "mole fraction", "solvent")], "does not fit"),
        ([("EC", 1.0, "mass parts", "solvent"), ("VC", 1.0, "mass fraction", "additive")],
         "Leave room"),
        ([("PF5", 1.0, "volume parts", "solvent")], "density"),
    ],
)  # fmt: skip
def test_absurd_electrolytes_are_refused(
    components: list[tuple[str, float | None, str, str]], said: str
) -> None:
    with pytest.raises(SystemDescriptionError, match=said):
        concentrations(electrolyte(*components), LIBRARY)


def test_an_unknown_component_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="DMC|DEC"):
        concentrations(electrolyte(("DMCC", 1.0, "volume parts", "solvent")), LIBRARY)
