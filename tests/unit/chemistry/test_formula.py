"""Sum formulas against hand-written ones and invariants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.chemistry.formula import ATOMIC_WEIGHTS, hill, molar_mass, parse_formula
from opir.errors import ChemistryError, UnknownNameError

COUNTS = st.dictionaries(st.sampled_from(sorted(ATOMIC_WEIGHTS)), st.integers(1, 40), min_size=1)


@pytest.mark.parametrize(
    ("formula", "elements"),
    [
        ("C4H4O6Li2", {"C": 4, "H": 4, "O": 6, "Li": 2}),
        ("CH3OCO2Li", {"C": 2, "H": 3, "O": 3, "Li": 1}),
        ("(CH2OCO2Li)2", {"C": 4, "H": 4, "O": 6, "Li": 2}),
        ("Al2(SO4)3", {"Al": 2, "S": 3, "O": 12}),
        ("CO", {"C": 1, "O": 1}),
        ("Co", {"Co": 1}),
        ("Ca((OH)2)1", {"Ca": 1, "O": 2, "H": 2}),
        ("", {}),
    ],
)
def test_known_formulas(formula: str, elements: dict[str, int]) -> None:
    assert parse_formula(formula) == elements


@given(COUNTS)
def test_hill_order_reads_back(elements: dict[str, int]) -> None:
    assert parse_formula(hill(elements)) == elements


@given(COUNTS, st.integers(1, 9))
def test_a_bracket_multiplies(elements: dict[str, int], times: int) -> None:
    expected = {name: count * times for name, count in elements.items()}
    assert parse_formula(f"({hill(elements)}){times}") == expected


@given(COUNTS, COUNTS)
def test_masses_add(one: dict[str, int], other: dict[str, int]) -> None:
    together = parse_formula(hill(one) + hill(other))
    assert molar_mass(together) == pytest.approx(molar_mass(one) + molar_mass(other), rel=1e-12)


def test_molar_masses_of_the_handbook() -> None:
    assert molar_mass(parse_formula("C3H4O3")) == pytest.approx(0.08806, abs=2e-5)  # EC
    assert molar_mass(parse_formula("LiPF6")) == pytest.approx(0.15190, abs=2e-5)


def test_ions_weigh_what_the_salt_weighs() -> None:
    ions = molar_mass({"Li": 1}, 1) + molar_mass({"P": 1, "F": 6}, -1)
    assert ions == pytest.approx(molar_mass({"Li": 1, "P": 1, "F": 6}), rel=1e-12)


@pytest.mark.parametrize("formula", ["c2h4", "C2H4-", "C2 H4", "2CO", "C(H2", "C)H2", "Li+"])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ChemistryError):
        parse_formula(formula)


def test_an_unknown_element_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown element 'Lo'"):
        parse_formula("Lo2O")
