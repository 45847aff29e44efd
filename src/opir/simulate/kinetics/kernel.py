"""The right-hand side of a cell, compiled: every law and channel put together.

The one place where codes of laws meet their functions. Signs: the current density of the watched
electrode is positive when it is oxidised.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from opir.simulate.kinetics.arrays import (
    FARADAY,
    GAS_CONSTANT,
    CellArrays,
    Scalars,
    SparseColumns,
)
from opir.simulate.kinetics.laws import chemical, dissolution, gas_evolution, surface, tafel
from opir.simulate.kinetics.transport import diffusion, interstitial, migration, tunnelling

__all__ = ["derivative", "derivatives", "margin", "observe"]

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., object])


def _compiled(function: _Function) -> _Function:
    return cast(_Function, numba.njit(cache=True, error_model="numpy")(function))


_tafel = _compiled(tafel.rate)
_chemical = _compiled(chemical.rate)
_surface = _compiled(surface.rate)
_dissolution = _compiled(dissolution.rate)
_gas_evolution = _compiled(gas_evolution.rate)
_diffusion = _compiled(diffusion.flux)
_migration = _compiled(migration.flux)
_tunnelling = _compiled(tunnelling.flux)
_interstitial = _compiled(interstitial.flux)

_TAFEL, _CHEMICAL, _SURFACE, _DISSOLUTION = 0, 1, 2, 3  # the order of LAWS
_DIFFUSION, _MIGRATION, _TUNNELLING = 0, 1, 2  # the order of CHANNELS
(
    _HEIGHT, _CAPACITY, _INITIAL_LITHIATION, _EXCHANGE_CURRENT, _EXCHANGE_ENERGY, _DOUBLE_LAYER,
    _RESISTANCE, _POLARISATION_STRENGTH, _POLARISATION_TIME, _HYSTERESIS, _HOURLY_CURRENT,
    _NUCLEATION, _SWING_STRENGTH, _SWING_TIME, _CRACKING, _INITIAL_THICKNESS, _SIDE,
    _COUNTER_CAPACITY, _COUNTER_LITHIATION, _PLATING, _INITIAL_POTENTIAL,
) = range(len(Scalars._fields))  # fmt: skip
_SCALARS = len(Scalars._fields)
_REFERENCE_TEMPERATURE = 298.15
_DILUTE = 0.005  # degree of lithiation from the ends inside which the entropy is added
_LEAST = 1e-5
_THERMAL = GAS_CONSTANT * 298.15 / FARADAY  # V
_STEEPNESS = 1e3  # V per unit of lithiation beyond 0 and 1
_HYSTERESIS_RATE = 0.02  # of the hourly current: slower than this the branches meet
_METAL = 1e-7  # mol m-2: deposits thinner than this dissolve ever more slowly


@_compiled
def _unpack(floats: _Floats, integers: _Integers) -> CellArrays:
    """The cell that :func:`opir.simulate.kinetics.arrays.pack` packed, as views."""
    species, reactions, channels = integers[0], integers[1], integers[2]
    grid, entries, ordered = integers[3], integers[4], integers[5]
    i = 6
    rows = integers[i : i + entries]
    i += entries
    starts = integers[i : i + reactions + 1]
    i += reactions + 1
    order_rows = integers[i : i + ordered]
    i += ordered
    order_starts = integers[i : i + reactions + 1]
    i += reactions + 1
    laws = integers[i : i + 4 * reactions].reshape(reactions, 4)
    i += 4 * reactions
    codes = integers[i : i + channels]
    f = _SCALARS
    scalars = floats[:f]
    initial = floats[f : f + species]
    f += species
    unit_amount = floats[f : f + species]
    f += species
    film_volume = floats[f : f + species]
    f += species
    values = floats[f : f + entries]
    f += entries
    order_values = floats[f : f + ordered]
    f += ordered
    constants = floats[f : f + 6 * reactions].reshape(reactions, 6)
    f += 6 * reactions
    channel_constants = floats[f : f + 4 * channels].reshape(channels, 4)
    f += 4 * channels
    open_circuit = floats[f : f + 4 * grid].reshape(2, 2, grid)
    return CellArrays(
        scalars, initial, unit_amount, film_volume,
        SparseColumns(rows, values, starts),
        SparseColumns(order_rows, order_values, order_starts),
        laws, constants, codes, channel_constants, open_circuit,
    )  # fmt: skip


@_compiled
def _interpolate(grid: _Floats, values: _Floats, at: float) -> float:
    """Linear in a rising grid, constant outside."""
    last = grid.size - 1
    if at <= grid[0]:
        return values[0]
    if at >= grid[last]:
        return values[last]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if grid[middle] <= at:
            low = middle
        else:
            high = middle
    share = (at - grid[low]) / (grid[high] - grid[low])
    return values[low] + share * (values[high] - values[low])


@_compiled
def _open_circuit(table: _Floats, lithiation: float) -> float:
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


@_compiled
def _activities(state: _Floats, cell: CellArrays, amounts: _Floats, relative: _Floats) -> None:
    """Amounts from extents, and relative to their unit, both never below 0."""
    columns = cell.stoichiometry
    amounts[:] = cell.initial
    for r in range(cell.laws.shape[0]):
        for entry in range(columns.start[r], columns.start[r + 1]):
            amounts[columns.row[entry]] += columns.value[entry] * state[r]
    for s in range(amounts.size):
        relative[s] = max(amounts[s], 0.0) / cell.unit_amount[s]


@_compiled
def _counter_extent(state: _Floats, cell: CellArrays) -> float:
    """Extent of the counter electrode's reaction, from the balance of electrons [mol m-2]."""
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    extent = state[reactions + 1]
    extent += scalars[_DOUBLE_LAYER] * (scalars[_INITIAL_POTENTIAL] - state[reactions]) / FARADAY
    for r in range(reactions):
        if cell.laws[r, 1] == 1:
            extent -= cell.laws[r, 2] * state[r]
        else:
            extent += cell.laws[r, 2] * state[r]
    return extent


