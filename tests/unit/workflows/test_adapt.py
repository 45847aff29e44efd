"""Adapting a model to a few runs: what is held back stays so, and what must hold still holds."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from opir.bench.time_blocks import BlockDesign  # noqa: E402
from opir.chemistry import library  # noqa: E402
from opir.cli import main  # noqa: E402
from opir.errors import ModelError, OptionError, OutputExistsError  # noqa: E402
from opir.metrics import mae  # noqa: E402
from opir.models import Forecaster, Windows, load_model  # noqa: E402
from opir.models.abcc import Abcc  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.models.descriptor import describe  # noqa: E402
from opir.models.inputs import DRIVE  # noqa: E402
from opir.models.known_systems import KnownSystems  # noqa: E402
from opir.run import Run  # noqa: E402
from opir.run.netcdf import read_run, write_run  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train as run_loop  # noqa: E402
from opir.workflows.adapt import adapt  # noqa: E402
from opir.workflows.adapt_parts import Parts, described_parts, window_parts  # noqa: E402
from opir.workflows.adapt_table import Comparison  # noqa: E402
from opir.workflows.train import train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, bands  # noqa: E402

SYSTEM = "lp30-graphite"
AXIS = np.linspace(800.0, 1900.0, 96)
FEW = TrainingConfig(
    steps=20, batch=8, learning_rate=1e-2, weight_decay=0.0, average=0.8, evaluate_every=5
)
DERIVATIVE = [("derivative", {"order": 1, "points": 5}), ("cut", {"low": 1020, "high": 1180})]


# -- parts --------------------------------------------------------------------------------------


def counted(count: int, *, first: int = 0, spacing: float = 30.0) -> Run:
    """A run whose spectra are their numbers, so that a window tells where it is from."""
    number = np.arange(first, first + count, dtype=np.float64)
    return Run.from_arrays(
        np.arange(count) * spacing, [1000.0, 1010.0], np.stack([number, number], axis=1)
    )


def numbers(windows: Windows, start: int = 0) -> set[float]:
    """Numbers of the spectra that are judged or trained on."""
    return set(windows.target[:, start:, 0].ravel().tolist())


@given(st.integers(24, 200), st.integers(1, 12), st.sampled_from([None, 0.3, 0.5, 0.8]))
@settings(max_examples=60, deadline=None)
def test_parts_of_one_run_share_no_spectrum_and_follow_one_another(
    count: int, frames: int, learn: float | None
) -> None:
    run, lead = counted(count), [30.0 * (k + 1) for k in range(frames)]
    try:
        parts = window_parts([run], lead, learn)
    except OptionError as error:
        assert "too short" in str(error)
        assert count * 0.3 * min(learn or 0.5, 1 - (learn or 0.5)) < 4
        return
    every = [
        {*numbers(part), *part.inputs.given[..., 0].ravel()}
        for part in (parts.learn, parts.check, parts.held)
    ]
    assert max(every[0]) < min(every[1])
    assert max(every[1]) < min(every[2])
    assert min(every[2]) >= round((learn or 0.5) * count)
    for windows in (parts.check, parts.held):  # blocks share no spectrum either
        blocks = [numbers(windows.rows(windows.block == b)) for b in np.unique(windows.block)]
        assert sum(map(len, blocks)) == len(set().union(*blocks))


@given(st.integers(2, 7), st.sampled_from([None, 0.5, 1.0]))
@settings(max_examples=30, deadline=None)
def test_of_several_runs_the_last_are_held_back_whole(count: int, learn: float | None) -> None:
    runs = [counted(40, first=100 * k) for k in range(count)]
    parts = window_parts(runs, [30.0, 60.0, 90.0], learn)
    kept = {None: round(count * 2 / 3), 0.5: round(count / 2), 1.0: 1}[learn]
    kept = min(max(kept, 1), count - 1)
    where = [{int(n) // 100 for n in numbers(p)} for p in (parts.learn, parts.check, parts.held)]
    assert where[2] == set(range(kept, count))
    assert where[0] | where[1] == set(range(kept))
    assert not numbers(parts.learn) & numbers(parts.check)
    assert (parts.check_from, parts.held_from) == (0, 0)


def test_frames_are_spaced_as_those_trained_on() -> None:
    parts = window_parts([counted(400, spacing=10.0)], [30.0, 60.0, 90.0, 120.0], None)
    assert parts.learn.inputs.lead[0].tolist() == [30.0, 60.0, 90.0, 120.0]
    assert parts.learn.inputs.given[0, 0, 0] == 1.0  # the mean of spectra 0, 1 and 2
    coarse = window_parts([counted(60, spacing=100.0)], [30.0, 60.0, 90.0, 120.0], None)
    assert coarse.learn.inputs.lead[0].tolist() == [100.0]  # no further than was trained on
    assert any("trained on 5" in text for text in coarse.told)


@given(st.integers(4, 90), st.integers(2, 80), st.sampled_from([None, 0.4, 0.9]))
@settings(max_examples=60, deadline=None)
def test_one_described_run_is_learned_from_its_first_frames(
    count: int, frames: int, learn: float | None
) -> None:
    run, lead = counted(count), [60.0 * (k + 1) for k in range(frames)]
    try:
        parts = described_parts([run], [np.zeros(3)], lead, learn)
    except OptionError as error:
        assert "too few" in str(error)
        assert min(count, frames + 1) < 8
        return
    judged = [
        numbers(parts.learn),
        numbers(parts.check, parts.check_from),
        numbers(parts.held, parts.held_from),
    ]
    assert all(judged)
    assert max(judged[0]) < min(judged[1])
    assert max(judged[1]) < min(judged[2])
    assert max(judged[2]) == count - 1
    for part in (parts.learn, parts.check, parts.held):
        assert part.inputs.given[0, 0, 0] == 0.0
    told = parts.held_given
    assert told is not None
    assert set(told.inputs.given[0, :, 0]) == {0.0} | numbers(_first(parts.held, parts.held_from))
    assert numbers(told) == judged[2]


def _first(windows: Windows, frames: int) -> Windows:
    """The windows with their first frames to forecast only."""
    inputs = replace(
        windows.inputs,
        times=windows.inputs.times[:, :frames],
        drive=windows.inputs.drive[:, : 1 + frames],
    )
    return Windows(inputs, windows.target[:, :frames], windows.block)


def test_described_runs_are_held_back_whole() -> None:
    runs = [counted(10, first=100 * k) for k in range(6)]
    parts = described_parts(runs, [np.zeros(3)] * 6, [1.0] * 9, None)
    where = [{int(n) // 100 for n in numbers(p)} for p in (parts.learn, parts.check, parts.held)]
    assert where == [{0, 1, 2}, {3}, {4, 5}]
    two = described_parts(runs[:2], [np.zeros(3)] * 2, [1.0] * 9, None)
    assert {int(n) // 100 for n in numbers(two.held)} == {1}
    assert not numbers(two.learn) & numbers(two.check, two.check_from)


@pytest.mark.parametrize(
    ("learn", "words"),
    [
        (0.0, "above 0"),
        (1.5, "whole number"),
        (float("nan"), "learn is nan"),
        (float("inf"), "learn is inf"),
        (40.0, "none is held back"),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(learn: float, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        window_parts([counted(40)], [30.0], learn)


# -- the comparison -----------------------------------------------------------------------------


def test_margins_of_known_errors() -> None:
    found = Comparison(
        {"persistence": np.full(6, 4.0), "before": np.full(6, 2.0), "after": np.full(6, 1.0)},
        np.array([0, 0, 1, 1, 2, 2]),
        "simulated",
    )
    assert found.below("after", "before").value == 0.5
    assert found.below("after", "persistence").lower == pytest.approx(0.75)
    assert found.error("before").upper == pytest.approx(2.0)
    assert "+75.0%" in str(found)
    single = Comparison(found.errors, np.zeros(6, dtype=np.int64), "simulated")
    assert np.isnan(single.error("after").lower)
    assert "[" not in str(single)


# -- learned mode -------------------------------------------------------------------------------


def toy(name: str, rate: float, count: int = 120, seed: int = 0) -> Run:
    """Simulated A -> B at a rate of its own, with a little noise."""
    random = np.random.default_rng(seed)
    time = np.arange(count) * 30.0
    left = np.exp(-time / rate)
    spectra = np.stack([left, 1 - left], axis=-1) @ bands(1060.0, 1140.0)
    noisy = spectra + 1e-3 * random.normal(size=spectra.shape)
    return Run.from_arrays(time, WAVENUMBER, noisy, name=name, origin="simulated")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ABCC of fast decays, of first derivatives."""
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("model") / "abcc.safetensors"
    train(
        [toy(f"simulated {k}", 1200.0, seed=k) for k in range(2)],
        out=path,
        design=BlockDesign(blocks=4, frames=8, co_added=2, step=2),
        config=TrainingConfig(steps=60, batch=16, learning_rate=1e-2, weight_decay=0.0),
        processing=DERIVATIVE,
        options={"components": 2, "reversible": 2},
        progress=False,
    )
    return path


