"""Delimited text of every kind that labs write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from opir import OpirError, Run, Spectrum
from opir.errors import FormatError
from opir.run.readers import read_all
from opir.run.readers.base import FRAME_AXIS, Contents

AXIS = np.array([1800.0, 1600.5, 1400.25, 1200.0, 1000.0])
TIMES = np.array([0.0, 30.0, 60.5, 90.0])
VALUES = np.round(np.random.default_rng(1).normal(0.4, 0.2, (4, 5)), 4)

ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "utf-16"]
MARKS = [("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (" ", "."), ("  ", ",")]


def lines_of(table: list[list[object]], delimiter: str, decimal: str) -> list[str]:
    return [
        delimiter.join(str(c).replace(".", decimal) if not isinstance(c, str) else c for c in row)
        for row in table
    ]


def load(path: Path, lines: list[str], *, end: str = "\n", encoding: str = "utf-8") -> Contents:
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return read_all(path)


def main(contents: Contents) -> Run | Spectrum:
    block = contents.blocks[contents.main]
    assert isinstance(block, (Run, Spectrum))
    return block


@pytest.mark.parametrize(("delimiter", "decimal"), MARKS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_spectrum(
    tmp_path: Path, delimiter: str, decimal: str, encoding: str, end: str
) -> None:
    table = [[float(x), float(y)] for x, y in zip(AXIS, VALUES[0], strict=True)]
    lines = lines_of(table, delimiter, decimal)
    contents = load(tmp_path / "s.dpt", lines, end=end, encoding=encoding)
    spectrum = main(contents)
    assert contents.format == "delimited"
    assert isinstance(spectrum, Spectrum)
    assert np.array_equal(spectrum.wavenumber, AXIS)
    assert np.array_equal(spectrum.values, VALUES[0])
    assert spectrum.signal == "absorbance"
    assert any("taken as absorbance" in note for note in contents.notes)


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [m for m in MARKS if m[0].strip() or m[0] == "\t"]
)
@pytest.mark.parametrize("corner", ["time/s", "Time (s)", "t [s]"])
def test_rows_of_spectra_with_times(
    tmp_path: Path, delimiter: str, decimal: str, corner: str
) -> None:
    table: list[list[object]] = [[corner, *AXIS.tolist()]]
    table += [[t, *row] for t, row in zip(TIMES.tolist(), VALUES.tolist(), strict=True)]
    contents = load(tmp_path / "r.csv", lines_of(table, delimiter, decimal))
    run = main(contents)
    assert isinstance(run, Run)
    assert np.array_equal(run.time, TIMES)
    assert np.array_equal(run.wavenumber, AXIS)
    assert np.array_equal(run.values, VALUES)
    assert "time_axis" not in run.dataset.attrs


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [m for m in MARKS if m[0].strip() or m[0] == "\t"]
)
@pytest.mark.parametrize("corner", ["wavenumber", "cm-1", ""])
def test_columns_of_spectra_with_times(
    tmp_path: Path, delimiter: str, decimal: str, corner: str
) -> None:
    table: list[list[object]] = [[corner, *TIMES.tolist()]]
    table += [[x, *row] for x, row in zip(AXIS.tolist(), VALUES.T.tolist(), strict=True)]
    run = main(load(tmp_path / "r.csv", lines_of(table, delimiter, decimal)))
    assert isinstance(run, Run)
    assert np.array_equal(run.time, TIMES)
    assert np.array_equal(run.wavenumber, AXIS)
    assert np.array_equal(run.values, VALUES)


@pytest.mark.parametrize("way", ["rows", "columns", "named columns"])
def test_no_times_are_made_up(tmp_path: Path, way: str) -> None:
    if way == "rows":
        table = [AXIS.tolist(), *VALUES.tolist()]
    else:
        table = [[x, *row] for x, row in zip(AXIS.tolist(), VALUES.T.tolist(), strict=True)]
        if way == "named columns":
            table.insert(0, ["cm-1", "first", "second", "third", "fourth"])
    contents = load(tmp_path / "r.csv", lines_of(table, ";", ","))
    run = main(contents)
    assert isinstance(run, Run)
    assert np.array_equal(run.values, VALUES)
    assert np.array_equal(run.wavenumber, AXIS)
    assert run.time.tolist() == [0, 1, 2, 3]
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS
    assert any("frame number" in note for note in contents.notes)
    if way == "named columns":
        assert run.metadata["titles"] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize("names", [["time/min", "wavenumber", "absorbance"], None])
@pytest.mark.parametrize("decimal", [".", ","])
def test_long_tables(tmp_path: Path, names: list[str] | None, decimal: str) -> None:
    rising = AXIS[::-1]
    table: list[list[object]] = [list(names)] if names else []
    for t, row in zip(TIMES.tolist(), VALUES.tolist(), strict=True):
        table += [[t, x, y] for x, y in zip(rising.tolist(), row, strict=True)]
    run = main(load(tmp_path / "r.tsv", lines_of(table, "\t", decimal)))
    assert isinstance(run, Run)
    np.testing.assert_allclose(run.time, TIMES * (60 if names else 1))
    assert np.array_equal(run.wavenumber, rising)
    assert np.array_equal(run.values, VALUES)


def test_points_in_time_as_first_column(tmp_path: Path) -> None:
    table = [["time", *AXIS.tolist()]]
    table += [[f"2024-03-01 10:00:{i:02d}.5", *row] for i, row in enumerate(VALUES.tolist())]
    run = main(load(tmp_path / "r.csv", lines_of(table, ",", ".")))
    assert isinstance(run, Run)
    assert run.time.tolist() == [0, 1, 2, 3]
    assert run.start_text == "2024-03-01T10:00:00.500000"


@pytest.mark.parametrize(
    ("header", "signal", "factor"),
    [
        ("wavenumber,absorbance", "absorbance", 1.0),
        ("cm-1,%T", "transmittance", 0.01),
        ("Wavenumber / cm-1,Transmittance", "transmittance", 1.0),
        ("Raman shift/cm-1,counts", "raman_intensity", 1.0),
        ("cm-1,Reflectance (%)", "reflectance", 0.01),
    ],
)
def test_the_header_names_the_ordinate(
    tmp_path: Path, header: str, signal: str, factor: float
) -> None:
    lines = [header, *(f"{x},{y}" for x, y in zip(AXIS, VALUES[0], strict=True))]
    contents = load(tmp_path / "s.csv", lines)
    spectrum = main(contents)
    assert spectrum.signal == signal
    np.testing.assert_allclose(spectrum.values, VALUES[0] * factor)
    assert contents.notes == ()


def test_a_named_wavelength_becomes_wavenumbers(tmp_path: Path) -> None:
    lines = ["wavelength/nm,absorbance", *(f"{1e7 / x!r},{x!r}" for x in AXIS.tolist())]
    lines = [line.replace(str(x), "0.5") for line, x in zip(lines, [0, *AXIS], strict=True)]
    np.testing.assert_allclose(main(load(tmp_path / "s.csv", lines)).wavenumber, AXIS)


def test_an_index_beside_the_times_is_left_out(tmp_path: Path) -> None:
    table: list[list[object]] = [["", "time/min", *AXIS.tolist()]]
    table += [[i, i * 2, *row] for i, row in enumerate(VALUES.tolist())]
    contents = load(tmp_path / "r.csv", lines_of(table, ",", "."))
    run = main(contents)
    assert isinstance(run, Run)
    assert run.time.tolist() == [0, 120, 240, 360]
    assert np.array_equal(run.values, VALUES)
    assert any("left out" in note for note in contents.notes)


def test_names_before_the_spectra(tmp_path: Path) -> None:
    table: list[list[object]] = [["sample", *AXIS.tolist()]]
    table += [[f"s{i}", *row] for i, row in enumerate(VALUES.tolist())]
    run = main(load(tmp_path / "r.csv", lines_of(table, ",", ".")))
    assert isinstance(run, Run)
    assert run.metadata["titles"] == ["s0", "s1", "s2", "s3"]
    assert np.array_equal(run.values, VALUES)
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS


def test_units_in_the_labels(tmp_path: Path) -> None:
    table: list[list[object]] = [["cm-1", *(f"{t} min" for t in TIMES)]]
    table += [[x, *row] for x, row in zip(AXIS.tolist(), VALUES.T.tolist(), strict=True)]
    run = main(load(tmp_path / "r.csv", lines_of(table, ",", ".")))
    assert isinstance(run, Run)
    assert np.array_equal(run.time, TIMES * 60)
    table = [["time/h", *(f"{x} cm-1" for x in AXIS)]]
    table += [[t, *row] for t, row in zip(TIMES.tolist(), VALUES.tolist(), strict=True)]
    run = main(load(tmp_path / "r.csv", lines_of(table, ",", ".")))
    assert isinstance(run, Run)
    assert np.array_equal(run.time, TIMES * 3600)
    assert np.array_equal(run.wavenumber, AXIS)


@pytest.mark.parametrize("above", [["sep=;"], ["a title", "1234", "made by: x"]])
def test_odd_lines_above(tmp_path: Path, above: list[str]) -> None:
    lines = [*above, *(f"{x};{y}".replace(".", ",") for x, y in zip(AXIS, VALUES[0], strict=True))]
    assert np.array_equal(main(load(tmp_path / "s.csv", lines)).values, VALUES[0])


def test_comments_and_text_above_the_numbers(tmp_path: Path) -> None:
    lines = ["# cell 12, 1 M LiPF6", "# Wavenumber\tAbsorbance", ""]
    lines += [f"{x}\t{y}" for x, y in zip(AXIS, VALUES[0], strict=True)]
    spectrum = main(load(tmp_path / "s.txt", lines))
    assert np.array_equal(spectrum.values, VALUES[0])
    assert "cell 12" in str(spectrum.metadata)


def test_filler_is_kept_and_said(tmp_path: Path) -> None:
    table = [AXIS.tolist(), *VALUES.tolist(), [1.0] * 5]
    contents = load(tmp_path / "r.csv", lines_of(table, ",", "."))
    assert main(contents).values.shape == (5, 5)
    assert any("filler" in note and "frame(s) 4" in note for note in contents.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1000,0.1\n1001,abc\n1002,0.3\n", r"line 2, column 2: 'abc' is not a finite number"),
        ("1000,0.1\n1001,nan\n1002,0.3\n", r"line 2, column 2"),
        ("1000,0.1\n1001,1e999\n1002,0.3\n", r"line 2, column 2.*too large"),
        ("1000,0.1\n1001,\n1002,0.3\n", r"line 2"),
        ("1000,0.1\n1001,0.2,0.3\n1002,0.3\n", r"line 2.*3 fields where 2"),
        ("1000,0.1\n\n1002,0.3\n", r"line 2: the line is blank"),
        ("1000,0.1\n1002,0.2\n1001,0.3\n", r"not strictly monotonic"),
        ("1000,0.1\n1000,0.2\n1001,0.3\n", r"duplicate"),
        ("4000,1,0,123\n3999,2,0,124\n3998,1,0,125\n", r"both the delimiter and the decimal"),
        (",100,200,300\n100,1,2,3\n200,2,3,4\n300,3,4,5\n", r"not clear whether"),
        ("wavelength,absorbance\n500,1.5\n501,2.5\n", r"nm or um"),
        ("time/s,1000,1001\n0,1,2\n0,1,2\n", r"time axis is not strictly rising"),
        ("time/s,1000,1001\n-5,1,2\n0,1,2\n", r"below 0"),
        ("time/fortnight,1000,1001\n0,1,2\n1,1,2\n", r"not a unit of time"),
        ("t,x\n\0\0\1", r"not known by its content"),
        ("1\n2\n3\n", r"not known by its content"),
        ("\n\n\n", r"not known by its content"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OpirError, match=words) as caught:
        read_all(path)
    assert "bad.csv" in str(caught.value)


def test_incomplete_long_table(tmp_path: Path) -> None:
    lines = ["time/s,wavenumber,absorbance", "0,1000,1", "0,1001,1", "1,1000,1"]
    with pytest.raises(FormatError, match="do not fill"):
        load(tmp_path / "r.csv", lines)


@settings(max_examples=40, deadline=None)
@given(
    values=hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 6), st.integers(4, 9)),
        elements=st.floats(-10, 10, allow_subnormal=False),
    ),
    mark=st.sampled_from([m for m in MARKS if m[0].strip() or m[0] == "\t"]),
    first=st.floats(400, 3000),
    step=st.floats(0.5, 8),
    down=st.booleans(),
)
def test_written_runs_are_read_unchanged(
    tmp_path_factory: pytest.TempPathFactory,
    values: np.ndarray,
    mark: tuple[str, str],
    first: float,
    step: float,
    down: bool,
) -> None:
    axis = first + step * np.arange(values.shape[1])
    axis = axis[::-1] if down else axis
    times = np.arange(values.shape[0]) * 12.5
    table: list[list[object]] = [["time/s", *axis.tolist()]]
    table += [[t, *row] for t, row in zip(times.tolist(), values.tolist(), strict=True)]
    path = tmp_path_factory.mktemp("written") / "r.csv"
    run = main(load(path, lines_of(table, *mark)))
    assert isinstance(run, Run)
    assert np.array_equal(run.values, values)
    assert np.array_equal(run.wavenumber, axis)
    assert np.array_equal(run.time, times)


def test_fermentation(shared_real: Path) -> None:
    folder = shared_real / "infrared" / "fermentation"
    contents = read_all(folder / "fermentation_spectra.csv")
    run = main(contents)
    assert isinstance(run, Run)
    assert run.values.shape == (1629, 1047)
    assert (run.wavenumber[0], run.wavenumber[-1]) == (428, 1833)
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS
    assert (run.values[-3:] == 1).all()
    assert any("3 of 1629" in note for note in contents.notes)
    assert main(read_all(folder / "train_spectra.csv")).values.shape == (21, 1047)
    for other in ("fermentation_hplc.csv", "train_hplc.csv"):
        assert read_all(folder / other).format == "columns"


def test_labspec_series(shared_real: Path) -> None:
    contents = read_all(shared_real / "raman" / "serie190214-1.txt")
    run = main(contents)
    assert contents.format == "labspec"
    assert isinstance(run, Run)
    assert run.values.shape == (168, 1024)
    assert run.signal == "raman_intensity"
    np.testing.assert_allclose(np.diff(run.time), 59.88, atol=0.01)
    assert run.start_text == "2019-02-14T10:41:56"
    assert run.wavenumber[0] == 12.5534
    assert run.metadata["Instrument"] == "LabRAM HR Evol"


HEAD = ["#Acq. time (s)=\t1", "#Instrument=\tLabRAM", "#Laser=\t532nm", "#Title=\tx"]


def test_labspec_single(tmp_path: Path) -> None:
    contents = load(tmp_path / "s.txt", [*HEAD, "100.5\t10", "102.5\t20", "104.5\t15"])
    assert contents.format == "labspec"
    assert main(contents).values.tolist() == [10, 20, 15]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "no spectrum"),
        (["\t100\t101\t102"], "no spectrum"),
        (["\t100\t101\t102", "0\t1\t2"], "line 6: the line has 3 fields"),
        (["\t100\t101\t102", "0\t1\tx\t3"], "line 6, column 3"),
        (["\t\t100\t101\t102", "0\t1\t1\t2\t3"], "a map"),
        (["100\t101\t102", "0\t1\t3"], "3 columns"),
    ],
)
def test_labspec_faults(tmp_path: Path, body: list[str], words: str) -> None:
    with pytest.raises(OpirError, match=words):
        load(tmp_path / "s.txt", [*HEAD, *body])
