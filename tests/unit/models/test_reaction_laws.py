"""Laws of reactions: what is reduced together, mass action, and how far laws are from usual."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.models.abcc.protocol_features import (  # noqa: E402
    GROWING,
    LEVELS,
    protocol_features,
)
from opir.models.abcc.reaction_laws import (  # noqa: E402
    ReactionLaws,
    kin,
    speeds,
)
from opir.models.abcc.tables import REACTION_FEATURES, ChemistryTables  # noqa: E402
from opir.models.abcc.visits import STEPS, visits  # noqa: E402

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


def held(cation: str = "Li+", **amounts: float) -> torch.Tensor:
    """Dissolved species at first beside a cation; ``PF6`` stands for its anion."""
    found = torch.zeros(1, len(SPECIES))
    found[0, SPECIES.index(cation)] = 1e6
    for name, amount in amounts.items():
        found[0, SPECIES.index(name if name in SPECIES else f"{name}-")] = amount
    return found


def at_potential(voltage: float) -> tuple[torch.Tensor, torch.Tensor]:
    """What only grows while a potential is held for 1e4 s without current, and its visits."""
    drive = torch.tensor([[[voltage, 0.0, 298.15]]]).expand(1, 4, 3)
    times = torch.linspace(0, 1e4, 4)[None]
    stays = visits(times.numpy(), drive[..., 0].numpy(), np.arange(4)[None])
    return protocol_features(times, drive).growing, torch.tensor(stays)


def told(
    laws: ReactionLaws,
    initial: torch.Tensor,
    there: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> torch.Tensor:
    """Hazards at all times."""
    growing, stays = there or at_potential(0.25)
    frames = STEPS * torch.arange(growing.shape[1], dtype=torch.float32)[None]
    found: torch.Tensor = laws(growing, stays, frames, torch.ones(1, WIDTH), initial)
    return found


def hazards(
    laws: ReactionLaws,
    initial: torch.Tensor,
    there: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> np.ndarray:
    """At the end of a protocol, in which the potential is held if nothing else is said."""
    with torch.no_grad():
        return told(laws, initial, there)[0, -1].double().numpy()


def film(
    laws: ReactionLaws,
    initial: torch.Tensor,
    there: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> float:
    """What all reductions form: volumes times largest extents times hazards."""
    with torch.no_grad():
        parts = laws._there(initial)[0].numpy()
    reduced = laws.electrons.numpy() > 0
    volumes = laws.volumes.numpy()[reduced]
    return float((volumes * parts[reduced]) @ hazards(laws, initial, there)[reduced])


def test_what_reductions_form_is_the_film_whatever_there_is(laws: ReactionLaws) -> None:
    """Where it lets through less than they ask for: as much per electron, here all the same."""
    one, two = held(EC=3.0, EMC=7.0), held(EC=3.0, DMC=1.0, FEC=2.0)
    with torch.no_grad():
        laws.film.limit.fill_(-1.0)
        laws.volumes.copy_(laws.electrons)
    for voltage in (0.01, 0.25, 0.75):
        there = at_potential(voltage)
        assert film(laws, one, there) == pytest.approx(film(laws, two, there), rel=1e-4)
    with torch.no_grad():
        laws.film.limit.fill_(0.3)
    assert film(laws, one) != pytest.approx(film(laws, two), rel=0.01, abs=0)


def test_what_the_cell_has_no_cation_for_forms_no_film(laws: ReactionLaws) -> None:
    """However quick it would be."""
    lithium, sodium = (REACTIONS.index(name) for name in ("ec-to-ledc", "ec-to-sedc"))
    with torch.no_grad():
        laws.film.limit.fill_(-1.0)
        before = hazards(laws, held(EC=3.0, EMC=7.0))
        laws.own[sodium] += 3.0
        np.testing.assert_allclose(
            hazards(laws, held(EC=3.0, EMC=7.0))[lithium], before[lithium], rtol=1e-5
        )
        other = hazards(laws, held("Na+", EC=3.0, EMC=7.0))
    assert other[sodium] > before[lithium]


def test_doses_grow_as_quickly_as_weights_of_the_potentials_say(laws: ReactionLaws) -> None:
    """As the time below and above potentials does in the middle of a range."""
    weights = torch.rand(1, 3, GROWING)
    weights[..., -3:-1] = 0.0  # charges
    for voltage in (-0.2, 0.25, 0.95, 2.6, 4.5):
        growing, stays = at_potential(voltage)
        place = int(stays[0, 0, 1])
        wanted = (growing @ weights.transpose(1, 2))[0, -1]
        np.testing.assert_allclose(speeds(weights)[0, :, place], wanted, rtol=0.02)


def test_what_runs_at_lower_potentials_alone_takes_nothing_above(laws: ReactionLaws) -> None:
    """EC is reduced below 1 V here, esters below 0.1 V, one of them quicker."""
    ec, one, two = (REACTIONS.index(name) for name in ("ec-to-ledc", "emc-to-lmc", "dmc-to-lmc"))
    fast, slow = held(EC=3.0, EMC=7.0), held(EC=3.0, DMC=7.0)
    with torch.no_grad():
        laws.prior.fill_(-30.0)
        laws.prior[:, LEVELS.index(0.1)] = 0.0
        for column in np.flatnonzero(laws.used[SPECIES.index("EC")].numpy()):
            laws.prior[column] = -30.0
            laws.prior[column, LEVELS.index(1.0)] = 0.0
        laws.own[one], laws.own[two] = 1.0, 0.0
        laws.own[REACTIONS.index("lto-dmc-to-lmc")] = -5.0
        laws.film.limit.fill_(-1.0)
    above, below = at_potential(0.7), at_potential(0.0)
    assert hazards(laws, fast, above)[ec] == pytest.approx(hazards(laws, slow, above)[ec], rel=1e-4)
    assert hazards(laws, fast, below)[ec] < 0.5 * hazards(laws, slow, below)[ec]
    assert hazards(laws, fast, above)[ec] > hazards(laws, fast, below)[ec]
    assert hazards(laws, fast, above)[one] == pytest.approx(0, abs=1e-12)


def test_what_is_reduced_leaves_less_to_others_and_the_same_share(laws: ReactionLaws) -> None:
    with torch.no_grad():
        laws.film.limit.fill_(-1.0)
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
        laws.film.limit.fill_(1.0)  # nothing is held up
        laws.film.of_cell.bias[1] = 30.0  # in proportion to the dose
        before = hazards(laws, initial)
        laws.of_kin[first] += 0.5
        after = hazards(laws, initial)
    assert after[[first, other]] / before[[first, other]] == pytest.approx(np.exp(1.5), rel=1e-4)
    assert after[apart] == pytest.approx(before[apart], rel=1e-4)


def test_what_no_reaction_is_made_of_that_runs_is_not_learned(laws: ReactionLaws) -> None:
    """Nothing is said of boron where only reactions without boron were looked at."""
    boron = REACTION_FEATURES.index("B of reactants")
    assert (laws.features[:, boron] > 0).any()
    there, initial = at_potential(0.3), held(EC=3.0, EMC=7.0)
    others = laws.features[:, boron] == 0
    told(laws, initial, there)[0, -1, others].sum().backward()
    assert laws.of_reaction.weight.grad is not None
    with torch.no_grad():
        laws.last.weight.normal_()
    laws.zero_grad()
    told(laws, initial, there)[0, -1, others].sum().backward()
    assert (laws.of_reaction.weight.grad[:, boron] == 0).all()
    assert (laws.of_reaction.weight.grad != 0).any()


def test_reductions_form_as_much_film_as_densities_say() -> None:
    """LEDC: 161.95 g/mol at 1.321 g/cm3. What dissolves or leaves as gas is no film."""
    volumes = dict(zip(REACTIONS, TABLES.volumes, strict=True))
    assert volumes["ec-to-ledc"] == pytest.approx(161.95 / 1.321, rel=1e-4)
    assert volumes["c2h4-evolves"] == volumes["transesterification-methoxide"] == 0
    assert (TABLES.volumes >= 0).all()
