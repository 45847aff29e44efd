"""A killed writer, a full disk and busy readers: the store stays whole and writing goes on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from storetools import make_run, make_truth

from opir.errors import OutputError
from opir.run.store import Item, Store, validate
from opir.run.store.backend import LocalBackend

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from storetools import make_run, make_truth
from opir.run.store import Store
store = Store.open(sys.argv[1])
print("ready", flush=True)
with store.writer(part_runs=5) as writer:
    for i in range(60):
        # Two shapes alternate, so that several parts are pending at a time.
        run = make_run(i, frames=6 + i % 2)
        writer.append(run, id=f"{i:03d}", truth=make_truth(i, 6 + i % 2), exist_ok=True)
"""


def start_writer(url: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(url), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_killed_writer_leaves_a_valid_store_and_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    Store.create(tmp_path / "whole")
    start = time.monotonic()
    process = start_writer(tmp_path / "whole")
    assert process.stdout is not None
    process.stdout.readline()
    begun = time.monotonic()
    assert process.wait() == 0, process.stderr and process.stderr.read()
    span = time.monotonic() - begun
    assert time.monotonic() - start < 30
    whole = files(tmp_path / "whole")

    url = tmp_path / "killed"
    Store.create(url)
    sizes = []
    for _ in range(4):
        process = start_writer(url)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(generator.uniform(0, 0.7) * span)
        process.send_signal(signal.SIGKILL)
        process.wait()
        faults = validate(url)
        assert {fault.kind for fault in faults} <= {"orphan"}, faults
        store = Store.open(url)
        sizes.append(len(store))
        for id in store:
            np.testing.assert_array_equal(
                store.run(id).values, make_run(int(id), frames=6 + int(id) % 2).values
            )
    assert sizes == sorted(sizes)
    assert start_writer(url).wait() == 0
    assert len(Store.open(url)) == 60
    Store.open(url).clean()
    assert validate(url) == []
    assert files(url) == whole


def test_what_a_writer_left_is_invisible_named_and_written_over(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append([make_run(0)])
    orphan = tmp_path / "store" / "parts" / "000001" / "absorbance" / "c"
    orphan.mkdir(parents=True)
    (orphan / ".0-ab.partial").write_bytes(b"half")
    assert Store.open(tmp_path / "store").ids == ("run-0000",)
    assert [(f.kind, f.element) for f in validate(tmp_path / "store")] == [
        ("orphan", "parts/000001")
    ]
    store.append([make_run(1)])
    assert [part.name for part in store.parts] == ["000000", "000001"]
    assert validate(tmp_path / "store") == []
    orphan = tmp_path / "store" / "parts" / "left"
    orphan.mkdir()
    assert store.clean() == ["left"]
    assert not orphan.exists()


def test_error_in_the_block_commits_nothing_of_it(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")

    def go() -> None:
        with store.writer(part_runs=2) as writer:
            for i in range(3):
                writer.append(make_run(i))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go()
    assert Store.open(tmp_path / "store").ids == ("run-0000", "run-0001")


@pytest.mark.parametrize("failing", [0, 1, 5, 12])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    store = Store.create(tmp_path / "store")
    store.append([make_run(0)])
    before = files(tmp_path / "store")
    count = 0
    fsync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count > failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space is left on the disk"):
        store.append([Item(make_run(1), truth=make_truth(1))])
    monkeypatch.undo()
    assert files(tmp_path / "store") == before
    assert validate(tmp_path / "store") == []
    assert store.append([make_run(1)]) == ["run-0001"]
    assert len(Store.open(tmp_path / "store")) == 2


def test_readers_while_a_writer_appends(tmp_path: Path) -> None:
    url = tmp_path / "store"
    Store.create(url)
    process = start_writer(url)
    problems: list[BaseException] = []
    seen: list[int] = []

    def look() -> None:
        try:
            store = Store.open(url)
            while process.poll() is None:
                store.refresh()
                seen.append(len(store))
                for id in store.ids[-3:]:
                    run = make_run(int(id), frames=6 + int(id) % 2)
                    np.testing.assert_array_equal(store.run(id).values, run.values)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.wait() == 0
    assert problems == []
    assert seen == sorted(seen) or len(threads) > 1
    assert len(Store.open(url)) == 60


def test_one_opened_store_serves_many_threads(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with store.writer(part_runs=1) as writer:
        for i in range(15):
            writer.append(make_run(i))
    store = Store.open(tmp_path / "store")
    problems: list[BaseException] = []

    def look(seed: int) -> None:
        generator = np.random.default_rng(seed)
        try:
            for i in generator.integers(0, 15, 60):
                values = store.batch([f"run-{i:04d}"], ["absorbance"])["absorbance"][0]
                np.testing.assert_array_equal(values, make_run(int(i)).values)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=look, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_two_writers_share_a_store(tmp_path: Path) -> None:
    a = Store.create(tmp_path / "store")
    b = Store.open(tmp_path / "store")
    for i in range(4):
        (a, b)[i % 2].append([make_run(i)])
    assert Store.open(tmp_path / "store").ids == tuple(f"run-{i:04d}" for i in range(4))
    assert validate(tmp_path / "store") == []


def test_lock_keeps_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from opir.errors import StoreError

    store = Store.create(tmp_path / "store")
    monkeypatch.setattr("opir.run.store.backend._LOCK_SECONDS", 0.1)
    with LocalBackend(tmp_path / "store").lock(), pytest.raises(StoreError, match="another writer"):
        store.append([make_run(0)])
    store.append([make_run(0)])
    assert len(store) == 1


PIECES = """
import sys
sys.path.insert(0, sys.argv[2])
from storetools import make_run, make_truth
from opir.run.store import Item, Store
store = Store.open(sys.argv[1])
for piece in map(int, sys.argv[3:]):
    runs = [Item(make_run(i), truth=make_truth(i)) for i in range(4 * piece, 4 * piece + 4)]
    store.write_part(f"piece-{piece:03d}", runs)
"""


def test_pieces_are_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    one, three = Store.create(tmp_path / "one"), Store.create(tmp_path / "three")
    for piece in range(9):  # by this process
        runs = [Item(make_run(i), truth=make_truth(i)) for i in range(4 * piece, 4 * piece + 4)]
        one.write_part(f"piece-{piece:03d}", runs)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PIECES, three.url, str(Path(__file__).parent)]
            + [str(piece) for piece in range(worker, 9, 3)]
        )
        for worker in range(3)
    ]
    assert [process.wait() for process in processes] == [0] * 3
    for store in (one, three):
        assert len(Store.open(store.url)) == 36
    assert files(tmp_path / "one") == files(tmp_path / "three")
    assert validate(three.url) == []
