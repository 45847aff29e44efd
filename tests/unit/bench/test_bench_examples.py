"""The examples of docs/benchmark.md run, and both ways to the same model have the same score."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import task_stores

from opir.bench.results import read_results
from opir.bench.results.cells import collect
from opir.bench.results.table import markdown_table
from opir.bench.runner import BenchSettings, run_bench
from opir.workflows.bench_submit import bench_submit, bench_template

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


def test_a_model_and_its_predictions_score_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    items = [task_stores.make_item(number, frames=9) for number in range(100)]
    task_stores.make_store(store, items)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    out = tmp_path / "out"
    models = ("bench_model:SquareRoot", "persistence")
    run_bench(BenchSettings(("random",), models, main=str(store)), out, workers=0)
    inputs, mine = tmp_path / "inputs.nc", tmp_path / "mine.nc"
    bench_template(inputs, task="random", store=store)
    monkeypatch.setattr(sys, "argv", ["bench_predictions.py", str(inputs), str(mine)])
    runpy.run_path(str(EXAMPLES / "bench_predictions.py"))
    bench_submit(mine, out, task="random", store=store)
    scores = {result.model: result.record["scores"] for result in read_results(out)}
    own, submitted = scores["bench_model.SquareRoot"], scores["mine"]
    # Without predictions of the validation runs there are no intervals to calibrate.
    assert set(own) - set(submitted) == {n for n in own if n.startswith(("coverage", "width"))}
    for name, value in submitted.items():
        assert value == pytest.approx(own[name], rel=1e-4, abs=1e-9), name
    # The made-up spectra of this store drift all one way, so that the model beats persistence.
    assert own["mae"] < scores["persistence"]["mae"]
    assert "| 1 | bench_model.SquareRoot -spectrum -protocol -descriptor" in markdown_table(
        collect(out)
    )


def test_the_guide_shows_the_examples_as_they_are() -> None:
    guide = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    for name in ("bench_model.py", "bench_predictions.py"):
        code = (EXAMPLES / name).read_text(encoding="utf-8").split("\n\n", 1)[1]
        assert code.strip() in guide, name
    lines = (EXAMPLES / "bench_model.py").read_text(encoding="utf-8").split('"""\n\n', 1)[1]
    assert len([line for line in lines.splitlines() if line.strip()]) <= 20
