"""What rate constants expect: the simulator's own extents, whatever the record leaves out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from opir.chemistry import library
from opir.pathways.expected import Expected, expected_extents, steady
from opir.workflows.simulate import SimulatedRun, simulate_run

KNOWN = library()
MODEL = KNOWN.systems["lp30-graphite"]


@pytest.fixture(scope="module")
def simulated() -> SimulatedRun:
    return simulate_run(
        "lp30-graphite", "formation-c10", frames=24, wavenumbers=64, vary=False, instrument="none"
    )


@pytest.fixture(scope="module")
def expected(simulated: SimulatedRun) -> Expected:
    found, why = expect(simulated)
    assert why == ""
    assert found is not None
    return found


def expect(simulated: SimulatedRun, **changed: object) -> tuple[Expected | None, str]:
    run = simulated.run
    asked = {
        "time": run.time,
        "voltage": run.on_time("voltage"),
        "current": run.on_time("current"),
        "temperature": None,
    }
    return expected_extents(MODEL, KNOWN, **{**asked, **changed})  # type: ignore[arg-type]


def test_extents_start_at_zero_and_never_fall(expected: Expected) -> None:
    assert expected.reactions == MODEL.reactions
    assert expected.extents.shape == (24, len(MODEL.reactions))
    np.testing.assert_array_equal(expected.extents[0], 0)
    assert np.diff(expected.extents, axis=0).min() >= 0
    assert 0 < expected.dilution < 10


def test_they_are_those_of_the_cell_with_the_librarys_constants(
    simulated: SimulatedRun, expected: Expected
) -> None:
    # the same cell driven by its current: the voltage that is recorded leads to the same extents
    truth = simulated.truth["extents"].values * 1e3
    names = [str(name) for name in simulated.truth["reaction"].values]
    for name in ("ec-to-ledc", "dmdohc"):
        true = truth[-1, names.index(name)] - truth[0, names.index(name)]
        found = expected.extents[-1, expected.reactions.index(name)]
        assert found == pytest.approx(true, rel=0.3)


def test_gaps_in_the_voltage_are_bridged(simulated: SimulatedRun, expected: Expected) -> None:
    voltage = np.array(simulated.run.on_time("voltage"))
    voltage[[3, 11, 12]] = np.nan
    found, why = expect(simulated, voltage=voltage)
    assert why == ""
    assert found is not None
    np.testing.assert_allclose(found.extents[-1], expected.extents[-1], rtol=0.3, atol=1e-4)


def test_without_voltage_there_is_no_expectation(simulated: SimulatedRun) -> None:
    voltage = np.full(24, np.nan)
    assert expect(simulated, voltage=voltage) == (None, "no voltage was recorded")
    voltage[4] = 1.0  # one value is no course
    assert expect(simulated, voltage=voltage)[0] is None


def test_voltages_beyond_the_window_are_taken_to_its_ends(simulated: SimulatedRun) -> None:
    low, high = MODEL.window
    beyond, _ = expect(simulated, voltage=np.linspace(high + 0.5, low - 0.5, 24))
    assert beyond is not None
    assert np.isfinite(beyond.extents).all()


def test_what_cannot_be_simulated_says_why(simulated: SimulatedRun) -> None:
    found, why = expect(simulated, temperature=5000.0)
    assert found is None
    assert "5000" in why
    assert "Traceback" not in why


def test_current_drives_where_the_voltage_cannot() -> None:
    # lithium on lithium: its voltage says next to nothing
    made = simulate_run("lp57-lithium", "cycling-c5", frames=64, wavenumbers=64, vary=False)
    run, model = made.run, KNOWN.systems["lp57-lithium"]
    voltage, current = run.on_time("voltage"), run.on_time("current")
    assert voltage is not None
    assert current is not None
    found, why = expected_extents(model, KNOWN, run.time, voltage, current, None)
    assert why == ""
    assert found is not None
    true = 1e3 * made.truth["extents"].values[-1].max()
    assert found.extents[-1].max() == pytest.approx(true, rel=0.05)


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-1, 1)))
def test_steady_currents_stay(current: np.ndarray) -> None:
    found = steady(current)
    assert found.shape == current.shape
    changed = found != current
    # only peaks change, and into what comes next
    later = np.append(current[1:], current[-1:])
    np.testing.assert_array_equal(found[changed], later[changed])
    assert np.all(np.abs(found) <= np.abs(current))


def test_peaks_at_the_beginning_of_steps_are_taken_off() -> None:
    current = np.array([0.0, -9.0, -1.0, -1.0, 6.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(steady(current), [0, -1, -1, -1, 1, 1, 1, 0])
