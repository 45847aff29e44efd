"""``opir data add`` repeated, interrupted, at once from two sides, with ids that clash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opir.errors import OptionError, OutputExistsError
from opir.run.content import portable_attributes
from opir.run.netcdf import write_run
from opir.run.store import Store, validate
from opir.workflows.data import add
from tests.formats.storetools import make_run


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write_run(make_run(k), tmp_path / f"{k}.nc") for k in (1, 2, 3)]


def test_repeating_adds_what_is_missing_and_nothing_twice(
    files: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    assert add(files[:2], store) == ["run-0001", "run-0002"]
    assert add([*files, files[0]], store) == ["run-0001", "run-0002", "run-0003"]
    assert Store.open(store).ids == ("run-0001", "run-0002", "run-0003")
    assert len(Store.open(store).parts) == 2
    assert validate(store) == []


def test_another_run_of_the_same_id_is_refused_and_named(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    add(files[:1], store)
    other = write_run(make_run(2).replace(title="run-0001"), tmp_path / "other.nc")
    with pytest.raises(OptionError, match="another run has the id 'run-0001'") as caught:
        add([files[1], other], store)
    assert caught.value.path == str(other)
    assert Store.open(store).ids == ("run-0001",)


def test_creation_that_was_cut_off_is_taken_up(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    add(files[:1], store)
    (store / "zarr.json").rename(store / ".zarr.json-0badf00d.partial")
    for part in (store / "parts" / "000000").rglob("*"):
        if part.is_file():
            part.unlink()
    assert add(files, store) == ["run-0001", "run-0002", "run-0003"]
    assert validate(store) == []


def test_a_folder_of_something_else_is_not_taken(files: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(OutputExistsError):
        add(files, folder)
    assert [path.name for path in folder.iterdir()] == ["cat.jpg"]


def test_two_writers_at_once(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    words = [sys.executable, "-m", "opir", "data", "add", str(store)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    writers = [subprocess.Popen([*words, str(file)], env=environment) for file in files]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert sorted(Store.open(store).ids) == ["run-0001", "run-0002", "run-0003"]
    assert validate(store) == []


def test_names_of_files_that_are_no_text_become_text() -> None:
    name = "zelle-°.dpt".encode().decode("ascii", "surrogateescape")
    assert portable_attributes({"source": name}, "the run") == {"source": "zelle-°.dpt"}
    assert portable_attributes({"source": "a\udcffb"}, "the run") == {"source": "a\ufffdb"}
