"""Unmixing without a library: evolving factors, MCR-ALS, and the nearest references."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.pathways.factor_analysis import (
    TRACY_WIDOM,
    evolving_factors,
    noise_limits,
    without_line,
)
from opir.pathways.unmix import match, non_negative, unmix

FRAMES = 64
X = np.linspace(700.0, 1900.0, 512)
T = np.arange(FRAMES)


def bands(*rows: tuple[float, float, float]) -> np.ndarray:
    """Lorentzian bands from position, half width and height."""
    return sum(height / (1 + ((X - position) / width) ** 2) for position, width, height in rows)


A = bands((1000, 8, 1.0), (1750, 6, 1.0), (1300, 10, 0.5))
B = bands((1100, 8, 1.0), (1500, 12, 1.0), (1310, 8, 0.5))
C = bands((870, 6, 1.0), (1440, 25, 1.0), (1106, 9, 0.5))
SPECTRA = {"A": A, "B": B, "C": C}


def consecutive(first: float = 0.08, second: float = 0.05) -> np.ndarray:
    """Amounts of A -> B -> C, first order (closed form)."""
    a = np.exp(-first * T)
    b = first / (second - first) * (np.exp(-first * T) - np.exp(-second * T))
    return np.stack([a, b, 1 - a - b], axis=1)


def rising(*frames: int) -> np.ndarray:
    """Amounts that are zero up to a frame and then grow to 1 evenly."""
    return np.stack([np.clip(T - k, 0, None) / (FRAMES - 1 - k) for k in frames], axis=1)


def noisy(clean: np.ndarray, ratio: float = 100.0, seed: int = 0) -> tuple[np.ndarray, float]:
    noise = float(clean.max()) / ratio
    return clean + np.random.default_rng(seed).normal(0, noise, clean.shape), noise


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation of each row of one with each of the other."""
    return np.corrcoef(one, other)[: len(one), len(one) :]


@pytest.fixture
def library() -> None:
    pytest.importorskip("pymcr", reason="pymcr does the unmixing")


# --- evolving factor analysis


@pytest.mark.parametrize("shape", [(32, 256), (12, 400), (40, 30)])
def test_noise_has_no_components(shape: tuple[int, int]) -> None:
    counts = []
    for seed in range(40):
        rows = np.random.default_rng(seed).normal(0, 1e-3, shape)
        counts.append(evolving_factors(rows - rows[0], 1e-3).components)
    assert np.mean(np.array(counts) == 0) >= 0.95


def test_limit_is_exceeded_by_noise_in_about_one_case_of_a_hundred() -> None:
    limit = noise_limits(20, 60, 2.0, 1)[0]
    random = np.random.default_rng(1)
    top = [np.linalg.norm(random.normal(0, 2.0, (20, 60)), 2) for _ in range(3000)]
    assert 0.003 < np.mean(np.array(top) > limit) < 0.02
    assert limit > 2.0 * (np.sqrt(20) + np.sqrt(60)) - 2.0  # near the Marchenko-Pastur edge
    assert TRACY_WIDOM > 0.9793  # stricter than the 5 % point


def test_number_of_components_and_frames_of_appearance() -> None:
    onsets = (6, 22, 41)
    sharp = np.sqrt(rising(*onsets)) @ np.stack([A, B, C])
    counts = []
    for seed in range(20):
        rows, noise = noisy(sharp, seed=seed)
        found = evolving_factors(rows - rows[0], noise, wavenumber=X)
        counts.append(found.components)
        assert np.abs(np.array(found.appears[:3]) - onsets).max() <= 2
    assert np.mean(np.array(counts) == 3) >= 0.95
    assert min(counts) == 3


def test_backward_windows_are_the_forward_ones_of_the_reversed_run() -> None:
    rows, noise = noisy(rising(6, 22, 41) @ np.stack([A, B, C]))
    one = evolving_factors(rows - rows[0], noise)
    two = evolving_factors(rows[::-1] - rows[-1], noise)
    # They are roots of eigenvalues: where one is 0, the root of its rounding is left.
    rounding = np.sqrt(np.finfo(np.float64).eps) * one.backward.max()
    np.testing.assert_allclose(one.backward, two.forward[::-1], atol=rounding)
    assert one.disappears == tuple(FRAMES - 1 - frame for frame in two.appears)


def test_what_stops_to_change_disappears() -> None:
    course = np.clip((T - 10) / 20, 0, 1)[:, None]
    rows, noise = noisy(course * A)
    found = evolving_factors(rows - rows[0], noise)
    assert found.components == 1
    assert abs(found.appears[0] - 11) <= 2
    assert abs(found.disappears[0] - 29) <= 2


def test_drift_is_a_component_only_if_the_line_stays() -> None:
    drift = 0.5 * (T / FRAMES)[:, None] + 0.3 * (T / FRAMES)[:, None] ** 2 * (X / 1000 - 1)
    rows, noise = noisy(rising(10) @ A[None])
    change = rows + drift - (rows + drift)[0]
    assert evolving_factors(change, noise, wavenumber=X).components == 1
    assert evolving_factors(change, noise, line=False).components == 3


