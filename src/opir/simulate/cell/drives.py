"""A protocol as the drives that a cell is integrated with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opir.errors import ProtocolError
from opir.protocol import Measured, Protocol
from opir.protocol.base import Step
from opir.protocol.rates import amperes
from opir.protocol.steps import ConstantCurrent, ConstantVoltage
from opir.simulate.kinetics.arrays import Imposed

__all__ = ["LONGEST_STEP", "drives"]

LONGEST_STEP = 400 * 3600.0
"""Longest time that a step without a duration may take to its cutoff [s]."""


def drives(
    protocol: Protocol, *, area: float, temperature: float, warmer: float = 0.0
) -> list[Imposed]:
    """The drives of a protocol, one for each plain step.

    A measured course that holds a voltage imposes it; otherwise it imposes its current.

    Args:
        protocol: The protocol; C rates need its capacity.
        area: Real surface of the watched electrode [m2].
        temperature: Where the protocol gives none [K].
        warmer: How much warmer the cell is than what is asked for [K]; a recorded temperature
            stays as it is.

    Raises:
        ProtocolError: If a measured course has gaps, or a C rate lacks the capacity.
    """
    known = temperature if protocol.temperature is None else protocol.temperature
    found = []
    for place, step in protocol.leaves:
        drive = _drive(step, protocol.capacity, known, area, place)
        recorded = isinstance(step, Measured) and step.temperature is not None
        found.append(drive if recorded else replace(drive, temperature=drive.temperature + warmer))
    return found


def _drive(
    step: Step, capacity: float | None, temperature: float, area: float, place: str
) -> Imposed:
    bounds, begin, finish = step.course(0.0, capacity, temperature)
    corners = np.r_[bounds[:, 0], bounds[-1:, 1]]
    table = np.vstack([begin, finish[-1:]])
    if bounds.shape[0] > 1:  # a jump is a corner with both its values
        jump = np.flatnonzero((begin[1:] != finish[:-1]).any(axis=1))
        corners = np.insert(corners, jump + 1, bounds[jump, 1])
        table = np.insert(table, jump + 1, finish[jump], axis=0)
    voltage, current, kelvin = table.T
    controls_voltage = not np.isnan(voltage).any()
    values = voltage if controls_voltage else current / area
    if np.isnan(values).any() or np.isnan(kelvin).any():
        what = "neither voltage nor current is" if np.isnan(values).any() else "temperature is not"
        row = int(np.argmax(np.isnan(values) | np.isnan(kelvin)))
        raise ProtocolError(
            f"{what} known all through this step (first missing {corners[row]:g} s after its "
            "beginning)",
            place=place,
            remedy="Fill the gap, or end the protocol before it",
        )
    needs_cutoff = step.length is None
    if needs_cutoff:
        corners = np.array([0.0, LONGEST_STEP])
    until_voltage = step.until_voltage if isinstance(step, ConstantCurrent) else None
    until_current = None
    if isinstance(step, ConstantVoltage) and step.until_current is not None:
        until_current = amperes(step.until_current, capacity) / area
    return Imposed(
        controls_voltage, corners, values, kelvin, until_voltage, until_current, needs_cutoff
    )
