"""Intervals: coverage as promised, on exchangeable runs; the same on other axes and in files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from opir.errors import AxisError, FormatError, ModelError, OptionError, ValueRangeError
from opir.models import Intervals, MeanTrajectory, Persistence, load_model
from opir.models.checkpoint import read_arrays, write_arrays
from opir.models.intervals import LEVELS
from tests.unit.models.toy import decay

AXIS = np.linspace(800.0, 1900.0, 56)
FRAMES = 12
LEAD = 600.0 * np.arange(1, FRAMES + 1)


def errors(runs: int, random: np.random.Generator) -> np.ndarray:
    """Errors that grow with the lead time, of runs of which some are harder than others."""
    size = np.exp(0.4 * random.standard_normal((runs, 1, 1)))
    own = random.standard_normal((runs, FRAMES, 1)) + random.standard_normal(
        (runs, FRAMES, AXIS.size)
    )
    return np.asarray(1e-3 * size * own * np.sqrt(LEAD / 600)[:, None])


def fitted(runs: int = 40, seed: int = 0) -> Intervals:
    residuals = errors(runs, np.random.default_rng(seed))
    return Intervals.fit(residuals, np.tile(LEAD, (runs, 1)), AXIS)


def of_points(values: np.ndarray, points: int = 1) -> Intervals:
    """Calibrated on one frame of runs whose points all have the same error, ``[run]``."""
    residuals = np.repeat(values[:, None, None], points, axis=2)
    axis = np.linspace(1000.0, 1001.0, points) if points > 1 else np.array([1000.0])
    return Intervals.fit(residuals, np.full((values.size, 1), 60.0), axis)


def test_the_half_width_is_the_ceil_of_n_plus_1_times_level_smallest_error() -> None:
    assert of_points(np.arange(1.0, 10.0)).half[:, 0, 0].tolist() == [5, 8, 9, 9]


@pytest.mark.parametrize("runs", [19, 39])
def test_coverage_of_one_new_error_is_exact_on_the_average(runs: int) -> None:
    """Of uniform errors the half width is the coverage; its mean is k / (n + 1)."""
    random, times = np.random.default_rng(runs), 600
    half = np.array([of_points(random.uniform(size=runs)).half[:, 0, 0] for _ in range(times)])
    for at, level in enumerate(LEVELS):
        expected = np.ceil((runs + 1) * level - 1e-9) / (runs + 1)
        # Variance of the k-th smallest of n uniform numbers: that of a beta distribution.
        spread = np.sqrt(expected * (1 - expected) / (runs + 2) / times)
        assert half[:, at].mean() == pytest.approx(expected, abs=4 * spread)


@pytest.mark.parametrize("runs", [10, 15, 24])
def test_points_of_runs_that_err_as_one_are_covered_as_promised(runs: int) -> None:
    """The worst case: all points of a run have one error."""
    random, times = np.random.default_rng(runs), 400
    half = np.array([of_points(random.uniform(size=runs), 60).half.min(2) for _ in range(times)])
    for at, level in enumerate(LEVELS):
        least = level * runs / (runs + 1)
        assert half[:, at].mean() > least - 4 * np.sqrt(least * (1 - least) / (runs + 2) / times)


def test_intervals_of_points_hold_in_every_bin_and_region() -> None:
    random = np.random.default_rng(1)
    found = Intervals.fit(errors(300, random), np.tile(LEAD, (300, 1)), AXIS)
    fresh = np.abs(errors(300, random))
    bins = np.searchsorted(found.edges, LEAD, side="right")
    assert np.unique(bins).size > 3
    for level in LEVELS:
        held = fresh <= found.half_widths(LEAD, level)
        # Runs differ in how much is held by some 0.15; a share of 300 by four times 0.012.
        assert held.mean() == pytest.approx(level, abs=0.05)
        for number in np.unique(bins):
            in_bin = held[:, bins == number]
            assert in_bin.mean() == pytest.approx(level, abs=0.06)
            for part in np.unique(found.region):
                in_part = in_bin[:, :, found.region == part].mean()
                assert in_part == pytest.approx(level, abs=0.08)


@pytest.mark.parametrize("level", LEVELS)
def test_bands_hold_whole_trajectories_of_the_promised_share_of_runs(level: float) -> None:
    random, runs, times = np.random.default_rng(2), 99, 40
    shares = []
    for _ in range(times):
        found = Intervals.fit(errors(runs, random), np.tile(LEAD, (runs, 1)), AXIS)
        fresh = errors(runs, random)
        lower, upper = found.around(
            np.zeros_like(fresh), np.tile(LEAD, (runs, 1)), level, whole=True
        )
        shares.append(((lower <= fresh) & (fresh <= upper)).all(axis=(1, 2)).mean())
    # Binomial scatter of calibration and test; a hundredth for widths of the same runs.
    spread = np.sqrt(2 * level * (1 - level) / runs / times)
    assert np.mean(shares) == pytest.approx(level, abs=4 * spread + 0.01)


def test_a_trajectory_of_one_point_needs_no_wider_band() -> None:
    found = of_points(np.random.default_rng(0).uniform(0.1, 1, 39))
    spectra, lead = np.zeros((1, 1)), np.array([60.0])
    for level in LEVELS:
        alone = found.around(spectra, lead, level)
        whole = found.around(spectra, lead, level, whole=True)
        np.testing.assert_allclose(whole, alone, rtol=1e-6)


def test_the_factor_is_the_largest_error_in_half_widths_of_the_highest_level() -> None:
    residuals = errors(20, np.random.default_rng(3))
    found = Intervals.fit(residuals, np.tile(LEAD, (20, 1)), AXIS)
    width = found.half[-1][np.searchsorted(found.edges, LEAD, side="right")][:, found.region]
    scores = np.sort((np.abs(residuals) / width).max(axis=(1, 2)))
    for level, factor in zip(LEVELS, found.whole, strict=True):
        assert factor == pytest.approx(scores[int(np.ceil(21 * level - 1e-9)) - 1])


def test_a_block_counts_once_however_many_windows_it_has() -> None:
    residuals = errors(20, np.random.default_rng(4))
    one = of_points(np.abs(residuals).max(axis=(1, 2)))
    often = np.repeat(np.arange(20), np.arange(1, 21))
    many = Intervals.fit(
        np.abs(residuals).max(axis=(1, 2))[often][:, None, None],
        np.full((often.size, 1), 60.0),
        np.array([1000.0]),
        block=often,
    )
    assert many.runs == one.runs == 20
    for level in LEVELS:
        reach = [f.around(np.zeros((1, 1)), [60.0], level, whole=True)[1] for f in (one, many)]
        assert reach[0] == pytest.approx(reach[1])


def test_too_few_runs_for_whole_trajectories_are_said_to_be_too_few() -> None:
    found = fitted(5)
    assert found.whole_levels == (0.5, 0.8)
    spectra = np.zeros((1, FRAMES, AXIS.size))
    with pytest.raises(ModelError, match=r"5 runs were too few.*0\.9\. Levels.*: 0\.5, 0\.8"):
        found.around(spectra, LEAD[None], whole=True)
    lower, upper = found.around(spectra, LEAD[None], 0.8, whole=True)
    assert (lower < upper).all()


def test_intervals_grow_with_the_level_and_beyond_what_was_trained_on() -> None:
    found = replace(fitted(), beyond=1.5)
    spectra = np.ones((FRAMES, AXIS.size))
    for whole in (False, True):
        ends = [found.around(spectra, LEAD, level, whole=whole) for level in LEVELS]
        assert (np.diff([upper - lower for lower, upper in ends], axis=0) >= 0).all()
        inner = found.around(spectra, LEAD, 0.9, whole=whole)
        outer = found.around(spectra, LEAD, 0.9, whole=whole, outside=True)
        np.testing.assert_allclose(outer[1] - 1, 1.5 * (inner[1] - 1), rtol=1e-6)
        np.testing.assert_allclose(inner[0] + inner[1], 2 * spectra, rtol=1e-6)
    late = found.half_widths(LEAD * 100, 0.9)
    np.testing.assert_array_equal(late[-1], found.half_widths(LEAD, 0.9)[-1])


def test_precision_is_kept_and_a_batch_is_its_runs() -> None:
    found = fitted()
    spectra = np.ones((3, FRAMES, AXIS.size), dtype=np.float32)
    batch = found.around(spectra, np.tile(LEAD, (3, 1)))
    alone = found.around(spectra[1], LEAD)
    for side in range(2):
        assert batch[side].dtype == np.float32
        np.testing.assert_array_equal(batch[side][1], alone[side])


@settings(max_examples=25, deadline=None)
@given(
    residuals=arrays.arrays(np.float64, (6, 4, 9), elements=st.integers(-50, 50)),
    factor=st.sampled_from([0.25, 2.0, 8.0]),
)
def test_intervals_scale_with_the_errors_and_survive_json(
    residuals: np.ndarray, factor: float
) -> None:
    lead, axis = np.tile([60.0, 120.0, 600.0, 6000.0], (6, 1)), np.linspace(1200, 1000, 9)
    found = Intervals.fit(residuals, lead, axis)
    scaled = Intervals.fit(-factor * residuals, lead, axis)
    np.testing.assert_array_equal(scaled.half, factor * found.half)
    assert scaled.whole == pytest.approx(found.whole)
    text = json.dumps(found.to_json(), allow_nan=False)
    again = Intervals.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    np.testing.assert_array_equal(again.half_widths(lead, 0.8), found.half_widths(lead, 0.8))


def test_perfect_forecasts_have_no_width() -> None:
    found = Intervals.fit(np.zeros((30, FRAMES, AXIS.size)), np.tile(LEAD, (30, 1)), AXIS)
    lower, upper = found.around(np.ones((FRAMES, AXIS.size)), LEAD, whole=True)
    assert (lower == 1).all()
    assert (upper == 1).all()


def test_on_another_axis_a_point_has_the_width_of_its_region() -> None:
    found = fitted()
    turned = found.at(AXIS[::-1])
    np.testing.assert_array_equal(turned.half_widths(LEAD), found.half_widths(LEAD)[:, ::-1])
    part = found.at(AXIS[5:20])
    np.testing.assert_array_equal(part.half_widths(LEAD), found.half_widths(LEAD)[:, 5:20])
    # An axis that would be cut into other regions by itself, between the points of the first.
    fine = found.at(np.linspace(1700, 1850, 300))
    carbonyl = found.half_widths(LEAD)[:, np.searchsorted(AXIS, 1750)]
    np.testing.assert_array_equal(fine.half_widths(LEAD), np.tile(carbonyl[:, None], 300))
    for axis in (np.linspace(700, 900, 9), np.linspace(1800, 2000, 9), np.array([]), [np.nan]):
        with pytest.raises(AxisError, match="800 to 1900"):
            found.at(axis)


def test_what_was_not_calibrated_is_refused() -> None:
    found = fitted()
    spectra = np.zeros((FRAMES, AXIS.size))
    with pytest.raises(OptionError, match=r"level 0\.99 .*Levels: 0\.5, 0\.8, 0\.9, 0\.95"):
        found.around(spectra, LEAD, 0.99)
    with pytest.raises(AxisError, match="do not fit.*at\\(wavenumber\\)"):
        found.around(spectra[:, 1:], LEAD)
    with pytest.raises(AxisError, match="do not fit"):
        found.around(spectra[None], LEAD)


def test_errors_that_are_none_are_refused() -> None:
    lead = np.tile(LEAD, (4, 1))
    residuals = errors(4, np.random.default_rng(0))
    with pytest.raises(AxisError, match="do not fit"):
        Intervals.fit(residuals, lead[:, 1:], AXIS)
    with pytest.raises(AxisError, match="do not fit"):
        Intervals.fit(residuals[:0], lead[:0], AXIS)
    with pytest.raises(AxisError, match=r"blocks of shape \(3,\)"):
        Intervals.fit(residuals, lead, AXIS, block=[0, 1, 2])
    residuals[1, 2, 3] = np.nan
    with pytest.raises(ValueRangeError, match="NaN"):
        Intervals.fit(residuals, lead, AXIS)


DAMAGES: list[tuple[str, Any, str]] = [
    ("half", None, "half"),
    ("half", [[1.0]], "do not fit"),
    ("half", [[["a"]]], "could not convert"),
    ("edges", [600.0, float("nan")], "NaN"),
    ("edges", [900.0, 600.0, 700.0, 800.0, 850.0], "do not rise"),
    ("limits", "abc", "convert"),
    ("whole", [1.0], "1 factors"),
    ("whole", [1.0, 1.0, 1.0, -1.0], "factor is negative"),
    ("whole", [2.0, 1.0, 3.0, 4.0], "factor falls"),
    ("levels", [0.5, 0.8, 0.9, 1.5], "between 0 and 1"),
    ("levels", [0.5, 0.8, 0.8, 0.9], "do not rise"),
    ("runs", 0, "0 runs"),
    ("runs", float("inf"), "infinity"),
    ("beyond", 0.5, "1 or more"),
    ("beyond", float("nan"), "1 or more"),
    ("wavenumber", [], "axis"),
]


@pytest.mark.parametrize(("name", "value", "why"), DAMAGES)
def test_damaged_values_are_refused(name: str, value: Any, why: str) -> None:
    values = fitted().to_json()
    with pytest.raises(ModelError, match=f"intervals are damaged.*{why}"):
        Intervals.from_json({**values, name: value})
    del values[name]
    with pytest.raises(ModelError, match=f"'{name}' is missing"):
        Intervals.from_json(values)


def test_widths_that_fall_with_the_level_are_refused() -> None:
    values = fitted().to_json()
    with pytest.raises(ModelError, match="falls with the level"):
        Intervals.from_json({**values, "half": values["half"][::-1]})


def test_a_models_file_keeps_its_intervals(tmp_path: Path) -> None:
    model = MeanTrajectory().fit(decay())
    assert load_model(model.save(tmp_path / "without.safetensors")).intervals is None
    model.intervals = replace(fitted(), beyond=1.25)
    again = load_model(model.save(tmp_path / "with.safetensors"))
    assert again.intervals is not None
    assert again.intervals.to_json() == model.intervals.to_json()
    assert Persistence.intervals is None  # an attribute of that one model, not of all


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "no JSON"), ("[1, 2]", "damaged"), ("{}", "missing"), ('{"half": NaN}', "missing")],
)
def test_a_file_with_damaged_intervals_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = MeanTrajectory().fit(decay()).save(tmp_path / "model.safetensors")
    found, metadata = read_arrays(path, kind="opir-model")
    write_arrays(
        path, found, kind="opir-model", metadata={**metadata, "intervals": text}, overwrite=True
    )
    with pytest.raises(FormatError, match=f"intervals cannot be read.*{why}") as refused:
        load_model(path)
    assert str(path) in str(refused.value)