def test_whole_spectra_of_a_closed_system_have_one_component_more() -> None:
    rows, noise = noisy(consecutive() @ np.stack([A, B, C]), ratio=300)
    assert evolving_factors(rows - rows[0], noise).components == 2
    assert evolving_factors(rows, noise, differences=False).components == 3


@given(st.floats(1e-6, 1e6))
@settings(max_examples=5, deadline=None)
def test_scaling_data_and_noise_changes_no_count(scale: float) -> None:
    rows, noise = noisy(rising(6, 22, 41) @ np.stack([A, B, C]))
    change = rows - rows[0]
    one, two = evolving_factors(change, noise), evolving_factors(change * scale, noise * scale)
    assert (one.components, one.appears) == (two.components, two.appears)
    np.testing.assert_allclose(two.forward, one.forward * scale, rtol=1e-3, atol=1e-6 * scale)


def test_long_runs_are_averaged_without_changing_the_noise() -> None:
    times = np.linspace(0, 1, 1000)
    random = np.random.default_rng(3)
    rows = random.normal(0, 0.02, (1000, 200))
    assert evolving_factors(rows - rows[0], 0.02).components == 0
    rows += np.clip(times - 0.5, 0, None)[:, None] * A[:200]
    found = evolving_factors(rows - rows[0], 0.02)
    assert found.components == 1
    assert 500 <= found.appears[0] <= 580
    assert len(found.frames) == 96


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_line_is_taken_out_whatever_it_is(offset: float, slope: float) -> None:
    line = offset + slope * (X - 1000) / 1000
    np.testing.assert_allclose(without_line(A + line, X), without_line(A, X), atol=1e-10)


# --- unmixing


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("seed", range(2))
def test_consecutive_reactions_are_recovered(seed: int) -> None:
    amounts = consecutive()
    steady = 3 * bands((1800, 6, 1.0), (1170, 12, 1.0))
    drift = 0.05 * (T / FRAMES)[:, None] * (X / 1000 - 2)
    clean = amounts @ np.stack([A, B, C])
    rows, noise = noisy(clean, seed=seed)
    found = unmix(rows + steady + drift, X, noise, references=SPECTRA)
    assert found.components == 3
    assert found.note == ""
    assert [near[0][0] for near in found.nearest] == ["A", "B", "C"]
    bare = likeness(without_line(np.stack([A, B, C]), X), without_line(found.spectra, X))
    assert np.diag(bare).min() > 0.97  # B hides the band of A beside its own
    assert np.diag(likeness(amounts.T, found.amounts.T)).min() > 0.97
    assert found.appears[0] == 0
    assert found.explained > 0.95
    again = unmix(rows + steady + drift, X, noise, references=SPECTRA)
    np.testing.assert_array_equal(found.amounts, again.amounts)


@pytest.mark.usefixtures("library")
def test_spectra_and_amounts_of_consecutive_reactions_with_bands_of_their_own() -> None:
    apart = np.stack(
        [
            bands((1000, 8, 1.0), (1750, 6, 1.0)),
            bands((1200, 8, 1.0), (1500, 12, 1.0)),
            bands((850, 6, 1.0), (1350, 12, 1.0)),
        ]
    )
    amounts = consecutive()
    rows, noise = noisy(amounts @ apart, ratio=200)
    found = unmix(rows, X, noise)
    assert found.components == 3
    assert np.diag(likeness(apart, found.spectra)).min() > 0.99
    assert np.diag(likeness(amounts.T, found.amounts.T)).min() > 0.99


@pytest.mark.usefixtures("library")
def test_growth_alone_needs_no_start() -> None:
    rows, noise = noisy(rising(6, 22, 41) @ np.stack([A, B, C]))
    found = unmix(rows, X, noise)
    assert found.components == 3
    assert np.abs(np.array(found.appears) - (6, 22, 41)).max() <= 2
    assert not found.amounts[0].any()
    assert np.diag(likeness(np.stack([A, B, C]), found.spectra)).min() > 0.99
    assert np.diag(likeness(rising(6, 22, 41).T, found.amounts.T)).min() > 0.99


@pytest.mark.usefixtures("library")
def test_change_and_spectra_give_the_same_and_the_constraints_hold() -> None:
    rows, noise = noisy(consecutive() @ np.stack([A, B, C]))
    one, two = unmix(rows, X, noise), unmix(rows - rows[0], X, noise)
    np.testing.assert_allclose(one.amounts, two.amounts, atol=1e-9)
    assert one.spectra.min() >= 0
    assert one.amounts.min() >= 0
    np.testing.assert_allclose(one.spectra.max(axis=1), 1)
    assert one.nearest == ((), (), ())


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("scale", [1e-4, 30.0])
def test_scaling_data_and_noise_scales_the_amounts(scale: float) -> None:
    rows, noise = noisy(consecutive() @ np.stack([A, B, C]))
    one, two = unmix(rows, X, noise), unmix(rows * scale, X, noise * scale)
    np.testing.assert_allclose(two.amounts, one.amounts * scale, rtol=1e-5, atol=1e-6 * scale)
    np.testing.assert_allclose(two.spectra, one.spectra, atol=1e-6)
    assert one.appears == two.appears


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("components", [1, 2, 5])
def test_number_of_components_can_be_set(components: int) -> None:
    rows, noise = noisy(consecutive() @ np.stack([A, B, C]))
    found = unmix(rows, X, noise, components=components)
    assert found.components <= components
    assert found.amounts.shape == (FRAMES, found.components)
    assert len(found.appears) == found.components
    assert np.isfinite(found.amounts).all()
    assert np.isfinite(found.spectra).all()


