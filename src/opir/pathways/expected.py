"""What extents the library's rate constants expect of a run: a first guess, with wide limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library, SystemModel
from opir.errors import OpirError
from opir.protocol import Protocol
from opir.simulate.single_run import Simulation, simulate

__all__ = ["Expected", "expected_extents", "steady"]

Array = NDArray[np.float64]

_TOLERANCE = 1e-4
_AXIS = np.array([800.0, 1900.0])
_PEAK = 5.0
_INSIDE = 1e-3
"""Voltages outside of the cell's window are taken to be so far inside [V]."""


@dataclass(frozen=True)
class Expected:
    """Extents by reaction [mmol m-2], ``[time, reaction]``, and how much what is dissolved shows.

    How much surface meets the light is hardly known: what the spectra show is ``shows`` times as
    much, by the optics that the cell is said to have, within a factor; None where nothing is said.
    """

    reactions: tuple[str, ...]
    extents: Array
    dilution: float
    shows: float | None = None


def expected_extents(
    model: SystemModel,
    library: Library,
    time: Array,
    voltage: Array,
    current: Array | None,
    temperature: float | None,
) -> tuple[Expected | None, str]:
    """Simulate the cell with the library's constants, driven by what was recorded.

    Args:
        model: The system.
        library: Its reactions and electrodes.
        time: [s], rising, ``[time]``.
        voltage: [V], ``[time]``; NaN is bridged by straight lines.
        current: [A], positive on charge, ``[time]``, or None. It drives cells whose working
            electrode is a metal, and others where the voltage cannot.
        temperature: [K]; the system's where None.

    Returns:
        What is expected, and nothing; or None and why not, in words.
    """
    known = np.isfinite(voltage)
    if known.sum() < 2:
        return None, "no voltage was recorded"
    low, high = model.window
    filled = np.interp(time, time[known], voltage[known])
    inside = np.clip(filled, low + _INSIDE, high - _INSIDE)
    drives = [Protocol.from_measured(time, voltage=inside)]
    if current is not None and np.isfinite(current).all():
        drives.append(Protocol.from_measured(time, current=steady(current)))
    if library.electrodes[model.working].kind == "plating":
        drives.reverse()  # a metal's voltage says little of its current
    why = ""
    for drive in drives:
        try:
            made = simulate(
                model,
                drive,
                temperature=temperature,
                frames=time,
                wavenumber=_AXIS,
                vary=0.0,
                instrument=None,
                tolerance=_TOLERANCE,
                library=library,
            )
        except OpirError as error:
            why = why or error.problem
        else:
            return _expected(made, model), ""
    return None, why


def steady(current: Array) -> Array:
    """Current without the peaks at the beginning of steps, which last seconds, not frames [A].

    A value more than five times the next one is taken to be such a peak where the next one is
    not zero.

    Args:
        current: [A], ``[time]``.
    """
    later = np.append(current[1:], current[-1:])
    peak = (np.abs(current) > _PEAK * np.abs(later)) & (later != 0)
    return np.asarray(np.where(peak, later, current))


def _expected(made: Simulation, model: SystemModel) -> Expected:
    extents = 1e3 * np.maximum(made.truth["extents"].values, 0.0)
    optics = model.optics
    dilution = optics["liquid_fraction"].value / made.cell.height / optics["area_per_volume"].value
    # Rounding of the solver must not make them fall.
    grown = np.maximum.accumulate(extents - extents[:1], axis=0)
    names = tuple(str(name) for name in made.truth["reaction"].values)
    shows = None
    if model.system.optics is not None:
        shows = optics["area_per_volume"].value * optics["path_length"].value
    return Expected(names, np.asarray(grown, dtype=np.float64), float(dilution), shows)
