"""DILATE, dynamic time warping and the temporal distortion index."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import AxisError, MissingDependencyError, OptionError, ValueRangeError
from opir.metrics.alignment import course_scale, distortion
from opir.metrics.dilate import dilate, dilate_channels
from opir.metrics.dtw import dtw, dtw_channels
from opir.metrics.mse import mse
from opir.metrics.tdi import tdi, tdi_channels

pytest.importorskip("numba", reason="numba (extra bench) compiles the alignments")

SIZES = [(1, 1), (1, 4), (3, 1), (2, 2), (3, 4), (5, 3), (5, 5)]


def paths(rows: int, columns: int) -> Iterator[list[tuple[int, int]]]:
    """Every path from the first cell to the last."""
    if rows == columns == 1:
        yield [(0, 0)]
        return
    for down, right in ((1, 1), (1, 0), (0, 1)):
        if rows - down >= 1 and columns - right >= 1:
            for path in paths(rows - down, columns - right):
                yield [*path, (rows - 1, columns - 1)]


def delannoy(rows: int, columns: int) -> list[list[int]]:
    """Numbers of paths from the first cell to every other."""
    count = [[1] * columns for _ in range(rows)]
    for i, j in itertools.product(range(1, rows), range(1, columns)):
        count[i][j] = count[i - 1][j] + count[i][j - 1] + count[i - 1][j - 1]
    return count


def enumerated(costs: np.ndarray, gamma: float) -> tuple[float, np.ndarray]:
    """Soft minimum over all paths, and the mean path."""
    all_paths = list(paths(*costs.shape))
    totals = np.array([sum(costs[cell] for cell in path) for path in all_paths])
    weights = np.exp(-(totals - totals.min()) / gamma)
    mean = np.zeros(costs.shape)
    for path, weight in zip(all_paths, weights / weights.sum(), strict=True):
        for cell in path:
            mean[cell] += weight
    return totals.min() - gamma * math.log(weights.sum()), mean


def recursion(costs: np.ndarray, gamma: float) -> tuple[float, np.ndarray]:
    """Algorithms 1 and 2 of Cuturi and Blondel 2017 (arXiv:1703.01541), plainly."""
    rows, columns = costs.shape
    soft = np.full((rows + 2, columns + 2), np.inf)
    soft[0, 0] = 0.0
    for i, j in itertools.product(range(1, rows + 1), range(1, columns + 1)):
        before = -np.array([soft[i - 1, j - 1], soft[i - 1, j], soft[i, j - 1]]) / gamma
        soft[i, j] = costs[i - 1, j - 1] - gamma * np.logaddexp.reduce(before)
    value = soft[rows, columns]
    padded = np.zeros((rows + 2, columns + 2))
    padded[1:-1, 1:-1] = costs
    soft[-1, :] = soft[:, -1] = -np.inf
    soft[-1, -1] = value
    mean = np.zeros((rows + 2, columns + 2))
    mean[-1, -1] = 1.0
    for i, j in itertools.product(range(rows, 0, -1), range(columns, 0, -1)):
        for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if mean[a, b] > 0:
                mean[i, j] += mean[a, b] * np.exp((soft[a, b] - soft[i, j] - padded[a, b]) / gamma)
    return value, mean[1:-1, 1:-1]


def compiled(costs: np.ndarray, gamma: float) -> tuple[float, np.ndarray]:
    """The same by the compiled loops: one entry of the mean path for each matrix of weights."""
    from opir.metrics import alignment_kernel as kernel

    mean, minimum, weight = np.zeros(costs.shape), np.empty(1), np.empty(1)
    for cell in np.ndindex(*costs.shape):
        weights = np.zeros(costs.shape)
        weights[cell] = 1.0
        kernel.soft_costs(costs[None], weights, gamma, minimum, weight)
        mean[cell] = weight[0]
    return float(minimum[0]), mean


def courses(seed: int, *shape: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=shape), axis=-2)


def squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.square(first[:, None] - second[None]).mean(axis=-1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gamma", [0.01, 1.0, 30.0])
def test_all_paths_enumerated(size: tuple[int, int], gamma: float) -> None:
    forecast, truth = courses(1, size[0], 3), courses(2, size[1], 3)
    costs = squares(forecast, truth)
    value, mean = enumerated(costs, gamma)
    found, found_mean = compiled(costs, gamma)
    assert found == pytest.approx(value, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(found_mean, mean, rtol=1e-11, atol=1e-13)
    frames = sum(size) / 2
    parts = dilate(forecast, truth, alpha=0.3, gamma=gamma, scale=1.0)
    time = float((mean * distortion(*size)).sum())
    assert parts.shape * frames == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert parts.time * frames == pytest.approx(time, rel=1e-11, abs=1e-13)
    assert parts.total == pytest.approx(0.3 * parts.shape + 0.7 * parts.time, rel=1e-14)


@pytest.mark.parametrize("size", SIZES)
def test_the_cheapest_path_enumerated(size: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    forecast = random.integers(0, 3, (size[0], 2)).astype(float)  # ties occur
    truth = random.integers(0, 3, (size[1], 2)).astype(float)
    costs, weights = squares(forecast, truth), distortion(*size)
    cost, weight = min(
        (sum(costs[c] for c in path), sum(weights[c] for c in path)) for path in paths(*size)
    )
    frames = sum(size) / 2
    assert dtw(forecast, truth) * frames == pytest.approx(cost, rel=1e-14)
    assert tdi(forecast, truth) * frames == pytest.approx(weight, rel=1e-12, abs=1e-15)


def test_the_mean_path_is_the_gradient() -> None:
    costs = squares(courses(4, 6, 2), courses(5, 7, 2))
    gamma, step = 0.5, 1e-5
    _, mean = compiled(costs, gamma)
    for cell in np.ndindex(*costs.shape):
        change = np.zeros(costs.shape)
        change[cell] = step
        ends = [recursion(costs + sign * change, gamma)[0] for sign in (1, -1)]
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(mean[cell], abs=1e-8)


@pytest.mark.parametrize("gamma", [1e-3, 0.1, 10.0])
def test_the_published_recursions(gamma: float) -> None:
    forecast, truth = courses(6, 41, 3), courses(7, 70, 3)
    joint = dilate(forecast, truth, gamma=gamma, scale=1.0)
    each = dilate_channels(forecast, truth, gamma=gamma, scale=1.0)
    weights = distortion(41, 70)
    for parts, one, two in [
        (joint, forecast, truth),
        (type(each)(*(part[1] for part in each)), forecast[:, 1:2], truth[:, 1:2]),
    ]:
        value, mean = recursion(squares(one, two), gamma)
        assert parts.shape * 55.5 == pytest.approx(value, rel=1e-11)
        assert parts.time * 55.5 == pytest.approx(float((mean * weights).sum()), rel=1e-9)


@pytest.mark.parametrize("frames", [2, 33, 500])
def test_courses_in_which_nothing_happens(frames: int) -> None:
    """All paths count alike: their number is Delannoy's, 4e381 for 500 frames, beyond float64."""
    count = delannoy(frames, frames)
    total = count[-1][-1]
    weights = distortion(frames, frames)
    parts = dilate(np.zeros((frames, 1)), np.zeros((frames, 1)), gamma=0.01, scale=1.0)
    assert parts.shape == pytest.approx(-0.01 * math.log(total) / frames, rel=1e-12)
    assert parts.shape > -1.763 * 0.01
    if frames < 100:
        time = sum(
            count[i][j] * count[frames - 1 - i][frames - 1 - j] / total * weights[i, j]
            for i, j in np.ndindex(frames, frames)
        )
        assert parts.time * frames == pytest.approx(time, rel=1e-11)


