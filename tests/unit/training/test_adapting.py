"""Training on: it starts from the weights that are there, and keeps what check windows support."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.errors import ModelError  # noqa: E402
from opir.models import Persistence, TrainedForecaster, Windows, get_model  # noqa: E402
from opir.models.abcc import Abcc, AbccConfig  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.adapt import Adaptation, adapt, gentle  # noqa: E402
from opir.training.loop import TrainingInterruptedError, train  # noqa: E402
from tests.unit.models.toy import bands, decay, windows  # noqa: E402

SMALL = AbccConfig(components=2, reversible=1)
FEW = TrainingConfig(
    steps=60, batch=8, learning_rate=1e-2, weight_decay=0.0, average=0.8, evaluate_every=10
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def slower(batch: int = 12, *, seed: int = 0) -> Windows:
    """Simulated A -> B as in :func:`decay`, four times as slow."""
    random = np.random.default_rng(seed)
    times = np.tile(np.arange(12) * 60.0, (batch, 1))
    left = random.uniform(0.2, 1.0, (batch, 1)) * np.exp(-times / 1200.0)
    return windows(np.stack([left, 1 - left], axis=-1) @ bands(1050.0, 1150.0), times)


def trained(name: str = "abcc") -> TrainedForecaster:
    """A forecaster of the fast decay, a new one at each call."""
    return deepcopy(_trained(name))


@cache
def _trained(name: str) -> TrainedForecaster:
    kind = get_model(name)
    model = Abcc(SMALL) if name == "abcc" else kind()
    assert isinstance(model, TrainedForecaster)
    config = TrainingConfig(steps=80, learning_rate=1e-2, weight_decay=0.0, average=0.9)
    train(model, decay(noise=1e-3), decay(8, noise=1e-3, seed=1), config=config)
    return model


def error(model: TrainedForecaster, data: Windows) -> float:
    return float(np.abs(model.forecast(data.inputs).spectra - data.target).mean())


def weights(model: TrainedForecaster) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.module.state_dict().items()}


@pytest.mark.parametrize("name", ["abcc", "gru", "flow-matching"])
def test_another_rate_is_learned_from_a_few_windows(name: str) -> None:
    """What is not trained (axis, adapter, scales) stays; the error on new windows halves."""
    model, test = trained(name), slower(seed=2)
    fixed = {key: value.clone() for key, value in model.module.named_buffers()}
    before = error(model, test)
    done = adapt(model, slower(), slower(6, seed=1), config=FEW)
    assert done.changed
    assert done.error_after < done.error_before
    assert error(model, test) < 0.5 * before
    assert model.trust == done.trust
    for key, value in model.module.named_buffers():
        assert torch.equal(value, fixed[key]), key


def test_what_the_check_windows_do_not_support_is_not_kept() -> None:
    """Trained on what the decay is not, the model stays what it was, to the bit."""
    model, good = trained(), decay(10, noise=1e-3, seed=3)
    start, trust = weights(model), model.trust
    wrong = replace(good, target=good.inputs.last[:, None] - good.change)
    done = adapt(model, wrong, good, config=FEW)
    assert not done.changed
    assert (done.kept, done.error_after) == (0.0, done.error_before)
    assert model.trust == trust
    for key, value in weights(model).items():
        assert torch.equal(value, start[key]), key


def test_a_gain_in_one_block_alone_is_not_taken() -> None:
    """The gain must be larger than its standard error over blocks; one block outvotes none."""
    model = trained()
    quiet = decay(10, seed=3)
    stays = replace(quiet, target=model.forecast(quiet.inputs).spectra)  # cannot be improved
    loud = slower(1, seed=4)
    check = Windows(
        replace(
            stays.inputs,
            **{
                key: np.concatenate([getattr(stays.inputs, key), getattr(loud.inputs, key)])
                for key in ("given", "given_times", "times", "drive", "descriptor")
            },
        ),
        np.concatenate([stays.target, loud.target]),
        np.arange(11),
    )
    assert not adapt(model, slower(), check, config=FEW).changed


def test_frames_that_are_not_judged_decide_nothing() -> None:
    data, check = slower(), slower(6, seed=1)
    target = check.target.copy()
    target[:, :5] = 7.0
    found = []
    for shown in (check, replace(check, target=target)):
        model = trained()
        adapt(model, data, shown, judged_from=5, config=FEW)
        found.append(weights(model))
    for key, value in found[0].items():
        assert torch.equal(value, found[1][key]), key


def test_persistence_is_what_is_left_where_nothing_can_be_foretold() -> None:
    """Changes of either sign: the share of the change that is kept is chosen anew."""
    model = trained()
    random = np.random.default_rng(0)
    sign = random.choice([-1.0, 1.0], size=(20, 1, 1))
    data = decay(20, seed=5)
    noise = replace(data, target=data.inputs.last[:, None] + sign * data.change)
    done = adapt(model, noise.rows(range(10)), noise.rows(range(10, 20)), config=FEW)
    assert done.error_after <= error_of_persistence(noise.rows(range(10, 20)))


def error_of_persistence(data: Windows) -> float:
    return float(np.abs(Persistence().forecast(data.inputs).spectra - data.target).mean())


def test_resumed_is_bit_for_bit_as_never_stopped(tmp_path: Path) -> None:
    data, check = slower(), slower(6, seed=1)
    config = FEW.changed(steps=30, save_every=10)

    def made(stop: int | None, *, resume: bool = False) -> tuple[Adaptation, TrainedForecaster]:
        model = trained()
        plain, calls = model.losses, 0

        def losses(
            batch: Mapping[str, torch.Tensor], generator: torch.Generator
        ) -> dict[str, torch.Tensor]:
            nonlocal calls
            calls += 1
            if calls == stop:
                raise KeyboardInterrupt
            return plain(batch, generator)

        model.losses = losses  # type: ignore[method-assign]
        state = tmp_path / "state.safetensors" if stop or resume else None
        return adapt(model, data, check, config=config, state=state, resume=resume), model

    whole, first = made(None)
    with pytest.raises(TrainingInterruptedError, match="step 14 of 30"):
        made(15)
    again, second = made(None, resume=True)
    assert (whole.kept, whole.trust, whole.error_after) == (
        again.kept,
        again.trust,
        again.error_after,
    )
    for key, value in weights(first).items():
        assert torch.equal(value, weights(second)[key]), key


def test_an_untrained_model_is_refused() -> None:
    with pytest.raises(ModelError, match="not fitted"):
        adapt(Abcc(SMALL), slower(), slower(6, seed=1), config=FEW)


def test_gentle_does_not_draw_weights_to_zero() -> None:
    assert gentle(Abcc(SMALL)).weight_decay == 0
