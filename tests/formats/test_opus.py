"""Bruker OPUS: real files against other readers, and files made here, whose truth is known."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from brukeropus import read_opus as brukeropus_read
from synthetic import OpusBlock, opus, opus_parameters, opus_series

from opir import Run, Spectrum
from opir.errors import FormatError
from opir.run.readers import read, read_all
from opir.run.readers.opus import parse_clock

RNG = np.random.default_rng(7)
STATUS = {"csf": 1.0, "dpf": 1, "dxu": "WN", "dat": "22/11/2026", "tim": "17:12:00.250 (GMT+1)"}
DATA, PARAMETERS = (3, 3, 0, 4, 0, 0), (3, 3, 1, 4, 0, 0)


def absorbance_file(values: np.ndarray, **change: float | str) -> bytes:
    status = {"npt": values.size, "fxv": 4000.0, "lxv": 1000.0, **STATUS, **change}
    return opus(
        [
            OpusBlock(DATA, values.astype("<f4").tobytes()),
            OpusBlock(PARAMETERS, opus_parameters(**status)),
            OpusBlock((3, 1, 3, 0, 0, 0), opus_parameters(res=4.0, nss=32, snm="cell 3")),
        ]
    )


def series_file(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> bytes:
    status = {"npt": values.shape[1], "fxv": 4000.0, "lxv": 1000.0, **STATUS}
    return opus(
        [
            OpusBlock((3, 3, 0, 4, 0, 2), opus_series(values, starts, ends)),
            OpusBlock((3, 3, 1, 4, 0, 2), opus_parameters(**status)),
        ]
    )


def test_four_real_spectra_are_4_1_s_apart(shared_real: Path) -> None:
    spectra = [read(shared_real / f"infrared/opus/test.000{i}") for i in range(4)]
    starts = []
    for spectrum in spectra:
        assert isinstance(spectrum, Spectrum)
        assert (spectrum.signal, spectrum.values.size) == ("absorbance", 2567)
        assert spectrum.wavenumber[[0, -1]] == pytest.approx([3998.3449, 699.3890], abs=1e-3)
        assert spectrum.metadata["resolution"] == 4.0
        assert spectrum.metadata["scans"] == 32
        starts.append(spectrum.start)
    assert starts[0].isoformat() == "2020-02-06T13:09:58.095000+01:00"
    assert [(b - a).total_seconds() for a, b in pairwise(starts)] == (
        pytest.approx([4.137] * 3, abs=0.002)
    )


@pytest.mark.parametrize("name", ["brukeropus_file.0", "test.0002"])
def test_every_block_of_real_files_is_as_brukeropus_reads_it(shared_real: Path, name: str) -> None:
    path = shared_real / "infrared/opus" / name
    contents, other = read_all(path), brukeropus_read(path)
    assert contents.main == "AB"
    pairs = {"AB": other.a, "ScSm": other.sm, "ScRf": other.rf}
    arrays = {"IgSm": other.igsm, "IgRf": other.igrf, "PhSm": other.phsm}
    assert set(contents.blocks) == set(pairs)
    assert set(contents.arrays) == set(arrays)
    for key, expected in pairs.items():
        block = contents.blocks[key]
        np.testing.assert_array_equal(block.values.astype("f4"), expected.y)
        np.testing.assert_allclose(block.wavenumber, expected.x, rtol=1e-12)
    for key, expected in arrays.items():
        np.testing.assert_allclose(contents.arrays[key].values, expected.y, rtol=1e-6)
    assert contents.arrays["IgSm"].dims == ("point",)
    assert contents.arrays["PhSm"].attrs["units"] == "rad"


def test_real_files_agree_with_opusfc(shared_real: Path) -> None:
    opusfc = pytest.importorskip("opusFC", reason="the second reader opusFC is not installed")
    path = shared_real / "infrared/opus/brukeropus_file.0"
    found = next(c for c in opusfc.listContents(str(path)) if c[0] == "AB")
    other = opusfc.getOpusData(str(path), found)
    spectrum = read(path)
    np.testing.assert_array_equal(spectrum.values.astype("f4"), other.y)
    np.testing.assert_allclose(spectrum.wavenumber, other.x, rtol=1e-6)


def test_scale_and_clock_and_metadata(tmp_path: Path) -> None:
    values = RNG.normal(size=50)
    path = tmp_path / "made.0"
    path.write_bytes(absorbance_file(values, csf=0.5))
    spectrum = read(path)
    np.testing.assert_allclose(spectrum.values, 0.5 * values.astype("f4"))
    np.testing.assert_allclose(spectrum.wavenumber, np.linspace(4000, 1000, 50))
    assert spectrum.start_text == "2026-11-22T17:12:00.250000+01:00"
    assert spectrum.name == "cell 3"
    assert (spectrum.metadata["resolution"], spectrum.metadata["scans"]) == (4.0, 32)


def test_integers_and_micrometres(tmp_path: Path) -> None:
    values = np.arange(1, 11, dtype="<i4")
    data = opus(
        [
            OpusBlock((3, 1, 0, 1, 0, 0), values.tobytes()),
            OpusBlock(
                (3, 1, 1, 1, 0, 0),
                opus_parameters(
                    **STATUS | {"npt": 10, "fxv": 2.5, "lxv": 10.0, "dpf": 2, "dxu": "MI"}
                ),
            ),
        ]
    )
    (tmp_path / "made.0").write_bytes(data)
    contents = read_all(tmp_path / "made.0")
    spectrum = contents.blocks["ScSm"]
    np.testing.assert_array_equal(spectrum.values, values)
    np.testing.assert_allclose(spectrum.wavenumber, 1e4 / np.linspace(2.5, 10, 10))
    assert any("micrometres" in note for note in contents.notes)


def test_a_time_resolved_series_is_a_run(tmp_path: Path) -> None:
    values, times = RNG.normal(size=(6, 20)), np.array([100.0, 101.5, 103.0, 110.0, 111.0, 120.0])
    (tmp_path / "made.0").write_bytes(series_file(values, times, times + 1))
    run = read(tmp_path / "made.0")
    assert isinstance(run, Run)
    np.testing.assert_array_equal(run.time, times - 100)
    np.testing.assert_array_equal(run.values, values.astype("f4"))
    assert run.start_text == "2026-11-22T17:12:00.250000+01:00"


def test_a_series_without_starts_takes_its_ends_and_says_so(tmp_path: Path) -> None:
    values, ends = RNG.normal(size=(3, 20)), np.array([1.0, 2.0, 4.0])
    (tmp_path / "made.0").write_bytes(series_file(values, np.zeros(3), ends))
    contents = read_all(tmp_path / "made.0")
    np.testing.assert_array_equal(contents.blocks["AB"].time, [0, 1, 3])
    assert any("ends" in note for note in contents.notes)


def test_a_series_without_times_gets_none(tmp_path: Path) -> None:
    (tmp_path / "made.0").write_bytes(
        series_file(RNG.normal(size=(3, 20)), np.zeros(3), np.zeros(3))
    )
    contents = read_all(tmp_path / "made.0")
    assert list(contents.blocks) == ["AB 1", "AB 2", "AB 3"]
    assert any("no times" in note for note in contents.notes)


def test_a_file_of_interferograms_says_so(tmp_path: Path) -> None:
    status = opus_parameters(**STATUS | {"npt": 10, "fxv": 0.0, "lxv": 9.0, "dxu": "PNT"})
    data = opus(
        [
            OpusBlock((3, 1, 0, 2, 0, 0), np.ones(10, "<f4").tobytes()),
            OpusBlock((3, 1, 1, 2, 0, 0), status),
        ]
    )
    (tmp_path / "made.0").write_bytes(data)
    with pytest.raises(FormatError, match="no spectrum, only IgSm"):
        read(tmp_path / "made.0")


def test_ordinates_that_the_file_itself_contradicts_are_noted(tmp_path: Path) -> None:
    (tmp_path / "made.0").write_bytes(absorbance_file(np.linspace(0, 1, 30), mny=0.0, mxy=2.0))
    assert any("may be damaged" in note for note in read_all(tmp_path / "made.0").notes)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"npt": 10**6}, "not fit"),
        ({"npt": -5}, "not fit"),
        ({"fxv": float("nan")}, "FXV"),
        ({"lxv": 4000.0}, "cannot be"),
        ({"dpf": 9}, "format 9"),
    ],
)
def test_impossible_parameters_are_refused(
    tmp_path: Path, status: dict[str, float], said: str
) -> None:
    (tmp_path / "made.0").write_bytes(absorbance_file(np.ones(20), **status))
    with pytest.raises(FormatError, match=said) as caught:
        read(tmp_path / "made.0")
    assert "made.0" in str(caught.value)


def test_a_negative_length_does_not_hang(tmp_path: Path) -> None:
    data = bytearray(absorbance_file(np.ones(20)))
    at = data.index(b"NPT\0")
    data[at + 6 : at + 8] = b"\xfc\xff"
    (tmp_path / "made.0").write_bytes(data)
    with pytest.raises(FormatError, match="NPT"):
        read(tmp_path / "made.0")


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("03/05/2019", "13:31:22.358 (GMT-4)", "2019-05-03T13:31:22.358000-04:00"),
        ("2019/05/03", "13:31:22", "2019-05-03T13:31:22"),
        ("03/05/2019", "13:31:22 (GMT+5:30)", "2019-05-03T13:31:22+05:30"),
        ("03/05/2019", "13:31:22 (GMT+99)", None),
        ("33/05/2019", "13:31:22", None),
        ("", "", None),
    ],
)
def test_clocks(date: str, time: str, expected: str | None) -> None:
    moment = parse_clock(date, time)
    assert (moment and moment.isoformat()) == expected
    assert moment is None or moment.utcoffset() is None or abs(moment.utcoffset()) < timedelta(1)
