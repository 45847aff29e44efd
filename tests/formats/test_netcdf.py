"""One run, spectrum or record as NetCDF4: the same out as in, and damage is noticed."""

from __future__ import annotations

import errno
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from storetools import make_run, make_truth

from opir import Electrochemistry, Run, Spectrum
from opir.errors import FormatError, OpirError, OptionError, OutputError, OutputExistsError
from opir.run.content import content_hash
from opir.run.history import Step
from opir.run.netcdf import (
    read_dataset,
    read_netcdf,
    read_run,
    read_spectrum,
    write_dataset,
    write_netcdf,
    write_run,
    write_spectrum,
)


def test_run_returns_identical(tmp_path: Path) -> None:
    run = make_run(2, start="2026-01-01T00:00:00+01:00", name="Zelle № 3")
    step = Step("subtract", {"value": 0.1}, undoable=True)
    run = run.with_step(step, run.dataset, {"before": xr.DataArray(np.arange(11.0), dims="old")})
    run = Run(run.dataset.assign(flag=("time", np.arange(6) % 2 == 0), n=("time", np.arange(6))))
    write_run(run, tmp_path / "run.nc")
    back = read_run(tmp_path / "run.nc")
    xr.testing.assert_identical(back.dataset, run.dataset)
    assert back.history == run.history
    assert back.dataset["absorbance"].dtype == np.float32
    assert content_hash(back.dataset) == content_hash(run.dataset)


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 7),
    axis=st.lists(st.floats(100, 4000), min_size=1, max_size=9, unique=True),
    falling=st.booleans(),
    double=st.booleans(),
    missing=st.booleans(),
)
def test_any_grid_returns(
    tmp_path_factory: pytest.TempPathFactory,
    frames: int,
    axis: list[float],
    falling: bool,
    double: bool,
    missing: bool,
) -> None:
    path = tmp_path_factory.mktemp("nc") / "run.nc"
    grid = np.sort(axis)[:: -1 if falling else 1]
    values = np.random.default_rng(0).normal(size=(frames, grid.size))
    voltage = np.full(frames, np.nan) if missing else np.linspace(0, 1, frames)
    run = Run.from_arrays(
        np.arange(frames) ** 2.0, grid, values if double else values.astype("f4"), voltage=voltage
    )
    write_run(run, path)
    xr.testing.assert_identical(read_run(path).dataset, run.dataset)


def test_spectrum_and_record_return(tmp_path: Path) -> None:
    spectrum = make_run().spectrum(3)
    write_spectrum(spectrum, tmp_path / "s.nc")
    xr.testing.assert_identical(read_spectrum(tmp_path / "s.nc").dataset, spectrum.dataset)
    record = Electrochemistry.from_columns(
        [0.0, 1.0, 1.0, 2.0], {"voltage": [1.0, np.nan, 2.0, 3.0], "cycle": [1, 1, 2, 2]}
    )
    write_netcdf(record, tmp_path / "e.nc")
    back = read_netcdf(tmp_path / "e.nc")
    assert isinstance(back, Electrochemistry)
    xr.testing.assert_identical(back.dataset, record.dataset)
    with pytest.raises(FormatError, match="an electrochemistry record, not a run"):
        read_run(tmp_path / "e.nc")
    with pytest.raises(FormatError, match="a spectrum, not a run"):
        read_run(tmp_path / "s.nc")


def test_labels_return_and_texts_elsewhere_are_refused(tmp_path: Path) -> None:
    truth = make_truth()
    write_dataset(truth, tmp_path / "t.nc")
    xr.testing.assert_identical(read_dataset(tmp_path / "t.nc"), truth)
    run = make_run()
    texts = Run(run.dataset.assign(note=("time", ["a"] * 6)))
    with pytest.raises(OptionError, match="'note'"):
        write_run(texts, tmp_path / "no.nc")
    assert not (tmp_path / "no.nc").exists()


