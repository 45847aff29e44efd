"""What a cell was at its frames: amounts that balance to the last bit, and state functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.simulate.cell.build import Cell
from opir.simulate.kinetics.arrays import FARADAY
from opir.simulate.kinetics.integrate import Trajectory
from opir.simulate.kinetics.limit import limit_extents
from opir.simulate.reversible import Breathing, IonPairing, Solvation, local_concentration

__all__ = ["Course", "follow"]

_Floats = NDArray[np.float64]

_STRENGTH = 8e-4  # m3 mol-1, binding constant of a solvent of preference 1; chosen, see Solvation


@dataclass(frozen=True)
class Course:
    """A cell at its frames.

    Attributes:
        time: [s], ``[time]``.
        amounts: [mol m-2], never below 0, ``[time, species]``.
        extents: Of the irreversible reactions [mol m-2], never falling, ``[time, reaction]``.
        exchange: Extents of the two exchange reactions [mol m-2], ``[time, 2]``.
        voltage: Of the cell [V], ``[time]``.
        current: Of the cell [A], positive on charge, ``[time]``.
        temperature: [K], ``[time]``.
        potential: Of the watched electrode [V], ``[time]``.
        lithiation: Its degree of lithiation, ``[time]``.
        side_current: Of the reductions [A], ``[time]``.
        film: Thickness of the solids, and of the film with what it has taken up [m], ``[time, 2]``.
        salt: Concentration of the cation at the electrode [mol m-3], ``[time]``.
        bound: Coordinated or paired share of each species, 0 for those that have none,
            ``[time, species]``.
        corrected: The largest change made to an extent so that amounts stay above 0 [mol m-2].
    """

    time: _Floats
    amounts: _Floats
    extents: _Floats
    exchange: _Floats
    voltage: _Floats
    current: _Floats
    temperature: _Floats
    potential: _Floats
    lithiation: _Floats
    side_current: _Floats
    film: _Floats
    salt: _Floats
    bound: _Floats
    corrected: float


def follow(cell: Cell, trajectory: Trajectory, times: _Floats, library: Library) -> Course:
    """The course of a cell at times [s], rising, ``[time]``."""
    states = trajectory.at(times)
    shown = trajectory.observe(times, states)
    reactions = len(cell.reactions)
    fed = np.any(cell.exchange_stoichiometry != 0, axis=1)
    extents, corrected = limit_extents(
        states[:, :reactions], np.where(fed, np.inf, cell.amounts), cell.stoichiometry
    )
    inserted, potential = states[:, reactions + 1], states[:, reactions]
    host = int(np.argmax(cell.exchange_stoichiometry[:, 0] > 0))
    inserted = np.maximum(inserted, -cell.amounts[host])
    scalars = cell.scalars
    taken = np.array(
        [(-1.0 if r.electrode == "counter" else 1.0) * abs(r.electrons) for r in cell.reactions]
    )
    stored = scalars.double_layer * (scalars.initial_potential - potential) / FARADAY
    exchange = np.column_stack([inserted, inserted + extents @ taken + stored])
    amounts = (
        cell.amounts + extents @ cell.stoichiometry.T + exchange @ cell.exchange_stoichiometry.T
    )
    matter = np.array([name != "e-" for name in cell.species])
    amounts[:, matter] = np.maximum(amounts[:, matter], 0.0)  # rounding only
    compact = amounts @ cell.arrays.film_volume + scalars.initial_thickness
    breathing = Breathing(
        min(cell.model.solvation.breathing.value * cell.draws.factor("breathing"), 0.9)
    )
    temperature = shown["temperature"]
    salt, bound = _bound(cell, amounts, states[:, reactions + 3], temperature, library)
    return Course(
        time=times,
        amounts=amounts,
        extents=extents,
        exchange=exchange,
        voltage=shown["voltage"],
        current=shown["current"] * cell.area,
        temperature=temperature,
        potential=potential,
        lithiation=shown["lithiation"],
        side_current=shown["side_current"] * cell.area,
        film=np.column_stack([compact, breathing.thickness(compact, shown["lithiation"])]),
        salt=salt,
        bound=bound,
        corrected=corrected,
    )


def _bound(
    cell: Cell, amounts: _Floats, swing: _Floats, temperature: _Floats, library: Library
) -> tuple[_Floats, _Floats]:
    """Concentration of the cation at the electrode, and the bound share of every species."""
    solvation = cell.model.solvation
    index = {name: number for number, name in enumerate(cell.species)}
    bulk = amounts[:, index[f"{solvation.cation}+"]] / cell.height
    salt = local_concentration(np.minimum(bulk, 5900.0), swing)
    share = np.zeros_like(amounts)
    solvents = [name for name in solvation.preference if name in index]
    if solvents:
        number, slope = solvation.coordination_number.value, solvation.coordination_slope.value
        half = number / max(-slope, 1e-9) - 1.0  # mol/L; n and dn/dc at 1 mol/L are the given ones
        model = Solvation.from_preferences(
            [
                solvation.preference[name].value * np.exp(cell.draws.difference("preference", name))
                for name in solvents
            ],
            strength=_STRENGTH,
            places=number * (1 + 1 / half),
            half_concentration=half * 1e3,
        )
        columns = [index[name] for name in solvents]
        total = amounts[:, columns] / cell.height
        share[:, columns] = model.coordinated_fraction(total, salt, temperature)
    pairing = IonPairing(solvation.pairing_constant.value * 1e-3, solvation.pairing_enthalpy.value)
    for name in cell.species:
        item = library.species[name]
        if item.charge < 0 and "paired" in item.environments:
            anion = amounts[:, index[name]] / cell.height * salt / np.maximum(bulk, 1e-9)
            pairs = pairing.pairs(salt, anion, temperature)
            share[:, index[name]] = pairs / np.maximum(anion, 1e-12)
    return salt, np.clip(share, 0.0, 1.0)
