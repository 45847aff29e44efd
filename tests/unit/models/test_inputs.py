"""What forecasters are given is checked when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from opir.errors import AxisError, ValueRangeError
from opir.models import Forecast, ForecastInputs, Windows
from opir.protocol import Protocol, Sweep
from opir.run import Spectrum

GIVEN = np.zeros((2, 1, 5))
AXIS = np.linspace(1000, 1100, 5)


def inputs(**changes: object) -> ForecastInputs:
    values = {
        "given": GIVEN,
        "given_times": np.zeros((2, 1)),
        "times": np.array([[1.0, 5.0], [2.0, 3.0]]),
        "wavenumber": AXIS,
    }
    return ForecastInputs(**{**values, **changes})  # type: ignore[arg-type]


def test_the_drive_is_missing_unless_given() -> None:
    assert inputs().drive.shape == (2, 3, 3)
    assert np.isnan(inputs().drive).all()
    np.testing.assert_allclose(inputs().lead, [[1, 5], [2, 3]])


def test_rows_keep_what_belongs_together() -> None:
    part = inputs(given=np.arange(10.0).reshape(2, 1, 5)).rows([1])
    np.testing.assert_allclose(part.given[0, 0], np.arange(5, 10))
    np.testing.assert_allclose(part.times, [[2, 3]])


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"given": np.full((2, 1, 5), np.nan)}, ValueRangeError, "given holds 10"),
        ({"given": np.zeros((2, 5))}, AxisError, "3 dimensions"),
        ({"times": np.array([[1.0, 5.0], [3.0, 2.0]])}, AxisError, "not rising"),
        ({"times": np.array([[0.0, 5.0], [2.0, 3.0]])}, AxisError, "after the given"),
        ({"wavenumber": AXIS[:4]}, AxisError, "wavenumber"),
        ({"drive": np.zeros((2, 2, 3))}, AxisError, "drive"),
        ({"drive": np.full((2, 3, 3), 7.0)}, ValueRangeError, "voltage 7"),
    ],
)
def test_what_does_not_fit_is_refused(changes, error, match) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=match):
        inputs(**changes)


def test_a_target_with_nan_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="target"):
        Windows(inputs(), np.full((2, 2, 5), np.nan), np.arange(2))


def test_from_a_spectrum_and_a_protocol() -> None:
    spectrum = Spectrum.from_arrays(AXIS, np.arange(5.0))
    protocol = Protocol((Sweep(start=1.0, end=0.0, rate="10 mV/s"),))
    found = ForecastInputs.from_spectrum(
        spectrum, [10.0, 50.0], protocol=protocol, temperature=298.15
    )
    np.testing.assert_allclose(found.drive[0, :, 0], [1.0, 0.9, 0.5])
    assert np.isnan(found.drive[0, 1:, 1]).all()
    np.testing.assert_allclose(found.drive[0, :, 2], 298.15)


def test_a_forecast_becomes_a_run_that_says_so() -> None:
    forecast = Forecast(
        np.zeros((1, 2, 5)),
        np.array([[10.0, 20.0]]),
        AXIS,
        "test",
        streams={"a": np.zeros((1, 2, 5))},
        amounts=np.ones((1, 2, 1)),
        components=("component 1",),
    )
    run = forecast.to_run(voltage=np.array([1.0, np.nan]))
    assert run.origin == "forecast"
    assert run.missing["voltage"] == 1
    assert run.dataset["amount"].dims == ("time", "component")
    assert run.dataset["stream_a"].dims == ("time", "wavenumber")
