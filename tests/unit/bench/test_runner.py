"""A run of the benchmark: kept, resumed, refused; models that go wrong cost their own row only."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_bench import small_store

from opir.bench.results import read_results, write_result
from opir.bench.results.cells import collect
from opir.bench.results.summary import summary_table
from opir.bench.results.table import csv_table, json_table, markdown_table
from opir.bench.runner import BenchInterruptedError, BenchSettings, run_bench
from opir.bench.runner import settings as settings_module
from opir.bench.runner.run import LOCK, LOG
from opir.errors import FormatError, OptionError, StoreError, UnknownNameError
from opir.run.store import Store

HERE = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def found_by_python() -> Any:
    """The file of models is found here and in worker processes."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(HERE))
    patch.setenv("PYTHONPATH", str(HERE))
    yield
    patch.undo()
    sys.modules.pop("contestants", None)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return small_store(tmp_path_factory.mktemp("bench") / "store")


def asked(store: Store, *models: str, **changes: Any) -> BenchSettings:
    return BenchSettings(("own-store",), models, main=str(store.url), **changes)


BAD = {
    "contestants:Crashes": "ZeroDivisionError",
    "contestants:NotFinite": "NaN",
    "contestants:WrongShape": "shape",
    "contestants:WritesTraining": "read-only",
    "contestants:NoForecast": "ndarray",
    "contestants:Missing": 'pip install "opir[rivals]"',
    "contestants:NoModel": "no opir.models.Forecaster",
    "contestants:Nowhere": "no such class",
    "no_such_module:Model": "no_such_module",
}


def test_a_folder_has_one_run_at_a_time(store: Store, tmp_path: Path) -> None:
    filelock = pytest.importorskip("filelock")
    with (
        filelock.FileLock(tmp_path / LOCK, timeout=0),
        pytest.raises(OptionError, match="another run"),
    ):
        run_bench(asked(store, "persistence"), tmp_path, workers=0)
    assert run_bench(asked(store, "persistence"), tmp_path, workers=0).done