def test_before_and_after_on_what_is_held_back(model: Path, tmp_path: Path) -> None:
    runs = [write_run(toy(f"own {k}", 4000.0, seed=k), tmp_path / f"{k}.nc") for k in range(3)]
    done = adapt(model, runs, out=tmp_path / "own.safetensors", config=FEW, progress=False)
    assert [path.name for path in done.files] == ["own.safetensors", "own.csv", "own.png"]
    assert done.changed
    assert done.comparison.below("after", "before").value > 0
    with done.files[1].open(encoding="utf-8") as file:
        rows = {row["forecast"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["persistence", "before", "after"]
    for name, row in rows.items():
        assert float(row["mae"]) == pytest.approx(done.comparison.errors[name].mean())
        assert int(row["windows"]) == len(done.comparison.block)
        assert row["origin"] == "simulated"
    assert "own 2" in str(done)
    assert "origin simulated" in str(done)

    found, old = load_model(done.files[0]), load_model(model)
    assert isinstance(found, Abcc)
    assert found.recipe == old.recipe | {
        "adapted_from": model.name,
        "adapted_to": ["own 0", "own 1", "own 2"],
    }
    # The errors are those of the two files on the run held back.
    from opir.workflows.as_trained import as_trained

    held = window_parts(
        [as_trained(read_run(path), old) for path in runs], old.recipe["lead"], None
    ).held
    for name, item in (("before", old), ("after", found)):
        np.testing.assert_allclose(
            done.comparison.errors[name],
            mae(item.forecast(held.inputs).spectra, held.target, axis=(1, 2)),
            rtol=1e-5,
        )
    forecast = found.forecast(held.inputs)
    assert forecast.extents is not None
    assert forecast.amounts is not None
    assert np.diff(forecast.extents, axis=1).min() >= 0
    assert forecast.amounts.min() >= 0
    assert found.component_spectra.min() >= 0


def test_what_is_held_back_changes_nothing_but_its_errors(model: Path, tmp_path: Path) -> None:
    run = toy("own", 4000.0)
    other = run.values.copy()
    other[60:] += 0.1 * np.random.default_rng(1).normal(size=other[60:].shape)
    found = []
    for name, values in (("one", run.values), ("two", other)):
        changed = Run.from_arrays(run.time, WAVENUMBER, values, name="own", origin="simulated")
        out = tmp_path / f"{name}.safetensors"
        found.append(adapt(model, [changed], out=out, config=FEW, progress=False))
    assert found[0].files[0].read_bytes() == found[1].files[0].read_bytes()
    assert (found[0].comparison.errors["after"] != found[1].comparison.errors["after"]).any()


def test_a_model_that_is_good_already_is_kept(model: Path, tmp_path: Path) -> None:
    """Runs of nothing but noise: persistence, or the model as it was, and words that say which."""
    random = np.random.default_rng(0)
    flat = bands(1060.0)[0] + 1e-9 * random.normal(size=(120, WAVENUMBER.size))
    run = Run.from_arrays(np.arange(120) * 30.0, WAVENUMBER, flat, origin="simulated")
    done = adapt(model, [run], out=tmp_path / "m.safetensors", config=FEW, progress=False)
    after, stays = done.comparison.errors["after"], done.comparison.errors["persistence"]
    assert after.mean() <= 1.05 * stays.mean()


def test_refusals_leave_nothing_behind(model: Path, tmp_path: Path) -> None:
    run = toy("own", 4000.0)
    out = tmp_path / "out.safetensors"
    closed = tmp_path / "closed.safetensors"
    train([run], out=closed, model="ridge", design=BlockDesign(blocks=4, frames=4, co_added=1))
    with pytest.raises(ModelError, match="closed form.*opir train"):
        adapt(closed, [run], out=out)
    with pytest.raises(OptionError, match="no runs"):
        adapt(model, [], out=out)
    twice = write_run(run, tmp_path / "twice.nc")
    with pytest.raises(OptionError, match="named twice"):
        adapt(model, [twice, twice], out=out)
    with pytest.raises(OptionError, match="too short"):
        adapt(model, [run.frames(slice(0, 9))], out=out)
    narrow = Run(run.dataset.isel(wavenumber=slice(10, 30)))
    with pytest.raises(ModelError, match="the run covers.*the model needs"):
        adapt(model, [narrow], out=out)
    with pytest.raises(OptionError, match="no state"):
        adapt(model, [run], out=out, resume=True)
    with pytest.raises(OptionError, match="safetensors"):
        adapt(model, [run], out=tmp_path / "out.txt")
    own = tmp_path / "same.safetensors"
    shutil.copy(model, own)
    with pytest.raises(OptionError, match="replace the one"):
        adapt(own, [run], out=own, overwrite=True)
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(OutputExistsError):
        adapt(model, [run], out=out)
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert not out.exists()
    assert not out.with_suffix(".png").exists()


def test_the_command(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(toy("own", 4000.0), tmp_path / "own.nc")
    words = ["adapt", str(model), str(run), "-o", str(tmp_path / "m.safetensors")]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--steps", "4", "--seed", "3", "--log", str(tmp_path / "log.jsonl")])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "Held back: the last 60 spectra" in said
    assert "persistence" in said
    assert (tmp_path / "m.png").is_file()
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["step"] == 4
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("opir: ")
    assert error.count("\n") == 1
    with pytest.raises(SystemExit) as stopped:
        main([*words[:1], "opir-nothing", *words[2:4], str(tmp_path / "n.safetensors")])
    assert stopped.value.code == 2
    assert "opir-nothing" in capsys.readouterr().err


# -- library mode -------------------------------------------------------------------------------


@cache
def cells() -> tuple[Run, ...]:
    """Simulated cells of one system."""
    return tuple(
        simulate(SYSTEM, "formation-c10", seed=seed, frames=12, wavenumber=AXIS).run
        for seed in range(5)
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small library model of two simulated cells."""
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    found = AbccLibrary(width=16, shared=8)
    known = describe(library().systems[SYSTEM].system)
    parts = described_parts(cells()[:3], [known] * 3, [1.0] * 11, 2)
    run_loop(found, parts.learn, config=TrainingConfig(steps=4, batch=2, device="cpu"))
    found.recipe = {
        "processing": "[]",
        "wavenumber": found.module.adapter.wavenumber.double().tolist(),
        "lead": parts.held.inputs.lead[0].tolist(),
        "longest": 1.0,
        "drive": list(DRIVE),
        "described": True,
        "ranges": {"descriptor": [[0.0] * known.size, [None] * known.size]},
        "known_systems": KnownSystems.of(
            ["another"], [describe(library().systems["litfsi-dme-lithium"].system)]
        ).to_json(),
        "origin": ["simulated"],
    }
    found.save(path)
    return path


def held(parts_of: tuple[Run, ...], model: Forecaster) -> Parts:
    known = [describe(run.system) for run in parts_of if run.system is not None]
    return described_parts(parts_of, known, model.recipe["lead"], None)


@pytest.mark.parametrize("runs", [5, 1])
def test_the_library_model_keeps_its_constraints(base: Path, tmp_path: Path, runs: int) -> None:
    """Extents never fall, amounts are never negative, atoms are kept, streams add up."""
    chosen = cells()[:runs]
    assert all(run.system is not None for run in chosen)
    done = adapt(base, chosen, out=tmp_path / "own.safetensors", config=FEW, progress=False)
    found, old = load_model(done.files[0]), load_model(base)
    assert isinstance(found, AbccLibrary)
    assert isinstance(old, AbccLibrary)
    fixed = dict(old.module.named_buffers())
    for name, value in found.module.named_buffers():
        assert torch.equal(value, fixed[name]), name
    names = ["persistence", "before", "after"]
    given = ["persistence", "before", "before, frames given", "after", "after, frames given"]
    assert list(done.comparison.errors) == (names if runs > 1 else given)
    inputs = held(chosen, found).held.inputs
    forecast = found.forecast(inputs)
    assert forecast.extents is not None
    assert forecast.amounts is not None
    steps = np.diff(forecast.extents, axis=1, prepend=0.0)
    assert steps.min() >= -1e-12 * max(forecast.extents.max(), 1.0)
    assert forecast.amounts.min() >= 0
    np.testing.assert_allclose(
        sum(forecast.streams[name] for name in ("solvent", "sei", "residual")),
        forecast.spectra,
        atol=1e-5,
    )
    species = [library().species[name] for name in found.tables.reactions.species]
    elements = sorted({element for one in species for element in one.elements})
    atoms = np.array([[one.elements.get(e, 0) for one in species] for e in elements])
    balance = atoms @ found.tables.reactions.stoichiometry
    np.testing.assert_allclose(balance, atoms @ old.tables.reactions.stoichiometry)
    assert done.changed
    assert found.recipe["longest"] > 1.0
    assert found.recipe["ranges"]["descriptor"][1] != [None] * len(atoms)
    before, after = (KnownSystems.from_json(m.recipe["known_systems"]) for m in (old, found))
    cell = inputs.descriptor[0]
    assert before.likeness(cell).ratio > 1.1
    assert after.likeness(cell).ratio < 1e-3


def test_a_described_model_needs_system_and_voltage(base: Path, tmp_path: Path) -> None:
    run, out = cells()[0], tmp_path / "m.safetensors"
    bare = Run(run.dataset.drop_attrs().assign_attrs({"origin": "simulated"}))
    with pytest.raises(ModelError, match=r"does not state its system.*--system"):
        adapt(base, [bare], out=out)
    blind = Run(run.dataset.drop_vars("voltage"))
    with pytest.raises(ModelError, match="lacks the voltage"):
        adapt(base, [blind], out=out)
    assert not out.exists()
    done = adapt(base, [bare], out=out, system=SYSTEM, config=FEW.changed(steps=2))
    assert done.files[0].is_file()
