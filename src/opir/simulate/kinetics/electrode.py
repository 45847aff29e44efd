"""Electrodes: open-circuit potentials, insertion and plating, the balance of electrons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from opir.simulate.kinetics import scalar_index as at
from opir.simulate.kinetics.arrays import FARADAY, GAS_CONSTANT, CellArrays
from opir.simulate.kinetics.compiled import REFERENCE_TEMPERATURE, compiled

__all__ = [
    "cell_current",
    "counter_extent",
    "counter_potential",
    "insertion_current",
    "open_circuit",
]

_Floats = NDArray[np.float64]

_DILUTE = 0.005  # degree of lithiation from the ends inside which the entropy is added
_LEAST = 1e-5
_THERMAL = GAS_CONSTANT * 298.15 / FARADAY  # V
_STEEPNESS = 1e3  # V per unit of lithiation beyond 0 and 1
_STRIPPING = 5.0  # largest exponent of stripping: it outruns any current and is not stiffer still
_METAL = 1e-5  # mol m-2, about a layer of atoms: thinner deposits dissolve ever more slowly


@compiled
def open_circuit(table: _Floats, lithiation: float) -> float:
    """Open-circuit potential [V] by a cubic spline.

    Near empty and full the entropy of an ideal mixture is added, which keeps the degree of
    lithiation between 0 and 1.

    Args:
        table: Potentials and their second differences, see
            :attr:`~opir.simulate.kinetics.arrays.CellArrays.open_circuit`, ``[2, G]``.
        lithiation: The degree.
    """
    last = table.shape[1] - 1
    ends = 0.0
    if lithiation < _DILUTE:
        ends = -_THERMAL * math.log(max(lithiation, _LEAST) / _DILUTE)
        ends -= _STEEPNESS * min(lithiation - _LEAST, 0.0)
    elif lithiation > 1.0 - _DILUTE:
        ends = _THERMAL * math.log(max(1.0 - lithiation, _LEAST) / _DILUTE)
        ends += _STEEPNESS * min(1.0 - lithiation - _LEAST, 0.0)
    place = min(max(lithiation, 0.0), 1.0) * last
    low = min(int(place), last - 1)
    right = place - low
    left = 1.0 - right
    bend = (left**3 - left) * table[1, low] + (right**3 - right) * table[1, low + 1]
    return ends + left * table[0, low] + right * table[0, low + 1] + bend / 6.0


@compiled
def counter_extent(state: _Floats, cell: CellArrays) -> float:
    """Extent of the counter electrode's reaction, from the balance of electrons [mol m-2]."""
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    extent = state[reactions + 1]
    charged = scalars[at.INITIAL_POTENTIAL] - state[reactions]
    extent += scalars[at.DOUBLE_LAYER] * charged / FARADAY
    for r in range(reactions):
        if cell.laws[r, 1] == 1:
            extent -= cell.laws[r, 2] * state[r]
        else:
            extent += cell.laws[r, 2] * state[r]
    return extent


@compiled
def counter_potential(state: _Floats, cell: CellArrays) -> float:
    """Potential of the other electrode against the metal [V]; 0 for the metal itself."""
    scalars = cell.scalars
    if scalars[at.COUNTER_CAPACITY] <= 0.0:
        return 0.0
    lithiation = (
        scalars[at.COUNTER_LITHIATION] - counter_extent(state, cell) / scalars[at.COUNTER_CAPACITY]
    )
    return open_circuit(cell.open_circuit[1], lithiation)


@compiled
def insertion_current(state: _Floats, temperature: float, cell: CellArrays) -> float:
    """Current density of insertion or plating [A m-2], positive when lithium leaves.

    Butler-Volmer with equal transfer coefficients (Bard and Faulkner 2001, eq. 3.3.11).
    """
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    half = 0.5 * FARADAY / (GAS_CONSTANT * temperature)
    arrhenius = (1.0 / temperature - 1.0 / REFERENCE_TEMPERATURE) / GAS_CONSTANT
    exchange = scalars[at.EXCHANGE_CURRENT] * math.exp(-scalars[at.EXCHANGE_ENERGY] * arrhenius)
    phi, inserted = state[reactions], state[reactions + 1]
    if scalars[at.PLATING] > 0.0:
        there = max(inserted + scalars[at.CAPACITY], 0.0)
        bare = _METAL / (there + _METAL)
        argument = half * (phi + scalars[at.NUCLEATION] * bare - state[reactions + 2])
        argument = min(max(argument, -35.0), _STRIPPING)
        return exchange * (math.exp(argument) * (1.0 - bare) - math.exp(-argument))
    if scalars[at.CAPACITY] <= 0.0:
        return 0.0
    lithiation = scalars[at.INITIAL_LITHIATION] + inserted / scalars[at.CAPACITY]
    rest = open_circuit(cell.open_circuit[0], lithiation) + state[reactions + 2]
    return exchange * 2.0 * math.sinh(min(max(half * (phi - rest), -35.0), 35.0))


@compiled
def cell_current(
    value: float, controls_voltage: bool, state: _Floats, counter_potential: float, cell: CellArrays
) -> float:
    """Current of the cell per electrode surface [A m-2], positive when the cell is charged."""
    if not controls_voltage:
        return value
    scalars = cell.scalars
    phi = state[cell.laws.shape[0]]
    return (value - scalars[at.SIDE] * phi - counter_potential) / scalars[at.RESISTANCE]
