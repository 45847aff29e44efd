"""Spectrum, Run and Electrochemistry: checked when made, xarray underneath."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from opir import Electrochemistry, Run, Spectrum, System
from opir.errors import AxisError, OpirError, OptionError, UnitError, ValueRangeError
from opir.run.history import Step, format_history, parse_history

TIME = np.array([0.0, 30.0, 95.0])
AXIS = np.array([1800.0, 1500.0, 1000.0, 900.0])
VALUES = np.arange(12.0).reshape(3, 4)


def make(**change: Any) -> Run:
    arguments = {"time": TIME, "wavenumber": AXIS, "values": VALUES} | change
    return Run.from_arrays(**arguments)


def test_a_run_is_an_xarray_dataset() -> None:
    run = make(voltage=[3.0, np.nan, 1.0], temperature=298.15)
    assert isinstance(run.dataset, xr.Dataset)
    assert run.dataset["absorbance"].dims == ("time", "wavenumber")
    assert run.dataset["wavenumber"].attrs["units"] == "cm-1"
    assert run.dataset["voltage"].attrs["units"] == "V"
    late = run.dataset.sel(time=slice(20, None)).mean("time")
    np.testing.assert_allclose(late["absorbance"], VALUES[1:].mean(0))


def test_missing_voltage_is_visible_and_stays_missing() -> None:
    run = make(voltage=[3.0, np.nan, 1.0])
    assert run.missing == {"voltage": 1, "current": 3, "temperature": 3}
    np.testing.assert_array_equal(run.on_time("voltage"), [3.0, np.nan, 1.0])
    assert run.on_time("current") is None


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"time": [0, 30, 30]}, AxisError, "a duplicate at 30, 30"),
        ({"time": [0, 30, 20]}, AxisError, "a step back at 30, 20"),
        ({"time": [-1, 30, 40]}, AxisError, "Count times from the start"),
        ({"time": [0, np.nan, 40]}, AxisError, r"time\[1\]"),
        ({"time": [0, 1]}, AxisError, r"2 times x 4 wavenumbers"),
        ({"wavenumber": [1, 2, 2, 3]}, AxisError, "a duplicate"),
        ({"wavenumber": [1, 2, 4, 3]}, AxisError, "a step back"),
        ({"wavenumber": [1, 2, np.inf, 3]}, AxisError, "NaN or infinite"),
        ({"values": np.full((3, 4), np.nan)}, ValueRangeError, r"absorbance\[0, 0\]"),
        ({"values": VALUES * 1e300}, ValueRangeError, "outside"),
        ({"voltage": [7, 3, 3]}, ValueRangeError, "outside -1 to 6"),
        ({"voltage": [np.inf, 3, 3]}, ValueRangeError, "non-finite"),
        ({"voltage": [3, 3]}, AxisError, "2 values for 3 times"),
        ({"temperature": 25}, ValueRangeError, "degC"),
        ({"wavenumber_unit": "nm"}, UnitError, "cm-1"),
        ({"time_unit": "fortnight"}, UnitError, "hour"),
        ({"signal": "absorbtion"}, OptionError, "absorbance"),
        ({"origin": "real"}, OptionError, "measured"),
        ({"start": "yesterday"}, OpirError, "2026-11-22T17:12:00"),
        ({"metadata": {"a": object()}}, ValueRangeError, "JSON"),
    ],
)
def test_faults_are_refused_with_their_place(
    change: dict[str, Any], kind: type[OpirError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        make(**change)


def test_units_at_the_border() -> None:
    run = make(time=TIME / 60, time_unit="min", wavenumber=AXIS * 100, wavenumber_unit="m-1")
    np.testing.assert_allclose(run.time, TIME)
    np.testing.assert_allclose(run.wavenumber, AXIS)
    percent = make(signal="transmittance", unit="%", values=VALUES)
    np.testing.assert_allclose(percent.values, VALUES / 100)


def test_a_dataset_in_another_unit_is_refused_not_relabelled() -> None:
    dataset = make(voltage=[1, 2, 3]).dataset
    dataset["voltage"] = dataset["voltage"].assign_attrs(units="mV")
    with pytest.raises(UnitError, match="voltage is in 'mV'"):
        Run(dataset)


def test_dimensions_in_another_order_are_put_right() -> None:
    run = Run(make().dataset.transpose("wavenumber", "time"))
    np.testing.assert_array_equal(run.values, VALUES)


def test_two_signals_or_none_are_refused() -> None:
    dataset = make().dataset
    with pytest.raises(OptionError, match="none of them"):
        Run(dataset.drop_vars("absorbance"))
    with pytest.raises(OptionError, match="absorbance, transmittance"):
        Run(dataset.assign(transmittance=dataset["absorbance"]))


def test_making_a_run_leaves_the_given_dataset_alone() -> None:
    dataset = xr.Dataset(
        {"absorbance": (("wavenumber", "time"), VALUES.T)},
        coords={"time": TIME, "wavenumber": AXIS},
    )
    before = dataset.copy(deep=True)
    Run(dataset)
    assert dataset.identical(before)


def test_a_frame_is_a_spectrum_with_its_own_time() -> None:
    run = make(start="2026-01-01T00:00:00+01:00", voltage=[3, 2, 1])
    spectrum = run.spectrum(-1)
    np.testing.assert_array_equal(spectrum.values, VALUES[2])
    assert spectrum.start_text == "2026-01-01T00:01:35+01:00"
    assert "voltage" not in spectrum.dataset
    with pytest.raises(OptionError, match="frame 3 was asked for; the run has 3"):
        run.spectrum(3)


def test_a_run_remembers_its_system() -> None:
    system = System(name="lp30-graphite", temperature="25 degC")
    assert make(system=system).system == system
    assert make().system is None


axes = hnp.arrays(
    np.float64, st.integers(1, 20), elements=st.floats(400, 4000, width=32), unique=True
)


@given(axis=axes, falling=st.booleans(), seed=st.integers(0, 99))
def test_any_monotonic_axis_in_either_direction_is_kept(
    axis: np.ndarray, falling: bool, seed: int
) -> None:
    axis = np.sort(axis)[::-1] if falling else np.sort(axis)
    values = np.random.default_rng(seed).normal(size=axis.size)
    spectrum = Spectrum.from_arrays(axis, values)
    np.testing.assert_array_equal(spectrum.wavenumber, axis)
    np.testing.assert_array_equal(spectrum.values, values)


def test_single_precision_stays_single() -> None:
    assert make(values=VALUES.astype(np.float32)).values.dtype == np.float32


def test_electrochemistry_times_may_repeat_but_not_run_back() -> None:
    record = Electrochemistry.from_columns(
        [0, 1, 1], {"voltage": [3000, np.nan, 2500]}, units={"time": "h", "voltage": "mV"}
    )
    np.testing.assert_allclose(record.time, [0, 3600, 3600])
    np.testing.assert_allclose(record.column("voltage"), [3.0, np.nan, 2.5])
    with pytest.raises(AxisError, match="step back"):
        Electrochemistry.from_columns([0, 2, 1], {"voltage": [1, 1, 1]})
    with pytest.raises(OptionError, match="voltage or a current"):
        Electrochemistry.from_columns([0, 1], {"cycle": [1, 1]})
    with pytest.raises(ValueRangeError, match="outside -1 to 6"):
        Electrochemistry.from_columns([0, 1], {"voltage": [3700, 3700]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(
        st.builds(
            Step,
            st.text(min_size=1),
            st.dictionaries(st.text(), json_values, max_size=3),
            st.booleans(),
        )
    )
)
def test_history_round_trips(steps: list[Step]) -> None:
    assert parse_history(format_history(tuple(steps))) == tuple(steps)


def test_an_irreversible_step_drops_what_undoing_needed() -> None:
    run = make()
    offset = run.dataset["absorbance"].mean("wavenumber")
    shifted = run.with_step(Step("offset", undoable=True), run.dataset, {"offset": offset})
    assert "undo_0_offset" in shifted.dataset
    cut = shifted.with_step(Step("cut"), shifted.dataset.isel(wavenumber=slice(2)))
    assert "undo_0_offset" not in cut.dataset
    assert [step.name for step in cut.history] == ["offset", "cut"]