@_compiled
def _counter_potential(state: _Floats, cell: CellArrays) -> float:
    """Potential of the other electrode against the metal [V]; 0 for the metal itself."""
    scalars = cell.scalars
    if scalars[_COUNTER_CAPACITY] <= 0.0:
        return 0.0
    lithiation = (
        scalars[_COUNTER_LITHIATION] - _counter_extent(state, cell) / scalars[_COUNTER_CAPACITY]
    )
    return _open_circuit(cell.open_circuit[1], lithiation)


@_compiled
def _rates(
    state: _Floats,
    temperature: float,
    counter_potential: float,
    cell: CellArrays,
    amounts: _Floats,
    rates: _Floats,
) -> float:
    """Rates of all reactions [mol m-2 s-1]; returns the current density of the reductions."""
    reactions = cell.laws.shape[0]
    columns, orders = cell.stoichiometry, cell.orders
    scalars = cell.scalars
    height = scalars[_HEIGHT]
    phi = state[reactions]
    thickness = max(state[reactions + 4], scalars[_INITIAL_THICKNESS])
    relative = np.empty(amounts.size)
    _activities(state, cell, amounts, relative)
    thermal = GAS_CONSTANT * temperature
    arrhenius = (1.0 / temperature - 1.0 / _REFERENCE_TEMPERATURE) / GAS_CONSTANT
    per_volt = FARADAY / thermal

    demand = 0.0
    for r in range(reactions):
        law = cell.laws[r, 0]
        constant = cell.constants[r, 0] * math.exp(-cell.constants[r, 1] * arrhenius)
        activity = 1.0
        for entry in range(orders.start[r], orders.start[r + 1]):
            base = relative[orders.row[entry]]
            order = orders.value[entry]
            activity *= base if order == 1.0 else base**order
        if law == _TAFEL:
            overpotential = phi - cell.constants[r, 2]
            sign = -1.0
            if cell.laws[r, 1] == 1:
                overpotential = counter_potential - cell.constants[r, 2]
                sign = 1.0
            exponent = sign * cell.constants[r, 3] * per_volt * overpotential
            rates[r] = _tafel(constant, cell.constants[r, 4], activity, exponent)
            if cell.laws[r, 1] == 0:
                demand += cell.laws[r, 2] * rates[r]
        elif law in (_CHEMICAL, _SURFACE):
            quotient = 0.0
            equilibrium = cell.constants[r, 5]
            if equilibrium > 0.0:
                quotient = 1.0
                for entry in range(columns.start[r], columns.start[r + 1]):
                    base = max(relative[columns.row[entry]], 1e-30)
                    quotient *= base ** columns.value[entry]
            if law == _CHEMICAL:
                rates[r] = _chemical(constant, height, activity, quotient, equilibrium)
            else:
                rates[r] = _surface(constant, activity, quotient, equilibrium)
        else:
            reactant = 0
            for entry in range(columns.start[r], columns.start[r + 1]):
                if columns.value[entry] < 0.0:
                    reactant = columns.row[entry]
            dissolved = cell.laws[r, 3]
            if law == _DISSOLUTION:
                concentration = max(amounts[dissolved], 0.0) / height
                rates[r] = _dissolution(
                    constant, max(amounts[reactant], 0.0), concentration, cell.constants[r, 5]
                )
            else:
                concentration = max(amounts[reactant], 0.0) / height
                rates[r] = _gas_evolution(constant, height, concentration, cell.constants[r, 5])

    supply = 0.0
    for c in range(cell.channels.size):
        law = cell.channels[c]
        row = cell.channel_constants[c]
        one, two, three, energy = row[0], row[1], row[2], row[3]
        one *= math.exp(-energy * arrhenius)
        if law == _DIFFUSION:
            supply += _diffusion(one, two, thickness)
        elif law == _MIGRATION:
            supply += _migration(one, two - phi, thickness)
        elif law == _TUNNELLING:
            supply += _tunnelling(one, two, three, thickness)
        else:
            supply += _interstitial(one, two, -per_volt * float(phi), thickness)
    if cell.channels.size > 0 and demand > 0.0:
        share = 1.0 / (1.0 + demand / max(supply, 1e-300))
        for r in range(reactions):
            if cell.laws[r, 0] == _TAFEL and cell.laws[r, 1] == 0:
                rates[r] *= share
        return -FARADAY * demand * share
    return -FARADAY * demand


