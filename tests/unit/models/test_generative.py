"""Generative forecasters: what they draw is what there is, under the conditions given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.errors import OptionError  # noqa: E402
from opir.models import ForecastInputs, Windows, get_model, load_model  # noqa: E402
from opir.models.networks.generative import GenerativeForecaster  # noqa: E402
from opir.training import TrainingConfig, fit  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, bands, windows  # noqa: E402

NAMES = ["ddpm", "flow-matching", "mean-flow"]
SMALL: dict[str, Any] = {"hidden": 16, "width": 16, "blocks": 1}


def uncertain(batch: int, *, seed: int = 0, frames: int = 4) -> Windows:
    """A band grows by V t + a hidden draw t; draws are normal, standard deviation 0.3."""
    random = np.random.default_rng(seed)
    times = np.tile(np.arange(frames + 1) / frames, (batch, 1)) * 60
    voltage = random.choice([-1.0, 1.0], (batch, 1))
    hidden = random.normal(0, 0.3, (batch, 1))
    given = random.normal(size=(batch, 1, 1)) * bands(1050.0)
    spectra = given + ((voltage + hidden) * times / 60)[..., None] * bands(1150.0)
    drive = np.full((batch, frames + 1, 3), np.nan)
    drive[..., 0] = voltage
    return windows(spectra, times, drive)


def height(spectra: np.ndarray, inputs: ForecastInputs) -> np.ndarray:
    """Growth of the band by the last frame."""
    band = bands(1150.0)[0]
    return (spectra[..., -1, :] - inputs.last) @ band / (band @ band)


@pytest.fixture(scope="module")
def trained() -> dict[str, GenerativeForecaster]:
    data = uncertain(256)
    config = TrainingConfig(steps=150, batch=48, learning_rate=1e-2, device="cpu", average=0.95)
    models = {}
    for name in NAMES:
        model = get_model(name)(**SMALL)
        assert isinstance(model, GenerativeForecaster)
        fit(model, data, config=config, progress=False)
        models[name] = model
    return models


@pytest.mark.parametrize("name", NAMES)
def test_draws_have_the_mean_and_spread_that_the_voltage_sets(
    name: str, trained: dict[str, GenerativeForecaster]
) -> None:
    test = uncertain(40, seed=1)
    drawn = height(trained[name].sample(test.inputs, 60, seed=0), test.inputs)
    voltage = test.inputs.drive[:, -1, 0]
    for level in (-1.0, 1.0):
        some = drawn[:, voltage == level]
        assert some.mean() == pytest.approx(level, abs=0.15)
        assert some.std() == pytest.approx(0.3, abs=0.12)
    within = drawn.std(axis=0).mean()
    assert within == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_is_one_trajectory_not_frames_of_several(
    name: str, trained: dict[str, GenerativeForecaster]
) -> None:
    """The hidden draw acts on all frames alike: halfway, half of it has acted."""
    test = uncertain(40, seed=1)
    spectra = trained[name].sample(test.inputs, 20, seed=0)
    last, half = height(spectra, test.inputs), height(spectra[:, :, :2], test.inputs)
    voltage = test.inputs.drive[:, -1, 0]
    assert np.corrcoef((last - voltage).ravel(), (half - voltage / 2).ravel())[0, 1] > 0.7


@pytest.mark.parametrize("name", NAMES)
def test_the_forecast_is_the_middle_of_the_draws(
    name: str, trained: dict[str, GenerativeForecaster]
) -> None:
    test = uncertain(20, seed=2)
    model = trained[name]
    forecast = model.forecast(test.inputs).spectra
    drawn = model.sample(test.inputs, 60, seed=3).mean(axis=0)
    assert np.abs(height(forecast, test.inputs) - height(drawn, test.inputs)).mean() < 0.12
    np.testing.assert_allclose(
        forecast[5:8], model.forecast(test.inputs.rows([5, 6, 7])).spectra, atol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_draws_before_and_after_saving(
    name: str, trained: dict[str, GenerativeForecaster], tmp_path: Path
) -> None:
    inputs = uncertain(3, seed=1).inputs
    model = trained[name]
    drawn = model.sample(inputs, 2, seed=5)
    assert drawn.shape == (2, 3, 4, WAVENUMBER.size)
    assert drawn.dtype == np.float32
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.sample(inputs, 2, seed=5), drawn)
    np.testing.assert_array_equal(again.forecast(inputs).spectra, model.forecast(inputs).spectra)
    assert np.abs(model.sample(inputs, 2, seed=6) - drawn).max() > 1e-3
    with pytest.raises(OptionError, match="at least 1"):
        model.sample(inputs, 0, seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_any_number_of_frames_and_of_steps(
    name: str, trained: dict[str, GenerativeForecaster]
) -> None:
    longer = uncertain(4, seed=1, frames=11).inputs
    model = trained[name]
    assert model.sample(longer, 2, seed=0).shape == (2, 4, 11, WAVENUMBER.size)
    single = replace(longer, times=longer.times[:, -1:], drive=longer.drive[:, [0, -1]])
    assert model.forecast(single).spectra.shape == (4, 1, WAVENUMBER.size)
    config, arrays = model.state()
    config["options"] = {**config["options"], "steps": 3}
    other = type(model).from_state(config, arrays)
    assert np.isfinite(other.sample(longer, 2, seed=0)).all()


def test_mean_flow_is_the_average_of_the_velocity_it_follows() -> None:
    """For data all at one point, u(z, r, t) = (z - point) / t whatever r is: no loss is left."""
    model = get_model("mean-flow")(apart=1.0)
    assert isinstance(model, GenerativeForecaster)
    point = torch.full((64, 3, 2), 0.7)

    def exact(state: Any, start: Any, end: Any) -> Any:
        return (state - 0.7) / end[:, None, None]

    generator = torch.Generator().manual_seed(0)
    assert float(model.generation_loss(exact, point, generator).max()) < 1e-4
    noise = torch.randn(64, 3, 2, generator=generator)
    torch.testing.assert_close(model.generate(exact, noise, 1), point)
    wrong = model.generation_loss(
        lambda s, r, t: exact(s, r, t) + r[:, None, None], point, generator
    )
    assert float(wrong.mean()) > 0.05


@pytest.mark.parametrize("name", ["ddpm", "flow-matching"])
def test_the_exact_field_of_a_normal_distribution_carries_noise_onto_it(name: str) -> None:
    """Data N(0.5, 0.2^2): the field is known, and many steps give mean and spread."""
    model = get_model(name)()
    assert isinstance(model, GenerativeForecaster)
    mean, spread = 0.5, 0.2

    def exact(state: Any, start: Any, end: Any) -> Any:
        time = end[:, None, None]
        if name == "ddpm":
            clean, noisy = torch.cos(torch.pi / 2 * time), torch.sin(torch.pi / 2 * time)
        else:
            clean, noisy = time, 1 - time
        total = (clean * spread) ** 2 + noisy**2
        off = state - clean * mean
        data = mean + clean * spread**2 / total * off
        noise = noisy / total * off
        return clean * noise - noisy * data if name == "ddpm" else data - noise

    noise = torch.randn(500, 4, 2, generator=torch.Generator().manual_seed(0))
    found = model.generate(exact, noise, 200)
    # The map of one normal distribution onto another along this field is linear in the noise.
    torch.testing.assert_close(found, mean + spread * noise, atol=0.02, rtol=0)
