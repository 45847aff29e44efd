"""Tuning: the same search for every model, resumable, and what it finds is used."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_bench import small_store

from opir.bench.results import read_results
from opir.bench.runner import BenchSettings
from opir.bench.runner.contestant import make, searched
from opir.bench.runner.tune import read_tuned, trials_of, tune
from opir.chemistry import library
from opir.cli import main
from opir.errors import FormatError, OptionError
from opir.models.networks.base import NetworkForecaster
from opir.simulate.dataset.plan import draw_task
from opir.simulate.dataset.preset import read_preset
from opir.workflows.bench import bench_run, chosen_tasks, seconds
from tests.unit.models.toy import decay


def test_trials_begin_with_the_first_candidates_and_do_not_repeat() -> None:
    search = {"hidden": (64, 32, 128), "learning_rate": (1e-3, 3e-3)}
    found = trials_of(search, 5, "gru")
    assert found[0] == {"hidden": 64, "learning_rate": 1e-3}
    assert len({json.dumps(trial) for trial in found}) == 5
    assert found == trials_of(search, 5, "gru")
    assert found != trials_of(search, 5, "lstm")
    assert len(trials_of(search, 20, "gru")) == 6
    assert trials_of({}, 6, "persistence") == [{}]


def test_the_batch_is_searched_for_every_model_that_is_trained_and_for_no_other() -> None:
    assert searched("gru")["batch"] == searched("mlp")["batch"] == searched("abcc")["batch"]
    assert "batch" not in searched("ridge")
    assert trials_of(searched("gru"), 1, "gru")[0]["batch"] == 48  # as without a search
    make("gru", {"batch": 16, "learning_rate": 1e-3, "hidden": 8})


def test_how_much_of_the_given_frame_is_told_is_searched_for_every_network() -> None:
    names = ("gru", "mlp", "cnn", "ddpm", "transformer")
    assert {searched(name)["static"] for name in names} == {(48, 8)}
    assert searched("abcc-library")["static"][0] == 8  # its own first
    assert "static" not in searched("abcc")
    assert "static" not in searched("ridge")
    model = make("mlp", {"static": 5, "batch": 16})
    assert isinstance(model, NetworkForecaster)
    model.begin(decay(16, 6), seed=0)
    assert model.module.adapter.sizes.static <= 5
    assert make("mlp", {}).static == 48


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10m", 600), ("20 s", 20), ("1.5h", 5400), ("2 min", 120), ("7", 7), (3.5, 3.5)],
)
def test_budgets(text: str | float, expected: float) -> None:
    assert seconds(text) == expected


def test_no_budget() -> None:
    with pytest.raises(OptionError, match="'soon' is no time"):
        seconds("soon")


def test_a_task_without_its_data_says_what_to_add() -> None:
    with pytest.raises(OptionError, match="needs shifted runs.*--shifted STORE"):
        chosen_tasks(["shifted-domain"], ["main"])
    assert "shifted-domain" not in chosen_tasks(["all"], ["main"])
    assert "random" in chosen_tasks(["all"], ["main"])


def test_a_file_of_other_trials_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tuned.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="no tuning"):
        read_tuned(path)


def test_tuning_is_kept_and_used(tmp_path: Path) -> None:
    store, path = small_store(tmp_path / "store"), tmp_path / "tuned.json"
    models = ("ridge", "persistence")
    asked = BenchSettings(("own-store",), models, main=str(store.url), budget=1.0)
    found = tune(asked, path, trials=2, workers=0, command="opir bench tune")
    assert set(found["models"]) == set(models)
    for entry in found["models"].values():
        best = min(entry["trials"], key=lambda trial: trial["validation_mae"])
        assert entry["best"] == best["options"]
    written = path.stat().st_mtime_ns
    tune(asked, path, trials=2, workers=0)
    assert path.stat().st_mtime_ns == written
    with pytest.raises(OptionError, match="trials 2, now 3"):
        tune(asked, path, trials=3, workers=0)
    with pytest.raises(OptionError, match="record False, now True"):
        tune(replace(asked, record=True), path, trials=2, workers=0)
    assert read_tuned(path)["persistence"] == {}
    record = json.loads(path.read_text(encoding="utf-8"))
    record["models"]["ridge"]["best"] = {"components": [1]}
    path.write_text(json.dumps(record), encoding="utf-8")
    out = tmp_path / "out"
    bench_run(out, tasks=("own-store",), models=models, store=store.url, tuned=path, workers=0)
    options = {result.model: result.record["options"] for result in read_results(out)}
    assert options == {"ridge": {"components": [1]}, "persistence": {}}


def test_a_search_that_is_stopped_does_not_wait_for_the_trials_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path = small_store(tmp_path / "store"), tmp_path / "tuned.json"
    models, budget = ("persistence", "gru"), 120.0
    asked = BenchSettings(("own-store",), models, main=str(store.url), budget=budget)

    def stop(done: int, total: int, text: str) -> None:
        assert text.startswith("persistence")
        raise KeyboardInterrupt

    begun: list[subprocess.Popen[str]] = []

    def begin(*words: Any, **how: Any) -> subprocess.Popen[str]:
        begun.append(popen(*words, **how))
        return begun[-1]

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", begin)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        tune(asked, path, trials=1, workers=2, report=stop)
    assert time.monotonic() - began < budget / 2
    assert begun
    assert all(process.poll() is not None for process in begun)
    assert set(json.loads(path.read_text(encoding="utf-8"))["models"]) == {"persistence"}


def test_processes_find_the_same_and_one_that_dies_costs_its_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    store, models = small_store(tmp_path / "store"), ("ridge", "contestants:Dies", "persistence")
    asked = BenchSettings(("own-store",), models, main=str(store.url), budget=1.0)
    found = tune(asked, tmp_path / "two.json", trials=2, workers=2)["models"]
    dead = found["contestants:Dies"]
    assert dead["best"] is None
    assert [trial["error"][:34] for trial in dead["trials"]] == [
        "the model's process ended with 7; "
    ]
    alone = replace(asked, models=("ridge", "persistence"))
    same = tune(alone, tmp_path / "none.json", trials=2, workers=0)["models"]
    for name, entry in same.items():
        errors = [trial["validation_mae"] for trial in entry["trials"]]
        assert sorted(t["validation_mae"] for t in found[name]["trials"]) == sorted(errors)


def test_the_runs_of_a_small_store_are_those_of_the_full_set() -> None:
    systems = library().systems
    full, small = (read_preset("opirspec-sim-7k").changed(runs=runs) for runs in (7118, 60))
    for number in (0, 17, 59):
        assert draw_task(full, number, systems) == draw_task(small, number, systems)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, out = small_store(tmp_path / "store"), tmp_path / "out"
    words = ["--task", "own-store", "--store", store.url, "-o", str(out), "--workers", "0"]
    main_as_user("bench", "run", *words, "--models", "persistence,mean-trajectory", "--tiny")
    assert "2 results made, 0 kept, 0 failed" in capsys.readouterr().out
    main_as_user("bench", "table", str(out), "--csv", "--metric", "mse")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("seeds,mse,mse_lower,mse_upper,excess,excess_lower,excess_upper")
    assert len(lines) == 3
    main_as_user("bench", "table", str(out))
    text = capsys.readouterr().out
    assert "(simulated data)" in text
    assert "size tiny: a trial, not a result to cite" in text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("run", "--task", "randm", "-o", "{out}"), "unknown task 'randm'. Nearest: random"),
        (("run", "--task", "random", "-o", "{out}"), "needs main runs, which were not named"),
        (
            ("run", "-o", "{out}", "--models", "grru", "--quick"),
            "unknown model 'grru'. Nearest: gru",
        ),
        (("run", "--task", "random", "-o", "{out}", "--budget", "0s"), "is no budget"),
        (("table", "{out}"), "there are no results here"),
        (("table", "{out}", "--json", "--csv"), "--json and --csv were both given"),
    ],
)
def test_what_the_command_line_refuses(
    words: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main_as_user("bench", *(word.format(out=tmp_path / "none") for word in words))
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def main_as_user(*words: str) -> None:
    """The command line, which ends with SystemExit, as status 0 here goes by."""
    try:
        main(words)
    except SystemExit as ended:
        if ended.code:
            raise
