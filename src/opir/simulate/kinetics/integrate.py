"""Integration in time: SUNDIALS CVODE, one call for each step of the protocol.

CVODE (Hindmarsh et al. 2005, doi 10.1145/1089014.1089020) comes through scikit-sundae; its BDF
method takes the steps, its root finding ends a step of the protocol at the cutoff. Between its own
steps the course is the cubic Hermite interpolant of states and rates of change; only the
potential, whose rate of change is the small difference of large currents, is interpolated through
its values alone (monotone cubic, Fritsch and Carlson 1980, doi 10.1137/0717021).
"""

from __future__ import annotations

import contextlib
import enum
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import SimulationError, require
from opir.simulate.kinetics.arrays import EXTRA_STATES, CellArrays, Imposed, Scalars, pack

__all__ = ["Piece", "Status", "Trajectory", "integrate"]

_Floats = NDArray[np.float64]

_MOST_CALLS = 400_000
_EXTENT_SCALE = 1e-6  # mol m-2, about a tenth of a first layer
_EXTRA_SCALES = (1e-2, 1e-4, 1e-3, 1e-2, 1e-9)  # V, mol m-2, V, 1, m
_CAPACITY_SCALE = 1e-3  # of the capacity, where something inserts


class Status(enum.Enum):
    """How the integration ended; the text says what to do."""

    SUCCESS = "the whole protocol was followed"
    CUTOFF_NOT_REACHED = (
        "a step did not reach its cutoff in the longest time allowed; give it a duration, or a "
        "cutoff that the cell can reach"
    )
    TOO_MANY_STEPS = (
        "the solver needed too many steps; loosen the tolerance, or look for a rate constant or "
        "current that is far out of proportion"
    )
    FAILED = (
        "the solver could not go on; look for a jump in the protocol, or a rate constant, current "
        "or temperature that is far out of proportion"
    )


@dataclass(frozen=True)
class Piece:
    """The course during one step of the protocol.

    Attributes:
        drive: What was imposed, on the clock of the run.
        time: Steps of the solver [s], ``[step]``.
        state, change: State and its rate of change there, ``[step, R + 5]``.
    """

    drive: Imposed
    time: _Floats
    state: _Floats
    change: _Floats

    def at(self, times: _Floats) -> _Floats:
        """States at times inside, ``[time, R + 5]``."""
        if self.time.size == 1:
            return np.repeat(self.state, times.size, axis=0)
        low = np.clip(np.searchsorted(self.time, times, side="right") - 1, 0, self.time.size - 2)
        width = np.diff(self.time)[low][:, None]
        share = ((times - self.time[low])[:, None]) / width
        square, cube = share**2, share**3
        bend = cube - 2 * square + share
        rise = 3 * square - 2 * cube
        left, right = self.change[low], self.change[low + 1]
        potential = self.state.shape[1] - EXTRA_STATES
        slope = _monotone_slopes(self.time, self.state[:, potential])
        left[:, potential], right[:, potential] = slope[low], slope[low + 1]
        return np.asarray(
            (1 - rise) * self.state[low]
            + rise * self.state[low + 1]
            + width * (bend * left + (cube - square) * right)
        )


def _monotone_slopes(time: _Floats, values: _Floats) -> _Floats:
    """Slopes at the nodes with which the cubic interpolant has no extremum of its own."""
    steps = np.diff(time)
    secants = np.diff(values) / steps
    slopes = np.r_[secants[0], np.zeros(time.size - 2), secants[-1]]
    before, after = secants[:-1], secants[1:]
    same = before * after > 0
    one, two = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    slopes[1:-1][same] = ((one + two)[same]) / (one[same] / before[same] + two[same] / after[same])
    return np.asarray(slopes)


@dataclass(frozen=True)
class Trajectory:
    """What a cell did.

    Attributes:
        cell: The cell.
        pieces: One for each step of the protocol that was begun.
        status: How it ended.
        place: Number of the step where it ended early; None for the whole protocol.
    """

    cell: CellArrays
    pieces: tuple[Piece, ...]
    status: Status
    place: int | None = None

    @property
    def end(self) -> float:
        """Time at the end [s]."""
        return float(self.pieces[-1].time[-1])

    @property
    def edges(self) -> _Floats:
        """Beginning of each step and end of the last [s], ``[step + 1]``."""
        return np.array([piece.time[0] for piece in self.pieces] + [self.end])

    def _which(self, times: _Floats) -> NDArray[np.int64]:
        ends = np.array([piece.time[-1] for piece in self.pieces[:-1]])
        return np.asarray(np.searchsorted(ends, times, side="right"), dtype=np.int64)

    def at(self, times: _Floats) -> _Floats:
        """States at times [s] in rising order, ``[time, R + 5]``."""
        which = self._which(times)
        found = np.empty((times.size, self.pieces[0].state.shape[1]))
        for number, piece in enumerate(self.pieces):
            here = which == number
            if here.any():
                found[here] = piece.at(times[here])
        return found

    def observe(self, times: _Floats, states: _Floats | None = None) -> dict[str, _Floats]:
        """What the cell showed at times in rising order, each ``[time]``.

        Returns:
            ``voltage`` [V], ``current`` [A m-2 of electrode surface, positive on charge],
            ``potential`` and ``counter_potential`` [V], ``lithiation``, ``counter_extent``
            [mol m-2], ``side_current`` of the reductions [A m-2], ``temperature`` [K].
        """
        from opir.simulate.kinetics import kernel

        states = self.at(times) if states is None else states
        which = self._which(times)
        packed = pack(self.cell)
        rows = np.empty((times.size, 8))
        for k, number in enumerate(which):
            course = self.pieces[number].drive.course
            kernel.observe(times[k], states[k], course, *packed, rows[k])
        names = (
            "voltage", "current", "potential", "counter_potential", "lithiation",
            "counter_extent", "side_current", "temperature",
        )  # fmt: skip
        return {name: rows[:, column] for column, name in enumerate(names)}


