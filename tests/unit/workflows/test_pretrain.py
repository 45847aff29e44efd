"""The weights that ship: made and made again, examined on what was held out, with a card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.bench.fold import pools  # noqa: E402
from opir.cli import main  # noqa: E402
from opir.errors import FormatError, OutputError, StoreError, UnknownNameError  # noqa: E402
from opir.models import from_pretrained, load_model, pretrained_names, save_pretrained  # noqa: E402
from opir.models.kept_share import SHARES  # noqa: E402
from opir.models.pretrained import card  # noqa: E402
from opir.run.store import Item, Store  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.training import TrainingConfig, loop  # noqa: E402
from opir.workflows.pretrain import pretrain, widening  # noqa: E402
from opir.workflows.settings import preset_names, preset_settings  # noqa: E402

SYSTEMS = ("lp30-graphite", "lp57-lithium")
SHORT = TrainingConfig(steps=4, batch=4, save_every=2, device="cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated runs of two systems, six of each and again under other names.

    Enough of them validate to calibrate intervals.
    """
    path = tmp_path_factory.mktemp("store") / "simulated-few"
    made = Store.create(path, title="simulated, few")
    names = [f"{SYSTEMS[number % 2]}-{number:04d}" for number in range(1200)]
    runs = {
        (system, seed): simulate(
            system,
            "rest 2 h",
            seed=seed,
            frames=5,
            wavenumber=np.linspace(800.0, 1900.0, 64),
        ).run
        for system in SYSTEMS
        for seed in range(6)
    }
    items = []
    for pool, count in zip(pools(names), (4, 45, 3), strict=True):
        for system in SYSTEMS:
            for id in [name for name in pool if name.startswith(system)][:count]:
                items.append(Item(runs[system, int(id.rpartition("-")[2]) // 2 % 6], id))
    made.append(items)
    return path


@pytest.fixture(scope="module")
def weights(store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    torch.set_num_threads(1)
    said: list[str] = []
    out = tmp_path_factory.mktemp("weights")
    pretrain(store, out=out, config=SHORT, progress=False, say=said.append)
    return out, said


def test_all_are_made_and_examined(weights: tuple[Path, list[str]]) -> None:
    out, said = weights
    names = {"opir-base", *(f"opir-base-without-{system}" for system in SYSTEMS)}
    assert {path.stem for path in out.glob("*.safetensors")} == names
    assert not list(out.glob("*.state"))
    held = [json.loads((out / f"opir-base-without-{name}.json").read_text()) for name in SYSTEMS]
    assert [item["runs"] for item in held] == [3, 3]
    assert all(item["scores"]["irreversibility"] == 0 for item in held)
    without = load_model(out / f"opir-base-without-{SYSTEMS[0]}.safetensors")
    assert without.recipe["systems"] == [SYSTEMS[1]]
    base = load_model(out / "opir-base.safetensors")
    assert base.recipe["systems"] == list(SYSTEMS)
    assert base.intervals is not None
    share = int(np.argmin(sum(np.array(i["mae_by_share"]) / i["mae_by_share"][0] for i in held)))
    assert base.recipe["trust_unlike"] == pytest.approx(SHARES[share])
    mean = np.mean([item["widening_by_share"][share] for item in held])
    assert base.intervals.beyond == pytest.approx(mean, abs=1e-3)
    for item in held:
        assert item["mae_by_share"][-1] == pytest.approx(item["scores"]["mae"], rel=1e-4)
        assert item["mae_by_share"][0] == item["scores"]["persistence"]
    text = (out / "opir-base.md").read_text()
    assert "simulated runs alone" in text
    assert all(f"| {name} | 3 |" in text for name in SYSTEMS)
    assert "nan" not in text
    assert len(said) == 4


def test_the_same_command_goes_on(store: Path, weights: tuple[Path, list[str]]) -> None:
    """What lies there is not trained again; what was taken away is, and comes out the same."""
    out, _ = weights
    path = out / f"opir-base-without-{SYSTEMS[1]}.safetensors"
    first = path.read_bytes()
    kept = (out / f"opir-base-without-{SYSTEMS[0]}.safetensors").stat().st_mtime_ns
    path.unlink()
    made = pretrain(store, out=out, config=SHORT, progress=False, say=lambda _: None)
    assert len(made) == 3
    assert path.read_bytes() == first
    assert (out / f"opir-base-without-{SYSTEMS[0]}.safetensors").stat().st_mtime_ns == kept


def test_refusals_leave_no_folder(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "weights"
    with pytest.raises(UnknownNameError, match="lp30-graphite"):
        pretrain(store, out=out, only=["lp30-graphit"], say=lambda _: None)
    with pytest.raises(StoreError):
        pretrain(tmp_path / "no-store", out=out, say=lambda _: None)
    with pytest.raises(OutputError, match="does not exist"):
        pretrain(store, out=out / "below", say=lambda _: None)
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="a file is there, where a folder is needed"):
        pretrain(store, out=out, say=lambda _: None)


def test_what_was_examined_and_is_damaged_is_refused(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "opir-base-without-lp30-graphite.json"
    for text in ("{", "[]", '{"name": "lp30-graphite"}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError, match="Remove the file"):
            pretrain(store, out=tmp_path, only=["lp30-graphite"], say=lambda _: None)
        assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_keeps_the_state_and_says_how_to_go_on(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: object) -> dict[str, float]:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_step", stopped)
    with pytest.raises(loop.TrainingInterruptedError) as ended:
        pretrain(store, out=tmp_path, only=[SYSTEMS[0]], config=SHORT, progress=False)
    assert ended.value.remedy == "The same command goes on"
    kept = [path for path in tmp_path.iterdir() if path.suffix != ".jsonl"]
    assert [path.name for path in kept] == [f"opir-base-without-{SYSTEMS[0]}.state"]
    with pytest.raises(SystemExit) as left:
        main(["pretrain", str(store), "-o", str(tmp_path / "again"), "--only", SYSTEMS[0]])
    assert left.value.code == 130
    said = capsys.readouterr().err
    assert said.startswith("opir: ")
    assert "The same command goes on" in said


def test_widening() -> None:
    """The factor that makes 90 % of the points lie inside; intervals are never made narrower."""
    errors = np.linspace(0, 3, 100_001)
    factor = widening(errors)
    assert np.mean(errors <= factor) == pytest.approx(0.9, abs=1e-4)
    assert widening(0.1 * errors) == 1.0
    assert widening(1e6 * errors) == 32.0


def test_names(
    store: Path, weights: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownNameError, match="lp30-graphite"):
        pretrain(store, out=weights[0], only=["lp30-graphit"], say=lambda _: None)
    with pytest.raises(UnknownNameError, match="base"):
        preset_settings("bas")
    assert "base" in preset_names()
    assert preset_settings("base").model == "abcc-library"
    held = str(weights[0] / "held.safetensors")
    for words in (
        ["pretrain", str(store), "-o", str(weights[0]), "--only", "lp57"],
        ["train", str(store), "-o", held, "--without", "lp57", "--steps", "1"],
    ):
        with pytest.raises(SystemExit):
            main(words)
        assert "lp57-lithium" in capsys.readouterr().err


def test_what_ships(tmp_path: Path) -> None:
    """Each of the weights can be read, is small enough for the wheel and has its card."""
    with pytest.raises(UnknownNameError, match="opir-bas"):
        from_pretrained("opir-bas")
    with pytest.raises(UnknownNameError):
        card("opir-bas")
    assert "opir-base" in pretrained_names()
    for name in pretrained_names():
        model = from_pretrained(name)
        assert model.recipe["origin"] == ["simulated"]
        assert model.intervals is not None
        assert "simulated runs alone" in card(name)
        path = save_pretrained(model, tmp_path / f"{name}.safetensors")
        again = from_pretrained(path)
        assert again.recipe == model.recipe
        for one, other in zip(model.state()[1].items(), again.state()[1].items(), strict=True):
            assert one[0] == other[0]
            np.testing.assert_array_equal(one[1], other[1])
