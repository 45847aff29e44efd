"""What the library does not hold: learned where it is there, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.pathways.learned import learned_species

FRAMES = 40
X = np.linspace(800.0, 1900.0, 300)
TIME = np.linspace(0, 3900, FRAMES)
NOISE = np.full(X.size, 1e-3)
NONE = np.zeros((FRAMES, 0))


def bands(*rows: tuple[float, float, float]) -> np.ndarray:
    return sum(height / (1 + ((X - position) / width) ** 2) for position, width, height in rows)


ONE = bands((1230, 10, 1.0), (1690, 8, 0.6))
TWO = bands((960, 8, 1.0), (1530, 12, 0.8))
LATE = np.maximum(TIME - 1000, 0) / 2900
EARLY = np.sqrt(TIME / TIME[-1])


def rest(*parts: tuple[np.ndarray, np.ndarray], seed: int = 0) -> np.ndarray:
    """What is left, the noise of the first frame in all others."""
    noise = np.random.default_rng(seed).normal(0, 1e-3, (FRAMES, X.size))
    return sum((np.outer(a, s) for a, s in parts), np.zeros_like(noise)) + noise - noise[0]


def learn(values: np.ndarray, known: np.ndarray = NONE):
    return learned_species(values, X, NOISE, TIME, None, known)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_noise_is_not_learned(seed: int) -> None:
    assert learn(rest(seed=seed)) == ((), ())


@pytest.mark.parametrize("scale", [0.05, 0.3])
def test_a_component_comes_back(scale: float) -> None:
    found, spectra = learn(rest((scale * LATE, ONE)))
    assert [one.name for one in found] == ["learned 1"]
    assert found[0].source == "learned"
    assert spectra[0].max() == pytest.approx(1.0)
    assert spectra[0].min() >= 0
    assert np.corrcoef(spectra[0], ONE)[0, 1] > 0.99
    # spectrum of largest value 1, so that amounts are in absorbance
    np.testing.assert_allclose(found[0].amount, scale * LATE * ONE.max(), atol=0.1 * scale)
    assert found[0].onset is not None
    assert found[0].confidence > 0.9
    assert found[0].grows


def test_two_that_do_not_overlap_are_told_apart() -> None:
    found, spectra = learn(rest((0.3 * LATE, ONE), (0.1 * EARLY, TWO)))
    assert len(found) == 2
    first, second = (np.corrcoef(s, [ONE, TWO][n])[0, 1] for n, s in enumerate(spectra))
    assert first > 0.9
    assert second > 0.9


def test_what_runs_like_a_species_found_is_its_own_misfit() -> None:
    values = rest((0.3 * LATE, ONE))
    assert learn(values, known=5 * LATE[:, None])[0] == ()
    assert len(learn(values, known=np.cos(TIME / 300)[:, None])[0]) == 1


def test_no_more_than_two_are_learned() -> None:
    spectra = [bands((850 + 150 * n, 8, 1.0)) for n in range(6)]
    courses = [np.maximum(TIME - 500 * n, 0) / 3900 for n in range(6)]
    found, _ = learn(rest(*zip(courses, spectra, strict=True)))
    assert len(found) <= 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-4, 1e3))
def test_any_rest_gives_finite_numbers(seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    values = scale * draw.normal(size=(FRAMES, 2)) @ draw.normal(size=(2, X.size))
    values[0] = 0
    found, spectra = learn(values)
    assert len(found) == len(spectra)
    for one, spectrum in zip(found, spectra, strict=True):
        for each in (one.amount, one.lower, one.upper, spectrum):
            assert np.isfinite(each).all()
        assert one.amount[0] == 0
        assert 0 <= one.confidence <= 1


def test_scale_does_not_matter() -> None:
    values = rest((0.3 * LATE, ONE))
    (one,), (spectrum,) = learn(values)
    (two,), (same,) = learned_species(7 * values, X, 7 * NOISE, TIME, None, NONE)
    np.testing.assert_allclose(two.amount, 7 * one.amount, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(same, spectrum, rtol=1e-6, atol=1e-9)
    assert two.confidence == pytest.approx(one.confidence)
