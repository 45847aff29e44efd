"""From runs to a model to a forecast on disk."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.bench.time_blocks import BlockDesign  # noqa: E402
from opir.errors import FormatError, ModelError, OptionError, OutputExistsError, UnknownNameError  # noqa: E402
from opir.models import load_model  # noqa: E402
from opir.protocol import ConstantVoltage, Protocol, Sweep  # noqa: E402
from opir.run import Run  # noqa: E402
from opir.run.netcdf import read_run, write_run, write_spectrum  # noqa: E402
from opir.system import System  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.workflows.predict import predict  # noqa: E402
from opir.workflows.train import train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, sweeps  # noqa: E402

SHORT = TrainingConfig(steps=4, batch=8)
DESIGN = BlockDesign(frames=9, co_added=1, step=4)
DERIVATIVE = [("derivative", {"order": 1, "points": 5}), ("cut", {"low": 1020, "high": 1180})]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six simulated voltage-driven runs as files."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs")
    data, _ = sweeps(6)
    paths = []
    for row in range(6):
        run = Run.from_arrays(
            np.concatenate([[0.0], data.inputs.times[row]]),
            WAVENUMBER,
            np.concatenate([data.inputs.given[row], data.target[row]]),
            voltage=data.inputs.drive[row, :, 0],
            name=f"simulated {row}",
            origin="simulated",
        )
        paths.append(write_run(run, folder / f"run{row}.nc"))
    return paths


@pytest.fixture(scope="module")
def model(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "abcc.safetensors"
    train(runs, out=path, design=DESIGN, config=SHORT, processing=DERIVATIVE, progress=False)
    return path


def test_the_model_knows_what_it_was_made_of(model: Path) -> None:
    recipe = load_model(model).recipe
    assert recipe["drive"] == ["voltage"]
    assert recipe["origin"] == ["simulated"]
    assert len(recipe["lead"]) == 8
    assert "derivative" in recipe["processing"]


@pytest.mark.parametrize("name", ["persistence", "ridge", "nearest-neighbour"])
def test_any_forecaster_is_trained_by_its_name(name: str, runs: list[Path], tmp_path: Path) -> None:
    done = train(runs, out=tmp_path / "m.safetensors", model=name, design=DESIGN)
    assert load_model(done.path).name == name
    assert done.windows[0] > done.windows[1] > 0
    assert done.validation_mae <= done.persistence_mae


def test_one_run_is_cut_into_blocks(runs: list[Path], tmp_path: Path) -> None:
    design = BlockDesign(blocks=4, frames=4, co_added=1)
    done = train(runs[:1], out=tmp_path / "m.safetensors", model="mean-trajectory", design=design)
    assert done.windows == (6, 2)


def test_training_refuses_before_it_starts(runs: list[Path], tmp_path: Path) -> None:
    taken = tmp_path / "taken.safetensors"
    taken.write_text("mine")
    with pytest.raises(OutputExistsError):
        train(runs, out=taken, design=DESIGN)
    with pytest.raises(OptionError, match="no runs"):
        train([], out=tmp_path / "m.safetensors")
    with pytest.raises(UnknownNameError, match="abcc"):
        train(runs, out=tmp_path / "m.safetensors", model="abc")
    assert taken.read_text() == "mine"


def test_a_spectrum_and_a_protocol_become_files(
    model: Path, runs: list[Path], tmp_path: Path
) -> None:
    spectrum = write_spectrum(read_run(runs[0]).spectrum(0), tmp_path / "s.nc")
    protocol = Protocol(
        (Sweep(start=1.0, end=0.2, rate="5 mV/s"), ConstantVoltage(voltage=0.2, duration=200.0))
    )
    done = predict(
        spectrum,
        model=model,
        out=tmp_path / "out",
        protocol=protocol,
        system=System(name="toy", temperature="25 degC"),
        times=[10.0, 40.0, 100.0],
    )
    assert all(path.is_file() for path in done.files)
    run = read_run(done.files[0])
    assert run.origin == "forecast"
    np.testing.assert_allclose(run.time, [10.0, 40.0, 100.0])
    np.testing.assert_allclose(run.on_time("voltage"), [0.95, 0.8, 0.5])
    assert run.system is not None
    assert run.protocol is not None
    assert run.dataset["amount"].sizes["component"] == 4
    assert "derivative" in run.dataset.attrs["history"]
    assert any("temperature was left out" in note for note in done.notes)
    with done.files[1].open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0][:2] == ["time / s", "voltage / V"]
    assert float(rows[3][1]) == pytest.approx(0.5)
    assert len(rows[1]) == 2 + run.wavenumber.size

    with pytest.raises(OutputExistsError):
        predict(spectrum, model=model, out=tmp_path / "out")
    other = Protocol((ConstantVoltage(voltage=1.8, duration=200.0),))
    again = predict(
        spectrum,
        model=model,
        out=tmp_path / "out",
        protocol=other,
        times=[10.0, 40.0, 100.0],
        overwrite=True,
    )
    assert np.abs(again.run.values - done.run.values).max() > 0


def test_a_model_that_never_saw_a_voltage_is_not_given_one(
    runs: list[Path], tmp_path: Path
) -> None:
    blind = []
    for path in runs:
        dataset = read_run(path).dataset.drop_vars("voltage")
        blind.append(Run(dataset))
    done = train(blind, out=tmp_path / "m.safetensors", design=DESIGN, config=SHORT)
    protocol = Protocol((ConstantVoltage(voltage=1.0, duration=500.0),))
    found = [
        predict(runs[0], model=done.model, out=out, protocol=plan)
        for out, plan in ((tmp_path / "with", protocol), (None, None))
    ]
    assert "voltage was left out" in found[0].notes[0]
    np.testing.assert_array_equal(found[0].run.values, found[1].run.values)


def test_prediction_refuses_what_does_not_fit(
    model: Path, runs: list[Path], tmp_path: Path
) -> None:
    narrow = Run(read_run(runs[0]).dataset.isel(wavenumber=slice(10, 30)))
    path = write_run(narrow, tmp_path / "narrow.nc")
    with pytest.raises(ModelError, match="the model needs"):
        predict(path, model=model, out=tmp_path / "out")
    with pytest.raises(FormatError, match="no such file"):
        predict(runs[0], model=tmp_path / "none.safetensors", out=tmp_path / "out")
    with pytest.raises(OptionError, match="frame 99"):
        predict(runs[0], model=model, out=tmp_path / "out", frame=99)
    assert not (tmp_path / "out").exists()


def test_times_beyond_those_trained_on_are_called_an_extrapolation(
    model: Path, runs: list[Path]
) -> None:
    done = predict(runs[0], model=model, times=[10.0, 1e5])
    assert any("extrapolation" in note for note in done.notes)
