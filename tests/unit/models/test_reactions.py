"""Extents that use up no more than there is: conservation, signs, closed forms, any demand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from opir.chemistry import library
from opir.errors import AxisError, OptionError, UnknownNameError
from opir.models.abcc.law_context import catalysts
from opir.models.abcc.reactions import Catalysis, ReactionSet, limited_extents, quick_extents

ALL = ReactionSet.of(library())
NEEDED = Catalysis.of(ALL.consumed, catalysts(ALL, library()))
WAYS = [limited_extents, quick_extents]


def tensors(reactions: ReactionSet) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(reactions.consumed), torch.tensor(reactions.stoichiometry)


def test_every_reaction_of_the_library_balances() -> None:
    assert np.abs(ALL.composition @ ALL.stoichiometry).max() < 1e-12
    assert ALL.elements[-1] == "charge"
    assert not any(name.endswith(("-working", "-counter")) for name in ALL.reactions)


def test_what_the_counter_electrode_brings_limits_nothing() -> None:
    found = ReactionSet.of(library(), ["ec-to-ledc"])
    used = dict(zip(found.species, found.consumed[:, 0], strict=True))
    assert used == {"EC": 2, "Li+": 0, "e-": 0, "LEDC": 0, "C2H4": 0}


def test_names_that_are_none() -> None:
    with pytest.raises(UnknownNameError, match="ec-to-ledc"):
        ReactionSet.of(library(), ["ec-to-ledcc"])
    with pytest.raises(OptionError, match="runs both ways"):
        ReactionSet.of(library(), ["lithium-working"])
    with pytest.raises(OptionError, match="no reaction"):
        ReactionSet.of(library(), [])


HAZARDS = hnp.arrays(
    np.float64,
    (2, 5, len(ALL.reactions)),
    elements=st.sampled_from([0.0, 1e-300, 1e-12, 0.3, 1.0, 40.0, 1e9, 1e30]),
)
AMOUNTS = hnp.arrays(
    np.float64, (2, len(ALL.species)), elements=st.sampled_from([0.0, 1e-300, 1e-9, 0.5, 1.0, 1e3])
)


@given(HAZARDS, AMOUNTS)
@settings(max_examples=60, deadline=None)
def test_whatever_the_hazards(hazard: NDArray[np.float64], amounts: NDArray[np.float64]) -> None:
    amounts[:, ALL.supplied] = 1e35  # a reservoir
    tensor = torch.tensor(hazard), torch.tensor(amounts), *tensors(ALL)
    limited = ~ALL.supplied
    for way in WAYS:
        for needed in (None, NEEDED):
            extents, left = way(*tensor, catalysis=needed)
            xi, n = extents.numpy(), left.numpy()
            assert np.isfinite(xi).all()
            assert (np.diff(xi, axis=1, prepend=0) >= 0).all()
            assert (n >= 0).all()
            expected = amounts[:, None] + xi @ ALL.stoichiometry.T
            moved = amounts[:, None] + xi @ np.abs(ALL.stoichiometry).T
            wrong = np.abs(n - expected)[..., limited]
            assert (wrong <= 1e-12 * moved[..., limited] + 1e-290).all()


def test_atoms_are_found_again_in_single_precision() -> None:
    random = torch.Generator().manual_seed(0)
    hazard = torch.rand(4, 40, len(ALL.reactions), generator=random) ** 8
    amounts = torch.rand(4, len(ALL.species), generator=random)
    consumed, matrix = (item.float() for item in tensors(ALL))
    extents, _ = limited_extents(hazard, amounts, consumed, matrix)
    change = extents.double().numpy() @ ALL.stoichiometry.T
    scale = np.abs(change) @ np.abs(ALL.composition).T
    balance = np.abs(change @ ALL.composition.T)
    assert (balance <= 1e-12 * scale + 1e-30).all()


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_first_order_decay_is_exact_on_any_grid(steps: int) -> None:
    """A -> B with the hazard k dt: a = exp(-k t), however many steps."""
    matrix = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    consumed = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    amounts = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    k, time = 0.7, 3.0
    hazard = torch.full((1, steps, 1), k * time / steps, dtype=torch.float64)
    _, left = limited_extents(hazard, amounts, consumed, matrix)
    expected = 2 * np.exp(-k * time)
    assert left[0, -1, 0].item() == pytest.approx(expected, rel=1e-12)
    assert left[0, -1, 1].item() == pytest.approx(2 - expected, rel=1e-12)


def test_refining_the_grid_converges() -> None:
    """Two reactions compete for A, one of them with B: first order at least in the step."""
    matrix = torch.tensor([[-1.0, -2.0], [0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    consumed = torch.clamp(-matrix, min=0)
    amounts = torch.tensor([[1.0, 0.4, 0.0]], dtype=torch.float64)

    def last(steps: int) -> torch.Tensor:
        time = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        grown = torch.stack([1.5 * time**2, 2.0 * time], dim=-1)
        return limited_extents(grown.diff(dim=0)[None], amounts, consumed, matrix)[0][0, -1]

    exact = last(4096)
    errors = [float((last(steps) - exact).abs().max()) for steps in (16, 32, 64)]
    assert errors[0] < 0.05
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def by_the_formula(
    hazard: NDArray[np.float64],
    amounts: NDArray[np.float64],
    consumed: NDArray[np.float64],
    matrix: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The docstring of limited_extents, one run and one reaction after the other."""
    extents = np.zeros(hazard.shape)
    for run in range(len(hazard)):
        held, total = amounts[run].copy(), np.zeros(hazard.shape[-1])
        for interval, asked_share in enumerate(hazard[run]):
            uses = [np.flatnonzero(column) for column in consumed.T]
            largest = [
                min((held[s] / consumed[s, j] for s in used), default=1.0)
                for j, used in enumerate(uses)
            ]
            wanted = asked_share * largest
            demand = consumed @ wanted
            with np.errstate(divide="ignore", invalid="ignore"):
                given = np.where(demand > 0, held / demand * -np.expm1(-demand / held), 1.0)
            step = wanted * [min((given[s] for s in used), default=1.0) for used in uses]
            held, total = np.maximum(held + matrix @ step, 0.0), total + step
            extents[run, interval] = total
    return extents


