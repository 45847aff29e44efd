"""What may be in a cell: species, reactions, their spectra, and equations of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.errors import ChemistryError, OptionError, UnknownNameError
from opir.pathways.setting import model_of, setting_of, user_reaction
from opir.system import Component, System

X = np.linspace(800.0, 1900.0, 300)
KNOWN = library()
LP30 = setting_of(X, "lp30-graphite", KNOWN)


def test_arrays_fit_each_other() -> None:
    n, m = len(LP30.reactions), len(LP30.products)
    assert LP30.spectra.shape == LP30.slopes.shape == (m, X.size)
    assert LP30.signature.shape == (n, m)
    assert LP30.effect.shape == (n, X.size)
    assert len(LP30.sources) == n
    assert LP30.electrolyte_spectra.shape == LP30.electrolyte_slopes.shape
    assert set(LP30.sources) == {"library"}


def test_signatures_are_the_stoichiometric_numbers() -> None:
    for row, reaction in enumerate(LP30.reactions):
        for column, name in enumerate(LP30.products):
            assert LP30.signature[row, column] == reaction.stoichiometry.get(name, 0.0)


def test_products_are_no_components_and_absorb_on_the_axis() -> None:
    assert not set(LP30.products) & set(LP30.present)
    assert {"EC", "DMC", "PF6-"} <= set(LP30.electrolyte)
    assert "LiF" not in LP30.products  # no band
    assert "CO2" not in LP30.products  # its bands lie beyond the axis
    wide = setting_of(np.linspace(800.0, 2400.0, 300), "lp30-graphite", KNOWN)
    assert "CO2" in wide.products
    assert np.all(LP30.spectra.max(axis=1) > 0)


def test_effects_are_signatures_and_the_electrolyte_used_up() -> None:
    # gases are not seen, so that they are left out of the effect
    at = [one.name for one in LP30.reactions].index("ec-to-li2co3")
    seen = LP30.effect[at] - LP30.spectra[LP30.products.index("Li2CO3")]
    ethene = LP30.spectra[LP30.products.index("C2H4")]
    carbonyl = np.argmin(np.abs(X - 1800))
    assert (seen - ethene)[carbonyl] < 0  # EC is used up
    assert (seen - ethene).max() < 1e-9


def test_slopes_are_the_derivative_in_a_shift() -> None:
    fine = np.linspace(1000.0, 1700.0, 7001)
    setting = setting_of(fine, "lp30-graphite", KNOWN, reactions=["ec-to-ledc"])
    at = setting.products.index("LEDC")
    moved = np.interp(fine - 0.1, fine, setting.spectra[at])  # all bands 0.1 cm-1 up
    rise = (moved - setting.spectra[at]) / 0.1
    inner = slice(20, -20)
    assert np.corrcoef(rise[inner], setting.slopes[at][inner])[0, 1] > 0.995


def test_dilution_scales_what_is_dissolved_only() -> None:
    names = ["ec-to-ledc", "dmdohc"]
    thin, thick = (
        setting_of(X, "lp30-graphite", KNOWN, reactions=names, dilution=value) for value in (0.1, 1)
    )
    for number, name in enumerate(thin.products):
        ratio = 1.0 if KNOWN.species[name].phase == "solid" else 0.1
        np.testing.assert_allclose(thin.spectra[number], ratio * thick.spectra[number])


def test_some_of_the_reactions_keep_their_rows() -> None:
    kept = [3, 0, 5]
    less = LP30.only(kept)
    assert [one.name for one in less.reactions] == [LP30.reactions[at].name for at in kept]
    np.testing.assert_array_equal(less.signature, LP30.signature[kept])
    np.testing.assert_array_equal(less.effect, LP30.effect[kept])
    assert less.products == LP30.products


def test_reductions_out_of_reach_are_left_out() -> None:
    def names(lowest: float | None) -> set[str]:
        return {one.name for one in setting_of(X, "lp30-graphite", KNOWN, lowest=lowest).reactions}

    every = names(None)
    high = names(1.5)
    assert "ec-to-ledc" in every
    assert "ec-to-ledc" not in high  # usually seen at 0.8 V
    assert "ledc-hydrolysis" in high  # no potential drives it
    assert names(0.01) == every
    assert high < names(0.9) < every


def test_only_the_species_asked_for_are_products() -> None:
    setting = setting_of(X, "lp30-graphite", KNOWN, species=["LEDC", "lithium carbonate"])
    assert set(setting.products) == {"LEDC", "Li2CO3"}
    # one that no reaction makes is there too, so that it can be asked what makes it
    other = setting_of(X, "lp30-graphite", KNOWN, species=["HCO2Li"])
    assert other.products == ("HCO2Li",)
    assert not other.signature.any()


def test_what_the_cell_is_not_said() -> None:
    setting = setting_of(X, None, KNOWN)
    assert setting.model is None
    assert setting.cation == "Li"
    assert not setting.electrolyte
    assert len(setting.reactions) > len(LP30.reactions)
    assert any("was not said" in one for one in setting.remarks)
    assert any("lithium is taken" in one for one in setting.remarks)
    assert not any("Na+" in one.stoichiometry for one in setting.reactions)


def test_sodium_is_told_by_the_salt() -> None:
    setting = setting_of(X, "napf6-carbonate-hard-carbon", KNOWN)
    assert setting.cation == "Na"
    assert "SEDC" in setting.products
    assert not any("Li+" in one.stoichiometry for one in setting.reactions)


def test_a_cell_without_rate_constants_is_said_so() -> None:
    cell = System(name="my cell", electrolyte=KNOWN.systems["lp30-graphite"].system.electrolyte)
    model, remarks = model_of(cell, KNOWN)
    assert model is None
    assert "no rate constants for my cell" in remarks[0]
    setting = setting_of(X, cell, KNOWN)
    assert {"EC", "DMC", "PF6-"} <= set(setting.electrolyte)
    assert "LEDC" in setting.products
    assert "Li2BC3O6" not in setting.products  # there is no BOB- to make it of


def test_a_component_that_the_library_does_not_know_is_named() -> None:
    known = KNOWN.systems["lp30-graphite"].system.electrolyte
    cell = System(electrolyte=(*known, Component(name="unobtainium", role="additive")))
    assert any("unobtainium" in one for one in setting_of(X, cell, KNOWN).remarks)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ({"system": "lp30-graphit"}, "lp30-graphite"),
        ({"reactions": ["ec-to-ledx"]}, "ec-to-ledc"),
        ({"species": ["LEDX"]}, "LEDC"),
        ({"user_reactions": ["2 EC + 2 Li+ + 2 e- -> LEDX + C2H4"]}, "LEDC"),
    ],
)
def test_unknown_names_list_the_nearest(asked: dict[str, object], near: str) -> None:
    with pytest.raises(UnknownNameError, match=near):
        setting_of(X, **{"system": "lp30-graphite", "library": KNOWN, **asked})  # type: ignore[arg-type]


def test_an_axis_without_bands_is_refused() -> None:
    with pytest.raises(OptionError, match="absorbs between 5000 and 6000"):
        setting_of(np.linspace(5000, 6000, 50), None, KNOWN, species=["LEDC"])


def test_a_reaction_of_ones_own_is_that_of_the_library() -> None:
    own = user_reaction("2 EC + 2 Li+ + 2 e- -> LEDC + C2H4", KNOWN, 3)
    same = KNOWN.reactions["ec-to-ledc"]
    assert own.stoichiometry == same.stoichiometry
    assert own.electrons == 2
    assert own.electrode == "working"
    assert own.name == "user reaction 3"
    named = user_reaction("mine: LEDC + H2O -> Li2CO3 + CO2 + EG", KNOWN)
    assert (named.name, named.electrons, named.electrode) == ("mine", 0, "")


def test_case_of_names_does_not_matter() -> None:
    own = user_reaction("2 ec + 2 li+ + 2 e- -> ledc + c2h4", KNOWN)
    assert own.stoichiometry == KNOWN.reactions["ec-to-ledc"].stoichiometry


@given(st.integers(-2, 6).filter(bool))
@settings(max_examples=6, deadline=None)
def test_one_that_does_not_balance_says_by_how_much(more: int) -> None:
    lithium = 3 + more  # 3 Li+ on the left balance
    with pytest.raises(ChemistryError, match=rf"Li \{-more:+d}") as caught:
        user_reaction(f"FEC + {lithium} Li+ + 3 e- -> Li2CO3 + LiF + 1/2 C4H6", KNOWN)
    assert f"charge {-more:+d}" in str(caught.value)


def test_what_is_no_equation_is_refused() -> None:
    for text in ("EC LEDC", "mine:", "EC ->"):
        with pytest.raises(ChemistryError):
            user_reaction(text, KNOWN)
