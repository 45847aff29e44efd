"""What the compiled kernel reads: one cell as plain arrays, and the layout of its state.

The state of a cell with ``R`` reactions is the vector ``[xi_1 .. xi_R, phi, inserted,
polarisation, swing, thickness]``:

====================  ===================================================================== ======
``xi``                extents of the irreversible reactions                                 mol m-2
``phi``               potential of the watched electrode against its metal                  V
``inserted``          extent of the insertion ``Li+ + e- -> Li(working)``                   mol m-2
``polarisation``      potential that slow transport in the particles adds                   V
``swing``             relative excess of salt at the electrode                              1
``thickness``         of the film that passivates                                           m
====================  ===================================================================== ======
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EXTRA_STATES",
    "FARADAY",
    "GAS_CONSTANT",
    "CellArrays",
    "Imposed",
    "Scalars",
    "SparseColumns",
    "pack",
]

FARADAY = 96485.33212
"""C mol-1 (CODATA 2018, exact)."""

GAS_CONSTANT = 8.31446261815324
"""J mol-1 K-1 (CODATA 2018, exact)."""

EXTRA_STATES = 5

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


class Scalars(NamedTuple):
    """The single numbers of a cell, in the order of the kernel's vector.

    Attributes:
        height: Volume of electrolyte per electrode surface [m].
        capacity: Of insertion, per electrode surface [mol m-2], or the metal that is there at the
            beginning; 0 for none.
        initial_lithiation: Degree of lithiation at the beginning.
        exchange_current: Of insertion or plating at 298.15 K [A m-2].
        exchange_energy: Its activation energy [J mol-1].
        double_layer: Capacitance [F m-2].
        resistance: Between electrode and terminals [ohm m2].
        polarisation_strength: Potential after long insertion at ``hourly_current`` [V].
        polarisation_time: Its relaxation time [s].
        hysteresis: Distance of the potentials of charge and discharge [V].
        hourly_current: Fills the electrode in one hour [A m-2].
        nucleation: Overpotential of the first deposit [V].
        swing_strength: Relative excess of salt at ``hourly_current``, anodic.
        swing_time: Its relaxation time [s].
        cracking: Share of the passivating thickness lost per unit change of lithiation.
        initial_thickness: Of the film [m].
        side: 1 for a half-cell, -1 for the negative electrode of a full cell.
        counter_capacity: Of the positive electrode per watched surface [mol m-2]; 0 for a metal.
        counter_lithiation: Its degree of lithiation at the beginning.
        plating: 1 if metal deposits below 0 V, else 0.
        initial_potential: Of the watched electrode [V].
    """

    height: float
    capacity: float
    initial_lithiation: float
    exchange_current: float
    exchange_energy: float
    double_layer: float
    resistance: float
    polarisation_strength: float
    polarisation_time: float
    hysteresis: float
    hourly_current: float
    nucleation: float
    swing_strength: float
    swing_time: float
    cracking: float
    initial_thickness: float
    side: float
    counter_capacity: float
    counter_lithiation: float
    plating: float
    initial_potential: float


class SparseColumns(NamedTuple):
    """A matrix ``[S, R]`` by its entries, column after column.

    Attributes:
        row: Row of each entry, ``[entry]``.
        value: Its value, ``[entry]``.
        start: First entry of each column, and the number of entries last, ``[R + 1]``.
    """

    row: _Integers
    value: _Floats
    start: _Integers

    @classmethod
    def of(cls, matrix: _Floats) -> SparseColumns:
        """The entries of ``matrix`` ``[S, R]`` that are not 0."""
        column, row = np.nonzero(matrix.T)
        start = np.searchsorted(column, np.arange(matrix.shape[1] + 1))
        return cls(row.astype(np.int64), matrix[row, column], start.astype(np.int64))

    def dense(self, rows: int) -> _Floats:
        """The matrix ``[rows, R]``."""
        columns = np.repeat(np.arange(self.start.size - 1), np.diff(self.start))
        matrix = np.zeros((rows, self.start.size - 1))
        matrix[self.row, columns] = self.value
        return matrix


class CellArrays(NamedTuple):
    """One cell for the kernel; ``S`` species, ``R`` reactions, ``C`` transport channels.

    Attributes:
        scalars: :class:`Scalars` as a vector.
        initial: Amounts at the beginning [mol m-2], ``[S]``.
        unit_amount: Amount of relative activity 1 [mol m-2], ``[S]``: 1 mol/L of what is in the
            electrolyte, 1e-5 mol m-2 of a solid.
        film_volume: Molar volume of what makes the film [m3 mol-1], 0 otherwise, ``[S]``.
        stoichiometry: Products positive.
        orders: Of the rates.
        laws: Code of the law, place (1 counter electrode, else 0), electrons, and the index of
            the dissolved species (-1: none), ``[R, 4]``.
        constants: rate constant, activation energy, potential, transfer coefficient, limiting
            rate, equilibrium constant or solubility, ``[R, 6]``.
        channels: Code of the transport law, ``[C]``.
        channel_constants: Three parameters and the activation energy, ``[C, 4]``.
        open_circuit: Working and counter electrode's open-circuit potential on an even grid of
            the degree of lithiation from 0 to 1, and its second derivative by a grid step, as a
            cubic spline has it [V], ``[2, 2, G]``.
    """

    scalars: _Floats
    initial: _Floats
    unit_amount: _Floats
    film_volume: _Floats
    stoichiometry: SparseColumns
    orders: SparseColumns
    laws: _Integers
    constants: _Floats
    channels: _Integers
    channel_constants: _Floats
    open_circuit: _Floats


def pack(cell: CellArrays) -> tuple[_Floats, _Integers]:
    """All arrays of a cell as one vector of numbers and one of integers.

    Handing two arrays to compiled code costs a tenth of handing over all of them; the kernel
    takes them apart again (its ``_unpack`` is the other half of this).
    """
    species, reactions = cell.initial.size, cell.laws.shape[0]
    columns, orders = cell.stoichiometry, cell.orders
    sizes = [
        species, reactions, cell.channels.size, cell.open_circuit.shape[-1],
        columns.row.size, orders.row.size,
    ]  # fmt: skip
    floats = [
        cell.scalars, cell.initial, cell.unit_amount, cell.film_volume, columns.value,
        orders.value, cell.constants.ravel(), cell.channel_constants.ravel(),
        cell.open_circuit.ravel(),
    ]  # fmt: skip
    integers = [
        np.array(sizes), columns.row, columns.start, orders.row, orders.start, cell.laws.ravel(),
        cell.channels,
    ]  # fmt: skip
    return (
        np.concatenate(floats).astype(np.float64),
        np.concatenate(integers).astype(np.int64),
    )


@dataclass(frozen=True)
class Imposed:
    """What is imposed during one step of a protocol.

    Attributes:
        controls_voltage: Whether ``values`` are the cell's voltage [V], else its current per
            electrode surface [A m-2], positive when the cell is charged.
        time: Corners of the course [s], rising, ``[corner]``.
        values: At the corners, ``[corner]``; linear between.
        temperature: At the corners [K], ``[corner]``.
        until_voltage, until_current: Cutoffs ([V], [A m-2]); None for none.
        needs_cutoff: Whether only the cutoff ends the step; the last corner is then the longest
            time allowed.
    """

    controls_voltage: bool
    time: _Floats
    values: _Floats
    temperature: _Floats
    until_voltage: float | None = None
    until_current: float | None = None
    needs_cutoff: bool = False

    @property
    def course(self) -> _Floats:
        """What the kernel reads: whether it controls the voltage, and the corners, ``[4, n]``."""
        kind = np.full(self.time.size, float(self.controls_voltage))
        return np.array([kind, self.time, self.values, self.temperature])
