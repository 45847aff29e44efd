"""JCAMP-DX: every number form read and written, checks, units; against the package jcamp."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir import Run, Spectrum
from opir.errors import FormatError, OptionError, OutputExistsError
from opir.run.readers import read, read_all
from opir.run.readers.asdf import FORMS, decode, encode
from opir.run.write_jcamp import write_jcamp

QUICK = settings(max_examples=150, deadline=None, derandomize=True)

FORMS_OF_ONE_LINE = {
    "AFFN": "400 1 2 3 3 2 1 0 -1 -2 -3",
    "commas": "400, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3",
    "PAC": "400+1+2+3+3+2+1+0-1-2-3",
    "SQZ": "400ABCCBA@abc",
    "DIF": "400AJJ%jjjjjj",
    "DUP": "400ABCTBA@abc",
    "DIFDUP": "400AJT%jX",
}
"""The ten ordinates of the published example of the compressed forms, one by one."""


def write(folder: Path, table: str, **records: str) -> Path:
    first = {
        "TITLE": "made", "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "XUNITS": "1/CM",
        "YUNITS": "ABSORBANCE", "FIRSTX": "400", "LASTX": "490", "XFACTOR": "1",
        "YFACTOR": "0.5", "NPOINTS": "10",
    }  # fmt: skip
    lines = [f"##{k}= {v}" for k, v in (first | records).items() if v]
    path = folder / "made.dx"
    path.write_text("\n".join([*lines, table, "##END=", ""]), encoding="latin-1")
    return path


@pytest.mark.parametrize("form", FORMS_OF_ONE_LINE)
def test_the_published_example_in_every_form(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, f"##XYDATA= (X++(Y..Y))\n{FORMS_OF_ONE_LINE[form]}")
    spectrum = read(path)
    np.testing.assert_array_equal(
        spectrum.values, 0.5 * np.array([1, 2, 3, 3, 2, 1, 0, -1, -2, -3])
    )
    np.testing.assert_allclose(spectrum.wavenumber, np.linspace(400, 490, 10))


def test_repeats_of_two_digits(tmp_path: Path) -> None:
    path = write(tmp_path, "##XYDATA= (X++(Y..Y))\n400BS3JS1", NPOINTS="24", LASTX="630")
    expected = [2] * 13 + list(range(3, 14))
    np.testing.assert_array_equal(read(path).values, 0.5 * np.array(expected))


@given(
    st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**31), 2**31)), min_size=1, max_size=150),
    st.sampled_from(FORMS),
    st.integers(12, 90),
    st.integers(1, 6),
)
@QUICK
def test_encoded_ordinates_come_back(values: list[int], form: str, width: int, times: int) -> None:
    ordinates = np.repeat(np.array(values, dtype=np.int64), times)
    x = np.linspace(4000, 400, ordinates.size)
    lines = encode(x, ordinates, form, width)
    found, starts = decode(enumerate(lines, start=1), ordinates.size)
    np.testing.assert_array_equal(found, ordinates)
    for line in starts:
        assert line.x == pytest.approx(x[line.index], abs=1e-5)


@given(
    st.lists(st.floats(-900, 900), min_size=2, max_size=80),
    st.floats(200, 4000),
    st.floats(0.01, 20),
    st.booleans(),
    st.sampled_from(FORMS),
)
@QUICK
def test_spectra_come_back(
    values: list[float], first: float, step: float, falling: bool, form: str
) -> None:
    axis = first + step * np.arange(len(values))
    spectrum = Spectrum.from_arrays(axis[::-1] if falling else axis, values, name="ä $$ ##")
    with tempfile.TemporaryDirectory() as folder:
        found = read(write_jcamp(Path(folder) / "a.dx", spectrum, form=form))
    np.testing.assert_allclose(found.wavenumber, spectrum.wavenumber, rtol=1e-12)
    largest = np.abs(values).max()
    np.testing.assert_allclose(found.values, values, atol=largest * 2.0**-31, rtol=0)


@pytest.mark.parametrize("form", FORMS)
def test_the_package_jcamp_reads_what_is_written(tmp_path: Path, form: str) -> None:
    jcamp = pytest.importorskip("jcamp", reason="the second reader jcamp is not installed")
    axis = np.linspace(4000, 700, 300)
    values = np.exp(-(((axis - 1700) / 50) ** 2))
    write_jcamp(tmp_path / "a.dx", Spectrum.from_arrays(axis, values), form=form)
    other = jcamp.readfile(str(tmp_path / "a.dx"))
    np.testing.assert_allclose(other["x"], axis, rtol=1e-9)
    np.testing.assert_allclose(other["y"], values, atol=1e-9)


def test_a_real_spectrum_comes_back(shared_real: Path, tmp_path: Path) -> None:
    spectrum = read(shared_real / "infrared/opus/test.0000")
    found = read(write_jcamp(tmp_path / "a.dx", spectrum))
    np.testing.assert_allclose(found.values, spectrum.values, atol=6 * 2.0**-31)
    np.testing.assert_allclose(found.wavenumber, spectrum.wavenumber, rtol=1e-12)
    assert found.start == spectrum.start
    assert found.name == spectrum.name


def test_axes_that_are_not_even_are_written_unrounded(tmp_path: Path) -> None:
    spectrum = Spectrum.from_arrays([400.0, 401.0, 405.5], [0.1, 1 / 3, 2e-7])
    found = read(write_jcamp(tmp_path / "a.dx", spectrum))
    np.testing.assert_array_equal(found.values, spectrum.values)
    np.testing.assert_array_equal(found.wavenumber, spectrum.wavenumber)


def test_a_run_comes_back(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=(4, 25))
    run = Run.from_arrays(
        [0, 1.5, 60, 61], np.linspace(1900, 900, 25), values,
        origin="simulated", start="2026-11-22T17:12:00+01:00", name="run 7",
    )  # fmt: skip
    found = read(write_jcamp(tmp_path / "a.dx", run))
    assert isinstance(found, Run)
    np.testing.assert_array_equal(found.time, run.time)
    np.testing.assert_allclose(found.values, values, atol=1e-8)
    assert found.start == run.start
    assert found.origin == "simulated"
    assert found.name == "run 7"


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    spectrum = Spectrum.from_arrays([1.0, 2.0], [0.0, 0.0])
    write_jcamp(tmp_path / "a.dx", spectrum)
    with pytest.raises(OutputExistsError):
        write_jcamp(tmp_path / "a.dx", spectrum)
    write_jcamp(tmp_path / "a.dx", spectrum, overwrite=True)
    with pytest.raises(OptionError, match="DIFDUP"):
        write_jcamp(tmp_path / "b.dx", spectrum, form="dif")


def test_pairs(tmp_path: Path) -> None:
    table = "##XYPOINTS= (XY..XY)\n400, 1; 410, 2\n500 -3"
    spectrum = read(write(tmp_path, table, NPOINTS="3"))
    np.testing.assert_array_equal(spectrum.wavenumber, [400, 410, 500])
    np.testing.assert_array_equal(spectrum.values, [0.5, 1, -1.5])


TABLE = "##XYDATA= (X++(Y..Y))\n400 1 2 3 3 2\n450 1 0 1 2 3"


@pytest.mark.parametrize(
    ("unit", "ends", "expected"),
    [
        ("1/CM", ("400", "490"), (400, 490)),
        ("cm-1", ("400", "490"), (400, 490)),
        ("MICROMETERS", ("2.5", "10"), (4000, 1000)),
        ("NANOMETERS", ("2500", "10000"), (4000, 1000)),
    ],
)
def test_units_of_the_axis(
    tmp_path: Path, unit: str, ends: tuple[str, str], expected: tuple[float, float]
) -> None:
    table = f"##XYDATA= (X++(Y..Y))\n{ends[0]} 1 2 3 3 2 1 0 1 2 3"
    contents = read_all(write(tmp_path, table, XUNITS=unit, FIRSTX=ends[0], LASTX=ends[1]))
    (spectrum,) = contents.blocks.values()
    np.testing.assert_allclose(spectrum.wavenumber[[0, -1]], expected)
    assert bool(contents.notes) == ("METERS" in unit)


@pytest.mark.parametrize(
    ("unit", "kind", "signal", "factor"),
    [
        ("ABSORBANCE", "INFRARED SPECTRUM", "absorbance", 1),
        ("TRANSMITTANCE", "INFRARED SPECTRUM", "transmittance", 1),
        ("%TRANSMITTANCE", "INFRARED SPECTRUM", "transmittance", 0.01),
        ("REFLECTANCE", "INFRARED SPECTRUM", "reflectance", 1),
        ("KUBELKA-MUNK", "INFRARED SPECTRUM", "kubelka_munk", 1),
        ("ARBITRARY UNITS", "RAMAN SPECTRUM", "raman_intensity", 1),
        ("ARBITRARY UNITS", "INFRARED SPECTRUM", "intensity", 1),
    ],
)
def test_units_of_the_ordinate(
    tmp_path: Path, unit: str, kind: str, signal: str, factor: float
) -> None:
    spectrum = read(write(tmp_path, TABLE, YUNITS=unit, **{"DATA TYPE": kind}))
    assert spectrum.signal == signal
    assert spectrum.values.max() == pytest.approx(1.5 * factor)


def test_transmittance_in_percent_without_its_sign_is_said(tmp_path: Path) -> None:
    contents = read_all(write(tmp_path, TABLE, YUNITS="TRANSMITTANCE", YFACTOR="30"))
    (spectrum,) = contents.blocks.values()
    assert spectrum.values.max() == pytest.approx(0.9)
    assert any("percent" in note for note in contents.notes)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"LONG DATE": "2026/11/22 17:12:00.250 +0100"}, "2026-11-22T17:12:00.250000+01:00"),
        ({"LONGDATE": "2026/11/22 17:12:00"}, "2026-11-22T17:12:00"),
        ({"DATE": "2026/11/22", "TIME": "17:12:00"}, "2026-11-22T17:12:00"),
        ({"DATE": "95/03/04", "TIME": "17:12:00"}, "1995-03-04T17:12:00"),
        ({"DATE": "2026/11/22"}, ""),
        ({"LONGDATE": "2026/13/22 17:12:00"}, ""),
        ({}, ""),
    ],
)
def test_times(tmp_path: Path, records: dict[str, str], expected: str) -> None:
    assert read(write(tmp_path, TABLE, **records)).start_text == expected


def test_comments_labels_and_an_end_without_its_sign(tmp_path: Path) -> None:
    path = write(tmp_path, TABLE)
    text = path.read_text().replace("##FIRSTX=", "##first-x=").replace("##END=", "##END")
    text = "$$ exported\n" + text.replace("##XUNITS= 1/CM", "##X_UNITS= 1/cm $$ wavenumber")
    path.write_text("\ufeff" + text.replace("\n", "\r\n"), encoding="utf-8")
    contents = read_all(path)
    assert contents.format == "jcamp"
    assert contents.notes == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("450 1 0 1 2 3", "450 1 0 1 2"), "10 points are announced, 9"),
        (("450 1 0 1 2 3", "450 1 0 1 2 3 4"), "more than the 10"),
        (("400 1 2 3 3 2\n", ""), "points are announced, 5"),
        (("450 1", "700 1"), "begins at 700"),
        (("##XUNITS= 1/CM", "##XUNITS= HZ"), "'HZ'"),
        (("##NPOINTS= 10", "##NPOINTS= 1000000000"), "cannot be"),
        (("##NPOINTS= 10\n", ""), "NPOINTS= is missing"),
        (("##FIRSTX= 400", "##FIRSTX= abc"), "'abc'"),
        (("400 1 2 3 3 2", "400 1 2 ? 3 2"), "lost"),
        (("400 1 2 3 3 2", "400 1 2 3.1.4 2"), "no number"),
        (("400 1 2 3 3 2", "A 1 2 3 3 2"), "begins with"),
        (("##XYDATA= (X++(Y..Y))", "##XYDATA= (X++(R..R))"), "form"),
        (("##XYDATA= (X++(Y..Y))", "##PEAK TABLE= (XY..XY)"), "list of peaks"),
        (("##XYDATA= (X++(Y..Y))", "##NTUPLES= "), "NTUPLES"),
        (("##YFACTOR= 0.5", "##YFACTOR= 1e300"), "not finite or beyond"),
        (("##LASTX= 490", "##LASTX= 400"), "cannot be"),
    ],
)
def test_damage_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = write(tmp_path, TABLE)
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(FormatError) as caught:
        read(path)
    assert said in str(caught.value)
    assert "made.dx" in str(caught.value)


def test_a_lost_line_fails_the_y_check(tmp_path: Path) -> None:
    axis = np.linspace(400, 900, 200)
    path = write_jcamp(tmp_path / "a.dx", Spectrum.from_arrays(axis, np.sin(axis / 30)), form="DIF")
    lines = path.read_text().splitlines()
    table = next(i for i, line in enumerate(lines) if line.startswith("##XYDATA"))
    del lines[table + 3]
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match="y check fails"):
        read(path)


def test_a_great_repeat_asks_for_no_memory(tmp_path: Path) -> None:
    table = "##XYDATA= (X++(Y..Y))\n400 1S99999999999999"
    with pytest.raises(FormatError, match="more than the 10"):
        read(write(tmp_path, table))


def test_peak_tables_beside_a_spectrum_are_named(tmp_path: Path) -> None:
    inner = write(tmp_path, TABLE).read_text()
    peaks = "##TITLE= peaks\n##DATA TYPE= INFRARED PEAK TABLE\n##PEAK TABLE= (XY..XY)\n1,2\n##END="
    text = f"##TITLE= both\n##DATA TYPE= LINK\n##BLOCKS= 2\n{inner}{peaks}\n##END=\n"
    path = tmp_path / "linked.dx"
    path.write_text(text)
    contents = read_all(path)
    assert list(contents.blocks) == ["made"]
    assert any("list of peaks" in note for note in contents.notes)


def test_linked_spectra_without_times_stay_apart(tmp_path: Path) -> None:
    inner = write(tmp_path, TABLE).read_text()
    path = tmp_path / "linked.dx"
    path.write_text(f"##TITLE= both\n##DATA TYPE= LINK\n{inner}{inner}##END=\n")
    contents = read_all(path)
    assert list(contents.blocks) == ["made", "made (2)"]
