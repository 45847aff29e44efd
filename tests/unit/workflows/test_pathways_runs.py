"""What `opir pathways` reads and says, and that a bad run stops no other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

import opir.pathways
from opir.chemistry import library
from opir.cli import main
from opir.errors import FormatError, OptionError, UnknownNameError
from opir.run import Run, Spectrum
from opir.run.netcdf import write_run, write_spectrum
from opir.workflows import pathways_batch, pathways_files, pathways_report, pathways_tables
from opir.workflows.pathways import pathways_run, read_for_pathways
from opir.workflows.pathways_batch import pathways_runs, runs_in
from opir.workflows.pathways_files import ENDINGS
from tests.unit.workflows.pathways_by_hand import AXIS, pathways

PNG = {"network": b"1", "timeline": b"2", "fit": b"3"}
BAD = "bad"
PICTURES = [(pathways_files, f"{name}_picture") for name in PNG]
PICTURES += [(pathways_tables, "species_evidence"), (pathways_report, "second_way_figure")]


def small_picture(*_: Any, **__: Any) -> Figure:
    """In place of the pictures, which take a second to draw and have tests of their own."""
    return Figure(figsize=(0.1, 0.1))


def stub(run: Run, **_: Any) -> Any:
    """In place of :func:`opir.pathways.recover`; fails for runs of one name."""
    if run.name == BAD:
        raise FormatError("this run is bad")
    if run.name == "kills":
        os._exit(3)
    return replace(pathways(), title=run.name, origin=run.origin)


def prepare(job: Mapping[str, Any]) -> Callable[[int], dict[str, Any]]:
    """What a worker does in these tests."""
    opir.pathways.recover = stub  # type: ignore[attr-defined,unused-ignore]
    for module, name in PICTURES:
        setattr(module, name, small_picture)
    return pathways_batch.prepare(job)


@pytest.fixture(autouse=True)
def recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opir.pathways, "recover", stub, raising=False)
    for module, name in PICTURES:
        monkeypatch.setattr(module, name, small_picture)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the pathways are recovered with, once they are."""
    options: dict[str, Any] = {}

    def look(run: Run, **asked: Any) -> Any:
        options.update(asked)
        return pathways()

    monkeypatch.setattr(opir.pathways, "recover", look, raising=False)
    return options


def a_run(name: str = "a", origin: str = "measured") -> Run:
    """A small run."""
    values = np.random.default_rng(0).random((4, AXIS.size))
    time = [0.0, 60.0, 120.0, 180.0]
    return Run.from_arrays(time, AXIS, values, voltage=[3.0, 2.0, 1.0, 0.5], name=name,
                           origin=origin)  # fmt: skip


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return write_run(a_run(), tmp_path / "a.nc")


def a_forecast() -> Run:
    """A forecast of two frames from one spectrum, with what it says of amounts."""
    run = a_run("from a spectrum", "forecast").frames([1, 2]).dataset
    run = run.assign_coords(given_time=("given_time", [0.0]), component=["LEDC", "EC"])
    run = run.assign_coords(reaction=["ec-to-ledc"])
    start = np.full((1, AXIS.size), 7.0)
    run["given_absorbance"] = (("given_time", "wavenumber"), start, {"origin": "measured"})
    run["given_voltage"] = ("given_time", [3.25])
    run["amount"] = (("time", "component"), [[1.0, 9.0], [1.625, 7.0]])
    run["amount_given"] = ("component", [0.5, 10.0])
    run["extent"] = (("time", "reaction"), [[0.5], [1.375]], {"units": "mmol m-2"})
    return Run(run)


# -- reading --------------------------------------------------------------------------------------


def test_a_forecast_becomes_a_run_that_begins_with_what_was_given() -> None:
    run, remarks = read_for_pathways(a_forecast())
    assert run.origin == "forecast"
    assert run.time.tolist() == [0.0, 60.0, 120.0]
    assert (run.values[0] == 7.0).all()
    assert (run.values[1:] == a_forecast().values).all()
    voltage = run.on_time("voltage")
    assert voltage is not None
    assert voltage.tolist() == [3.25, 2.0, 1.0]
    assert set(run.dataset.data_vars) == {"absorbance", "voltage"}  # amounts are not handed on
    assert "measured" in remarks[0]
    assert "forecast" in remarks[0]


