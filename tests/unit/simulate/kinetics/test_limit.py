"""Limiting extents: amounts never below 0, extents never falling, nothing changed needlessly."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from opir.simulate.kinetics.limit import limit_extents

STOICHIOMETRY = np.array([[-1, 0, -2], [1, -1, 0], [0, 2, 0], [0, 0, 1.0]])
INITIAL = np.array([1.0, 0.0, 0.0, 0.0])


@settings(max_examples=200, deadline=None)
@given(arrays(np.float64, (6, 3), elements=st.floats(-0.5, 3.0)))
@example(np.where(np.arange(18).reshape(6, 3) > 0, 5e-324, 0.0))
def test_whatever_comes_amounts_stay_above_zero(extents: np.ndarray) -> None:
    found, change = limit_extents(extents, INITIAL, STOICHIOMETRY)
    amounts = INITIAL + found @ STOICHIOMETRY.T
    assert amounts.min() >= -1e-12
    assert (np.diff(found, axis=0, prepend=0.0) >= 0).all()
    assert change >= np.abs(found - extents).max() * (1 - 1e-12)


def test_sound_extents_pass_unchanged() -> None:
    extents = np.cumsum(np.full((5, 3), 0.05), axis=0)
    found, change = limit_extents(extents, INITIAL, STOICHIOMETRY)
    np.testing.assert_allclose(found, extents, rtol=1e-15)
    assert change < 1e-15


def test_an_overdraft_of_the_solver_is_mended_by_its_size() -> None:
    extents = np.array([[0.0, 0, 0], [1.0 + 1e-9, 0.2, 0]])
    found, change = limit_extents(extents, INITIAL, STOICHIOMETRY)
    assert change < 2e-9
    assert (INITIAL + found @ STOICHIOMETRY.T).min() >= 0


def test_what_is_fed_from_outside_is_not_limited() -> None:
    extents = np.array([[0.0, 0, 0], [5.0, 0, 0]])
    found, _ = limit_extents(extents, np.array([np.inf, 0, 0, 0]), STOICHIOMETRY)
    np.testing.assert_allclose(found, extents)