def test_it_is_the_formula_whatever_reacts_with_what() -> None:
    """Reactions of none to four reactants, some of which are not there."""
    random = np.random.default_rng(0)
    matrix = random.integers(-2, 3, (9, 14)) * (random.random((9, 14)) < 0.45)
    matrix[:, 0] = np.maximum(matrix[:, 0], 0)
    consumed = np.maximum(-matrix, 0).astype(np.float64)
    assert set(np.count_nonzero(consumed, axis=0)) >= {0, 1, 2, 3}
    amounts = random.random((5, 9)) * (random.random((5, 9)) < 0.7)
    hazard = random.random((5, 12, 14)) ** 4
    tensor = [torch.tensor(item) for item in (hazard, amounts, consumed, matrix.astype(np.float64))]
    found, _ = limited_extents(*tensor)
    expected = by_the_formula(hazard, amounts, consumed, matrix)
    assert np.abs(found.numpy() - expected).max() < 1e-8 * expected.max()


@pytest.mark.parametrize("needed", [None, NEEDED])
def test_the_compiled_loop_is_the_other(needed: Catalysis | None) -> None:
    random = np.random.default_rng(1)
    hazard = random.random((3, 20, len(ALL.reactions))) ** 6
    amounts = random.random((3, len(ALL.species))) * (random.random((3, len(ALL.species))) < 0.7)
    tensor = torch.tensor(hazard), torch.tensor(amounts), *tensors(ALL)
    for one, other in zip(*(way(*tensor, catalysis=needed) for way in WAYS), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-9, atol=1e-12)


