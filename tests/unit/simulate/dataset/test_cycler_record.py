"""What a cycler recorded between the frames of a run: kept with it, in stores too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.errors import AxisError, OptionError
from opir.models.inputs import DRIVE
from opir.run import Electrochemistry, Run
from opir.run.between import record_of, with_record
from opir.run.netcdf import read_run, write_run
from opir.run.processing import process
from opir.run.store import Store
from opir.simulate import simulate
from opir.workflows.simulate import simulate_store

TIMES = np.linspace(0.0, 1000.0, 11)


def run_of(time: np.ndarray) -> Run:
    return Run.from_arrays(time, np.linspace(900, 1000, 5), np.ones((time.size, 5)))


def recorded(column: str = "voltage") -> Electrochemistry:
    return Electrochemistry.from_columns(TIMES, {column: 3.0 - TIMES / 500})


def test_a_record_lies_between_the_first_and_the_last_frame() -> None:
    made = with_record(run_of(np.array([100.0, 600.0, 900.0])), recorded(), 4)
    found = record_of(made)
    assert found is not None
    np.testing.assert_allclose(found[:, 0], [300, 500, 700, 900])
    np.testing.assert_allclose(found[:, 1], 3.0 - found[:, 0] / 500, rtol=1e-6)
    assert np.isnan(found[:, 2:]).all()
    assert made.dataset["record_voltage"].attrs["units"] == "V"


def test_what_was_not_recorded_is_not_filled_in() -> None:
    found = record_of(with_record(run_of(np.array([500.0, 1500.0])), recorded("current"), 10))
    assert found is not None
    known = np.isfinite(found[:, 2])
    np.testing.assert_array_equal(known, found[:, 0] <= 1000)
    assert record_of(run_of(TIMES)) is None


def test_a_record_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="0 rows"):
        with_record(run_of(TIMES), recorded(), 0)
    with pytest.raises(AxisError, match="one frame"):
        with_record(run_of(TIMES[:1]), recorded(), 4)


def test_simulated_sets_keep_it(tmp_path: Path) -> None:
    """It agrees with the frames where they meet, and holds a voltage that falls in between."""
    simulate_store(
        tmp_path / "store",
        systems=["lp57-graphite"],
        protocols=["formation-c10"],
        runs=3,
        frames=9,
        wavenumbers=64,
        workers=1,
        progress=False,
    )
    store = Store.open(tmp_path / "store")
    ids = list(store.ids)
    run = store.run(ids[0])
    found = record_of(run)
    assert found is not None
    assert found.shape == (64, 4)
    for channel, name in enumerate(DRIVE):
        column = run.on_time(name)
        assert column is not None
        assert found[-1, 1 + channel] == pytest.approx(column[-1], rel=1e-4, abs=1e-6)
    voltage = run.on_time("voltage")
    assert voltage is not None
    straight = np.interp(found[:, 0], run.time, voltage)
    assert np.abs(found[:, 1] - straight).max() > 0.05


def test_a_simulated_step_of_the_voltage_is_recorded_as_one() -> None:
    """Where the solver takes long steps, too: neither side of the jump leans towards the other."""
    made = simulate("lp30-lto", "hold 2.2 V for 2 h; hold 1.9 V for 2 h", vary=False, frames=3)
    record = made.record()
    voltage, current = record.column("voltage"), record.column("current")
    assert voltage is not None
    assert current is not None
    steps = np.diff(record.time[record.time <= 7200.0])
    assert steps.max() > 100.0  # else there is nothing to lean on
    found = record_of(with_record(made.run, record, 1000))
    assert found is not None
    before = found[:, 0] < 7200.0
    np.testing.assert_allclose(found[before, 1], 2.2, atol=1e-6)
    np.testing.assert_allclose(found[~before, 1], 1.9, atol=1e-6)
    late = (found[:, 0] > 3600.0) & before
    assert np.abs(found[late, 2]).max() < 1e-4 * np.abs(current).max()


def test_a_gap_of_the_record_is_not_bridged_and_empty_rows_are() -> None:
    voltage = 3.0 - TIMES / 500
    voltage[4:7] = np.nan  # nothing from 300 to 700 s
    record = Electrochemistry.from_columns(TIMES, {"voltage": voltage, "current": TIMES})
    run = run_of(np.array([0.0, 1000.0]))
    bridged = record_of(with_record(run, record, 100))
    cut = record_of(with_record(run, record, 100, maximum_gap_s=250.0))
    assert bridged is not None
    assert cut is not None
    np.testing.assert_allclose(bridged[:, 1], 3.0 - bridged[:, 0] / 500, rtol=1e-6)
    inside = (cut[:, 0] > 300) & (cut[:, 0] < 700)
    np.testing.assert_array_equal(np.isnan(cut[:, 1]), inside)
    assert np.isfinite(cut[:, 2]).all()


STEPS: dict[str, dict[str, object]] = {
    "cut": {"low": 910, "high": 990},
    "resample": {"spacing": 5.0},
    "smooth": {"width": 30.0},
    "normalise": {"method": "snv"},
    "mask": {"bands": [[940.0, 945.0]]},
    "derivative": {"order": 1, "points": 5},
}


@pytest.mark.parametrize("step", STEPS)
def test_processing_keeps_it(step: str, tmp_path: Path) -> None:
    """Through each kind of step, and through a file."""
    axis = np.linspace(900, 1000, 31)
    spectra = 1 + np.exp(-0.5 * ((axis - 950) / 10) ** 2) * (1 + TIMES[:, None] / 1e4)
    run = with_record(Run.from_arrays(TIMES, axis, spectra), recorded(), 40)
    wanted = record_of(run)
    assert wanted is not None
    made = process(run, [(step, STEPS[step])])
    write_run(made, tmp_path / "run.nc")
    found = record_of(read_run(tmp_path / "run.nc"))
    assert found is not None
    np.testing.assert_array_equal(found, wanted)
