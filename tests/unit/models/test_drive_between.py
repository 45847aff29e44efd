"""The drive between frames: what a record tells, and what it cannot change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.errors import AxisError, ValueRangeError
from opir.models import ForecastInputs
from opir.models.descriptor import describe
from opir.models.inputs import Windows, from_first, given_more, padded_record

pytest.importorskip("torch")

from opir.models.abcc.drive_between import features_at_frames
from opir.models.abcc.protocol_features import LEVELS

SYSTEM = describe(library().systems["lp57-graphite"].system)
HOURS = 3600.0


def drive_at(times: np.ndarray) -> np.ndarray:
    """A voltage that falls fast, then slowly, a steady current and a swinging temperature."""
    hours = times / HOURS
    voltage = 0.1 + 2.9 * np.exp(-hours / 0.3)
    return np.stack([voltage, np.full_like(hours, -1e-3), 298.0 + np.sin(hours)], axis=-1)


def cell(frames: int = 6, rows: int = 0, begin: float = 0.0) -> ForecastInputs:
    """Frames of ten hours, and rows of a record spread evenly between them."""
    times = begin + np.linspace(0.0, 10 * HOURS, frames + 1)
    between = begin + np.linspace(0.0, 10 * HOURS, rows + 1)[1:]
    record = np.column_stack([between, drive_at(between - begin)])[None]
    return ForecastInputs(
        np.ones((1, 1, 8)), times[None, :1], times[None, 1:], np.arange(8.0) + 900,
        drive_at(times - begin)[None], SYSTEM[None], record if rows else np.empty(0),
    )  # fmt: skip


def test_a_record_tells_what_frames_there_would_tell() -> None:
    """Features at frames are those of as many frames as there are rows, at the same times."""
    told = features_at_frames(cell(6, rows=600))
    dense = features_at_frames(cell(600))
    for name in ("growing", "state", "lead"):
        wanted, found = getattr(dense, name)[:, ::100], getattr(told, name)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4, err_msg=name)


def test_time_below_a_potential_is_that_of_the_course_not_of_a_straight_line() -> None:
    """In closed form: the voltage is below 1 V after 0.3 h ln(2.9 / 0.9)."""
    wanted = (10 * HOURS - 0.3 * HOURS * np.log(2.9 / 0.9)) / 1e4
    place = int(np.argmin(np.abs(np.asarray(LEVELS) - 1.0)))
    if abs(LEVELS[place] - 1.0) > 1e-9:
        level = LEVELS[place]
        wanted = (10 * HOURS - 0.3 * HOURS * np.log(2.9 / (level - 0.1))) / 1e4
    known = features_at_frames(cell(4, rows=2000)).growing[0, -1, place]
    straight = features_at_frames(cell(4)).growing[0, -1, place]
    assert float(known) == pytest.approx(wanted, rel=2e-2)
    assert abs(float(straight) - wanted) > 5 * abs(float(known) - wanted)


@given(st.integers(1, 40), st.floats(0, 1e6))
@settings(max_examples=15, deadline=None)
def test_rows_on_straight_lines_change_nothing_and_the_origin_does_not_matter(
    rows: int, begin: float
) -> None:
    plain = cell(5, begin=begin)
    whole = np.concatenate([plain.given_times, plain.times], axis=1)[0]
    between = np.linspace(whole[0] - 100, whole[-1] + 100, rows)
    between[rows // 2] = whole[2]  # one at a frame, and others outside
    between = np.sort(between)
    straight = np.stack([np.interp(between, whole, c) for c in plain.drive[0].T], axis=-1)
    told = replace(plain, record=np.column_stack([between, straight])[None])
    alone, both = features_at_frames(cell(5)), features_at_frames(told)
    for name in ("growing", "state", "lead"):
        np.testing.assert_allclose(
            getattr(both, name), getattr(alone, name), rtol=2e-3, atol=2e-3, err_msg=name
        )


def test_a_record_stays_with_its_windows() -> None:
    some = cell(6, rows=30)
    two = ForecastInputs(
        *(np.concatenate([getattr(some, name)] * 2) for name in ("given", "given_times", "times")),
        some.wavenumber,
        *(np.concatenate([getattr(some, name)] * 2) for name in ("drive", "descriptor", "record")),
    )
    windows = Windows(two, np.ones((2, 6, 8)), np.arange(2))
    np.testing.assert_array_equal(windows.rows([1]).inputs.record, some.record)
    more = given_more(windows, 2)
    np.testing.assert_array_equal(more.inputs.record, two.record)
    np.testing.assert_array_equal(from_first(more).inputs.record, two.record)
    few = some.at([1, 4])
    np.testing.assert_array_equal(few.times, some.times[:, [1, 4]])
    np.testing.assert_array_equal(few.drive[:, 1:], some.drive[:, [2, 5]])
    np.testing.assert_array_equal(few.record, some.record)


@pytest.mark.parametrize(
    ("record", "error", "said"),
    [
        (np.ones((1, 3, 3)), AxisError, "record"),
        (np.array([[[2.0, 1, 1, 300], [1.0, 1, 1, 300]]]), AxisError, "fall"),
        (np.array([[[np.nan, 1, 1, 300]]]), ValueRangeError, "record"),
        (np.array([[[1.0, 99, 1, 300]]]), ValueRangeError, "voltage"),
    ],
)
def test_a_record_that_is_none_is_refused(
    record: np.ndarray, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        replace(cell(), record=record)


def test_what_rows_do_not_tell_is_no_loss() -> None:
    """A record of the voltage alone leaves the charge as it was; rows with holes are bridged."""
    plain, told = cell(6), cell(6, rows=600)
    voltage_only = told.record.copy()
    voltage_only[..., 2:] = np.nan
    found = features_at_frames(replace(told, record=voltage_only))
    np.testing.assert_allclose(
        found.growing[..., -3:], features_at_frames(plain).growing[..., -3:], rtol=1e-5
    )
    wanted = features_at_frames(told)
    np.testing.assert_allclose(found.growing[..., :-3], wanted.growing[..., :-3], rtol=1e-6)
    holes = told.record.copy()
    holes[:, 101:103, 1:] = np.nan
    bridged = features_at_frames(replace(told, record=holes))
    np.testing.assert_allclose(bridged.growing, wanted.growing, rtol=1e-3, atol=1e-4)
    none = np.full_like(told.record, np.nan)
    none[..., 0] = told.record[..., 0]
    nothing = features_at_frames(replace(told, record=none))
    for name in ("growing", "state"):
        np.testing.assert_allclose(
            getattr(nothing, name), getattr(features_at_frames(plain), name), rtol=1e-4, atol=1e-4
        )


def test_rows_added_to_match_another_record_change_nothing() -> None:
    for some in (cell(6, rows=40), cell(6)):
        longer = replace(some, record=padded_record(some, 100))
        assert longer.record.shape == (1, 100, 4)
        for name in ("growing", "state", "lead"):
            np.testing.assert_allclose(
                getattr(features_at_frames(longer), name),
                getattr(features_at_frames(some), name),
                rtol=1e-5,
                atol=1e-6,
            )