@pytest.mark.usefixtures("library")
def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    rows, noise = noisy(consecutive() @ np.stack([A, B, C]))
    unmix(rows, X, noise)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("values", [np.zeros((FRAMES, 512)), np.full((FRAMES, 512), 2.0)])
def test_constant_spectra_have_no_components(values: np.ndarray) -> None:
    found = unmix(values, X, 1e-3, references=SPECTRA)
    assert found.components == 0
    assert found.spectra.shape == (0, 512)
    assert found.amounts.shape == (FRAMES, 0)
    assert found.note
    assert found.to_json()["components"] == 0


@pytest.mark.usefixtures("library")
@given(st.integers(0, 1000), st.integers(2, 7), st.integers(4, 12), st.floats(1e-9, 1e3))
@settings(max_examples=25, deadline=None)
def test_whatever_comes_gives_finite_results(
    seed: int, frames: int, points: int, noise: float
) -> None:
    rows = np.random.default_rng(seed).normal(size=(frames, points)).round(1)
    found = unmix(rows, np.arange(points), noise, references={"first": np.eye(points)[0]})
    assert found.spectra.shape == (found.components, points)
    assert len(found.appears) == len(found.nearest) == found.components
    assert np.isfinite(found.spectra).all()
    assert np.isfinite(found.amounts).all()
    assert min(found.spectra.min(initial=0), found.amounts.min(initial=0)) >= 0
    assert 0 <= found.explained <= 1


@given(st.integers(0, 1000), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_non_negative_least_squares_are_those_of_scipy(seed: int, unknowns: int) -> None:
    random = np.random.default_rng(seed)
    left, right = random.normal(size=(12, unknowns)), random.normal(size=(12, 20))
    expected = np.stack([nnls(left, column)[0] for column in right.T], axis=1)
    np.testing.assert_allclose(non_negative(left, right), expected, atol=1e-8)


# --- references


def test_shifted_reference_is_found() -> None:
    moved = np.interp(X - 4.0, X, B)
    near = match(moved[None] + 0.3 * X / 1000, X, SPECTRA)
    assert near[0][0][0] == "B"
    assert near[0][0][1] > 0.995
    assert len(near[0]) == 3
    assert match(moved[None], X, SPECTRA, shift=0)[0][0][1] < near[0][0][1] - 0.03
    cosines = [cosine for _, cosine in near[0]]
    assert cosines == sorted(cosines, reverse=True)


def test_match_of_a_falling_axis_is_the_same_and_flat_references_are_left_out() -> None:
    rows = np.stack([A, C])
    rising_axis = match(rows, X, SPECTRA)
    falling = match(rows[:, ::-1], X[::-1], {n: s[::-1] for n, s in SPECTRA.items()})
    for one, two in zip(rising_axis, falling, strict=True):
        assert [name for name, _ in one] == [name for name, _ in two]
        np.testing.assert_allclose([c for _, c in one], [c for _, c in two])
    assert rising_axis[0][0] == ("A", pytest.approx(1.0))
    assert match(rows, X, {"flat": np.ones(512)}) == ((), ())


# --- bad input


@pytest.mark.parametrize(
    ("change", "noise", "kind"),
    [
        (np.zeros((1, 512)), 1e-3, AxisError),
        (np.zeros(512), 1e-3, AxisError),
        (np.zeros((5, 3)), 1e-3, AxisError),
        (np.full((5, 512), np.nan), 1e-3, ValueRangeError),
        (np.zeros((5, 512)), -1e-3, ValueRangeError),
        (np.zeros((5, 512)), 0.0, ValueRangeError),
        (np.zeros((5, 512)), np.nan, ValueRangeError),
    ],
)
def test_bad_runs_are_refused(change: np.ndarray, noise: float, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        evolving_factors(change, noise)
    with pytest.raises(kind):
        unmix(change, X, noise)


def test_bad_options_are_refused() -> None:
    rows = np.zeros((FRAMES, 512))
    with pytest.raises(AxisError):
        unmix(rows, X[:-1], 1e-3)
    for components in (0, 99, 1.5):
        with pytest.raises(OptionError):
            unmix(rows, X, 1e-3, components=components)  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        match(A[None], X, SPECTRA, shift=-1)
    with pytest.raises(AxisError):
        match(A[None], X, {"short": A[:-1]})
    with pytest.raises(AxisError):
        match(A[None], np.zeros(512), SPECTRA)


def test_importing_needs_no_pymcr() -> None:
    code = "import sys, opir.pathways.unmix; sys.exit('pymcr' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