def test_a_constant_shift_costs_its_square() -> None:
    level = np.full((12, 3), 5.0)
    assert dtw(level + 0.7, level) == pytest.approx(0.49)
    assert tdi(level + 0.7, level) == 0.0
    parts = dilate(level + 0.7, level, gamma=1e-3, scale=1.0)
    assert parts.shape == pytest.approx(0.49, abs=1e-12)  # a longer path weighs exp(-490) or less
    assert parts.time == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("late", [0, 1, 5, -4])
def test_a_step_that_comes_late(late: int) -> None:
    """The distances along the path rise to the delay one by one, and fall again."""
    frames = 40
    truth = (np.arange(frames) >= 15.0).astype(float)[:, None]
    forecast = (np.arange(frames) >= 15.0 + late).astype(float)[:, None]
    assert dtw(forecast, truth) == 0.0
    expected = 2 * sum(k * k for k in range(1, abs(late) + 1)) / frames**3
    assert tdi(forecast, truth) == pytest.approx(expected, rel=1e-13)


def test_a_course_against_itself() -> None:
    course = courses(8, 5, 30, 6).astype(np.float32)
    assert (dtw(course, course) == 0).all()
    assert (tdi(course, course) == 0).all()
    assert (tdi_channels(np.repeat(course, 2, axis=1), np.repeat(course, 2, axis=1)) == 0).all()
    assert (dilate(course, course).shape < 0).all()


def test_without_softness_it_is_the_hard_one() -> None:
    forecast, truth = courses(9, 3, 20, 5), courses(10, 3, 20, 5)
    parts = dilate(forecast, truth, gamma=1e-9, scale=1.0)
    np.testing.assert_allclose(parts.shape, dtw(forecast, truth), rtol=1e-8)
    np.testing.assert_allclose(parts.time, tdi(forecast, truth), rtol=1e-12, atol=1e-15)
    each = dilate_channels(forecast, truth, gamma=1e-9, scale=1.0)
    np.testing.assert_allclose(each.shape, dtw_channels(forecast, truth), rtol=1e-6)
    np.testing.assert_allclose(each.time, tdi_channels(forecast, truth), rtol=1e-12, atol=1e-15)


