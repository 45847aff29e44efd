"""Stays of a potential between levels: all of the time, in order, however finely it is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("torch")

from opir.errors import AxisError
from opir.models.abcc.protocol_features import LEVELS
from opir.models.abcc.visits import RANGES, STEPS, joined, visits

HOUR = 0.36
"""In the unit of visits, 1e4 s."""


def merged(found: np.ndarray) -> np.ndarray:
    """Time and range, of visits that follow each other in the same range together."""
    begins = np.flatnonzero(np.r_[True, np.diff(found[:, 1]) != 0])
    return np.stack([np.add.reduceat(found[:, 0], begins), found[begins, 1]], axis=1)


def test_a_sweep_stays_in_each_range_as_long_as_it_is_wide() -> None:
    """0.45 V down to 0.05 V at 0.1 V/h, and up again: the same ranges the other way round."""
    times, course = np.array([[0.0, 4, 8]]) * 3600, np.array([[0.45, 0.05, 0.45]])
    found = merged(visits(times, course, np.array([[0, 2]]))[0])
    widths = np.array([0.05, 0.1, 0.1, 0.05, 0.05, 0.1, 0.05, 0.05, 0.1, 0.1, 0.05])
    np.testing.assert_allclose(found[:, 0], HOUR * 10 * widths, rtol=1e-5)
    down = [LEVELS.index(level) for level in (0.5, 0.4, 0.3, 0.2, 0.15, 0.1)]
    assert found[:, 1].tolist() == [*down, *down[-2::-1]]


def test_frames_divide_visits_and_times_do_not() -> None:
    times, course = np.array([[0.0, 1, 2, 3]]) * 3600, np.full((1, 4), 0.25)
    place, parts = LEVELS.index(0.3), np.arange(2 * STEPS)
    one = visits(times, course, np.array([[0, 3]]))[0]
    np.testing.assert_allclose(one[:, 0], 3 * HOUR / STEPS, rtol=1e-6)
    two = visits(times, course, np.array([[0, 1, 3]]))[0]
    lasts = np.where(parts < STEPS, HOUR / STEPS, 2 * HOUR / STEPS)
    np.testing.assert_allclose(two, np.stack([lasts, np.full(8, place), parts], axis=1), rtol=1e-6)


def test_what_is_not_known_or_comes_later() -> None:
    times = np.array([[0.0, 1, 2, 3]]) * 3600
    unknown = visits(times, np.array([[0.2, np.nan, 0.2, 0.2]]), np.array([[0, 2]]))
    np.testing.assert_allclose(merged(unknown[0]), [[2 * HOUR, RANGES - 1]], rtol=1e-6)
    jump = visits(np.array([[0.0, 3600, 3600, 7200]]), [[1.1, 1.1, 0.25, 0.25]], [[0, 3]])[0]
    np.testing.assert_allclose(
        merged(jump), [[HOUR, LEVELS.index(1.2)], [HOUR, LEVELS.index(0.3)]], rtol=1e-6
    )
    assert visits(times, np.full((1, 4), 0.2), np.array([[0]])).shape == (1, 0, 3)
    with pytest.raises(AxisError, match="do not fit"):
        visits(times[0], np.full((1, 4), 0.2), np.array([[0, 3]]))


@given(
    arrays(np.float64, 9, elements=st.floats(-0.5, 5.0)),
    arrays(np.float64, 8, elements=st.floats(1.0, 3600.0)),
    st.sets(st.integers(1, 7), max_size=4),
)
def test_all_of_the_time_is_told_and_as_much_below_each_level(
    course: np.ndarray, lasts: np.ndarray, marks: set[int]
) -> None:
    times = np.r_[0.0, np.cumsum(lasts)]
    frames = np.array([[0, *sorted(marks), 8]])
    found = visits(times[None], course[None], frames)[0].astype(np.float64)
    marks = np.interp(np.arange(STEPS * (frames.size - 1) + 1), STEPS * np.arange(frames.size),
                      times[frames[0]])  # fmt: skip
    edges = marks / 1e4
    ends = np.cumsum(found[:, 0])
    begins, after = ends - found[:, 0], found[:, 2].astype(int)
    assert (begins >= edges[after] - 1e-4).all()
    assert (ends <= edges[after + 1] + 1e-4).all()
    assert ends[-1] == pytest.approx(times[-1] / 1e4, rel=1e-5)
    dense = np.linspace(0, times[-1], 20001)
    there = np.interp(dense, times, course)
    for place in (0, 6, 15):
        below = found[found[:, 1] <= place, 0].sum()
        wanted = (there < LEVELS[place]).mean() * times[-1] / 1e4
        assert below == pytest.approx(wanted, abs=3e-3 * times[-1] / 1e4)


def test_batches_join_and_short_rows_end_with_no_time() -> None:
    short, long = np.ones((2, 1, 3), np.float32), np.full((1, 3, 3), 2, np.float32)
    found = joined([short, long], frames=7)
    assert found.shape == (3, 3, 3)
    assert (found[:2, 1:, 0] == 0).all()
    assert (found[:2, 1:, 2] == 6 * STEPS).all()
    np.testing.assert_array_equal(found[2], long[0])
