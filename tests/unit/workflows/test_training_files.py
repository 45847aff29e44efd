"""The files beside a training: none is replaced unasked, and none costs the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.bench.time_blocks import BlockDesign  # noqa: E402
from opir.cli import main  # noqa: E402
from opir.errors import OptionError, OutputError, OutputExistsError  # noqa: E402
from opir.models import load_model  # noqa: E402
from opir.run import Run  # noqa: E402
from opir.run.netcdf import write_run  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.workflows.train import Trained, train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, bands  # noqa: E402


def decay() -> Run:
    """A simulated run: A turns into B."""
    time = np.arange(60) * 30.0
    left = np.exp(-time / 600.0)
    spectra = np.stack([left, 1 - left], axis=-1) @ bands(1060.0, 1140.0)
    return Run.from_arrays(time, WAVENUMBER, spectra, name="simulated", origin="simulated")


def trained(folder: Path, name: str = "m.safetensors", **options: object) -> Trained:
    torch.set_num_threads(1)
    return train(
        [decay()],
        out=folder / name,
        design=BlockDesign(blocks=4, frames=4, co_added=1),
        config=TrainingConfig(steps=4, batch=4, evaluate_every=2),
        progress=False,
        **options,  # type: ignore[arg-type]
    )


def test_a_log_and_a_state_are_not_replaced_unasked(tmp_path: Path) -> None:
    log, state = tmp_path / "log.jsonl", tmp_path / "state.safetensors"
    trained(tmp_path, log=log, state=state)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log.jsonl", "log.png", "m.safetensors", "state.safetensors"]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for options in ({"log": log}, {"state": state}):
        with pytest.raises(OutputExistsError, match="--resume"):
            trained(tmp_path, "n.safetensors", **options)
    log.unlink()
    with pytest.raises(OutputExistsError, match="log.png"):
        trained(tmp_path, "n.safetensors", log=log)
    del before[log]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    trained(tmp_path, log=log, state=state, overwrite=True)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2


def test_a_log_that_has_nothing_to_draw_does_not_cost_the_model(tmp_path: Path) -> None:
    """Gone on from its end: no step is left, so a new log stays empty."""
    state, log = tmp_path / "state.safetensors", tmp_path / "new.jsonl"
    first = trained(tmp_path, state=state)
    again = trained(tmp_path, "n.safetensors", state=state, resume=True, log=log)
    assert not log.with_suffix(".png").exists()
    for one, other in zip(
        first.model.state()[1].values(), load_model(again.path).state()[1].values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_what_makes_no_sense_is_refused_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="as the picture of it would be"):
        trained(tmp_path, log=tmp_path / "log.png")
    with pytest.raises(OptionError, match="no state to go on from"):
        trained(tmp_path, resume=True)
    with pytest.raises(OutputError, match="a folder is there"):
        trained(tmp_path.parent, tmp_path.name, overwrite=True)
    for name in ("log", "state"):
        with pytest.raises(OutputError, match="does not exist"):
            trained(tmp_path, **{name: tmp_path / "none" / "file"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--steps", "0"], "steps is 0; at least 1 is needed"),
        (["--seed", "-1"], "seed is -1; at least 0 is needed"),
    ],
)
def test_numbers_that_make_no_sense_are_not_passed_over(
    words: list[str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(decay(), tmp_path / "run.nc")
    with pytest.raises(SystemExit) as ended:
        main(["train", str(run), "-o", str(tmp_path / "m.safetensors"), *words])
    assert ended.value.code == 2
    assert what in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [run]
