"""Equations as text: what is read, what is refused, and by how much it is off."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.chemistry import library
from opir.chemistry.equation import format_equation, imbalance, parse_equation, require_balance
from opir.errors import ChemistryError

NAMES = st.sampled_from(["EC", "Li+", "e-", "LEDC", "C2H4", "PF6-", "LMC(dissolved)", "poly(VC)"])
COUNTS = st.fractions(Fraction(1, 9), 20, max_denominator=9)


def test_signs_and_numbers() -> None:
    assert parse_equation("2 EC + 2 Li+ + 2 e- -> LEDC + 1/2 C2H4") == {
        "EC": -2, "Li+": -2, "e-": -2, "LEDC": 1, "C2H4": Fraction(1, 2),
    }  # fmt: skip


def test_the_same_species_on_both_sides_counts_net() -> None:
    assert parse_equation("2 EC + DMC -> EC + LEDC") == {"EC": -1, "DMC": -1, "LEDC": 1}
    assert parse_equation("EC + DMC -> DMC + LEDC") == {"EC": -1, "LEDC": 1}


@given(st.dictionaries(NAMES, COUNTS, min_size=2), st.data())
def test_what_is_written_reads_back(counts: dict[str, Fraction], data: st.DataObject) -> None:
    names = list(counts)
    cut = data.draw(st.integers(1, len(names) - 1))
    signed = {n: (-c if i < cut else c) for i, (n, c) in enumerate(counts.items())}
    assert parse_equation(format_equation(signed)) == signed


@pytest.mark.parametrize(
    "text",
    ["EC", "EC -> ", "EC > LEDC", "EC -> LEDC -> LMC", "EC + + Li+ -> LEDC", "0 EC -> LEDC",
     "1/0 EC -> LEDC", "-1 EC -> LEDC", "EC LEDC -> LMC", "", "EC->LEDC"],
)  # fmt: skip
def test_what_is_no_equation_is_refused(text: str) -> None:
    with pytest.raises(ChemistryError):
        parse_equation(text)


def test_the_message_says_what_is_off_and_by_how_much() -> None:
    species = library().species
    text = "EC + 2 Li+ + e- -> LEDC + C2H4"
    with pytest.raises(ChemistryError, match=r"C \+3, H \+4, O \+3, charge -1") as error:
        require_balance(text, parse_equation(text), species)
    assert "opir chemistry show" in error.value.remedy


def test_charge_alone_is_seen() -> None:
    species = library().species
    assert imbalance(parse_equation("Li+ -> Li(working)"), species) == {"charge": -1}
    assert imbalance(parse_equation("Li+ + e- -> Li(working)"), species) == {}
