"""Thermo OMNIC: real files against spectrochempy-omnic, and files made here."""

from __future__ import annotations

import re
import struct
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from synthetic import spa, spg, srs

from opir import Run, Spectrum
from opir.errors import FormatError
from opir.run.readers import read, read_all

RNG = np.random.default_rng(11)
ROWS = RNG.normal(size=(3, 40)).astype("f4")


def test_six_real_spectra_are_about_5_9_min_apart(shared_real: Path) -> None:
    spectra = [read(shared_real / f"infrared/omnic/7-PSB3_{i}.SPA") for i in range(6)]
    for spectrum in spectra:
        assert isinstance(spectrum, Spectrum)
        assert (spectrum.signal, spectrum.values.size) == ("absorbance", 11098)
        assert spectrum.wavenumber[[0, -1]] == pytest.approx([6000.041, 649.904], abs=1e-3)
        assert spectrum.metadata["resolution"] == 4.0
        assert spectrum.metadata["scans"] == 32
    gaps = [(b.start - a.start).total_seconds() / 60 for a, b in pairwise(spectra)]
    assert gaps == pytest.approx([5.9] * 5, abs=0.1)
    # The history text of the file has the same clock as local time, one hour ahead of UTC.
    assert spectra[0].start_text == "2020-11-12T09:28:28+00:00"


def test_a_real_background_is_single_channel_with_interferograms(shared_real: Path) -> None:
    contents = read_all(shared_real / "infrared/omnic/BG1-BCKG_0.SPA")
    (spectrum,) = contents.blocks.values()
    assert spectrum.signal == "single_channel"
    assert spectrum.values.min() >= 0
    assert {k: v.sizes["point"] for k, v in contents.arrays.items()} == {
        "IgSm": 16384,
        "IgRf": 16384,
    }


def test_a_real_group_is_a_run_in_the_order_of_time(shared_real: Path) -> None:
    contents = read_all(shared_real / "infrared/omnic/CO@Mo_Al2O3.SPG")
    run = contents.blocks["series"]
    assert isinstance(run, Run)
    assert run.values.shape == (19, 3112)
    assert run.wavenumber[[0, -1]] == pytest.approx([3999.7058, 999.9265], abs=1e-3)
    assert run.start_text == "2016-10-18T13:49:35+00:00"
    assert run.time[0] == 0
    assert run.time[-1] == (16 * 60 + 6) * 60 + 37 - ((13 * 60 + 49) * 60 + 35)
    titles = run.metadata["titles"]
    pressures = [float(re.search(r"_(\d+\.\d+)torr", title)[1]) for title in titles]
    pressures.remove(0.26)  # as the laboratory wrote it, between 0.021 and 0.036
    assert pressures == sorted(pressures), "CO was dosed in rising steps"
    for moment, title in zip(run.time, titles, strict=True):
        hour, minute, second = map(int, re.search(r"(\d\d):(\d\d):(\d\d) 2016", title).groups())
        named = ((hour - 2) * 60 + minute) * 60 + second  # UTC
        began = (13 * 60 + 49) * 60 + 35
        assert 0 < began + moment - named < 400
    # CO on the surface grows with its pressure: the band near 2190 cm-1, last against first.
    near = np.abs(run.wavenumber - 2190) < 15
    assert run.values[-1, near].max() > 3 * run.values[0, near].max()


def test_a_real_tga_series_has_335_spectra_over_87_min(shared_real: Path) -> None:
    contents = read_all(shared_real / "infrared/omnic/tga_ir.srs")
    run = contents.blocks["series"]
    assert isinstance(run, Run)
    assert run.values.shape == (335, 1868)
    assert run.time[-1] / 60 == pytest.approx(87.0, abs=0.1)
    assert run.start_text == "2019-02-12T12:00:31+00:00"
    # Each spectrum's title says its minute, in German.
    for seconds, title in zip(run.time, run.metadata["titles"], strict=True):
        minute = float(re.search(r"bei (\d+,\d+) Min", str(title))[1].replace(",", "."))
        assert seconds / 60 == pytest.approx(minute, abs=2e-3)
    # CO2 comes late, with its bands where they belong: the antisymmetric stretch strongest, the
    # bend with its sharp Q branch, nothing in between; the background dips at the stretch too.
    largest = run.values[200:].max(axis=0)
    assert 2300 < run.wavenumber[largest.argmax()] < 2385
    bend = (run.wavenumber > 500) & (run.wavenumber < 900)
    assert run.wavenumber[bend][largest[bend].argmax()] == pytest.approx(667.5, abs=2)
    between = (run.wavenumber > 1900) & (run.wavenumber < 2150)
    assert largest[between].max() < 0.05 * largest.max()
    assert abs(run.values[:50]).max() < 0.25 * largest.max()
    ground = contents.blocks["ScRf"]
    level = np.interp([2300, 2349, 2400], ground.wavenumber[::-1], ground.values[::-1])
    assert level[1] < min(level[0], level[2])
    assert contents.blocks["ScRf"].signal == "single_channel"


