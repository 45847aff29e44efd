"""Laws of reactions: what is reduced together, mass action, and how far laws are from usual."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.models.abcc.protocol_features import (  # noqa: E402
    GROWING,
    LEVELS,
    protocol_features,
)
from opir.models.abcc.reaction_laws import (  # noqa: E402
    ReactionLaws,
    by_potential,
    kin,
)
from opir.models.abcc.tables import REACTION_FEATURES, ChemistryTables  # noqa: E402

TABLES = ChemistryTables.of(library(), np.linspace(800.0, 1900.0, 32))
SPECIES, REACTIONS = TABLES.reactions.species, TABLES.reactions.reactions
WIDTH = 6


@pytest.fixture
def laws() -> ReactionLaws:
    torch.manual_seed(0)
    made = ReactionLaws(TABLES, WIDTH, shared=4)
    with torch.no_grad():
        made.own.normal_(std=0.3)
    return made.eval()


def held(**amounts: float) -> torch.Tensor:
    """Dissolved species at first; ``PF6`` stands for its anion."""
    found = torch.zeros(1, len(SPECIES))
    for name, amount in amounts.items():
        found[0, SPECIES.index(name if name in SPECIES else f"{name}-")] = amount
    return found


def at_potential(voltage: float) -> torch.Tensor:
    """What only grows while a potential is held for 1e4 s without current."""
    drive = torch.tensor([[[voltage, 0.0, 298.15]]]).expand(1, 4, 3)
    return protocol_features(torch.linspace(0, 1e4, 4)[None], drive).growing


def hazards(
    laws: ReactionLaws, initial: torch.Tensor, growing: torch.Tensor | None = None
) -> np.ndarray:
    """At the end of a protocol."""
    if growing is None:
        growing = at_potential(0.3)
    with torch.no_grad():
        return laws(growing, torch.ones(1, WIDTH), initial)[0, -1].double().numpy()


def electrons(
    laws: ReactionLaws, initial: torch.Tensor, growing: torch.Tensor | None = None
) -> float:
    """Of all reductions: shares of what they take of the electrolyte times hazards."""
    share = (initial / initial.sum())[0].numpy()
    found = 0.0
    for column in np.flatnonzero(laws.electrons.numpy()):
        used = np.flatnonzero(laws.used[:, column].numpy())
        if used.size and share[used].all():
            there = np.exp(np.log(share[used]).mean())
            found += float(laws.electrons[column]) * there * hazards(laws, initial, growing)[column]
    return found


def test_where_they_share_all_electrons_their_number_is_given(laws: ReactionLaws) -> None:
    """Whatever is there to be reduced; where they share none each goes by itself."""
    one, two = held(EC=3.0, EMC=7.0), held(EC=3.0, DMC=1.0)
    at = REACTIONS.index("ec-to-ledc")
    with torch.no_grad():
        laws.hindered.zero_()  # nothing lies in front of anything
        laws.last.bias[GROWING + 1] = 30.0  # growth in proportion to the dose
        laws.last.weight.zero_()
        laws.sharing.fill_(10.0)
        assert electrons(laws, one) == pytest.approx(electrons(laws, two), rel=0.02)
        assert hazards(laws, one)[at] != pytest.approx(hazards(laws, two)[at], rel=0.1)
        laws.sharing.fill_(-10.0)
        assert hazards(laws, one)[at] == pytest.approx(hazards(laws, two)[at], rel=1e-4)


@given(
    arrays(np.float64, (1, 8, 1), elements=st.floats(-0.5, 5.0))
    | st.just(np.full((1, 8, 1), np.nan)),
    arrays(np.float64, (1, 3, GROWING), elements=st.floats(0, 1)),
)
def test_doses_are_the_same_by_ranges_of_the_potential(
    voltage: np.ndarray, weights: np.ndarray
) -> None:
    """Known or not at all."""
    others = np.broadcast_to([1e-3, 298.15], (1, 8, 2))
    drive = torch.tensor(np.concatenate([voltage, others], axis=-1))
    growing = protocol_features(torch.linspace(0, 7e4, 8).double()[None], drive).growing
    told = torch.tensor(weights)
    speeds, spent = by_potential(told, growing)
    assert (spent >= 0).all()
    found, wanted = spent @ speeds.transpose(1, 2), growing @ told.transpose(1, 2)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-5)


def test_electrons_are_given_at_each_potential(laws: ReactionLaws) -> None:
    """Where they share all, whatever the electrolyte and wherever each reaction runs."""
    one, two = held(EC=3.0, EMC=7.0), held(EC=3.0, DMC=1.0)
    with torch.no_grad():
        laws.hindered.zero_()
        laws.last.bias[GROWING + 1] = 30.0
        laws.sharing.fill_(10.0)
        for voltage in (0.01, 0.25, 0.75):
            there = at_potential(voltage)
            assert electrons(laws, one, there) == pytest.approx(
                electrons(laws, two, there), rel=0.02
            )
        laws.sharing.fill_(-10.0)
        there = at_potential(0.01)
        assert electrons(laws, one, there) != pytest.approx(electrons(laws, two, there), rel=0.1)


def test_what_runs_at_lower_potentials_alone_takes_no_electrons_above(laws: ReactionLaws) -> None:
    """EC is reduced below 1 V here, esters below 0.1 V, one of them quicker."""
    ec, one, two = (REACTIONS.index(name) for name in ("ec-to-ledc", "emc-to-lmc", "dmc-to-lmc"))
    fast, slow = held(EC=3.0, EMC=7.0), held(EC=3.0, DMC=7.0)
    with torch.no_grad():
        laws.hindered.zero_()
        laws.prior.fill_(-30.0)
        laws.prior[:, LEVELS.index(0.1)] = 0.0
        for column in np.flatnonzero(laws.used[SPECIES.index("EC")].numpy()):
            laws.prior[column] = -30.0
            laws.prior[column, LEVELS.index(1.0)] = 0.0
        laws.last.bias[GROWING + 1] = 30.0
        laws.own[one], laws.own[two] = 1.0, 0.0
        laws.sharing.fill_(10.0)
    above, below = at_potential(0.7), at_potential(0.0)
    assert hazards(laws, fast, above)[ec] == pytest.approx(hazards(laws, slow, above)[ec], rel=0.02)
    assert hazards(laws, fast, below)[ec] < 0.5 * hazards(laws, slow, below)[ec]
    assert hazards(laws, fast, above)[ec] > hazards(laws, fast, below)[ec]


def test_what_is_reduced_leaves_less_to_others_and_the_same_share(laws: ReactionLaws) -> None:
    few, many = hazards(laws, held(EC=3.0, EMC=7.0)), hazards(laws, held(EC=3.0, EMC=7.0, FEC=5.0))
    both = [REACTIONS.index(name) for name in ("emc-to-lmc", "emc-to-lec")]
    assert (many[both] < few[both]).all()
    assert many[both[0]] / many[both[1]] == pytest.approx(few[both[0]] / few[both[1]], rel=1e-4)


def test_chemical_reactions_go_by_the_share_of_what_else_they_need(laws: ReactionLaws) -> None:
    """Coupling of EC and EMC: hazards are of the scarcer one, so they go by the other's share."""
    at, trace = REACTIONS.index("emdohc"), 3e-3
    little, much = hazards(laws, held(EC=1.0, EMC=3.0)), hazards(laws, held(EC=1.0, EMC=9.0))
    assert much[at] / little[at] == pytest.approx((0.9 + trace) / (0.75 + trace), rel=1e-4)
    swapped = hazards(laws, held(EC=9.0, EMC=1.0))
    assert swapped[at] == pytest.approx(much[at], rel=1e-4)
    alone = REACTIONS.index("ledc-thermal")  # needs nothing of the electrolyte
    assert much[alone] == pytest.approx(little[alone], rel=1e-6)


