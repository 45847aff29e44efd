"""Small pieces of the presets through the simulator itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.run.store import Store, validate
from opir.simulate.dataset import generate, read_preset

pytest.importorskip("numba")
pytest.importorskip("sksundae")


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 20 runs of OpIRSpec-Sim-7K, two of each system, in parts of one."""
    url = tmp_path_factory.mktemp("piece") / "store"
    preset = read_preset("opirspec-sim-7k").changed(runs=20, part_runs=1)
    generate(preset, url, workers=2)
    return url


def test_bytes_do_not_depend_on_the_number_of_workers(piece: Path, tmp_path: Path) -> None:
    preset = read_preset("opirspec-sim-7k").changed(runs=20, part_runs=1)
    generate(preset, tmp_path / "store", workers=1)
    assert files(tmp_path / "store") == files(piece)


def test_what_the_runs_are(piece: Path) -> None:
    assert validate(piece) == []
    store = Store.open(piece)
    assert len({store.record(id)["tags"]["protocol"] for id in store}) > 5
    for id in store:
        run, truth = store.run(id), store.truth(id)
        assert truth is not None
        assert run.origin == "simulated"
        assert store.record(id)["licence"] == "CC-BY-4.0"
        assert run.values.shape == (64, 512)
        # The column of the electrons counts what the double layer holds; all others are matter.
        matter = truth["species"].values.astype(str) != "e-"
        assert truth["amounts"].values[:, matter].min() >= 0
        assert (np.diff(truth["extents"].values, axis=0) >= 0).all()
        # The sum of the streams is the spectrum but for the instrument.
        left = run.values - truth["streams"].sum("stream").values
        assert 0 < np.median(np.abs(left)) < 0.05


def test_shifted_runs_hold_species_that_no_library_file_lists(tmp_path: Path) -> None:
    preset = read_preset("shifted").changed(runs=10, frames=8)
    store = generate(preset, tmp_path / "store", workers=1).store
    for id in store:
        truth = store.truth(id)
        assert truth is not None
        names = [str(name) for name in truth["species"].values]
        assert any(name.startswith("unlisted-") for name in names)
        assert store.record(id)["tags"]["instrument"] == "shifted-grating"
