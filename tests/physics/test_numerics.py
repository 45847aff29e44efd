"""The numbers do not depend on how they were computed: tolerance, integrator, interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from opir import chemistry
from opir.simulate.cell.build import build_cell
from opir.simulate.cell.drives import drives
from opir.simulate.cell.variation import Draws, default_spreads
from opir.simulate.instrument import get_instrument
from opir.simulate.kinetics.electrode import open_circuit
from opir.simulate.kinetics.integrate import integrate
from opir.simulate.kinetics.reference import reference_integrate
from opir.simulate.protocols.limits import CellLimits
from opir.simulate.protocols.resolve import resolve_protocol
from opir.simulate.single_run import TOLERANCE, simulate

SYSTEMS = tuple(chemistry.library().systems)
AXIS = np.linspace(800.0, 1900.0, 221)


def noise_per_frame(spectra: np.ndarray, times: np.ndarray) -> float:
    """Median over frames of the noise that the bench instrument adds (second differences)."""
    seen = (
        get_instrument("bench").measure(spectra, AXIS, times, np.random.default_rng(5)).absorbance
    )
    rough = np.diff(seen - spectra, n=2, axis=1)
    each = np.median(np.abs(rough), axis=1) / 0.6745 / np.sqrt(6.0)
    return float(np.median(each))


@pytest.mark.parametrize("system", SYSTEMS)
def test_halving_the_tolerance_changes_less_than_a_tenth_of_the_noise(system: str) -> None:
    model = chemistry.library().systems[system]
    chosen = [p for p in ("formation-c10", "gitt", "ten-cycles") if p in model.protocols]
    for protocol in chosen or list(model.protocols[:3]):
        options = {"seed": 1, "instrument": None, "wavenumber": AXIS}
        made = {
            t: simulate(system, protocol, tolerance=t, **options)
            for t in (TOLERANCE, TOLERANCE / 2)
        }
        times = min((found.run.time for found in made.values()), key=lambda time: time[-1])
        spectra = []
        for t, found in made.items():
            if not np.array_equal(found.run.time, times):  # it ended later
                found = simulate(system, protocol, tolerance=t, frames=times, **options)
            spectra.append(found.truth["streams"].values.sum(axis=0))
        noise = noise_per_frame(spectra[0], times)
        assert np.abs(spectra[0] - spectra[1]).max() < 0.1 * noise, protocol


def test_the_course_converges_as_the_tolerance_falls() -> None:
    def extents(tolerance: float) -> np.ndarray:
        made = simulate(
            "lp57-graphite", "discharge at C/10 for 5 h", vary=False, instrument=None,
            wavenumber=AXIS, tolerance=tolerance,
        )  # fmt: skip
        return made.truth["extents"].values[-1]

    exact = extents(1e-10)
    scale = np.maximum(exact, 1e-9)
    errors = [np.abs((extents(t) - exact) / scale).max() for t in (1e-3, 1e-5, 1e-7)]
    assert errors[1] < errors[0] / 5
    assert errors[2] < errors[1] / 5
    assert errors[2] < 1e-4


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_compiled_integrator_agrees_with_scipys(system: str) -> None:
    library = chemistry.library()
    model = library.systems[system]
    cell = build_cell(model, library, Draws(np.random.default_rng(0), default_spreads()))
    limits = CellLimits.of_system(model, capacity=cell.capacity, temperature=cell.temperature)
    verb = "charge" if model.full_cell else "discharge"
    protocol = resolve_protocol(f"{verb} at C/10 for 1 h", limits)
    (drive,) = drives(protocol, area=cell.area, temperature=cell.temperature)
    course = integrate(cell.arrays, [drive], tolerance=1e-8)
    times = np.linspace(0.0, 3600.0, 13)
    expected = reference_integrate(
        cell.arrays, drive, course.pieces[0].state[0], times, tolerance=1e-7, method="LSODA"
    )
    found = course.at(times)
    scale = np.maximum(np.abs(expected).max(axis=0), 1e-12)
    np.testing.assert_allclose(found / scale, expected / scale, atol=2e-4)


@pytest.mark.parametrize(
    "name", [n for n, e in chemistry.library().electrodes.items() if e.kind == "insertion"]
)
def test_the_open_circuit_spline_goes_through_the_table(name: str) -> None:
    library = chemistry.library()
    model = next((m for m in library.systems.values() if name in (m.working, m.counter)), None)
    if model is None:
        pytest.skip(f"no system of the library uses {name}")
    cell = build_cell(model, library, Draws(np.random.default_rng(0), default_spreads().scaled(0)))
    table = cell.arrays.open_circuit[0 if model.working == name else 1]
    rows = library.electrodes[name].open_circuit.table
    smooth = PchipInterpolator(rows[:, 0], rows[:, 1])
    inside = rows[(rows[:, 0] >= 0.005) & (rows[:, 0] <= 0.995)]
    nodes = inside[np.abs(inside[:, 0] * 100 - np.round(inside[:, 0] * 100)) < 1e-9]
    assert nodes.shape[0] > 10
    found = np.array([open_circuit(table, x) for x in nodes[:, 0]])
    np.testing.assert_allclose(found, nodes[:, 1], atol=1e-9)
    between = np.linspace(0.05, 0.95, 181)
    found = np.array([open_circuit(table, x) for x in between])
    np.testing.assert_allclose(found, smooth(between), atol=5e-3)