def test_laws_are_as_far_apart_as_cells_and_reactants_make_them(laws: ReactionLaws) -> None:
    cell, usual = torch.randn(2, 3, WIDTH)
    with torch.no_grad():
        laws.own.zero_()
        assert laws.apart(cell, usual) == 0, "first weights know no cell"
        laws.last.weight.normal_()
        assert laws.apart(usual, usual) == 0, "first weights know no reactants"
        assert laws.apart(cell, usual) > 0
        laws.of_reaction.weight.normal_()
        assert laws.apart(usual, usual) > 0
        # By law, onset and electrode reactions may differ at will.
        alike = ("law: ", "onset", "at the counter")
        reactants = [not name.startswith(alike) for name in REACTION_FEATURES]
        laws.of_reaction.weight[:, torch.tensor(reactants)] = 0.0
        assert laws.apart(usual, usual) == 0
        laws.own[0] = 1.0
        assert laws.apart(usual, usual) > 0


def test_kin_use_up_the_same_beside_either_cation() -> None:
    found = {name: REACTIONS[at] for name, at in zip(REACTIONS, kin(TABLES), strict=True)}
    assert found["ec-to-sedc"] == found["ec-to-ledc"] == "ec-to-ledc"
    assert found["sodium-ethoxide-takes-co2"] == "ethoxide-takes-co2"
    assert found["dec-to-naec"] == "dec-to-lec"
    # Not where other numbers of them, or of electrons, are used up.
    assert found["ec-to-li2co3"] == "ec-to-li2co3"
    assert found["dec-to-ethoxide"] == "dec-to-ethoxide"
    assert found["emc-to-lec"] == found["emc-to-lmc"] != found["dmc-to-lmc"]


def test_what_is_learned_of_a_reaction_holds_for_its_kin(laws: ReactionLaws) -> None:
    """Of reactions of sodium that never ran in training, as much as of those of lithium."""
    first, other = (REACTIONS.index(name) for name in ("ec-to-ledc", "ec-to-sedc"))
    apart = REACTIONS.index("dec-to-lec")
    initial = held(EC=3.0, DEC=3.0)
    with torch.no_grad():
        laws.sharing.fill_(-10.0)
        before = hazards(laws, initial)
        laws.of_kin[first] += 0.5
        after = hazards(laws, initial)
    assert after[[first, other]] / before[[first, other]] == pytest.approx(np.exp(1.5), rel=1e-4)
    assert after[apart] == pytest.approx(before[apart], rel=1e-4)


def test_what_no_reaction_is_made_of_that_runs_is_not_learned(laws: ReactionLaws) -> None:
    """Nothing is said of boron where only reactions without boron were looked at."""
    boron = REACTION_FEATURES.index("B of reactants")
    assert (laws.features[:, boron] > 0).any()
    growing = torch.ones(1, 2, GROWING) * torch.tensor([0.0, 1.0])[None, :, None]
    found = laws(growing, torch.ones(1, WIDTH), held(EC=3.0, EMC=7.0))
    found[0, -1, laws.features[:, boron] == 0].sum().backward()
    assert laws.of_reaction.weight.grad is not None
    with torch.no_grad():
        laws.last.weight.normal_()
    laws.zero_grad()
    found = laws(growing, torch.ones(1, WIDTH), held(EC=3.0, EMC=7.0))
    found[0, -1, laws.features[:, boron] == 0].sum().backward()
    assert (laws.of_reaction.weight.grad[:, boron] == 0).all()
    assert (laws.of_reaction.weight.grad != 0).any()
