"""Rates of all reactions of a cell: the one place where codes of laws meet their functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from opir.simulate.kinetics import scalar_index as at
from opir.simulate.kinetics.arrays import FARADAY, GAS_CONSTANT, CellArrays
from opir.simulate.kinetics.compiled import REFERENCE_TEMPERATURE, compiled
from opir.simulate.kinetics.laws import chemical, dissolution, gas_evolution, surface, tafel
from opir.simulate.kinetics.transport import diffusion, interstitial, migration, tunnelling

__all__ = ["rates_of_all"]

_Floats = NDArray[np.float64]

_tafel = compiled(tafel.rate)
_chemical = compiled(chemical.rate)
_surface = compiled(surface.rate)
_dissolution = compiled(dissolution.rate)
_gas_evolution = compiled(gas_evolution.rate)
_diffusion = compiled(diffusion.flux)
_migration = compiled(migration.flux)
_tunnelling = compiled(tunnelling.flux)
_interstitial = compiled(interstitial.flux)

_TAFEL, _CHEMICAL, _SURFACE, _DISSOLUTION = 0, 1, 2, 3  # the order of LAWS
_DIFFUSION, _MIGRATION, _TUNNELLING = 0, 1, 2  # the order of CHANNELS


@compiled
def _activities(state: _Floats, cell: CellArrays, amounts: _Floats, relative: _Floats) -> None:
    """Amounts from extents, and relative to their unit, both never below 0."""
    columns = cell.stoichiometry
    amounts[:] = cell.initial
    for r in range(cell.laws.shape[0]):
        for entry in range(columns.start[r], columns.start[r + 1]):
            amounts[columns.row[entry]] += columns.value[entry] * state[r]
    for s in range(amounts.size):
        relative[s] = max(amounts[s], 0.0) / cell.unit_amount[s]


@compiled
def rates_of_all(
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
    height = scalars[at.HEIGHT]
    phi = state[reactions]
    thickness = max(state[reactions + 4], scalars[at.INITIAL_THICKNESS])
    relative = np.empty(amounts.size)
    _activities(state, cell, amounts, relative)
    thermal = GAS_CONSTANT * temperature
    arrhenius = (1.0 / temperature - 1.0 / REFERENCE_TEMPERATURE) / GAS_CONSTANT
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
