"""Damaged spectra files: an error that says what and where, or a checked object, and no more."""

from __future__ import annotations

import struct
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from fuzzing import FUZZ, assert_clean, mutations
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import OpusBlock, opus, spa, spc, spc_old, spg, srs
from test_opus import absorbance_file, series_file

from opir import Spectrum
from opir.errors import FormatError
from opir.run.readers import read_all
from opir.run.readers.asdf import FORMS
from opir.run.readers.base import READERS
from opir.run.write_jcamp import write_jcamp

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(3, 24))
X = np.linspace(1000, 4000, 24)
SUFFIXES = {"opus": ".0", "omnic": ".spg", "spc": ".spc", "jcamp": ".dx"}

REAL = {
    "opus": ["infrared/opus/test.0000"],
    "omnic": ["infrared/omnic/BG1-BCKG_0.SPA", "infrared/omnic/CO@Mo_Al2O3.SPG",
              "infrared/omnic/tga_ir.srs"],
    "spc": ["infrared/spc/BENZENE.SPC", "infrared/spc/CONTOUR.SPC"],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """Small valid files of each format."""
    folder = tmp_path_factory.mktemp("made")
    smooth = Spectrum.from_arrays(X, np.sin(X / 400))
    return {
        "opus": [
            absorbance_file(ROWS[0]),
            series_file(ROWS, np.arange(3.0), np.arange(3.0) + 1),
        ],
        "omnic": [
            spa(ROWS[0]),
            spg(list(ROWS), 4000, 1000, ["a", "b", "c"], [3_800_000_000 + i for i in range(3)]),
            srs(ROWS, 4000, 1000, (0.5, 1.5), ["a", "b", "c"]),
        ],
        "spc": [
            spc(ROWS, codes=(1, 2, 5), z=[0, 1, 2]),
            spc(ROWS[:1], exponent=3, big=True),
            spc(list(ROWS), axes=[X, X, X]),
            spc(ROWS[:1], axis=X),
            spc_old(list(ROWS), (4000, 1000), 4),
        ],
        "jcamp": [
            write_jcamp(folder / f"{form}.dx", smooth, form=form).read_bytes() for form in FORMS
        ],
    }


@cache
def _real(folder: Path, name: str) -> tuple[bytes, ...]:
    return tuple((folder / part).read_bytes() for part in REAL[name])


@pytest.mark.parametrize("name", SUFFIXES)
def test_the_made_files_are_valid(made: dict[str, list[bytes]], name: str) -> None:
    for data in made[name]:
        found = assert_clean(partial(read_all, format=name), data, SUFFIXES[name])
        assert not isinstance(found, Exception), found


@pytest.mark.parametrize("name", SUFFIXES)
@settings(FUZZ)
@given(data=st.data())
def test_damaged_small_files(made: dict[str, list[bytes]], name: str, data: st.DataObject) -> None:
    damaged = data.draw(mutations(made[name]))
    assert_clean(partial(read_all, format=name), damaged, SUFFIXES[name])


@pytest.mark.parametrize("name", REAL)
@settings(FUZZ)
@given(data=st.data())
def test_damaged_real_files(shared_real: Path, name: str, data: st.DataObject) -> None:
    damaged = data.draw(mutations(_real(shared_real, name)))
    assert_clean(partial(read_all, format=name), damaged, SUFFIXES[name])


@settings(FUZZ)
@given(data=st.data())
def test_the_format_is_told_or_refused(made: dict[str, list[bytes]], data: st.DataObject) -> None:
    """Without the name of the format, whichever reader takes the file keeps the same promise."""
    samples = [sample for group in made.values() for sample in group]
    damaged = data.draw(mutations(samples))
    assert_clean(read_all, damaged, data.draw(st.sampled_from(["", ".txt", *SUFFIXES.values()])))


def test_each_format_is_told_by_content_alone(made: dict[str, list[bytes]], tmp_path: Path) -> None:
    for name, group in made.items():
        for number, sample in enumerate(group):
            path = tmp_path / f"{name}{number}.bin"
            path.write_bytes(sample)
            assert read_all(path).format == name


@pytest.mark.parametrize("name", SUFFIXES)
def test_every_cut_of_a_small_file(made: dict[str, list[bytes]], name: str, tmp_path: Path) -> None:
    """A cut file is never read as if it were whole, unless only filling or text was lost."""
    sample = made[name][0]
    path = tmp_path / f"cut{SUFFIXES[name]}"
    whole = assert_clean(partial(read_all, format=name), sample, SUFFIXES[name])
    for size in range(0, len(sample) - 1, 7):
        path.write_bytes(sample[:size])
        try:
            cut = read_all(path, format=name)
        except FormatError as error:
            assert path.name in str(error)
            continue
        assert size > 0.9 * len(sample), f"{size} of {len(sample)} bytes were enough"
        first, second = whole.blocks[whole.main], cut.blocks[cut.main]
        np.testing.assert_array_equal(first.values, second.values)


@pytest.mark.parametrize("name", SUFFIXES)
def test_files_of_other_kinds(made: dict[str, list[bytes]], name: str, tmp_path: Path) -> None:
    others = [sample for key, group in made.items() if key != name for sample in group]
    others += [
        b"",
        b"\0",
        b"PK\x03\x04" + bytes(60),
        b"\x89HDF\r\n\x1a\n" + bytes(600),
        b"a,b\n1,2\n",
    ]
    for other in others:
        path = tmp_path / f"other{SUFFIXES[name]}"
        path.write_bytes(other)
        with pytest.raises(FormatError, match="other"):
            read_all(path, format=name)
    assert name in READERS


def test_parts_over_one_another_ask_for_no_memory() -> None:
    """Many entries that all name the same bytes would multiply a file's size."""
    body = np.zeros(200_000, "<f4").tobytes()
    blocks = [OpusBlock((3, 3, 0, 4, 0, 0), b"")] * 2000
    whole = bytearray(opus(blocks) + body)
    begin = len(whole) - len(body)
    for row in range(1, 2001):
        struct.pack_into("<2i", whole, 24 + 12 * row + 4, len(body) // 4, begin)
    found = assert_clean(partial(read_all, format="opus"), bytes(whole), ".0")
    assert "over one another" in str(found)
    count = 2000
    group = bytearray(spg([np.zeros(2)] * count, 2, 1, ["a"] * count, [1] * count) + body)
    begin = len(group) - len(body)
    for row in range(1, 3 * count, 3):
        struct.pack_into("<II", group, 304 + 16 * row + 2, begin, len(body))
    found = assert_clean(partial(read_all, format="omnic"), bytes(group), ".spg")
    assert "over one another" in str(found)


def test_linked_flat_lines_ask_for_no_memory() -> None:
    flat = (
        "##TITLE= a\n##XUNITS= 1/CM\n##YUNITS= ABSORBANCE\n##FIRSTX= 1\n##LASTX= 2\n"
        "##NPOINTS= 199999\n##XYDATA= (X++(Y..Y))\n1AS99999\n##END=\n"
    )
    data = f"##TITLE= all\n##DATA TYPE= LINK\n{flat * 500}##END=\n".encode()
    found = assert_clean(partial(read_all, format="jcamp"), data, ".dx")
    assert "NPOINTS" in str(found)
