"""Forms of a species that turn into each other: balances, closed forms, the simulator's own law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

torch = pytest.importorskip("torch")

from opir.models.abcc.reversible import exchanged  # noqa: E402
from opir.simulate.reversible.solvation import Solvation  # noqa: E402

# Two species with two forms each, and one that has one alone.
ALIKE = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2), torch.ones(1, 1)).double()
_SOME = arrays(np.float64, (2, 3, 5), elements=st.floats(0, 1e3))
_LOGS = arrays(np.float64, (2, 3, 5), elements=st.floats(-20, 20))


@given(_SOME, _LOGS, _LOGS)
@example(np.full((2, 3, 5), 5e-11), np.full((2, 3, 5), 3.0), np.zeros((2, 3, 5)))
def test_species_are_kept_and_nothing_is_overdrawn(
    left: np.ndarray, binding: np.ndarray, crowding: np.ndarray
) -> None:
    there, none = torch.tensor(left), torch.zeros(2, 3, 5, dtype=torch.float64)
    bound = exchanged(there, ALIKE, torch.tensor(binding), none)
    assert torch.isfinite(bound).all()
    np.testing.assert_allclose(bound @ ALIKE, 0, atol=1e-9 * left.max())
    both = exchanged(there, ALIKE, torch.tensor(binding), torch.tensor(crowding))
    assert (there + both >= 0).all()
    assert torch.isfinite(both).all()


def test_nothing_changes_without_a_change_of_state() -> None:
    left = torch.rand(2, 3, 5, dtype=torch.float64)
    none = torch.zeros_like(left)
    assert exchanged(left, ALIKE, none, none).abs().max() < 1e-15


def test_crowding_scales_all_forms_and_what_comes_back_is_as_before() -> None:
    left = torch.tensor([[[3.0, 1.0, 0.5, 0.5, 2.0]]], dtype=torch.float64)
    bind = torch.tensor([[[0.0, 0.7, 0.0, -1.1, 0.4]]], dtype=torch.float64)
    crowd = torch.full_like(bind, 0.3)
    there = left + exchanged(left, ALIKE, bind, crowd)
    assert (there @ ALIKE).numpy() == pytest.approx((left @ ALIKE).numpy() * np.exp(0.3))
    odds = (there[..., 1] / there[..., 0]) / (left[..., 1] / left[..., 0])
    assert odds.item() == pytest.approx(np.exp(0.7))
    back = there + exchanged(there, ALIKE, -bind, -crowd)
    assert back.numpy() == pytest.approx(left.numpy())


def test_one_factor_on_the_odds_is_competition_for_the_places_at_a_cation() -> None:
    law = Solvation.from_preferences([2.0, 0.7])
    total = np.array([4000.0, 8000.0])
    before, after = (law.bound(total, salt, 298.15) for salt in (1000.0, 1900.0))
    factors = np.log(after / (total - after)) - np.log(before / (total - before))
    assert factors[0] == pytest.approx(factors[1])
    left = torch.tensor(
        [total[0] - before[0], before[0], total[1] - before[1], before[1], 0.0]
    ).double()
    factor = torch.tensor([0.0, factors[0], 0.0, factors[0], 0.0]).double()[None, None]
    there = left + exchanged(left[None, None], ALIKE, factor, torch.zeros_like(factor))
    assert there[0, 0, [1, 3]].numpy() == pytest.approx(after, rel=1e-5)