@pytest.fixture(scope="module")
def directory(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of good and bad models."""
    out = tmp_path_factory.mktemp("results")
    models = ("contestants:WritesInputs", "persistence", "mean-trajectory", "contestants:Good")
    done = run_bench(asked(store, *models, *BAD), out, workers=0)
    assert (done.done, len(done.failed)) == (4, len(BAD))
    return out


def test_a_bad_model_has_a_row_that_says_so_and_the_others_go_on(directory: Path) -> None:
    records = {result.record["model_spec"]: result.record for result in read_results(directory)}
    for spec, why in BAD.items():
        assert records[spec]["status"] == "failed"
        assert why in records[spec]["error"], records[spec]["error"]
        assert not records[spec]["scores"]
    assert records["persistence"]["status"] == "done"
    text = markdown_table(collect(directory))
    assert "contestants.Crashes: 0 of 1 results are there; failed: the model raised" in text


def test_a_constant_error_is_scored_exactly(directory: Path, store: Store) -> None:
    results = {result.model: result for result in read_results(directory)}
    ids = results["persistence"].arrays()["id"].tolist()
    assert ids
    spectra = store.batch(ids, ["absorbance"])["absorbance"].astype(np.float64)
    for model, added in (("persistence", 0.0), ("contestants.Good", 0.5)):
        error = spectra[:, :1] + added - spectra[:, 1:]
        arrays, record = results[model].arrays(), results[model].record
        assert arrays["metric/mae"] == pytest.approx(np.abs(error).mean(axis=(1, 2)), rel=1e-5)
        assert record["scores"]["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
        assert record["scores"]["mse"] == pytest.approx((error**2).mean(), rel=1e-5)
        assert arrays["error_map"] == pytest.approx(np.abs(error).mean(axis=0), rel=1e-4)
        # A point forecast has its absolute error as CRPS.
        assert record["scores"]["crps"] == pytest.approx(record["scores"]["mae"], rel=1e-5)
        assert record["origin"] == "simulated"
        assert record["settings"]["budget_seconds"] is None


def test_the_table_has_the_numbers_of_the_records(directory: Path) -> None:
    rows = json.loads(json_table(collect(directory), ["mae", "mse"]))["rows"]
    ranked = [row for row in rows if row["rank"] is not None]
    assert [row["rank"] for row in ranked] == [1, 2, 3, 4]
    assert ranked[-1]["model"] == "contestants.Good"
    assert ranked[-1]["unseen"] == ["descriptor"]
    for row in ranked:
        values = next(r for r in read_results(directory) if r.model == row["model"])
        expected = float(values.arrays()["metric/mae"].mean())
        mean, low, high = row["metrics"]["mae"]
        assert mean == pytest.approx(expected)
        assert low <= mean <= high
    lines = csv_table(collect(directory), ["mae"]).splitlines()
    assert len(lines) == 1 + len(rows)
    assert "(simulated data)" in markdown_table(collect(directory))


def test_the_summary_ranks_over_sections_and_names_the_best(tmp_path: Path, store: Store) -> None:
    models = ("contestants:Good", "persistence", "mean-trajectory")
    run_bench(asked(store, *models), tmp_path, workers=0)
    for result in read_results(tmp_path):
        if result.model != "mean-trajectory":
            write_result(tmp_path, result.record | {"task": "another"}, result.arrays())
    lines = summary_table(collect(tmp_path)).splitlines()
    assert lines[0] == "MAE, simulated data:"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [name.split()[0] for name in rows[0]] == ["model", "`own-store`", "`another`"]
    # mean-trajectory lacks a task, so it is not ranked among the others.
    assert [row[0] for row in rows[2:]] == ["persistence", "contestants.Good", "mean-trajectory"]
    assert rows[4][2] == "-"
    assert rows[2][2].startswith("**")
    assert not rows[3][2].startswith("**")
    with pytest.raises(OptionError, match="2 metrics are named"):
        summary_table(collect(tmp_path), ["mae", "mse"])


def test_what_is_there_is_kept_and_failed_ones_are_tried_again(
    directory: Path, store: Store
) -> None:
    path = directory / "results/own-store/all/persistence/seed-0.json"
    before = path.stat().st_mtime_ns
    again = run_bench(asked(store, "persistence", "contestants:Crashes"), directory, workers=0)
    assert (again.kept, again.done, len(again.failed)) == (1, 0, 1)
    assert path.stat().st_mtime_ns == before
    forced = run_bench(asked(store, "persistence"), directory, workers=0, force=True)
    assert (forced.kept, forced.done) == (0, 1)


def test_results_of_models_that_were_told_less_are_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_bench(asked(store, "persistence"), tmp_path, workers=0)
    more = (*settings_module.DESCRIPTOR, "something new")
    monkeypatch.setattr(settings_module, "DESCRIPTOR", more)
    now = rf"descriptor {len(more) - 1}, now {len(more)}"
    with pytest.raises(OptionError, match=now):
        run_bench(asked(store, "persistence"), tmp_path, workers=0)


def test_other_settings_are_refused(store: Store, tmp_path: Path) -> None:
    run_bench(asked(store, "persistence"), tmp_path, workers=0)
    with pytest.raises(OptionError, match="calibration_runs 256, now 100"):
        run_bench(asked(store, "persistence", calibration_runs=100), tmp_path, workers=0)
    run_bench(asked(store, "persistence", calibration_runs=100), tmp_path, workers=0, force=True)


def test_a_changed_store_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    run_bench(asked(store, "persistence"), tmp_path / "out", workers=0)
    other = small_store(tmp_path / "other", drift=0.03)
    with pytest.raises(StoreError, match="small-00.*has changed"):
        run_bench(asked(other, "persistence"), tmp_path / "out", workers=0)


def test_worker_processes_survive_what_models_do(store: Store, tmp_path: Path) -> None:
    models = ("contestants:Dies", "contestants:Talks", "persistence")
    done = run_bench(asked(store, *models), tmp_path, workers=1)
    assert done.done == 2
    assert [(name, why[:42]) for _, _, name, _, why in done.failed] == [
        ("contestants.Dies", "the model's process ended with status 7. w")
    ]
    assert "noise" in (tmp_path / LOG).read_text(encoding="utf-8")


def test_stopped_it_keeps_what_is_done_and_goes_on(store: Store, tmp_path: Path) -> None:
    settings = asked(store, "persistence", "mean-trajectory")

    def stop(done: int, total: int, line: str) -> None:
        if line:
            raise KeyboardInterrupt

    with pytest.raises(BenchInterruptedError, match="1 of 2 results are there.*same command"):
        run_bench(settings, tmp_path, workers=0, report=stop)
    rest = run_bench(settings, tmp_path, workers=0)
    assert (rest.kept, rest.done) == (1, 1)


def test_a_cell_with_missing_results_is_named_and_not_averaged(
    store: Store, tmp_path: Path
) -> None:
    run_bench(asked(store, "persistence", "mean-trajectory"), tmp_path, workers=0)
    for ending in ("json", "npz"):
        (tmp_path / f"results/own-store/all/mean-trajectory/seed-0.{ending}").unlink()
    section = collect(tmp_path).sections[0]
    assert [cell.model for cell in section.ranked()] == ["persistence"]
    assert section.cells["mean-trajectory"].state == (
        "0 of 1 results are there; missing: all seed 0"
    )


def test_damaged_results_are_refused(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no results here"):
        collect(tmp_path)
    with pytest.raises(UnknownNameError, match="unknown metric 'maee'"):
        markdown_table(collect(directory), ["maee"])
    with pytest.raises(UnknownNameError, match="unknown task"):
        collect(directory).of_tasks(["randon"])
    folder = tmp_path / "results/a/b/c"
    folder.mkdir(parents=True)
    (folder / "seed-0.json").write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match="damaged"):
        collect(tmp_path)


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"tasks": [1], "seeds": 3}', '{"opir_type": "other"}']
)
def test_a_folder_of_something_else_is_refused(text: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match="bench.json"):
        run_bench(asked(store, "persistence"), tmp_path, workers=0)
    assert (tmp_path / "bench.json").read_text(encoding="utf-8") == text
