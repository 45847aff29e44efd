"""Training calibrates intervals on validation runs that chose nothing, or says that it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.bench.time_blocks import BlockDesign  # noqa: E402
from opir.models import ForecastInputs, Windows, load_model  # noqa: E402
from opir.run import Run  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.workflows.train import _halves, train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, sweeps  # noqa: E402

DESIGN = BlockDesign(frames=9, co_added=1, step=20)


def simulated(count: int, seed: int) -> list[Run]:
    """Simulated voltage-driven runs."""
    data, _ = sweeps(count, seed=seed)
    return [
        Run.from_arrays(
            np.concatenate([[0.0], data.inputs.times[row]]),
            WAVENUMBER,
            np.concatenate([data.inputs.given[row], data.target[row]]),
            voltage=data.inputs.drive[row, :, 0],
            name=f"simulated {row}",
            origin="simulated",
        )
        for row in range(count)
    ]


def larger(run: Run) -> Run:
    """The same run, its spectra growing three times."""
    grown = run.values * np.linspace(1, 3, run.time.size)[:, None]
    return Run.from_arrays(
        run.time, run.wavenumber, grown, voltage=run.on_time("voltage"), origin="simulated"
    )


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return simulated(200, seed=0)


def validation(count: int, each: int = 3) -> Windows:
    """Windows of blocks, several of each."""
    times = np.tile([[0.0, 60.0]], (count * each, 1))
    spectra = np.random.default_rng(0).uniform(size=(count * each, 2, 4))
    inputs = ForecastInputs(spectra[:, :1], times[:, :1], times[:, 1:], np.arange(1000.0, 1004.0))
    return Windows(inputs, spectra[:, 1:], np.repeat(np.arange(count), each))


@pytest.mark.parametrize("blocks", [20, 21, 50])
def test_halves_share_no_block_and_leave_none_out(blocks: int) -> None:
    windows = validation(blocks)
    chooses, calibrates = _halves(windows)
    assert calibrates is not None
    first, second = set(chooses.block.tolist()), set(calibrates.block.tolist())
    assert not first & second
    assert first | second == set(range(blocks))
    assert len(second) - len(first) == blocks % 2
    assert len(chooses) + len(calibrates) == len(windows)
    again = _halves(windows)[0]
    np.testing.assert_array_equal(again.target, chooses.target)


def test_few_blocks_are_not_halved() -> None:
    windows = validation(19)
    assert _halves(windows) == (windows, None)


def test_a_trained_model_knows_how_sure_it_is(runs: list[Run], tmp_path: Path) -> None:
    done = train(runs, out=tmp_path / "m.safetensors", model="mean-trajectory", design=DESIGN)
    found = load_model(done.path).intervals
    assert found is not None
    assert found.runs == done.calibrating == done.windows[1] == 20
    assert done.validation_blocks == 40
    assert found.whole_levels == (0.5, 0.8, 0.9, 0.95)
    assert "Intervals: calibrated on 20 runs" in str(done)
    assert "on 20 of them, which did not choose the weights" in str(done)
    # On runs that it never saw, simulated alike.
    fresh = np.stack([run.values[:9] for run in simulated(200, seed=1)])
    lead = np.tile(30.0 * np.arange(1, 9), (200, 1))
    inputs = ForecastInputs(fresh[:, :1], np.zeros((200, 1)), lead, WAVENUMBER)
    forecast = done.model.forecast(inputs).spectra
    for level in found.levels:
        lower, upper = found.around(forecast, lead, level)
        inside = (lower <= fresh[:, 1:]) & (fresh[:, 1:] <= upper)
        # Four deviations of a share of 20 runs.
        assert inside.mean() == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 20))
        lower, upper = found.around(forecast, lead, level, whole=True)
        inside = (lower <= fresh[:, 1:]) & (fresh[:, 1:] <= upper)
        share = inside.all(axis=(1, 2)).mean()
        assert share > level - 4 * np.sqrt(level * (1 - level) / 20)


def test_calibration_windows_choose_nothing(runs: list[Run], tmp_path: Path) -> None:
    """Other spectra in the calibrating half: the same weights, other intervals."""
    config = TrainingConfig(steps=3, batch=8, evaluate_every=1, device="cpu")

    def made(items: list[Run], name: str) -> tuple[dict[str, np.ndarray], float]:
        done = train(
            items, out=tmp_path / name, model="abcc", design=DESIGN, config=config, progress=False
        )
        assert done.model.intervals is not None
        return done.model.state()[1], float(done.model.intervals.half.max())

    checked = [number for number in range(100) if number % 5 == 2]
    held = _halves(validation(len(checked)))[1]
    assert held is not None
    calibrating = {checked[block] for block in held.block}
    changed = [larger(run) if n in calibrating else run for n, run in enumerate(runs[:100])]
    weights, width = made(runs[:100], "a.safetensors")
    same, wider = made(changed, "b.safetensors")
    assert weights.keys() == same.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(same[name], values)
    assert wider > 1.2 * width


def test_with_few_validation_runs_there_are_no_intervals(runs: list[Run], tmp_path: Path) -> None:
    done = train(runs[:95], out=tmp_path / "m.safetensors", model="mean-trajectory", design=DESIGN)
    assert load_model(done.path).intervals is None
    assert done.calibrating == 0
    assert "No intervals: 19 runs or blocks of time validate, and at least 20" in str(done)
    assert "they chose the weights" in str(done)


def test_the_same_training_gives_the_same_file(runs: list[Run], tmp_path: Path) -> None:
    paths = [
        train(runs[:100], out=tmp_path / name, model="ridge", design=DESIGN).path
        for name in ("a.safetensors", "b.safetensors")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
