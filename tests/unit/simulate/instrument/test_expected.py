"""What an instrument is expected to add later: no error of it can be told from the first frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from opir.errors import AxisError, SimulationError
from opir.simulate.instrument import Instrument, get_instrument
from opir.simulate.instrument.effects import (
    Drift,
    Effect,
    Flicker,
    Fringes,
    Noise,
    Resolution,
    Scene,
    Spikes,
    Throughput,
    Vapour,
)
from opir.simulate.instrument.expected import expected_later, resolved

AXIS = np.linspace(800.0, 1900.0, 24)
HOUR = 3600.0
TIME = np.array([0.0, 1.0, 3.0, 9.0]) * HOUR
FLAT = Throughput(source_temperature=0, low_width=0, high_width=0)


def shown(instrument: Instrument, absorbance: np.ndarray, number: int) -> np.ndarray:
    """What it adds, ``[draw, time, wavenumber]``."""
    spectra = np.tile(absorbance, (TIME.size, 1))
    generator = np.random.default_rng(11)
    return np.array(
        [instrument.measure(spectra, AXIS, TIME, generator).absorbance for _ in range(number)]
    ) - resolved(instrument, spectra, AXIS, TIME)


@pytest.mark.parametrize(
    "effects",
    [
        (Drift(), Noise(spread=0.0)),
        (Vapour(water=3e-3, carbon_dioxide=0.0), Noise(spread=0.0)),
        (Fringes(amplitude=2e-3), Noise(spread=0.0)),
        (Flicker(deviation=1e-3, exponent=1.2), Drift(), Spikes(share=0.05)),
        (Drift(), Noise(scans=64, reference_scans=16, spread=0.0, throughput=FLAT)),
    ],
    ids=["drift", "vapour", "fringes", "flicker", "reference"],
)
def test_the_error_is_uncorrelated_with_the_first_frame(effects: tuple[Effect, ...]) -> None:
    # This holds of the best linear guess and of no other.
    instrument = Instrument("trial", effects)
    absorbance = 0.2 + 0.3 * np.exp(-(((AXIS - 1300) / 150) ** 2))
    added = shown(instrument, absorbance, 1500)
    later, first = added[:, 1:], added[:, 0]
    linear = np.array(
        [expected_later(instrument, unit, absorbance, AXIS, TIME) for unit in np.eye(AXIS.size)]
    )
    guess = np.einsum("kv,vtw->ktw", first, linear)[:, 1:]
    error = later - guess
    spread = np.sqrt((first**2).mean(axis=0))
    size = np.sqrt((later**2).mean(axis=0))

    def largest(values: np.ndarray) -> float:
        """Largest correlation with any point of the first frame."""
        moments = np.einsum("ktw,kv->twv", values, first) / len(first)
        return float(np.abs(moments / (size[:, :, None] * spread)).max())

    assert largest(error) < 0.16  # chance alone makes 4.5 / sqrt(1500) = 0.12
    assert largest(later) > 0.4
    assert (error**2).mean() < min((later**2).mean(), ((later - first[:, None]) ** 2).mean())


def test_closed_forms() -> None:
    noise = Noise(scans=48, reference_scans=144, throughput=FLAT)
    residual = np.random.default_rng(0).standard_normal(AXIS.size)
    # Of independent sums, the share of the variance: 1/3 against 1.
    found = expected_later(Instrument("n", (noise,)), residual, 0 * AXIS, AXIS, TIME)
    np.testing.assert_allclose(found, np.tile(residual / 4, (TIME.size, 1)), rtol=1e-6)
    # Where little light is left, the frame's own noise is ten times as large.
    dark = expected_later(Instrument("n", (noise,)), residual, 0 * AXIS + 1, AXIS, TIME)
    np.testing.assert_allclose(dark, np.tile(residual / 301, (TIME.size, 1)), rtol=1e-6)
    # An offset among next to no noise is taken as it is, and for good.
    drift = Instrument("d", (Drift(), Noise(per_scan=1e-9)))
    offset = expected_later(drift, np.full(AXIS.size, 2e-3), 0 * AXIS, AXIS, TIME)
    np.testing.assert_allclose(offset, 2e-3, rtol=1e-5)
    # A gas is taken as it is at once, and half of it for good.
    gas = Instrument("g", (Vapour(carbon_dioxide=0), Noise(per_scan=1e-9, reference_scans=0)))
    line = gas.effects[0].apply(
        np.zeros((1, AXIS.size)), Scene(AXIS, np.zeros(1)), np.random.default_rng(1), {}
    )[0]
    found = expected_later(gas, line, 0 * AXIS, AXIS, np.array([0.0, 1e9]))
    np.testing.assert_allclose(found, [line, line / 2], atol=1e-4 * np.abs(line).max())


@pytest.mark.parametrize("name", ["bench", "good", "poor", "shifted-grating"])
def test_every_instrument_is_known(name: str) -> None:
    axis = np.linspace(800.0, 1900.0, 64)
    device = get_instrument(name)
    found = expected_later(device, np.full(64, 1e-3), np.full(64, 0.1), axis, TIME)
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 2e-3


def test_resolved_spectra_are_those_of_an_instrument_without_chance() -> None:
    axis = np.linspace(800.0, 1900.0, 512)
    band = np.exp(-(((axis - 1300) / 6) ** 2))[None]
    time = np.zeros(1)
    seen = resolved(get_instrument("poor"), band, axis, time)
    only = Instrument("only", (Resolution(fwhm=8.0),))
    assert (seen == only.measure(band, axis, time, np.random.default_rng(5)).absorbance).all()
    assert seen.max() < 0.95 * band.max()


def test_what_does_not_fit_is_refused() -> None:
    @dataclass(frozen=True)
    class Other(Effect):
        name: ClassVar[str] = "other"

    with pytest.raises(SimulationError, match="other"):
        expected_later(Instrument("o", (Other(),)), 0 * AXIS, 0 * AXIS, AXIS, TIME)
    with pytest.raises(AxisError):
        expected_later(Instrument("o"), np.zeros(3), 0 * AXIS, AXIS, TIME)
