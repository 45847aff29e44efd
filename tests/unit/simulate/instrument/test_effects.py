"""Effects of the instrument, each against what it is meant to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from opir.errors import OptionError, ValueRangeError
from opir.simulate.instrument.effects import (
    EFFECTS,
    Drift,
    Flicker,
    Fringes,
    Noise,
    Resolution,
    Scene,
    Spikes,
    Throughput,
    Vapour,
    smooth_process,
)
from opir.simulate.instrument.effects.resolution import _operator
from opir.spectra.shapes import LINE_SHAPES

AXIS = np.linspace(800, 1900, 512)
TIME = np.linspace(0, 36_000, 64)
FLAT = Throughput(source_temperature=0, low_width=0, high_width=0)


def run(effect, absorbance=None, axis=AXIS, time=TIME, seed=0):
    """Apply one effect; spectrum of zeros by default."""
    if absorbance is None:
        absorbance = np.zeros((time.size, axis.size))
    draws: dict[str, float] = {}
    before = absorbance.copy()
    found = effect.apply(absorbance, Scene(axis, time), np.random.default_rng(seed), draws)
    np.testing.assert_array_equal(absorbance, before)
    return found, draws


def gauss(axis: np.ndarray, fwhm: float, centre: float = 1300.0) -> np.ndarray:
    return LINE_SHAPES["gauss"].profile(axis - centre, fwhm, 0.0)


UNEVEN = np.cumsum(np.random.default_rng(3).uniform(1.0, 2.6, 500)) + 850


@pytest.mark.parametrize("axis", [AXIS, AXIS[::-1], UNEVEN], ids=["rising", "falling", "uneven"])
@pytest.mark.parametrize("fwhm", [2.0, 4.0, 8.0])
def test_widths_add_in_quadrature_and_the_area_stays(axis: np.ndarray, fwhm: float) -> None:
    own = 16.0
    found, draws = run(Resolution(fwhm=fwhm), gauss(axis, own)[None], axis, np.zeros(1))
    exact = gauss(axis, np.hypot(own, fwhm))
    assert np.abs(found[0] - exact).max() < 3e-4 * exact.max()
    assert abs(np.trapezoid(found[0], axis)) == pytest.approx(1, abs=1e-4)
    assert draws == {}


def test_triangle_is_the_exact_convolution() -> None:
    axis = np.linspace(1200, 1400, 801)
    found, _ = run(Resolution(6.0, "triangle"), gauss(axis, 12.0)[None], axis, np.zeros(1))
    offset = np.linspace(-6, 6, 4001)
    slit = np.clip(1 - np.abs(offset) / 6, 0, None) / 6
    exact = [np.trapezoid(slit * gauss(v - offset, 12.0), offset) for v in axis]
    np.testing.assert_allclose(found[0], exact, atol=1e-6 * max(exact))


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_polynomials_of_the_fifth_degree_are_convolved_exactly(coefficients) -> None:
    u = (UNEVEN - 1300) / 500
    values = np.polynomial.polynomial.polyval(u, coefficients)
    found, _ = run(Resolution(fwhm=8.0), values[None], UNEVEN, np.zeros(1))
    sigma = 8.0 / (2 * np.sqrt(2 * np.log(2))) / 500
    node, weight = np.polynomial.hermite_e.hermegauss(12)
    moved = np.polynomial.polynomial.polyval(u[:, None] + sigma * node, coefficients)
    exact = moved @ weight / weight.sum()
    inner = slice(20, -20)
    np.testing.assert_allclose(found[0, inner], exact[inner], atol=1e-9)


def test_resolution_keeps_constants_and_leaves_short_axes() -> None:
    rows = _operator(AXIS.tobytes(), 4.0, "gauss").sum(axis=1)
    np.testing.assert_allclose(rows, 1, rtol=1e-12)
    for axis in (AXIS[:1], AXIS[:2], AXIS[:4]):
        found, _ = run(Resolution(), np.full((3, axis.size), 0.7), axis, TIME[:3])
        np.testing.assert_allclose(found, 0.7)
    same, _ = run(Resolution(fwhm=0.0), np.ones((64, 512)))
    np.testing.assert_array_equal(same, 1.0)


def test_noise_variance_falls_with_scans_and_rises_with_absorbance() -> None:
    effect = {n: Noise(1e-3, n, 0, 0.0, FLAT) for n in (1, 16, 64)}
    number = 64 * 512
    low, high = chi2.ppf([1e-6, 1 - 1e-6], number) / number
    for scans, noise in effect.items():
        for level in (0.0, 1.0, -0.3):
            found, _ = run(noise, np.full((64, 512), level), seed=scans)
            ratio = ((found - level) ** 2).mean() * scans / (1e-3 * 10**level) ** 2
            assert low < ratio < high


def test_noise_grows_where_the_light_fades() -> None:
    noise = Noise(1e-3, 4, 0, 0.0)
    deviation = noise.deviation(AXIS)
    light = noise.throughput.relative(AXIS)
    np.testing.assert_allclose(deviation, 5e-4 / light)
    assert light.max() <= 1 + 1e-12
    assert deviation[0] > 3 * deviation[AXIS.searchsorted(1000)]
    many = np.linspace(0, 1, 4000)
    found, _ = run(noise, np.zeros((4000, 8)), AXIS[:8], many)
    np.testing.assert_allclose(found.std(axis=0), deviation[:8], rtol=0.06)


def test_reference_noise_is_the_same_in_all_frames_and_cancels_in_differences() -> None:
    found, draws = run(Noise(1e-3, 1_000_000, 1, 0.3, FLAT))
    assert np.ptp(found, axis=0).max() < 1e-5
    assert found[0].std() == pytest.approx(1e-3 * draws["noise.level"], rel=0.2)


def test_noise_at_extreme_absorbance_is_finite() -> None:
    found, _ = run(Noise(), np.array([[500.0, -500.0, 0.0]]), AXIS[:3], TIME[:1])
    assert np.isfinite(found).all()


def test_drift_is_a_walk_of_three_coefficients() -> None:
    found, draws = run(Drift(initial=0.0))
    fit = np.polynomial.legendre.legfit(Scene(AXIS, TIME).scaled, found.T, 2)
    exact = np.polynomial.legendre.legval(Scene(AXIS, TIME).scaled, fit)
    np.testing.assert_allclose(found, exact, atol=1e-12)
    assert not found[0].any()
    np.testing.assert_allclose(fit[:, -1], [draws[f"drift.{p}"] for p in ("offset", "slope", "curvature")], atol=1e-12)  # fmt: skip


def test_drift_variance_grows_with_the_time_between_frames() -> None:
    time = np.array([0.0, 3600.0, 5 * 3600.0])
    ends = np.array(
        [run(Drift(1e-3, 0, 0, 0), axis=AXIS[:2], time=time, seed=s)[0][:, 0] for s in range(4000)]
    )
    low, high = chi2.ppf([1e-6, 1 - 1e-6], 4000) / 4000
    steps = np.diff(ends, axis=1) / 1e-3
    for variance, hours in zip((steps**2).mean(axis=0), (1, 4), strict=True):
        assert low < variance / hours < high
    assert abs(np.corrcoef(steps.T)[0, 1]) < 0.08


def test_smooth_process_has_its_variance_and_correlation() -> None:
    tau, time = 100.0, np.array([0.0, 1.0, 100.0, 1000.0])
    many = np.array([smooth_process(time, tau, np.random.default_rng(s)) for s in range(4000)])
    found = many.T @ many / len(many)
    exact = np.exp(-0.5 * ((time[:, None] - time) / tau) ** 2)
    np.testing.assert_allclose(found, exact, atol=0.08)
    constant = smooth_process(time, 0.0, np.random.default_rng(0))
    assert np.ptp(constant) == 0


def test_vapour_is_amount_times_one_spectrum_of_either_sign() -> None:
    signs = set()
    for seed in range(8):
        found, draws = run(Vapour(water=1e-3, carbon_dioxide=0.0), seed=seed)
        rank = np.linalg.svd(found, compute_uv=False)
        assert rank[1] < 1e-9 * rank[0]
        signs.add(np.sign(draws["vapour.water"]))
        outside = found[:, AXIS < 1300]
        assert np.abs(outside).max() < 1e-9
        assert np.abs(np.diff(found[:, AXIS.searchsorted(1653)])).max() < 5e-4
    assert signs == {-1.0, 1.0}


def test_vapour_spectrum_is_1_at_its_highest_and_co2_is_seen_at_2349() -> None:
    axis = np.arange(600, 2500, 0.1)
    for gas in ("water", "carbon_dioxide"):
        other = {"water": "carbon_dioxide", "carbon_dioxide": "water"}[gas]
        found, draws = run(Vapour(**{gas: 1.0, other: 0.0}), axis=axis, seed=4)
        mean = found.mean(axis=0) / draws[f"vapour.{gas}"]
        assert mean.max() == pytest.approx(1, abs=1e-3)
    assert 2330 < axis[mean.argmax()] < 2370


def test_fringes_have_the_period_of_their_gap() -> None:
    axis = np.linspace(800, 1900, 4401)
    found, draws = run(Fringes(phase_drift=0.0, index=1.5), axis=axis)
    assert np.ptp(found, axis=0).max() < 1e-15
    period = 1e-2 / (2 * 1.5 * draws["fringes.thickness"])
    phase = 2 * np.pi * axis / period + draws["fringes.phase"]
    np.testing.assert_allclose(found[0], draws["fringes.amplitude"] * np.cos(phase), atol=1e-12)


def test_flicker_has_its_deviation_and_its_slope() -> None:
    time = np.arange(256.0)
    found, _ = run(Flicker(1e-3, 1.0, FLAT), np.zeros((256, 4000)), np.arange(4000.0) + 1, time)
    assert np.sqrt((found**2).mean()) == pytest.approx(1e-3, rel=0.02)
    power = (np.abs(np.fft.rfft(found, axis=0)) ** 2).mean(axis=1)[1:-1]
    slope = np.polyfit(np.log(np.arange(1, 128)), np.log(power), 1)[0]
    assert slope == pytest.approx(-1, abs=0.03)


@settings(max_examples=30)
@given(frames=st.integers(1, 9), exponent=st.floats(0, 2))
def test_flicker_variance_is_right_for_any_number_of_frames(frames: int, exponent: float) -> None:
    axis = np.arange(20_000.0)
    found, _ = run(Flicker(1.0, exponent, FLAT), np.zeros((frames, axis.size)), axis, axis[:frames])
    assert (found**2).mean() == pytest.approx(1, rel=0.1)


def test_spikes_move_the_number_of_points_they_say() -> None:
    found, draws = run(Spikes(share=0.01, amplitude=0.1))
    moved = found[found != 0]
    assert moved.size == draws["spikes.number"]
    assert 200 < moved.size < 460
    assert np.abs(moved).mean() == pytest.approx(0.1, rel=0.2)
    none, draws = run(Spikes(share=0.0))
    assert not none.any()
    assert draws["spikes.number"] == 0


@pytest.mark.parametrize("name", sorted(EFFECTS))
@pytest.mark.parametrize("shape", [(1, 1), (1, 512), (64, 1), (2, 3)])
def test_degenerate_axes_give_finite_numbers(name: str, shape: tuple[int, int]) -> None:
    found, draws = run(EFFECTS[name](), np.zeros(shape), AXIS[: shape[1]], TIME[: shape[0]])
    assert found.shape == shape
    assert np.isfinite(found).all()
    assert np.isfinite(list(draws.values())).all()


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Noise(per_scan=-1.0), ValueRangeError, "not below 0"),
        (lambda: Noise(scans=0), ValueRangeError, "at least one scan"),
        (lambda: Drift(offset=np.nan), ValueRangeError, "finite"),
        (lambda: Spikes(share=2.0), ValueRangeError, "0 to 1"),
        (lambda: Resolution(line_shape="box"), OptionError, "gauss, triangle"),
        (lambda: Throughput(floor=0.0), ValueRangeError, "above 0"),
        (lambda: Throughput(low_width=-1.0), ValueRangeError, "not below 0"),
    ],
)
def test_impossible_parameters_are_refused(make, kind, words) -> None:
    with pytest.raises(kind, match=words):
        make()