@_compiled
def _insertion_current(state: _Floats, temperature: float, cell: CellArrays) -> float:
    """Current density of insertion or plating [A m-2], positive when lithium leaves.

    Butler-Volmer with equal transfer coefficients (Bard and Faulkner 2001, eq. 3.3.11).
    """
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    half = 0.5 * FARADAY / (GAS_CONSTANT * temperature)
    arrhenius = (1.0 / temperature - 1.0 / _REFERENCE_TEMPERATURE) / GAS_CONSTANT
    exchange = scalars[_EXCHANGE_CURRENT] * math.exp(-scalars[_EXCHANGE_ENERGY] * arrhenius)
    phi, inserted = state[reactions], state[reactions + 1]
    if scalars[_PLATING] > 0.0:
        there = max(inserted + scalars[_CAPACITY], 0.0)
        bare = _METAL / (there + _METAL)
        argument = half * (phi + scalars[_NUCLEATION] * bare - state[reactions + 2])
        argument = min(max(argument, -35.0), 35.0)
        return exchange * (math.exp(argument) * (1.0 - bare) - math.exp(-argument))
    if scalars[_CAPACITY] <= 0.0:
        return 0.0
    lithiation = scalars[_INITIAL_LITHIATION] + inserted / scalars[_CAPACITY]
    rest = _open_circuit(cell.open_circuit[0], lithiation) + state[reactions + 2]
    return exchange * 2.0 * math.sinh(min(max(half * (phi - rest), -35.0), 35.0))


