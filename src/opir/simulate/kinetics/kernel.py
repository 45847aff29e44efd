"""The right-hand side of a cell, compiled: reactions, electrodes and film put together.

Signs: the current density of the watched electrode is positive when it is oxidised.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from opir.simulate.kinetics import scalar_index as at
from opir.simulate.kinetics.arrays import FARADAY
from opir.simulate.kinetics.compiled import compiled, interpolate, unpack
from opir.simulate.kinetics.electrode import (
    cell_current,
    counter_extent,
    counter_potential,
    insertion_current,
)
from opir.simulate.kinetics.rates import rates_of_all

__all__ = ["derivative", "derivatives", "jacobian", "margin", "observe"]

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]

_DIFFERENCE = 1.5e-8  # square root of the rounding error
_HYSTERESIS_RATE = 0.02  # of the hourly current: slower than this the branches meet


@compiled
def derivative(
    time: float,
    state: _Floats,
    change: _Floats,
    course: _Floats,
    floats: _Floats,
    integers: _Integers,
) -> None:
    """Rates of change of the state, into ``change``.

    Args:
        time: [s].
        state: See :mod:`opir.simulate.kinetics.arrays`, ``[R + 5]``.
        change: Written, ``[R + 5]``.
        course: Of the :class:`~opir.simulate.kinetics.arrays.Imposed`.
        floats, integers: The cell, packed.
    """
    cell = unpack(floats, integers)
    controls_voltage = course[0, 0] > 0.0
    reactions = cell.laws.shape[0]
    columns = cell.stoichiometry
    scalars = cell.scalars
    temperature = interpolate(course[1], course[3], time)
    value = interpolate(course[1], course[2], time)
    other = counter_potential(state, cell)
    amounts = np.empty(cell.initial.size)
    side_current = rates_of_all(state, temperature, other, cell, amounts, change)
    insertion = insertion_current(state, temperature, cell)
    current = cell_current(value, controls_voltage, state, other, cell)
    electrode = scalars[at.SIDE] * current

    change[reactions] = (electrode - insertion - side_current) / scalars[at.DOUBLE_LAYER]
    change[reactions + 1] = -insertion / FARADAY
    hourly = insertion / scalars[at.HOURLY_CURRENT]
    target = scalars[at.POLARISATION_STRENGTH] * hourly
    target += 0.5 * scalars[at.HYSTERESIS] * math.tanh(hourly / _HYSTERESIS_RATE)
    change[reactions + 2] = (target - state[reactions + 2]) / scalars[at.POLARISATION_TIME]
    target = scalars[at.SWING_STRENGTH] * electrode / scalars[at.HOURLY_CURRENT]
    change[reactions + 3] = (target - state[reactions + 3]) / scalars[at.SWING_TIME]
    lithiation_rate = 0.0
    if scalars[at.CAPACITY] > 0.0 and scalars[at.PLATING] <= 0.0:
        lithiation_rate = change[reactions + 1] / scalars[at.CAPACITY]

    grown, lost, volume = 0.0, 0.0, 0.0
    for r in range(reactions):
        for entry in range(columns.start[r], columns.start[r + 1]):
            part = cell.film_volume[columns.row[entry]] * columns.value[entry] * change[r]
            if part > 0.0:
                grown += part
            else:
                lost += part
    for s in range(amounts.size):
        volume += cell.film_volume[s] * max(amounts[s], 0.0)
    thickness = state[reactions + 4]
    whole = max(volume, scalars[at.INITIAL_THICKNESS])
    intact = min(max(thickness, 0.0) / whole, 1.0)
    change[reactions + 4] = (
        grown + lost * intact - scalars[at.CRACKING] * abs(lithiation_rate) * max(thickness, 0.0)
    )


@compiled
def observe(
    time: float,
    state: _Floats,
    course: _Floats,
    floats: _Floats,
    integers: _Integers,
    found: _Floats,
) -> None:
    """What the cell shows: voltage, current, potentials, degree of lithiation.

    Args:
        time: [s].
        state: ``[R + 5]``.
        course: Of the drive.
        floats, integers: The cell, packed.
        found: Written: voltage, current, potential of the watched and of the other electrode,
            degree of lithiation of the watched electrode, counter extent, current density of the
            reductions, temperature, ``[8]``.
    """
    cell = unpack(floats, integers)
    controls_voltage = course[0, 0] > 0.0
    value = interpolate(course[1], course[2], time)
    temperature = interpolate(course[1], course[3], time)
    found[7] = temperature
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    other = counter_potential(state, cell)
    current = cell_current(value, controls_voltage, state, other, cell)
    found[0] = scalars[at.SIDE] * state[reactions] + other + current * scalars[at.RESISTANCE]
    found[1] = current
    found[2] = state[reactions]
    found[3] = other
    found[4] = scalars[at.INITIAL_LITHIATION]
    if scalars[at.CAPACITY] > 0.0:
        found[4] += state[reactions + 1] / scalars[at.CAPACITY]
    found[5] = counter_extent(state, cell)
    rates = np.empty(reactions)
    amounts = np.empty(cell.initial.size)
    found[6] = rates_of_all(state, temperature, other, cell, amounts, rates)


@compiled
def derivatives(
    times: _Floats,
    states: _Floats,
    changes: _Floats,
    course: _Floats,
    floats: _Floats,
    integers: _Integers,
) -> None:
    """:func:`derivative` at many times: ``[time]``, and ``[time, R + 5]`` twice."""
    for row in range(times.size):
        derivative(times[row], states[row], changes[row], course, floats, integers)


@compiled
def margin(
    time: float,
    state: _Floats,
    course: _Floats,
    floats: _Floats,
    integers: _Integers,
    until_voltage: bool,
    limit: float,
) -> float:
    """How far the cell is from the cutoff of the step, above 0 before it.

    Args:
        time, state, course, floats, integers: As for :func:`derivative`.
        until_voltage: Whether the cutoff is a voltage, reached in the direction of the current;
            else it is the size of the current.
        limit: The cutoff [V] or [A m-2].
    """
    cell = unpack(floats, integers)
    scalars = cell.scalars
    value = interpolate(course[1], course[2], time)
    other = counter_potential(state, cell)
    current = cell_current(value, course[0, 0] > 0.0, state, other, cell)
    if not until_voltage:
        return abs(current) - limit
    voltage = scalars[at.SIDE] * state[cell.laws.shape[0]] + other
    voltage += current * scalars[at.RESISTANCE]
    return limit - voltage if current > 0.0 else voltage - limit


@compiled
def jacobian(
    time: float,
    state: _Floats,
    change: _Floats,
    matrix: _Floats,
    course: _Floats,
    floats: _Floats,
    integers: _Integers,
    scale: _Floats,
) -> None:
    """Derivatives of :func:`derivative` by the state, by forward differences.

    Args:
        time, state, course, floats, integers: As for :func:`derivative`.
        change: What it gives at ``state``.
        matrix: Written, ``d change[i] / d state[j]``, ``[R + 5, R + 5]``.
        scale: Sizes below which a state counts as nothing, ``[R + 5]``.
    """
    moved = state.copy()
    found = np.empty(state.size)
    for column in range(state.size):
        moved[column] += _DIFFERENCE * max(abs(state[column]), scale[column])
        step = moved[column] - state[column]
        derivative(time, moved, found, course, floats, integers)
        for row in range(state.size):
            matrix[row, column] = (found[row] - change[row]) / step
        moved[column] = state[column]
