"""The loop: it learns, and stopping does not change what comes out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from opir.errors import FormatError, OptionError  # noqa: E402
from opir.models import ForecastInputs, Persistence, Ridge, Windows  # noqa: E402
from opir.models.abcc import Abcc, AbccConfig  # noqa: E402
from opir.progress import Progress  # noqa: E402
from opir.training import TrainingConfig, fit  # noqa: E402
from opir.training.budget import settle  # noqa: E402
from opir.training.loop import TrainingInterruptedError, choose_device, train  # noqa: E402
from tests.unit.models.toy import decay, sweeps  # noqa: E402

SMALL = AbccConfig(components=3, reversible=2)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def error(model: Abcc | Persistence | Ridge, data: Windows) -> float:
    return float(np.abs(model.forecast(data.inputs).spectra - data.target).mean())


def weights(model: Abcc) -> dict[str, torch.Tensor]:
    return model.module.state_dict()


def test_it_overfits_one_batch() -> None:
    data = decay(8)
    model = Abcc(AbccConfig(components=2, reversible=1))
    train(model, data, config=TrainingConfig(steps=400, learning_rate=2e-2, weight_decay=0.0))
    assert error(model, data) < 0.03 * error(Persistence(), data)


def test_simulated_voltage_sweeps_are_foreseen_from_one_frame() -> None:
    """Simulated A <-> B -> C under voltage, on runs never seen: a fifth of persistence's error,
    below ridge, and the learned extents grow with the product that truly forms."""
    (learn, _), (check, _), (test, product) = sweeps(96), sweeps(24, seed=1), sweeps(32, seed=2)
    model = Abcc(SMALL)
    config = TrainingConfig(steps=500, learning_rate=1e-2, weight_decay=0.01, batch=32)
    train(model, learn, check, config=config)
    ridge = Ridge().fit(learn, check)
    assert error(model, test) < 0.2 * error(Persistence(), test)
    assert error(model, test) < error(ridge, test)
    forecast = model.forecast(test.inputs)
    assert forecast.extents is not None
    assert np.diff(forecast.extents, axis=1).min() >= 0
    formed = product[:, -1] - product[:, 0]
    gained = forecast.extents[:, -1].sum(axis=-1)
    assert np.corrcoef(formed, gained)[0, 1] > 0.8
    drive = test.inputs.drive.copy()
    drive[..., 0] = 1.0
    held = np.abs(
        model.forecast(
            type(test.inputs)(
                test.inputs.given,
                test.inputs.given_times,
                test.inputs.times,
                test.inputs.wavenumber,
                drive,
            )
        ).spectra
        - forecast.spectra
    )
    assert held.mean() > error(model, test)


def test_resumed_is_bit_for_bit_as_never_stopped(tmp_path: Path) -> None:
    data, check = decay(noise=0.01), decay(8, seed=1)
    config = TrainingConfig(steps=40, batch=8, evaluate_every=10, save_every=15)
    whole = Abcc(SMALL)
    first = train(whole, data, check, config=config)

    class Stopped(Abcc):
        calls = 0

        def losses(self, batch, generator):  # type: ignore[no-untyped-def]
            self.calls += 1
            if self.calls == 23:
                raise KeyboardInterrupt
            return super().losses(batch, generator)

    state = tmp_path / "state.safetensors"
    with pytest.raises(TrainingInterruptedError, match="step 22 of 40"):
        train(Stopped(SMALL), data, check, config=config, state=state)
    resumed = Abcc(SMALL)
    second = train(resumed, data, check, config=config, state=state, resume=True)
    assert (first.best_step, first.best_error) == (second.best_step, second.best_error)
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    data = decay(noise=0.01)
    found = []
    for seed in (0, 0, 1):
        model = Abcc(SMALL)
        train(model, data, config=TrainingConfig(steps=5, seed=seed))
        found.append(model.forecast(data.inputs).spectra)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


class Prepared(Abcc):
    """Hands a number of each window to the losses, and notes whether it came with its window."""

    together: bool = True

    def prepare(self, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
        return {"first": np.asarray(inputs.last[:, 0], dtype=np.float32)}

    def losses(
        self, batch: Mapping[str, torch.Tensor], generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        self.together &= bool(torch.equal(batch["first"], batch["frames"][:, 0, 0]))
        return super().losses(batch, generator)


def test_what_is_prepared_comes_with_its_window() -> None:
    data, config = decay(8), TrainingConfig(steps=4, batch=3)
    model = Prepared(AbccConfig(components=2, reversible=1))
    train(model, data, config=config)
    assert model.together
    plain = Abcc(AbccConfig(components=2, reversible=1))
    train(plain, data, config=config)
    for name, value in weights(plain).items():
        assert torch.equal(value, weights(model)[name])


def test_the_log_holds_every_term(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    train(
        Abcc(SMALL),
        decay(),
        decay(4, seed=1),
        config=TrainingConfig(steps=20, evaluate_every=10),
        log=log,
    )
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert {"displacement", "anchor", "reconstruction", "validation_mae"} <= set(lines[0])


def test_a_state_of_another_training_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    train(Abcc(SMALL), decay(), config=TrainingConfig(steps=3), state=state)
    with pytest.raises(FormatError, match="another configuration"):
        train(Abcc(SMALL), decay(), config=TrainingConfig(steps=4), state=state, resume=True)
    with pytest.raises(FormatError, match="another model"):
        train(
            Abcc(AbccConfig(components=2)),
            decay(),
            config=TrainingConfig(steps=3),
            state=state,
            resume=True,
        )
    state.write_bytes(state.read_bytes()[:-10])
    with pytest.raises(FormatError, match="safetensors"):
        train(Abcc(SMALL), decay(), config=TrainingConfig(steps=3), state=state, resume=True)


def test_fit_makes_either_kind() -> None:
    data = decay()
    assert error(fit(Ridge(), data), data) < 1e-3  # type: ignore[arg-type]
    fit(Abcc(SMALL), data, config=TrainingConfig(steps=2))


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    config = TrainingConfig(steps=100, warm_up=0.1, learning_rate=1.0)
    rates = [config.rate(step) for step in range(100)]
    assert rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] < 1e-3


def test_options_are_checked() -> None:
    with pytest.raises(OptionError, match="steps"):
        TrainingConfig(steps=0)
    with pytest.raises(OptionError, match="unknown"):
        choose_device("abacus")
    assert choose_device("cpu").type == "cpu"


def test_progress_tells_the_time_left() -> None:
    import io

    stream = io.StringIO()
    progress = Progress(10, stream=stream, shown=True)
    progress.started -= 5.0
    assert progress.left(5) == pytest.approx(5.0, abs=0.2)
    progress.show(10, "loss 1")
    assert "step 10/10" in stream.getvalue()


def test_equal_trainings_give_equal_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        model = Abcc(SMALL)
        train(model, decay(), config=TrainingConfig(steps=2, evaluate_every=1))
        model.save(tmp_path / f"{name}.safetensors")
    contents = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("first", "second")]
    assert contents[0] == contents[1]


def test_a_budget_settles_the_steps_and_they_alone_give_the_same(tmp_path: Path) -> None:
    """Processor time within a factor, steps reported, and no other training than theirs."""
    data, check = decay(32, noise=0.01), decay(8, seed=1)
    model, log = Abcc(SMALL), tmp_path / "log.jsonl"
    config = TrainingConfig(seconds=1.5, batch=8)
    found = train(model, data, check, config=config, log=log)
    assert 0.5 * 1.5 < found.processor_seconds < 1.7 * 1.5
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert 1 <= len(lines) <= 11
    assert {line["steps"] for line in lines} == {lines[-1]["step"]} == {found.steps}
    assert lines[-1]["processor_seconds"] <= found.processor_seconds
    every = -(-found.steps // 10)
    alone = Abcc(SMALL)
    steps = TrainingConfig(steps=found.steps, batch=8, evaluate_every=every)
    second = train(alone, data, check, config=steps)
    assert (second.best_step, second.best_error) == (found.best_step, found.best_error)
    for name, value in weights(model).items():
        assert torch.equal(value, weights(alone)[name]), name


@pytest.mark.parametrize("calibration", [1.0, 14.0])
def test_a_budget_holds_its_looks_and_what_is_settled_after_it(calibration: float) -> None:
    """With steps and looks of known length all of it fits, and one more step would not."""
    clock, step_seconds, look_seconds, budget = SimpleNamespace(seconds=5.0), 0.125, 0.5, 60.0

    def step(number: int) -> None:
        clock.seconds += step_seconds

    def look() -> None:
        clock.seconds += look_seconds

    found = settle(TrainingConfig(seconds=budget), clock, step, look, calibration)
    looks = -(-found.steps // found.evaluate_every)
    rest = clock.seconds + (looks + calibration) * look_seconds
    assert rest + found.steps * step_seconds <= budget
    assert rest + (found.steps + 1) * step_seconds > budget


def test_a_training_with_a_budget_goes_on_with_the_steps_it_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that grows slower after the steps were settled would stop it before the last.
    monkeypatch.setattr("opir.training.loop._PATIENCE", math.inf)
    data, state = decay(noise=0.01), tmp_path / "state.safetensors"
    config = TrainingConfig(seconds=0.5, batch=8, save_every=1)

    class Stopped(Abcc):
        begun = 0

        def losses(self, batch, generator):  # type: ignore[no-untyped-def]
            self.begun += state.exists()
            if self.begun == 3:
                raise KeyboardInterrupt
            return super().losses(batch, generator)

    with pytest.raises(TrainingInterruptedError, match="step") as stopped:
        train(Stopped(SMALL), data, config=config, state=state)
    settled = int(str(stopped.value).split(" of ")[1].split()[0].rstrip(".;:,"))
    resumed = Abcc(SMALL)
    found = train(resumed, data, config=config, state=state, resume=True)
    assert found.steps == settled
    whole = Abcc(SMALL)
    train(whole, data, config=TrainingConfig(steps=settled, batch=8))
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(OptionError, match="seconds"):
        TrainingConfig(seconds=seconds)
