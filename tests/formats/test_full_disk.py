"""A disk that really is full: /dev/full and a file-size limit, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opir.run.netcdf import read_run, write_run
from opir.run.store import Store, validate
from opir.workflows.data import add
from tests.formats.storetools import make_run

resource = pytest.importorskip("resource", reason="needs limits of the operating system")

_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, {bytes}))
from opir.cli import main
main(sys.argv[1:])
"""


def limited(size: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line where no file can grow beyond a size."""
    code = _LIMITED.replace("{bytes}", str(size))
    words = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_netcdf_on_a_full_disk(tmp_path: Path) -> None:
    source, out = tmp_path / "run.nc", tmp_path / "out.nc"
    write_run(make_run(1), source)
    done = limited(4096, "process", source, "-o", out)
    assert done.returncode == 2, done
    assert done.stderr.startswith(f"opir: {out}: ")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]


def test_store_on_a_full_disk_stays_valid_and_goes_on(tmp_path: Path) -> None:
    source, store = tmp_path / "run.nc", tmp_path / "store"
    write_run(make_run(1), source)
    done = limited(1024, "data", "add", store, source)
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1
    assert validate(store) == []
    assert len(Store.open(store)) == 0
    assert add([source], store) == ["run-0001"]
    assert validate(store) == []
    assert Store.open(store).run("run-0001").dataset.identical(read_run(source).dataset)
