"""Cells: drawn constants, drives of a protocol, populations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opir.chemistry import library
from opir.errors import OptionError, ProtocolError, SimulationError, UnknownNameError
from opir.protocol import ConstantCurrent, ConstantVoltage, Measured, Protocol, Rest, Sweep
from opir.simulate.cell.build import build_cell
from opir.simulate.cell.drives import LONGEST_STEP, drives
from opir.simulate.cell.populations import list_populations
from opir.simulate.cell.variation import Draws, Spreads, default_spreads
from opir.system import Component


def draws(seed: int = 0, scale: float = 1.0) -> Draws:
    return Draws(np.random.default_rng(seed), default_spreads().scaled(scale))


def test_draws_are_recorded_and_have_their_spread() -> None:
    made = draws()
    many = made.factors("rate_constant", [str(n) for n in range(4000)])
    assert np.log(many).std() == pytest.approx(
        default_spreads().relative["rate_constant"], rel=0.05
    )
    assert made.values["rate_constant: 17"] == many[17]
    assert abs(np.log(many).mean()) < 0.02


def test_without_spread_every_cell_is_the_same() -> None:
    first, second = draws(1, 0.0), draws(2, 0.0)
    assert first.factor("resistance") == second.factor("resistance") == 1.0
    assert first.difference("potential", "x") == 0.0


def test_unknown_kinds_and_negative_spreads_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="rate_constant"):
        draws().factor("rate_constnt")
    with pytest.raises(OptionError, match="spread"):
        Spreads({"a": -1.0}, {})


def test_drives_follow_the_protocol() -> None:
    protocol = Protocol(
        [
            ConstantCurrent(current="-C/10", until_voltage=0.1),
            Rest(duration=60.0),
            Sweep(start=0.1, end=1.1, rate=1e-3),
            ConstantVoltage(voltage=1.1, until_current="C/100"),
        ],
        capacity=2e-3,
    )
    found = drives(protocol, area=0.5, temperature=298.15)
    assert [d.controls_voltage for d in found] == [False, False, True, True]
    np.testing.assert_allclose(found[0].values, -2e-4 / 0.5)
    assert found[0].needs_cutoff
    assert found[0].time[-1] == LONGEST_STEP
    assert found[0].until_voltage == 0.1
    np.testing.assert_allclose(found[2].time, [0.0, 1000.0])
    assert found[3].until_current == pytest.approx(2e-5 / 0.5)
    assert all((d.temperature == 298.15).all() for d in found)


def test_a_measured_course_imposes_its_voltage_and_keeps_its_jumps() -> None:
    step = Measured(
        time=(0.0, 10.0, 10.0, 20.0), voltage=(1.0, 0.9, 0.5, 0.4), current=(0, 0, 0, 0)
    )
    (found,) = drives(Protocol([step]), area=1.0, temperature=300.0)
    assert found.controls_voltage
    np.testing.assert_allclose(found.time, [0, 10, 10, 20])
    np.testing.assert_allclose(found.values, [1.0, 0.9, 0.5, 0.4])


def test_a_gap_in_a_measured_course_is_refused_with_its_place() -> None:
    step = Measured(time=(0.0, 10.0, 20.0), voltage=(1.0, None, 0.4))
    with pytest.raises(ProtocolError, match="neither voltage nor current") as error:
        drives(Protocol([step]), area=1.0, temperature=300.0)
    assert error.value.place == "steps[0]"


@pytest.mark.parametrize("name", sorted(library().systems))
def test_a_cell_of_every_system_is_consistent(name: str) -> None:
    known = library()
    cell = build_cell(known.systems[name], known, draws())
    arrays = cell.arrays
    assert (arrays.initial >= 0).all()
    assert np.isfinite(arrays.scalars).all()
    charges = np.array([known.species[s].charge for s in cell.species])
    assert charges[:-1] @ cell.amounts[:-1] == pytest.approx(0.0, abs=1e-12)  # without e-
    np.testing.assert_allclose(charges @ cell.stoichiometry, 0.0, atol=1e-12)
    np.testing.assert_allclose(charges @ cell.exchange_stoichiometry, 0.0, atol=1e-12)
    assert cell.species[-1] == "e-"
    assert cell.height > 0
    assert cell.capacity > 0


def test_coordinated_forms_keep_the_bands_that_do_not_move() -> None:
    known = library()
    cell = build_cell(known.systems["lp30-graphite"], known, draws(0, 0.0))
    table = list_populations(cell, known).table
    bound = table.populations.index(("EC", "Li_coordinated"))
    positions = table.position[table.population == bound]
    free = known.species["EC"].environments["free"]
    assert positions.size == len(free)
    assert 1483.0 in positions  # the CH2 scissor has no entry of its own when coordinated
    assert 1803.0 not in positions


def test_an_electrolyte_without_the_cation_is_refused() -> None:
    known = library()
    model = known.systems["lp30-graphite"]
    salt = {"name": "NaPF6", "amount": 1, "unit": "mol/L", "role": "salt"}
    parts = [part for part in model.system.electrolyte if part.role != "salt"]
    other = replace(model, system=model.system.model_copy(update={
        "electrolyte": (*parts, Component.model_validate(salt))
    }))  # fmt: skip
    with pytest.raises(SimulationError, match=r"has no Li\+"):
        build_cell(other, known, draws())
