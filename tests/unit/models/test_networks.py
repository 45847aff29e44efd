"""Networks: they learn, see what they are said to see, and keep what they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.models import ForecastInputs, Persistence, Windows, get_model, load_model  # noqa: E402
from opir.models.networks.adapter import SpectraAdapter  # noqa: E402
from opir.models.networks.base import NetworkForecaster  # noqa: E402
from opir.models.networks.conditions import CONDITIONS, conditions  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, bands, sweeps  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": 32, "blocks": 1},
    "cnn": {"channels": 12, "blocks": 1, "patch": 8},
    "gru": {"hidden": 24},
    "lstm": {"hidden": 24},
    "transformer": {"hidden": 24, "layers": 1, "heads": 2},
}


def make(name: str) -> NetworkForecaster:
    model = get_model(name)(**SMALL[name])
    assert isinstance(model, NetworkForecaster)
    return model


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def described(seed: int = 0, batch: int = 12) -> Windows:
    """Sweeps whose change is also larger by what the descriptor says."""
    data, _ = sweeps(batch, 9, seed=seed)
    number = np.random.default_rng(seed).uniform(0.5, 2.0, (batch, 2))
    last = data.inputs.last[:, None]
    target = last + number[:, :1, None] * (data.target - last)
    inputs = replace(data.inputs, descriptor=number)
    return Windows(inputs, target, data.block)


def error(model: Any, data: Windows) -> float:
    return float(np.abs(model.forecast(data.inputs).spectra - data.target).mean())


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_one_batch_and_is_the_same_from_a_file(name: str, tmp_path: Path) -> None:
    data = described()
    model = make(name)
    config = TrainingConfig(steps=120, learning_rate=1e-2, weight_decay=0.0, average=0.9)
    train(model, data, config=config)
    assert error(model, data) < 0.3 * error(Persistence(), data)
    again = load_model(model.save(tmp_path / "model.safetensors"))
    assert type(again) is type(model)
    np.testing.assert_array_equal(
        again.forecast(data.inputs).spectra, model.forecast(data.inputs).spectra
    )

    # What it learned, it learned from the inputs it says it sees.
    found = model.forecast(data.inputs).spectra
    drive = data.inputs.drive.copy()
    drive[:, 1:, 0] += 0.5
    other = data.inputs.descriptor[::-1]
    for changed in (replace(data.inputs, drive=drive), replace(data.inputs, descriptor=other)):
        moved = np.abs(model.forecast(changed).spectra - found)
        assert moved.mean() > 0.05 * np.abs(data.change).mean()

    # Rows do not see each other.
    order = np.random.default_rng(0).permutation(len(data))
    shuffled = model.forecast(data.inputs.rows(order)).spectra
    np.testing.assert_allclose(shuffled, found[order], atol=2e-5)


@pytest.mark.parametrize("name", SMALL)
def test_any_times_and_any_number_of_frames(name: str) -> None:
    """Trained on 4 frames, asked for 19 at other times, and for 1; from more given frames too."""
    data = described()
    few = replace(data.inputs, times=data.inputs.times[:, :4], drive=data.inputs.drive[:, :5])
    model = make(name)
    train(
        model,
        Windows(few, data.target[:, :4], data.block),
        config=TrainingConfig(steps=3, average=0.0, learning_rate=1e-2),
    )
    for given, frames in ((1, 19), (1, 1), (3, 5)):
        times = np.cumsum(np.random.default_rng(1).uniform(1, 90, (12, given + frames)), axis=1)
        asked = ForecastInputs(
            given=np.repeat(data.inputs.given, given, axis=1),
            given_times=times[:, :given],
            times=times[:, given:],
            wavenumber=WAVENUMBER,
            drive=np.tile([0.7, 0.1, 300.0], (12, given + frames, 1)),
            descriptor=data.inputs.descriptor,
        )
        assert model.forecast(asked).spectra.shape == (12, frames, WAVENUMBER.size)
    unknown = replace(few, drive=np.full((12, 5, 3), np.nan))
    assert np.isfinite(model.forecast(unknown).spectra).all()


@pytest.mark.parametrize("name", SMALL)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    data = described()
    found = []
    for seed in (0, 0, 1):
        model = make(name)
        train(model, data, config=TrainingConfig(steps=3, seed=seed, average=0.0))
        found.append(model.forecast(data.inputs).spectra)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


def test_dropout_repeats_to_the_same_bits() -> None:
    data, found = described(), []
    for _ in range(2):
        model = get_model("transformer")(hidden=24, layers=1, heads=2, dropout=0.5)
        torch.rand(1)
        train(model, data, config=TrainingConfig(steps=3, average=0.0))
        found.append(model.forecast(data.inputs).spectra)
    np.testing.assert_array_equal(found[0], found[1])


def test_all_that_the_search_names_can_be_built() -> None:
    for name in SMALL:
        kind = get_model(name)
        assert "learning_rate" in kind.search
        for option, candidates in kind.search.items():
            assert len(candidates) >= 2
            for value in candidates if option != "learning_rate" else ():
                model = kind(**{option: value})
                model.begin(described(), seed=0)
                assert model.options[option] == value


def test_conditions_are_what_their_names_say() -> None:
    times = torch.tensor([[0.0, 10.0, 30.0, 60.0]])
    drive = torch.tensor([[[3.0, 0.2, 300.0], [1.0, 0.2, 300.0], [2.0, -0.1, 300.0], [0.0] * 3]])
    drive[0, 3, :2] = torch.nan
    values, known = conditions(times, drive, given=2)
    assert values.shape == (1, 3, len(CONDITIONS))
    found = {name: values[0, :, k].tolist() for k, name in enumerate(CONDITIONS)}
    assert found["lead"] == [0.0, 20.0, 50.0]
    assert found["charge"][:2] == pytest.approx([2.0, 0.0])
    assert found["absolute charge"][:2] == pytest.approx([2.0, 4.0])
    assert found["lowest voltage"][:2] == [1.0, 1.0]
    assert found["highest voltage"][:2] == [3.0, 3.0]
    assert found["mean voltage"][:2] == pytest.approx([1.0, (10 * 1 + 20 * 2) / 30])
    assert found["voltage step"][:2] == [-2.0, 1.0]
    told = {name: known[0, :, k].tolist() for k, name in enumerate(CONDITIONS)}
    assert told["voltage"] == told["charge"] == [1.0, 1.0, 0.0]
    assert told["temperature"] == told["lead"] == [1.0, 1.0, 1.0]


def test_the_adapter_goes_there_and_back() -> None:
    """Three bands that move in the data span what scores can tell; noise outside is taken away."""
    random = np.random.default_rng(0)
    amounts = random.normal(size=(400, 6, 3))
    clean = amounts @ bands(1040.0, 1100.0, 1160.0)
    noisy = clean + 0.1 * random.normal(size=clean.shape)
    times = np.tile(np.arange(6.0), (400, 1))
    inputs = ForecastInputs(noisy[:, :1], times[:, :1], times[:, 1:], WAVENUMBER)
    adapter = SpectraAdapter.fit(Windows(inputs, noisy[:, 1:], np.arange(400)), static=3, scores=3)
    change = torch.tensor(clean[:, 3] - clean[:, 1], dtype=torch.float32)
    back = adapter.to_change(adapter.to_scores(change))
    assert float((back - change).abs().max()) < 0.05 * float(change.abs().max())
    scores = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(adapter.to_scores(adapter.to_change(scores)), scores)
    assert float(adapter.share) < 0.1
    encoded = adapter.encode(
        torch.tensor(noisy[:, :1]).float(),
        torch.tensor(times).float(),
        torch.full((400, 6, 3), torch.nan),
        torch.zeros(400, 0),
    )
    left = np.abs(encoded.base.numpy() - clean[:, 0]).mean()
    assert left < 0.4 * np.abs(noisy[:, 0] - clean[:, 0]).mean()
    assert float(encoded.static.std()) == pytest.approx(1.0, abs=0.1)
    assert encoded.context.shape == (400, adapter.sizes.static + adapter.sizes.descriptor)


def test_earlier_given_frames_are_seen() -> None:
    data, _ = sweeps(12, 9)
    frames = np.concatenate([data.inputs.given, data.target], axis=1)
    times = np.concatenate([data.inputs.given_times, data.inputs.times], axis=1)
    inputs = replace(data.inputs, given=frames[:, :4], given_times=times[:, :4], times=times[:, 4:])
    model = make("mlp")
    train(
        model,
        Windows(inputs, frames[:, 4:], data.block),
        config=TrainingConfig(steps=5, average=0.0),
    )
    given = inputs.given.copy()
    given[:, 1] += 0.1 * bands(1100.0)
    found = model.forecast(inputs).spectra
    assert np.abs(model.forecast(replace(inputs, given=given)).spectra - found).max() > 0


def test_a_band_that_training_never_had_is_no_noise() -> None:
    """What the adapter takes off the given frame is at most what noise usually is."""
    data, _ = sweeps(64, 9)
    random = np.random.default_rng(0)
    noisy = data.inputs.given + 2e-3 * random.normal(size=data.inputs.given.shape)
    train_on = Windows(replace(data.inputs, given=noisy), data.target, data.block)
    adapter = SpectraAdapter.fit(train_on, static=3)
    limit = float(adapter.largest_rest)
    assert 2e-3 < limit < 2e-2
    alien = noisy[:4, -1] + bands(1180.0, width=3.0)[0]
    given = torch.tensor(alien[:, None], dtype=torch.float32)
    _, base = adapter.encode_static(given)
    taken = np.abs(base.numpy() - alien)
    assert taken.max() <= limit * (1 + 1e-4)
    assert float(adapter.share) < 1
    _, plain = adapter.encode_static(torch.tensor(noisy[:4], dtype=torch.float32))
    assert np.abs(plain.numpy() - noisy[:4, -1]).max() > 0
