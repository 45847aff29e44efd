"""Pipes, devices, folders without permission, bombs and large files where small text is meant."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opir.errors import FormatError, OpirError, OutputError
from opir.files import check_output, read_text
from opir.protocol import Protocol
from opir.run.importing import read_mapping
from opir.run.netcdf import read_netcdf
from opir.run.readers import read
from opir.system import System
from opir.workflows.ingest import ingest
from opir.workflows.settings import read_settings

READERS: list[Callable[[Path], object]] = [
    read,
    read_text,
    read_netcdf,
    read_mapping,
    read_settings,
    System.from_file,
    Protocol.from_file,
    lambda path: ingest([path, path], out=path.with_name("out.nc")),
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("reader", READERS)
def test_pipe_does_not_hang(reader: Callable[[Path], object], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FormatError, match="pipe or a device") as caught:
        reader(pipe)
    assert caught.value.path == str(pipe)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
@pytest.mark.parametrize("reader", READERS[:-1])
def test_endless_device_is_refused(reader: Callable[[Path], object]) -> None:
    with pytest.raises(FormatError, match="pipe or a device"):
        reader(Path("/dev/zero"))


@pytest.mark.parametrize(
    "reader", [read_mapping, read_settings, System.from_file, Protocol.from_file]
)
def test_large_file_is_not_loaded_as_text(reader: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as stream:
        stream.truncate(2**31)
    with pytest.raises(FormatError, match="2147 MB"):
        reader(path)


def test_yaml_that_unfolds_without_end() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    begin = time.monotonic()
    for field in ("name", "electrolyte"):
        with pytest.raises(OpirError) as caught:
            System.from_text("\n".join([*layers, f"{field}: *a8"]))
        assert len(str(caught.value)) < 500
    assert time.monotonic() - begin < 5.0


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may do all")
def test_folder_without_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    try:
        with pytest.raises(FormatError, match="cannot be read"):
            read(closed)
        with pytest.raises(OutputError, match="not permitted"):
            check_output(closed / "run.nc")
    finally:
        closed.chmod(0o700)


def test_folder_without_permission_as_the_system_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()

    def refuse(self: Path, *arguments: object, **more: object) -> object:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(FormatError, match="the folder cannot be read"):
        read(tmp_path / "inner")
    with pytest.raises(OutputError, match="not permitted"):
        check_output(tmp_path / "run.nc")
