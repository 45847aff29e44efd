"""The fit against spectra that its own model made: what went in comes out, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.pathways.fit import Fit, Guess, Problem, fit_reactions, problem_of, ramps, solve
from opir.pathways.setting import Setting, setting_of

FRAMES = 30
X = np.linspace(800.0, 1900.0, 300)
LINES = np.polynomial.legendre.legvander(np.linspace(-1, 1, X.size), 2).T
RAMPS = ramps(FRAMES)
NAMES = ["ec-to-ledc", "ec-to-li2co3", "dmc-to-lmc"]
SETTING = setting_of(X, "lp30-graphite", library(), reactions=NAMES)
LIQUID = np.vstack([SETTING.electrolyte_spectra, SETTING.electrolyte_slopes])
LIQUID = LIQUID / np.abs(LIQUID).max(axis=1, keepdims=True)
START = 0.3 * np.abs(LIQUID[: len(SETTING.electrolyte_spectra)]).sum(axis=0)


@dataclass
class Made:
    """Spectra, and the extents behind them."""

    spectra: np.ndarray
    extents: np.ndarray
    noise: np.ndarray


def made(
    seed: int = 0,
    *,
    noise: float = 1e-4,
    move: float = 0.02,
    bend: float = 0.01,
    shift: np.ndarray | None = None,
    setting: Setting = SETTING,
    weights: np.ndarray | None = None,
) -> Made:
    """Spectra made by the model: extents, moves of the electrolyte, parabolas, noise."""
    draw = np.random.default_rng(seed)
    shape = (len(setting.reactions), RAMPS.shape[1])
    if weights is None:
        weights = draw.uniform(0, 0.3, shape) * (draw.random(shape) < 0.6)
    extents = RAMPS @ weights.T
    moved = np.zeros(len(setting.products)) if shift is None else shift
    products = setting.spectra + moved[:, None] * setting.slopes
    liquid = draw.normal(size=(FRAMES, len(LIQUID)))
    liquid[0] = 0
    parabola = bend * draw.normal(size=(FRAMES, 3)) @ LINES
    spectra = START + extents @ setting.signature @ products + move * liquid @ LIQUID + parabola
    spectra += draw.normal(0, noise, spectra.shape)
    return Made(spectra, extents, np.full(X.size, noise))


def extents_of(problem: Problem, fit: Fit) -> np.ndarray:
    return np.einsum("trk,rk->tr", problem.course, fit.weights)


def last_deviation(fit: Fit) -> np.ndarray:
    """Standard deviation of the last extents: all ramps have ended there."""
    reactions, count = fit.weights.shape
    ends = np.kron(np.eye(reactions), np.ones(count))
    return np.sqrt(np.einsum("ij,jk,ik->i", ends, fit.covariance, ends))


def fitted(one: Made, setting: Setting = SETTING, guess: Guess | None = None):
    return fit_reactions(setting, one.spectra, X, one.noise, guess)


@pytest.mark.parametrize("noise", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_extents_come_back_within_noise(seed: int, noise: float) -> None:
    one = made(seed, noise=noise)
    problem, fit = fitted(one)
    deviation = last_deviation(fit)
    assert np.all(deviation < 60 * noise)  # so tight that the next line says something
    assert np.all(np.abs(extents_of(problem, fit)[-1] - one.extents[-1]) < 4.5 * deviation)
    assert np.abs(extents_of(problem, fit) - one.extents).max() < 60 * noise
    assert problem.correlated == pytest.approx(1, abs=0.3)  # what is left is white


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-1, 1), st.integers(2, 40))
def test_extents_start_at_zero_and_never_fall(seed: int, pull: float, frames: int) -> None:
    # whatever the spectra do, falling products included
    draw = np.random.default_rng(seed)
    course = np.linspace(0, pull, frames)[:, None] * SETTING.spectra.sum(axis=0)
    spectra = START + course + draw.normal(0, 1e-3, (frames, X.size))
    problem, fit = fit_reactions(SETTING, spectra, X, np.full(X.size, 1e-3))
    found = extents_of(problem, fit)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[0], 0)
    assert np.diff(found, axis=0).min() >= -1e-12 * found.max()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1))
def test_electrolyte_and_baseline_do_not_matter(seed: int, move: float, bend: float) -> None:
    # frame by frame, in any way that the electrolyte's space and a parabola allow
    still = made(3, move=0, bend=0)
    draw = np.random.default_rng(seed)
    amounts = move * draw.normal(size=(FRAMES, len(LIQUID)))
    lines = bend * draw.normal(size=(FRAMES, 3))
    amounts[0], lines[0] = 0, 0  # the first spectrum itself is in the space, with its derivative
    other = replace_spectra(still, still.spectra + amounts @ LIQUID + lines @ LINES)
    (one, first), (two, second) = fitted(still), fitted(other)
    np.testing.assert_allclose(extents_of(two, second), extents_of(one, first), atol=1e-5)
    np.testing.assert_allclose(two.shift, one.shift, atol=1e-4)


def replace_spectra(one: Made, spectra: np.ndarray) -> Made:
    return Made(spectra, one.extents, one.noise)


def test_the_electrolyte_alone_makes_no_extents() -> None:
    one = made(0, weights=np.zeros((3, RAMPS.shape[1])), move=0.3)
    problem, fit = fitted(one)
    found = extents_of(problem, fit)
    size = np.linalg.norm(found - found.mean(axis=0), axis=0)
    signal = size * np.linalg.norm(problem.signatures, axis=1)
    assert np.all(signal < 6)  # of the noise; what forms has hundreds
    assert np.all(fit.rises < 40)


def test_what_formed_by_the_second_frame_is_not_taken_for_electrolyte() -> None:
    # one product, all of it in the first step: nothing but the first frame is without it
    weights = np.zeros((3, RAMPS.shape[1]))
    weights[1, 0] = 1.0
    one = made(0, weights=weights, noise=1e-5)
    problem, fit = fitted(one)
    assert extents_of(problem, fit)[-1] == pytest.approx([0, 1, 0], abs=1e-3)


def test_axis_direction_does_not_matter() -> None:
    one = made(1)
    problem, fit = fitted(one)
    turned = setting_of(X[::-1], "lp30-graphite", library(), reactions=NAMES)
    back, other = fit_reactions(turned, one.spectra[:, ::-1], X[::-1], one.noise)
    np.testing.assert_allclose(extents_of(back, other), extents_of(problem, fit), atol=1e-6)
    np.testing.assert_allclose(back.shift, problem.shift, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-3, 1.0))
def test_extents_scale_with_the_spectra(scale: float) -> None:
    # spectra and noise together in another unit: extents in that unit, shifts and misfit the same
    one = made(2)
    problem, fit = fitted(one)
    other = fit_reactions(SETTING, scale * one.spectra, X, scale * one.noise)
    np.testing.assert_allclose(
        extents_of(*other), scale * extents_of(problem, fit), atol=1e-6 * scale, rtol=1e-5
    )
    np.testing.assert_allclose(other[0].shift, problem.shift, atol=1e-5)
    assert other[1].chi == pytest.approx(fit.chi, rel=1e-6)


def test_shifts_are_found() -> None:
    shift = np.array([1.0, 0.0, -2.0, 1.5])
    assert SETTING.products == ("LEDC", "C2H4", "Li2CO3", "LMC")
    for seed in range(3):
        problem, _ = fitted(made(seed, shift=shift))
        found = problem.shift
        assert np.abs(found - shift)[[0, 2, 3]].max() < 0.3
        assert np.abs(found).max() <= 4  # more is not looked for
    unmoved, _ = fitted(made(0))
    assert np.abs(unmoved.shift[[0, 2, 3]]).max() < 0.05


def test_noise_that_was_said_too_small_is_raised_where_the_fit_misses() -> None:
    one = made(0, noise=1e-3)
    problem, _ = fit_reactions(SETTING, one.spectra, X, one.noise / 5)
    assert np.median(1 / problem.weight) == pytest.approx(1e-3, rel=0.15)
    right, _ = fitted(one)
    assert np.median(1 / right.weight) == pytest.approx(1e-3, rel=0.1)


def test_rises_are_those_of_a_refit_without_the_reaction() -> None:
    # closed form: least squares of the columns that are left, with and without those of one
    one = made(4, noise=1e-3)
    guess = Guess(np.full((3, RAMPS.shape[1]), 0.1), np.full((3, RAMPS.shape[1]), 0.5))
    problem, fit = fitted(one, guess=guess)
    centred = problem.course - problem.course.mean(axis=0)
    columns = np.einsum("trk,rw->rktw", centred, problem.signatures)
    columns = columns.reshape(fit.weights.size, -1) / problem.correlated**0.5
    values = problem.values.ravel() / problem.correlated**0.5
    free = fit.weights.ravel() > 0
    owner = np.repeat(np.arange(3), RAMPS.shape[1])

    def least(places: np.ndarray) -> float:
        """Squared misfit of spectra and guess, weights at other places held at zero."""
        prior = np.eye(fit.weights.size) / 0.5
        left = np.vstack([columns.T[:, places], prior[:, places]])
        right = np.concatenate([values, np.full(fit.weights.size, 0.1 / 0.5)])
        found = np.linalg.lstsq(left, right, rcond=None)[0]
        return float(((left @ found - right) ** 2).sum())

    whole = least(np.flatnonzero(free))
    for number in range(3):
        without = least(np.flatnonzero(free & (owner != number)))
        assert fit.rises[number] == pytest.approx(without - whole, rel=1e-3)


def twins() -> Setting:
    """Two reactions that change the same: two solvents, of which the electrolyte holds plenty."""
    setting = setting_of(X, "lp30-graphite", library(), reactions=["ec-to-ledc", "dmc-to-lmc"])
    reactions = (setting.reactions[0], replace(setting.reactions[0], name="twin"))
    signature = np.repeat(setting.signature[:1], 2, axis=0)
    effect = np.repeat(setting.effect[:1], 2, axis=0)
    return replace(setting, reactions=reactions, signature=signature, effect=effect)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_guess_decides_what_spectra_cannot_tell(share: float) -> None:
    setting = twins()
    weights = np.zeros((2, RAMPS.shape[1]))
    weights[0, 3:7] = 0.25
    one = made(0, setting=setting, weights=weights)
    told = weights[0] * np.array([[share], [1 - share]])
    problem, fit = fitted(one, setting, Guess(told, 0.3 * told + 1e-3))
    found = extents_of(problem, fit)
    assert found[-1].sum() == pytest.approx(1.0, abs=0.01)  # the spectra tell the sum
    assert found[-1, 0] == pytest.approx(share, abs=0.05)  # the guess how it is split


def test_a_wrong_guess_gives_way_to_the_spectra() -> None:
    one = made(1, noise=1e-5)
    wrong = Guess(np.full((3, RAMPS.shape[1]), 0.5), np.full((3, RAMPS.shape[1]), 0.5))
    problem, fit = fitted(one, guess=wrong)
    assert np.abs(extents_of(problem, fit)[-1] - one.extents[-1]).max() < 0.01


def test_fitting_some_frames_agrees_with_fitting_all_of_them() -> None:
    one = made(0)
    problem, fit = fitted(one)
    every = solve(problem, None, frames=np.arange(FRAMES), like=fit)
    np.testing.assert_allclose(every, fit.weights, atol=1e-6)
    some = solve(problem, np.array([0, 2]), frames=np.arange(0, FRAMES, 2), like=fit)
    assert some.shape == (2, RAMPS.shape[1])
    assert solve(problem, np.array([], dtype=int), frames=np.arange(4), like=fit).shape[0] == 0


@pytest.mark.parametrize("frames", [2, 3, 5, 11, 12, 200])
def test_ramps_run_from_zero_to_one(frames: int) -> None:
    course = ramps(frames)
    np.testing.assert_array_equal(course[0], 0)
    np.testing.assert_array_equal(course[-1], 1)
    assert np.diff(course, axis=0).min() >= 0
    assert course.shape[1] == frames - 1 if frames <= 11 else 8 < course.shape[1] <= 10
    # in their sum every frame rises: a straight line is among the courses
    assert np.diff(course.sum(axis=1)).min() > 0


def test_what_the_electrolyte_can_make_is_nothing_to_the_problem() -> None:
    problem = problem_of(SETTING, made(0).spectra, X, np.full(X.size, 1e-4))
    basis = problem.basis
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-9)
    for values in (problem.values, problem.products, problem.slopes):
        assert np.abs(values @ basis.T).max() < 1e-6 * np.abs(values).max()
    space = np.vstack([LIQUID, LINES]) * problem.weight
    left = space - (space @ basis.T) @ basis
    assert np.linalg.norm(left, axis=1).max() < 1e-3 * np.linalg.norm(space, axis=1).min()
