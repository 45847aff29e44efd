"""The command line as a user meets it: results, and one sentence for everything wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import opir
from opir import Run
from tests.commands import Ended, command

ROOT = Path(__file__).resolve().parents[2]


def run_opir(*words: object, cwd: Path, status: int = 0) -> Ended:
    """Run the command line in this process; fail if it shows a traceback."""
    done = command(*words, cwd=cwd)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.status == status, done.stderr + done.stdout
    return done


def start_opir(*words: object, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "opir", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "OPIR_DEBUG": ""},
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == status, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the simulated sample files and a run made of them."""
    place = tmp_path_factory.mktemp("commands")
    subprocess.run(
        [sys.executable, str(ROOT / "examples" / "make_files.py"), "files"], cwd=place, check=True
    )
    start_opir(
        *("ingest", "files/spectra", "files/sweep.txt", "-o", "run.nc"),
        *("--electrochemistry-timezone", "UTC"),
        cwd=place,
    )
    return place


def test_version(tmp_path: Path) -> None:
    for run in (run_opir, start_opir):
        assert run("--version", cwd=tmp_path).stdout.strip() == f"opir {opir.__version__}"


def test_ingest_lines_up_spectra_and_electrochemistry(folder: Path) -> None:
    run = opir.read(folder / "run.nc")
    assert isinstance(run, Run)
    np.testing.assert_allclose(run.time, np.arange(60) * 40.0)
    expected = 3.0 - 1e-3 * run.time
    np.testing.assert_allclose(run.on_time("voltage"), expected, atol=1e-5)
    np.testing.assert_allclose(run.on_time("current"), -1e-4 - 1e-7 * run.time, atol=1e-9)


def test_ingest_says_that_file_times_were_used(folder: Path, tmp_path: Path) -> None:
    said = run_opir(
        *("ingest", "files/spectra", "files/sweep.txt", "-o", tmp_path / "again.nc"),
        *("--electrochemistry-timezone", "UTC"),
        cwd=folder,
    ).stdout
    assert "60 spectra of 221 points" in said
    assert "file" in said.lower()
    assert "time" in said.lower()


def test_show_prints_what_a_file_holds(folder: Path) -> None:
    said = run_opir("show", "run.nc", cwd=folder).stdout
    for part in ("60 time x 221 wavenumber", "1900 to 800 cm-1", "voltage: 0.64 to 3 V"):
        assert part in said


@pytest.mark.parametrize("kind", ["heatmap", "waterfall", "difference"])
def test_plot_draws(folder: Path, tmp_path: Path, kind: str) -> None:
    run_opir("plot", "run.nc", "--kind", kind, "-o", tmp_path / "a.png", cwd=folder)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_formats_lists_every_reader(tmp_path: Path) -> None:
    said = run_opir("formats", cwd=tmp_path).stdout
    for name in ("opus", "omnic", "spc", "jcamp", "labspec", "eclab_mpr", "neware", "netcdf"):
        assert name in said


def test_a_store_from_files_and_back(folder: Path, tmp_path: Path) -> None:
    run_opir("data", "add", tmp_path / "store", "run.nc", cwd=folder)
    assert "valid" in run_opir("data", "validate", tmp_path / "store", cwd=folder).stdout
    info = run_opir("data", "info", tmp_path / "store", cwd=folder).stdout
    assert "1 runs" in info
    id = opir.read(folder / "run.nc").name
    run_opir("data", "export", tmp_path / "store", id, "-o", tmp_path / "out.nc", cwd=folder)
    back = opir.read(tmp_path / "out.nc")
    np.testing.assert_array_equal(back.values, opir.read(folder / "run.nc").values)


def test_a_damaged_store_is_not_valid(folder: Path, tmp_path: Path) -> None:
    run_opir("data", "add", tmp_path / "store", "run.nc", cwd=folder)
    victim = max((p for p in (tmp_path / "store").rglob("c/*") if p.is_file()), key=lambda p: p.stat().st_size)  # fmt: skip
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 0xFF
    victim.write_bytes(content)
    said = run_opir("data", "validate", tmp_path / "store", cwd=folder, status=1).stdout
    assert "fault(s)" in said


BAD = {
    "empty.csv": b"",
    "noise.0": bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)),
    "words.txt": b"this is no spectrum\nat all\n",
    "nan.csv": b"1000,0.1\n1001,nan\n1002,0.3\n",
    "twice.csv": b"1000,0.1\n1000,0.2\n1002,0.3\n",
    "unsorted.csv": b"1000,0.1\n1003,0.2\n1002,0.3\n1001,0.3\n",
    "hot.csv": b"Test Time / s,Voltage / V,Current / A\n0,3700,0.1\n1,3701,0.1\n2,3702,0.1\n",
    "broken.nc": b"\x89HDF\r\n\x1a\n" + b"\x00" * 500,
    "broken.zip": b"PK\x03\x04" + b"\x00" * 500,
}


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("command", ["show", "plot"])
def test_bad_files_are_one_sentence_naming_the_file(
    tmp_path: Path, name: str, command: str
) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    said = run_opir(command, name, cwd=tmp_path, status=2).stderr
    assert name in said
    assert said.startswith("opir: ")
    assert len(said.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("command", "name"), [("show", "broken.nc"), ("plot", "words.txt")])
def test_a_process_of_its_own_says_the_same(tmp_path: Path, command: str, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    here, there = (run(command, name, cwd=tmp_path, status=2) for run in (run_opir, start_opir))
    assert here.stdout == there.stdout
    # formats are listed in the order in which their readers were imported
    assert sorted(re.findall(r"\w+", here.stderr)) == sorted(re.findall(r"\w+", there.stderr))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("show", "missing.csv"), "no such file"),
        (("plot", "run.nc", "--kind", "heatmp", "-o", "x.png"), "Nearest: heatmap"),
        (("plot", "run.nc", "-o", "x.docx"), "png"),
        (("plot", "run.nc", "-o", "nowhere/x.png"), "does not exist"),
        (("plot", "run.nc", "-o", "run.nc", "--force"), "png"),
        (("ingest", "files/spectra", "files/sweep.txt", "-o", "run.nc"), "--force"),
        (("ingest", "files/spectra", "files/sweep.txt", "-o", "x.nc"), "time zone"),
        (("ingest", "files/sweep.txt", "files/spectra", "-o", "x.nc"), "spectra first"),
        (("ingest", "files/spectra", "-o", "x.nc", "--temperature", "25"), "25 degC"),
        (("ingest", "files/spectra", "-o", "x.nc", "--time-step", "5 parsec"), "parsec"),
        (("ingest", "files/spectra", "-o", "x.csv"), ".nc"),
        (("ingest", "files/spectra", "-o", "x.nc", "--system", "files/sweep.txt"), "sweep.txt"),
        (("data", "info", "nothing"), "no store"),
        (("data", "import", "nothing.yaml", "-o", "s"), "nothing.yaml"),
        (("data", "add", "s", "files/spectra/cell_00.dpt"), "opir ingest"),
    ],
)  # fmt: skip
def test_wrong_commands_are_one_sentence(
    folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    before = sorted(folder.rglob("*"))
    said = run_opir(*words, cwd=folder, status=2).stderr
    assert sentence in said
    assert said.startswith("opir: ")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_closed_or_full_standard_output_is_no_traceback(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "opir", "show", "run.nc"],
            cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode != 0
