"""Writing loses nothing: not on errors, not on a full disk, not over existing output."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from opir.errors import OutputError, OutputExistsError
from opir.files import atomic_path, check_output


def test_the_file_appears_whole_under_its_name(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "a.txt", overwrite=True) as path:
        path.write_text("half")
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_existing_output_is_refused_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OutputExistsError, match="--force"), atomic_path(tmp_path / "a.txt"):
        pass
    with atomic_path(tmp_path / "a.txt", overwrite=True) as path:
        path.write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_output_made_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError), atomic_path(tmp_path / "a.txt") as path:
        path.write_text("mine")
        (tmp_path / "a.txt").write_text("of another process")
    assert (tmp_path / "a.txt").read_text() == "of another process"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").write_text("old")
    with atomic_path(tmp_path / "d", overwrite=True) as path:
        path.mkdir()
        (path / "new").write_text("new")
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == [
        "d",
        "d/new",
    ]


def test_a_file_never_replaces_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    with (
        pytest.raises(OutputError, match="a folder is there"),
        atomic_path(folder, overwrite=True) as temporary,
    ):
        temporary.write_text("new")
    with pytest.raises(OutputError, match="a folder is there"):
        check_output(folder, overwrite=True, file=True)
    assert check_output(folder, overwrite=True) == folder
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (folder / "kept.txt").read_text() == "kept"


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"), atomic_path(tmp_path / "no" / "a.txt"):
        pass


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
def test_the_system_refusing_to_write_is_one_sentence(tmp_path: Path, code: int) -> None:
    with pytest.raises(OutputError) as caught, atomic_path(tmp_path / "a.txt") as path:
        path.write_text("half")
        raise OSError(code, os.strerror(code))
    assert "a.txt" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_for_real(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no space is left"),
        atomic_path(tmp_path / "a.txt"),
        open("/dev/full", "w") as full,
    ):
        full.write("x" * 100_000)
    assert not list(tmp_path.iterdir())
