"""With --record every contestant is handed what the cycler recorded between the frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import task_stores
import xarray as xr

from opir.bench.data import load_fold, open_sources, with_all_known
from opir.bench.results import read_results
from opir.bench.runner import BenchSettings, run_bench
from opir.bench.tasks import TASKS
from opir.errors import OptionError, StoreError
from opir.models.between_frames import has_record
from opir.run import Electrochemistry
from opir.run.between import record_of, with_record
from opir.run.store import Item, Store
from opir.workflows.bench import bench_table
from opir.workflows.bench_submit import bench_template

ROWS = 24


def recorded(number: int, rows: int = ROWS) -> Item:
    item = task_stores.make_item(number, frames=9)
    time = item.run.time
    voltage = 3.0 - np.linspace(0, 1, 200) ** 2
    record = Electrochemistry.from_columns(np.linspace(0, time[-1], 200), {"voltage": voltage})
    return replace(item, run=with_record(item.run, record, rows))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "store"
    task_stores.make_store(path, [recorded(number) for number in range(120)])
    return path


@pytest.fixture(scope="module")
def results(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    settings = BenchSettings(("random",), ("ridge", "persistence"), main=str(store), record=True)
    run_bench(settings, out, workers=0)
    return out


def test_records_come_with_every_part_of_a_fold(store: Path) -> None:
    sources = open_sources(store, record=True)
    fold = TASKS["random"].folds(sources)[0]
    data, plain = load_fold(fold, sources), load_fold(fold, open_sources(store))
    for name, ids in (("train", fold.train), ("validation", fold.validation), ("test", fold.test)):
        inputs = getattr(data, name).inputs
        assert inputs.record.shape == (len(ids), ROWS, 4)
        wanted = record_of(Store.open(store).run(ids[-1]))
        np.testing.assert_array_equal(inputs.record[-1], wanted)
        np.testing.assert_array_equal(inputs.drive, getattr(plain, name).inputs.drive)
        assert not has_record(getattr(plain, name).inputs)
    assert any("recorded" in note for note in data.notes)


def test_a_store_without_records_is_refused_and_training_does_without(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    task_stores.make_store(bare, [task_stores.make_item(number, frames=9) for number in range(120)])
    sources = open_sources(bare, record=True)
    with pytest.raises(StoreError, match="recorded between the frames.*--record"):
        load_fold(TASKS["random"].folds(sources)[0], sources)
    assert not with_all_known(bare).record
    mixed = tmp_path / "mixed"
    task_stores.make_store(mixed, [recorded(number, ROWS) for number in range(60)])
    Store.open(mixed).append([recorded(number, 2 * ROWS) for number in range(60, 90)])
    assert not with_all_known(mixed).record


def test_stores_with_records_are_trained_on_with_them(store: Path) -> None:
    assert with_all_known(store).record


def test_results_with_and_without_are_not_mixed(store: Path, results: Path) -> None:
    found = read_results(results)
    assert {result.record["settings"].get("record") for result in found} == {True}
    assert "recorded between the frames" in bench_table(results)
    settings = BenchSettings(("random",), ("ridge", "persistence"), main=str(store))
    with pytest.raises(OptionError, match="record True, now None"):
        run_bench(settings, results, workers=0)
    again = run_bench(replace(settings, record=True), results, workers=0)
    assert (again.done, again.kept) == (0, 2)


def test_the_template_has_them(store: Path, tmp_path: Path) -> None:
    path = bench_template(tmp_path / "inputs.nc", task="random", store=store, record=True)
    plain = bench_template(tmp_path / "plain.nc", task="random", store=store)
    for group in ("train", "validation", "test"):
        with xr.open_dataset(path, group=group) as found:
            assert found["record"].dims == ("run", "row", "channel")
            assert found["record"].shape[1:] == (ROWS, 3)
            assert (found["record_time"].isel(row=-1) == found["time"].isel(frame=-1)).all()
            voltage = found["record"].sel(channel="voltage").isel(row=-1)
            np.testing.assert_allclose(voltage, 2.0)
        with xr.open_dataset(plain, group=group) as found:
            assert "record" not in found
