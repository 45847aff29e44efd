"""Laws of reactions: what is reduced together, mass action, and how far laws are from usual."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.models.abcc.protocol_features import GROWING  # noqa: E402
from opir.models.abcc.reaction_laws import ReactionLaws, kin  # noqa: E402
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


def hazards(laws: ReactionLaws, initial: torch.Tensor) -> np.ndarray:
    """At the end of a protocol."""
    growing = torch.linspace(0, 1, 4)[None, :, None].expand(1, -1, GROWING)
    with torch.no_grad():
        return laws(growing, torch.ones(1, WIDTH), initial)[0, -1].double().numpy()


def electrons(laws: ReactionLaws, initial: torch.Tensor) -> float:
    """Of all reductions: shares of what they take of the electrolyte times hazards."""
    share = (initial / initial.sum())[0].numpy()
    found = 0.0
    for column in np.flatnonzero(laws.electrons.numpy()):
        used = np.flatnonzero(laws.used[:, column].numpy())
        if used.size and share[used].all():
            there = np.exp(np.log(share[used]).mean())
            found += float(laws.electrons[column]) * there * hazards(laws, initial)[column]
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
        assert electrons(laws, one) == pytest.approx(electrons(laws, two), rel=1e-3)
        assert hazards(laws, one)[at] != pytest.approx(hazards(laws, two)[at], rel=0.1)
        laws.sharing.fill_(-10.0)
        assert hazards(laws, one)[at] == pytest.approx(hazards(laws, two)[at], rel=1e-4)


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
