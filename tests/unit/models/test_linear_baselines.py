"""PLS and dynamic mode decomposition with control against what they must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from opir.errors import ModelError
from opir.models import FittedForecaster, ForecastInputs, Windows, get_model, load_model
from opir.models.baselines import DynamicModes, PartialLeastSquares
from opir.models.baselines.frame_features import running_integral
from opir.models.baselines.pls import _features
from tests.unit.models.toy import WAVENUMBER, bands, decay, sweeps, windows

BOTH = [PartialLeastSquares, DynamicModes]
DYNAMICS = np.array([[-0.9, 0.5], [-0.5, -0.6]])
GAIN = np.array([1.0, -0.4])


def controlled(batch: int, *, even: bool, seed: int = 0) -> Windows:
    """Two amounts with z' = A z + b V, solved exactly for a voltage linear between frames."""
    random = np.random.default_rng(seed)
    steps = np.full((batch, 80), 0.05) if even else random.uniform(0.01, 0.12, (batch, 80))
    times = np.pad(steps.cumsum(axis=1), ((0, 0), (1, 0)))
    voltage = 1 + np.sin(random.uniform(0.5, 3, (batch, 1)) * times + random.uniform(0, 6))
    state = np.zeros((batch, 81, 2))
    state[:, 0] = random.normal(size=(batch, 2))
    for run in range(batch):
        for frame, step in enumerate(steps[run]):
            slope = (voltage[run, frame + 1] - voltage[run, frame]) / step
            whole = np.zeros((4, 4))  # state, voltage, slope of the voltage
            whole[:2, :2], whole[:2, 2], whole[2, 3] = DYNAMICS, GAIN, 1
            start = np.concatenate([state[run, frame], [voltage[run, frame], slope]])
            state[run, frame + 1] = (expm(whole * step) @ start)[:2]
    drive = np.full((batch, 81, 3), np.nan)
    drive[..., 0] = voltage
    return windows(state @ bands(1060.0, 1140.0), times, drive)


@pytest.mark.parametrize("even", [True, False])
def test_dynamic_modes_recover_a_driven_linear_system(even: bool) -> None:
    train, test = controlled(24, even=even), controlled(8, even=even, seed=1)
    model = DynamicModes(ranks=(2,), penalties=(1e-12,)).fit(train)
    _, arrays = model.state()
    found = np.linalg.eigvals(arrays["dynamics"]) / arrays["clock"]
    np.testing.assert_allclose(
        np.sort_complex(found), np.sort_complex(np.linalg.eigvals(DYNAMICS)), rtol=5e-3
    )
    error = np.abs(model.forecast(test.inputs).spectra - test.target).max()
    assert error < 0.01 * np.abs(test.change).max()


def test_dynamic_modes_never_run_away() -> None:
    """Spectra that grow exponentially: the growing mode is held, so the forecast is bounded."""
    times = np.tile(np.arange(20) * 1.0, (10, 1))
    start = np.linspace(1, 2, 10)[:, None, None]
    grown = windows(start * np.exp(0.3 * times)[..., None] * bands(1100.0), times)
    model = DynamicModes().fit(grown)
    values = np.linalg.eigvals(model.state()[1]["dynamics"])
    assert values.real.max() < 1e-9
    far = ForecastInputs(
        grown.inputs.given, grown.inputs.given_times, times[:, 1:] * 100, WAVENUMBER
    )
    assert np.abs(model.forecast(far).spectra).max() < 3e2 * np.abs(grown.target).max()


def test_pls_is_that_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.cross_decomposition")
    data, _ = sweeps(24)
    model = PartialLeastSquares(components=(6,), change_axes=3, shares=(1.0,)).fit(data)
    _, kept = model.state()
    features = _features(kept, data.inputs)
    features = (features - kept["feature_mean"]) * kept["feature_scale"]
    scores = data.change.reshape(-1, WAVENUMBER.size) @ kept["change_axes"].T
    oracle = sklearn.PLSRegression(6, scale=False, tol=1e-15, max_iter=20_000).fit(features, scores)
    np.testing.assert_allclose(
        model.forecast(data.inputs).spectra - data.inputs.last[:, None],
        (oracle.predict(features) @ kept["change_axes"]).reshape(data.change.shape),
        atol=1e-8,
    )


def test_pls_chooses_fewer_components_where_there_is_only_noise() -> None:
    """Changes that nothing given can tell: persistence is kept, as validation shows."""
    random = np.random.default_rng(0)
    times = np.tile(np.arange(4) * 1.0, (40, 1))
    noise = random.normal(size=(40, 4, WAVENUMBER.size))
    drive = random.uniform(1, 2, (40, 4, 3)) * [1, 1, 300]
    data = windows(noise, times, drive)
    model = PartialLeastSquares(shares=(1.0,)).fit(
        data.rows(np.arange(20)), data.rows(np.arange(20, 40))
    )
    assert model.chosen["components"] == 2


