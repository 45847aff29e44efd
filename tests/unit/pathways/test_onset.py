"""Onsets of curves whose crossing is known, and how often the limits hold it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics import onset_voltage
from opir.pathways.onset import find_onset

TIME = np.linspace(0.0, 3600.0, 121)
VOLTAGE = np.linspace(2.0, 0.0, 121)
SMALL = np.full(121, 1e-6)


def ramp(start: float, slope: float = 1e-3) -> np.ndarray:
    return slope * np.maximum(TIME - start, 0)


def test_the_level_that_can_be_seen_is_by_default_the_deviation() -> None:
    spread = np.full(121, 0.1)
    one = find_onset(TIME, ramp(1000), spread, VOLTAGE)
    assert one == find_onset(TIME, ramp(1000), spread, VOLTAGE, level=spread)
    # a level below the deviation makes it earlier, and the limits are those of the deviation
    early = find_onset(TIME, ramp(1000), spread, VOLTAGE, level=0 * spread)
    late = find_onset(TIME, ramp(1000), spread, VOLTAGE, level=5 * spread)
    assert one is not None
    assert early is not None
    assert late is not None
    assert early.time < one.time < late.time
    narrow = find_onset(TIME, ramp(1000), 0.1 * spread, VOLTAGE, level=0 * spread)
    assert narrow is not None
    assert narrow.time == early.time
    assert narrow.time_upper - narrow.time_lower < early.time_upper - early.time_lower
    with pytest.raises(ValueRangeError, match="negative"):
        find_onset(TIME, ramp(1000), spread, level=-spread)


@given(st.floats(0, 3000), st.floats(1e-4, 10))
def test_a_ramp_is_crossed_where_its_slope_says(start: float, slope: float) -> None:
    found = find_onset(TIME, ramp(start, slope), SMALL * slope, VOLTAGE, share=0.1)
    assert found is not None
    last = TIME[-1] - start
    crossing = start + 0.1 * last  # on a straight line if a frame lies between
    if 0.1 * last > 30:
        assert found.time == pytest.approx(crossing, abs=1e-6)
        assert found.potential == pytest.approx(np.interp(crossing, TIME, VOLTAGE), abs=1e-9)
    assert TIME[found.frame - 1] <= found.time <= TIME[found.frame]
    assert found.time_lower <= crossing <= found.time_upper
    assert found.potential_lower <= found.potential <= found.potential_upper
    assert found.time_upper - found.time_lower >= 30  # never finer than the frames


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.5))
def test_it_is_the_onset_that_the_metric_sees(seed: int, noise: float) -> None:
    values = np.random.default_rng(seed).normal(size=121) * 0.05 + ramp(1800)
    values[0] = 0
    found = find_onset(TIME, values, np.full(121, noise / 3), VOLTAGE, share=0.1)
    threshold = max(noise, 0.1 * values.max())
    distance = onset_voltage(values, values, VOLTAGE, noise=threshold, share=0.0)
    assert (found is None) == np.isnan(distance)
    if found is not None:
        line = threshold * TIME / 30 * 2  # reaches the threshold halfway to frame 1
        metric = onset_voltage(values, line, VOLTAGE, noise=threshold, share=0.0)
        halfway = np.interp(15.0, TIME, VOLTAGE)
        assert abs(found.potential - halfway) == pytest.approx(float(metric), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.floats(-1e5, 1e5))
def test_scale_and_clock_do_not_matter(seed: int, scale: float, later: float) -> None:
    values = ramp(1500) + np.random.default_rng(seed).normal(size=121) * 0.05
    spread = np.full(121, 0.05)
    one = find_onset(TIME, values, spread, VOLTAGE)
    two = find_onset(TIME + later, scale * values, scale * spread, VOLTAGE)
    assert one is not None
    assert two is not None
    assert two.frame == one.frame
    assert two.time - later == pytest.approx(one.time, abs=1e-4)
    assert two.time_lower - later == pytest.approx(one.time_lower, abs=1e-4)
    assert two.time_upper - later == pytest.approx(one.time_upper, abs=1e-4)
    assert two.potential_upper == one.potential_upper


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda s: s,
    "parabolic": np.sqrt,
    "dissolving": lambda s: s * np.exp(-6 * s),
    "late": lambda s: np.maximum(s - 0.6, 0),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shared", [False, True], ids=["independent", "noise of frame 0"])
@pytest.mark.parametrize("signal", [8, 30, 100])
def test_the_limits_hold_the_true_onset(shape: str, shared: bool, signal: float) -> None:
    rng = np.random.default_rng(7)

    def curve(time: np.ndarray) -> np.ndarray:
        return SHAPES[shape](np.maximum(time / 3600 - 0.3, 0))

    fine = np.linspace(0, 3600, 36001)
    largest = curve(fine).max()
    spread = largest / signal
    true = fine[np.argmax(curve(fine) >= max(0.1 * largest, 3 * spread))]
    held, width = [], []
    for _ in range(100):
        noise = rng.normal(size=121) * spread
        if shared:  # as of a change since frame 0, whose noise all frames have
            noise = (noise - noise[0]) / np.sqrt(2)
        found = find_onset(TIME, curve(TIME) + noise, np.full(121, spread))
        assert found is not None
        held.append(found.time_lower <= true <= found.time_upper)
        width.append(found.time_upper - found.time_lower)
    assert np.mean(held) >= 0.85
    assert np.median(width) < 3600 * (0.05 + 3 / signal)


def test_less_noise_gives_closer_limits() -> None:
    width = []
    for spread in (0.2, 0.1, 0.05, 0.01):
        found = find_onset(TIME, ramp(1000), np.full(121, spread), detection=0)
        assert found is not None
        width.append(found.time_upper - found.time_lower)
    assert width == sorted(width, reverse=True)
    assert width[-1] < width[0] / 4


def test_a_fall_is_asked_for_by_its_negative() -> None:
    assert find_onset(TIME, -ramp(1000), SMALL) is None
    assert find_onset(TIME, 0 * TIME, SMALL) is None
    assert find_onset(TIME, 0 * TIME, 0 * TIME, share=0, detection=0) is None


def test_noise_alone_hardly_ever_sets_in() -> None:
    rng = np.random.default_rng(3)
    spread = np.ones(121)
    found = [find_onset(TIME, rng.normal(size=121), spread) for _ in range(300)]
    assert sum(one is not None for one in found) <= 6


def test_a_single_frame_is_no_onset_but_the_last_one_is() -> None:
    spiked = ramp(2000)
    spiked[10] = 5.0
    found, alone = (find_onset(TIME, spiked, SMALL, stays=stays) for stays in (2, 1))
    assert found is not None
    assert alone is not None
    assert found.time > 2000
    assert alone.frame == 10
    last = 0 * TIME
    last[-1] = 1.0
    found = find_onset(TIME, last, SMALL)
    assert found is not None
    assert found.frame == 120


def test_potential_limits_include_the_turn_of_a_sweep() -> None:
    voltage = np.abs(TIME - 1800) / 1800  # turns at 0 V, which is within the limits
    found = find_onset(TIME, ramp(1600), np.full(121, 0.1), voltage)
    assert found is not None
    assert found.time_lower < 1800 < found.time_upper
    assert found.potential_lower == pytest.approx(0)
    assert found.potential_upper == pytest.approx(
        np.interp([found.time_lower, found.time_upper], TIME, voltage).max()
    )


def test_an_unknown_voltage_gives_no_potential() -> None:
    voltage = VOLTAGE.copy()
    known = find_onset(TIME, ramp(1000), SMALL, voltage)
    assert known is not None
    voltage[known.frame] = np.nan
    for given_voltage in (None, voltage):
        found = find_onset(TIME, ramp(1000), SMALL, given_voltage)
        assert found is not None
        assert found.time == known.time
        assert found.potential is found.potential_lower is found.potential_upper is None
    voltage[known.frame], voltage[0] = VOLTAGE[known.frame], np.nan  # far away: no matter
    assert find_onset(TIME, ramp(1000), SMALL, voltage) == known


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (AxisError, {"time": TIME[:-1]}),
        (AxisError, {"time": TIME[::-1]}),
        (AxisError, {"voltage": VOLTAGE[:-1]}),
        (ValueRangeError, {"values": np.full(121, np.nan)}),
        (ValueRangeError, {"deviation": -SMALL}),
        (ValueRangeError, {"voltage": np.full(121, np.inf)}),
        (OptionError, {"share": 1.5}),
        (OptionError, {"detection": -1}),
        (OptionError, {"stays": 0}),
    ],
)
def test_what_does_not_fit_is_refused(error: type[Exception], change: dict) -> None:
    given_ones = {"time": TIME, "values": ramp(1000), "deviation": SMALL, "voltage": VOLTAGE}
    with pytest.raises(error):
        find_onset(**(given_ones | change))
