"""What holds for every simulated run, whatever its constants: conservation, signs, reversibility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from opir import chemistry
from opir.simulate.single_run import Simulation, simulate

SYSTEMS = tuple(chemistry.library().systems)
PROTOCOLS = ("formation-c10", "gitt", "ten-cycles")
AXIS = np.linspace(800.0, 1900.0, 111)


def composition(made: Simulation) -> tuple[NDArray[np.float64], list[str]]:
    """Elements and charge of every species, ``[species, element]``."""
    library = chemistry.library()
    species = [library.species[name] for name in made.cell.species]
    names = sorted({element for item in species for element in item.elements})
    table = np.array([[item.elements.get(n, 0) for n in names] + [item.charge] for item in species])
    return table.astype(np.float64), [*names, "charge"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_matter_and_charge_stay_and_nothing_is_below_zero(system: str) -> None:
    model = chemistry.library().systems[system]
    for number, protocol in enumerate(p for p in PROTOCOLS if p in model.protocols):
        made = simulate(system, protocol, seed=number, instrument=None, wavenumber=AXIS)
        amounts, extents = made.truth["amounts"].values, made.truth["extents"].values
        table, names = composition(made)
        totals = amounts @ table
        gross = np.maximum(np.abs(amounts[0]) @ np.abs(table), 1e-12)
        drift = np.abs(totals - totals[0]) / gross
        assert drift.max() < 1e-9, (protocol, names[int(drift.max(axis=0).argmax())])
        matter = np.array([name != "e-" for name in made.cell.species])
        assert (amounts[:, matter] >= 0).all()
        assert (extents >= 0).all()
        assert (np.diff(extents, axis=0) >= 0).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_electron_is_accounted_for(system: str) -> None:
    """What the wire brought is what was inserted, reduced, and stored on the double layer."""
    made = simulate(system, "formation-c10", vary=False, instrument=None, wavenumber=AXIS)
    cell, states = made.cell, made.trajectory.at(made.trajectory.edges)
    count = len(cell.reactions)
    reduced = np.array([abs(r.electrons) * (r.electrode == "working") for r in cell.reactions])
    wire, through = 0.0, 0.0  # charge, and its size whatever the direction [C m-2]
    for piece in made.trajectory.pieces:
        assert not piece.drive.controls_voltage
        assert np.ptp(piece.drive.values) == 0
        passed = float(piece.drive.values[0] * (piece.time[-1] - piece.time[0]))
        wire, through = wire + passed, through + abs(passed)
    side = -1.0 if cell.model.full_cell else 1.0
    stored = cell.scalars.double_layer * (cell.scalars.initial_potential - states[-1, count])
    taken = 96485.33212 * (states[-1, count + 1] + states[-1, :count] @ reduced) + stored
    assert taken == pytest.approx(-side * wire, abs=2e-5 * through)


@pytest.mark.parametrize(
    "system",
    [s for s in SYSTEMS if not s.endswith("-lithium")],  # a metal is at 0 V
)
def test_at_rest_above_every_onset_nothing_happens(system: str) -> None:
    library = chemistry.library()
    model = library.systems[system]
    electrode = [name for name in model.reactions if library.reactions[name].law == "tafel"]
    made = simulate(
        replace(model, reactions=tuple(electrode)),  # what reacts by itself left out
        "rest 20 h",
        water=0.0,
        vary=False,
        instrument=None,
        wavenumber=AXIS,
    )
    assert made.truth["potential"].values.min() > 2.0
    assert made.truth["extents"].values.max() < 1e-9  # mol m-2
    change = made.run.values - made.run.values[0]
    assert np.abs(change).max() < 1e-5  # a fortieth of the noise


@pytest.mark.parametrize(
    "system", ["lp30-graphite", "lp30-lto", "napf6-diglyme-hard-carbon", "ec-dec-carbon-black"]
)
def test_a_closed_loop_without_reactions_returns(system: str) -> None:
    model = chemistry.library().systems[system]
    high, low = (2.2, 1.2) if system == "lp30-lto" else (1.0, 0.2)
    loop = (
        f"hold {high} V for 60 h; sweep {high} V to {low} V to {high} V at 10 mV/min; "
        f"hold {high} V for 60 h"
    )
    hours = 3600.0
    around = 2 * (high - low) / 0.01 * 60
    times = np.array([0.0, 60 * hours, 60 * hours + around / 2, 120 * hours + around - 1.0])
    made = simulate(
        replace(model, reactions=()),
        loop,
        vary=False,
        instrument=None,
        wavenumber=AXIS,
        frames=times,
        tolerance=1e-7,
    )
    spectra = made.truth["streams"].values.sum(axis=0)
    assert np.abs(spectra[2] - spectra[1]).max() > 1e-4  # it did go away
    assert np.abs(spectra[3] - spectra[1]).max() < 1e-6


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_step_with_a_cutoff_ends_at_it(system: str) -> None:
    made = simulate(system, "formation-c10", seed=3, instrument=None, wavenumber=AXIS)
    reached = 0
    for number, piece in enumerate(made.trajectory.pieces):
        limit, end = piece.drive.until_voltage, float(piece.time[-1])
        if limit is None or end >= piece.drive.time[-1] - 1.0 or piece.time.size < 2:
            continue
        last = made.trajectory.observe(np.array([end - 1e-6]))["voltage"][0]
        assert last == pytest.approx(limit, abs=1e-4), number
        reached += 1
    if system not in ("fec-silicon", "ec-dec-carbon-black"):  # these run out of time first
        assert reached or system.endswith("-lithium")
