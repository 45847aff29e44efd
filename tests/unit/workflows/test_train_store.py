"""A store of described runs to a model, and one spectrum with names to a forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.bench.fold import pools  # noqa: E402
from opir.chemistry import library  # noqa: E402
from opir.cli import main  # noqa: E402
from opir.errors import ModelError, OptionError, UnknownNameError  # noqa: E402
from opir.models import load_model  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.models.descriptor import describe  # noqa: E402
from opir.models.inputs import DRIVE, ForecastInputs, Windows  # noqa: E402
from opir.protocol import Protocol  # noqa: E402
from opir.run import Run, Spectrum  # noqa: E402
from opir.run.netcdf import read_run, write_run, write_spectrum  # noqa: E402
from opir.run.store import Item, Store  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.workflows.predict import predict  # noqa: E402
from opir.workflows.train import train  # noqa: E402
from opir.workflows.train_store import first_settings, train_on_store  # noqa: E402
from opir.workflows.true_extents import with_extents  # noqa: E402

AXIS = np.linspace(800.0, 1900.0, 96)
SYSTEM, PROTOCOL = "lp30-graphite", "formation-c10"
SHORT = TrainingConfig(steps=3, batch=4, device="cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated runs of two systems: sixteen to train on, four to validate, four to test."""
    path = tmp_path_factory.mktemp("store") / "store"
    made = Store.create(path, title="simulated, small")
    items = []
    names = [f"{(SYSTEM, 'lp57-lithium')[number % 2]}-{number:03d}" for number in range(200)]
    for pool, count in zip(pools(names), (16, 4, 4), strict=True):
        for id in pool[:: len(pool) // count][:count]:
            name, _, number = id.rpartition("-")
            run = simulate(name, PROTOCOL, seed=int(number), frames=8, wavenumber=AXIS).run
            items.append(Item(run, id))
    made.append(items)
    return path


@pytest.fixture(scope="module")
def model(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    train_on_store(store, out=path, config=SHORT, progress=False)
    return path


@pytest.fixture(scope="module")
def spectrum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spectrum") / "static.nc"
    run = simulate(SYSTEM, "rest 10 min", seed=7, frames=2, wavenumber=AXIS).run
    return write_spectrum(run.spectrum(0), path)


def test_the_model_knows_what_it_was_made_of(store: Path, model: Path) -> None:
    found = load_model(model)
    assert isinstance(found, AbccLibrary)
    assert found.recipe["described"] is True
    assert found.recipe["systems"] == sorted([SYSTEM, "lp57-lithium"])
    assert found.recipe["origin"] == ["simulated"]
    assert found.recipe["drive"] == ["voltage", "current", "temperature"]
    assert first_settings("abcc-library").learning_rate == 5e-3


def test_a_forecast_from_names(spectrum: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "forecast"
    done = predict(spectrum, model=model, out=out, system=SYSTEM, protocol=PROTOCOL)
    assert all(path.is_file() for path in done.files)
    run = read_run(done.files[0])
    assert run.values.shape == (63, AXIS.size)
    assert run.origin == "forecast"
    assert {"stream_solvent", "stream_sei", "stream_residual"} <= set(run.dataset)
    assert float(run.dataset["extent"].min()) >= 0
    voltage = run.on_time("voltage")
    assert voltage is not None
    assert np.isfinite(voltage).all()
    assert voltage.min() < 0.5  # the graphite was lithiated
    assert any("simulated cell of this system" in note for note in done.notes)
    assert any("trained on simulated runs" in note for note in done.notes)


def test_what_is_asked_for_is_used_where_it_says_all(spectrum: Path, model: Path) -> None:
    """A measured series says voltage and current, so nothing is simulated."""
    time = np.linspace(0.0, 36000.0, 21)
    measured = Protocol.from_measured(
        time, voltage=np.linspace(2.5, 0.1, 21), current=np.full(21, -1e-4)
    )
    done = predict(
        spectrum,
        model=model,
        system=library().systems[SYSTEM].system,
        protocol=measured,
        times=[3600.0, 36000.0],
    )
    assert done.run.time.tolist() == [3600.0, 36000.0]
    assert done.run.on_time("voltage") == pytest.approx([2.26, 0.1])
    assert not any("simulated cell" in note for note in done.notes)
    with pytest.raises(OptionError, match=r"up to 40000 s.*ends at 36000 s"):
        predict(spectrum, model=model, system=SYSTEM, protocol=measured, times=[40000.0])


def test_what_is_strange_is_said(spectrum: Path, model: Path, tmp_path: Path) -> None:
    """Another electrolyte and cation, another temperature, a band that nobody knows."""
    usual = predict(spectrum, model=model, system=SYSTEM, protocol=PROTOCOL)
    assert not any("outside of what the model" in note for note in usual.notes)
    assert not any("not explained" in note for note in usual.notes)
    other = predict(
        spectrum,
        model=model,
        out=tmp_path / "forecast",
        system="napf6-diglyme-hard-carbon",
        protocol="formation-c20",
    )
    note = next(note for note in other.notes if "Of the system" in note)
    assert "extrapolation" in note
    assert "more" in note
    odd = simulate(SYSTEM, "rest 10 min", seed=7, frames=2, wavenumber=AXIS).run.spectrum(0)
    alien = np.exp(-(((odd.wavenumber - 1600) / 15) ** 2)) * 2 * odd.values.max()
    path = write_spectrum(
        Spectrum.from_arrays(odd.wavenumber, odd.values + alien), tmp_path / "odd.nc"
    )
    strange = predict(path, model=model, system=SYSTEM, protocol=PROTOCOL)
    assert any("not explained by the chemistry library" in note for note in strange.notes)


def test_what_is_missing_is_said(spectrum: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ModelError, match="needs yours.*--system"):
        predict(spectrum, model=model, out=out, protocol=PROTOCOL)
    with pytest.raises(ModelError, match="without a protocol"):
        predict(spectrum, model=model, out=out, system=SYSTEM)
    with pytest.raises(UnknownNameError, match="lp30-graphite"):
        predict(spectrum, model=model, out=out, system="lp30-grafite", protocol=PROTOCOL)
    with pytest.raises(UnknownNameError, match="formation-c10"):
        predict(spectrum, model=model, out=out, system=SYSTEM, protocol="formation-c1O")
    assert not out.exists()


def called(words: list[str], code: int = 0) -> None:
    """The command line ends with this code."""
    try:
        main(words)
    except SystemExit as ended:
        assert (ended.code or 0) == code
    else:
        assert code == 0


def test_on_the_command_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "model.safetensors", tmp_path / "out"
    called(["train", str(store), "-o", str(model), "--steps", "2"])
    assert "training and" in capsys.readouterr().out
    run = simulate(SYSTEM, PROTOCOL, seed=3, frames=4, wavenumber=AXIS).run
    given = write_run(run, tmp_path / "run.nc")
    asked = ["--system", SYSTEM, "--protocol", PROTOCOL, "-o", str(out)]
    called(["predict", str(given), "-m", str(model), *asked])
    assert "simulated cell" in capsys.readouterr().out
    called(["train", str(store), "-o", str(model), "-s", "derivative order=1 points=5"], 2)
    assert "store is trained on as it is" in capsys.readouterr().err


def test_files_of_runs_are_no_store_of_described_cells(tmp_path: Path) -> None:
    run = simulate(SYSTEM, "rest 10 min", seed=1, frames=4, wavenumber=AXIS).run
    path = write_run(run, tmp_path / "run.nc")
    with pytest.raises(OptionError, match="many of them in a store.*opir data add"):
        train([path], out=tmp_path / "model.safetensors", model="abcc-library")
    assert not (tmp_path / "model.safetensors").exists()


def test_simulated_runs_tell_their_true_extents(tmp_path: Path) -> None:
    made = [simulate(SYSTEM, PROTOCOL, seed=seed, frames=6, wavenumber=AXIS) for seed in range(3)]
    store = Store.create(tmp_path / "store", title="simulated, small")
    store.append([Item(one.run, f"a-{n}", truth=one.truth) for n, one in enumerate(made)])
    runs = [store.run(id) for id in ("a-2", "a-0")]
    windows = Windows(
        _inputs(runs),
        np.array([run.values[1:] for run in runs]),
        np.arange(2),
    )
    told = with_extents(windows, store, ["a-2", "a-0"])
    assert told.extents is not None
    true = made[2].truth
    at = [str(name) for name in true["reaction"].values].index("ec-to-ledc")
    optics = library().systems[SYSTEM].optics
    shows = optics["area_per_volume"].value * optics["path_length"].value
    course = true["extents"].values[:, at]
    np.testing.assert_allclose(
        told.extents[0, :, told.reactions.index("ec-to-ledc")],
        1e3 * shows * (course - course[0]),
        rtol=1e-5,
    )
    # one run of which nobody knows the truth: then nothing is told
    store.append([Item(made[0].run, "b-0")])
    assert with_extents(windows, store, ["a-2", "b-0"]) is windows


def _inputs(runs: list[Run]) -> ForecastInputs:
    drive = [np.stack([run.on_time(channel) for channel in DRIVE], axis=-1) for run in runs]
    return ForecastInputs(
        np.array([run.values[:1] for run in runs]),
        np.array([run.time[:1] for run in runs]),
        np.array([run.time[1:] for run in runs]),
        AXIS,
        np.array(drive),
        [describe(library().systems[SYSTEM].system) for _ in runs],
    )