@pytest.mark.parametrize("folder", [True, False])
def test_a_forecast_is_read_from_its_folder_and_what_it_says_is_shown(
    tmp_path: Path, folder: bool
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    file = write_run(a_forecast(), made / "forecast.nc")
    (made / "forecast.csv").write_text("not to be read", encoding="utf-8")
    done = pathways_run(made if folder else file, out=tmp_path / "out")
    page = (tmp_path / "out" / "forecast-pathways.html").read_text(encoding="utf-8")
    assert '<span class="origin">forecast</span>' in page
    assert 'data-v="1.125"' in page  # 1.625 at the end less 0.5 given
    assert 'data-v="-3.0"' in page  # EC, 7 less 10
    assert done.pathways.remarks[-1].startswith("The first frame is the spectrum")


def test_other_runs_are_taken_as_they_are(run_file: Path) -> None:
    done = pathways_run(run_file)
    xr.testing.assert_equal(done.run.dataset, a_run().dataset)
    assert done.files == ()
    assert done.pathways.title == "a"


def test_a_voltage_of_ones_own_takes_the_place_of_the_files(run_file: Path) -> None:
    done = pathways_run(run_file, voltage=[1.0, 2.0, 3.0, 4.0])
    values = done.run.on_time("voltage")
    assert values is not None
    assert values.tolist() == [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(OptionError, match="2 values for 4 frames"):
        pathways_run(run_file, voltage=[1.0, 2.0])


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    path = write_spectrum(a_run().spectrum(0), tmp_path / "one.nc")
    with pytest.raises(FormatError, match="one spectrum"):
        pathways_run(path)
    with pytest.raises(UnknownNameError, match="lp57-graphite"):
        pathways_run(a_run(), system="lp57-graphit")


def test_references_are_read_and_handed_on(
    tmp_path: Path, run_file: Path, given: dict[str, Any]
) -> None:
    path = write_spectrum(a_run().spectrum(0), tmp_path / "one.nc")
    pathways_run(run_file, references={"mine": path}, species=["LEDC"], user_reactions=["A -> B"])
    assert isinstance(given["references"]["mine"], Spectrum)
    assert given["species"] == ["LEDC"]
    assert given["user_reactions"] == ["A -> B"]
    with pytest.raises(FormatError, match="'mine'"):
        pathways_run(run_file, references={"mine": run_file})


def test_files_of_ones_own_are_where_names_are_looked_up(
    tmp_path: Path, run_file: Path, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    source = next(p for key, p in library().origins.items() if key == "systems lp30-graphite")
    own = tmp_path / "own.yaml"
    text = source.read_text("utf-8").replace("lp30-graphite:", "mine:")
    own.write_text(
        text + "\nspecies:\n  Unobtainium: {formula: C2H4O, phase: solid}\n", encoding="utf-8"
    )
    pathways_runs([run_file], system="mine", extra=[own], workers=1)
    assert given["system"].name == "mine"
    assert "Unobtainium" in given["library"].species
    with pytest.raises(SystemExit):
        main(["pathways", str(run_file), "--system", "mine"])
    assert "unknown system 'mine'" in capsys.readouterr().err
    own.write_text("species: {X: {formula: Xx}}", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["pathways", str(run_file), "--library", str(own)])
    assert "own.yaml" in capsys.readouterr().err


# -- several runs ---------------------------------------------------------------------------------


def test_a_folder_stands_for_its_runs_and_not_for_what_lies_beside_them(tmp_path: Path) -> None:
    for name in ("b.nc", "a.nc", "a-truth.nc", "a-record.nc", "lone-truth.nc", "notes.txt"):
        (tmp_path / name).touch()
    names = [path.name for path in runs_in([tmp_path])]
    assert names == ["a.nc", "b.nc", "lone-truth.nc"]
    (tmp_path / "spectra").mkdir()
    assert runs_in([tmp_path / "spectra", tmp_path / "spectra"]) == [tmp_path / "spectra"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_run_does_not_stop_the_others(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "runs"
    (folder / "more").mkdir(parents=True)
    paths = [write_run(a_run("first"), folder / "a.nc"), write_run(a_run(BAD), folder / "b.nc")]
    paths.append(write_run(a_run("third"), folder / "more" / "a.nc"))
    (folder / "c.nc").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    paths.append(folder / "c.nc")
    if workers > 1:
        paths.append(write_run(a_run("kills"), folder / "d.nc"))
    done = pathways_runs(paths, out=tmp_path / "out", workers=workers,
                         function="tests.unit.workflows.test_pathways_runs:prepare")  # fmt: skip
    assert [outcome.path for outcome in done] == [str(path) for path in paths]
    assert [bool(outcome.error) for outcome in done] == [False, True, False, True, True][
        : len(paths)
    ]
    assert "this run is bad" in done[1].error
    assert str(folder / "c.nc") in done[3].error
    assert done[0].records[0]["run"] == str(paths[0])
    wanted = {f"{name}{ending}" for name in ("a", "a-2") for ending in ENDINGS}
    assert {path.name for path in (tmp_path / "out").iterdir()} == wanted
    if workers > 1:
        assert "ended with 3" in done[4].error


def test_what_is_wrong_for_all_runs_is_said_once(run_file: Path) -> None:
    with pytest.raises(UnknownNameError):
        pathways_runs([run_file, run_file], system="nowhere")
    with pytest.raises(OptionError, match="no run"):
        pathways_runs([])
    with pytest.raises(OptionError, match="at least 1"):
        pathways_runs([run_file], workers=0)


# -- command --------------------------------------------------------------------------------------


def said(*words: str, status: int = 0) -> None:
    """Run the command, which ends with a status."""
    with pytest.raises(SystemExit) as ended:
        main(["pathways", *words])
    assert (ended.value.code or 0) == status


def test_json_is_all_that_is_printed(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(str(run_file), "--json")
    out, err = capsys.readouterr()
    records = json.loads(out)
    assert [record["kind"] for record in records] == ["species"] * 3 + ["reaction"] * 4
    assert records[0]["onset"]["frame"] == 10
    assert records[6]["onset"] is None
    assert "amount" not in records[0]
    assert err == ""
    assert [path.name for path in run_file.parent.iterdir()] == ["a.nc"]


def test_tables_are_printed_and_files_written_once(
    run_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = run_file.parent / "out"
    said(str(run_file), "-o", str(target))
    out = capsys.readouterr().out
    assert "2 EC + 2 Li+ + 2 e- -> LEDC + C2H4" in out
    assert out.count("Written: ") == len(ENDINGS)
    said(str(run_file), "-o", str(target), status=2)
    err = capsys.readouterr().err
    assert "exists already" in err
    assert "Traceback" not in err
    said(str(run_file), "-o", str(target), "--force")


def test_bad_words_get_one_sentence(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["--reference", "LEDC"],
        ["--reference", "LEDC=missing.spc"],
        ["--system", "nowhere"],
        ["--workers", "0"],
    ):
        said(str(run_file), *words, status=2)
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("opir: ")
    said(str(run_file.parent / "missing.nc"), status=2)
    assert "no such file" in capsys.readouterr().err


def test_some_failed_runs_are_named_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (write_run(a_run(name), tmp_path / f"{name}.nc") for name in ("good", BAD))
    said(str(good), str(bad), "--workers", "1", status=1)
    out, err = capsys.readouterr()
    assert f"== {good}" in out
    assert f"{bad}: this run is bad" in err
    assert "1 of 2 runs failed." in err


def test_a_run_that_cannot_be_read_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "page.nc").write_text("a page of text", encoding="utf-8")
    (outcome,) = pathways_runs([tmp_path / "page.nc"], out=tmp_path / "results", workers=1)
    assert outcome.error
    assert not (tmp_path / "results").exists()
