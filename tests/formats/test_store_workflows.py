"""The workflows over stores, and what the documentation of the format shows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from storetools import make_run, make_truth

from opir.errors import OptionError, OutputExistsError, StoreError
from opir.run.importing import ImportMapping
from opir.run.netcdf import write_dataset, write_run, write_spectrum
from opir.run.store import Store
from opir.workflows import data

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    made = Store.create(tmp_path / "store", title="cells", licence="CC0-1.0")
    with made.writer() as writer:
        for i in range(4):
            writer.append(make_run(i), truth=make_truth(i) if i else None)
    made.splits.add("s", {"train": made.ids[:3], "test": made.ids[3:]})
    return tmp_path / "store"


def test_info_counts(store: Path) -> None:
    info = data.info(store)
    assert (info.runs, info.parts, info.with_truth) == (4, 2, 3)
    assert info.origins == {"simulated": 4}
    assert info.shapes == {"6 x 11": 4}
    assert info.splits == {"s": {"train": 3, "test": 1}}
    text = "\n".join(info.sentences())
    for words in ("cells: 4 runs in 2 part(s), 3 with truth", "simulated (4)", "lp30-graphite (4)"):
        assert words in text
    with pytest.raises(StoreError, match="there is no store"):
        data.info(store / "parts" / "none")


def test_validate_export_merge_split(store: Path, tmp_path: Path) -> None:
    assert data.validate(store) == []
    files = data.export(store, "run-0001", tmp_path / "one.nc")
    assert [f.name for f in files] == ["one.nc", "one.truth.nc"]
    merged = data.merge([store], tmp_path / "merged", title="all")
    assert merged.fingerprint() == Store.open(store).fingerprint()
    assert data.info(merged.url).attributes["licence"] == "CC0-1.0"
    with pytest.raises(OutputExistsError):
        data.merge([store], tmp_path / "merged")
    clash = Store.create(tmp_path / "clash")
    clash.append([make_run(5, name="run-0000")])
    with pytest.raises(OptionError, match="different runs"):
        data.merge([store, tmp_path / "clash"], tmp_path / "no")
    assert not (tmp_path / "no").exists()
    subsets = data.split(store, "s", tmp_path / "subsets")
    assert {name: len(one) for name, one in subsets.items()} == {"train": 3, "test": 1}


def test_files_are_added_with_the_truth_beside(tmp_path: Path) -> None:
    write_run(make_run(1), tmp_path / "a.nc")
    write_dataset(make_truth(1), tmp_path / "a.truth.nc")
    write_run(make_run(2, name=""), tmp_path / "b.nc")
    assert data.add([tmp_path / "a.nc", tmp_path / "b.nc"], tmp_path / "store") == ["run-0001", "b"]
    store = Store.open(tmp_path / "store")
    xr.testing.assert_identical(store.truth("run-0001"), make_truth(1))
    assert store.truth("b") is None
    write_spectrum(make_run(3).spectrum(0), tmp_path / "s.nc")
    with pytest.raises(OptionError, match="a run"):
        data.add([tmp_path / "s.nc"], tmp_path / "store")


def test_reading_without_opir_as_the_specification_shows(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "format.md").read_text(encoding="utf-8")
    section = text.split("## Reading without opir")[1]
    code = re.search(r"```python\n(.*?)```", section, re.S)
    assert code is not None
    assert "opir" not in code[1].replace("opir_", "")
    monkeypatch.chdir(store.parent)
    names: dict[str, object] = {}
    exec(code[1].replace('"STORE"', '"store"'), names)
    assert names["run_id"] == "run-0003"
    np.testing.assert_array_equal(names["spectra"], make_run(3).values)
    np.testing.assert_array_equal(names["time"], make_run(3).time)
    assert names["about"]["title"] == "run-0003"  # type: ignore[index]


def test_mapping_of_the_documentation_is_valid() -> None:
    text = (DOCS / "import.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.S)
    assert found is not None
    mapping = ImportMapping.model_validate(yaml.safe_load(found[1]))
    for field in ImportMapping.model_fields:
        assert f"`{field}" in text, field
    assert mapping.runs.id == "cell"
