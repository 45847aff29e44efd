"""CRPS, energy score, coverage and width against closed forms and plain sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics import coverage, crps, crps_quantiles, energy_score, interval_width, mae

Array = NDArray[np.float64]


def normal_crps(mean: Array, sigma: float, truth: Array) -> Array:
    """Closed form for a normal distribution (Gneiting et al. 2005, doi:10.1175/MWR2904.1, eq. 5)."""
    z = (truth - mean) / sigma
    return np.asarray(
        sigma * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    )


def plain_score(ensemble: Array, truth: Array, fair: bool) -> float:
    """By the definition, pair by pair, with the Euclidean distance of ``[sample, value]``."""
    count = len(ensemble)
    near = sum(math.dist(one, truth) for one in ensemble) / count
    apart = sum(math.dist(one, two) for one in ensemble for two in ensemble)
    return near - apart / (2 * count * (count - 1 if fair else count))


@given(st.integers(2, 9), st.booleans(), st.integers(0, 2**32 - 1))
def test_scores_are_the_sums_over_all_pairs(count: int, fair: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    ensemble, truth = random.normal(size=(count, 2, 3, 2)), random.normal(size=(2, 3, 2))
    found = crps(ensemble, truth, axis=(), fair=fair)
    for place in np.ndindex(2, 3, 2):
        one = ensemble[(slice(None), *place)][:, None]
        assert found[place] == pytest.approx(plain_score(one, truth[place][None], fair), abs=1e-12)
    whole = energy_score(ensemble, truth, fair=fair)
    for run in range(2):
        expected = plain_score(ensemble[:, run].reshape(count, -1), truth[run].ravel(), fair)
        assert whole[run] == pytest.approx(expected / math.sqrt(6), abs=1e-12)


@given(st.integers(2, 9), st.booleans(), st.integers(0, 2**32 - 1))
def test_energy_score_of_single_values_is_the_crps(count: int, fair: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    ensemble, truth = random.normal(size=(count, 5, 1, 1)), random.normal(size=(5, 1, 1))
    np.testing.assert_allclose(
        energy_score(ensemble, truth, fair=fair),
        crps(ensemble, truth, axis=(1, 2), fair=fair),
        atol=1e-12,
    )


def test_crps_of_normal_ensembles() -> None:
    random = np.random.default_rng(0)
    truth = np.linspace(-2, 2, 5)[:, None] * np.ones(4000)
    exact = normal_crps(np.full(5, 0.5), 1.5, truth[:, 0])
    for count in (2, 8):
        ensemble = random.normal(0.5, 1.5, size=(count, 5, 4000))
        each = crps(ensemble, truth, axis=())
        sampling = each.std(axis=1) / math.sqrt(4000)
        assert (np.abs(each.mean(axis=1) - exact) < 4 * sampling).all()
        # the plain form is larger by half the mean distance of members over their number
        plain = crps(ensemble, truth, axis=1, fair=False)
        bias = 1.5 / math.sqrt(math.pi) / count
        np.testing.assert_allclose(plain - each.mean(axis=1), bias, rtol=0.05)


def test_energy_score_rewards_the_right_spread() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=(400, 3, 4))
    scores = [
        energy_score(scale * random.normal(size=(20, 400, 3, 4)), truth).mean()
        for scale in (0.3, 1.0, 3.0)
    ]
    assert scores[1] < min(scores[0], scores[2])


def test_energy_score_sees_what_moves_together() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=(500, 1, 1)) * np.ones((500, 3, 4))
    shared = random.normal(size=(20, 500, 1, 1)) * np.ones((20, 500, 3, 4))
    alone = random.normal(size=(20, 500, 3, 4))
    assert energy_score(shared, truth).mean() < 0.95 * energy_score(alone, truth).mean()
    assert crps(shared, truth) == pytest.approx(crps(alone, truth), rel=0.05)


@given(st.integers(0, 2**32 - 1), st.floats(-10, 10), st.floats(0.1, 10))
def test_scores_move_and_scale_with_the_values(seed: int, offset: float, scale: float) -> None:
    ensemble, truth = np.split(np.random.default_rng(seed).normal(size=(6, 2, 3, 2)), [5])
    for score in (crps, energy_score):
        found = score(ensemble, truth[0])
        moved = score(offset + scale * ensemble, offset + scale * truth[0])
        np.testing.assert_allclose(moved, scale * found, atol=1e-9)
        np.testing.assert_allclose(score(ensemble[::-1], truth[0]), found, atol=1e-12)


def test_a_point_forecast_scores_its_error() -> None:
    random = np.random.default_rng(3)
    point, truth = random.normal(size=(2, 4, 5))
    assert crps(point[None], truth, fair=False) == pytest.approx(float(mae(point, truth)))
    assert crps_quantiles(point[None], truth, [0.5]) == pytest.approx(float(mae(point, truth)))
    distance = np.sqrt(np.mean((point - truth) ** 2))
    assert energy_score(point[None], truth, fair=False) == pytest.approx(distance)


def test_crps_of_the_quantiles_of_a_normal_distribution() -> None:
    levels = (np.arange(200) + 0.5) / 200
    truth = np.linspace(-2, 2, 5)
    quantiles = np.broadcast_to(norm.ppf(levels, 0.3, 0.8)[:, None], (200, 5))
    found = crps_quantiles(quantiles, truth, levels, axis=())
    np.testing.assert_allclose(found, normal_crps(np.full(5, 0.3), 0.8, truth), rtol=2e-3)


def test_single_precision_keeps_small_spreads() -> None:
    random = np.random.default_rng(4)
    truth = 1 + random.normal(0, 1e-3, size=(3, 20, 30))
    ensemble = truth + random.normal(0, 1e-3, size=(8, 3, 20, 30))
    exact, short = ensemble.astype(np.float32), truth.astype(np.float32)
    for score in (crps, energy_score):
        expected = score(exact.astype(np.float64), short.astype(np.float64))
        np.testing.assert_allclose(score(exact, short), expected, rtol=1e-4)


def test_coverage_and_width() -> None:
    truth = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    lower, upper = truth - 1.0, truth + 0.5
    upper[0, 1] = lower[0, 1] = 0.0  # misses
    upper[1, 2] = truth[1, 2]  # the end belongs to it
    assert coverage(lower, upper, truth) == pytest.approx(5 / 6)
    np.testing.assert_allclose(coverage(lower, upper, truth, axis=1), [2 / 3, 1])
    np.testing.assert_allclose(interval_width(lower, upper, axis=1), [1.0, 4 / 3])


def test_coverage_of_normal_intervals() -> None:
    truth = np.random.default_rng(5).normal(size=(100, 200))
    half = norm.ppf(0.95)
    found = coverage(np.full_like(truth, -half), np.full_like(truth, half), truth)
    assert found == pytest.approx(0.9, abs=4 * math.sqrt(0.09 / truth.size))


def test_bad_input_is_refused() -> None:
    ensemble, truth = np.zeros((3, 2, 4, 5)), np.zeros((2, 4, 5))
    for score in (crps, energy_score):
        with pytest.raises(AxisError, match="samples"):
            score(ensemble[..., :-1], truth)
        with pytest.raises(AxisError, match="empty"):
            score(ensemble[:0], truth)
        with pytest.raises(OptionError, match="single member"):
            score(ensemble[:1], truth)
        with pytest.raises(ValueRangeError, match="ensemble"):
            score(ensemble + np.inf, truth)
        with pytest.raises(ValueRangeError, match="truth"):
            score(ensemble, truth * np.nan)
    with pytest.raises(AxisError, match="3 axes"):
        crps(ensemble, truth, axis=3)
    with pytest.raises(AxisError, match="4 axes"):
        energy_score(ensemble, truth, dimensions=4)
    with pytest.raises(AxisError, match="levels"):
        crps_quantiles(ensemble, truth, [0.5])
    with pytest.raises(OptionError, match="between 0 and 1"):
        crps_quantiles(ensemble, truth, [0.0, 0.5, 1.0])
    with pytest.raises(ValueRangeError, match="1 of 40 intervals"):
        lower = truth.copy()
        lower[1, 1, 1] = 1.0
        coverage(lower, truth, truth)
