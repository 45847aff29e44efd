"""The main job on real runs, with a training too short to be good: every file is there."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from opir.errors import OutputExistsError
from opir.run.netcdf import read_run
from opir.training import TrainingConfig
from opir.workflows.predict import predict
from opir.workflows.real_runs import fermentation, tga_ir

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fermentation.py"
SHORT = TrainingConfig(steps=20, evaluate_every=20)
FILES = (
    "abcc.safetensors",
    "forecast.nc",
    "forecast.csv",
    "forecast.png",
    "largest_change.png",
    "report.txt",
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What the example of the fermentation leaves, and what it prints."""
    pytest.importorskip("chemotools")
    out = tmp_path_factory.mktemp("example") / "fermentation"
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--quick", "--out", str(out)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done.stdout


def test_the_example_of_the_fermentation_leaves_tables_and_pictures(
    example: tuple[Path, str],
) -> None:
    out, said = example
    for name in (
        *FILES,
        "hplc.png",
        "components.png",
        "error_by_lead_time.png",
        "error_by_block.png",
        "table.csv",
    ):
        assert (out / name).stat().st_size > 0, name
    report = (out / "report.txt").read_text(encoding="utf-8")
    assert report in said
    assert "ridge" in report
    assert "glucose: R2" in report
    run = read_run(out / "forecast.nc")
    assert run.origin == "forecast"
    assert run.values.shape == (31, 184)
    with (out / "table.csv").open(encoding="utf-8") as file:
        mae = {row["forecaster"]: float(row["mae"]) for row in csv.DictReader(file)}
    assert mae["ridge"] < mae["persistence"]
    with pytest.raises(OutputExistsError):
        fermentation(out, rotations=1, training=SHORT)


def test_its_model_predicts(example: tuple[Path, str], tmp_path: Path, shared_real: Path) -> None:
    raw = shared_real / "infrared" / "fermentation" / "train_spectra.csv"
    done = predict(raw, model=example[0] / "abcc.safetensors", out=tmp_path / "prediction")
    assert done.run.values.shape == (31, 184)
    assert np.isfinite(done.run.values).all()


def test_tga_ir_is_scored_too(tmp_path: Path, shared_real: Path) -> None:
    path = shared_real / "infrared" / "omnic" / "tga_ir.srs"
    tga_ir(path, tmp_path / "tga", rotations=1, training=SHORT)
    for name in FILES:
        assert (tmp_path / "tga" / name).stat().st_size > 0, name
