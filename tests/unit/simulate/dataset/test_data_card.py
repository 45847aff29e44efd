"""Pictures of a store of simulated runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stand_in import NAME

from opir.chemistry import TAGS, library
from opir.errors import OptionError, OutputExistsError
from opir.run.run import Run
from opir.run.store import Store
from opir.simulate.dataset import Preset, generate
from opir.workflows.data_card import data_card, provenance_counts

PRESET = Preset(
    name="small",
    runs=6,
    systems=("lp30-graphite", "fec-silicon"),
    spectra={"frames": 6, "wavenumbers": 40},
)


def test_a_card_is_drawn_whole_and_says_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    generate(PRESET, tmp_path / "store", workers=1, simulator=NAME)
    said: list[str] = []
    monkeypatch.setattr(
        "opir.plots.data_card.title", lambda axes, text, origin: said.append(origin)
    )
    drawn = data_card(tmp_path / "store", tmp_path / "card")
    assert {path.stem for path in drawn} == {
        "contents", "examples", "spectra", "changes", "provenance",
        "truth-lp30-graphite", "truth-fec-silicon",
    }  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    assert set(said) == {"simulated"}
    with pytest.raises(OutputExistsError):
        data_card(tmp_path / "store", tmp_path / "card")
    monkeypatch.setattr(
        "opir.workflows.data_card.save", lambda _, path: path.write_bytes(b"another")
    )
    assert data_card(tmp_path / "store", tmp_path / "card", overwrite=True) == drawn
    there = {path: path.read_bytes() for path in (tmp_path / "card").iterdir()}
    assert there == dict.fromkeys(drawn, b"another")


def test_measured_runs_get_no_card(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with pytest.raises(OptionError, match="empty"):
        data_card(tmp_path / "store", tmp_path / "card")
    store.append([Run.from_arrays([0.0, 1.0], [900.0, 901.0], np.zeros((2, 2)), name="mine")])
    with pytest.raises(OptionError, match="measured without truth"):
        data_card(tmp_path / "store", tmp_path / "card")
    assert not (tmp_path / "card").exists()


def test_every_number_of_the_library_is_counted_under_a_known_tag() -> None:
    counts = provenance_counts(library())
    assert {tag for found in counts.values() for tag in found} <= set(TAGS)
    bands = sum(len(bands) for s in library().species.values() for bands in s.environments.values())
    assert sum(counts["band positions"].values()) == bands
