"""What extents the library's rate constants expect of a run: a first guess, with wide limits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library, SystemModel
from opir.errors import OpirError
from opir.protocol import Protocol
from opir.simulate.cell.variation import Draws
from opir.simulate.single_run import Simulation, simulate

__all__ = ["Expected", "drives_of", "expected_extents", "steady"]

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
    ``varied`` are extents of cells whose constants differ from the library's as those of one kind
    do, ``[cell, time, reaction]``.
    """

    reactions: tuple[str, ...]
    extents: Array
    dilution: float
    shows: float | None = None
    varied: Array | None = None


def expected_extents(
    model: SystemModel,
    library: Library,
    time: Array,
    voltage: Array,
    current: Array | None,
    temperature: float | None,
    *,
    varied: int = 0,
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
        varied: How many cells with other constants to simulate too, by the spreads of
            :func:`opir.simulate.cell.variation.default_spreads` (all guessed). Those that cannot
            follow the drive are left out.

    Returns:
        What is expected, and nothing; or None and why not, in words.
    """
    if np.isfinite(voltage).sum() < 2:
        return None, "no voltage was recorded"
    drives = drives_of(model, library, time, voltage, current)
    why = ""
    for drive in drives:

        def cell(vary: float | Draws, drive: Protocol = drive) -> Simulation:
            return simulate(
                model,
                drive,
                temperature=temperature,
                frames=time,
                wavenumber=_AXIS,
                vary=vary,
                instrument=None,
                tolerance=_TOLERANCE,
                library=library,
            )

        try:
            made = cell(0.0)
        except OpirError as error:
            why = why or error.problem
            continue
        others = []
        for seed in range(varied):
            with suppress(OpirError):
                others.append(_grown(cell(Draws(np.random.default_rng(seed)))))
        return replace(_expected(made, model), varied=np.array(others) if others else None), ""
    return None, why


def drives_of(
    model: SystemModel, library: Library, time: Array, voltage: Array, current: Array | None
) -> list[Protocol]:
    """Protocols that follow what was recorded at the frames, the one to try first in front.

    Args:
        model: The system.
        library: Its electrodes.
        time: [s], rising, ``[time]``.
        voltage: [V], ``[time]``; NaN, of all but two at most, is bridged by straight lines.
        current: [A], positive on charge, ``[time]``, or None.
    """
    known = np.isfinite(voltage)
    low, high = model.window
    filled = np.interp(time, time[known], voltage[known])
    inside = np.clip(filled, low + _INSIDE, high - _INSIDE)
    drives = [Protocol.from_measured(time, voltage=inside)]
    if current is not None and np.isfinite(current).all():
        drives.append(Protocol.from_measured(time, current=steady(current)))
    if library.electrodes[model.working].kind == "plating":
        drives.reverse()  # a metal's voltage says little of its current
    return drives


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
    optics = model.optics
    dilution = optics["liquid_fraction"].value / made.cell.height / optics["area_per_volume"].value
    names = tuple(str(name) for name in made.truth["reaction"].values)
    shows = None
    if model.system.optics is not None:
        shows = optics["area_per_volume"].value * optics["path_length"].value
    return Expected(names, _grown(made), float(dilution), shows)


def _grown(made: Simulation) -> Array:
    """Extents since the first frame [mmol m-2], ``[time, reaction]``."""
    extents = 1e3 * np.maximum(made.truth["extents"].values, 0.0)
    # Rounding of the solver must not make them fall.
    return np.asarray(np.maximum.accumulate(extents - extents[:1], axis=0), dtype=np.float64)
