"""The validation names every planted fault; damaged bytes never pass as values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from storetools import make_run, make_truth

from opir.errors import OpirError, StoreError
from opir.run.content import hash_variables
from opir.run.store import Fault, Item, Store, validate
from opir.run.store.layout import Layout, group_json, sealed
from opir.run.store.writer import encode_items, prepare, write_part_files

PART = "parts/000000"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of three runs with truth and a split."""
    made = Store.create(tmp_path / "store")
    made.append([Item(make_run(i), truth=make_truth(i)) for i in range(3)])
    made.splits.add("s", {"train": made.ids})
    return tmp_path / "store"


def one(faults: list[Fault], kind: str) -> Fault:
    """The one fault of that kind, and no other kind."""
    assert {fault.kind for fault in faults} == {kind}, faults
    return faults[0]


def edit(path: Path, change: Callable[[dict[str, Any]], None], *, seal: bool = False) -> None:
    """Change a zarr.json, and its hash with it where asked."""
    record = json.loads(path.read_text())
    change(record)
    if seal:
        path.write_bytes(group_json(sealed(record["attributes"])))
    else:
        path.write_text(json.dumps(record))


def test_a_good_store_has_none(store: Path) -> None:
    assert validate(store) == []


def test_no_store(tmp_path: Path) -> None:
    assert one(validate(tmp_path / "none"), "store").problem == "there is no store"


def test_unknown_version_of_the_store(store: Path) -> None:
    edit(store / "zarr.json", lambda r: r["attributes"].update(opir_version="2"), seal=True)
    assert "version '2'" in one(validate(store), "store").problem
    with pytest.raises(StoreError, match="version '2'.*Upgrade opir"):
        Store.open(store)


@pytest.mark.parametrize("name", ["parts", "splits", f"{PART}/truth"])
def test_missing_group(store: Path, name: str) -> None:
    (store / name / "zarr.json").unlink()
    fault = one(validate(store), "group")
    assert (fault.element, fault.problem) == (name, "zarr.json is missing")


def test_unknown_version_of_a_part(store: Path) -> None:
    edit(store / PART / "zarr.json", lambda r: r["attributes"].update(opir_version="9"), seal=True)
    kinds = [(f.kind, f.element) for f in validate(store) if f.kind != "split"]
    assert kinds == [("part", PART)]
    with pytest.raises(StoreError, match="version '9'"):
        Store.open(store)


def test_unknown_version_of_an_array(store: Path) -> None:
    edit(store / PART / "voltage/zarr.json", lambda r: r["attributes"].update(opir_version="7"))
    fault = one(validate(store), "array")
    assert fault.element == f"{PART}/voltage"
    assert "opir_version" in fault.problem


def test_edited_index(store: Path) -> None:
    edit(
        store / PART / "zarr.json",
        lambda r: r["attributes"]["runs"]["licence"].__setitem__(1, "MIT"),
    )
    fault = next(f for f in validate(store) if f.kind == "part")
    assert "do not match their hash" in fault.problem
    with pytest.raises(StoreError, match="do not match their hash"):
        Store.open(store)


def test_missing_array(store: Path) -> None:
    shutil.rmtree(store / PART / "voltage")
    assert one(validate(store), "array").element == f"{PART}/voltage"
    with pytest.raises(StoreError, match="the array is missing"):
        Store.open(store).run("run-0001")


