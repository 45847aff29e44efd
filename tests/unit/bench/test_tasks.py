"""The tasks: what is trained on is not tested on, whatever the store's order."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from task_stores import FRAMES, POINTS, SYSTEMS, make_item, make_store

from opir import Run
from opir.bench.data import Sources, open_sources
from opir.bench.fold import Fold, place, pools
from opir.bench.index import components_of
from opir.bench.tasks import TASKS, StoreTask, freeze
from opir.errors import FormatError, OptionError, StoreError, UnknownNameError
from opir.models.descriptor import DESCRIPTOR
from opir.run.store import Item, Store

RUNS = 240  # the least with which no fold is without test runs
STORE_TASKS = tuple(name for name, task in TASKS.items() if isinstance(task, StoreTask))


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return [make_item(number) for number in range(RUNS)]


@pytest.fixture(scope="module")
def sources(items: list[Item], tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("tasks")
    main = make_store(folder / "main", items)
    shifted = make_store(folder / "shifted", [make_item(n, noise=0.1) for n in range(10)])
    return open_sources(main, shifted)


def trained(fold: Fold) -> set[str]:
    return {*fold.train, *fold.validation}


def test_the_rule_is_the_hash_of_the_id() -> None:
    digest = hashlib.sha256(b"opirbench-1:lp30-graphite-00000").hexdigest()
    assert place("lp30-graphite-00000") == int(digest[:16], 16) / 2**64
    assert place("a") != place("a", "low-data")


def test_pools_of_the_simulated_set_are_frozen() -> None:
    ids = [f"{SYSTEMS[n % 10]}-{n // 10:05d}" for n in range(7118)]
    assert [len(pool) for pool in pools(ids)] == [5626, 451, 1041]
    named = "\n".join(pools(reversed(ids))[2]).encode()
    assert hashlib.sha256(named).hexdigest()[:16] == "584dce5fe69a14cb"


@pytest.mark.parametrize("name", STORE_TASKS)
def test_no_run_has_two_roles_and_none_of_the_test_pool_is_trained_on(
    name: str, sources: Sources
) -> None:
    pool = set(pools(sources.index())[2])
    for fold in TASKS[name].folds(sources):
        assert min(len(fold.train), len(fold.validation), len(fold.test)) > 0
        assert not set(fold.train) & set(fold.validation)
        if fold.test_source == "main":
            assert not trained(fold) & set(fold.test)
        if name != "own-store":  # its runs are those of a store that no other task knows
            assert not trained(fold) & pool


def test_every_system_is_held_out_once(sources: Sources) -> None:
    folds = TASKS["unseen-system"].folds(sources)
    assert [fold.name for fold in folds] == sorted(SYSTEMS)
    index = sources.index()
    for fold in folds:
        assert {index[id].system for id in fold.test} == {fold.name}
        assert {index[id].system for id in trained(fold)} == set(SYSTEMS) - {fold.name}


def test_own_components_of_a_pair_are_nowhere_in_training(sources: Sources) -> None:
    index, store = sources.index(), sources.store("main")
    held = {
        "napf6-carbonate-hard-carbon-and-napf6-diglyme-hard-carbon": {"NaPF6", "G2"},
        "litfsi-dme-lithium-and-napf6-diglyme-hard-carbon": {"LiTFSI", "DME", "G2"},
        "lp57-lithium-and-litfsi-dme-lithium": {"copper electrode", "LiTFSI", "DME"},
        "libob-graphite-and-fec-silicon": {"LiBOB", "PC", "silicon electrode"},
    }
    folds = TASKS["unseen-components"].folds(sources)
    assert {fold.name for fold in folds} == set(held)
    # Read anew from the runs themselves, not from the index that made the split.
    made_of = {id: components_of(store.run(id).system) for id in store}
    for fold in folds:
        assert not {c for id in trained(fold) for c in made_of[id]} & held[fold.name]
        for id in fold.test:
            assert made_of[id] & held[fold.name]
            assert index[id].system in fold.name


def test_protocols_and_temperatures_of_the_test_are_not_in_training(sources: Sources) -> None:
    index = sources.index()
    for fold in TASKS["unseen-protocol"].folds(sources):
        tested = {index[id].protocol for id in fold.test}
        seen = {index[id].protocol for id in trained(fold)}
        assert not tested & seen
        # Mixed protocols have pulses, holds and cycles, but no sweeps.
        assert ("mixed" in seen) == (fold.name == "voltammetry")
        assert "mixed" not in tested
    hot, cold = TASKS["unseen-temperature"].folds(sources)
    warm = [index[id].temperature or 0.0 for id in trained(hot)]
    assert max(warm) < min(index[id].temperature or 0.0 for id in hot.test)
    cool = [index[id].temperature or 0.0 for id in trained(cold)]
    assert min(cool) > max(index[id].temperature or 0.0 for id in cold.test)


def test_low_data_is_nested_and_ends_with_the_random_split(sources: Sources) -> None:
    folds = TASKS["low-data"].folds(sources)
    for smaller, larger in pairwise(folds):
        assert set(smaller.train) < set(larger.train)
        assert set(smaller.validation) <= set(larger.validation)
        assert smaller.test == larger.test
    assert len(folds[0].train) == -(-len(folds[-1].train) // 100)
    random = TASKS["random"].folds(sources)[0]
    assert folds[-1].training_key == random.training_key
    assert (folds[-1].train, folds[-1].test) == (random.train, random.test)


def test_what_is_given_and_scored(sources: Sources) -> None:
    few = TASKS["few-frames"].folds(sources)
    assert [(fold.given, fold.scored_from) for fold in few] == [(1, 8), (2, 8), (4, 8), (8, 8)]
    assert len({fold.training_key for fold in few}) == 4
    assert few[0].training_key == TASKS["random"].folds(sources)[0].training_key
    (long,) = TASKS["long-horizon"].folds(sources)
    data = TASKS["long-horizon"].load(long, sources)
    assert data.train.inputs.frames == data.validation.inputs.frames == 31
    assert data.test.inputs.frames == FRAMES - 1
    assert long.scored_from == 32
    (shifted,) = TASKS["shifted-domain"].folds(sources)
    assert shifted.training_key == few[0].training_key
    assert len(shifted.test) == 10


def test_the_order_of_the_store_changes_nothing(
    items: list[Item], sources: Sources, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(RUNS)
    other = open_sources(make_store(tmp_path / "s", [items[n] for n in order]), sources.shifted)
    for name in STORE_TASKS:
        assert TASKS[name].folds(other) == TASKS[name].folds(sources)
    fold = TASKS["random"].folds(sources)[0]
    one, two = (TASKS["random"].load(fold, where) for where in (sources, other))
    np.testing.assert_array_equal(one.test.target, two.test.target)
    np.testing.assert_array_equal(one.train.inputs.descriptor, two.train.inputs.descriptor)


def test_data_are_those_of_the_runs(sources: Sources) -> None:
    fold = TASKS["few-frames"].folds(sources)[1]
    data = TASKS["few-frames"].load(fold, sources)
    store = sources.store("main")
    assert data.train.target.dtype == np.float32
    assert data.test.target.shape == (len(fold.test), FRAMES - 2, POINTS)
    assert data.test.inputs.descriptor.shape == (len(fold.test), len(DESCRIPTOR))
    row = len(fold.test) // 2
    run = store.run(fold.test[row])
    np.testing.assert_array_equal(data.test.inputs.given[row], run.values[:2])
    np.testing.assert_array_equal(data.test.target[row], run.values[2:])
    np.testing.assert_array_equal(data.test.inputs.times[row], run.time[2:])
    np.testing.assert_array_equal(data.test.inputs.drive[row, :, 0], run.on_time("voltage"))
    assert data.systems[row] == run.system.name if run.system else False
    assert data.test_ids == fold.test
    assert len(np.unique(data.train.block)) == len(data.train)


def test_truth_is_of_test_runs_and_sums_to_the_clean_spectra(sources: Sources) -> None:
    fold = TASKS["random"].folds(sources)[0]
    data = TASKS["random"].load(fold, sources)
    streams, clean = data.streams, data.clean
    assert streams is not None
    assert clean is not None
    assert data.stream_names == ("solvent", "sei")
    np.testing.assert_allclose(streams.sum(axis=1), clean, rtol=1e-6)
    assert np.abs(clean - data.test.target).max() < 0.01
    truth = data.truth(fold.test[0])
    np.testing.assert_array_equal(truth["streams"][:, 1:], streams[0])
    assert data.clean_last is not None
    np.testing.assert_allclose(truth["streams"][:, 0].sum(axis=0), data.clean_last[0], rtol=1e-6)
    with pytest.raises(OptionError, match="no test run"):
        data.truth(fold.train[0])


def test_frozen_splits_are_checked(items: list[Item], tmp_path: Path) -> None:
    task, items = TASKS["random"], items[:40]
    sources = open_sources(make_store(tmp_path / "main", items))
    path = freeze(task, sources, tmp_path / "results")
    written = path.read_bytes()
    assert freeze(task, sources, tmp_path / "results").read_bytes() == written
    changed = [*items]
    victim = pools(item.id for item in items)[2][0]
    at = next(n for n, item in enumerate(items) if item.id == victim)
    changed[at] = make_item(at, noise=1e-3)
    other = open_sources(make_store(tmp_path / "changed", changed))
    with pytest.raises(StoreError, match=f"'random': run '{victim}' has changed") as caught:
        freeze(task, other, tmp_path / "results")
    for where in (sources, other):
        assert where.index()[victim].content_hash in str(caught.value)
    fewer = make_store(tmp_path / "fewer", [i for i in items if i.id != victim])
    with pytest.raises(StoreError, match=f"run '{victim}' .* not there any more"):
        freeze(task, open_sources(fewer), tmp_path / "results")
    more = make_store(tmp_path / "more", [*items, make_item(40)])
    with pytest.raises(StoreError, match="had the roles 'none'"):
        freeze(task, open_sources(more), tmp_path / "results")
    path.write_text("{}")
    with pytest.raises(FormatError, match="no bench-split"):
        freeze(task, sources, tmp_path / "results")


def test_unfit_stores_are_refused_by_name(items: list[Item], tmp_path: Path) -> None:
    three = open_sources(make_store(tmp_path / "three", items[:3]))
    with pytest.raises(OptionError, match="has no .* runs; the store holds 3 runs"):
        TASKS["random"].folds(three)
    with pytest.raises(OptionError, match="one of its pairs"):
        TASKS["unseen-components"].folds(three)
    with pytest.raises(OptionError, match="no shifted store"):
        TASKS["shifted-domain"].folds(three)
    empty = open_sources(Store.create(tmp_path / "empty"))
    with pytest.raises(OptionError, match="holds no runs"):
        TASKS["own-store"].folds(empty)
    with pytest.raises(UnknownNameError, match="unseen-system"):
        TASKS["unsen-system"]
    own = TASKS["own-store"]
    for name, odd in {
        "frames": make_item(3, frames=12),
        "points": make_item(3, points=9),
    }.items():
        mixed = open_sources(make_store(tmp_path / name, [*items[:3], odd]))
        with pytest.raises(OptionError, match="one shape is needed"):
            own.load(own.folds(mixed)[0], mixed)


def test_a_run_on_another_axis_is_named(items: list[Item], tmp_path: Path) -> None:
    odd = make_item(3)
    moved = odd.run.dataset.assign_coords(wavenumber=odd.run.dataset["wavenumber"].values + 1.0)
    moved["wavenumber"].attrs.update(odd.run.dataset["wavenumber"].attrs)
    truth = odd.truth.drop_vars("wavenumber") if odd.truth is not None else None
    other = Item(Run(moved), odd.id, truth, odd.tags)
    store = open_sources(make_store(tmp_path / "s", [*items[:3], *items[10:13], other]))
    own = TASKS["own-store"]
    with pytest.raises((StoreError, OptionError), match="other wavenumbers|training runs have"):
        own.load(own.folds(store)[0], store)


def test_own_store_of_one_run_holds_out_blocks_of_time(tmp_path: Path) -> None:
    store = open_sources(make_store(tmp_path / "s", [make_item(0, frames=150)]))
    own = TASKS["own-store"]
    folds = own.folds(store)
    tested = [id for fold in folds for id in fold.test]
    assert len(folds) == 5
    assert len(tested) == len(set(tested)) == 10
    data = own.load(folds[0], store)
    assert data.test.inputs.frames == 9
    assert len(data.test_ids) == len(data.test) == len(set(data.test_ids))
    assert data.clean is None
    assert own.fold_json(folds[0], store)["test"].keys() == set(folds[0].test)
    short = open_sources(make_store(tmp_path / "short", [make_item(0, frames=20)]))
    with pytest.raises(OptionError, match="has 20 spectra"):
        own.folds(short)


def test_own_store_of_few_runs_needs_no_known_system(items: list[Item], tmp_path: Path) -> None:
    unnamed = items[2].run.dataset.copy()
    unnamed.attrs.pop("system")
    named = [Item(item.run, item.id) for item in items[:2]]
    store = open_sources(make_store(tmp_path / "s", [*named, Item(Run(unnamed), "x")]))
    own = TASKS["own-store"]
    (fold,) = own.folds(store)
    assert [len(part) for part in (fold.train, fold.validation, fold.test)] == [1, 1, 1]
    data = own.load(fold, store)
    assert data.test.inputs.descriptor.shape == (1, 0)
    assert "'x' does not state its system" in data.notes[0]


def test_fermentation_holds_out_whole_blocks() -> None:
    pytest.importorskip("chemotools")
    task, nothing = TASKS["fermentation"], Sources()
    folds = task.folds(nothing)
    tested = [id for fold in folds for id in fold.test]
    assert len(folds) == 5
    assert len(tested) == len(set(tested)) == 20
    data = task.load(folds[2], nothing)
    assert data.test.inputs.given.shape[1:] == (1, 184)
    assert data.origin == "measured"
    assert data.test.inputs.descriptor.shape[1] == 0
    assert {id.rsplit("/", 1)[0] for id in data.test_ids} == set(folds[2].test)
    # No spectrum is in windows of two roles: the given frames of the test are in no training one.
    seen = {frame.tobytes() for frame in data.train.inputs.given[:, 0]}
    assert not seen & {frame.tobytes() for frame in data.test.inputs.given[:, 0]}


def test_tga_ir_needs_its_file(shared_real: Path, tmp_path: Path) -> None:
    task = TASKS["tga-ir"]
    with pytest.raises(OptionError, match="tga_ir.srs"):
        task.folds(open_sources(shared=tmp_path))
    sources = open_sources(shared=shared_real)
    folds = task.folds(sources)
    assert [len(fold.test) for fold in folds] == [3] * 5
    assert task.load(folds[0], sources).test.target.shape[1:] == (15, 156)


def test_folds_refuse_contradictions() -> None:
    with pytest.raises(OptionError, match="in train and in test"):
        Fold("t", "all", ("a",), ("b",), ("a",))
    with pytest.raises(OptionError, match="twice"):
        Fold("t", "all", ("a", "a"), ("b",), ("c",))
    with pytest.raises(OptionError, match="score frames after"):
        Fold("t", "all", ("a",), ("b",), ("c",), given=4, scored_from=2)
    with pytest.raises(OptionError, match="not a name"):
        Fold("t", "../x", ("a",), ("b",), ("c",))