def integrate(
    cell: CellArrays, drives: Sequence[Imposed], *, tolerance: float = 1e-6, start: float = 0.0
) -> Trajectory:
    """Follow a protocol.

    Args:
        cell: The cell.
        drives: Steps of the protocol, each with its corners counted from its own beginning [s].
        tolerance: Relative tolerance; the absolute ones are this times typical values.
        start: Time at the beginning [s].

    Returns:
        The course, whole or up to where it failed; see :class:`Status`.

    Raises:
        SimulationError: If there is no step, or the tolerance is not between 1e-12 and 1e-2.
        MissingDependencyError: If scikit-sundae or numba is not installed.
    """
    if not drives:
        raise SimulationError("the protocol has no step", remedy="Give at least one step")
    if not 1e-12 <= tolerance <= 1e-2:
        raise SimulationError(
            f"the tolerance {tolerance:g} is not between 1e-12 and 1e-2", remedy="Use 1e-6"
        )
    require("numba", extra="simulate")
    os.environ.setdefault("SUNLOGGER_WARNING_FILENAME", os.devnull)  # the status tells it
    reactions = cell.laws.shape[0]
    scalars = Scalars(*cell.scalars)
    state = np.zeros(reactions + EXTRA_STATES)
    state[reactions] = scalars.initial_potential
    state[reactions + 4] = scalars.initial_thickness
    absolute = tolerance * np.r_[np.full(reactions, _EXTENT_SCALE), _EXTRA_SCALES]
    if scalars.capacity > 0 and scalars.plating <= 0:
        absolute[reactions + 1] = tolerance * _CAPACITY_SCALE * scalars.capacity
    packed = pack(cell)
    time = start
    pieces: list[Piece] = []
    for number, drive in enumerate(drives):
        moved = replace(drive, time=drive.time + time)
        piece, status = _follow(packed, moved, state, tolerance, absolute)
        pieces.append(piece)
        if status is not Status.SUCCESS:
            return Trajectory(cell, tuple(pieces), status, number)
        state, time = piece.state[-1].copy(), float(piece.time[-1])
    return Trajectory(cell, tuple(pieces), Status.SUCCESS)


def _follow(
    packed: tuple[_Floats, NDArray[np.int64]],
    drive: Imposed,
    state: _Floats,
    tolerance: float,
    absolute: _Floats,
) -> tuple[Piece, Status]:
    """One step of the protocol from ``state``."""
    from opir.simulate.kinetics import kernel

    cvode = require("sksundae.cvode", extra="simulate")
    rule = (drive.course, *packed)

    calls = 0

    def right_hand_side(time: float, state: _Floats, change: _Floats) -> None:
        nonlocal calls
        calls += 1
        if calls > _MOST_CALLS:
            raise _TooManyError
        kernel.derivative(time, state, change, *rule)

    scale = absolute / tolerance

    def jacobian(time: float, state: _Floats, change: _Floats, matrix: _Floats) -> None:
        kernel.jacobian(time, state, change, matrix, *rule, scale)

    begin, end = float(drive.time[0]), float(drive.time[-1])
    options: dict[str, Any] = {
        "jacfn": jacobian,
        "rtol": tolerance,
        "atol": absolute,
        "max_num_steps": 100_000,
    }
    if drive.time.size > 2:  # a measured course: no corner may be stepped over unseen
        options["max_step"] = max(float(np.diff(drive.time).max()), (end - begin) / 2000)
    if drive.until_voltage is not None or drive.until_current is not None:
        by_voltage = drive.until_voltage is not None
        limit = float((drive.until_voltage if by_voltage else drive.until_current) or 0.0)
        if (
            kernel.margin(begin, state, *rule, by_voltage, limit) <= 0.0
        ):  # past it already: over at once
            first = np.zeros_like(state)
            right_hand_side(begin, state, first)
            return Piece(drive, np.array([begin]), state[None], first[None]), Status.SUCCESS

        def events(time: float, state: _Floats, found: _Floats) -> None:
            found[0] = kernel.margin(time, state, *rule, by_voltage, limit)

        options |= {"eventsfn": events, "num_events": 1}
    solver = cvode.CVODE(right_hand_side, **options)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its failures there
            solution = solver.solve(np.array([begin, end]), state)
    except _TooManyError:
        return Piece(drive, np.array([begin]), state[None], np.zeros((1, state.size))), (
            Status.TOO_MANY_STEPS
        )
    times, states = np.asarray(solution.t), np.asarray(solution.y)
    keep = np.r_[True, np.diff(times) > 0]
    times, states = times[keep], states[keep]
    changes = np.empty_like(states)
    kernel.derivatives(times, states, changes, *rule)
    piece = Piece(drive, times, states, changes)
    if not solution.success or not np.isfinite(states).all():
        return piece, Status.FAILED
    if drive.needs_cutoff and solution.t_events is None:
        return piece, Status.CUTOFF_NOT_REACHED
    return piece, Status.SUCCESS


class _TooManyError(Exception):
    """Stops a solver that goes on for ever."""
