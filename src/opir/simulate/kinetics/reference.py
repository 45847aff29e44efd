"""The same cell in plain NumPy, to be integrated by SciPy: an oracle for tests and benchmarks.

Written apart from the compiled kernel, reaction by reaction as arrays, the way one would write it
for :func:`scipy.integrate.solve_ivp`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from opir.errors import SimulationError
from opir.simulate.kinetics.arrays import (
    EXTRA_STATES,
    FARADAY,
    GAS_CONSTANT,
    CellArrays,
    Imposed,
    Scalars,
)
from opir.simulate.kinetics.laws import LAWS
from opir.simulate.kinetics.transport import CHANNELS

__all__ = ["reference_integrate", "reference_right_hand_side"]

_Floats = NDArray[np.float64]

_LAW = {name: code for code, name in enumerate(LAWS)}


def _open_circuit(spline: CubicSpline, degree: float) -> float:
    thermal = GAS_CONSTANT * 298.15 / FARADAY
    ends = 0.0
    if degree < 0.005:
        ends = -thermal * np.log(max(degree, 1e-5) / 0.005) - 1e3 * min(degree - 1e-5, 0.0)
    elif degree > 0.995:
        ends = thermal * np.log(max(1 - degree, 1e-5) / 0.005) + 1e3 * min(1 - degree - 1e-5, 0.0)
    return float(ends + spline(min(max(degree, 0.0), 1.0)))


def reference_right_hand_side(
    cell: CellArrays, drive: Imposed
) -> Callable[[float, _Floats], _Floats]:
    """``f(time, state)`` of a cell during one step of a protocol; see the kernel for the state."""
    p = Scalars(*cell.scalars)
    reactions = cell.laws.shape[0]
    law, place, electrons, dissolved = cell.laws.T
    k0, energy, potential, alpha, limit, last = cell.constants.T
    reductions = (law == _LAW["tafel"]) & (place == 0)
    oxidations = (law == _LAW["tafel"]) & (place == 1)
    stoichiometry = cell.stoichiometry.dense(cell.initial.size)
    reactant = np.array([np.flatnonzero(column < 0)[-1] for column in stoichiometry.T])
    names = list(CHANNELS)
    orders = cell.orders.dense(cell.initial.size)
    grid = np.linspace(0, 1, cell.open_circuit.shape[-1])
    working, other = (CubicSpline(grid, rows[0]) for rows in cell.open_circuit)

    def right_hand_side(time: float, state: _Floats) -> _Floats:
        kelvin = np.interp(time, drive.time, drive.temperature)
        value = np.interp(time, drive.time, drive.values)
        extents = state[:reactions]
        phi, inserted, polarisation, swing, thickness = state[reactions:]
        film = max(thickness, p.initial_thickness)
        f = FARADAY / (GAS_CONSTANT * kelvin)
        arrhenius = (1 / kelvin - 1 / 298.15) / GAS_CONSTANT

        exchanged = inserted + p.double_layer * (p.initial_potential - phi) / FARADAY
        exchanged += np.sum(np.where(place == 1, -1, 1) * electrons * extents)
        counter = 0.0
        if p.counter_capacity > 0:
            counter = _open_circuit(other, p.counter_lithiation - exchanged / p.counter_capacity)

        amounts = cell.initial + stoichiometry @ extents
        relative = np.maximum(amounts, 0) / cell.unit_amount
        activity = np.prod(relative[:, None] ** orders, axis=0)
        k = k0 * np.exp(-energy * arrhenius)
        rates = np.zeros(reactions)
        with np.errstate(over="ignore"):
            exponent = np.where(
                place == 1, alpha * f * (counter - potential), -alpha * f * (phi - potential)
            )
            kinetic = k * np.exp(np.minimum(exponent, 80.0))
            tafel = activity * kinetic / (1 + kinetic / limit)
        rates[reductions | oxidations] = tafel[reductions | oxidations]
        logarithms = np.log(np.maximum(relative, 1e-30))
        with np.errstate(divide="ignore", over="ignore"):
            quotient = np.exp(stoichiometry.T @ logarithms)
            back = np.where(last > 0, np.maximum(0, 1 - quotient / last), 1.0)
        here = law == _LAW["chemical"]
        rates[here] = (p.height * k * activity * back)[here]
        here = law == _LAW["surface"]
        rates[here] = (k * activity * back)[here]
        for r in np.flatnonzero(law == _LAW["dissolution"]):
            c = max(amounts[dissolved[r]], 0) / p.height
            rates[r] = k[r] * max(amounts[reactant[r]], 0) * max(0, 1 - c / last[r])
        for r in np.flatnonzero(law == _LAW["gas_evolution"]):
            c = max(amounts[reactant[r]], 0) / p.height
            rates[r] = k[r] * p.height * max(0, c - last[r])

        supply = 0.0
        for code, row in zip(cell.channels, cell.channel_constants, strict=True):
            one, two, three = row[0] * np.exp(-row[3] * arrhenius), row[1], row[2]
            match names[code]:
                case "diffusion":
                    supply += one * two / film
                case "migration":
                    supply += one * max(two - phi, 0) / (FARADAY * film)
                case "tunnelling":
                    supply += one * np.exp(-max((film - three) / two, -60.0))
                case "interstitial":
                    supply += one * two * np.exp(min(-f * phi, 40.0)) / film
        demand = float(np.sum((electrons * rates)[reductions]))
        if cell.channels.size and demand > 0:
            share = 1 / (1 + demand / max(supply, 1e-300))
            rates[reductions] *= share
            demand *= share

        exchange = p.exchange_current * np.exp(-p.exchange_energy * arrhenius)
        if p.plating > 0:
            there = max(inserted + p.capacity, 0.0)
            bare = 1e-5 / (there + 1e-5)
            x = np.clip(0.5 * f * (phi + p.nucleation * bare - polarisation), -35, 5)
            insertion = exchange * (np.exp(x) * (1 - bare) - np.exp(-x))
        elif p.capacity > 0:
            rest = _open_circuit(working, p.initial_lithiation + inserted / p.capacity)
            x = np.clip(0.5 * f * (phi - rest - polarisation), -35, 35)
            insertion = exchange * 2 * np.sinh(x)
        else:
            insertion = 0.0
        current = value
        if drive.controls_voltage:
            current = (value - p.side * phi - counter) / p.resistance
        electrode = p.side * current

        change = np.empty(reactions + EXTRA_STATES)
        change[:reactions] = rates
        change[reactions] = (electrode - insertion + FARADAY * demand) / p.double_layer
        change[reactions + 1] = -insertion / FARADAY
        hourly = insertion / p.hourly_current
        target = p.polarisation_strength * hourly + 0.5 * p.hysteresis * np.tanh(hourly / 0.02)
        change[reactions + 2] = (target - polarisation) / p.polarisation_time
        target = p.swing_strength * electrode / p.hourly_current
        change[reactions + 3] = (target - swing) / p.swing_time
        pace = 0.0
        if p.capacity > 0 and p.plating <= 0:
            pace = change[reactions + 1] / p.capacity
        parts = cell.film_volume[:, None] * stoichiometry * rates
        volume = float(np.sum(cell.film_volume * np.maximum(amounts, 0)))
        intact = min(max(thickness, 0) / max(volume, p.initial_thickness), 1.0)
        change[reactions + 4] = (
            parts[parts > 0].sum()
            + parts[parts < 0].sum() * intact
            - p.cracking * abs(pace) * max(thickness, 0)
        )
        return change

    return right_hand_side


def reference_integrate(
    cell: CellArrays,
    drive: Imposed,
    state: _Floats,
    times: _Floats,
    *,
    tolerance: float = 1e-6,
    method: str = "LSODA",
) -> _Floats:
    """States at times during one step, by :func:`scipy.integrate.solve_ivp`.

    Args:
        cell, drive: As for the kernel.
        state: At the first of ``times``, ``[R + 5]``.
        times: [s], rising, ``[time]``.
        tolerance: Relative tolerance.
        method: A stiff method of SciPy.

    Returns:
        ``[time, R + 5]``.

    Raises:
        SimulationError: If SciPy's solver fails.
    """
    from scipy.integrate import solve_ivp

    reactions = cell.laws.shape[0]
    absolute = tolerance * np.r_[np.full(reactions, 1e-6), 1e-2, 1e-3, 1e-3, 1e-3, 1e-10]
    found = solve_ivp(
        reference_right_hand_side(cell, drive), (times[0], times[-1]), state, method=method,
        t_eval=times, rtol=tolerance, atol=absolute,
    )  # fmt: skip
    if not found.success:
        raise SimulationError(f"SciPy's solver failed: {found.message}")
    return np.asarray(found.y.T)
