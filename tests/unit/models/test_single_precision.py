"""Inputs and windows keep single precision, so that a large set fits in half the memory."""

from __future__ import annotations

import numpy as np
import pytest

from opir.models import (
    ForecastInputs,
    MeanTrajectory,
    NearestNeighbour,
    Persistence,
    Ridge,
    Windows,
)


def windows(dtype: type, runs: int = 24) -> Windows:
    rng = np.random.default_rng(0)
    spectra = rng.normal(size=(runs, 5, 40)).cumsum(axis=1).astype(np.float32)
    times = np.tile(np.arange(5.0), (runs, 1))
    inputs = ForecastInputs(
        given=spectra[:, :1].astype(dtype),
        given_times=times[:, :1],
        times=times[:, 1:],
        wavenumber=np.linspace(900, 1000, 40),
    )
    return Windows(inputs, spectra[:, 1:].astype(dtype), np.arange(runs))


def test_single_stays_single_and_everything_else_becomes_double() -> None:
    single, double = windows(np.float32), windows(np.float64)
    for part in (single, single.rows([2, 0])):
        assert (part.inputs.given.dtype, part.target.dtype) == (np.float32, np.float32)
        assert part.change.dtype == np.float32
        assert part.inputs.times.dtype == np.float64
    assert double.target.dtype == np.float64
    assert windows(np.float16).inputs.given.dtype == np.float64


def test_single_is_not_copied() -> None:
    spectra = np.zeros((3, 4, 10), np.float32)
    times = np.tile(np.arange(4.0), (3, 1))
    inputs = ForecastInputs(spectra[:, :1], times[:, :1], times[:, 1:], np.arange(10.0) + 900)
    assert np.shares_memory(Windows(inputs, spectra[:, 1:], np.arange(3)).target, spectra)


@pytest.mark.parametrize("model", [Persistence, MeanTrajectory, NearestNeighbour, Ridge])
def test_forecasts_from_single_are_those_from_double(model: type) -> None:
    single, double = windows(np.float32), windows(np.float64)
    one = model().fit(single, single).forecast(single.inputs)
    two = model().fit(double, double).forecast(double.inputs)
    np.testing.assert_allclose(one.spectra, two.spectra, atol=2e-4)
