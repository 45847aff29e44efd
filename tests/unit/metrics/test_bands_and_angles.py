"""Spectral angle, band areas and peak positions against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics import (
    MID_INFRARED,
    Band,
    band_area,
    integrate_bands,
    missed_peaks,
    peak_position,
    spectral_angle,
)
from opir.metrics.bands import covered

GRID = np.linspace(800.0, 1900.0, 512)
SPACING = GRID[1] - GRID[0]


def gaussian(
    centre: float | NDArray[np.float64], height: float = 1.0, sigma: float = 10.0
) -> NDArray[np.float64]:
    return height * np.exp(-((GRID - np.asarray(centre)[..., None]) ** 2) / (2 * sigma**2))


# --- angle -----------------------------------------------------------------------------------


def test_angles_of_known_vectors() -> None:
    one = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [3.0, 3.0], [1.0, 0.0]])
    two = np.array([[0.0, 2.0], [1.0, 1.0], [-5.0, 0.0], [7.0, 7.0], [1.0, 1e-9]])
    expected = [math.pi / 2, math.pi / 4, math.pi, 0.0, 1e-9]
    np.testing.assert_allclose(spectral_angle(one, two), expected, rtol=1e-9, atol=1e-15)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 40))
def test_angle_knows_no_size_and_no_order(seed: int, a: float, b: float, width: int) -> None:
    one, two = np.random.default_rng(seed).normal(size=(2, 3, width))
    angle = spectral_angle(one, two)
    np.testing.assert_allclose(spectral_angle(a * one, b * two), angle, rtol=1e-9)
    np.testing.assert_allclose(spectral_angle(two, one), angle, rtol=1e-12)
    np.testing.assert_allclose(spectral_angle(one, -two), math.pi - angle, rtol=1e-9)
    cosine = (one * two).sum(-1) / np.sqrt((one**2).sum(-1) * (two**2).sum(-1))
    np.testing.assert_allclose(np.cos(angle), cosine, atol=1e-12)


def test_small_angles_survive_single_precision() -> None:
    one = np.ones((2, 512), dtype=np.float32)
    two = one.copy()
    two[0, 0] += np.float32(2**-10)
    expected = 2**-10 * math.sqrt(511) / 512
    np.testing.assert_allclose(spectral_angle(one, two), [expected, 0.0], rtol=1e-3)


def test_a_spectrum_without_direction_has_no_angle() -> None:
    spectra = np.stack([np.zeros(4), np.full(4, 0.1), np.ones(4)])
    assert np.isnan(spectral_angle(spectra, np.ones((3, 4)))).tolist() == [True, False, False]
    small = spectral_angle(spectra, np.ones((3, 4)), smallest=0.1)
    assert np.isnan(small).tolist() == [True, True, False]


# --- regions and areas -----------------------------------------------------------------------


def test_every_point_from_800_to_1900_lies_in_one_region() -> None:
    points = np.arange(800.0, 1900.0, 0.5)
    counts = sum(((points >= b.lower) & (points < b.upper)).astype(int) for b in MID_INFRARED)
    assert (counts == 1).all()
    assert covered(None, GRID) == MID_INFRARED


def test_regions_that_an_axis_does_not_cover() -> None:
    assert [b.name for b in covered(None, np.arange(1200.0, 1500.0))] == ["O-C-O", "CO2-symmetric"]
    with pytest.raises(AxisError, match="'CO3' .*not covered"):
        covered([Band("CO3", 1425, 1560)], np.arange(1200.0, 1500.0))
    with pytest.raises(AxisError, match="no named region"):
        covered(None, np.arange(2000.0, 3000.0))
    with pytest.raises(ValueRangeError, match="goes from"):
        covered([Band("back", 1500, 1400)], GRID)
    with pytest.raises(ValueRangeError, match="one name"):
        covered([Band("x", 900, 1000), Band("x", 1000, 1100)], GRID)


@pytest.mark.parametrize("direction", [1, -1])
def test_area_of_a_gaussian(direction: int) -> None:
    spectra = gaussian(np.array([1500.0, 1500.3]), height=0.2)
    whole = [Band("whole", 1400, 1600), Band("half", 1500, 1600)]
    areas = integrate_bands(spectra[:, ::direction], GRID[::direction], whole)
    total = 0.2 * 10 * math.sqrt(2 * math.pi)
    np.testing.assert_allclose(areas[:, 0], total, rtol=1e-6)
    assert areas[0, 1] == pytest.approx(total / 2, rel=2e-4)  # straight lines cut the top
    upper = total * 0.5 * (1 + math.erf(0.3 / 10 / math.sqrt(2)))
    assert areas[1, 1] == pytest.approx(upper, rel=2e-4)


@given(
    st.floats(801, 1800), st.floats(7, 99), st.floats(-1, 1), st.floats(-1e-3, 1e-3), st.booleans()
)
def test_area_under_a_straight_line_is_exact(
    lower: float, width: float, level: float, slope: float, uneven: bool
) -> None:
    grid = GRID + (3 * np.sin(GRID / 50) if uneven else 0)
    band = Band("any", lower, lower + width)
    expected = width * (level + slope * (lower + width / 2))
    found = integrate_bands(level + slope * grid, grid, [band])
    assert found[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_neighbouring_regions_add_up() -> None:
    spectra = np.random.default_rng(0).normal(size=(3, 512))
    parts = integrate_bands(spectra, GRID)
    np.testing.assert_allclose(parts.sum(axis=-1), trapezoid(spectra, GRID, axis=-1), rtol=1e-9)


def test_error_of_area_trajectories() -> None:
    growth = np.linspace(0, 1, 5)[:, None]
    truth, forecast = 0.01 * growth * gaussian(1500.0), 0.013 * growth * gaussian(1500.0)
    error = band_area(forecast, truth, GRID, [Band("CO3", 1425, 1560)])
    assert error.shape == (5, 1)
    np.testing.assert_allclose(
        error[:, 0], 0.003 * growth[:, 0] * 10 * math.sqrt(2 * math.pi), rtol=1e-5, atol=1e-12
    )
    relative = band_area(forecast, truth, GRID, relative=True, smallest=1e-6)
    co3 = [band.name for band in MID_INFRARED].index("CO3")
    np.testing.assert_allclose(relative[:, co3], 0.3 * growth[:, 0], rtol=1e-9)
    assert np.isnan(relative[:, 0]).all()
    no_change = band_area(np.zeros_like(truth), truth, GRID, relative=True, smallest=1e-6)
    assert no_change[-1, co3] == pytest.approx(1.0)


# --- peaks -----------------------------------------------------------------------------------

CO3 = [Band("CO3", 1425, 1560)]


@given(st.floats(1450, 1540), st.floats(1450, 1540), st.floats(4, 15), st.sampled_from([1, -1]))
def test_position_of_a_gaussian_to_a_hundredth_of_the_spacing(
    here: float, there: float, sigma: float, direction: int
) -> None:
    pair = [gaussian(x, 0.01, sigma)[::direction] for x in (here, there)]
    found = peak_position(*pair, GRID[::direction], CO3, threshold=1e-3)
    assert found.shape == (1,)
    assert found[0] == pytest.approx(abs(here - there), abs=0.01 * SPACING)


@given(st.floats(-4, 4))
def test_position_of_a_lorentzian_to_a_tenth_of_the_spacing(shift: float) -> None:
    def band(centre: float) -> NDArray[np.float64]:
        return 1 / (1 + ((GRID - centre) / 8) ** 2)

    found = peak_position(band(1500 + shift), band(1500), GRID, CO3, threshold=0.5)
    assert found[0] == pytest.approx(abs(shift), abs=0.1 * SPACING)


def test_lost_bands_count_and_are_matched_by_sign() -> None:
    truth = gaussian(1470.0, -2.0) + gaussian(1530.0, 1.0)
    forecast = gaussian(1474.0, -0.5) + gaussian(1530.0, 1.0)
    assert peak_position(forecast, truth, GRID, CO3, threshold=0.1)[0] == pytest.approx(4, abs=0.02)
    swapped = peak_position(-forecast, -truth, GRID, CO3, threshold=0.1)
    assert swapped[0] == pytest.approx(4, abs=0.02)


def test_the_nearest_of_similar_peaks_is_compared() -> None:
    truth = gaussian(1470.0, 1.0) + gaussian(1530.0, 0.9)
    for other, expected in ((1.5, 0.0), (2.5, 60.0)):  # the first is more than half as high, or not
        forecast = gaussian(1470.0, 1.0) + gaussian(1530.0, other)
        error = peak_position(forecast, truth, GRID, CO3, threshold=0.1)
        assert error[0] == pytest.approx(expected, abs=0.02)


@given(st.floats(0.2, 100), st.integers(0, 1000))
def test_positions_know_no_size(size: float, seed: int) -> None:
    one, two = np.random.default_rng(seed).normal(size=(2, 4, 512))
    found = peak_position(one, two, GRID, threshold=0.5)
    scaled = peak_position(size * one, size * two, GRID, threshold=0.5 * size * (1 - 1e-12))
    np.testing.assert_allclose(scaled, found, rtol=1e-6, atol=1e-6)


def test_undefined_positions_are_nan_and_misses_are_counted() -> None:
    band, flat = gaussian(1500.0, 0.01), np.zeros(512)
    wing = gaussian(1590.0, 0.05, sigma=40.0)  # falls through the region: no extremum in it
    faint = gaussian(1500.0, 0.0005)
    truth = np.stack([band, band, band, flat, wing, band])
    forecast = np.stack([band, flat, -band, band, wing, faint])
    error = peak_position(forecast, truth, GRID, CO3, threshold=0.005)[:, 0]
    missed = missed_peaks(forecast, truth, GRID, CO3, threshold=0.005)[:, 0]
    np.testing.assert_array_equal(error, [0, np.nan, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(missed, [0, 1, 1, np.nan, np.nan, 1])
    assert peak_position(faint, band, GRID, CO3, threshold=0.005, share=0.05)[0] == 0
    assert np.isnan(missed_peaks(band, band, GRID, CO3, threshold=0.02)[0])


def test_bad_input_is_refused() -> None:
    spectra = np.ones((2, 512))
    for metric in (spectral_angle, band_area):
        with pytest.raises(AxisError, match="shape"):
            metric(spectra, spectra[:1])
        with pytest.raises(ValueRangeError, match="truth holds NaN"):
            metric(spectra, spectra * np.nan)
        with pytest.raises(ValueRangeError, match="forecast holds complex128; real numbers"):
            metric(spectra * 1j, spectra)
    with pytest.raises(AxisError, match="wavenumber axis is missing"):
        band_area(spectra, spectra)
    with pytest.raises(AxisError, match="512 points"):
        integrate_bands(spectra, GRID[:-1])
    with pytest.raises(AxisError, match="only rise or only fall"):
        integrate_bands(spectra, np.ones(512))
    with pytest.raises(AxisError, match="evenly"):
        peak_position(spectra, spectra, GRID + 3 * np.sin(GRID / 50), threshold=1)
    with pytest.raises(OptionError, match="threshold"):
        peak_position(spectra, spectra, GRID, threshold=0)
    with pytest.raises(AxisError, match="single numbers"):
        spectral_angle(1.0, 2.0)
    with pytest.raises(AxisError, match="frames, wavenumber"):
        band_area(spectra[0], spectra[0], GRID)