def test_missing_file_of_an_array(store: Path) -> None:
    shutil.rmtree(store / PART / "absorbance/c")
    faults = validate(store)
    assert [f.run for f in faults] == ["run-0000", "run-0001", "run-0002"]
    assert {f.element for f in faults} == {f"{PART}/absorbance"}
    with pytest.raises(StoreError, match="the file is missing"):
        Store.open(store).run("run-0001")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.update(data_type="float64"), "type"),
        (lambda r: r.update(shape=[3, 6, 12]), "shape"),
        (lambda r: r.update(dimension_names=["run", "wavenumber", "time"]), "dimensions"),
        (lambda r: r["attributes"].update(units="%"), "unit"),
        (lambda r: r.update(data_type="float128"), "data type 'float128'"),
        (lambda r: r.pop("codecs"), "codecs"),
    ],
)
def test_array_that_is_not_as_the_table_says(
    store: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    edit(store / PART / "absorbance/zarr.json", change)
    fault = one(validate(store), "array")
    assert fault.element == f"{PART}/absorbance"
    assert says in fault.problem
    with pytest.raises(StoreError):
        Store.open(store).run("run-0000")


def plant(
    store: Path, name: str, place: tuple[int, ...], value: float, *, hashed: bool = True
) -> list[Fault]:
    """The faults after a value of run 1 was changed by a writer that checks nothing."""
    items = [prepare(Item(make_run(i), truth=make_truth(i))) for i in range(3)]
    array = items[1].arrays[name]
    array = array.copy()
    array[place] = value
    items[1].arrays[name] = array  # type: ignore[index]
    if hashed:
        from opir.run.content import Variable

        layout: Layout = items[1].layout
        for prefix, column, group in (
            ("", "content_hash", "run"),
            ("truth/", "truth_hash", "truth"),
        ):
            variables = {
                p.removeprefix("truth/"): Variable(
                    e.dims,
                    np.array(e.labels) if e.labels is not None else items[1].arrays[p],
                    dict(e.attributes),
                    e.coordinate,
                )
                for p, e in layout.elements.items()
                if p.startswith("truth/") == bool(prefix)
            }
            items[1].index[column] = hash_variables(variables, items[1].attributes[group])  # type: ignore[index]
    from opir.run.store.backend import LocalBackend

    shutil.rmtree(store / "splits" / "s")
    write_part_files(LocalBackend(store), "000000", encode_items(items))
    return validate(store)


@pytest.mark.parametrize(
    ("name", "place", "value", "kind", "says"),
    [
        ("absorbance", (2, 3), np.nan, "value", "non-finite"),
        ("absorbance", (2, 3), np.inf, "value", "non-finite"),
        ("absorbance", (2, 3), 1e6, "value", "outside"),
        ("voltage", (3,), 7.0, "value", "outside -1 to 6"),
        ("time", (3,), 0.0, "axis", "not strictly rising"),
        ("time", (0,), -5.0, "axis", "below 0"),
        ("truth/amounts", (2, 1), np.inf, "value", "infinite"),
    ],
)
def test_wrong_values(
    store: Path, name: str, place: tuple[int, ...], value: float, kind: str, says: str
) -> None:
    faults = [f for f in plant(store, name, place, value) if f.kind != "run"]
    fault = one(faults, kind)
    assert (fault.run, fault.element) == ("run-0001", f"{PART}/{name}")
    assert says in fault.problem
    if not name.startswith("truth"):
        with pytest.raises(StoreError, match="run 'run-0001' breaks a rule"):
            Store.open(store).run("run-0001")


def test_unsorted_wavenumbers(store: Path) -> None:
    items = [prepare(Item(make_run(i))) for i in range(3)]
    for item in items:
        item.arrays["wavenumber"] = np.roll(item.arrays["wavenumber"], 1)  # type: ignore[index]
    from opir.run.store.backend import LocalBackend

    write_part_files(LocalBackend(store), "000000", encode_items(items))
    faults = [f for f in validate(store) if f.kind == "axis"]
    assert [f.run for f in faults] == ["run-0000", "run-0001", "run-0002"]
    assert {f.element for f in faults} == {f"{PART}/wavenumber"}


def test_unknown_unit(store: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        record["attributes"]["elements"]["voltage"]["attributes"]["units"] = "mV"

    edit(store / PART / "zarr.json", change, seal=True)
    edit(store / PART / "voltage/zarr.json", lambda r: r["attributes"].update(units="mV"))
    fault = next(f for f in validate(store) if f.kind == "unit")
    assert fault.element == f"{PART}/voltage"
    assert "'mV' where 'V'" in fault.problem


@pytest.mark.parametrize(
    ("name", "element"), [("absorbance", PART), ("truth/rate", f"{PART}/truth")]
)
def test_hash_mismatch(store: Path, name: str, element: str) -> None:
    place = (0, 0) if name == "absorbance" else ()
    fault = one(plant(store, name, place, 0.125, hashed=False), "hash")
    assert (fault.run, fault.element) == ("run-0001", element)


def test_attributes_changed(store: Path) -> None:
    shutil.rmtree(store / PART / "attributes/c")
    faults = validate(store)
    assert [(f.kind, f.run) for f in faults] == [("attributes", f"run-{i:04d}") for i in range(3)]


def test_the_same_run_twice(store: Path) -> None:
    shutil.copytree(store / PART, store / "parts/000001")
    fault = one(validate(store), "duplicate")
    assert (fault.run, fault.element) == ("run-0000", "parts/000001")
    with pytest.raises(StoreError, match="'run-0000' is in part '000000' and in part '000001'"):
        Store.open(store)


def test_split_that_no_longer_fits(store: Path) -> None:
    shutil.rmtree(store / PART)
    Store.open(store).append([make_run(0, licence="MIT"), make_run(1), make_run(2)])
    fault = one(validate(store), "split")
    assert (fault.run, fault.element) == ("run-0000", "splits/s")
    assert "another content hash" in fault.problem


def test_damaged_split(store: Path) -> None:
    path = store / "splits/s/zarr.json"
    path.write_bytes(path.read_bytes()[:-30])
    assert one(validate(store), "split").element == "splits/s"


def test_every_flipped_byte_is_noticed(store: Path) -> None:
    """Whatever byte of the store changes: an error or a named fault, never a wrong value."""
    generator = np.random.default_rng(3)
    everything = sorted(p for p in store.rglob("*") if p.is_file())
    runs = [make_run(i) for i in range(3)]
    noticed = total = 0
    for path in everything:
        good = path.read_bytes()
        for _ in range(6):
            bad = bytearray(good)
            bad[generator.integers(len(bad))] ^= 1 << generator.integers(8)
            path.write_bytes(bad)
            faults = validate(store)
            try:
                opened = Store.open(store)
                found = [opened.run(id) for id in opened]
            except OpirError:
                assert faults, (path, "an error that the validation does not name")
                noticed += 1
            else:
                for run, expected in zip(found, runs, strict=True):
                    for name in expected.dataset.variables:
                        np.testing.assert_array_equal(run.dataset[name], expected.dataset[name])
                        assert run.dataset[name].attrs == expected.dataset[name].attrs
                    assert run.dataset.attrs == expected.dataset.attrs
                noticed += bool(faults)
            total += 1
            # What holds data, not words in zarr.json that nothing depends on, is noticed always.
            if path.name != "zarr.json":
                assert faults, path
        path.write_bytes(good)
    assert noticed > total / 2
    assert validate(store) == []


def test_cut_and_random_files(store: Path) -> None:
    generator = np.random.default_rng(4)
    for path in sorted(p for p in store.rglob("*") if p.is_file()):
        good = path.read_bytes()
        for bad in (b"", good[: len(good) // 2], generator.bytes(len(good))):
            path.write_bytes(bad)
            assert validate(store), path
        path.write_bytes(good)
