"""Bands that change: known ones come back, noise alone makes none, the direction does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.pathways.bands import band_weights, changed_bands
from opir.pathways.point_noise import noise_profile, point_noise

AXIS = np.linspace(800, 1900, 551)
NOISE = 2e-4


def gauss(position: float, width: float) -> np.ndarray:
    return np.exp(-4 * np.log(2) * ((AXIS - position) / width) ** 2)


def measured(
    course: np.ndarray, shape: np.ndarray, seed: int = 0, noise: float = NOISE
) -> np.ndarray:
    random = np.random.default_rng(seed).normal(0, noise, (len(course), AXIS.size))
    spectra = course[:, None] * shape + random
    return spectra - spectra[0]


def test_noise_alone_has_no_band() -> None:
    rng = np.random.default_rng(1)
    for frames in (2, 3, 8, 20, 40):
        for seed in range(4):
            points = int(rng.integers(60, 900))
            spectra = np.random.default_rng(seed).normal(0, 1e-3, (frames, points))
            axis = np.linspace(800, 1900, points)
            assert changed_bands(spectra - spectra[0], axis) == ()


def test_no_change_and_one_frame_have_no_band() -> None:
    assert changed_bands(np.zeros((5, AXIS.size)), AXIS) == ()
    assert changed_bands(np.zeros((1, AXIS.size)), AXIS, 1e-3) == ()


def test_bands_that_grow_and_go_come_back() -> None:
    course = np.concatenate([np.zeros(8), np.linspace(0, 1, 12)])
    drift = 0.002 * (AXIS - 800) / 1100
    shape = 0.02 * gauss(1650, 40) - 0.01 * gauss(1300, 20) + drift
    up, down = sorted(changed_bands(measured(course, shape), AXIS), key=lambda b: -b.height)
    assert up.position == pytest.approx(1650, abs=1)
    assert up.height == pytest.approx(0.02, rel=0.05)
    assert up.width == pytest.approx(40, rel=0.1)
    assert (up.sign, down.sign) == (1, -1)
    assert down.position == pytest.approx(1300, abs=1)
    assert down.height == pytest.approx(-0.01, rel=0.05)
    assert 8 <= up.frames[0] <= 10
    assert up.frames[1] == up.frame == 19


def test_a_band_that_comes_and_goes_is_followed() -> None:
    course = np.zeros(30)
    course[10:20] = 1
    (band,) = changed_bands(measured(course, 0.01 * gauss(1400, 30)), AXIS)
    assert band.frames == (10, 19)


def test_a_valley_between_two_bands_is_no_loss() -> None:
    course = np.linspace(0, 1, 20)
    shape = 0.02 * (gauss(1500, 60) + gauss(1600, 60))
    assert [b.sign for b in changed_bands(measured(course, shape), AXIS)] == [1, 1]


def test_a_shift_is_one_band_that_goes_and_one_that_grows() -> None:
    course = np.linspace(0, 1, 20)
    found = changed_bands(measured(course, 0.05 * (gauss(1712, 25) - gauss(1690, 25))), AXIS)
    assert [b.sign for b in found] == [-1, 1]


@settings(max_examples=20, deadline=None)
@given(st.floats(900, 1800), st.floats(12, 60), st.floats(1e-3, 1e3), st.booleans())
def test_direction_and_unit_do_not_matter(
    position: float, width: float, factor: float, falls: bool
) -> None:
    change = measured(np.linspace(0, 1, 12), 0.03 * gauss(position, width), 3)
    (one,) = changed_bands(change, AXIS)
    turned = slice(None, None, -1 if falls else 1)
    (other,) = changed_bands(factor * change[:, turned], AXIS[turned])
    assert other.position == pytest.approx(one.position, abs=1e-6)
    assert other.height == pytest.approx(factor * one.height, rel=1e-6)
    assert other.frames == one.frames
    assert one.position == pytest.approx(position, abs=0.7)


@settings(max_examples=30, deadline=None)
@given(st.floats(850, 1850), st.floats(5, 80), st.floats(-1, 1), st.floats(-1e-2, 1e-2))
def test_heights_are_free_of_straight_baselines(
    position: float, width: float, offset: float, slope: float
) -> None:
    weights = band_weights(AXIS, position, width)
    assert weights is not None
    spectrum = 0.3 * gauss(position, width) + offset + slope * (AXIS - 1000)
    assert spectrum @ weights == pytest.approx(0.3, abs=1e-8)


def test_bands_off_the_axis_have_no_weights() -> None:
    assert band_weights(AXIS, 2500, 20) is None
    assert band_weights(AXIS, 801, 20) is None


@pytest.mark.parametrize("frames", [2, 5, 12, 60])
def test_noise_is_found_beside_changing_bands(frames: int) -> None:
    course = np.linspace(0, 1, frames)
    found = point_noise(measured(course, 0.02 * gauss(1500, 40) + 0.01 * gauss(1200, 30)))
    assert found == pytest.approx(NOISE, rel=0.15)


def test_noise_differs_along_the_axis() -> None:
    rng = np.random.default_rng(0)
    true = np.where(AXIS < 1300, 1e-3, 1e-4)
    spectra = rng.normal(0, 1, (20, AXIS.size)) * true
    found = noise_profile(spectra - spectra[0], AXIS)
    assert np.median(found[AXIS < 1250]) == pytest.approx(1e-3, rel=0.15)
    assert np.median(found[AXIS > 1350]) == pytest.approx(1e-4, rel=0.15)


def test_bad_input_is_named() -> None:
    good = measured(np.linspace(0, 1, 5), gauss(1500, 30))
    with pytest.raises(AxisError, match="time, wavenumber"):
        changed_bands(good[0], AXIS)
    with pytest.raises(AxisError, match="one wavenumber for each"):
        changed_bands(good, AXIS[:-1])
    with pytest.raises(AxisError, match="rise or fall"):
        changed_bands(good, np.where(AXIS > 1500, 1500, AXIS))
    with pytest.raises(ValueRangeError, match="not finite"):
        changed_bands(np.where(good == good.max(), np.nan, good), AXIS)
    for noise in (0.0, -1.0, np.nan):
        with pytest.raises(ValueRangeError, match="above 0"):
            changed_bands(good, AXIS, noise)
    with pytest.raises(OptionError, match="share"):
        changed_bands(good, AXIS, smallest=2)
