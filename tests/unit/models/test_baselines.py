"""Baselines against what they must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.errors import ModelError
from opir.models import (
    FittedForecaster,
    ForecastInputs,
    MeanTrajectory,
    NearestNeighbour,
    Persistence,
    Ridge,
    Windows,
    load_model,
)
from opir.models.baselines.lead_grid import change_at
from tests.unit.models.toy import WAVENUMBER, bands, decay, windows

ALL = [Persistence, MeanTrajectory, NearestNeighbour, Ridge]


@pytest.mark.parametrize("kind", ALL)
def test_a_run_that_stands_still_is_forecast_exactly(kind: type[FittedForecaster]) -> None:
    still = decay()
    still = windows(
        np.repeat(still.inputs.given, 5, axis=1), np.tile(np.arange(5) * 60.0, (len(still), 1))
    )
    model = kind().fit(still)
    np.testing.assert_allclose(model.forecast(still.inputs).spectra, still.target, atol=1e-9)


@pytest.mark.parametrize("kind", ALL)
def test_saved_and_loaded_it_forecasts_the_same(
    kind: type[FittedForecaster], tmp_path: Path
) -> None:
    data = decay(noise=0.01)
    model = kind().fit(data)
    model.recipe = {"steps": ["cut"]}
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert type(again) is kind
    assert again.recipe == {"steps": ["cut"]}
    np.testing.assert_array_equal(
        again.forecast(data.inputs).spectra, model.forecast(data.inputs).spectra
    )


@pytest.mark.parametrize("kind", ALL[1:])
def test_before_fitting_and_on_another_axis_it_refuses(kind: type[FittedForecaster]) -> None:
    data = decay()
    with pytest.raises(ModelError, match="not fitted"):
        kind().forecast(data.inputs)
    other = ForecastInputs(
        data.inputs.given, data.inputs.given_times, data.inputs.times, WAVENUMBER + 1
    )
    with pytest.raises(ModelError, match="Resample"):
        kind().fit(data).forecast(other)


@pytest.mark.parametrize("kind", ALL)
def test_the_origin_of_the_clock_does_not_matter(kind: type[FittedForecaster]) -> None:
    """No forecaster learns the time since the start of the run."""
    data = decay()
    later = ForecastInputs(
        data.inputs.given, data.inputs.given_times + 1e5, data.inputs.times + 1e5, WAVENUMBER
    )
    model = kind().fit(data)
    np.testing.assert_allclose(
        model.forecast(later).spectra, model.forecast(data.inputs).spectra, atol=1e-9
    )


def test_mean_trajectory_is_the_mean_change() -> None:
    data = decay(noise=0.05)
    forecast = MeanTrajectory().fit(data).forecast(data.inputs).spectra
    np.testing.assert_allclose(
        (forecast - data.inputs.last[:, None])[0], data.change.mean(axis=0), atol=1e-12
    )


def test_nearest_neighbour_finds_the_window_itself() -> None:
    data = decay()
    np.testing.assert_allclose(
        NearestNeighbour().fit(data).forecast(data.inputs).spectra, data.target, atol=1e-12
    )


def test_nearest_neighbour_tells_runs_apart_by_their_drive() -> None:
    """Two runs from one spectrum under two voltages: the condition alone decides."""
    times = np.tile([0.0, 1.0], (2, 1))
    frames = np.zeros((2, 2, WAVENUMBER.size))
    frames[1, 1] = 1.0
    drive = np.full((2, 2, 3), np.nan)
    drive[0, :, 0], drive[1, :, 0] = 0.1, 2.0
    data = windows(frames, times, drive)
    model = NearestNeighbour().fit(data)
    np.testing.assert_allclose(model.forecast(data.inputs).spectra, data.target)


def test_ridge_solves_a_linear_system() -> None:
    """First-order decay is linear in the given frame, so the regression is exact."""
    train, test = decay(40, seed=0), decay(10, seed=1)
    model = Ridge(penalties=(1e-12,)).fit(train)
    np.testing.assert_allclose(model.forecast(test.inputs).spectra, test.target, atol=1e-6)


def test_ridge_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    data = decay(30, noise=0.02)
    model = Ridge(components=(5,), penalties=(1e-2,), shares=(1.0,)).fit(data)
    _, kept = model.state()
    features = (data.inputs.last - kept["centre"]) @ kept["loadings"].T * kept["score_scale"]
    target = (data.change @ kept["loadings"].T).reshape(len(data), -1)
    oracle = sklearn.Ridge(alpha=1e-2 * len(data)).fit(features, target)
    np.testing.assert_allclose(kept["weights"][:5], oracle.coef_.T, atol=1e-9)


def test_ridge_sees_the_drive() -> None:
    random = np.random.default_rng(0)
    voltage = random.uniform(0, 2, 50)
    frames = np.zeros((50, 2, WAVENUMBER.size))
    frames[:, 0] = 0.01 * random.normal(size=(50, WAVENUMBER.size))
    frames[:, 1] = frames[:, 0] + voltage[:, None] * np.sin(WAVENUMBER / 20)
    drive = np.full((50, 2, 3), np.nan)
    drive[..., 0] = voltage[:, None]
    data = windows(frames, np.tile([0.0, 1.0], (50, 1)), drive)
    model = Ridge(penalties=(1e-9,)).fit(data)
    assert np.abs(model.forecast(data.inputs).spectra - data.target).mean() < 0.02


def test_change_between_and_beyond_the_lead_times_fitted_on() -> None:
    change = np.array([[[1.0], [3.0]]])
    found = change_at(np.array([[5.0, 10.0, 15.0, 99.0]]), np.array([10.0, 20.0]), change)
    np.testing.assert_allclose(found[0, :, 0], [0.5, 1.0, 2.0, 3.0])


@pytest.mark.parametrize("kind", [MeanTrajectory, NearestNeighbour, Ridge])
def test_runs_of_other_lengths_are_alike_in_shares_of_their_length(
    kind: type[FittedForecaster],
) -> None:
    """One course, gone through in minutes or in days: known from the others whatever the length."""
    random = np.random.default_rng(0)
    length = 10 ** random.uniform(2, 5, (40, 1))
    shares = np.linspace(0, 1, 9)
    frames = np.tile((shares**2)[:, None] * bands(1100.0), (40, 1, 1))
    data = windows(frames, shares * length)
    fitted = kind().fit(data.rows(np.arange(30)))
    test = data.rows(np.arange(30, 40))
    np.testing.assert_allclose(fitted.forecast(test.inputs).spectra, test.target, atol=1e-6)


def test_windows_of_one_length_count_in_seconds() -> None:
    """Asked for half of the time, a forecaster gives the first half, not all in half the time."""
    data = decay()
    model = MeanTrajectory().fit(data)
    whole = model.forecast(data.inputs).spectra
    half = ForecastInputs(
        data.inputs.given, data.inputs.given_times, data.inputs.times[:, :6], WAVENUMBER
    )
    np.testing.assert_allclose(model.forecast(half).spectra, whole[:, :6], atol=1e-12)


def test_more_neighbours_are_taken_where_one_is_noisy() -> None:
    """Same beginnings, changes that differ by noise alone: the mean of many is best."""
    random = np.random.default_rng(1)
    frames = np.zeros((80, 2, WAVENUMBER.size))
    frames[:, 1] = bands(1100.0) + 0.5 * random.normal(size=(80, WAVENUMBER.size))
    frames[:, 0] = 1e-3 * random.normal(size=(80, WAVENUMBER.size))
    data = windows(frames, np.tile([0.0, 1.0], (80, 1)))
    train, validation = data.rows(np.arange(60)), data.rows(np.arange(60, 80))
    assert NearestNeighbour().fit(train, validation).chosen["neighbours"] >= 16


def test_every_forecaster_takes_the_same_inputs() -> None:
    """The contract has one way in: nothing but the inputs reaches a forecast."""
    import inspect

    from opir.models import get_model
    from opir.models.catalogue import model_names

    pytest.importorskip("torch")
    for name in model_names():
        parameters = list(inspect.signature(get_model(name).forecast).parameters)
        assert parameters == ["self", "inputs"], name


def test_windows_keep_their_rows() -> None:
    data = decay()
    part: Windows = data.rows([2, 3])
    np.testing.assert_array_equal(part.target, data.target[2:4])
