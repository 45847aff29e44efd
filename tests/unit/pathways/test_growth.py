"""Growth laws, simulated and told apart again."""

from __future__ import annotations

import math
import time as clock
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.pathways.growth import LAWS, growth_law
from opir.pathways.onset import find_onset
from opir.pathways.result import Onset

FRAMES, END = 120, 7200.0
TIME = np.linspace(0, END, FRAMES)


def dissolving(s: np.ndarray) -> np.ndarray:
    return -np.expm1(-np.minimum(s, 0.4) / 0.3) * np.exp(-np.maximum(s - 0.4, 0) / 0.3)


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda s: s,
    "parabolic": np.sqrt,
    "logarithmic": lambda s: np.log1p(20 * s),
    "dissolving": dissolving,
}
NONE_OF_THEM: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "used up": lambda s: -np.expm1(-5 * s),
    "ends at once": lambda s: np.minimum(s, 0.5),
    "a step": lambda s: (s > 0).astype(float),
    "speeds up": np.square,
    "in two waves": lambda s: 1 / (1 + np.exp(-60 * (s - 0.2))) + 1 / (1 + np.exp(-60 * (s - 0.8))),
}


def amount(shape: Callable[[np.ndarray], np.ndarray], start: float, top: float = 2.0) -> np.ndarray:
    """Of largest value ``top``, begun at a share ``start`` of the run; simulated."""
    curve = shape(np.maximum(TIME / END - start, 0) / (1 - start))
    curve = curve - curve[0]
    return top * curve / curve.max()


def laws(shape: Callable[[np.ndarray], np.ndarray], signal: float, runs: int = 25) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        spread = np.full(FRAMES, 2.0 / signal)
        noisy = amount(shape, rng.uniform(0, 0.4)) + rng.normal(size=FRAMES) * spread
        found[growth_law(TIME, noisy, spread).law] += 1
    return found


@pytest.mark.parametrize("law", SHAPES)
def test_laws_are_told_apart(law: str) -> None:
    assert laws(SHAPES[law], signal=30)[law] >= 0.9 * 25


@pytest.mark.parametrize("name", NONE_OF_THEM)
def test_what_follows_no_law_is_unclear(name: str) -> None:
    assert laws(NONE_OF_THEM[name], signal=30)["unclear"] >= 0.9 * 25


def test_little_signal_is_unclear_rather_than_wrong() -> None:
    found = laws(SHAPES["logarithmic"], signal=6)
    assert found["unclear"] >= found["linear"] + found["parabolic"]


@pytest.mark.parametrize("signal", [1e3, 1e6])
def test_parameters_are_those_that_made_it(signal: float) -> None:
    spread = np.full(FRAMES, 1 / signal)
    s = np.maximum(TIME - 1000.0, 0)
    line = growth_law(TIME, 2e-3 * s, spread)
    assert line.law == "linear"
    assert line.parameters == pytest.approx({"start": 1000, "rate": 2e-3}, rel=0.01)
    root = growth_law(TIME, np.sqrt(5e-4 * s), spread)
    assert root.law == "parabolic"
    assert root.parameters == pytest.approx({"start": 1000, "rate": 5e-4}, rel=0.01)
    slow = growth_law(TIME, 0.7 * np.log1p(s / 300), spread)
    assert slow.law == "logarithmic"
    assert slow.parameters == pytest.approx({"start": 1000, "height": 0.7, "time": 300}, rel=0.03)
    made = -np.expm1(-np.minimum(s, 2000) / 1500)
    lost = growth_law(TIME, 1e-3 * 1500 * made * np.exp(-np.maximum(s - 2000, 0) / 1500), spread)
    assert lost.law == "dissolving"
    expected = {"start": 1000, "rate": 1e-3, "lifetime": 1500, "forming": 2000}
    assert lost.parameters == pytest.approx(expected, rel=0.03)


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(LAWS), st.integers(0, 99), st.floats(1e-3, 1e3), st.floats(-1e4, 1e4))
def test_scale_and_clock_do_not_matter(law: str, seed: int, scale: float, later: float) -> None:
    spread = np.full(FRAMES, 2 / 30)
    noisy = amount(SHAPES[law], 0.2) + np.random.default_rng(seed).normal(size=FRAMES) * spread
    one = growth_law(TIME, noisy, spread)
    two = growth_law(TIME + later, scale * noisy, scale * spread)
    assert two.law == one.law
    assert two.weights == pytest.approx(one.weights, abs=1e-4)
    if one.parameters:
        assert two.parameters["start"] - later == pytest.approx(one.parameters["start"], abs=1e-2)
    for name, power in {"height": 1, "rate": 2 if law == "parabolic" else 1}.items():
        if name in one.parameters and one.law == law:
            assert two.parameters[name] == pytest.approx(
                one.parameters[name] * scale**power, rel=1e-4
            )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40),
    st.floats(0, 10),
)
def test_never_a_nan_and_weights_add_up(values: list[float], spread: float) -> None:
    time = np.arange(len(values), dtype=float)
    found = growth_law(time, values, np.full(len(values), spread))
    assert found.law in (*LAWS, "unclear")
    assert found.reason
    assert all(
        math.isfinite(value) for value in (*found.parameters.values(), *found.weights.values())
    )
    if found.weights:
        assert set(found.weights) == {*LAWS, "unclear"}
        assert sum(found.weights.values()) == pytest.approx(1)
    assert bool(found.parameters) == (found.law != "unclear")
    if found.law != "unclear":
        assert found.weights[found.law] >= 0.7


