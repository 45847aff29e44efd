"""Means by group against plain loops, and what they count."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, ValueRangeError
from opir.metrics import Band, by_band, by_label, by_lead_time, mean_defined

GRID = np.linspace(800.0, 1900.0, 512)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_undefined_values_are_left_out_and_counted(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(5, 7))
    values[random.uniform(size=values.shape) < share] = np.nan
    mean, defined, total = mean_defined(values, axis=1)
    for row, one in enumerate(values):
        held = one[~np.isnan(one)]
        assert (defined[row], total[row]) == (len(held), 7)
        np.testing.assert_allclose(mean[row], held.mean() if len(held) else np.nan)


def test_mean_of_each_region() -> None:
    values = np.where(GRID < 940, 2.0, 1.0) * np.ones((2, 3, 1))
    mean, defined, total = by_band(values, GRID)
    assert mean.shape == (2, 3, 7)
    np.testing.assert_allclose(mean[0, 0], [2, 1, 1, 1, 1, 1, 1])
    assert total[0, 0].sum() == defined[0, 0].sum() == 511  # 1900 itself is the end of the last
    values[0, 0, GRID < 940] = np.nan
    mean, defined, total = by_band(values[..., ::-1], GRID[::-1], [Band("P-F", 800, 940)])
    assert np.isnan(mean[0, 0, 0])
    assert defined[0, 0, 0] == 0
    assert total[0, 0, 0] == (GRID < 940).sum()


def test_mean_of_each_label() -> None:
    values = np.arange(12.0).reshape(4, 3)
    values[2, 1] = np.nan
    mean, defined, total = by_label(values, ["b", "a", "b", "b"])
    np.testing.assert_allclose(mean, [[5, 5.5, 7], [3, 4, 5]])
    assert defined.tolist() == [[3, 2, 3], [1, 1, 1]]
    assert total.tolist() == [[3, 3, 3], [1, 1, 1]]


@given(st.integers(0, 2**32 - 1))
def test_mean_of_each_lead_time(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, lead = random.normal(size=(4, 6, 3)), random.integers(0, 11, size=(4, 6))
    edges = [0.0, 2.0, 5.0, 10.0]
    mean, defined, _ = by_lead_time(values, lead, edges)
    assert defined[:, 0].sum() == 24
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        chosen = (lead >= low) & ((lead < high) | (high == 10) & (lead == 10))
        expected = values[chosen].mean(axis=0) if chosen.any() else np.full(3, np.nan)
        np.testing.assert_allclose(mean[number], expected)
        assert (defined[number] == chosen.sum()).all()


def test_bad_input_is_refused() -> None:
    values = np.ones((2, 3))
    with pytest.raises(ValueRangeError, match="infinity"):
        mean_defined(values * np.inf)
    with pytest.raises(AxisError, match="empty"):
        mean_defined([])
    with pytest.raises(AxisError, match="2 axes"):
        mean_defined(values, axis=2)
    with pytest.raises(ValueRangeError, match="real numbers"):
        mean_defined(["a"])
    with pytest.raises(AxisError, match="labels"):
        by_label(values, ["a"])
    with pytest.raises(AxisError, match="lead times"):
        by_lead_time(values, [1.0, 2.0, 3.0], [0, 5])
    with pytest.raises(AxisError, match="must rise"):
        by_lead_time(values, values, [5, 0])
    with pytest.raises(ValueRangeError, match="1 lead times"):
        by_lead_time(values, [[1.0, 2.0, 3.0], [1.0, 2.0, 9.0]], [0, 5])
