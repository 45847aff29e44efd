"""Stores of simulated runs: the same bytes however they come about, and every accident."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from stand_in import NAME

from opir.errors import (
    OpirError,
    OptionError,
    OutputError,
    OutputExistsError,
    SimulationError,
    StoreError,
    UnknownNameError,
)
from opir.run.store import Store, validate
from opir.simulate.dataset import Preset, generate

HERE = Path(__file__).parent
PRESET = Preset(
    name="small",
    title="Small",
    runs=17,
    seed=5,
    part_runs=3,
    systems=("lp30-graphite", "lp30-lto"),
    only=("formation-c10", "rest 10 h"),
    spectra={"frames": 6, "wavenumbers": 40},
)


@pytest.fixture(autouse=True)
def _stand_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def make(url: Path, preset: Preset = PRESET, workers: int = 1) -> Store:
    return generate(preset, url, workers=workers, simulator=NAME).store


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set, made by one worker without accidents."""
    url = tmp_path_factory.mktemp("whole") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        make(url)
    return url


def test_what_the_store_holds(whole: Path) -> None:
    store = Store.open(whole)
    assert validate(whole) == []
    assert len(store) == 17
    assert len(store.parts) == 2 * 3
    assert set(store.attributes["provenance"]) >= {"seed", "settings", "opir", "chemistry"}
    assert {store.record(id)["origin"] for id in store} == {"simulated"}
    run, truth = store.run("lp30-lto-00004"), store.truth("lp30-lto-00004")
    assert truth is not None
    assert run.values.dtype == np.float32
    assert truth["streams"].dtype == np.float32
    assert truth["amounts"].dtype == np.float64
    tags = store.record("lp30-lto-00004")["tags"]
    assert tags["protocol"] in PRESET.only
    assert (tags["attempt"], tags["index"]) == (0, 9)
    # The streams add up to the spectra but for the noise of the instrument.
    np.testing.assert_allclose(truth["streams"].sum("stream").values, run.values, atol=1e-3)


def test_bytes_do_not_depend_on_the_number_of_workers(whole: Path, tmp_path: Path) -> None:
    make(tmp_path / "store", workers=3)
    assert files(tmp_path / "store") == files(whole)


def test_a_finished_store_is_left_alone(whole: Path) -> None:
    before = files(whole)
    result = generate(PRESET, whole, workers=2, simulator=NAME)
    assert (result.written, result.found) == (0, 17)
    assert files(whole) == before


def test_a_worker_that_dies_is_replaced(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_DIE", f"7:{tmp_path / 'died'}")
    make(tmp_path / "store", workers=2)
    assert (tmp_path / "died").exists()
    assert files(tmp_path / "store") == files(whole)


def test_a_part_that_kills_every_worker_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_KILLED", "16")
    with pytest.raises(SimulationError, match=r"SIGKILL.*3 tries.*fewer workers"):
        make(tmp_path / "store", workers=2)
    faults = validate(tmp_path / "store")
    assert {fault.kind for fault in faults} <= {"orphan"}
    monkeypatch.delenv("STAND_IN_KILLED")
    assert len(make(tmp_path / "store")) == 17


RUN = """
import sys
from opir.simulate.dataset import Preset, generate
from opir.errors import OpirError
try:
    generate(Preset.from_json(sys.argv[1]), sys.argv[2], workers=2, simulator=sys.argv[3],
             report=lambda done, total, again: print(done, flush=True))
except OpirError as error:
    print(type(error).__name__, error, flush=True)
"""


def start(url: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, PRESET.to_json(), str(url), NAME],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "STAND_IN_SLOW": "0.15"},
    )


