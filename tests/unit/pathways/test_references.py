"""Spectra of one's own: amounts come back, up and down, whatever the baseline does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import AxisError
from opir.pathways.references import fit_references, on_axis
from opir.run import Spectrum

FRAMES = 48
X = np.linspace(900.0, 1500.0, 200)
TIME = np.linspace(0, 4800, FRAMES)
NOISE = np.full(X.size, 1e-3)
LINES = np.polynomial.legendre.legvander(np.linspace(-1, 1, X.size), 2).T


def sugar(*bands: tuple[float, float, float]) -> np.ndarray:
    """A spectrum like those of sugars: broad bands that overlap, all of C-O stretching."""
    return sum(h * np.exp(-(((X - p) / w) ** 2) / 2) for p, w, h in bands)


GLUCOSE = sugar((1035, 15, 1.0), (1080, 18, 0.8), (1107, 14, 0.4), (1152, 13, 0.3))
FRUCTOSE = sugar((1063, 13, 1.0), (1083, 20, 0.5), (980, 12, 0.3), (1340, 40, 0.15))
LACTATE = sugar((1125, 10, 1.0), (1043, 10, 0.5), (1315, 20, 0.4), (1415, 20, 0.6))
OWN = {"glucose": GLUCOSE, "fructose": FRUCTOSE, "lactate": LACTATE}
# glucose is used up, lactate is made, fructose comes and goes
AMOUNTS = np.stack(
    [-0.5 * TIME / TIME[-1], 0.3 * np.sin(np.pi * TIME / TIME[-1]), np.sqrt(TIME / TIME[-1])],
    axis=1,
)


def change(seed: int = 0, noise: float = 1e-3, bend: float = 0.0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    values = AMOUNTS @ np.array(list(OWN.values()))
    values = values + bend * draw.normal(size=(FRAMES, 3)) @ LINES
    return values + draw.normal(0, noise, values.shape)


def fit(values: np.ndarray, voltage: np.ndarray | None = None):
    return fit_references(values, X, NOISE, OWN, TIME, voltage)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_amounts_come_back_up_and_down(seed: int, bend: float) -> None:
    found, fitted = fit(change(seed, bend=bend))
    by_name = {one.name: one for one in found}
    for number, name in enumerate(OWN):
        one = by_name[name]
        assert one.source == "reference"
        assert np.abs(one.amount - AMOUNTS[:, number]).max() < 6e-3
        inside = (one.lower <= AMOUNTS[:, number]) & (AMOUNTS[:, number] <= one.upper)
        assert inside.mean() > 0.7
        assert one.confidence > 0.99
    assert not by_name["glucose"].grows
    assert by_name["lactate"].grows
    assert by_name["glucose"].amount[-1] < 0 < by_name["lactate"].amount[-1]
    np.testing.assert_allclose(fitted, change(seed, bend=bend), atol=6e-3)


def test_limits_hold_the_truth_in_ninety_of_a_hundred() -> None:
    inside = []
    for seed in range(20):
        found, _ = fit(change(seed))
        for one in found:
            true = AMOUNTS[:, list(OWN).index(one.name)]
            inside.append((one.lower <= true) & (true <= one.upper))
    assert 0.86 < np.mean(inside) < 0.94


def test_without_noise_it_is_exact_whatever_the_baseline() -> None:
    found, fitted = fit(change(noise=0.0, bend=10.0))
    for one in found:
        np.testing.assert_allclose(one.amount, AMOUNTS[:, list(OWN).index(one.name)], atol=1e-8)
    np.testing.assert_allclose(fitted, change(noise=0.0, bend=10.0), atol=1e-7)


def test_noise_is_not_taken_for_an_amount() -> None:
    sure = []
    for seed in range(30):
        values = np.random.default_rng(seed).normal(0, 1e-3, (FRAMES, X.size))
        sure += [one.confidence for one in fit(values)[0]]
    assert np.mean(np.array(sure) > 0.5) < 0.05


def test_onsets_are_where_amounts_set_in() -> None:
    late = np.maximum(TIME - 2000, 0) / 2800
    values = np.outer(late, LACTATE) + np.random.default_rng(0).normal(0, 1e-3, (FRAMES, X.size))
    voltage = np.linspace(2, 0, FRAMES)
    found, _ = fit(values, voltage)
    assert found[0].name == "lactate"  # most certain first
    onset = found[0].onset
    assert onset is not None
    assert onset.time_lower <= 2280 <= onset.time_upper  # a tenth of the last amount
    assert onset.potential == pytest.approx(np.interp(onset.time, TIME, voltage))
    untimed, _ = fit(values)
    assert untimed[0].onset is not None
    assert untimed[0].onset.potential is None


def test_one_that_is_twice_there_shares_its_amount() -> None:
    # two references that are the same: no traceback, no NaN, and their sum is right
    values = np.outer(TIME / TIME[-1], GLUCOSE)
    found, fitted = fit_references(
        values, X, NOISE, {"a": GLUCOSE, "b": GLUCOSE}, TIME, None
    )  # fmt: skip
    total = sum(one.amount for one in found)
    np.testing.assert_allclose(total, TIME / TIME[-1], atol=1e-6)
    assert np.isfinite(fitted).all()


def test_two_frames_are_enough() -> None:
    pair = change()[[0, -1]]
    found, _ = fit_references(pair, X, NOISE, OWN, TIME[[0, -1]], None)
    by_name = {one.name: one for one in found}
    assert by_name["lactate"].amount[-1] == pytest.approx(1, abs=0.01)
    assert by_name["lactate"].growth is None


def test_references_come_onto_the_axis_of_the_run() -> None:
    wide = np.linspace(2000.0, 800.0, 2401)  # falling, finer, and further than the run
    values = 1e-3 * wide  # a straight line stays what it is
    found = on_axis({"line": Spectrum.from_arrays(wide, values)}, X)
    np.testing.assert_allclose(found["line"], 1e-3 * X, rtol=1e-12)
    back = on_axis({"line": Spectrum.from_arrays(wide[::-1], values[::-1])}, X[::-1])
    np.testing.assert_allclose(back["line"], 1e-3 * X[::-1], rtol=1e-12)


@pytest.mark.parametrize("ends", [(1000.0, 1600.0), (800.0, 1400.0)])
def test_one_that_does_not_reach_over_the_run_is_refused(ends: tuple[float, float]) -> None:
    short = np.linspace(*ends, 300)
    with pytest.raises(AxisError, match=r"'mine' covers .* the run 900 to 1500"):
        on_axis({"mine": Spectrum.from_arrays(short, np.ones(300))}, X)
