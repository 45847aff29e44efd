"""What is kept of a forecast: nothing, unless blocks agree that it is better than persistence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.models import Persistence, Ridge, Windows
from opir.models.kept_share import SHARES, kept_share
from tests.unit.models.toy import WAVENUMBER, decay, windows


def steps(sizes: list[float]) -> Windows:
    """One window per block, each a step of a size at all wavenumbers, after nothing."""
    frames = np.zeros((len(sizes), 3, WAVENUMBER.size))
    frames[:, 1:] = np.array(sizes)[:, None, None]
    return windows(frames, np.tile([0.0, 1.0, 2.0], (len(sizes), 1)))


def forecast(sizes: list[float]) -> np.ndarray:
    return np.tile(np.array(sizes)[:, None, None], (1, 2, WAVENUMBER.size))


def test_a_perfect_forecast_is_kept_whole_and_a_double_one_by_half() -> None:
    data = decay()
    assert kept_share(data.target, data) == 1.0
    double = data.inputs.last[:, None] + 2 * data.change
    assert kept_share(double, data) == pytest.approx(0.5)


def test_one_block_with_an_event_does_not_outvote_two_quiet_ones() -> None:
    """In the mean over windows all of it would be kept, for the sake of one block."""
    data = steps([10.0, 0.01, 0.01])
    moved = forecast([5.0, 1.0, 1.0])
    mean = np.abs(data.change).mean()
    assert np.abs(moved - data.target).mean() < 0.7 * mean
    assert kept_share(moved, data) == 0.0


def test_blocks_that_agree_are_believed() -> None:
    data = steps([1.0, 1.2, 0.8])
    assert kept_share(forecast([0.5, 0.6, 0.4]), data) == 1.0


def test_blocks_count_and_not_windows() -> None:
    """Copies of one block's windows are no further evidence."""
    data = steps([10.0, 0.01, 0.01])
    many = data.rows(np.repeat([0, 1, 2], [50, 1, 1]))
    assert kept_share(forecast([5.0] * 50 + [1.0, 1.0]), many) == 0.0


def test_with_a_single_block_the_best_share_is_taken() -> None:
    data = steps([1.0, 1.0])
    one = replace(data, block=np.zeros(2, dtype=np.int64))
    assert kept_share(forecast([2.0, 2.0]), one) == pytest.approx(0.5)


@given(
    st.lists(st.integers(-5000, 5000).map(lambda n: n / 1000), min_size=2, max_size=6),
    st.integers(0, 1000),
    st.sampled_from([2.0**-8, 0.5, 2.0, 2.0**8]),
)
def test_it_never_does_worse_than_persistence_there_and_has_no_unit(
    sizes: list[float], seed: int, unit: float
) -> None:
    random = np.random.default_rng(seed)
    guess = [float(value) for value in random.normal(size=len(sizes))]
    data = steps(sizes)
    share = kept_share(forecast(guess), data)
    assert share in SHARES
    error = np.abs(share * forecast(guess) - data.target).mean()
    assert error <= np.abs(data.target).mean() + 1e-12
    # Powers of two, so that scaling is exact and ties stay ties.
    scaled = steps([unit * size for size in sizes])
    assert kept_share(unit * forecast(guess), scaled) == share


def test_ridge_is_persistence_where_the_validation_blocks_foretell_nothing() -> None:
    random = np.random.default_rng(0)
    train = decay()
    noise = steps([0.0] * 6)
    check = replace(noise, target=0.1 * random.normal(size=noise.target.shape))
    check = replace(
        check,
        inputs=replace(check.inputs, given=train.inputs.given[:6]),
        target=check.target + train.inputs.given[:6],
    )
    model = Ridge(penalties=(1e-6,)).fit(train, check)
    assert model.trust == 0.0
    np.testing.assert_array_equal(
        model.forecast(check.inputs).spectra,
        Persistence().fit(train).forecast(check.inputs).spectra,
    )
