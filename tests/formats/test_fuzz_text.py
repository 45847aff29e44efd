"""Damaged files in the text, Bio-Logic, folder and archive readers."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from pathlib import Path

import pytest
from fuzzing import FUZZ, assert_clean, mutations
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cyclers import ARBIN, BDF, ECLAB, NEWARE, ROWS, mpr
from test_delimited import HEAD

from opir.errors import OpirError
from opir.run.readers import read_all, recognise
from opir.run.readers.base import READERS

TABLE = "\n".join(["time/s;1000;1001,5;1003", *(f"{t};0,{t}1;0,2;1E-0{t}" for t in range(1, 8))])
LONG = "time/s,wavenumber,absorbance\n" + "".join(
    f"{t},{x},0.{t}{x}\n" for t in range(4) for x in (1000, 1001, 1002)
)
PAIRS = "".join(f"{4000 - 2 * i}\t{0.001 * i:.4f}\r\n" for i in range(40))
MPT = "EC-Lab ASCII FILE\nNb header lines : 4\nAcquisition started on : 07/29/2020 10:31:01\n"
MPT += ECLAB.format("0,5", "1,5", "2,5")
STAMPS = ECLAB.format(*(f"03/04/2024 23:59:{s},25" for s in (57, 58, 59)))
LABSPEC = "\n".join([*HEAD, "\t100\t101\t102", "0\t1\t2\t3", "60\t2\t2\t3"])


def zipped(*members: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(members):
            info = zipfile.ZipInfo(f"s{number}.dpt", (2024, 1, 1, 12, 0, number * 2))
            archive.writestr(info, text)
    return sink.getvalue()


SAMPLES: dict[str, tuple[list[bytes], str]] = {
    "delimited": ([TABLE.encode(), LONG.encode(), PAIRS.encode("utf-16")], ".csv"),
    "labspec": ([LABSPEC.encode("latin-1")], ".txt"),
    "eclab_text": ([MPT.encode("latin-1"), STAMPS.encode("latin-1")], ".mpt"),
    "eclab_mpr": ([mpr([1, 2, 4, 6, 8], ROWS, 3), mpr([1, 4, 999, 8], ROWS, 3)], ".mpr"),
    "arbin": ([ARBIN.encode()], ".csv"),
    "neware": ([NEWARE.format(sign="-").encode()], ".csv"),
    "bdf": ([BDF.encode()], ".csv"),
    "cycler_csv": ([b"Time (s),Voltage (V),Current (mA)\n0,3.1,1\n1,3.2,2\n"], ".csv"),
    "archive": ([zipped(PAIRS, PAIRS, PAIRS)], ".zip"),
}


@pytest.mark.parametrize("format", SAMPLES)
def test_damaged_files(format: str) -> None:
    samples, suffix = SAMPLES[format]

    @settings(FUZZ)
    @given(mutations(samples))
    def check(data: bytes) -> None:
        assert_clean(partial(read_all, format=format), data, suffix)

    check()


@settings(FUZZ)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_recognising_never_raises(data: bytes) -> None:
    assert_clean(read_all, data, ".csv")
    path = Path("x.csv")
    for reader in READERS.values():
        assert 0 <= reader.recognise(data[:8192], path) <= 1.1


@settings(FUZZ)
@given(mutations([sample for samples, _ in SAMPLES.values() for sample in samples]))
def test_damaged_files_told_by_content(data: bytes) -> None:
    assert_clean(read_all, data, ".txt")


@settings(FUZZ, max_examples=15)
@given(st.lists(mutations([PAIRS.encode(), MPT.encode()]), min_size=1, max_size=4))
def test_folders_of_damaged_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("spectra")
    for number, data in enumerate(files):
        (folder / f"s{number}.dpt").write_bytes(data)
    try:
        contents = read_all(folder)
    except OpirError as error:
        assert folder.name in str(error)
    else:
        assert contents.main in contents.blocks


@pytest.mark.parametrize(
    "name",
    [
        "raman/serie190214-1.txt",
        "electrochemistry/biologic/Pt_poly_cv_CUT.mpt",
        "electrochemistry/biologic/biol.mpr",
        "infrared/fermentation/train_spectra.csv",
    ],
)
def test_damaged_real_files(shared_real: Path, name: str) -> None:
    path = shared_real / name
    whole = path.read_bytes()
    format = recognise(path).name

    @settings(FUZZ, max_examples=12)
    @given(mutations([whole]))
    def check(data: bytes) -> None:
        assert_clean(partial(read_all, format=format), data, path.suffix, seconds=10)

    check()


def test_long_lines_and_many_lines_take_seconds(tmp_path: Path) -> None:
    for data in (
        b"1 " * 1_000_000,
        b"1 " * 2_500_000,
        b"1 2\n" * 100_000,
        b"," * 3_000_000,
        b"\n" * 5_000_000,
    ):
        assert_clean(read_all, data, ".txt", seconds=20, megabytes=500)
        assert_clean(partial(read_all, format="delimited"), data, ".txt", seconds=20)
