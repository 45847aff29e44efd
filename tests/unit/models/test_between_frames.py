"""What the drive was between frames, in closed form, and what every forecaster makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.models import Forecaster, ForecastInputs, Windows, get_model
from opir.models.between_frames import BETWEEN, between_frames, has_record

CLOSED = ("nearest-neighbour", "ridge", "pls", "dmd-control")
NETWORKS = {"gru": {"hidden": 8}, "mlp": {"hidden": 16, "blocks": 1}}
POINTS = 12


def sweep(times: np.ndarray) -> np.ndarray:
    """A voltage that falls and rises again, a current of either sign, one temperature."""
    voltage = 1.5 + np.cos(times / 50.0)
    current = 1e-3 * np.sin(times / 40.0)
    return np.stack([voltage, current, np.full_like(times, 298.15)], axis=-1)


def inputs(
    rows: int, *, given_frames: int = 1, frames: int = 4, begin: float = 0.0
) -> ForecastInputs:
    """Frames every 100 s, and evenly spaced rows of a record up to the last of them."""
    times = 100.0 * np.arange(given_frames + frames)
    between = np.linspace(0.0, times[-1], rows + 1)[1:]
    record = np.column_stack([begin + between, sweep(between)])[None]
    return ForecastInputs(
        given=np.ones((1, given_frames, POINTS)),
        given_times=begin + times[None, :given_frames],
        times=begin + times[None, given_frames:],
        wavenumber=np.linspace(900, 1000, POINTS),
        drive=sweep(times)[None],
        record=record if rows else np.empty(0),
    )


def column(told: np.ndarray, name: str) -> np.ndarray:
    return told[0, :, BETWEEN.index(name)]


def test_means_and_charges_are_the_integrals() -> None:
    told, times = between_frames(inputs(4000)), 100.0 * np.arange(5)
    charge = 0.04 * (1 - np.cos(times / 40.0))
    np.testing.assert_allclose(column(told, "charge"), charge, atol=1e-6)
    np.testing.assert_allclose(
        column(told, "mean current since the last frame")[1:], np.diff(charge) / 100, atol=1e-8
    )
    passed = 1.5 * times + 50 * np.sin(times / 50.0)
    np.testing.assert_allclose(column(told, "mean voltage")[1:], passed[1:] / times[1:], atol=1e-5)
    np.testing.assert_allclose(
        column(told, "mean voltage since the last frame")[1:], np.diff(passed) / 100, atol=1e-5
    )
    dense = np.abs(sweep(np.linspace(0, 400, 100_001))[:, 1]).mean() * 400
    assert np.expm1(column(told, "log absolute charge")[-1]) == pytest.approx(dense, rel=1e-4)


def test_extremes_are_those_between_the_frames() -> None:
    """The voltage is lowest at 50 pi s, between two frames, which only the record shows."""
    told, coarse = between_frames(inputs(4000)), between_frames(inputs(0))
    lowest = column(told, "lowest voltage since the last frame")
    assert lowest[2] == pytest.approx(0.5, abs=1e-4)
    assert column(coarse, "lowest voltage since the last frame")[2] > 0.58
    np.testing.assert_allclose(column(told, "lowest voltage"), np.minimum.accumulate(lowest))
    highest = column(told, "highest voltage since the last frame")
    np.testing.assert_allclose(column(told, "highest voltage"), np.maximum.accumulate(highest))


def test_at_the_first_frame_nothing_has_passed() -> None:
    for told in (between_frames(inputs(40)), between_frames(inputs(0))):
        np.testing.assert_allclose(told[0, 0, :6], [2.5, 2.5, 2.5, 0, 0, 0])
        np.testing.assert_allclose(told[0, 0, 6:], [0, 0, 2.5, 2.5, 2.5])


@settings(max_examples=30, deadline=None)
@given(
    begin=st.floats(0, 1e6),
    rows=st.integers(0, 60),
    outside=st.lists(st.floats(-1e3, 2e3), max_size=5),
)
def test_the_origin_of_time_and_rows_outside_change_nothing(
    begin: float, rows: int, outside: list[float]
) -> None:
    plain, moved = inputs(rows), inputs(rows, begin=begin)
    np.testing.assert_allclose(between_frames(moved), between_frames(plain), rtol=1e-6, atol=1e-9)
    beyond = np.array([time for time in sorted(outside) if time > 400])
    if rows and beyond.size:
        more = np.column_stack([beyond, np.full((beyond.size, 3), [0.0, 1.0, 298.0])])[None]
        longer = replace(plain, record=np.concatenate([plain.record, more], axis=1))
        np.testing.assert_allclose(between_frames(longer), between_frames(plain))


def test_more_rows_where_the_course_is_straight_change_nothing() -> None:
    plain = inputs(0)
    times = np.linspace(0, 400, 83)[1:-1]
    values = [np.interp(times, 100.0 * np.arange(5), plain.drive[0, :, k]) for k in range(3)]
    told = replace(plain, record=np.column_stack([times, *values])[None])
    straight, found = between_frames(plain), between_frames(told)
    # The absolute charge is that of a straight line only where the current keeps its sign.
    kept = [k for k, name in enumerate(BETWEEN) if name != "log absolute charge"]
    np.testing.assert_allclose(found[..., kept], straight[..., kept], atol=1e-12)


def test_what_is_not_known_stays_unknown_or_lies_between() -> None:
    plain = inputs(40)
    holes = plain.record.copy()
    holes[:, 7, 1] = np.nan
    told = between_frames(replace(plain, record=holes))
    assert np.isfinite(told).all()
    np.testing.assert_allclose(told, between_frames(plain), atol=2e-2)
    blind = plain.drive.copy()
    blind[..., 1] = np.nan
    none = np.full_like(plain.record, np.nan)
    none[..., 0] = plain.record[..., 0]
    told = between_frames(replace(plain, drive=blind, record=none))
    current = [k for k, name in enumerate(BETWEEN) if "current" in name or "charge" in name]
    assert np.isnan(told[:, 1:, current]).all()
    assert np.isfinite(np.delete(told, current, axis=-1)).all()


def hidden_pulses(count: int, seed: int) -> Windows:
    """Cells whose band grows with the charge of pulses that fall between the frames."""
    random = np.random.default_rng(seed)
    frames, per = 6, 8
    times = np.tile(100.0 * np.arange(1 + frames), (count, 1))
    rows = np.linspace(0, 100.0 * frames, per * frames + 1)[1:]
    current = np.repeat(random.exponential(1e-3, (count, frames)), per, axis=1)
    current[:, per - 1 :: per] = 0.0  # at the frames themselves there is none
    current[:, 0::per] = 0.0
    record = np.stack(
        [np.tile(rows, (count, 1)), np.full_like(current, 3.0), current, 298.0 + 0 * current], -1
    )
    drive = np.tile([3.0, 0.0, 298.0], (count, 1 + frames, 1))
    edges = np.concatenate([np.zeros((count, 1)), current], axis=1)
    grown = (0.5 * (edges[:, 1:] + edges[:, :-1]) * np.diff(rows, prepend=0.0)).cumsum(1)
    band = np.exp(-0.5 * ((np.arange(POINTS) - 6) / 2.0) ** 2)
    spectra = 1.0 + np.pad(grown[:, per - 1 :: per], ((0, 0), (1, 0)))[..., None] * band
    found = ForecastInputs(
        spectra[:, :1],
        times[:, :1],
        times[:, 1:],
        np.linspace(900, 1000, POINTS),
        drive,
        random.normal(size=(count, 2)),
        record,
    )
    return Windows(found, spectra[:, 1:], np.arange(count))


def without(windows: Windows) -> Windows:
    return replace(windows, inputs=replace(windows.inputs, record=np.empty(0)))


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_learn_from_what_only_the_record_shows(name: str) -> None:
    if name == "pls":
        pytest.importorskip("ikpls")
    learn, judge = hidden_pulses(300, 0), hidden_pulses(40, 1)
    errors = []
    for some, other in ((learn, judge), (without(learn), without(judge))):
        model = get_model(name)().fit(some, other)
        errors.append(np.abs(model.forecast(other.inputs).spectra - other.target).mean())
    assert errors[0] < 0.7 * errors[1]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn_from_what_only_the_record_shows(name: str) -> None:
    pytest.importorskip("torch")
    from opir.training import TrainingConfig, fit

    learn, judge = hidden_pulses(300, 0), hidden_pulses(40, 1)
    errors = []
    for some, other in ((learn, judge), (without(learn), without(judge))):
        model = get_model(name)(**NETWORKS[name])
        fit(model, some, other, config=TrainingConfig(steps=200, learning_rate=1e-2))
        errors.append(np.abs(model.forecast(other.inputs).spectra - other.target).mean())
    assert errors[0] < 0.7 * errors[1]


def fitted(name: str, data: Windows) -> Forecaster:
    """On all of the windows, hardly trained where it is a network."""
    if name == "pls":
        pytest.importorskip("ikpls")
    if name in CLOSED:
        return get_model(name)().fit(data, data)
    pytest.importorskip("torch")
    from opir.training import TrainingConfig, fit

    model = get_model(name)(**NETWORKS[name])
    fit(model, data, config=TrainingConfig(steps=3, average=0.0))
    return model


@pytest.mark.parametrize("name", [*CLOSED, *NETWORKS])
def test_one_fitted_with_a_record_keeps_it_in_its_state_and_does_without(name: str) -> None:
    data = hidden_pulses(60, 0)
    model = fitted(name, data)
    again = type(model).from_state(*model.state())
    wanted = model.forecast(data.inputs).spectra
    np.testing.assert_array_equal(again.forecast(data.inputs).spectra, wanted)
    bare = without(data).inputs
    assert not has_record(bare)
    assert np.isfinite(again.forecast(bare).spectra).all()


@pytest.mark.parametrize("name", [*CLOSED, *NETWORKS])
def test_one_fitted_without_a_record_takes_no_notice_of_it(name: str) -> None:
    data = hidden_pulses(60, 0)
    model = fitted(name, without(data))
    np.testing.assert_array_equal(
        model.forecast(data.inputs).spectra, model.forecast(without(data).inputs).spectra
    )