def workers_of(url: Path) -> list[int]:
    """Ids of the processes whose command line names the worker, as the system lists them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if b"opir.simulate.dataset.worker" in words and place == str(url):
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_it_goes_on_and_leaves_no_worker(
    whole: Path, tmp_path: Path, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    process = start(tmp_path / "store")
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 3:
            break
    process.send_signal(how)
    rest = process.stdout.read()
    process.wait(timeout=20)
    if how == signal.SIGINT:
        assert "GenerationInterruptedError" in rest
        assert "Give the same command again" in rest
    deadline = time.monotonic() + 10
    while workers_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers_of(tmp_path) == []
    assert {fault.kind for fault in validate(tmp_path / "store")} <= {"orphan"}
    assert 3 <= len(Store.open(tmp_path / "store")) < 17
    assert len(make(tmp_path / "store", workers=2)) == 17
    assert files(tmp_path / "store") == files(whole)


def test_failed_draws_are_drawn_anew_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAIL", "4,9")
    result = generate(PRESET, tmp_path / "store", workers=1, simulator=NAME)
    assert result.redrawn == 2
    tags = result.store.record("lp30-graphite-00002")["tags"]
    assert tags["attempt"] == 1
    assert "too many steps" in tags["failures"]
    assert result.store.record("lp30-graphite-00001")["tags"]["failures"] == []
    assert len(result.store) == 17


def test_a_run_that_never_goes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_NEVER", "1")
    with pytest.raises(SimulationError, match="none of 5 draws of run 1 .* never goes"):
        make(tmp_path / "store")


def test_runs_of_another_layout_lie_in_a_part_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_LAYOUT", "2")
    store = make(tmp_path / "store")
    assert len(store) == 17
    assert store.record("lp30-graphite-00001")["part"].endswith("-1")
    assert validate(tmp_path / "store") == []


def test_other_stores_are_refused(whole: Path, tmp_path: Path) -> None:
    before = files(whole)
    with pytest.raises(StoreError, match=r"another job's.*seed 5 there, 6 asked for"):
        make(whole, PRESET.changed(seed=6))
    with pytest.raises(StoreError, match="other only"):
        make(whole, PRESET.changed(only=("rest 10 h",)))
    assert files(whole) == before
    Store.create(tmp_path / "plain")
    with pytest.raises(StoreError, match="not made by opir data simulate"):
        make(tmp_path / "plain")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        make(tmp_path / "folder")
    with pytest.raises(OutputError, match="does not exist"):
        make(tmp_path / "nowhere" / "store")


def test_names_and_ranges_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    for preset, kind, match in [
        (PRESET.changed(systems=("lp30-grafite",)), UnknownNameError, "lp30-graphite"),
        (PRESET.changed(only=("formation-c1",)), UnknownNameError, "formation-c10"),
        (PRESET.changed(only=("sweep 9 V to 0 V at 1 mV/s",)), OpirError, "voltage"),
        (PRESET.changed(only=("sweep 4 V to 0.1 V at 1 mV/s",)), OpirError, "0.01 to 2.5 V"),
        (PRESET.changed(temperature="90 degC"), OptionError, "lp30-graphite is known from"),
    ]:
        with pytest.raises(kind, match=match):
            make(tmp_path / "store", preset)
        assert not (tmp_path / "store").exists()
    with pytest.raises(OptionError, match="workers"):
        make(tmp_path / "store", workers=-1)
    with pytest.raises(OptionError, match="no system"):
        make(tmp_path / "store", PRESET.changed(systems=()))


def test_full_disk_is_one_sentence_and_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    # A limit on the size of files stands in for a disk that fills up: the write fails half-way.
    assert max(len(data) for data in files(whole).values()) > 4096
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = (
        f"import signal, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {limits[1]}))"
    )
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"{code}\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{HERE}")
    with pytest.raises(OutputError, match="store"):
        make(tmp_path / "store")
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    assert {fault.kind for fault in validate(tmp_path / "store")} <= {"orphan"}
    make(tmp_path / "store")
    assert files(tmp_path / "store") == files(whole)


def test_provenance_reads_back(whole: Path) -> None:
    settings = json.loads(Store.open(whole).attributes["provenance"]["settings"])
    assert Preset(**settings) == PRESET
