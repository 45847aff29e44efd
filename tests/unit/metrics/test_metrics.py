"""Metrics against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics import bootstrap, mae, mse


def test_closed_forms() -> None:
    truth = np.zeros((2, 3))
    forecast = np.array([[1.0, -1.0, 2.0], [0.0, 0.0, -2.0]])
    assert mae(forecast, truth) == 1.0
    assert mse(forecast, truth) == pytest.approx(10 / 6)
    np.testing.assert_allclose(mae(forecast, truth, axis=1), [4 / 3, 2 / 3])
    np.testing.assert_allclose(mse(forecast, truth, axis=1), [2.0, 4 / 3])


@given(st.floats(-1e3, 1e3), st.integers(1, 20))
def test_a_constant_offset_gives_its_size(offset: float, count: int) -> None:
    truth = np.linspace(-1, 1, count)
    assert mae(truth + offset, truth) == pytest.approx(abs(offset), abs=1e-12)
    assert mse(truth + offset, truth) == pytest.approx(offset**2, abs=1e-9)


@pytest.mark.parametrize("metric", [mae, mse])
def test_bad_input_is_refused(metric) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AxisError, match="shape"):
        metric([1.0], [1.0, 2.0])
    with pytest.raises(AxisError, match="empty"):
        metric([], [])
    with pytest.raises(ValueRangeError, match="NaN"):
        metric([np.nan], [1.0])


def test_bootstrap_of_equal_values_has_no_width() -> None:
    found = bootstrap(np.full(12, 3.0), np.repeat([0, 1, 2], 4))
    assert (found.value, found.lower, found.upper) == (3.0, 3.0, 3.0)


def test_bootstrap_interval_of_a_mean_has_the_width_of_theory() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=400)
    found = bootstrap(values, np.arange(400))
    error = values.std() / np.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_windows_of_one_block_do_not_count_as_independent() -> None:
    random = np.random.default_rng(1)
    level = random.normal(size=10)
    values, blocks = np.repeat(level, 50), np.repeat(np.arange(10), 50)
    alone, together = bootstrap(values, np.arange(500)), bootstrap(values, blocks)
    assert together.upper - together.lower > 4 * (alone.upper - alone.lower)


def test_bootstrap_resamples_pairs() -> None:
    values = np.abs(np.random.default_rng(2).normal(size=30)) + 0.1
    pairs = np.stack([values, 2 * values], axis=1)
    found = bootstrap(pairs, np.arange(30), lambda rows: 1 - rows[:, 0].mean() / rows[:, 1].mean())
    assert found.lower == found.upper == pytest.approx(0.5)


def test_bootstrap_refuses_what_does_not_fit() -> None:
    with pytest.raises(AxisError):
        bootstrap([1.0, 2.0], [0])
    with pytest.raises(OptionError, match="level"):
        bootstrap([1.0, 2.0], [0, 1], level=1.0)


def test_the_mean_of_blocks_is_resampled_as_any_other_statistic() -> None:
    values = np.random.default_rng(3).normal(size=(200, 2))
    blocks = np.arange(200) // 3
    quick = bootstrap(values, blocks, samples=200)
    general = bootstrap(values, blocks, lambda rows: float(rows.mean()), samples=200)
    assert (quick.lower, quick.upper) == pytest.approx((general.lower, general.upper))