@_compiled
def _cell_current(
    value: float, controls_voltage: bool, state: _Floats, counter_potential: float, cell: CellArrays
) -> float:
    """Current of the cell per electrode surface [A m-2], positive when the cell is charged."""
    if not controls_voltage:
        return value
    scalars = cell.scalars
    phi = state[cell.laws.shape[0]]
    return (value - scalars[_SIDE] * phi - counter_potential) / scalars[_RESISTANCE]


@_compiled
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
    cell = _unpack(floats, integers)
    controls_voltage = course[0, 0] > 0.0
    reactions = cell.laws.shape[0]
    columns = cell.stoichiometry
    scalars = cell.scalars
    temperature = _interpolate(course[1], course[3], time)
    value = _interpolate(course[1], course[2], time)
    counter_potential = _counter_potential(state, cell)
    amounts = np.empty(cell.initial.size)
    side_current = _rates(state, temperature, counter_potential, cell, amounts, change)
    insertion = _insertion_current(state, temperature, cell)
    current = _cell_current(value, controls_voltage, state, counter_potential, cell)
    electrode = scalars[_SIDE] * current

    change[reactions] = (electrode - insertion - side_current) / scalars[_DOUBLE_LAYER]
    change[reactions + 1] = -insertion / FARADAY
    hourly = insertion / scalars[_HOURLY_CURRENT]
    target = scalars[_POLARISATION_STRENGTH] * hourly
    target += 0.5 * scalars[_HYSTERESIS] * math.tanh(hourly / _HYSTERESIS_RATE)
    change[reactions + 2] = (target - state[reactions + 2]) / scalars[_POLARISATION_TIME]
    target = scalars[_SWING_STRENGTH] * electrode / scalars[_HOURLY_CURRENT]
    change[reactions + 3] = (target - state[reactions + 3]) / scalars[_SWING_TIME]
    lithiation_rate = 0.0
    if scalars[_CAPACITY] > 0.0 and scalars[_PLATING] <= 0.0:
        lithiation_rate = change[reactions + 1] / scalars[_CAPACITY]

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
    whole = max(volume, scalars[_INITIAL_THICKNESS])
    intact = min(max(thickness, 0.0) / whole, 1.0)
    change[reactions + 4] = (
        grown + lost * intact - scalars[_CRACKING] * abs(lithiation_rate) * max(thickness, 0.0)
    )


@_compiled
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
    cell = _unpack(floats, integers)
    controls_voltage = course[0, 0] > 0.0
    value = _interpolate(course[1], course[2], time)
    temperature = _interpolate(course[1], course[3], time)
    found[7] = temperature
    reactions = cell.laws.shape[0]
    scalars = cell.scalars
    counter_potential = _counter_potential(state, cell)
    current = _cell_current(value, controls_voltage, state, counter_potential, cell)
    found[0] = (
        scalars[_SIDE] * state[reactions] + counter_potential + current * scalars[_RESISTANCE]
    )
    found[1] = current
    found[2] = state[reactions]
    found[3] = counter_potential
    found[4] = scalars[_INITIAL_LITHIATION]
    if scalars[_CAPACITY] > 0.0:
        found[4] += state[reactions + 1] / scalars[_CAPACITY]
    found[5] = _counter_extent(state, cell)
    rates = np.empty(reactions)
    amounts = np.empty(cell.initial.size)
    found[6] = _rates(state, temperature, counter_potential, cell, amounts, rates)


@_compiled
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


@_compiled
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
    cell = _unpack(floats, integers)
    scalars = cell.scalars
    value = _interpolate(course[1], course[2], time)
    counter_potential = _counter_potential(state, cell)
    current = _cell_current(value, course[0, 0] > 0.0, state, counter_potential, cell)
    if not until_voltage:
        return abs(current) - limit
    voltage = scalars[_SIDE] * state[cell.laws.shape[0]] + counter_potential
    voltage += current * scalars[_RESISTANCE]
    return limit - voltage if current > 0.0 else voltage - limit
