"""Two-dimensional correlation against closed forms, and the order of simulated events."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.pathways.correlation import events, two_dimensional

AXIS = np.linspace(1800.0, 1400.0, 9)
NOISE = 1e-4


def spectra(seed: int, frames: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, len(AXIS)))


def two_bands(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Change of absorbance with the first course at 1650 and the second at 1500 cm-1."""
    change = np.zeros((len(first), len(AXIS)))
    change[:, 3], change[:, 6] = first, second
    return change


def step(at: float, frames: int = 60) -> np.ndarray:
    return 0.01 / (1 + np.exp(-(np.arange(frames) - at) / 3))


@pytest.mark.parametrize("phase", [-2.0, -0.7, 0.0, 0.4, 1.2, 2.5])
def test_two_sines_with_a_phase_between_them(phase: float) -> None:
    # Noda 1993: synchronous A B cos(phase) / 2, asynchronous A B sin(phase) / 2, this one less
    # by 2 / (frames a period), as sum sin(w k) / k over k = 1, 2, ... is (pi - w) / 2
    angle = np.arange(2000) * 2 * np.pi * 20 / 2000
    found = two_dimensional(two_bands(3 * np.sin(angle), 2 * np.sin(angle - phase)), AXIS)
    assert found.synchronous[3, 6] == pytest.approx(3 * math.cos(phase), abs=0.01)
    assert found.asynchronous[3, 6] == pytest.approx(3 * math.sin(phase) * 0.98, abs=0.015)


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_double_sum_over_frames(seed: int) -> None:
    change = spectra(seed, frames=5)
    y = change - change.mean(axis=0)
    found = two_dimensional(change, AXIS)
    expected = np.zeros((9, 9))
    for j in range(5):
        for k in range(5):
            if j != k:
                expected += np.outer(y[j], y[k]) / (math.pi * (k - j)) / 4
    np.testing.assert_allclose(found.asynchronous, expected, atol=1e-12)
    np.testing.assert_allclose(found.synchronous, np.cov(change.T), atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-5, 5))
def test_symmetry_scale_and_offset(seed: int, scale: float, offset: float) -> None:
    change = spectra(seed)
    one, two = two_dimensional(change, AXIS), two_dimensional(scale * change + offset, AXIS)
    np.testing.assert_allclose(one.synchronous, one.synchronous.T, atol=1e-12)
    np.testing.assert_allclose(one.asynchronous, -one.asynchronous.T, atol=1e-12)
    for name in ("synchronous", "asynchronous"):
        expected = scale**2 * getattr(one, name)
        np.testing.assert_allclose(getattr(two, name), expected, atol=1e-9 * (1 + scale**2))
    back = two_dimensional(change[::-1], AXIS)  # run backwards, the order is the other way round
    np.testing.assert_allclose(back.synchronous, one.synchronous, atol=1e-12)
    np.testing.assert_allclose(back.asynchronous, -one.asynchronous, atol=1e-12)


def test_agrees_with_crosspeak() -> None:
    noda = pytest.importorskip("crosspeak.noda")
    series = pytest.importorskip("crosspeak.series")
    change = spectra(4)
    theirs = series.SpectralSeries(
        wavenumbers=AXIS, perturbations=np.arange(12.0), intensities=change
    )
    found = two_dimensional(change, AXIS)
    np.testing.assert_allclose(found.synchronous, noda.synchronous(theirs), atol=1e-12)
    np.testing.assert_allclose(found.asynchronous, noda.asynchronous(theirs), atol=1e-12)


def test_uneven_frames_are_interpolated_onto_even_steps() -> None:
    even = np.linspace(0, 100, 201)
    uneven = 100 * (even / 100) ** 1.5

    def course(time: np.ndarray) -> np.ndarray:
        return two_bands(np.tanh(time / 30), np.tanh(time / 60) + time / 80)

    expected = two_dimensional(course(even), AXIS, even)
    found = two_dimensional(course(uneven), AXIS, uneven)
    assert (expected.resampled, found.resampled) == (False, True)
    np.testing.assert_allclose(found.synchronous, expected.synchronous, atol=1e-3)
    np.testing.assert_allclose(found.asynchronous, expected.asynchronous, atol=1e-3)
    raw = two_dimensional(course(uneven), AXIS)
    assert abs(raw.asynchronous[3, 6] - expected.asynchronous[3, 6]) > 5e-3


