"""What a model is told of the drive ahead, between the frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from opir.chemistry import library
from opir.models.abcc.library_mode import AbccLibrary
from opir.protocol import Protocol
from opir.simulate import simulate
from opir.workflows.conditions import Conditions, conditions
from tests.unit.workflows.small_model import described_model

HOLD = "hold 0.1 V for 8 h"


@pytest.fixture(scope="module")
def model() -> AbccLibrary:
    return described_model()


def charge(told: Conditions) -> float:
    """By straight lines between all that a model is told [C]."""
    frames = np.concatenate([told.given_times, told.times])
    times = np.concatenate([frames, told.record[:, 0]])
    current = np.concatenate([told.drive[:, 1], told.record[:, 2]])
    assert np.unique(times).size == times.size
    order = np.argsort(times)
    return float(np.trapezoid(current[order], times[order]))


def test_the_charge_of_a_simulated_peak_is_told(model: AbccLibrary) -> None:
    """Even rows counted a quarter too much."""
    name = "lp30-graphite"
    record = simulate(name, HOLD, vary=False, frames=2, wavenumber=[1000.0, 1001.0]).record()
    current = record.column("current")
    assert current is not None
    told = conditions(model, library().systems[name].system, HOLD)
    assert charge(told) == pytest.approx(np.trapezoid(current, record.time), rel=2e-3)


def test_the_charge_of_a_recorded_peak_is_told(model: AbccLibrary, tmp_path: Path) -> None:
    """Of a protocol that fixes voltage and current, read from a file, too."""
    times = np.concatenate([[0.0], np.geomspace(1e-2, 7200.0, 900)])
    current = -0.02 * np.exp(-times / 40.0) - 1e-4
    course = Protocol.from_measured(times, np.full(times.size, 0.1), current)
    path = course.to_file(tmp_path / "hold.yaml")
    told = conditions(model, library().systems["lp30-graphite"].system, path, frames=10)
    assert told.times.size > 60
    assert told.asked.sum() == 10
    assert charge(told) == pytest.approx(np.trapezoid(current, times), rel=2e-3)


def test_a_given_frame_keeps_what_was_recorded_with_it(model: AbccLibrary) -> None:
    given = np.array([[3.1, np.nan, 300.0]])
    told = conditions(model, library().systems["lp30-graphite"].system, HOLD, given_drive=given)
    assert told.drive[0, 0] == 3.1
    assert np.isfinite(told.drive[0, 1])
    assert told.drive[0, 2] == 300.0
    assert np.isfinite(told.potential).all()
