"""The store: the same out as in, whatever goes in; readable without opir; splits; in and out."""

from __future__ import annotations

import json
import pickle
import uuid
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from storetools import make_run, make_truth

from opir import Electrochemistry, Run
from opir.errors import (
    OptionError,
    OutputError,
    OutputExistsError,
    StoreError,
    UnknownNameError,
)
from opir.run.content import content_hash
from opir.run.netcdf import read_run, write_run
from opir.run.store import Item, Store, export_run, merge, split_store, validate


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store: a folder, and fsspec's memory."""
    return str(tmp_path / "store") if request.param == "local" else f"memory://{uuid.uuid4()}/store"


def filled(url: str, count: int = 5, **more: int) -> Store:
    store = Store.create(url, title="test", licence="CC0-1.0", provenance={"by": "a test"})
    items = [Item(make_run(i, **more), truth=make_truth(i), tags={"even": i % 2 == 0})
             for i in range(count)]  # fmt: skip
    with store.writer(part_runs=2) as writer:
        for item in items:
            writer.append(item)
    return store


def test_runs_truth_and_index_return(url: str) -> None:
    filled(url)
    store = Store.open(url)
    assert len(store) == 5
    assert store.ids == tuple(f"run-{i:04d}" for i in range(5))
    for i, id in enumerate(store):
        xr.testing.assert_identical(store.run(id).dataset, make_run(i).dataset)
        xr.testing.assert_identical(store.truth(id), make_truth(i))
        record = store.record(id)
        assert record["content_hash"] == content_hash(make_run(i).dataset)
        assert (record["origin"], record["licence"]) == ("simulated", "CC0-1.0")
        assert (record["system"], record["tags"]) == ("lp30-graphite", {"even": int(i % 2 == 0)})
        assert (record["frames"], record["wavenumbers"]) == (6, 11)
    assert store.attributes["provenance"] == {"by": "a test"}
    assert [len(part) for part in store.parts] == [2, 2, 1]
    assert validate(url) == []


@settings(max_examples=15, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 13)), min_size=1, max_size=6),
    falling=st.booleans(),
    double=st.booleans(),
    truth=st.booleans(),
    part_runs=st.integers(1, 4),
    data=st.data(),
)
def test_any_mixture_of_runs_returns(
    shapes: list[tuple[int, int]],
    falling: bool,
    double: bool,
    truth: bool,
    part_runs: int,
    data: st.DataObject,
) -> None:
    url = f"memory://{uuid.uuid4()}"
    store = Store.create(url)
    runs: dict[str, Run] = {}
    for i, (frames, points) in enumerate(shapes):
        axis = np.sort(
            data.draw(st.lists(st.floats(1, 4000), min_size=points, max_size=points, unique=True))
        )
        values = np.random.default_rng(i).normal(size=(frames, points))
        columns = data.draw(st.sets(st.sampled_from(["voltage", "current", "cycle"])))
        runs[f"{i}"] = Run.from_arrays(
            np.arange(frames) * 1.5,
            axis[::-1] if falling else axis,
            values if double else values.astype(np.float32),
            on_time={c: np.where(np.arange(frames) % 2, np.nan, 1.0) for c in sorted(columns)},
        )
    with store.writer(part_runs=part_runs) as writer:
        for id, run in runs.items():
            writer.append(run, id=id, truth=make_truth(3) if truth else None)
    store = Store.open(url)
    assert set(store) == set(runs)
    for id, run in runs.items():
        xr.testing.assert_identical(store.run(id).dataset, run.dataset)
        assert (store.truth(id) is not None) == truth
    assert validate(url) == []


def test_batch_is_the_runs_in_the_order_asked(url: str) -> None:
    store = filled(url, 9)
    ids = ["run-0007", "run-0000", "run-0003", "run-0007"]
    batch = store.batch(ids)
    assert set(batch) == {"absorbance", "time", "wavenumber", "voltage", "current"}
    for name, values in batch.items():
        expected = np.stack([store.run(id).dataset[name].values for id in ids])
        np.testing.assert_array_equal(values, expected)
        assert values.dtype == expected.dtype
    truth = store.batch(ids, ["truth/amounts"])["truth/amounts"]
    np.testing.assert_array_equal(truth[1], make_truth(0)["amounts"])