def test_costs_of_any_size() -> None:
    forecast, truth = courses(11, 50, 2), courses(12, 50, 2)
    for size in (1e3, 1e8, 1e60):
        parts = dilate(size * forecast, size * truth, scale=1.0)
        np.testing.assert_allclose(parts.shape, dtw(size * forecast, size * truth), rtol=1e-4)
        np.testing.assert_allclose(parts.time, tdi(forecast, truth), rtol=1e-9)


def test_one_channel_is_the_joint_one() -> None:
    forecast, truth = courses(13, 4, 35, 1), courses(14, 4, 35, 1)
    for joint, each in zip(dilate(forecast, truth), dilate_channels(forecast, truth), strict=True):
        np.testing.assert_allclose(joint, each[:, 0], rtol=1e-12)
    many = dilate(np.repeat(forecast, 7, axis=-1), np.repeat(truth, 7, axis=-1))
    np.testing.assert_allclose(many.total, dilate(forecast, truth).total, rtol=1e-12)
    np.testing.assert_allclose(dtw(forecast, truth), dtw_channels(forecast, truth)[:, 0])
    np.testing.assert_allclose(tdi(forecast, truth), tdi_channels(forecast, truth)[:, 0])


def test_the_number_of_pairs_channels_and_threads_is_of_no_account() -> None:
    forecast, truth = courses(15, 133, 9, 70), courses(16, 133, 9, 70)
    for metric in (lambda *a, **k: dilate(*a, **k).total, dtw, tdi):
        many = metric(forecast, truth, threads=2)
        np.testing.assert_array_equal(many, metric(forecast, truth, threads=1))
        for pair in (0, 63, 64, 132):
            assert many[pair] == metric(forecast[pair], truth[pair])
    each = dilate_channels(forecast, truth, scale=1.0)
    single = dilate_channels(forecast[..., 66:67], truth[..., 66:67], scale=1.0)
    np.testing.assert_array_equal(each.total[..., 66:67], single.total)


def test_the_scale_is_the_truths_own() -> None:
    truth = courses(17, 3, 25, 4)
    forecast = truth + 0.3 * courses(18, 3, 25, 4)
    scale = course_scale(truth)
    mean = truth.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(scale**2, np.square(truth - mean).mean(axis=(1, 2)))
    own, given_ = dilate(forecast, truth), dilate(forecast, truth, scale=scale)
    np.testing.assert_array_equal(own.total, given_.total)
    unexplained = mse(forecast, truth, axis=(1, 2)) / scale**2  # 1 - R^2
    assert (own.shape <= unexplained).all()


pairs_of_courses = st.tuples(
    st.integers(0, 10_000), st.integers(2, 20), st.integers(1, 4), st.floats(1e-3, 1.0)
)


@settings(max_examples=30, deadline=None)
@given(pairs_of_courses, st.floats(1e-4, 1e4), st.floats(-5, 5))
def test_unit_and_offset_are_of_no_account(
    drawn: tuple[int, int, int, float], factor: float, offset: float
) -> None:
    seed, frames, channels, gamma = drawn
    forecast, truth = courses(seed, frames, channels), courses(seed + 1, frames, channels)
    before = dilate(forecast, truth, gamma=gamma)
    after = dilate(factor * (forecast + offset), factor * (truth + offset), gamma=gamma)
    np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-9)
    assert dtw(factor * forecast, factor * truth) == pytest.approx(
        factor**2 * dtw(forecast, truth), rel=1e-9
    )


@settings(max_examples=30, deadline=None)
@given(pairs_of_courses, st.integers(2, 20))
def test_symmetries_and_bounds(drawn: tuple[int, int, int, float], others: int) -> None:
    seed, frames, channels, gamma = drawn
    first, second = courses(seed, frames, channels), courses(seed + 1, others, channels)
    parts = dilate(first, second, gamma=gamma, scale=1.0)
    hard = dtw(first, second)
    for one, two in [
        (second, first),
        (first[::-1], second[::-1]),
        (first[:, ::-1], second[:, ::-1]),
    ]:
        np.testing.assert_allclose(
            dilate(one, two, gamma=gamma, scale=1.0), parts, rtol=1e-8, atol=1e-10
        )
        assert dtw(one, two) == pytest.approx(float(hard), rel=1e-9)
        assert tdi(one, two) == pytest.approx(float(tdi(first, second)), rel=1e-9, abs=1e-15)
    number = delannoy(frames, others)[-1][-1]
    lowest = hard - gamma * math.log(number) / (0.5 * (frames + others))
    assert lowest - 1e-9 <= parts.shape <= hard + 1e-9
    assert parts.time >= 0
    if frames == others:
        assert hard <= mse(first, second) + 1e-12


