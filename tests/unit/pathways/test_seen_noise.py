"""The noise by which it is judged when a change can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.pathways.point_noise import fine_noise, seen_noise

X = np.linspace(800.0, 1900.0, 400)
BAND = np.exp(-(((X - 1300) / 30) ** 2))


@given(st.floats(1e-6, 1e3), st.integers(0, 50))
@settings(max_examples=20)
def test_white_noise_is_found_beside_bands_that_grow(size: float, seed: int) -> None:
    noise = size * np.random.default_rng(seed).standard_normal((40, X.size))
    assert fine_noise(noise) == pytest.approx(size, rel=0.05)
    growing = np.linspace(0, 30 * size, 40)[:, None] * BAND
    assert seen_noise(noise + growing) == pytest.approx(size, rel=0.08)


def test_of_noise_that_hangs_together_only_the_fine_part_counts() -> None:
    rng = np.random.default_rng(0)
    wavy = np.cumsum(rng.standard_normal((30, X.size)), axis=1)
    assert fine_noise(wavy) < 0.1 * wavy.std()


def test_a_forecast_is_as_noisy_as_what_it_starts_from_and_nothing_is_never_zero() -> None:
    rng = np.random.default_rng(1)
    first = BAND + 1e-3 * rng.standard_normal(X.size)
    forecast = first + np.linspace(0, 1, 20)[:, None] * BAND
    assert seen_noise(forecast) < 1e-5
    assert seen_noise(forecast, forecast=True) == pytest.approx(1e-3, rel=0.2)
    assert seen_noise(np.ones((3, 50))) > 0


@given(st.floats(4.0, 40.0), st.integers(0, 20))
@settings(max_examples=20)
def test_bands_of_the_spectrum_a_forecast_starts_from_are_no_noise(width: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis = np.linspace(800.0, 1900.0, 512)
    bands = sum(
        np.exp(-4 * np.log(2) * ((axis - at) / (2 * width)) ** 2) for at in (850, 1100, 1300, 1750)
    )
    first = bands + 1e-4 * rng.standard_normal(axis.size)
    found = seen_noise(np.stack([first, first + 1e-3 * bands]), forecast=True)
    assert found == pytest.approx(1e-4, rel=0.35)
