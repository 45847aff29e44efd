"""Values of other kinds than plain numbers, and attributes that other software damaged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from opir.errors import FormatError, OpirError, OptionError, ValueRangeError
from opir.run.netcdf import read_netcdf, write_run
from opir.run.processing import Pipeline
from opir.run.readers import read
from opir.run.run import Run
from opir.run.store import Store
from opir.workflows.settings import parse_step
from opir.workflows.show import describe


@pytest.fixture
def run() -> Run:
    return Run.from_arrays([0.0, 1.0, 2.0], [900.0, 950.0], np.ones((3, 2)), voltage=[3.0] * 3)


def test_durations_and_dates_are_no_seconds(run: Run) -> None:
    steps = np.arange(3) * np.timedelta64(10**9, "ns")
    for time in (steps, np.datetime64("2026-01-01", "ns") + steps):
        with pytest.raises(ValueRangeError, match="plain numbers in s"):
            Run(run.dataset.assign_coords(time=time))


def test_complex_numbers_and_texts_are_no_spectra(run: Run) -> None:
    with pytest.raises(ValueRangeError, match="complex numbers"):
        Run(run.dataset.assign(absorbance=run.dataset.absorbance * 1j))
    with pytest.raises(ValueRangeError, match="no numbers"):
        Run(run.dataset.assign(absorbance=run.dataset.absorbance.astype(str)))
    with pytest.raises(ValueRangeError, match="complex numbers"):
        Run(run.dataset.assign(voltage=run.dataset.voltage * 1j))
    integers = Run(run.dataset.assign(absorbance=run.dataset.absorbance.astype(int)))
    assert integers.values.dtype == np.float64


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("metadata", "{junk", "not JSON"),
        ("metadata", "[1]", "a JSON object is needed"),
        ("opir_version", "2", "version 2"),
        ("start_time", "gestern", "not a point in time"),
        ("protocol", "junk: [", "not YAML"),
        ("system", "{", "not YAML"),
    ],
)
def test_damaged_attribute_is_one_sentence(
    run: Run, tmp_path: Path, attribute: str, value: str, said: str
) -> None:
    path = write_run(run, tmp_path / "run.nc")
    with h5py.File(path, "r+") as file:
        del file.attrs["opir_content_hash"]
        file.attrs[attribute] = value
    with pytest.raises(OpirError, match=said) as caught:
        describe(path)
    assert caught.value.path == str(path)


def test_unknown_version_is_refused_although_the_hash_fits(run: Run, tmp_path: Path) -> None:
    path = write_run(run, tmp_path / "run.nc")
    with h5py.File(path, "r+") as file:
        file.attrs["opir_version"] = "7"
    with pytest.raises(FormatError, match="version 7"):
        read_netcdf(path)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("cut", "lacks low and high"),
        ("cut low=900", "lacks high"),
        ("cut low=abc high=950", "low of the step 'cut' is 'abc'; a number is needed"),
        ("cut low=true high=950", "a number is needed"),
        ("cut low=NaN high=950", "a number is needed"),
        ("smooth width=30cm", "width of the step 'smooth' is '30cm'; a number is needed"),
        ("smooth points=2.5", "a whole number is needed"),
        ("smooth keep=1", "true or false is needed"),
    ],
)
def test_parameters_of_steps_are_checked_before_anything_is_read(step: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Pipeline((parse_step(step),))


def test_a_store_is_told_from_a_run(tmp_path: Path) -> None:
    Store.create(tmp_path / "store")
    with pytest.raises(FormatError, match="opir data export") as caught:
        read(tmp_path / "store")
    assert caught.value.path == str(tmp_path / "store")