def test_plain_for_other_programs(tmp_path: Path) -> None:
    """No variable of objects, texts of fixed length, missing values marked: what MATLAB needs."""
    write_run(make_run(1), tmp_path / "run.nc")
    with h5py.File(tmp_path / "run.nc") as file:
        for name, variable in file.items():
            assert variable.dtype.kind in "fi", name
        assert file["absorbance"].attrs["units"] == b"1"
        assert h5py.check_string_dtype(file.attrs.get_id("opir_content_hash").dtype).length == 71
        assert np.isnan(file["voltage"].attrs["_FillValue"]).all()
        assert "_FillValue" not in file["absorbance"].attrs
        assert file["absorbance"].fletcher32
    with xr.open_dataset(tmp_path / "run.nc") as dataset:
        np.testing.assert_array_equal(dataset["absorbance"], make_run(1).values)


def test_long_history_is_kept(tmp_path: Path) -> None:
    run = make_run(metadata={"comment": "long " * 40_000})
    write_run(run, tmp_path / "run.nc")
    assert read_run(tmp_path / "run.nc").metadata == run.metadata


def test_foreign_file_with_our_names(tmp_path: Path) -> None:
    dataset = xr.Dataset(
        {"absorbance": (("wavenumber", "time"), np.ones((3, 2)))},
        coords={"time": [0.0, 5.0], "wavenumber": [1000.0, 1100.0, 1200.0]},
    )
    dataset.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    assert read_run(tmp_path / "theirs.nc").values.shape == (2, 3)
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(FormatError, match="holds no run"):
        read_netcdf(tmp_path / "other.nc")


def test_changed_by_other_software_is_said(tmp_path: Path) -> None:
    write_run(make_run(), tmp_path / "run.nc")
    with h5py.File(tmp_path / "run.nc", "r+") as file:
        file["absorbance"][0, 0] += 1
    with pytest.raises(FormatError, match="does not match the hash.*verify=False"):
        read_run(tmp_path / "run.nc")
    assert isinstance(read_netcdf(tmp_path / "run.nc", verify=False), Run)


def test_every_flipped_bit_is_noticed_or_harmless(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = make_run(3)
    write_run(run, tmp_path / "run.nc")
    good = (tmp_path / "run.nc").read_bytes()
    generator = np.random.default_rng(5)
    noticed = 0
    for _ in range(150):
        bad = bytearray(good)
        bad[generator.integers(len(bad))] ^= 1 << generator.integers(8)
        (tmp_path / "bad.nc").write_bytes(bad)
        try:
            back = read_run(tmp_path / "bad.nc")
        except OpirError as error:
            assert str(tmp_path / "bad.nc") in str(error)
            noticed += 1
        else:
            for name in run.dataset.variables:
                np.testing.assert_array_equal(back.dataset[name], run.dataset[name])
    assert noticed > 20
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not NetCDF4"),
        (b"CDF\x01" + bytes(100), "nccopy"),
        (b"\x89HDF\r\n\x1a\n", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(5000), "damaged"),
        (b"time,voltage\n", "not NetCDF4"),
    ],
)
def test_no_netcdf(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(FormatError, match=says):
        read_netcdf(tmp_path / "x.nc")


def test_truncated_missing_and_boastful(tmp_path: Path) -> None:
    write_run(make_run(), tmp_path / "run.nc")
    good = (tmp_path / "run.nc").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        (tmp_path / "cut.nc").write_bytes(good[: int(share * len(good))])
        with pytest.raises(FormatError):
            read_run(tmp_path / "cut.nc")
    with pytest.raises(FormatError, match="no such file"):
        read_run(tmp_path / "none.nc")
    with h5py.File(tmp_path / "huge.nc", "w") as file:
        file.create_dataset("absorbance", (10**7, 10**5), "f8", chunks=(1000, 1000))
    with pytest.raises(FormatError, match="claims to hold"):
        read_netcdf(tmp_path / "huge.nc")


def test_existing_output_and_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.nc"
    write_run(make_run(1), path)
    with pytest.raises(OutputExistsError):
        write_run(make_run(2), path)
    assert read_run(path).name == "run-0001"
    write_run(make_run(2), path, overwrite=True)
    assert read_run(path).name == "run-0002"

    def full(*arguments: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(OutputError, match="no space"):
        write_run(make_run(3), path, overwrite=True)
    assert read_run(path).name == "run-0002"
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]


def test_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        write_run(make_run().spectrum(0), tmp_path / "x.nc")  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        write_spectrum(make_run(), tmp_path / "x.nc")  # type: ignore[arg-type]
    assert isinstance(make_run().spectrum(0), Spectrum)
