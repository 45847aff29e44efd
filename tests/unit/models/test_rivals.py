"""Networks of other libraries and of video forecasting: they learn, see and keep as the rest do."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.errors import MissingDependencyError  # noqa: E402
from opir.models import Forecaster, Persistence, Windows, get_model, load_model  # noqa: E402
from opir.models.networks.fixed_horizon import from_horizon  # noqa: E402
from opir.models.networks.spectral import Leave, to_patches  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train  # noqa: E402
from tests.unit.models.toy import sweeps  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    "tide": {"hidden": 32, "temporal": 32},
    "fno": {"hidden": 16, "modes": 6, "layers": 2},
    "neural-ode": {"latent": 16, "hidden": 32},
    "convlstm": {"hidden": 8, "patch": 16},
    "simvp": {"channels": 8, "hidden": 32, "patch": 16},
}
NEEDS = {
    "tide": ("neuralforecast", "rivals"),
    "fno": ("neuralop", "rivals"),
    "neural-ode": ("torchdiffeq", "torch"),
}


def make(name: str) -> Any:
    if name in NEEDS:
        library, extra = NEEDS[name]
        pytest.importorskip(library, reason=f"needs {library}, from opir[{extra}]")
    return get_model(name)(**SMALL[name])


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def described(batch: int = 12) -> Windows:
    """Sweeps whose change is also larger by what the descriptor says."""
    data, _ = sweeps(batch, 9, seed=0)
    number = np.random.default_rng(0).uniform(0.5, 2.0, (batch, 2))
    last = data.inputs.last[:, None]
    target = last + number[:, :1, None] * (data.target - last)
    return Windows(replace(data.inputs, descriptor=number), target, data.block)


def error(model: Forecaster, data: Windows) -> float:
    return float(np.abs(model.forecast(data.inputs).spectra - data.target).mean())


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_one_batch_sees_conditions_and_is_kept(name: str, tmp_path: Path) -> None:
    data = described()
    model = make(name)
    train(
        model,
        data,
        config=TrainingConfig(steps=80, learning_rate=1e-2, weight_decay=0.0, average=0.9),
    )
    assert error(model, data) < 0.5 * error(Persistence(), data)
    found = model.forecast(data.inputs).spectra
    again = load_model(model.save(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(again.forecast(data.inputs).spectra, found)

    drive = data.inputs.drive.copy()
    drive[:, 1:, 0] += 0.5
    other = data.inputs.descriptor[::-1]
    for changed in (replace(data.inputs, drive=drive), replace(data.inputs, descriptor=other)):
        moved = np.abs(model.forecast(changed).spectra - found)
        assert moved.mean() > 0.02 * np.abs(data.change).mean()

    # Any number of frames, at any times, with a protocol that is not known.
    for frames in (1, 3, 23):
        times = np.cumsum(np.random.default_rng(1).uniform(1, 90, (12, frames)), axis=1)
        asked = replace(
            data.inputs,
            times=data.inputs.given_times[:, -1:] + times,
            drive=np.full((12, 1 + frames, 3), np.nan),
        )
        assert np.isfinite(model.forecast(asked).spectra).all()


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_gives_the_same_bits_and_leaves_other_generators_alone(name: str) -> None:
    data, found = described(), []
    for seed in (0, 0, 1):
        model = make(name)
        np.random.seed(5)  # noqa: NPY002
        torch.manual_seed(5)
        model.begin(data, seed=seed)
        after = np.random.random(), float(torch.rand(()))  # noqa: NPY002
        np.random.seed(5)  # noqa: NPY002
        torch.manual_seed(5)
        assert after == (np.random.random(), float(torch.rand(())))  # noqa: NPY002
        train(model, data, config=TrainingConfig(steps=2, seed=seed, average=0.0))
        found.append(model.forecast(data.inputs).spectra)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_library_is_named_with_the_extra(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, extra = NEEDS[name]
    original = importlib.import_module

    def refuse(module: str, package: str | None = None) -> Any:
        if module.split(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)
        return original(module, package)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingDependencyError, match=rf"opir\[{extra}\]"):
        get_model(name)(**SMALL[name]).begin(described(), seed=0)


def test_a_horizon_is_interpolated_from_no_change_on() -> None:
    places = torch.tensor([1.0, 2.0, 3.0, 4.0])[None, :, None]
    assert from_horizon(places, 8)[0, :, 0].tolist() == pytest.approx(
        [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    )
    assert from_horizon(places, 2)[0, :, 0].tolist() == [2.0, 4.0]


def test_patches_put_together_are_the_spectrum() -> None:
    spectra = torch.arange(22.0).reshape(2, 11)
    patches = to_patches(spectra, 4)
    assert patches.shape == (2, 4, 3)
    leave = Leave(channels=4, places=3, patch=4, points=11)
    with torch.no_grad():
        leave.weight.copy_(torch.eye(4).expand(3, 4, 4))
        assert torch.equal(leave(patches[:, None])[:, 0], spectra)
