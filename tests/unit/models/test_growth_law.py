"""The law by which reactions of the library mode grow, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from opir.models.abcc.growth import KINDS, grown  # noqa: E402

SURE = 60.0


def growth(kind: int, turn: float, soon: float, dose: np.ndarray) -> np.ndarray:
    """Of one reaction that grows in one way only."""
    law = torch.full((1, 1, 1, KINDS), -SURE)
    law[..., kind] = SURE
    law[..., 3] = (np.log(turn) + 6.0) / 3
    law[..., 4] = (np.log(soon) - 2.3) / 3
    found: np.ndarray = grown(torch.tensor(dose, dtype=torch.float32)[None, :, None], law).numpy()
    return found[0, :, 0]


DOSE = np.concatenate([[0.0], np.geomspace(1e-6, 20.0, 80)])


def test_growth_as_time() -> None:
    np.testing.assert_allclose(growth(0, 1.0, 1.0, DOSE), DOSE, rtol=1e-5)


@pytest.mark.parametrize("turn", [1e-3, 0.05, 2.0])
def test_growth_turns_from_linear_to_parabolic(turn: float) -> None:
    """Deal and Grove: x^2 + 2 sqrt(p) x = dose."""
    found = growth(1, turn, 1.0, DOSE)
    np.testing.assert_allclose(found**2 + 2 * np.sqrt(turn) * found, DOSE, rtol=1e-5)
    late = DOSE > 5
    assert (found[late] < np.sqrt(DOSE[late])).all()


@pytest.mark.parametrize("soon", [0.1, 10.0, 3000.0])
def test_growth_turns_logarithmic(soon: float) -> None:
    """It is 1 at a dose of 1, and each e-fold of a large dose adds as much."""
    found = growth(2, 1.0, soon, np.array([0.0, 1.0, 1e3 * np.e**0, 1e3 * np.e]))
    assert found[1] == pytest.approx(1.0, rel=1e-4)
    assert found[3] - found[2] == pytest.approx(1 / np.log1p(soon), rel=2e-2)


@given(
    kind=st.integers(0, 2),
    turn=st.floats(1e-5, 10.0),
    soon=st.floats(0.06, 8000.0),
    step=st.floats(1e-3, 5.0),
)
@settings(max_examples=40, deadline=None)
def test_it_begins_at_nothing_and_never_falls(
    kind: int, turn: float, soon: float, step: float
) -> None:
    found = growth(kind, turn, soon, np.arange(20) * step)
    assert found[0] == 0.0
    assert (np.diff(found) >= -1e-6 * found[1:]).all()
