"""Random splits that are stored with a store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir import Run, Store, System
from opir.errors import OptionError, OutputExistsError, UnknownNameError
from opir.workflows.data import make_split, parse_shares


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "store")
    runs = []
    for number in range(20):
        runs.append(
            Run.from_arrays(
                [0.0, 1.0], [1000.0, 1001.0], np.full((2, 2), number / 10),
                name=f"run-{number:02d}", system=System(name=f"system-{number % 4}"),
            )
        )  # fmt: skip
    made.append(runs)
    return made


def test_every_run_is_in_one_subset_and_the_seed_decides(store: Store) -> None:
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    assert make_split(store.url, "a", shares, seed=1) == {"train": 14, "validation": 2, "test": 4}
    make_split(store.url, "b", shares, seed=1)
    make_split(store.url, "c", shares, seed=2)
    found = {name: store.splits[name].subsets for name in "abc"}
    assert sorted(id for ids in found["a"].values() for id in ids) == sorted(store.ids)
    assert found["a"] == found["b"]
    assert found["a"] != found["c"]


def test_runs_of_one_system_stay_together(store: Store) -> None:
    make_split(store.url, "systems", {"train": 0.5, "test": 0.5}, by="system")
    split = store.splits["systems"]
    systems = [{store.record(id)["system"] for id in split[name]} for name in ("train", "test")]
    assert [len(names) for names in systems] == [2, 2]
    assert systems[0].isdisjoint(systems[1])


def test_faults_are_refused(store: Store) -> None:
    with pytest.raises(OptionError, match="sum 1"):
        make_split(store.url, "a", {"train": 0.7, "test": 0.7})
    with pytest.raises(OptionError, match="would be empty"):
        make_split(store.url, "a", {"train": 0.99, "test": 0.01})
    with pytest.raises(UnknownNameError, match="Nearest: system"):
        make_split(store.url, "a", {"train": 0.5, "test": 0.5}, by="sytem")
    make_split(store.url, "a", {"train": 0.5, "test": 0.5})
    with pytest.raises(OutputExistsError):
        make_split(store.url, "a", {"train": 0.5, "test": 0.5})
    assert list(store.splits) == ["a"]


def test_shares_from_words() -> None:
    assert parse_shares("train=0.8, test=0.2") == {"train": 0.8, "test": 0.2}
    for text in ("", "train", "train=x", "=1", "a=1,a=1", "a=nan"):
        with pytest.raises(OptionError, match="is not a share"):
            parse_shares(text)
