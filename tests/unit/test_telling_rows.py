"""Rows of a record from which straight lines come close to all of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import AxisError
from opir.protocol import Protocol
from opir.run import Electrochemistry, Run
from opir.run.between import record_of, with_record
from opir.run.telling_rows import telling_times

NUMBERS = st.floats(-10, 10, allow_nan=False, width=32)


@st.composite
def courses(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(2, 40))
    steps = draw(st.lists(st.floats(1e-3, 1e3), min_size=count - 1, max_size=count - 1))
    columns = draw(st.lists(st.lists(NUMBERS, min_size=count, max_size=count), max_size=2))
    values = np.array(columns, dtype=float).reshape(len(columns), count).T
    return np.concatenate([[0.0], np.cumsum(steps)]), values


@settings(max_examples=200, deadline=None)
@given(courses(), st.integers(1, 200), st.floats(0, 0.4), st.floats(0.6, 1.2))
def test_times_rise_after_the_beginning_to_the_end(
    course: tuple[np.ndarray, np.ndarray], rows: int, early: float, late: float
) -> None:
    times, values = course
    begin, end = early * times[-1], late * times[-1]
    found = telling_times(times, values, begin, end, rows)
    assert found.shape == (rows,)
    assert found[-1] == end
    assert (np.diff(np.concatenate([[begin], found])) > 0).all()


@settings(max_examples=200, deadline=None)
@given(courses())
def test_a_course_of_few_rows_is_told_whole(course: tuple[np.ndarray, np.ndarray]) -> None:
    """Its integrals and values are those of straight lines between the chosen times."""
    times, values = course
    found = np.concatenate([[0.0], telling_times(times, values, 0.0, times[-1], 100)])
    for column in values.T:
        told = np.interp(found, times, column)
        whole = np.trapezoid(column, times)
        allowed = 1e-3 * np.ptp(column) * times[-1] + 1e-9
        assert abs(np.trapezoid(told, found) - whole) <= allowed


def test_a_peak_that_is_over_in_seconds_keeps_its_charge() -> None:
    times = np.concatenate([[0.0], np.geomspace(1e-3, 7200.0, 400)])
    current = -0.1 * np.exp(-times / 30.0) - 1e-3
    whole = np.trapezoid(current, times)
    found = np.concatenate([[0.0], telling_times(times, current[:, None], 0.0, 7200.0, 64)])
    even = np.linspace(0.0, 7200.0, 65)
    told, evenly = (
        np.trapezoid(np.interp(at, times, current), at) / whole - 1 for at in (found, even)
    )
    assert abs(evenly) > 0.2
    assert abs(told) < 0.01


def test_times_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(AxisError, match="64 rows do not fit"):
        telling_times(np.array([0.0, 2e9]), np.zeros((2, 1)), 1e9, 1e9 + 1e-6, 64)


def test_a_jump_has_both_of_its_sides() -> None:
    times = np.array([0.0, 999.0, 999.999, 1000.0, 3600.0])
    voltage = np.array([2.2, 2.2, 2.2, 1.9, 1.9])
    found = telling_times(times, voltage[:, None], 0.0, 3600.0, 10)
    assert np.isin([999.999, 1000.0], found).all()


def test_where_nothing_changes_times_are_even() -> None:
    times = np.linspace(0.0, 700.0, 33)
    straight = np.stack([3.0 - times / 500, np.full(33, 1.0), np.full(33, np.nan)], axis=-1)
    for columns in (straight, straight[:, :0]):
        found = telling_times(times, columns, 100.0, 500.0, 16)
        np.testing.assert_allclose(found, np.linspace(100.0, 500.0, 17)[1:])


def test_rows_are_rows_of_the_record_or_lines_between_them() -> None:
    random = np.random.default_rng(0)
    times = np.sort(random.uniform(0.0, 1000.0, 500))
    record = Electrochemistry.from_columns(
        times, {"voltage": random.uniform(0, 4, 500), "current": random.normal(size=500)}
    )
    frames = np.array([100.0, 400.0, 900.0])
    run = Run.from_arrays(frames, np.linspace(900, 1000, 5), np.ones((3, 5)))
    found = record_of(with_record(run, record, 60))
    assert found is not None
    assert np.isin(found[:, 0], times).sum() == 30
    for column, name in enumerate(("voltage", "current"), 1):
        values = record.column(name)
        assert values is not None
        np.testing.assert_allclose(
            found[:, column], np.interp(found[:, 0], times, values), atol=1e-6
        )


def test_between_knots_a_protocol_is_straight() -> None:
    """But for the millisecond before a jump."""
    times = [0.0, 10.0, 10.0, 400.0, 3600.0]
    voltage, current = [3.0, 2.9, 0.1, 0.1, 0.5], [0.0, 0.0, -1e-3, -1e-4, 2e-4]
    protocol = Protocol.from_measured(times, voltage, current)
    knots = protocol.knots
    assert (np.diff(knots) > 0).all()
    assert knots[0] == protocol.start
    assert knots[-1] == protocol.end
    asked = np.linspace(protocol.start, protocol.end, 1001)
    told = protocol.sample(knots).table
    for column, whole in zip(told.T[:2], protocol.sample(asked).table.T[:2], strict=True):
        np.testing.assert_allclose(np.interp(asked, knots, column), whole, atol=1e-9)
