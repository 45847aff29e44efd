"""Onsets, balances, irreversibility and streams against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics import (
    irreversibility,
    mass_balance,
    missed_onsets,
    onset_voltage,
    stream_separation,
)

# --- onset -----------------------------------------------------------------------------------

VOLTAGE = np.linspace(2.0, 0.0, 41)


def ramp(start: float, slope: float = 1.0) -> np.ndarray:
    """Area that grows once the falling voltage is below ``start``."""
    return slope * np.maximum(start - VOLTAGE, 0.0)


@given(st.floats(0.6, 1.6), st.floats(0.6, 1.6), st.floats(0.5, 2))
def test_onset_of_a_ramp(true: float, forecast: float, slope: float) -> None:
    noise = 0.2  # crossed at start - noise / slope, two frames at least above the foot
    found = onset_voltage(ramp(forecast, slope), ramp(true, slope), VOLTAGE, noise=noise, share=0)
    assert found == pytest.approx(abs(true - forecast), abs=1e-9)


def test_threshold_is_a_share_of_the_largest_true_value() -> None:
    truth, forecast = ramp(1.0, 2.0), ramp(1.0, 1.0)  # threshold 0.2: at 0.9 V and at 0.8 V
    assert onset_voltage(forecast, truth, VOLTAGE, noise=1e-3) == pytest.approx(0.1)
    assert onset_voltage(truth, truth, VOLTAGE, noise=1e-3) == 0


def test_what_never_rises_is_undefined_and_counted() -> None:
    truth = np.stack([ramp(1.0), ramp(1.0), 0 * VOLTAGE, ramp(1.0), 1 + ramp(1.0)])
    forecast = np.stack([ramp(1.0), 0 * VOLTAGE, ramp(1.0), -ramp(1.0), ramp(1.0)])
    error = onset_voltage(forecast, truth, VOLTAGE, noise=0.1)
    np.testing.assert_array_equal(error, [0, np.nan, np.nan, np.nan, np.nan])
    missed = missed_onsets(forecast, truth, VOLTAGE, noise=0.1)
    np.testing.assert_array_equal(missed, [0, 1, np.nan, 1, np.nan])


def test_a_single_frame_over_the_threshold_is_no_onset() -> None:
    spiked = ramp(1.0).copy()
    spiked[3] = 5.0
    options = {"noise": 0.1, "share": 0.0}
    assert onset_voltage(spiked, ramp(1.0), VOLTAGE, **options) == 0
    early = onset_voltage(spiked, ramp(1.0), VOLTAGE, stays=1, **options)
    assert early == pytest.approx(VOLTAGE[2] - 0.05 * 0.1 / 5 - 0.9)
    last = 0 * VOLTAGE
    last[-1] = 1.0  # over the threshold to the end
    assert np.isfinite(onset_voltage(last, last, VOLTAGE, **options))


def test_unknown_voltage_is_undefined() -> None:
    voltage = np.where(VOLTAGE < 1.2, np.nan, VOLTAGE)
    assert np.isnan(onset_voltage(ramp(1.0), ramp(1.0), voltage, noise=0.1))
    assert onset_voltage(ramp(1.8), ramp(1.8), voltage, noise=0.1) == 0


@given(st.integers(0, 2**32 - 1))
def test_onsets_are_symmetric_and_shift_with_the_voltage(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, two = random.normal(0.05, 0.1, size=(2, 6, 20)).cumsum(axis=-1)
    voltage = random.uniform(0, 3, size=(6, 20))
    found = onset_voltage(one, two, voltage, noise=0.3, share=0)
    np.testing.assert_allclose(found, onset_voltage(two, one, voltage, noise=0.3, share=0))
    np.testing.assert_allclose(
        found, onset_voltage(one, two, voltage + 1, noise=0.3, share=0), atol=1e-12
    )
    band = onset_voltage(one[:, None], two[:, None], voltage[:, None], noise=0.3, share=0)
    np.testing.assert_array_equal(band[:, 0], found)


# --- balance ---------------------------------------------------------------------------------

# C, H, O of  CO + H2O <-> CO2 + H2
ELEMENTS = np.array([[1, 0, 1, 0], [0, 2, 0, 2], [1, 1, 2, 0]])
SHIFT = np.array([-1.0, -1.0, 1.0, 1.0])


@given(st.integers(0, 2**32 - 1), st.floats(1e-12, 1e12))
def test_a_reaction_keeps_its_elements(seed: int, unit: float) -> None:
    extent = np.random.default_rng(seed).uniform(0.1, 1, size=(3, 5)).cumsum(axis=-1)
    amounts = unit * (10 + extent[..., None] * SHIFT)
    residual = mass_balance(amounts, ELEMENTS)
    assert residual.shape == (3, 5, 3)
    assert np.isnan(residual[:, 0]).all()
    assert residual[:, 1:].max() < 1e-10


def test_atoms_from_nothing_and_from_outside() -> None:
    amounts = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 1.0]])  # one CO2 more
    np.testing.assert_allclose(mass_balance(amounts, ELEMENTS)[1], [1.0, np.nan, 1.0])
    given_off = np.array([[0.0, 0, 0], [1.0, 0, 2.0]])
    np.testing.assert_allclose(mass_balance(amounts, ELEMENTS, given_off)[1], [0.0, np.nan, 0.0])
    amounts[1, 0] = 0.5  # half of it from CO
    np.testing.assert_allclose(mass_balance(amounts, ELEMENTS)[1, 0], 0.5 / 1.5)


# --- irreversibility -------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e3), min_size=2, max_size=30))
def test_what_only_rises_has_no_violation(steps: list[float]) -> None:
    rising = np.cumsum(steps)
    assert tuple(irreversibility(rising)) == (0, 0)
    falling = irreversibility(-rising)
    assert falling.size == (1 if (np.diff(rising) > 0).any() else 0)


def test_falls_of_a_known_course() -> None:
    share, size = irreversibility([[0.0, 3.0, 2.0, 4.0, 4.0], [0.0, 1.0, 0.0, 1.0, 0.0]])
    np.testing.assert_allclose(share, [1 / 4, 1 / 2])
    np.testing.assert_allclose(size, [1 / 6, 1 / 2])
    share, size = irreversibility([0.0, 3.0, 2.9, 4.0], tolerance=0.15)
    assert (share, size) == (0, 0)


# --- streams ---------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.floats(-2, 2))
def test_r2_of_a_scaled_change(seed: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(size=(2, 2, 4, 6))
    first = truth[..., :1, :]
    forecast = 7 + random.normal(size=(2, 2, 1, 6)) + scale * (truth - first)
    np.testing.assert_allclose(stream_separation(forecast, truth), 1 - (1 - scale) ** 2, atol=1e-9)


def test_a_stream_that_stays_has_no_r2() -> None:
    truth = np.zeros((2, 3, 4))
    truth[0, 1:] = 1.0
    found = stream_separation(np.ones((2, 3, 4)), truth)
    np.testing.assert_array_equal(found, [0.0, np.nan])
    assert np.isnan(stream_separation(truth, truth, smallest=1.0)).all()


def test_bad_input_is_refused() -> None:
    with pytest.raises(OptionError, match="noise"):
        onset_voltage(VOLTAGE, VOLTAGE, VOLTAGE, noise=0.0)
    with pytest.raises(AxisError, match="do not fit"):
        onset_voltage(VOLTAGE, VOLTAGE, VOLTAGE[1:], noise=0.1)
    with pytest.raises(AxisError, match="does not stretch"):
        onset_voltage(np.ones((2, 41)), np.ones((2, 41)), np.ones((3, 41)), noise=0.1)
    with pytest.raises(ValueRangeError, match="voltage"):
        onset_voltage(VOLTAGE, VOLTAGE, np.full(41, np.inf), noise=0.1)
    with pytest.raises(AxisError, match="element, species"):
        mass_balance(np.ones((2, 3)), ELEMENTS)
    with pytest.raises(AxisError, match="exchanged"):
        mass_balance(np.ones((2, 4)), ELEMENTS, np.ones((3, 3)))
    with pytest.raises(ValueRangeError, match="amounts"):
        mass_balance(np.full((2, 4), np.nan), ELEMENTS)
    with pytest.raises(AxisError, match="two frames"):
        irreversibility([1.0])
    with pytest.raises(OptionError, match="tolerance"):
        irreversibility([1.0, 2.0], tolerance=-1.0)
    with pytest.raises(AxisError, match="frames >= 2"):
        stream_separation(np.ones((1, 4)), np.ones((1, 4)))
