"""Grids of frames for runs whose length is known only at their end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import OptionError, UnknownNameError
from opir.simulate.dataset.grids import GRIDS, FrameGrid

EDGES = st.lists(st.floats(0.1, 1e6, allow_nan=False), min_size=1, max_size=80).map(
    lambda lengths: np.concatenate([[0.0], np.cumsum(lengths)])
)


@given(
    kind=st.sampled_from(sorted(GRIDS)),
    count=st.integers(2, 200),
    edges=EDGES,
    seed=st.integers(0, 99),
)
def test_every_grid_rises_strictly_from_end_to_end(
    kind: str, count: int, edges: np.ndarray, seed: int
) -> None:
    times = FrameGrid(kind, count, seed).times(edges)
    assert times.shape == (count,)
    assert (np.diff(times) > 0).all()
    assert times[0] == edges[0]
    assert times[-1] == edges[-1]
    np.testing.assert_array_equal(times, FrameGrid(kind, count, seed).times(edges))


def test_what_the_kinds_are() -> None:
    edges = [0.0, 100.0, 10000.0]
    even = FrameGrid("even", 65).times(edges)
    np.testing.assert_allclose(np.diff(even), 10000 / 64)
    early = np.diff(FrameGrid("denser-early", 65).times(edges))
    assert (np.diff(early) > 0).all()
    blocks = np.diff(FrameGrid("blocks", 65, 3).times(edges))
    assert 2 <= (blocks > 3 * np.median(blocks)).sum() <= 5
    dropped = np.diff(FrameGrid("dropped", 65, 3).times(edges))
    assert 1 <= (dropped > 1.5 * np.median(dropped)).sum() <= 11
    per_step = FrameGrid("per-step", 65).times(edges)
    # The first step is 1 % of the time; it gets the mean of 1 % and one half of the frames.
    assert (per_step <= 100).sum() == pytest.approx(0.255 * 64, abs=1)
    one, other = (FrameGrid("jittered", 65, seed).times(edges) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert np.abs(one - even).max() <= 0.4 * 10000 / 64 + 1e-9


def test_what_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="jittered"):
        FrameGrid("jitered")
    with pytest.raises(OptionError, match="2 or more"):
        FrameGrid("even", 1)
    with pytest.raises(OptionError, match="do not rise"):
        FrameGrid().times([5.0, 5.0])