def test_batch_refuses_what_does_not_fit(url: str) -> None:
    store = filled(url, 2)
    store.append([make_run(50, frames=7)])
    with pytest.raises(OptionError, match=r"runs differ.*\(6,.*'run-0000'.*\(7,.*'run-0050'"):
        store.batch(["run-0000", "run-0050"])
    with pytest.raises(UnknownNameError, match="Nearest: voltage"):
        store.batch(["run-0000"], ["volt age"])
    with pytest.raises(UnknownNameError, match="Nearest: run-0001"):
        store.batch(["run-001"])
    with pytest.raises(OptionError):
        store.batch([])


def test_large_rows_are_cut_and_read_by_zarr(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opir.run.store.encode._LARGEST_CHUNK", 300)
    store = Store.create(url)
    store.append([make_run(i, frames=20) for i in range(3)])
    part = store.parts[0]
    assert not part.array("absorbance").metadata.plain
    for i in range(3):
        xr.testing.assert_identical(
            store.run(f"run-{i:04d}").dataset, make_run(i, frames=20).dataset
        )
    np.testing.assert_array_equal(
        store.batch(["run-0002"], ["absorbance"])["absorbance"][0], make_run(2, frames=20).values
    )


def test_readable_with_zarr_and_the_specification_alone(tmp_path: Path) -> None:
    """What docs/format.md says, followed without opir."""
    url = str(tmp_path / "store")
    filled(url)
    root = zarr.open_group(url, mode="r")
    assert root.attrs["opir_type"] == "store"
    found = {}
    for _, part in root["parts"].groups():
        ends = part["attributes_end"][:]
        texts = part["attributes"][:].tobytes()
        for row, id in enumerate(part.attrs["runs"]["id"]):
            first = 0 if row == 0 else ends[row - 1]
            attributes = json.loads(texts[first : ends[row]])
            assert attributes["run"]["title"] == id
            found[id] = (part["absorbance"][row], part["wavenumber"][:], part["truth/amounts"][row])
            labels = part.attrs["elements"]["truth/species"]["labels"]
            assert labels == ["EC", "LiPF6", "Li2CO3 (s)"]
    for i in range(5):
        values, axis, amounts = found[f"run-{i:04d}"]
        np.testing.assert_array_equal(values, make_run(i).values)
        np.testing.assert_array_equal(axis, make_run(i).wavenumber)
        np.testing.assert_array_equal(amounts, make_truth(i)["amounts"])


def test_readable_with_xarray(tmp_path: Path) -> None:
    pytest.importorskip("xarray", minversion="2025.1", reason="reads zarr v3 since then")
    filled(str(tmp_path / "store"))
    with xr.open_zarr(
        str(tmp_path / "store"), group="parts/000000", consolidated=False, chunks=None
    ) as dataset:
        np.testing.assert_array_equal(dataset["absorbance"][1], make_run(1).values)
        np.testing.assert_array_equal(dataset["time"][1], make_run(1).time)


def test_every_element_has_type_and_version(tmp_path: Path) -> None:
    store = filled(str(tmp_path / "store"))
    store.splits.add("s", {"train": store.ids[:3]})
    files = list((tmp_path / "store").rglob("zarr.json"))
    assert len(files) > 20
    for file in files:
        attributes = json.loads(file.read_text())["attributes"]
        assert attributes["opir_version"] == "1", file
        assert attributes["opir_type"], file


def test_content_hash_depends_on_content_alone(tmp_path: Path) -> None:
    run = make_run(4)
    alone = Store.create(tmp_path / "a")
    alone.append([run])
    many = filled(str(tmp_path / "b"), 4)
    many.append([make_run(9), run])
    write_run(run, tmp_path / "run.nc")
    hashes = {
        content_hash(run.dataset),
        alone.content_hash("run-0004"),
        many.content_hash("run-0004"),
        content_hash(read_run(tmp_path / "run.nc").dataset),
        content_hash(run.dataset[sorted(run.dataset.data_vars)[::-1]]),
    }
    assert len(hashes) == 1
    other = run.dataset.copy(deep=True)
    other["absorbance"][2, 3] = np.nextafter(other["absorbance"][2, 3], np.float32(9))
    changed = {content_hash(other), content_hash(run.replace(licence="MIT").dataset)}
    changed.add(content_hash(run.dataset.isel(wavenumber=slice(None, None, -1))))
    changed.add(content_hash(run.dataset.astype("f8")))
    assert len(changed - hashes) == 4


def test_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        filled(str(tmp_path / name))
    a, b = ({p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*")
             if p.is_file()} for n in ("a", "b"))  # fmt: skip
    assert a == b


def test_ids(url: str) -> None:
    store = filled(url, 2)
    with pytest.raises(OptionError, match="already"):
        store.append([make_run(1)])
    with store.writer() as writer:
        assert writer.append(make_run(1), exist_ok=True) == "run-0001"
        writer.append(make_run(7), id="new")
        with pytest.raises(OptionError, match="already"):
            writer.append(make_run(8), id="new")
        assert writer.append(make_run(9, name="")).startswith("run-")
        for wrong in ("x" * 201, "a\nb"):
            with pytest.raises(OptionError, match="is not an id"):
                writer.append(make_run(8), id=wrong)
    assert len(Store.open(url)) == 4
    assert "new" in store


def test_fingerprint_is_of_the_runs_whatever_their_order(tmp_path: Path) -> None:
    a, b = Store.create(tmp_path / "a"), Store.create(tmp_path / "b")
    a.append([make_run(i) for i in range(4)])
    for i in (3, 1, 0, 2):
        b.append([make_run(i)])
    assert a.fingerprint() == b.fingerprint()
    b.append([make_run(4)])
    assert a.fingerprint() != b.fingerprint()


def test_reserved_names_and_texts_are_refused(url: str) -> None:
    store = Store.create(url)
    for dataset in (
        make_run().dataset.assign(truth=("time", np.zeros(6))),
        make_run().dataset.assign(x=("run", np.zeros(6))),
        make_run().dataset.assign(x=("time", ["text"] * 6)),
    ):
        with pytest.raises(OptionError):
            store.append([Run(dataset)])
    assert len(Store.open(url)) == 0


def test_named_parts_are_written_once(url: str) -> None:
    store = Store.create(url)
    items = [Item(make_run(i)) for i in range(3)]
    assert store.write_part("graphite-003", items)
    assert not store.write_part("graphite-003", items)
    assert not Store.open(url).write_part("graphite-003", items)
    with pytest.raises(OptionError, match="different layouts"):
        store.write_part("x", [Item(make_run(5)), Item(make_run(6, points=5))])
    with pytest.raises(OptionError, match="not a name of a part"):
        store.write_part("../x", items)


def test_splits(url: str) -> None:
    store = filled(url)
    store.splits.add("random", {"train": store.ids[:3], "test": store.ids[3:]}, description="d")
    split = Store.open(url).splits["random"]
    assert split["test"] == ("run-0003", "run-0004")
    assert split.description == "d"
    assert list(store.splits) == ["random"]
    with pytest.raises(OutputExistsError):
        store.splits.add("random", {"train": store.ids[:3]})
    with pytest.raises(OptionError, match="no run 'nobody'"):
        store.splits.add("x", {"train": ["nobody"]})
    with pytest.raises(OptionError, match="twice"):
        store.splits.add("x", {"train": store.ids[:2], "test": store.ids[1:2]})
    with pytest.raises(OptionError, match="not a name"):
        store.splits.add("../x", {"train": store.ids[:2]})
    with pytest.raises(UnknownNameError, match="Nearest: random"):
        store.splits["randm"]
    with pytest.raises(UnknownNameError, match="Nearest: test"):
        split["tests"]


def test_split_of_a_changed_store_is_refused(tmp_path: Path) -> None:
    store = filled(str(tmp_path / "a"))
    store.splits.add("s", {"train": store.ids})
    other = Store.create(tmp_path / "b")
    other.append([make_run(0), make_run(1, licence="MIT")])
    (tmp_path / "b" / "splits" / "s").mkdir()
    target = tmp_path / "b" / "splits" / "s" / "zarr.json"
    target.write_bytes((tmp_path / "a" / "splits" / "s" / "zarr.json").read_bytes())
    with pytest.raises(StoreError, match="4 run.*run-0001, run-0002"):
        other.splits["s"]


def test_pickled_and_closed_stores_go_on(tmp_path: Path) -> None:
    store = filled(str(tmp_path / "store"))
    store.run("run-0001")
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301  (our own object, for worker processes)
    store.close()
    for one in (copy, store):
        np.testing.assert_array_equal(one.run("run-0001").values, make_run(1).values)


def test_opening_what_is_no_store(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(url)
    filled(url, 1)
    with pytest.raises(OutputExistsError):
        Store.create(url)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    for name in ("full", "full/x"):
        with pytest.raises(OutputExistsError):
            Store.create(tmp_path / name)
    with pytest.raises(OutputError, match="does not exist"):
        Store.create(tmp_path / "no" / "store")
    with pytest.raises(StoreError, match="URL"):
        Store.open("nosuchthing://x")
    zarr.create_group(str(tmp_path / "z"), zarr_format=3)
    with pytest.raises(StoreError, match="not an OpIRSpec store"):
        Store.open(tmp_path / "z")


def test_merge_and_split_stores(tmp_path: Path) -> None:
    a, b = filled(str(tmp_path / "a"), 3), Store.create(tmp_path / "b")
    b.append([make_run(2), make_run(8)])
    a.splits.add("s", {"train": a.ids[:2], "test": a.ids[2:]})
    target = Store.create(tmp_path / "c")
    assert merge([a, b], target) == 4
    assert set(target) == {"run-0000", "run-0001", "run-0002", "run-0008"}
    assert target.splits["s"]["test"] == ("run-0002",)
    xr.testing.assert_identical(target.truth("run-0001"), make_truth(1))
    assert target.record("run-0001")["tags"] == {"even": 0}
    assert validate(target.url) == []
    clash = Store.create(tmp_path / "d")
    clash.append([make_run(9, name="run-0000")])
    with pytest.raises(OptionError, match="different runs of the id 'run-0000'"):
        merge([clash, a], Store.create(tmp_path / "e"))
    parts = split_store(target, "s", tmp_path / "subsets")
    assert {k: v.ids for k, v in parts.items()} == {
        "train": ("run-0000", "run-0001"),
        "test": ("run-0002",),
    }
    with pytest.raises(OutputExistsError):
        split_store(target, "s", tmp_path / "subsets")


def test_export(tmp_path: Path, url: str) -> None:
    from opir.run.readers import read

    store = filled(url, 2)
    assert export_run(store, "run-0001", tmp_path / "r.nc") == [
        tmp_path / "r.nc",
        tmp_path / "r.truth.nc",
    ]
    xr.testing.assert_identical(read_run(tmp_path / "r.nc").dataset, make_run(1).dataset)
    with pytest.raises(OutputExistsError):
        export_run(store, "run-0001", tmp_path / "r.nc")
    export_run(store, "run-0001", tmp_path / "r.csv", overwrite=True)
    back = read(tmp_path / "r.csv")
    assert isinstance(back, Run)
    np.testing.assert_allclose(back.values, make_run(1).values, rtol=1e-6)
    np.testing.assert_allclose(back.time, make_run(1).time)
    record = read(tmp_path / "r.conditions.csv")
    assert isinstance(record, Electrochemistry)
    np.testing.assert_allclose(record.column("voltage"), make_run(1).on_time("voltage"))
    export_run(store, "run-0001", tmp_path / "r.jdx", overwrite=True)
    assert (tmp_path / "r.jdx").read_text().startswith("##TITLE=")
    with pytest.raises(UnknownNameError, match="ending"):
        export_run(store, "run-0001", tmp_path / "r.xls")


ARCHIVE = Path(__file__).parent / "archive" / "store-v1"


def test_store_of_version_1_still_reads() -> None:
    """A store as the first release wrote it: it reads for ever, and its hashes hold."""
    store = Store.open(ARCHIVE)
    assert store.ids == ("measured-a", "measured-b", "simulated-c")
    assert validate(ARCHIVE) == []
    run = store.run("measured-a")
    np.testing.assert_array_equal(run.time, [0.0, 60.0, 120.0])
    np.testing.assert_array_equal(run.wavenumber, [1800.0, 1400.0, 1000.0, 900.0])
    np.testing.assert_array_equal(run.values, np.arange(12, dtype=np.float32).reshape(3, 4) / 8)
    np.testing.assert_array_equal(run.on_time("voltage"), [3.0, np.nan, 2.5])
    truth = store.truth("simulated-c")
    assert truth is not None
    assert truth["amounts"].sel(species="EC").values.tolist() == [1.0, 0.5]
    assert store.splits["all"]["test"] == ("simulated-c",)
    assert store.content_hash("measured-a") == (
        "sha256:0a5a196c3f7fd73c964b54066758d13a8479b45501f443205930a9d2d885c7b5"
    )
