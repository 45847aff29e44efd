"""Proposals by balance: every one balances, none is known, and nothing comes of nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import Reaction, library
from opir.chemistry.equation import parse_equation, require_balance
from opir.errors import UnknownNameError
from opir.pathways.propose import propose

KNOWN = library()
PRESENT = ("EC", "DMC", "PF6-", "H2O", "Li+", "e-")
TARGETS = sorted(
    name
    for name, item in KNOWN.species.items()
    if item.phase in ("solid", "dissolved", "gas") and item.elements
)
THERE = sorted(name for name, item in KNOWN.species.items() if item.phase in ("liquid",))


def exact(reaction: Reaction) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in reaction.stoichiometry.items()}


def require_right(reaction: Reaction, target: str) -> None:
    """It balances, makes the target, and its equation says what its numbers do."""
    require_balance(reaction.equation, exact(reaction), KNOWN.species)
    assert reaction.stoichiometry[target] > 0
    assert parse_equation(reaction.equation) == exact(reaction)
    assert all(value == round(value) and abs(value) <= 12 for value in exact(reaction).values())
    assert reaction.electrons == -reaction.stoichiometry.get("e-", 0)
    assert (reaction.electrode == "working") == ("e-" in reaction.stoichiometry)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(TARGETS),
    st.sets(st.sampled_from(THERE), max_size=4),
    st.sampled_from(["Li", "Na"]),
    st.integers(1, 3),
)
def test_everything_balances(target: str, there: set[str], cation: str, most: int) -> None:
    present = {*there, "H2O", "PF6-", f"{cation}+", "e-"}
    found = propose(target, present, KNOWN, cation=cation, most=most)
    assert len(found) <= most
    for reaction in found:
        require_right(reaction, target)
        used = set(reaction.reactants) - {f"{cation}+", "e-"}
        assert used <= present  # of what is there, and no other
        assert used
    sets = [frozenset(one.reactants) - {"e-", f"{cation}+"} for one in found]
    assert len(set(sets)) == len(sets)  # each of another set of reactants


@pytest.mark.parametrize("target", ["LEDC", "Li2CO3", "LMC"])
def test_the_reaction_of_the_library_is_among_them(target: str) -> None:
    of_library = {
        frozenset(one.reactants)
        for one in KNOWN.reactions.values()
        if target in one.products and set(one.reactants) <= {*PRESENT}
    }
    assert of_library & {frozenset(one.reactants) for one in propose(target, PRESENT, KNOWN)}


def test_one_solvent_alone_is_proposed_beside_two_together() -> None:
    found = propose("LMC", PRESENT, KNOWN)
    sets = [frozenset(one.reactants) - {"Li+", "e-"} for one in found]
    assert frozenset({"DMC"}) in sets
    assert frozenset({"DMC", "EC"}) in sets


@pytest.mark.parametrize("target", ["LEDC", "Li2CO3", "LMC"])
def test_known_reactions_are_not_proposed_again(target: str) -> None:
    known = tuple(KNOWN.reactions.values())
    listed = {frozenset(one.reactants) for one in known if target in one.products}
    fresh = propose(target, PRESENT, KNOWN, known=known)
    assert not {frozenset(one.reactants) for one in fresh} & listed
    # what was proposed once is not proposed twice
    again = propose(target, PRESENT, KNOWN, known=fresh)
    assert not {frozenset(one.reactants) for one in fresh} & {
        frozenset(one.reactants) for one in again
    }


def test_what_cannot_be_made_is_not_proposed() -> None:
    assert propose("LiPO2F2", ["EC", "DMC"], KNOWN) == ()  # no phosphorus
    assert propose("LEDC", [], KNOWN) == ()  # nothing to make it of
    assert propose("SEDC", ["EC"], KNOWN, cation="Li") == ()  # no sodium


def test_short_equations_come_first() -> None:
    found = propose("LEDC", PRESENT, KNOWN, most=3)
    sizes = [
        sum(abs(n) for name, n in one.stoichiometry.items() if name not in ("Li+", "e-", "LEDC"))
        for one in found
    ]
    assert sizes[0] == min(sizes)


def test_an_unknown_target_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="LEDC"):
        propose("LEDX", PRESENT, KNOWN)


def test_there_is_no_chance_in_it() -> None:
    assert propose("LEDC", PRESENT, KNOWN) == propose("LEDC", PRESENT[::-1], KNOWN)