@pytest.mark.parametrize(
    "name", ["7-PSB3_2.SPA", "BG1-BCKG_0.SPA", "CO@Mo_Al2O3.SPG", "tga_ir.srs"]
)
def test_real_files_are_as_spectrochempy_reads_them(shared_real: Path, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the other library
        omnic = pytest.importorskip("spectrochempy_omnic", reason="the second reader is missing")
        other = omnic.OMNICReader(str(shared_real / "infrared/omnic" / name))
    block = read(shared_real / "infrared/omnic" / name)
    values = np.atleast_2d(block.values)
    order = np.argsort(other.y) if name.endswith("SPG") else slice(None)
    theirs = np.asarray(other.data)[order]
    if name.endswith("srs"):
        theirs = theirs[:, ::-1]  # their version has series mirrored, see the reader
    np.testing.assert_array_equal(values.astype("f4"), theirs.astype("f4"))
    np.testing.assert_allclose(block.wavenumber, other.x, rtol=1e-6)
    if name.endswith("SPG"):
        assert block.start.timestamp() == min(other.y)
    if name.endswith("srs"):
        np.testing.assert_allclose(block.time, other.y * 60, atol=0.04)


def test_kinds_of_ordinates(tmp_path: Path) -> None:
    values = np.linspace(10, 90, 30)
    for code, signal, scale in (
        (17, "absorbance", 1),
        (16, "transmittance", 100),
        (11, "reflectance", 100),
        (15, "single_channel", 1),
        (31, "raman_intensity", 1),
        (12, "intensity", 1),
    ):
        (tmp_path / "made.spa").write_bytes(spa(values, ordinate=code))
        spectrum = read(tmp_path / "made.spa")
        assert spectrum.signal == signal
        np.testing.assert_allclose(spectrum.values, values / scale, rtol=1e-6)
    assert spectrum.metadata["ordinate"] == "log(1/R)"


def test_blank_points_are_left_out_and_named(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 30)
    values[5:9] = np.nan
    (tmp_path / "made.spa").write_bytes(spa(values))
    contents = read_all(tmp_path / "made.spa")
    (spectrum,) = contents.blocks.values()
    np.testing.assert_allclose(
        spectrum.wavenumber, np.delete(np.linspace(4000, 1000, 30), range(5, 9))
    )
    assert any("4 of 30 points" in note for note in contents.notes)


def test_a_group_whose_times_repeat_stays_apart(tmp_path: Path) -> None:
    data = spg(list(ROWS), 4000, 1000, ["a", "b", "a"], [3_800_000_000] * 3)
    (tmp_path / "made.spg").write_bytes(data)
    contents = read_all(tmp_path / "made.spg")
    assert list(contents.blocks) == ["a", "b", "a (2)"]
    assert any("repeat" in note for note in contents.notes)


def test_a_group_comes_in_the_order_of_its_times(tmp_path: Path) -> None:
    seconds = [3_800_000_100, 3_800_000_000, 3_800_000_050]
    (tmp_path / "made.spg").write_bytes(spg(list(ROWS), 4000, 1000, ["a", "b", "c"], seconds))
    run = read(tmp_path / "made.spg")
    np.testing.assert_array_equal(run.time, [0, 50, 100])
    assert run.metadata["titles"] == ["b", "c", "a"]
    np.testing.assert_array_equal(run.values, ROWS[[1, 2, 0]])


def test_a_made_series(tmp_path: Path) -> None:
    (tmp_path / "made.srs").write_bytes(srs(ROWS, 4000, 1000, (0.5, 1.5), ["x", "ü", "z"]))
    run = read(tmp_path / "made.srs")
    np.testing.assert_allclose(run.time, [30, 60, 90])
    np.testing.assert_array_equal(run.values, ROWS)
    assert run.metadata["titles"] == ["x", "ü", "z"]


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.6, 0.99])
def test_cut_files_are_refused(tmp_path: Path, cut: float) -> None:
    for name, data in (
        ("a.spa", spa(ROWS[0])),
        ("b.spg", spg(list(ROWS), 4000, 1000, ["a", "b", "c"], [1, 2, 3])),
        ("c.srs", srs(ROWS, 4000, 1000, (0.5, 1.5), ["x", "y", "z"])),
    ):
        (tmp_path / name).write_bytes(data[: int(cut * len(data))])
        with pytest.raises(FormatError, match=name):
            read(tmp_path / name)


def test_damaged_ordinates_are_refused(tmp_path: Path) -> None:
    data = bytearray(spa(ROWS[0]))
    at = bytes(data).index(ROWS[0].tobytes())
    data[at + 8 : at + 12] = struct.pack("<f", 1e31)
    (tmp_path / "made.spa").write_bytes(data)
    with pytest.raises(FormatError, match="value 2"):
        read(tmp_path / "made.spa")


def test_a_series_in_other_units_is_refused(tmp_path: Path) -> None:
    data = bytearray(srs(ROWS, 4000, 1000, (0.5, 1.5), ["x", "y", "z"]))
    begin = 304 + 22 * 3
    struct.pack_into("<I", data, begin + 94, 7)
    (tmp_path / "made.srs").write_bytes(data)
    with pytest.raises(FormatError, match="unit 7"):
        read(tmp_path / "made.srs")
