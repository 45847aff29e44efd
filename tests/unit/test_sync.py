"""Clocks aligned, values taken over without inventing any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from opir import Electrochemistry, OpirError, Run
from opir.errors import AxisError, OptionError
from opir.run.sync import align, interpolate, last_known, usual_gap

AXIS = np.linspace(1000.0, 1100.0, 5)


def run(times: list[float] | np.ndarray, start: str = "", **attributes: str) -> Run:
    made = Run.from_arrays(times, AXIS, np.ones((len(times), 5)), start=start or None)
    return made.replace(**attributes) if attributes else made


def record(times: list[float] | np.ndarray, start: str = "", **columns: object) -> Electrochemistry:
    if not columns:
        columns = {"voltage": np.asarray(times) * 1e-3}
    return Electrochemistry.from_columns(times, columns, start=start or None)  # type: ignore[arg-type]


def test_a_ramp_is_interpolated_exactly() -> None:
    made, report = align(
        run(np.linspace(3.0, 900.0, 40)), record(np.arange(0, 1001, 10.0)), offset_s=5.0
    )
    np.testing.assert_allclose(made.on_time("voltage"), (made.time + 5) * 1e-3, rtol=1e-12)
    assert report.before == report.after == report.in_gaps == 0
    assert report.offset_s == 5.0


@given(
    times=hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 500)),
    data=st.data(),
)
def test_values_lie_between_their_neighbours(times: np.ndarray, data: st.DataObject) -> None:
    times = np.sort(times)
    values = data.draw(hnp.arrays(np.float64, times.size, elements=st.floats(-1, 5)))
    at = data.draw(hnp.arrays(np.float64, 20, elements=st.floats(-100, 600)))
    gap = data.draw(st.floats(1, 600))
    found = interpolate(at, times, values, gap)
    counted = last_known(at, times, values, gap)
    for t, value, last in zip(at, found, counted, strict=True):
        if t < times[0] or t > times[-1]:
            assert np.isnan(value)
            assert np.isnan(last)
            continue
        left = int(np.searchsorted(times, t, side="right")) - 1
        right = min(left + 1, times.size - 1)
        if times[left] == t:
            assert value == last == values[left]
        elif times[right] - times[left] > gap:
            assert np.isnan(value)
        else:
            low, high = sorted((values[left], values[right]))
            assert low <= value <= high
            assert last == values[left]


def test_a_gap_stays_a_gap() -> None:
    times = np.concatenate([np.arange(0, 101, 10.0), np.arange(500, 601, 10.0)])
    made, report = align(run([50.0, 100.0, 250.0, 499.0, 500.0, 555.0]), record(times), offset_s=0)
    voltage = made.on_time("voltage")
    assert voltage is not None
    assert np.isnan(voltage).tolist() == [False, False, True, True, False, False]
    assert report.in_gaps == 2
    assert report.record_gaps == ((100.0, 500.0),)
    assert made.missing["voltage"] == 2
    assert "gaps" in str(report)


def test_outside_the_record_nothing_is_known() -> None:
    made, report = align(run([0.0, 100.0, 200.0]), record([50.0, 100.0, 150.0]), offset_s=0)
    assert np.isnan(made.on_time("voltage")).tolist() == [True, False, True]
    assert (report.before, report.after) == (1, 1)


def test_at_a_step_the_later_row_holds() -> None:
    times = [0.0, 10.0, 10.0, 20.0]
    made, _ = align(
        run([9.0, 10.0, 11.0]),
        record(times, current=[1.0, 1.0, -1.0, -1.0], cycle=[1.0, 1.0, 2.0, 2.0]),
        offset_s=0,
    )
    assert made.on_time("current").tolist() == [1.0, -1.0, -1.0]
    assert made.on_time("cycle").tolist() == [1.0, 2.0, 2.0]


def test_cycles_are_never_fractions() -> None:
    cycle = np.repeat([0.0, 1.0, 2.0], 10)
    made, _ = align(
        run(np.arange(0, 290, 7.0)), record(np.arange(30) * 10.0, voltage=cycle, half_cycle=cycle),
        offset_s=0,
    )  # fmt: skip
    assert set(made.on_time("half_cycle").tolist()) == {0.0, 1.0, 2.0}


def test_capacity_has_no_value_between_two_half_cycles() -> None:
    made, _ = align(
        run([5.0, 15.0, 25.0]),
        record(
            [0.0, 10.0, 20.0, 30.0],
            voltage=np.ones(4),
            capacity=[0.0, 1.0, 0.0, 1.0],
            half_cycle=[0, 0, 1, 1],
        ),
        offset_s=0,
    )
    assert made.on_time("capacity").tolist() == [0.5, 1.0, 0.5]


def test_sparse_columns_pass_over_missing_rows() -> None:
    temperature = np.array([300.0, np.nan, np.nan, 303.0])
    made, _ = align(
        run([10.0, 20.0]),
        record([0.0, 10.0, 20.0, 30.0], voltage=np.ones(4), temperature=temperature),
        offset_s=0,
    )
    np.testing.assert_allclose(made.on_time("temperature"), [301.0, 302.0])


@pytest.mark.parametrize(
    ("spectra_zone", "record_zone", "hours"),
    [(None, None, 1), ("UTC", "UTC", 1), ("Europe/Paris", "UTC", 0), ("UTC", "Europe/Paris", 2)],
)
def test_time_zones_shift_the_clocks(
    spectra_zone: str | None, record_zone: str | None, hours: int
) -> None:
    made, report = align(
        run([0.0, 60.0], "2024-01-15T13:00:00"),
        record(np.arange(0, 10000, 10.0), "2024-01-15T12:00:00", voltage=np.ones(1000)),
        spectra_timezone=spectra_zone,
        electrochemistry_timezone=record_zone,
    )
    assert report.offset_s == hours * 3600
    assert made.missing["voltage"] == 0
    assert ("same" in str(report)) == (spectra_zone is None)


def test_summer_time_begins_within_one_zone() -> None:
    # 31 March 2024: in Paris, 2:00 is followed at once by 3:00.
    _, report = align(
        run([0.0], "2024-03-31T03:30:00"),
        record([0.0, 7200.0], "2024-03-31T01:30:00", voltage=[1.0, 1.0]),
        spectra_timezone="Europe/Paris",
        electrochemistry_timezone="Europe/Paris",
    )
    assert report.offset_s == 3600


def test_offset_is_added_to_the_spectra_clock() -> None:
    _, report = align(
        run([0.0], "2024-01-01T12:00:00"),
        record([0.0, 100.0], "2024-01-01T12:00:00"),
        offset_s=30.0,
    )
    assert report.offset_s == 30.0


def test_given_starts_replace_those_of_the_files() -> None:
    made, report = align(
        run([0.0], "2019-01-01T00:00:00"),
        record([0.0, 100.0]),
        spectra_start="2024-01-01T12:00:40",
        electrochemistry_start="2024-01-01T12:00:00",
    )
    assert report.offset_s == 40
    assert made.start_text == "2024-01-01T12:00:40"


def test_overlaps_and_pauses_of_spectra_are_counted() -> None:
    spectra = run([0.0, 10.0, 20.0, 23.0, 33.0, 43.0, 143.0])
    _, report = align(spectra, record([0.0, 200.0]), offset_s=0, acquisition_s=8.0)
    assert report.overlapping == 1
    assert report.spectra_gaps == ((43.0, 143.0),)


def test_file_times_are_said() -> None:
    spectra = run([0.0], "2024-01-01T12:00:40", clock="file times")
    _, report = align(spectra, record([0.0, 100.0], "2024-01-01T12:00:00"))
    assert "file times" in report.clock[0]


def test_history_and_values_are_kept() -> None:
    spectra = run([0.0, 1.0])
    made, _ = align(spectra, record([0.0, 100.0]), offset_s=0)
    assert [step.name for step in made.history] == ["align"]
    assert np.array_equal(made.values, spectra.values)
    assert "voltage" not in spectra.dataset


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({}, OptionError, "not known"),
        ({"offset_s": float("nan")}, OptionError, "seconds"),
        ({"offset_s": 1e6}, OptionError, "no spectrum lies within"),
        ({"offset_s": 0, "maximum_gap_s": -1.0}, OptionError, "above 0"),
        (
            {"spectra_start": "2024-01-01T00:00:00Z", "electrochemistry_start": "2024-01-01"},
            OptionError,
            "time zone of the electrochemistry",
        ),
        (
            {"spectra_start": "2024-01-01", "spectra_timezone": "Europe/Pariss"},
            OptionError,
            "unknown",
        ),
        (
            {"spectra_start": "2024-01-01T00:00:00+05:00", "spectra_timezone": "UTC"},
            OptionError,
            "carries an offset",
        ),
    ],
)
def test_what_cannot_be_aligned_is_refused(
    arguments: dict[str, object], kind: type[OpirError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        align(run([0.0, 10.0]), record([0.0, 100.0]), **arguments)  # type: ignore[arg-type]


def test_runs_without_times_are_refused() -> None:
    spectra = run([0.0, 1.0], time_axis="frame number, times unknown")
    with pytest.raises(AxisError, match="no times"):
        align(spectra, record([0.0, 100.0]), offset_s=0)


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        (np.arange(0, 1000, 1.0), 60.0),
        (np.arange(0, 1e5, 30.0), 150.0),
        (np.arange(0, 1e6, 1000.0), 600.0),
        (np.array([0.0, 1.0, 1e6, 1e6 + 1]), 60.0),
        (np.array([5.0]), 60.0),
        (np.array([5.0, 5.0, 5.0]), 60.0),
        # Half of the rows within a millisecond each (impedance), the rest every 50 s.
        (np.concatenate([np.arange(1000) * 1e-3, 1 + np.arange(1, 500) * 50.0]), 250.0),
    ],
)
def test_usual_gap(times: np.ndarray, gap: float) -> None:
    assert usual_gap(times) == pytest.approx(gap)
