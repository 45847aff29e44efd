"""The main job on real runs, with a training too short to be good: every file is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from opir.errors import OutputExistsError
from opir.run.netcdf import read_run
from opir.training import TrainingConfig
from opir.workflows.predict import predict
from opir.workflows.real_runs import fermentation, tga_ir

SHORT = TrainingConfig(steps=20, evaluate_every=20)
FILES = (
    "abcc.safetensors",
    "forecast.nc",
    "forecast.csv",
    "forecast.png",
    "largest_change.png",
    "report.txt",
)


def test_fermentation_leaves_tables_pictures_and_a_model_that_predicts(
    tmp_path: Path, shared_real: Path
) -> None:
    pytest.importorskip("chemotools")
    out = tmp_path / "fermentation"
    report = fermentation(out, rotations=1, training=SHORT)
    for name in (
        *FILES,
        "hplc.png",
        "components.png",
        "error_by_lead_time.png",
        "error_by_block.png",
        "table.csv",
    ):
        assert (out / name).stat().st_size > 0, name
    assert "ridge" in report.text
    assert "glucose: R2" in report.text
    run = read_run(out / "forecast.nc")
    assert run.origin == "forecast"
    assert run.values.shape == (31, 184)
    ridge = report.result
    assert ridge.mae["ridge"].mean() < ridge.mae["persistence"].mean()
    with pytest.raises(OutputExistsError):
        fermentation(out, rotations=1, training=SHORT)

    raw = shared_real / "infrared" / "fermentation" / "train_spectra.csv"
    done = predict(raw, model=out / "abcc.safetensors", out=tmp_path / "prediction")
    assert done.run.values.shape == (31, 184)
    assert np.isfinite(done.run.values).all()


def test_tga_ir_is_scored_too(tmp_path: Path, shared_real: Path) -> None:
    path = shared_real / "infrared" / "omnic" / "tga_ir.srs"
    tga_ir(path, tmp_path / "tga", rotations=1, training=SHORT)
    for name in FILES:
        assert (tmp_path / "tga" / name).stat().st_size > 0, name
