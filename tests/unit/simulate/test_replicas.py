"""Replicas: what is kept stays, what is drawn anew differs, and the course is that of the run."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from opir.errors import OptionError, StoreError, UnknownNameError
from opir.run.store import Item, Store
from opir.simulate.cell.variation import Draws, default_spreads
from opir.simulate.dataset import Preset
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.generate import provenance
from opir.simulate.dataset.produce import produce
from opir.simulate.dataset.simulator import simulate_task
from opir.simulate.replicas import KNOWLEDGE, KnownRun, Repeater, known_draws, shown_by
from opir.simulate.replicas.repeat import SameStage

SYSTEMS = ("lp30-graphite", "litfsi-dme-lithium", "napf6-diglyme-hard-carbon")
SMALL = Preset(
    name="small",
    runs=3,
    seed=5,
    systems=SYSTEMS,
    spectra={"frames": 12, "wavenumbers": 128},
    instruments={"good": 1},
    protocols={"rest": 0, "ten-cycles": 0},
)
SHIFTED = SMALL.changed(systems=SYSTEMS[:1], runs=1, domain="shifted")


def items(preset: Preset) -> list[Item]:
    known = domain_library(preset)
    return [produce(preset, index, known, simulate_task) for index in range(preset.runs)]


def stored(url: Path, preset: Preset, runs: list[Item], **other: str) -> Store:
    told = {**provenance(preset, domain_library(preset)), **other}
    store = Store.create(url, provenance=told)
    for item in runs:
        store.append([item])
    return store


@pytest.fixture(scope="module")
def simulated() -> list[Item]:
    return items(SMALL)


@pytest.fixture(scope="module")
def repeater(simulated: list[Item], tmp_path_factory: pytest.TempPathFactory) -> Repeater:
    return Repeater(stored(tmp_path_factory.mktemp("replicas") / "store", SMALL, simulated))


@pytest.fixture(scope="module")
def runs(repeater: Repeater) -> list[KnownRun]:
    return [repeater.known(id) for id in repeater.store.ids]


def test_a_kept_draw_is_taken_and_the_others_are_what_they_were() -> None:
    free = Draws(np.random.default_rng(3))
    first = free.factors("rate_constant", ["a", "b", "c"])
    kept = Draws(np.random.default_rng(3), kept={"rate_constant: b": 7.0})
    second = kept.factors("rate_constant", ["a", "b", "c"])
    assert second.tolist() == [first[0], 7.0, first[2]]
    assert kept.values == {**free.values, "rate_constant: b": 7.0}
    assert kept.factor("capacity", "working") == free.factor("capacity", "working")


def test_with_all_draws_kept_a_run_comes_out_as_it_was(
    repeater: Repeater, runs: list[KnownRun]
) -> None:
    for run in runs:
        again = repeater.repeat(run, run.draws, seed=99)
        spectra = again.truth["streams"].values.sum(axis=0)
        assert np.abs(spectra - run.clean).max() < 1e-6  # single precision of a few units
        assert np.abs(np.diff(run.clean, axis=0)).max() > 1e-3
        np.testing.assert_allclose(run.stage.frames, again.truth["time"].values, rtol=1e-9)
        changed = {**run.draws, "optical_path": 1.1 * run.draws["optical_path"]}
        brighter = repeater.repeat(run, changed).truth["streams"].values.sum(axis=0)
        np.testing.assert_allclose(brighter, 1.1 * spectra, rtol=1e-9)


def test_runs_of_the_shifted_domain_come_out_as_they_were(tmp_path: Path) -> None:
    there = Repeater(stored(tmp_path / "store", SHIFTED, items(SHIFTED)))
    run = there.known(there.store.ids[0])
    assert any("unlisted" in name for name in run.draws)
    assert np.isfinite(there.replicas(run, "spectrum", 1).clean).all()


def test_replicas_keep_what_they_say(repeater: Repeater, runs: list[KnownRun]) -> None:
    for run in runs:
        kept = known_draws(run.draws, "spectrum", present=run.present, native_film=run.native_film)
        made = repeater.repeat(run, kept, seed=1)
        again = repeater.repeat(run, run.draws)
        # The course is that of the run: voltage within some mV, the charge within a hundredth.
        for name, scale in (("voltage", 0.03), ("current", 0.05)):
            one, two = made.run.dataset[name].values, again.run.dataset[name].values
            size = 1.0 if name == "voltage" else np.abs(two).max()
            assert np.sqrt(np.mean((one - two) ** 2)) < scale * size
        assert made.trajectory.edges[-1] == pytest.approx(again.trajectory.edges[-1], rel=0.02)
        # The static spectrum is that of the run, below the noise of the best instrument (3e-5).
        spectra = made.truth["streams"].values.sum(axis=0)
        assert np.abs(spectra[0] - run.clean[0]).mean() < 3e-5
        assert np.abs(spectra - run.clean).mean(axis=1).max() > 1e-4
        other = repeater.replicas(run, "conditions", 1).clean[0]
        assert np.abs(other[0] - run.clean[0]).mean() > 1e-3


def test_replicas_are_decided_by_run_seed_and_number(
    repeater: Repeater, runs: list[KnownRun]
) -> None:
    few = repeater.replicas(runs[0], "spectrum", 2)
    more = repeater.replicas(runs[0], "spectrum", 3)
    assert (few.clean == more.clean[:2]).all()
    assert not (few.clean[0] == few.clean[1]).all()
    assert not (repeater.replicas(runs[0], "spectrum", 1, seed=1).clean == few.clean[:1]).all()


def test_of_each_kind_of_constant_it_is_said_what_shows_it() -> None:
    spreads = default_spreads()
    told = {kind for kind in shown_by() if ":" not in kind}
    assert told == {*spreads.relative, *spreads.absolute}
    text = files("opir.simulate.replicas").joinpath("knowledge.toml").read_text("utf-8")
    reasons = [why for kinds in tomllib.loads(text).values() for why in kinds.values()]
    assert all(len(why.split()) > 3 for why in reasons)


def test_more_knowledge_keeps_more(runs: list[KnownRun]) -> None:
    run = runs[0]
    kept = [
        known_draws(run.draws, what, present=run.present, native_film=run.native_film)
        for what in KNOWLEDGE
    ]
    assert set(kept[0]) < set(kept[1]) < set(kept[2]) == set(run.draws)
    assert "capacity: working" in kept[0]
    assert "optical_path" not in kept[0]
    assert {"optical_path", "band_intensity: EC free 1803", "impurity: H2O"} < set(kept[1])
    # The product is not there yet, nor is there a film whose probed surface would show.
    hidden = {"band_intensity: LEDC film 1655", "surface_area: probed", "rate_constant: ec-to-ledc"}
    assert not hidden & set(kept[1])
    film = known_draws(run.draws, "spectrum", present={"LEDC"}, native_film={"LEDC"})
    assert {"band_intensity: LEDC film 1655", "surface_area: probed"} < set(film)
    with pytest.raises(UnknownNameError, match="spectra"):
        known_draws(run.draws, "spectra", present=())
    with pytest.raises(UnknownNameError, match="weight"):
        known_draws({"weight": 1.0}, "spectrum", present=())


def test_frames_are_put_at_the_same_stage_of_the_protocol() -> None:
    stage = SameStage(np.array([0.0, 5.0, 10.0, 15.0, 30.0]), np.array([0.0, 10.0, 30.0]))
    assert stage.times([0.0, 12.0, 32.0]).tolist() == [0.0, 6.0, 12.0, 17.0, 32.0]
    assert stage.times([0.0, 15.0]).tolist() == [0.0, 2.5, 5.0, 7.5, 15.0]


def test_other_stores_are_refused(simulated: list[Item], tmp_path: Path) -> None:
    item = simulated[0]
    with pytest.raises(StoreError, match="does not say"):
        Repeater(Store.create(tmp_path / "plain"))
    with pytest.raises(StoreError, match="other chemistry"):
        Repeater(stored(tmp_path / "other", SMALL, [], chemistry="sha256:0"))
    assert item.truth is not None
    changed = item.truth.assign(streams=item.truth["streams"] * np.float32(1.001))
    damaged = Item(item.run, item.id, changed, item.tags)
    there = Repeater(stored(tmp_path / "changed", SMALL, [damaged]))
    with pytest.raises(StoreError, match=str(item.id)):
        there.known(str(item.id))
    bare = Repeater(stored(tmp_path / "bare", SMALL, [Item(item.run, item.id, None, item.tags)]))
    with pytest.raises(StoreError, match=str(item.id)):
        bare.known(str(item.id))


def test_no_replicas_are_refused(repeater: Repeater, runs: list[KnownRun]) -> None:
    with pytest.raises(OptionError):
        repeater.replicas(runs[0], "spectrum", 0)