def test_deviations_that_are_too_small_do_not_make_it_sure() -> None:
    # noise of 1 in 10, said to be 1 in 10000: linear and its neighbours stay in sight
    noisy = amount(SHAPES["logarithmic"], 0.2)
    noisy = noisy + np.random.default_rng(0).normal(size=FRAMES) * 0.2
    onset = find_onset(TIME, noisy, np.full(FRAMES, 0.2))
    true, small = (
        growth_law(TIME, noisy, np.full(FRAMES, spread), onset=onset) for spread in (0.2, 2e-3)
    )
    assert small.weights == pytest.approx(true.weights, abs=0.1)


def test_where_all_fit_alike_only_the_count_of_parameters_weighs() -> None:
    def weight(count: int) -> float:  # exp(-AICc / 2) of equal chi2
        return math.exp(-count - count * (count + 1) / (FRAMES - count - 1))

    line = amount(SHAPES["linear"], 0.2)
    onset = find_onset(TIME, line, np.full(FRAMES, 1e-3))
    found = growth_law(TIME, line, np.full(FRAMES, 1e6), onset=onset)
    total = 3 * weight(2) + 2 * weight(3) + 2 * weight(4)
    assert found.law == "unclear"
    assert found.weights["linear"] == pytest.approx(weight(2) / total)
    assert found.weights["parabolic"] == pytest.approx(weight(2) / total)
    assert found.weights["logarithmic"] == pytest.approx(weight(3) / total)
    assert found.weights["dissolving"] == pytest.approx(weight(4) / total)
    others = weight(2) + weight(3) + weight(4)  # speeds up, saturates, ends
    assert found.weights["unclear"] == pytest.approx(others / total)


def test_too_little_to_tell_says_so() -> None:
    late = np.maximum(TIME - TIME[-5], 0)
    assert "4 frames" in growth_law(TIME, late, np.full(FRAMES, 1e-3)).reason
    still = growth_law(TIME, 0 * TIME, np.full(FRAMES, 1e-3))
    assert (still.law, dict(still.weights), dict(still.parameters)) == ("unclear", {}, {})


def test_an_amount_that_does_not_fall_is_not_dissolving() -> None:
    for shape in (*(SHAPES[law] for law in LAWS[:3]), NONE_OF_THEM["ends at once"]):
        weights = growth_law(TIME, amount(shape, 0.2), np.full(FRAMES, 0.05)).weights
        assert weights["dissolving"] < 0.01


def test_it_is_quick() -> None:
    noisy = amount(SHAPES["dissolving"], 0.2) + np.random.default_rng(0).normal(size=FRAMES) * 0.05
    spread = np.full(FRAMES, 0.05)
    taken = []
    for _ in range(5):
        begin = clock.process_time()
        growth_law(TIME, noisy, spread)
        taken.append(clock.process_time() - begin)
    assert min(taken) < 0.1  # s; about 0.01 on a free core


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (AxisError, {"time": TIME[::-1]}),
        (AxisError, {"amount": TIME[1:]}),
        (ValueRangeError, {"amount": TIME * np.nan}),
        (ValueRangeError, {"deviation": -TIME}),
        (OptionError, {"smallest": 2.0}),
        (OptionError, {"onset": Onset(500, 9e9, 0.0, 9e9)}),
        (OptionError, {"onset": Onset(5, END, 0.0, END)}),
    ],
)
def test_what_does_not_fit_is_refused(error: type[Exception], change: dict) -> None:
    with pytest.raises(error):
        growth_law(**({"time": TIME, "amount": TIME, "deviation": TIME * 0 + 1} | change))