def test_labelled_arrays() -> None:
    xr = pytest.importorskip("xarray")
    forecast, truth = courses(19, 3, 12, 4), courses(20, 3, 12, 4)
    coords = {"run": ["a", "b", "c"], "time": np.arange(12.0), "wavenumber": [900.0, 910, 920, 930]}
    one = xr.DataArray(forecast, dims=("run", "time", "wavenumber"), coords=coords)
    two = xr.DataArray(truth, dims=("run", "time", "wavenumber"), coords=coords)
    joint, each = dilate(one, two.transpose("wavenumber", "run", "time")), dilate_channels(one, two)
    assert joint.total.dims == ("run",)
    assert list(joint.time["run"].values) == ["a", "b", "c"]
    assert each.shape.dims == ("run", "wavenumber")
    assert list(each.shape["wavenumber"].values) == [900.0, 910, 920, 930]
    np.testing.assert_array_equal(joint.total, dilate(forecast, truth).total)
    np.testing.assert_array_equal(dtw(one, two), dtw(forecast, truth))
    assert tdi_channels(one, two).dims == ("run", "wavenumber")
    with pytest.raises(AxisError, match="coordinates"):
        dtw(one, two.assign_coords(wavenumber=[900.0, 910, 920, 931]))


METRICS = [dilate, dilate_channels, dtw, dtw_channels, tdi, tdi_channels]


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.__name__)
def test_bad_input_is_refused(metric) -> None:  # type: ignore[no-untyped-def]
    good = courses(21, 2, 6, 3)
    with pytest.raises(AxisError, match="agree"):
        metric(good, good[:1])
    with pytest.raises(AxisError, match="agree"):
        metric(good, good[..., :2])
    with pytest.raises(AxisError, match="frame, channel"):
        metric(good[0, :, 0], good[0, :, 0])
    with pytest.raises(AxisError, match="empty"):
        metric(good[:, :0], good)
    with pytest.raises(ValueRangeError, match="complex128"):
        metric(good + 1j, good)
    for wrong in (np.nan, np.inf):
        bad = good.copy()
        bad[1, 2, 0] = wrong
        with pytest.raises(ValueRangeError, match="pair 1: truth holds NaN"):
            metric(good, bad)
    with pytest.raises(ValueRangeError, match="too large"):
        metric(1e120 * good, good)
    for threads in (0, True, 1.5):
        with pytest.raises(OptionError, match="threads"):
            metric(good, good, threads=threads)


@pytest.mark.parametrize("metric", [dilate, dilate_channels], ids=lambda m: m.__name__)
def test_bad_options_are_refused(metric) -> None:  # type: ignore[no-untyped-def]
    good = courses(22, 2, 6, 3)
    for gamma in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(OptionError, match="gamma"):
            metric(good, good, gamma=gamma)
    for alpha in (-0.1, 1.1, np.nan):
        with pytest.raises(OptionError, match="alpha"):
            metric(good, good, alpha=alpha)
    for scale in (0.0, -1.0, np.inf, [1.0, np.nan]):
        with pytest.raises(OptionError, match="scale"):
            metric(good, good, scale=scale)
    with pytest.raises(AxisError, match="scale"):
        metric(good, good, scale=[1.0, 2.0, 3.0])
    still = good.copy()
    still[1] = np.float32(0.1)
    with pytest.raises(ValueRangeError, match="pair 1: truth does not change"):
        metric(good, still)
    assert np.isfinite(metric(good, still, scale=1.0).total).all()


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingDependencyError, match=r"opir\[bench\]"):
        dtw(courses(1, 3, 2), courses(2, 3, 2))


def test_numba_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, opir.metrics, opir.metrics.dilate, opir.metrics.tdi; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("gamma", [0.01, 1.0])
def test_beside_tslearn(gamma: float) -> None:
    tslearn = pytest.importorskip("tslearn.metrics", reason="tslearn is not installed")
    forecast, truth = courses(23, 24, 3), courses(24, 31, 3)
    distances = tslearn.SquaredEuclidean(forecast / np.sqrt(3), truth / np.sqrt(3))
    soft = tslearn.SoftDTW(distances, gamma=gamma)
    value, mean = soft.compute(), soft.grad()
    parts = dilate(forecast, truth, gamma=gamma, scale=1.0)
    assert parts.shape * 27.5 == pytest.approx(value, rel=1e-9)
    assert parts.time * 27.5 == pytest.approx(float((mean * distortion(24, 31)).sum()), rel=1e-8)
    hard = tslearn.dtw(forecast, truth) ** 2 / 3
    assert dtw(forecast, truth) * 27.5 == pytest.approx(hard, rel=1e-10)
