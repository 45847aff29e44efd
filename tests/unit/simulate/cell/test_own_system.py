"""Variants of the library's systems: what they change is used, what they cannot change refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opir.chemistry import library
from opir.errors import OpirError, SystemDescriptionError, UnknownNameError
from opir.simulate.cell.own_system import described_system, known_part
from opir.simulate.single_run import simulate
from opir.system import System

pytest.importorskip("numba")
pytest.importorskip("sksundae")

NAME = "lp30-graphite"
AXIS = np.linspace(800.0, 1900.0, 56)
EC = {"name": "EC", "amount": 1, "unit": "volume parts", "role": "solvent"}
DMC = {**EC, "name": "DMC"}
SALT = {"name": "LiPF6", "amount": 1.0, "unit": "mol/L", "role": "salt"}


def absorbance(**optics: Any) -> NDArray[np.float64]:
    """First noise-free spectrum of a nominal cell with optics changed in a few fields."""
    own = library().systems[NAME].system.optics
    assert own is not None
    described = optics if "geometry" in optics else {**own.model_dump(), **optics}
    made = simulate(
        System(name=NAME, optics=described), "rest 1 h", frames=2, vary=False, instrument=None,
        wavenumber=AXIS,
    )  # fmt: skip
    return np.asarray(made.run.values[0])


def test_the_librarys_own_optics_change_nothing() -> None:
    plain = simulate(
        NAME, "rest 1 h", frames=2, vary=False, instrument=None, wavenumber=AXIS
    ).run.values[0]
    np.testing.assert_array_equal(absorbance(), plain)


def test_a_fibre_absorbs_in_proportion_to_its_length_and_inversely_to_its_diameter() -> None:
    plain = absorbance()
    np.testing.assert_allclose(absorbance(path_length=0.1), 2 * plain, rtol=1e-12)
    np.testing.assert_allclose(absorbance(fibre_diameter=60e-6), 2 * plain, rtol=1e-12)
    assert (absorbance(refractive_index=2.6) > 1.05 * plain).all()  # the wave reaches further


def test_atr_absorbs_in_proportion_to_its_reflections_and_as_its_depth() -> None:
    one = absorbance(geometry="ATR", element="diamond")
    np.testing.assert_allclose(
        absorbance(geometry="ATR", element="diamond", reflections=9), 9 * one, rtol=1e-12
    )
    layer = absorbance(geometry="transmission", path_length="25 um")
    ratio = one / layer
    np.testing.assert_allclose(ratio * AXIS, ratio[0] * AXIS[0], rtol=1e-9)  # 1 / wavenumber


def test_a_layer_in_transmission_absorbs_in_proportion_to_its_thickness() -> None:
    thin = absorbance(geometry="transmission", path_length="10 um")
    thick = absorbance(geometry="transmission", path_length="25 um")
    np.testing.assert_allclose(thick, 2.5 * thin, rtol=1e-12)


def test_the_known_part_leaves_out_what_is_refused_and_nothing_else() -> None:
    fec = {"name": "FEC", "amount": 5, "unit": "wt%", "role": "additive"}
    mine = System(name=NAME, electrolyte=(EC, DMC, SALT, fec))
    kept, left = known_part(mine, library())
    assert left == ("FEC",)
    assert kept == System(name=NAME, electrolyte=(EC, DMC, SALT))
    with pytest.raises(SystemDescriptionError, match="FEC"):
        described_system(mine, library())
    described_system(kept, library())
    plain = library().systems[NAME].system
    assert known_part(plain, library()) == (plain, ())
    with pytest.raises(UnknownNameError, match="Name it after the one that it is a variant of"):
        known_part(System(name="my cell"), library())


def test_what_is_not_described_stays_the_librarys() -> None:
    model = described_system(System(name=NAME, temperature="40 degC"), library())
    listed = library().systems[NAME]
    assert model.system.temperature == pytest.approx(313.15)
    assert model == replace(listed, system=model.system)
    assert model.system.electrolyte == listed.system.electrolyte


@pytest.mark.parametrize(
    "fields",
    [
        {"working_electrode": {"material": "Graphite electrode", "mass": "10 mg"}},
        {"electrolyte": [EC, {**SALT, "amount": 0.5}]},
        {"electrolyte": [EC, DMC, {**SALT, "amount": 0}]},
        {"electrolyte": [EC, DMC, SALT, {**EC, "name": "VC", "amount": 0}]},
        {"electrolyte": [{**EC, "name": "ethylene carbonate"}, DMC, SALT]},
        {"electrolyte": [EC, DMC, SALT, {"name": "H2O", "amount": 100, "unit": "ppm", "role": "impurity"}]},
    ],
)  # fmt: skip
def test_variants_of_the_same_chemistry_are_taken(fields: dict[str, Any]) -> None:
    assert described_system(System(name=NAME, **fields), library()).name == NAME


@pytest.mark.parametrize(
    ("fields", "kind", "match"),
    [
        ({"name": ""}, SystemDescriptionError, "no name"),
        (
            {"working_electrode": {"material": "silicon", "mass": "10 mg"}},
            SystemDescriptionError,
            "working_electrode: lp30-graphite has an electrode of graphite, not of 'silicon'",
        ),
        (
            {"counter_electrode": {"material": "sodium"}},
            SystemDescriptionError,
            "counter_electrode: .* of lithium",
        ),
        ({"working_electrode": {"material": "unobtainium"}}, UnknownNameError, "electrode"),
        (
            {"electrolyte": [EC, DMC, {**SALT, "name": "NaPF6"}]},
            SystemDescriptionError,
            r"electrolyte\[2\]: .* knows 'NaPF6'",
        ),
        (
            {"electrolyte": [EC, DMC, SALT, {**EC, "name": "VC"}]},
            SystemDescriptionError,
            r"electrolyte\[3\]: .* knows 'VC'.*--library",
        ),
        ({"electrolyte": [EC, {**DMC, "name": "unobtainium"}, SALT]}, UnknownNameError, "species"),
    ],
)
def test_another_chemistry_under_an_old_name_is_refused(
    fields: dict[str, Any], kind: type[OpirError], match: str
) -> None:
    with pytest.raises(kind, match=match):
        simulate(System(**{"name": NAME, **fields}), "rest 1 h", frames=2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"water": -1e-5}, "0 to 0.05"),
        ({"water": 0.5}, "0 to 0.05"),
        ({"water": float("nan")}, "water of nan"),
        ({"seed": -1}, "the seed is -1"),
        ({"vary": -0.5}, "spread"),
        ({"temperature": float("nan")}, "finite"),
        ({"frames": [0.0, 1e9]}, "lasted from 0 to 3600"),
        ({"frames": [3.0, 2.0]}, "do not rise"),
        ({"wavenumber": [1000.0, np.inf]}, "finite"),
        ({"wavenumber": [1000.0, 900.0, 1200.0]}, "monotonic"),
    ],
)
def test_absurd_arguments_are_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(OpirError, match=match):
        simulate(NAME, "rest 1 h", **{"frames": 2, "wavenumber": AXIS, **options})


def test_a_falling_axis_gives_the_same_spectra() -> None:
    up, down = (
        simulate(NAME, "rest 1 h", frames=2, seed=4, instrument=None, wavenumber=axis).run.values
        for axis in (AXIS, AXIS[::-1])
    )
    np.testing.assert_array_equal(up, down[:, ::-1])
