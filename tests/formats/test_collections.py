"""Folders, archives and lists of files that become one run; ingest and show."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from opir import Electrochemistry, OpirError, Run, Spectrum, read
from opir.errors import AxisError, FormatError, OptionError, OutputError, OutputExistsError
from opir.run.between import record_of
from opir.run.netcdf import read_run, write_netcdf, write_spectrum
from opir.run.readers import read_all
from opir.run.readers.collection import natural_order
from opir.run.readers.delimited import FRAME_AXIS
from opir.workflows.ingest import ingest
from opir.workflows.show import describe

AXIS = np.array([1000.0, 1001.0, 1002.0, 1003.0])


def dpt(path: Path, value: float, *, axis: np.ndarray = AXIS, age: float | None = None) -> Path:
    path.write_text("".join(f"{x},{value}\n" for x in axis))
    if age is not None:
        os.utime(path, (1.7e9 + age, 1.7e9 + age))
    return path


def nc(path: Path, value: float, start: str) -> Path:
    spectrum = Spectrum.from_arrays(AXIS, np.full(4, value), start=start)
    return write_spectrum(spectrum, path)


def test_names_sort_by_their_numbers() -> None:
    names = ["s10.0", "s2.0", "S1.0", "a.1", "a.10", "a.9"]
    ordered = [p.name for p in sorted(map(Path, names), key=natural_order)]
    assert ordered == ["a.1", "a.9", "a.10", "S1.0", "s2.0", "s10.0"]


def test_acquisition_times_give_the_order(tmp_path: Path) -> None:
    for number, second in enumerate([30, 0, 10]):
        nc(tmp_path / f"s{number}.nc", float(second), f"2024-01-01T00:00:{second:02d}+01:00")
    contents = read_all(tmp_path)
    run = contents.blocks[contents.main]
    assert isinstance(run, Run)
    assert run.time.tolist() == [0, 10, 30]
    assert run.values[:, 0].tolist() == [0, 10, 30]
    assert run.metadata["files"] == ["s1.nc", "s2.nc", "s0.nc"]
    assert run.start_text == "2024-01-01T00:00:00+01:00"
    assert any("order of their times" in note for note in contents.notes)


def test_file_times_stand_in_and_are_said(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        dpt(tmp_path / f"s{number}.dpt", number, age=number * 30.0)
    contents = read_all(tmp_path)
    run = contents.blocks["series"]
    assert isinstance(run, Run)
    np.testing.assert_allclose(run.time, [0, 30, 270])
    assert run.values[:, 0].tolist() == [1, 2, 10]
    assert "file times" in run.dataset.attrs["clock"]
    assert any("File times stand in" in note for note in contents.notes)


def test_without_usable_file_times_the_times_are_unknown(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        dpt(tmp_path / f"s{number}.dpt", number, age=0.0)
    run = read(tmp_path)
    assert isinstance(run, Run)
    assert run.time.tolist() == [0, 1, 2]
    assert run.values[:, 0].tolist() == [1, 2, 10]
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS
    assert run.start is None


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    dpt(tmp_path / "s1.dpt", 1, age=0)
    dpt(tmp_path / "s2.dpt", 2, age=5)
    (tmp_path / "readme.md").write_text("about the cell\n")
    (tmp_path / "empty.dpt").write_bytes(b"")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "older").mkdir()
    contents = read_all(tmp_path)
    notes = " ".join(contents.notes)
    assert "readme.md" in notes
    assert "empty.dpt" in notes
    assert "older" in notes
    assert "hidden" not in notes


def test_what_is_no_series_has_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no files"):
        read_all(tmp_path)
    (tmp_path / "notes.md").write_text("about the cell\n")
    with pytest.raises(FormatError, match=r"none of the 1 files.*notes\.md"):
        read_all(tmp_path)
    dpt(tmp_path / "s1.dpt", 1)
    dpt(tmp_path / "s2.dpt", 2, axis=AXIS[:3])
    with pytest.raises(AxisError, match=r"axes differ: s2\.dpt has 3 points.*s1\.dpt has 4"):
        read_all(tmp_path)
    (tmp_path / "s2.dpt").write_text("cm-1,%T\n" + "".join(f"{x},50\n" for x in AXIS))
    with pytest.raises(AxisError, match="holds transmittance"):
        read_all(tmp_path)
    (tmp_path / "s2.dpt").unlink()
    nc(tmp_path / "a.nc", 1.0, "2024-01-01T00:00:00")
    nc(tmp_path / "b.nc", 1.0, "2024-01-01T00:00:01+01:00")
    (tmp_path / "s1.dpt").unlink()
    with pytest.raises(FormatError, match="offset from UTC"):
        read_all(tmp_path)


def test_a_folder_with_its_record(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    folder.mkdir()
    nc(folder / "s1.nc", 1.0, "2024-01-01T00:00:00")
    nc(folder / "s2.nc", 2.0, "2024-01-01T00:00:10")
    (folder / "c.mpt").write_text("time/s\tEwe/V\tI/mA\n0\t3\t1\n20\t5\t1\n")
    contents = read_all(folder)
    assert contents.main == "series"
    assert isinstance(contents.blocks["electrochemistry"], Electrochemistry)
    result = ingest(folder, out=tmp_path / "run.nc", offset_s=0)
    assert result.run.on_time("voltage").tolist() == [3.0, 4.0]
    assert any("beside the spectra" in note for note in result.notes)


def test_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in (1, 2, 10):
            info = zipfile.ZipInfo(f"day/s{number}.dpt", (2024, 1, 1, 12, 0, number * 2))
            archive.writestr(info, "".join(f"{x},{number}\n" for x in AXIS))
        archive.writestr("__MACOSX/._s1.dpt", b"\0")
    contents = read_all(tmp_path / "a.zip")
    run = contents.blocks[contents.main]
    assert isinstance(run, Run)
    assert contents.format == "archive"
    assert run.time.tolist() == [0, 2, 18]
    assert run.start_text == "2024-01-01T12:00:02"
    assert run.metadata["files"] == ["s1.dpt", "s2.dpt", "s10.dpt"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.dpt", "leads out"),
        ("/etc/evil.dpt", "leads out"),
        ("C:\\evil.dpt", "leads out"),
        ("a\\..\\..\\evil.dpt", "leads out"),
        ("[Content_Types].xml", "Office"),
        ("inner.zip", "archive within"),
    ],
)
def test_zip_members_that_are_refused(tmp_path: Path, name: str, words: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"PK\x03\x04" if name.endswith("zip") else b"1000,1\n1001,2\n")
    with pytest.raises(FormatError, match=words):
        read_all(path)
    assert not list(tmp_path.glob("**/evil*"))


def test_zip_bombs(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.csv", b"0" * 20_000_000)
    with pytest.raises(FormatError, match="announces|packed|ratio"):
        read_all(path)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}.txt", b"")
    with pytest.raises(FormatError, match="20001 files"):
        read_all(many)
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(FormatError, match="no files"):
        read_all(empty)


def test_opus_folder(shared_real: Path, tmp_path: Path) -> None:
    for file in (shared_real / "infrared" / "opus").glob("test.*"):
        shutil.copy(file, tmp_path)
    run = read(tmp_path)
    assert isinstance(run, Run)
    np.testing.assert_allclose(np.diff(run.time), 4.136, atol=0.02)
    with pytest.raises(AxisError, match="axes differ"):
        read_all(shared_real / "infrared" / "opus")


# -- ingest and show ---------------------------------------------------------------------------

RECORD = "time/s\tEwe/V\tI/mA\thalf cycle\n0\t3\t1\t0\n50\t4\t1\t0\n100\t5\t-1\t1\n"


def series(path: Path, times: list[float]) -> Path:
    rows = [",".join(["time/s", *map(str, AXIS)])]
    rows += [",".join(map(str, [t, t + 1, t + 2, t + 3, t])) for t in times]
    path.write_text("\n".join(rows))
    return path


def test_ingest(tmp_path: Path) -> None:
    spectra = series(tmp_path / "s.csv", [0.0, 25.0, 75.0, 150.0])
    record = tmp_path / "c.txt"
    record.write_text(RECORD)
    out = tmp_path / "run.nc"
    result = ingest(spectra, record, out=out, offset_s=0, temperature=298.15, name="cell 1")
    run = read_run(out)
    assert run.name == "cell 1"
    np.testing.assert_array_equal(run.on_time("voltage"), [3.0, 3.5, 4.5, np.nan])
    np.testing.assert_array_equal(run.on_time("half_cycle"), [0, 0, 0, np.nan])
    assert run.on_time("temperature").tolist() == [298.15] * 4
    assert result.alignment is not None
    assert result.alignment.after == 1
    assert [step.name for step in run.history] == ["align"]
    assert "1 after" in str(result)
    between = record_of(run)
    assert between is not None
    assert between.shape == (512, 4)
    told = between[between[:, 0] < 100]
    np.testing.assert_allclose(told[:, 1], 3 + told[:, 0] / 50, rtol=1e-6)
    assert np.isnan(between[between[:, 0] > 100, 1:]).all()
    with pytest.raises(OutputExistsError):
        ingest(spectra, record, out=out, offset_s=0)
    assert ingest(spectra, record, out=out, offset_s=0, overwrite=True).path == out
    with pytest.raises(OutputError, match="does not exist"):
        ingest(spectra, out=tmp_path / "no" / "run.nc")
    with pytest.raises(OptionError, match=r"\.nc"):
        ingest(spectra, out=tmp_path / "run.txt")
    with pytest.raises(FormatError, match="Name the spectra first"):
        ingest(record, spectra, out=tmp_path / "other.nc")
    with pytest.raises(FormatError, match="Name the spectra first"):
        ingest(spectra, spectra, out=tmp_path / "other.nc")
    with pytest.raises(OptionError, match="files hold times"):
        ingest(spectra, out=tmp_path / "other.nc", time_step=3)
    assert not (tmp_path / "other.nc").exists()


@pytest.mark.parametrize("way", ["pattern", "list", "folder"])
def test_ingest_of_many_files(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "spectra"
    folder.mkdir()
    files = [dpt(folder / f"s{n}.dpt", n, age=0.0) for n in (1, 2, 10)]
    given = {"pattern": str(folder / "s*.dpt"), "list": files[::-1], "folder": folder}[way]
    result = ingest(given, out=tmp_path / "run.nc", time_step=30.0)  # type: ignore[arg-type]
    assert result.run.time.tolist() == [0, 30, 60]
    assert result.run.values[:, 0].tolist() == [1, 2, 10]
    assert "time_axis" not in result.run.dataset.attrs
    with pytest.raises(FormatError, match="no file has such a name"):
        ingest(str(folder / "x*.dpt"), out=tmp_path / "other.nc")


def test_ingest_prefers_file_times_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "spectra"
    folder.mkdir()
    for number in (1, 2):
        path = nc(folder / f"s{number}.nc", 1.0, f"2024-01-01T00:00:0{number}")
        os.utime(path, (1.7e9 + 40 * number,) * 2)
    result = ingest(folder, out=tmp_path / "run.nc", file_times=True)
    np.testing.assert_allclose(result.run.time, [0, 40])
    assert "file times" in result.run.dataset.attrs["clock"]


def test_one_spectrum_becomes_a_run_of_one_frame(tmp_path: Path) -> None:
    result = ingest(dpt(tmp_path / "s.dpt", 1.0), out=tmp_path / "run.nc")
    assert result.run.values.shape == (1, 4)


def test_real_ingest(shared_real: Path, tmp_path: Path) -> None:
    result = ingest(
        shared_real / "raman" / "serie190214-1.txt",
        shared_real / "electrochemistry" / "biologic" / "biol.mpr",
        out=tmp_path / "run.nc",
        spectra_start="2017-03-15T10:39:34",
    )
    record = read(shared_real / "electrochemistry" / "biologic" / "biol.mpr")
    assert isinstance(record, Electrochemistry)
    voltage = result.run.on_time("voltage")
    assert voltage is not None
    assert not np.isnan(voltage).any()
    expected = np.interp(result.run.time + 1000, record.time, record.column("voltage"))
    np.testing.assert_allclose(voltage, expected, rtol=1e-9)


def test_titles_are_kept(shared_real: Path, tmp_path: Path) -> None:
    path = shared_real / "infrared" / "omnic" / "CO@Mo_Al2O3.SPG"
    contents = read_all(path)
    run = contents.blocks[contents.main]
    result = ingest(path, out=tmp_path / "run.nc")
    assert isinstance(run, Run)
    assert np.array_equal(read_run(tmp_path / "run.nc").values, run.values)
    assert len(result.run.metadata["titles"]) == 19


def test_show(tmp_path: Path) -> None:
    spectra = series(tmp_path / "s.csv", [0.0, 25.0, 75.0, 150.0])
    (tmp_path / "c.txt").write_text(RECORD)
    text = describe(spectra)
    for part in ("format: delimited", "4 time x 4 wavenumber", "1000 to 1003 cm-1", "150 s"):
        assert part in text
    assert "missing: voltage, current, temperature" in text
    assert "taken as absorbance" in text
    text = describe(tmp_path / "c.txt")
    assert "voltage: 3 to 5 V (column Ewe/V)" in text
    assert "current: -0.001 to 0.001 A" in text
    ingest(spectra, tmp_path / "c.txt", out=tmp_path / "run.nc", offset_s=0)
    text = describe(tmp_path / "run.nc")
    assert "voltage: 3 to 4.5 V, 1 of 4 missing" in text
    assert "history: align(" in text
    assert "measured" in text


def test_netcdf_of_a_record(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(RECORD)
    record = read(tmp_path / "c.txt")
    assert isinstance(record, Electrochemistry)
    again = read(write_netcdf(record, tmp_path / "c.nc"))
    assert isinstance(again, Electrochemistry)
    for name in record.dataset.data_vars:
        np.testing.assert_array_equal(again.dataset[name], record.dataset[name])


def test_foreign_netcdf_has_a_sentence(tmp_path: Path) -> None:
    import xarray as xr

    path = tmp_path / "other.nc"
    xr.Dataset({"rain": ("day", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(OpirError) as caught:
        read_all(path)
    assert "other.nc" in str(caught.value)