@given(st.floats(10, 28), st.floats(3, 20), st.sampled_from([1, -1]), st.booleans())
def test_the_step_that_comes_first_is_named_first(
    at: float, later: float, sign: int, swapped: bool
) -> None:
    courses = [step(at), sign * step(at + later)]
    change = two_bands(*(courses[::-1] if swapped else courses))
    early, late = (1500.0, 1650.0) if swapped else (1650.0, 1500.0)
    (found,) = events(change, AXIS, NOISE, positions=[1500.0, 1650.0])
    assert (found.first, found.second) == (early, late)
    way = "the same" if sign > 0 else "the opposite"
    expected = f"{early:.0f} cm-1 changes before {late:.0f} cm-1, in {way} direction"
    assert found.statement == expected
    assert np.sign(found.synchronous) == np.sign(found.asynchronous) == sign


def test_order_of_three_with_noise_and_uneven_frames() -> None:
    rng = np.random.default_rng(2)
    time = np.sort(rng.uniform(0, 60, 60))
    change = np.zeros((60, 9))
    for column, at in ((6, 15), (1, 28), (4, 41)):
        change[:, column] = 0.01 / (1 + np.exp(-(time - at) / 3))
    change += rng.normal(size=change.shape) * NOISE
    found = events(change, AXIS, NOISE, positions=[AXIS[1], AXIS[4], AXIS[6], AXIS[8]], time=time)
    order = {(event.first, event.second) for event in found}
    assert order == {(AXIS[6], AXIS[1]), (AXIS[1], AXIS[4]), (AXIS[6], AXIS[4])}
    size = [abs(event.asynchronous) for event in found]
    assert size == sorted(size, reverse=True)
    assert max(size) == pytest.approx(1)


def test_noise_and_bands_in_step_give_no_order() -> None:
    false = 0
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(size=(60, 9)) * NOISE
        assert events(noise, AXIS, NOISE, positions=AXIS[[1, 4]]) == ()
        together = two_bands(step(20), 0.5 * step(20)) + noise
        false += len(events(together, AXIS, NOISE, positions=AXIS[[3, 6]]))
    assert false <= 3  # at 3 standard deviations 0.3 are expected


def test_the_frame_that_the_change_counts_from_does_not_matter() -> None:
    change = two_bands(step(15), step(30))
    change += np.random.default_rng(1).normal(size=change.shape) * NOISE
    one = events(change, AXIS, NOISE, positions=[1650, 1500])
    two = events(change - change[7], AXIS, NOISE, positions=[1650, 1500])
    assert len(one) == len(two) == 1
    assert two[0].asynchronous == pytest.approx(one[0].asynchronous)
    assert two[0].statement == one[0].statement


def test_fewer_than_two_bands_have_no_order() -> None:
    change = two_bands(step(15), step(30))
    assert events(change, AXIS, NOISE, positions=[]) == ()
    assert events(change, AXIS, NOISE, positions=[1650.0]) == ()
    assert events(change, AXIS, NOISE, positions=[1650.0, 1651.0]) == ()  # one point of the axis
    assert events(0 * change, AXIS, NOISE, positions=[1650.0, 1500.0]) == ()


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (AxisError, {"wavenumber": AXIS[:-1]}),
        (AxisError, {"wavenumber": np.abs(AXIS - 1600)}),
        (AxisError, {"change": np.zeros((2, 9))}),
        (AxisError, {"time": np.zeros(60)}),
        (AxisError, {"time": np.arange(59.0)}),
        (AxisError, {"positions": [[1650.0, 1500.0]]}),
        (ValueRangeError, {"change": np.full((60, 9), np.nan)}),
        (ValueRangeError, {"positions": [1650.0, 2500.0]}),
        (OptionError, {"noise": 0.0}),
        (OptionError, {"detection": -1.0}),
    ],
)
def test_what_does_not_fit_is_refused(error: type[Exception], change: dict) -> None:
    given_ones = {
        "change": two_bands(step(15), step(30)),
        "wavenumber": AXIS,
        "noise": NOISE,
        "positions": [1650.0, 1500.0],
    }
    with pytest.raises(error):
        events(**(given_ones | change))
