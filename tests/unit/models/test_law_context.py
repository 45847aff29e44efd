"""What laws of reactions are told: by chemistry, and nothing of what they cannot know."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.models.abcc.law_context import (  # noqa: E402
    catalysts,
    scavengers,
    told_to_laws,
)
from opir.models.abcc.library_flow import LibraryFlow, LibraryInputs  # noqa: E402
from opir.models.abcc.protocol_features import GROWING, STATES, protocol_features  # noqa: E402
from opir.models.abcc.tables import ChemistryTables  # noqa: E402
from opir.models.abcc.visits import STEPS, visits  # noqa: E402
from opir.models.descriptor import DESCRIPTOR  # noqa: E402

TABLES = ChemistryTables.of(library(), np.linspace(800.0, 1900.0, 64))
SPECIES = TABLES.reactions.species
STATIC = 3


def names(reaction: str) -> set[str]:
    """Species that scavenge what a reaction needs."""
    column = TABLES.reactions.reactions.index(reaction)
    found = scavengers(TABLES.reactions, library())[:, column]
    return {SPECIES[at] for at in np.flatnonzero(found)}


@pytest.fixture(scope="module")
def flow() -> LibraryFlow:
    torch.manual_seed(0)
    made = LibraryFlow(TABLES, STATIC + len(DESCRIPTOR), 4, width=8, shared=4)
    with torch.no_grad():
        torch.nn.init.normal_(made.laws.last.weight, std=0.3)
        torch.nn.init.normal_(made.laws.of_reaction.weight, std=0.3)
    return made.eval()


def inputs(held: dict[str, float], context: np.ndarray | None = None) -> LibraryInputs:
    """Of one cell, with some dissolved species at first [mmol m-2]."""
    initial = torch.zeros(1, len(SPECIES))
    initial[0, SPECIES.index("Li+")] = 1e6
    for name, amount in held.items():
        initial[0, SPECIES.index(name)] = amount
    numbers = np.zeros(STATIC + len(DESCRIPTOR)) if context is None else context
    populations = torch.zeros(1, len(TABLES.populations))
    growing = torch.linspace(0, 1, 4)[None, :, None].expand(1, -1, GROWING)
    return LibraryInputs(
        torch.tensor(numbers, dtype=torch.float32)[None],
        populations,
        populations,
        initial,
        torch.ones(1),
        growing,
        torch.tensor([[[0.5, 5.0, STEPS * frame] for frame in range(3)]]),
        STEPS * torch.arange(4.0)[None],
        torch.zeros(1, 4, STATES),
        torch.zeros(1, 8),
        torch.full((1,), 0.2),
    )


def test_alkoxides_are_catalysts_and_cations_are_not() -> None:
    found = catalysts(TABLES.reactions, library())
    reactions = TABLES.reactions.reactions
    needed = {
        reactions[column]: [SPECIES[at] for at in np.flatnonzero(found[:, column])]
        for column in np.flatnonzero(found.any(axis=0))
    }
    assert needed["transesterification-methoxide"] == ["LiOCH3(dissolved)"]
    assert needed["dedohc-sodium"] == ["NaOC2H5(dissolved)"]
    assert "lipf6-dissociation" not in needed
    assert not (found & (TABLES.reactions.consumed > 0)).any()


def test_nothing_transesterifies_without_an_alkoxide(flow: LibraryFlow) -> None:
    """And all the more, the more of it there is."""
    column = TABLES.reactions.reactions.index("transesterification-methoxide")
    found = []
    for held in (0.0, 1e-3, 2e-3):
        # No cation, so none is made.
        told = inputs({"EMC": 6.0, "LiOCH3(dissolved)": held, "Li+": 0.0})
        with torch.no_grad():
            found.append(flow(told).extents[0, -1, column].item())
    assert found[0] == 0
    assert found[2] == pytest.approx(2 * found[1], rel=0.01)


def test_what_takes_up_a_catalyst_scavenges() -> None:
    found = names("transesterification-methoxide")
    assert {"VC", "FEC", "CO2"} <= found
    assert not found & {"EMC", "EC", "LiOCH3(dissolved)"}
    assert not names("ec-to-ledc")


def test_an_additive_slows_what_it_scavenges_and_what_is_reduced_beside_it(
    flow: LibraryFlow,
) -> None:
    plain, flow = {"EC": 3.0, "EMC": 6.0}, deepcopy(flow)
    with torch.no_grad():
        flow.laws.film.limit.fill_(-1.0)  # more is asked for than the film lets through
        without = flow.hazards(inputs(plain))[0, -1]
        some = flow.hazards(inputs(plain | {"VC": 0.05}))[0, -1]
        more = flow.hazards(inputs(plain | {"VC": 0.5}))[0, -1]
    at = {name: TABLES.reactions.reactions.index(name) for name in TABLES.reactions.reactions}
    for name in ("transesterification-methoxide", "ec-to-ledc", "emc-to-lmc"):
        assert without[at[name]] > some[at[name]] > more[at[name]] > 0
    for name in ("lipf6-dissociation", "ledc-hydrolysis"):
        assert some[at[name]].item() == pytest.approx(without[at[name]].item(), rel=1e-5)


def test_traces_scavenge_little_and_what_is_supplied_does_not_count(flow: LibraryFlow) -> None:
    column = TABLES.reactions.reactions.index("transesterification-methoxide")
    with torch.no_grad():
        without, traces, much = (
            flow.hazards(inputs({"EMC": 9.0, "Li+": 1e4, "VC": amount}))[0, -1, column].item()
            for amount in (0.0, 1e-3, 1.0)
        )
    assert traces == pytest.approx(without, rel=0.1)
    assert much < 0.1 * without


def test_laws_know_nothing_of_the_counter_electrode(flow: LibraryFlow) -> None:
    told = np.concatenate([np.ones(STATIC, bool), told_to_laws()])
    assert (~told).sum() == 11
    random = np.random.default_rng(0)
    first, other = random.normal(size=(2, told.size))
    one = inputs({"EC": 3.0}, first)
    same = replace(one, context=torch.tensor(np.where(told, first, other)[None]).float())
    changed = replace(one, context=torch.tensor(np.where(told, other, first)[None]).float())
    with torch.no_grad():
        assert torch.equal(flow.hazards(one), flow.hazards(same))
        assert not torch.allclose(flow.hazards(one), flow.hazards(changed))
        assert not torch.allclose(flow.context(one), flow.context(same))


def test_what_takes_no_electron_goes_by_the_time_alone(flow: LibraryFlow) -> None:
    def protocol(voltage: float, hours: float) -> tuple[torch.Tensor, torch.Tensor]:
        drive = torch.tensor([[[voltage, 1e-3 * voltage, 298.15]]]).expand(1, 3, 3)
        times = 3600 * torch.linspace(0, hours, 3)[None]
        stays = visits(times.numpy(), drive[..., 0].numpy(), np.arange(3)[None])
        return protocol_features(times, drive).growing, torch.tensor(stays)

    one, frames = inputs({"EC": 3.0}), STEPS * torch.arange(3.0)[None]
    with torch.no_grad():
        usual, other, longer = (
            flow.hazards(replace(one, growing=growing, visits=stays, frames=frames))[0, -1]
            for growing, stays in (protocol(2.5, 10), protocol(0.1, 10), protocol(2.5, 70))
        )
    at = TABLES.reactions.reactions.index
    for name in ("transesterification-methoxide", "ledc-hydrolysis", "lmc-dissolves"):
        assert other[at(name)] == pytest.approx(float(usual[at(name)]), rel=1e-5)
        assert longer[at(name)] > 2 * usual[at(name)]
    assert other[at("ec-to-ledc")] > 1.2 * usual[at("ec-to-ledc")]
    assert other[at("lattice-oxygen")] != pytest.approx(float(usual[at("lattice-oxygen")]), rel=0.1)
