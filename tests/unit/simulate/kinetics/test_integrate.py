"""The integrator against closed forms of single laws, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from opir.errors import SimulationError
from opir.simulate.kinetics.arrays import FARADAY, CellArrays, Imposed, Scalars, SparseColumns
from opir.simulate.kinetics.integrate import Status, Trajectory, integrate
from opir.simulate.kinetics.reference import reference_integrate

pytest.importorskip("numba")
pytest.importorskip("sksundae")

GAS = 8.31446261815324
T = 298.15
LAWS = ["tafel", "chemical", "surface", "dissolution", "gas_evolution"]
CHANNELS = ["diffusion", "migration", "tunnelling", "interstitial"]


@dataclass
class Bench:
    """A made-up cell of few species; amounts in mol m-2, height 1 mm (so 1 mol m-2 is 1 mol/L)."""

    species: dict[str, float]
    reactions: Sequence[dict[str, Any]] = ()
    solids: Sequence[str] = ()
    channels: Sequence[tuple[str, list[float]]] = ()
    scalars: dict[str, float] = field(default_factory=dict)
    table: np.ndarray = field(default_factory=lambda: np.linspace(1.0, 0.0, 11))

    def build(self) -> CellArrays:
        names = list(self.species)
        shape = (len(names), len(self.reactions))
        stoichiometry, orders = np.zeros(shape), np.zeros(shape)
        laws, constants = [], []
        for column, reaction in enumerate(self.reactions):
            for name, value in reaction["makes"].items():
                stoichiometry[names.index(name), column] = value
            for name, value in reaction.get("orders", {}).items():
                orders[names.index(name), column] = value
            into = reaction.get("into")
            laws.append(
                [LAWS.index(reaction["law"]), 0, reaction.get("electrons", 0),
                 names.index(into) if into else -1]
            )  # fmt: skip
            constants.append(
                [reaction["k"], reaction.get("energy", 0.0), reaction.get("potential", 0.0),
                 reaction.get("alpha", 0.5), reaction.get("limit", 1e30), reaction.get("last", 0.0)]
            )  # fmt: skip
        defaults = dict.fromkeys(Scalars._fields, 0.0) | {
            "height": 1e-3, "double_layer": 1.0, "resistance": 1.0, "polarisation_time": 1.0,
            "hourly_current": 1.0, "swing_time": 1.0, "initial_thickness": 1e-9, "side": 1.0,
            "initial_potential": 1.0,
        }  # fmt: skip
        spline = np.array([self.table, np.zeros_like(self.table)])
        return CellArrays(
            scalars=np.array(Scalars(**(defaults | self.scalars))),
            initial=np.array(list(self.species.values())),
            unit_amount=np.array([1e-5 if n in self.solids else 1.0 for n in names]),
            film_volume=np.array([1e-4 if n in self.solids else 0.0 for n in names]),
            stoichiometry=SparseColumns.of(stoichiometry),
            orders=SparseColumns.of(orders),
            laws=np.array(laws, dtype=np.int64).reshape(-1, 4),
            constants=np.array(constants, dtype=np.float64).reshape(-1, 6),
            channels=np.array([CHANNELS.index(c) for c, _ in self.channels], dtype=np.int64),
            channel_constants=np.array([r for _, r in self.channels], dtype=float).reshape(-1, 4),
            open_circuit=np.array([spline, spline]),
        )


def held(voltage: float, duration: float, **more: Any) -> Imposed:
    return Imposed(
        True, np.array([0.0, duration]), np.full(2, voltage), np.full(2, more.pop("kelvin", T)),
        **more,
    )  # fmt: skip


def driven(current: float, duration: float, **more: Any) -> Imposed:
    return Imposed(
        False, np.array([0.0, duration]), np.full(2, current), np.full(2, more.pop("kelvin", T)),
        **more,
    )  # fmt: skip


def run(bench: Bench, *drives: Imposed, tolerance: float = 1e-8) -> Trajectory:
    found = integrate(bench.build(), drives, tolerance=tolerance)
    assert found.status is Status.SUCCESS
    return found


def test_a_double_layer_behind_a_resistance_charges_exponentially() -> None:
    bench = Bench({"A": 1.0}, scalars={"double_layer": 2.0, "resistance": 5.0})
    course = run(bench, held(2.0, 40.0))
    times = np.linspace(0.0, 40.0, 50)
    shown = course.observe(times)
    expected = 2.0 - np.exp(-times / 10.0)
    np.testing.assert_allclose(shown["potential"], expected, atol=1e-4)
    np.testing.assert_allclose(shown["current"], (2.0 - expected) / 5.0, atol=2e-5)


def test_a_constant_current_charges_a_double_layer_linearly_and_stops_at_the_cutoff() -> None:
    bench = Bench({"A": 1.0}, scalars={"double_layer": 2.0, "resistance": 5.0})
    course = run(bench, driven(-0.1, 1e6, until_voltage=0.2, needs_cutoff=True))
    # 1 V at first, minus 0.5 V of resistance, then -0.05 V/s down to 0.2 V
    assert course.end == pytest.approx(6.0, rel=1e-6)
    assert course.observe(np.array([course.end]))["voltage"][0] == pytest.approx(0.2, abs=1e-6)


def test_a_step_that_begins_past_its_cutoff_is_over_at_once() -> None:
    bench = Bench({"A": 1.0})
    course = run(bench, driven(-0.1, 100.0, until_voltage=1.5), driven(0.1, 3.0))
    assert course.pieces[0].time.size == 1
    assert course.end == pytest.approx(3.0)


def test_a_hold_ends_when_the_current_has_fallen() -> None:
    bench = Bench({"A": 1.0}, scalars={"double_layer": 2.0, "resistance": 5.0})
    course = run(bench, held(2.0, 1e4, until_current=0.02, needs_cutoff=True))
    assert course.end == pytest.approx(10.0 * np.log(0.2 / 0.02), rel=1e-5)


def test_first_order_decay_follows_arrhenius() -> None:
    reaction = {
        "law": "chemical", "makes": {"A": -1, "B": 1}, "orders": {"A": 1}, "k": 1.0,
        "energy": 5e4,
    }  # fmt: skip
    kelvin = 318.15
    k = 1e-3 * np.exp(-5e4 / GAS * (1 / kelvin - 1 / T))  # 1 mol m-3 s-1 at 1 mol/L, per second
    course = run(Bench({"A": 1.0, "B": 0.0}, [reaction]), driven(0.0, 2000.0, kelvin=kelvin))
    times = np.linspace(0, 2000.0, 30)
    np.testing.assert_allclose(course.at(times)[:, 0], 1 - np.exp(-k * times), rtol=1e-6, atol=1e-9)


def test_second_order_with_a_catalyst_and_an_equilibrium() -> None:
    reaction = {
        "law": "chemical", "makes": {"A": -2, "B": 1, "C": 1}, "orders": {"A": 2, "cat": 1},
        "k": 1.0, "last": 4.0,
    }  # fmt: skip
    bench = Bench({"A": 1.0, "B": 0.0, "C": 0.0, "cat": 1.0}, [reaction])
    extent = run(bench, driven(0.0, 1e6)).at(np.array([1e6]))[0, 0]
    assert extent**2 / (1 - 2 * extent) ** 2 == pytest.approx(4.0, rel=1e-4)


def test_dissolution_stops_at_saturation() -> None:
    reaction = {
        "law": "dissolution", "makes": {"S": -1, "L": 1}, "k": 1e-3, "last": 20.0, "into": "L",
    }  # fmt: skip
    bench = Bench({"S": 0.05, "L": 0.0}, [reaction], solids=["S"])
    extent = run(bench, driven(0.0, 1e6)).at(np.array([1e6]))[0, 0]
    assert extent == pytest.approx(0.02, rel=1e-3)  # 20 mol m-3 in a height of 1 mm


def test_gas_leaves_down_to_its_solubility() -> None:
    reaction = {"law": "gas_evolution", "makes": {"L": -1, "G": 1}, "k": 1e-2, "last": 30.0}
    bench = Bench({"L": 0.1, "G": 0.0}, [reaction])
    times = np.linspace(0.0, 500.0, 20)
    extents = run(bench, driven(0.0, 500.0)).at(times)[:, 0]
    np.testing.assert_allclose(extents, 0.07 * (1 - np.exp(-1e-2 * times)), rtol=1e-5, atol=1e-9)


REDUCTION = {
    "law": "tafel", "makes": {"A": -1, "S": 1}, "orders": {"A": 1}, "electrons": 1, "k": 1e-3,
    "potential": 0.5,
}  # fmt: skip


def test_tafel_law_at_a_held_potential() -> None:
    bench = Bench(
        {"A": 1.0, "S": 0.0},
        [REDUCTION | {"k": 1e-9}],
        scalars={"resistance": 1e-6, "initial_potential": 0.3},
    )
    rate = run(bench, held(0.3, 10.0)).pieces[0].change[-1, 0]
    assert rate == pytest.approx(1e-9 * np.exp(0.5 * FARADAY / (GAS * T) * 0.2), rel=1e-6)


def test_tafel_law_has_the_ceiling_of_mass_transfer() -> None:
    bench = Bench(
        {"A": 1.0, "S": 0.0},
        [REDUCTION | {"limit": 1e-8}],
        scalars={"resistance": 1e-6, "initial_potential": 0.0},
    )
    rate = run(bench, held(0.0, 1.0)).pieces[0].change[-1, 0]
    assert rate == pytest.approx(1e-8, rel=1e-3)


@pytest.mark.parametrize(
    ("channel", "law"),
    [
        (("diffusion", [1e-20, 1000.0, 0.0, 0.0]), "parabolic"),
        (("migration", [1e-13, 1.0, 0.0, 0.0]), "parabolic"),
        (("interstitial", [1e-21, 1000.0, 0.0, 0.0]), "parabolic"),
        (("tunnelling", [1e-8, 1e-9, 2e-9, 0.0]), "logarithmic"),
    ],
)
def test_growth_through_a_film(channel: tuple[str, list[float]], law: str) -> None:
    """Fast kinetics leave the film in charge: L dL/dt = const, or dL/dt = const exp(-L/l)."""
    bench = Bench(
        {"A": 1.0, "S": 0.0},
        [REDUCTION | {"k": 10.0}],
        solids=["S"],
        channels=[channel],
        scalars={"resistance": 1e-6, "initial_potential": 0.2},
    )
    times = np.geomspace(10.0, 1e5, 30)
    thickness = run(bench, held(0.2, 1e5)).at(times)[:, -1]
    _, (one, two, three, _) = channel
    first = 1e-9
    if law == "logarithmic":
        pace = 1e-4 * one * np.exp(three / two)
        expected = two * np.log(np.exp(first / two) + pace * times / two)
    else:
        flux = {
            "diffusion": one * two,
            "migration": one * (two - 0.2) / FARADAY,
            "interstitial": one * two * np.exp(-FARADAY * 0.2 / (GAS * T)),
        }[channel[0]]
        expected = np.sqrt(first**2 + 2 * 1e-4 * flux * times)
    np.testing.assert_allclose(thickness, expected, rtol=2e-3)


def test_reductions_share_one_interphase() -> None:
    other = REDUCTION | {"makes": {"B": -1, "S": 1}, "orders": {"B": 1}, "k": 3e-3}
    bench = Bench(
        {"A": 1.0, "B": 1.0, "S": 0.0},
        [REDUCTION, other],
        solids=["S"],
        channels=[("diffusion", [1e-20, 1000.0, 0.0, 0.0])],
        scalars={"resistance": 1e-6, "initial_potential": 0.2},
    )
    course = run(bench, held(0.2, 100.0))
    change, thickness = course.pieces[0].change[-1], course.pieces[0].state[-1, -1]
    assert change[1] / change[0] == pytest.approx(3.0, rel=1e-4)
    assert change[0] + change[1] == pytest.approx(1e-17 / thickness, rel=1e-3)


def test_what_is_used_up_stays_used_up() -> None:
    bench = Bench(
        {"A": 1e-6, "S": 0.0}, [REDUCTION | {"k": 1.0, "limit": 1.0}],
        scalars={"resistance": 1.0, "initial_potential": 0.0},
    )  # fmt: skip
    extent = run(bench, held(0.0, 1e4)).at(np.array([1e4]))[0, 0]
    assert extent == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize("drive", [held(0.1, 500.0), driven(-0.05, 500.0)])
def test_agrees_with_scipy(drive: Imposed) -> None:
    bench = Bench(
        {"A": 1.0, "B": 0.5, "S": 0.0},
        [
            REDUCTION | {"k": 1e-7, "limit": 1e-5},
            {"law": "surface", "makes": {"S": -1, "B": 1}, "orders": {"S": 1}, "k": 1e-9},
        ],
        solids=["S"],
        channels=[("tunnelling", [1e-7, 1e-9, 1e-9, 0.0])],
        scalars={
            "capacity": 1e-3, "exchange_current": 0.05, "initial_lithiation": 0.2,
            "polarisation_strength": 0.05, "hysteresis": 0.02, "swing_strength": 0.3,
            "cracking": 0.5, "polarisation_time": 100.0, "initial_potential": 0.8,
        },
        table=np.linspace(1.0, 0.05, 11),
    )  # fmt: skip
    cell = bench.build()
    course = integrate(cell, [drive], tolerance=1e-9)
    times = np.linspace(0.0, 500.0, 40)
    expected = reference_integrate(
        cell, drive, course.pieces[0].state[0], times, tolerance=1e-9, method="BDF"
    )
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(course.at(times) / scale, expected / scale, atol=2e-4)
    np.testing.assert_allclose(course.pieces[-1].state[-1] / scale, expected[-1] / scale, atol=1e-6)


def test_a_cutoff_out_of_reach_is_a_status_with_a_remedy() -> None:
    bench = Bench({"A": 1.0}, scalars={"capacity": 1.0, "exchange_current": 1.0,
                                       "initial_lithiation": 0.5})  # fmt: skip
    drive = driven(-0.01, 10.0, until_voltage=-0.5, needs_cutoff=True)
    course = integrate(bench.build(), [drive])
    assert course.status is Status.CUTOFF_NOT_REACHED
    assert course.place == 0
    assert "duration" in course.status.value


def test_a_hopeless_rate_is_a_status_and_no_crash() -> None:
    bench = Bench({"A": 1.0, "S": 0.0}, [REDUCTION | {"k": 1e300, "limit": 1e300}])
    course = integrate(bench.build(), [held(-50.0, 1e5)])
    assert course.status in (Status.FAILED, Status.TOO_MANY_STEPS)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, float("nan")])
def test_a_senseless_tolerance_is_refused(tolerance: float) -> None:
    with pytest.raises(SimulationError, match="tolerance"):
        integrate(Bench({"A": 1.0}).build(), [held(1.0, 1.0)], tolerance=tolerance)


def test_no_step_is_refused() -> None:
    with pytest.raises(SimulationError, match="no step"):
        integrate(Bench({"A": 1.0}).build(), [])
