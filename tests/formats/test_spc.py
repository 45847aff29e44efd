"""Galactic SPC: real files against spc-io, and every layout of the format made here."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import spc, spc_old

from opir import Run
from opir.errors import FormatError
from opir.run.readers import read, read_all
from opir.run.readers.base import FRAME_AXIS

X = np.linspace(1000, 4000, 31)
ROWS = [np.sin(X / 300) * k for k in (0.5, 1.0, 0.25)]


@pytest.mark.parametrize(
    ("name", "points", "ends"),
    [("BENZENE", 1842, (449.43, 4000.5)), ("POLYR", 1844, (447.484, 4002.2817))],
)
def test_real_files_are_as_spc_io_reads_them(
    shared_real: Path, name: str, points: int, ends: tuple[float, float]
) -> None:
    spc_io = pytest.importorskip("spc_io", reason="the second reader spc-io is not installed")
    path = shared_real / f"infrared/spc/{name}.SPC"
    spectrum = read(path)
    assert (spectrum.signal, spectrum.values.size) == ("absorbance", points)
    assert spectrum.wavenumber[[0, -1]] == pytest.approx(ends, abs=1e-3)
    with path.open("rb") as stream:
        other = spc_io.SPC.from_bytes_io(stream)
    np.testing.assert_array_equal(spectrum.values, other[0].yarray)
    np.testing.assert_allclose(spectrum.wavenumber, other.xarray, rtol=1e-12)
    assert spectrum.start == other.date


def test_the_real_old_file_holds_19_spectra_on_a_sine(shared_real: Path) -> None:
    contents = read_all(shared_real / "infrared/spc/CONTOUR.SPC")
    assert any("19 spectra have no times" in note for note in contents.notes)
    run = contents.blocks[contents.main]
    assert isinstance(run, Run)
    assert run.values.shape == (19, 179)
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS
    assert run.wavenumber[[0, -1]] == pytest.approx([3132.388, 2789.060], abs=1e-3)
    # Its comment: the same portion of a spectrum, multiplied by a sine wave.
    heights = run.values.max(axis=1)
    np.testing.assert_allclose(
        heights / heights.max(), np.sin(np.pi * np.arange(1, 20) / 20), atol=2e-3
    )


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("exponent", "short"), [(-128, False), (2, False), (3, True)])
def test_number_forms_and_byte_orders(
    tmp_path: Path, big: bool, exponent: int, short: bool
) -> None:
    (tmp_path / "a.spc").write_bytes(spc(ROWS[:1], exponent=exponent, short=short, big=big))
    spectrum = read(tmp_path / "a.spc")
    step = {-128: 1e-6, 2: 2.0**-30, 3: 2.0**-13}[exponent]
    np.testing.assert_allclose(spectrum.values, ROWS[0], atol=step)
    np.testing.assert_allclose(spectrum.wavenumber, X)
    assert spectrum.start_text == "2020-02-06T13:09:00"
    assert spectrum.metadata["resolution_text"] == "4.0 CM-1"


@given(
    st.lists(st.floats(-1.9, 1.9), min_size=2, max_size=40),
    st.integers(2, 8),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_old_integers_round_trip(values: list[float], exponent: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "old.spc"
        path.write_bytes(spc_old([values], (4000, 1000), exponent))
        found = read(path).values
    np.testing.assert_allclose(found, values, atol=2.0 ** (exponent - 32))


def test_listed_abscissas(tmp_path: Path) -> None:
    axis = np.sort(np.random.default_rng(1).uniform(900, 4000, 31)).astype("f4")
    (tmp_path / "a.spc").write_bytes(spc(ROWS[:1], axis=axis))
    np.testing.assert_array_equal(read(tmp_path / "a.spc").wavenumber, axis)


def test_own_abscissas_stay_blocks(tmp_path: Path) -> None:
    axes = [X, X[:20], X[5:]]
    rows = [row[: len(axis)] for row, axis in zip(ROWS, axes, strict=True)]
    data = spc(rows, axes=axes, codes=(1, 2, 5), z=[0, 1, 2])
    (tmp_path / "a.spc").write_bytes(data)
    contents = read_all(tmp_path / "a.spc")
    assert [b.values.size for b in contents.blocks.values()] == [31, 20, 26]
    assert any("differ in axis" in note for note in contents.notes)


@pytest.mark.parametrize(("code", "seconds"), [(5, 60.0), (4, 1.0), (30, 3600.0)])
def test_a_z_axis_of_time_makes_a_run(tmp_path: Path, code: int, seconds: float) -> None:
    (tmp_path / "a.spc").write_bytes(spc(ROWS, codes=(1, 2, code), z=[0.5, 1.0, 4.0]))
    run = read(tmp_path / "a.spc")
    assert isinstance(run, Run)
    np.testing.assert_allclose(run.time, np.array([0, 0.5, 3.5]) * seconds)
    np.testing.assert_allclose(run.values, ROWS, atol=1e-6)


def test_a_z_axis_of_anything_else_makes_up_no_times(tmp_path: Path) -> None:
    (tmp_path / "a.spc").write_bytes(spc(ROWS, codes=(1, 2, 0), z=[0, 10, 25]))
    run = read(tmp_path / "a.spc")
    assert isinstance(run, Run)
    assert run.dataset.attrs["time_axis"] == FRAME_AXIS
    np.testing.assert_array_equal(run.time, [0, 1, 2])
    assert (run.metadata["z"], run.metadata["z_code"]) == ([0, 10, 25], 0)


def test_wavelengths_are_converted_and_percent_too(tmp_path: Path) -> None:
    data = spc([np.linspace(5, 95, 31)], ends=(2.5, 10.0), codes=(2, 128, 0))
    (tmp_path / "a.spc").write_bytes(data)
    contents = read_all(tmp_path / "a.spc")
    (spectrum,) = contents.blocks.values()
    np.testing.assert_allclose(spectrum.wavenumber[[0, -1]], [4000, 1000])
    assert spectrum.signal == "transmittance"
    assert spectrum.values.max() == pytest.approx(0.95)
    assert len(contents.notes) == 2


def test_raman_shift(tmp_path: Path) -> None:
    (tmp_path / "a.spc").write_bytes(spc([ROWS[0] * 1000], codes=(13, 4, 0)))
    assert read(tmp_path / "a.spc").signal == "raman_intensity"


def test_the_rest_of_an_old_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.spc").write_bytes(spc_old(ROWS, (4000, 1000), tail=bytes(50)))
    contents = read_all(tmp_path / "a.spc")
    assert len(contents.blocks[contents.main].time) == 3
    assert any("50 bytes" in note for note in contents.notes)


@pytest.mark.parametrize(
    ("at", "layout", "value", "said"),
    [
        (4, "<I", 2**31, "do not fit"),
        (4, "<I", 0, "do not fit"),
        (24, "<I", 2**32 - 1, "do not fit"),
        (24, "<I", 0, "do not fit"),
        (28, "<B", 10, "ppm"),
        (29, "<B", 1, "interferogram"),
        (8, "<d", float("nan"), "cannot be"),
        (1, "<B", 0x20, "none of SPC"),
    ],
)
def test_impossible_headers(tmp_path: Path, at: int, layout: str, value: float, said: str) -> None:
    data = bytearray(spc(ROWS[:1]))
    struct.pack_into(layout, data, at, value)
    (tmp_path / "a.spc").write_bytes(data)
    with pytest.raises(FormatError, match=said):
        read(tmp_path / "a.spc", format="spc")


def test_many_spectra_that_are_no_run_are_refused_in_time(tmp_path: Path) -> None:
    axes = [np.array([1000.0, 1002.0 + (number == 7)]) for number in range(20_001)]
    data = spc([[0.1, 0.2]] * 20_001, axes=axes, codes=(1, 2, 0))
    (tmp_path / "a.spc").write_bytes(data)
    with pytest.raises(FormatError, match="at most 20000"):
        read(tmp_path / "a.spc")
