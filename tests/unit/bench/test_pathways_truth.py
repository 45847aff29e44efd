"""The truth of a simulated run, as far as its spectra can show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opir.bench.pathways.truth import truth_of
from opir.chemistry import library
from opir.run.store import Store
from opir.workflows.simulate import simulate_store


def test_what_stays_the_same_in_all_frames_is_no_noise_of_the_truth(tmp_path: Path) -> None:
    """Presence does not depend on the instrument's line shape, only on what hides a change."""
    simulate_store(
        tmp_path / "store", systems=["lp30-graphite"], protocols=["formation-c10"], runs=1,
        frames=12, wavenumbers=128, workers=1, progress=False,
    )  # fmt: skip
    opened = Store.open(tmp_path / "store")
    id = opened.ids[0]
    signal = str(opened.record(id)["signal"])
    measured = opened.batch([id], [signal])[signal][0].astype(np.float64)
    before = truth_of(opened, id, library())
    held = opened.batch

    def shifted(ids: Any, names: Any) -> Any:
        found = dict(held(ids, names))
        found[signal] = found[signal] + 0.05 * np.sin(np.arange(measured.shape[1]))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened, "batch", shifted)
        after = truth_of(opened, id, library())
    assert before.present
    assert before.seen == pytest.approx(after.seen, rel=1e-3)
