"""The potential of a graphite electrode from PyBaMM, for the same protocol.

PyBaMM's single particle model (Marquis et al. 2019, doi 10.1149/2.0341915jes) follows the protocol
with a published parameter set; the potential difference at the watched electrode's surface is then
imposed on the kinetics in place of opir's own electrode model. Reductions have no effect on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import SystemModel
from opir.errors import ProtocolError, SimulationError, require
from opir.protocol import Protocol
from opir.simulate.cell.build import Cell
from opir.simulate.kinetics.arrays import Imposed, Scalars

__all__ = ["PybammCourse", "impose", "pybamm_course"]

_Floats = NDArray[np.float64]

_HALF_CELL = "Ecker2015_graphite_halfcell"
_FULL_CELL = "Chen2020"
_EMPTY = 0.01  # degree of lithiation at the beginning
_LITTLE_RESISTANCE = 1e-4  # ohm m2: what is imposed is the potential at the surface


@dataclass(frozen=True)
class PybammCourse:
    """What PyBaMM's cell did.

    Attributes:
        time: [s], rising, ``[row]``.
        potential: Between electrode surface and electrolyte at the watched electrode [V].
        voltage: Of the cell [V].
        rate: Current over nominal capacity [1/h], positive on charge.
    """

    time: _Floats
    potential: _Floats
    voltage: _Floats
    rate: _Floats


def pybamm_course(protocol: Protocol, model: SystemModel, temperature: float) -> PybammCourse:
    """Follow a protocol with PyBaMM.

    Half-cells use the parameter set ``Ecker2015_graphite_halfcell``, full cells ``Chen2020``; C
    rates refer to the nominal capacity there.

    Args:
        protocol: Of steps that PyBaMM knows, currents as C rates.
        model: The system; its watched electrode must be graphite.
        temperature: [K].

    Raises:
        SimulationError: If the watched electrode is not graphite, or PyBaMM cannot follow.
        ProtocolError: If PyBaMM has no counterpart of a step.
        MissingDependencyError: If PyBaMM is not installed.
    """
    pybamm = require("pybamm", extra="pybamm")
    if model.working != "graphite":
        raise SimulationError(
            f"PyBaMM's parameter sets used here are of graphite; {model.name} has {model.working}",
            remedy="Use the electrode model of opir",
        )
    options = {} if model.full_cell else {"working electrode": "positive"}
    side = "negative" if model.full_cell else "positive"
    values = pybamm.ParameterValues(_FULL_CELL if model.full_cell else _HALF_CELL)
    most = values[f"Maximum concentration in {side} electrode [mol.m-3]"]
    updates: dict[str, Any] = {
        "Ambient temperature [K]": temperature,
        "Lower voltage cut-off [V]": model.window[0] - 0.02,
        "Upper voltage cut-off [V]": model.window[1] + 0.02,
    }
    start: dict[str, float] = {"initial_soc": _EMPTY}
    if not model.full_cell:
        updates["Initial concentration in positive electrode [mol.m-3]"] = _EMPTY * most
        start = {}
    values.update(updates)
    steps = protocol.to_pybamm()
    try:
        solution = pybamm.Simulation(
            pybamm.lithium_ion.SPM(options),
            parameter_values=values,
            experiment=pybamm.Experiment(steps),
        ).solve(**start)
        time, first = np.unique(solution["Time [s]"].entries, return_index=True)
        name = f"X-averaged {side} electrode surface potential difference [V]"
        potential, voltage, current = (
            np.asarray(solution[key].entries)[first] for key in (name, "Voltage [V]", "Current [A]")
        )
    except (pybamm.SolverError, ValueError) as error:
        raise SimulationError(
            f"PyBaMM could not follow the protocol: {str(error)[:200]}",
            remedy="Use other steps, or the electrode model of opir",
        ) from error
    if time.size < 2:
        raise ProtocolError(
            "PyBaMM ended the protocol as it began", remedy="Check its cutoffs against the window"
        )
    capacity = values["Nominal cell capacity [A.h]"]
    return PybammCourse(time - time[0], potential, voltage, -current / capacity)


def impose(cell: Cell, course: PybammCourse, temperature: float) -> tuple[Cell, list[Imposed]]:
    """A cell whose watched electrode is held at the course's potential, and its drive."""
    scalars = cell.scalars._replace(
        side=1.0, counter_capacity=0.0, resistance=_LITTLE_RESISTANCE,
        initial_potential=float(course.potential[0]),
    )  # fmt: skip
    held = replace(cell, arrays=cell.arrays._replace(scalars=np.array(Scalars(*scalars))))
    kelvin = np.full(course.time.size, temperature)
    return held, [Imposed(True, course.time, course.potential, kelvin)]
