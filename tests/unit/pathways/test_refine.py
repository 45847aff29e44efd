"""Courses frame by frame: near the ramps, never falling, and right within their deviations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.pathways.fit import fit_reactions, ramps
from opir.pathways.refine import Courses, courses_of
from opir.pathways.setting import setting_of

FRAMES = 40
X = np.linspace(800.0, 1900.0, 300)
SETTING = setting_of(
    X, "lp30-graphite", library(), reactions=["ec-to-ledc", "dmc-to-lmc", "ledc-hydrolysis"]
)
START = 3e-4 * SETTING.electrolyte_spectra.sum(axis=0)
TIME = np.linspace(0, 1, FRAMES)


def courses(extents: np.ndarray, noise: float = 1e-4, seed: int = 0) -> Courses:
    """Courses found of spectra that were made with some extents."""
    draw = np.random.default_rng(seed)
    spectra = START + extents @ SETTING.signature @ SETTING.spectra
    spectra = spectra + draw.normal(0, noise, spectra.shape)
    return courses_of(*fit_reactions(SETTING, spectra, X, np.full(X.size, noise)))


def smooth() -> np.ndarray:
    """Extents that are sums of the ramps."""
    weights = np.zeros((3, ramps(FRAMES).shape[1]))
    weights[0, 2:] = 0.2
    weights[1, 4:7] = 0.15
    weights[2, 6:] = 0.05
    return ramps(FRAMES) @ weights.T


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-5, 1e-2))
def test_extents_start_at_zero_and_never_fall(seed: int, noise: float) -> None:
    found = courses(smooth(), noise, seed)
    np.testing.assert_array_equal(found.extents[0], 0)
    np.testing.assert_array_equal(found.amounts[0], 0)
    assert np.diff(found.extents, axis=0).min() >= 0
    assert np.all(found.extent_deviation >= 0)
    for one in (found.extents, found.extent_deviation, found.amounts, found.amount_deviation):
        assert np.isfinite(one).all()


def test_amounts_are_extents_times_stoichiometry() -> None:
    found = courses(smooth())
    # of what was not there nothing can be used up
    np.testing.assert_allclose(found.amounts, np.maximum(found.extents @ SETTING.signature, 0))
    # what is made by one reaction and used up by another may fall
    ledc = SETTING.products.index("LEDC")
    falling = np.zeros((FRAMES, 3))
    falling[:, 0] = np.minimum(2 * TIME, 1)
    falling[:, 2] = np.maximum(2 * TIME - 1, 0) * 0.6
    amount = courses(falling).amounts[:, ledc]
    assert amount.max() == pytest.approx(1.0, abs=0.03)
    assert amount[-1] == pytest.approx(0.4, abs=0.03)


def test_extents_come_back_within_their_deviations() -> None:
    true = smooth()
    off = []
    for seed in range(8):
        found = courses(true, 3e-4, seed)
        known = found.extent_deviation[1:] > 0
        off.append(((found.extents - true)[1:] / found.extent_deviation[1:])[known])
    share = np.mean(np.abs(np.concatenate(off)) < 1.645)
    assert 0.85 < share < 0.97  # 0.9 are promised


def test_deviations_grow_with_the_noise() -> None:
    quiet, loud = courses(smooth(), 1e-4), courses(smooth(), 3e-4)
    ratio = loud.extent_deviation[-1] / quiet.extent_deviation[-1]
    assert np.all((ratio > 1.5) & (ratio < 3.5))


def test_steps_between_knots_are_followed_better_than_by_ramps() -> None:
    # a rise at once, between two knots: the ramps smear it, frames by themselves do not
    at = 17
    extents = np.zeros((FRAMES, 3))
    extents[:, 0] = 0.5 * TIME
    extents[at:, 1] = 1.0
    spectra = START + extents @ SETTING.signature @ SETTING.spectra
    spectra = spectra + np.random.default_rng(0).normal(0, 1e-4, spectra.shape)
    problem, fit = fit_reactions(SETTING, spectra, X, np.full(X.size, 1e-4))
    ramped = np.einsum("trk,rk->tr", problem.course, fit.weights)
    found = courses_of(problem, fit).extents
    assert np.abs(found - extents).mean() < 0.6 * np.abs(ramped - extents).mean()
    assert found[at, 1] - found[at - 1, 1] > 1.2 * (ramped[at, 1] - ramped[at - 1, 1])


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_few_frames_are_enough(frames: int) -> None:
    extents = np.linspace(0, 1, frames)[:, None] * np.array([1.0, 0.5, 0.0])
    found = courses(extents)
    np.testing.assert_allclose(found.extents[-1], [1, 0.5, 0], atol=0.02)