@pytest.mark.parametrize("kind", BOTH)
def test_the_voltage_ahead_is_used(kind: type[FittedForecaster]) -> None:
    data, _ = sweeps(96)
    train, validation, test = (data.rows(np.arange(i, j)) for i, j in ((0, 60), (60, 75), (75, 96)))
    error = np.abs(kind().fit(train, validation).forecast(test.inputs).spectra - test.target).mean()
    blind = [
        Windows(
            ForecastInputs(
                part.inputs.given, part.inputs.given_times, part.inputs.times, WAVENUMBER
            ),
            part.target,
            part.block,
        )
        for part in (train, validation, test)
    ]
    model = kind().fit(blind[0], blind[1])
    unseen = np.abs(model.forecast(blind[2].inputs).spectra - test.target).mean()
    assert error < 0.5 * unseen


@pytest.mark.parametrize("kind", BOTH)
def test_the_descriptor_is_used(kind: type[FittedForecaster]) -> None:
    """Rates that only the descriptor tells of."""
    random = np.random.default_rng(0)
    rate = random.uniform(-1, 1, (40, 1))
    times = np.tile(np.arange(9) * 1.0, (40, 1))
    spectra = (rate * times)[..., None] * bands(1100.0)
    plain = windows(spectra, times)
    given = plain.inputs
    told = ForecastInputs(
        given.given, given.given_times, given.times, WAVENUMBER, given.drive, rate
    )
    model = kind().fit(Windows(told, plain.target, plain.block))
    assert np.abs(model.forecast(told).spectra - plain.target).max() < 0.05


@pytest.mark.parametrize("name", ["ridge", "pls", "dmd-control", "nearest-neighbour"])
def test_a_descriptor_that_never_varied_tells_nothing(name: str) -> None:
    """0.1 has no exact mean: its spread of 1e-17 is rounding, and no unit to count in."""
    data, _ = sweeps(23)
    given = data.inputs
    fixed = np.stack([np.full(23, 0.1), np.random.default_rng(0).uniform(0, 1, 23)], axis=1)
    assert fixed[:, 0].std() > 0

    def told(descriptor: np.ndarray) -> ForecastInputs:
        return ForecastInputs(
            given.given, given.given_times, given.times, WAVENUMBER, given.drive, descriptor
        )

    model = get_model(name)().fit(Windows(told(fixed), data.target, data.block))
    here = model.forecast(told(fixed)).spectra
    moved = fixed + np.array([0.3, 0.0])
    np.testing.assert_allclose(model.forecast(told(moved)).spectra, here, atol=1e-9)


@pytest.mark.parametrize("name", ["ridge", "pls", "dmd-control"])
def test_regressions_hold_what_lies_beyond_their_range(name: str) -> None:
    """A descriptor far outside of training counts as the nearest one inside."""
    data, _ = sweeps(24)
    given = data.inputs
    inside = np.linspace(0.0, 1.0, 24)[:, None]

    def forecast(descriptor: np.ndarray) -> np.ndarray:
        inputs = ForecastInputs(
            given.given, given.given_times, given.times, WAVENUMBER, given.drive, descriptor
        )
        return model.forecast(inputs).spectra

    told = ForecastInputs(
        given.given, given.given_times, given.times, WAVENUMBER, given.drive, inside
    )
    model = get_model(name)().fit(Windows(told, data.target, data.block))
    np.testing.assert_allclose(
        forecast(np.full_like(inside, 1e6)), forecast(np.ones_like(inside)), atol=1e-9
    )


@pytest.mark.parametrize("kind", BOTH)
def test_saved_and_loaded_it_forecasts_the_same_at_other_times(
    kind: type[FittedForecaster], tmp_path: Path
) -> None:
    data, _ = sweeps(24)
    model = kind().fit(data)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert type(again) is kind
    assert get_model(kind.name) is kind
    times = np.sort(np.random.default_rng(0).uniform(1, 2000, (24, 40)), axis=1)
    drive = np.full((24, 41, 3), np.nan)
    drive[..., 0] = 1.0
    other = ForecastInputs(data.inputs.given, data.inputs.given_times, times, WAVENUMBER, drive)
    found = again.forecast(other).spectra
    np.testing.assert_array_equal(found, model.forecast(other).spectra)
    assert found.shape == (24, 40, WAVENUMBER.size)


@pytest.mark.parametrize("kind", BOTH)
def test_what_stands_still_is_forecast_exactly(kind: type[FittedForecaster]) -> None:
    still = decay()
    still = windows(
        np.repeat(still.inputs.given, 5, axis=1), np.tile(np.arange(5) * 60.0, (len(still), 1))
    )
    model = kind().fit(still)
    np.testing.assert_allclose(model.forecast(still.inputs).spectra, still.target, atol=1e-9)


@pytest.mark.parametrize("kind", BOTH)
def test_before_fitting_and_on_another_axis_it_refuses(kind: type[FittedForecaster]) -> None:
    data = decay()
    with pytest.raises(ModelError, match="not fitted"):
        kind().forecast(data.inputs)
    other = ForecastInputs(
        data.inputs.given, data.inputs.given_times, data.inputs.times, WAVENUMBER + 1
    )
    with pytest.raises(ModelError, match="Resample"):
        kind().fit(data).forecast(other)


def test_running_integral_of_a_line_is_its_parabola() -> None:
    times = np.array([[0.0, 0.5, 2.0, 3.0]])
    np.testing.assert_allclose(running_integral(2 * times, times), times**2)
    both = np.stack([times, 2 * times], axis=-1)
    np.testing.assert_allclose(running_integral(2 * both, times)[..., 1], 2 * times**2)
