"""The battery of the demo: the weights that ship, on a simulated cell that they never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.errors import OutputExistsError  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.workflows.battery_demo import battery, example_cell  # noqa: E402


def test_the_cell_is_what_it_is_said_to_be() -> None:
    cell, again = example_cell(), simulate("lp57-graphite-nmc622", "formation-c10", seed=1)
    assert cell.origin == "simulated"
    np.testing.assert_allclose(cell.values, again.run.values, atol=1e-4)
    streams = again.truth["streams"]
    for name in ("solvent", "sei"):
        wanted = streams.sel(stream=name).values
        np.testing.assert_allclose(cell.dataset[f"stream_{name}"].values, wanted, atol=1e-4)


def test_the_forecast_is_held_against_the_simulation(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    report = battery(tmp_path / "battery")
    assert 0 < report.mae < 0.5 * report.persistence
    assert 0.5 < report.covered <= 1
    assert min(report.separation.values()) > 0.5
    assert "simulated" in report.text
    names = {path.name for path in report.folder.iterdir()}
    assert {"forecast.nc", "forecast.html", "comparison.png", "report.txt"} <= names
    run = report.prediction.run
    assert "opir-base" in str(run.dataset.attrs["weights"])
    # The cell is like those trained on, and nothing of it lies outside.
    assert not any("outside" in note or "like none" in note for note in report.prediction.notes)
    extents = run.dataset["extent"].values
    assert (np.diff(extents, axis=0) >= 0).all()
    assert (run.dataset["amount"].values >= 0).all()
    with pytest.raises(OutputExistsError):
        battery(tmp_path / "battery")