# Reactions: the catalyst from its source, the catalysed one, and the loss of the catalyst.
# Species: reactant, catalyst, product, source, what is lost.
CATALYSED = torch.tensor(
    [[0.0, -1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
    dtype=torch.float64,
)
BY = [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def catalysed(made: float, rate: float, loss: float, steps: int) -> float:
    """Extent of the catalysed reaction after unit time, of 1 of its reactant.

    So much catalyst is made evenly, of a source that hardly falls.
    """
    much = 1e9
    hazard = torch.tensor([made / much, rate, loss], dtype=torch.float64)
    hazard = hazard.expand(1, steps, 3) / steps
    amounts = torch.tensor([[1.0, 0.0, 0.0, much, 0.0]], dtype=torch.float64)
    consumed = torch.clamp(-CATALYSED, min=0)
    one, other = (
        way(hazard, amounts, consumed, CATALYSED, catalysis=Catalysis.of(consumed, BY))[0][0, -1]
        for way in WAYS
    )
    assert torch.allclose(one, other, rtol=1e-9)
    return one[1].item()


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_a_catalyst_made_evenly_is_exact_on_any_grid(steps: int) -> None:
    """dx/dt = k p t (1 - x): x = 1 - exp(-k p t^2 / 2)."""
    expected = 1 - np.exp(-5.0 * 0.3 / 2)
    assert catalysed(0.3, 5.0, 0.0, steps) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_a_catalyst_lost_as_it_comes_is_exact_on_any_grid(steps: int) -> None:
    """So much is there as is made over what is lost, and nothing where nothing is made."""
    expected = 1 - np.exp(-40.0 * 1e4 / 1e6)
    assert catalysed(40.0, 1e4, 1e6, steps) == pytest.approx(expected, rel=1e-3)
    assert catalysed(0.0, 1e6, 0.0, steps) == 0


def test_a_catalyst_between_the_two_converges() -> None:
    """Made evenly, lost in the first order: x = 1 - exp(-k p (l - 1 + e^-l) / l^2)."""
    made, rate, loss = 2.0, 1.5, 3.0
    exact = 1 - np.exp(-rate * made * (loss - 1 + np.exp(-loss)) / loss**2)
    errors = [abs(catalysed(made, rate, loss, steps) - exact) for steps in (16, 32, 64)]
    assert errors[0] < 0.03
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def test_plenty_is_no_limit_and_nothing_is_nothing() -> None:
    matrix = torch.tensor([[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    consumed = torch.clamp(-matrix, min=0)
    hazard = torch.tensor([[[1e-9, 2e-9]]], dtype=torch.float64)
    for held, expected in ((1.0, [1e-9, 2e-9]), (0.0, [0.0, 0.0])):
        amounts = torch.tensor([[held, 0.0, 0.0]], dtype=torch.float64)
        extents, _ = limited_extents(hazard, amounts, consumed, matrix)
        assert extents[0, 0].tolist() == pytest.approx(expected, rel=1e-6)


def test_gradients_are_finite_at_the_edges() -> None:
    consumed, matrix = tensors(ALL)
    hazard = torch.zeros(2, 3, len(ALL.reactions), dtype=torch.float64, requires_grad=True)
    amounts = torch.zeros(2, len(ALL.species), dtype=torch.float64)
    amounts[1] = 1.0
    extents, left = limited_extents(hazard, amounts, consumed, matrix, catalysis=NEEDED)
    torch.autograd.backward(extents.sum() + left.square().sum())
    assert hazard.grad is not None
    assert torch.isfinite(hazard.grad).all()


def test_shapes_that_do_not_fit() -> None:
    consumed, matrix = tensors(ALL)
    wrong = torch.zeros(2, 3, 4).double(), torch.zeros(2, 3).double()
    for way in WAYS:
        with pytest.raises(AxisError, match="do not fit"):
            way(*wrong, consumed, matrix)
    with pytest.raises(AxisError, match="do not fit"):
        Catalysis.of(consumed, np.zeros((2, 3)))
