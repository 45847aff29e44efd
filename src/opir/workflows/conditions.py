"""What a model of described systems is told beside the spectrum: system, drive and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import library
from opir.errors import ModelError, OptionError, ProtocolError, SystemDescriptionError
from opir.models import Forecaster, ForecastInputs
from opir.models.descriptor import DESCRIPTOR, USUAL_CAPACITY, describe, relative_drive
from opir.models.inputs import DRIVE
from opir.models.known_systems import SIZE, KnownSystems
from opir.protocol import Protocol
from opir.run import Electrochemistry
from opir.run.axes import check_axis
from opir.run.readers import read
from opir.run.telling_rows import telling_times
from opir.simulate.protocols.limits import check_temperature
from opir.system import System

__all__ = ["Conditions", "conditions"]

Array = NDArray[np.float64]

_RELATIVE = ("voltage [V]", "C rate [1/h]", "temperature [K]")
_SLACK = 0.05
"""By how much of a range a value may lie outside without a note."""
_SHOWN = 4
_ALIKE = 1.1
"""Up to this ratio of :class:`opir.models.known_systems.Likeness` a system counts as known."""

_FRAMES = 63
"""Frames to forecast where neither times nor a number are asked for; models forecast at least at
so many, however few are asked for, since reactions follow one another."""
_TOLD = 8 * _FRAMES
"""How often models are told of the drive beside the frames."""


@dataclass(frozen=True)
class Conditions:
    """Everything but the spectra.

    Attributes:
        system: The cell.
        protocol: What is asked of it, resolved.
        given_times: Times of the given spectra after the first of them [s], ``[given]``.
        given_drive: Voltage [V], current [A], temperature [K] recorded with them, NaN where they
            were not, ``[given, 3]``; they stand in place of those of the protocol there.
        times: Times to forecast, on the same clock [s], ``[frames]``: those asked for, and others
            between them where these are few.
        asked: Which of them were asked for, ``[frames]``.
        drive: Voltage [V], current [A], temperature [K] at all these times,
            ``[given + frames, 3]``, NaN where not known.
        record: The same between these times: time [s], voltage, current and temperature,
            ``[row, 4]``.
        potential: Of the working electrode against the metal of its cation [V],
            ``[given + frames]``, NaN where not known.
        descriptor: See :func:`opir.models.descriptor.describe`, ``[feature]``.
        notes: What was assumed, and what lies outside of what the model was trained on.
        outside: Whether anything does.
        unlike: Whether the system is like none that the model was trained on.
    """

    system: System
    protocol: Protocol | None
    given_times: Array
    times: Array
    asked: NDArray[np.bool_]
    drive: Array
    record: Array
    potential: Array
    descriptor: Array
    notes: tuple[str, ...]
    outside: bool = False
    unlike: bool = False

    def inputs(self, given: Array, wavenumber: Array) -> ForecastInputs:
        """With the spectra.

        Args:
            given: ``[given, wavenumber]``.
            wavenumber: [cm-1], ``[wavenumber]``.
        """
        return ForecastInputs(
            given=given[None],
            given_times=self.given_times[None],
            times=self.times[None],
            wavenumber=wavenumber,
            drive=self.drive[None],
            descriptor=self.descriptor[None],
            record=self.record[None],
        )


@dataclass(frozen=True)
class _Frames:
    """When spectra are given and forecast, for a course whose end is known only afterwards."""

    given: Array
    ahead: Array | None
    count: int

    def plan(self, end: float) -> tuple[Array, NDArray[np.bool_]]:
        """Times ahead of a protocol that lasts so long [s].

        Where those asked for lie far apart, others come between them.

        Returns:
            The times, rising, and which of them are asked for.
        """
        asked = self.ahead
        if asked is None:
            asked = np.linspace(self.given[-1], end, self.count + 1)[1:]
        asked = np.minimum(asked, end)
        forecast = self._filled(asked)
        return forecast, np.isin(forecast, asked)

    def _filled(self, ahead: Array) -> Array:
        """With times in even steps between, where some lie further apart than these."""
        even = np.linspace(self.given[-1], ahead[-1], _FRAMES + 1)[1:-1]
        step = even[0] - self.given[-1]
        if np.diff(ahead, prepend=self.given[-1]).max() <= 1.001 * step:
            return ahead
        after = np.searchsorted(ahead, even)
        before = np.concatenate([self.given[-1:], ahead])[after]
        far = np.minimum(even - before, ahead[after] - even) > 0.01 * step
        return np.sort(np.concatenate([ahead, even[far]]))

    def times(self, edges: ArrayLike) -> Array:
        """Times [s] on the clock of the edges of the protocol's steps, ``[given + frames]``.

        Raises:
            ProtocolError: If the protocol ends before the forecast begins.
            OptionError: If times lie beyond its end.
        """
        steps = np.asarray(edges, dtype=np.float64)
        begin, end = float(steps[0]), float(steps[-1] - steps[0])
        if not end > self.given[-1]:
            raise ProtocolError(
                f"the protocol lasts {end:g} s and the last given spectrum is at "
                f"{self.given[-1]:g} s, so there is nothing to forecast",
                remedy="Give a protocol that goes on after the given spectra",
            )
        if self.ahead is not None and self.ahead[-1] > end * (1 + 1e-9):
            raise OptionError(
                f"times up to {self.ahead[-1]:g} s were asked for; the protocol ends at {end:g} s",
                remedy="Ask for times inside it",
            )
        return np.asarray(begin + np.concatenate([self.given, self.plan(end)[0]]))


def conditions(
    model: Forecaster,
    system: System | None,
    protocol: Protocol | Path | str | None,
    times: ArrayLike | None = None,
    *,
    frames: int | None = None,
    given_times: ArrayLike = (0.0,),
    given_drive: Array | None = None,
) -> Conditions:
    """What the model is told.

    A protocol that fixes the current leaves the voltage to the cell, and the other way round. What
    is not fixed is taken from a simulated cell of the system, one of usual constants and without
    components that no reaction of the library's system of that name knows, and a note says so; a
    measured protocol (a series with voltage and current) is taken as it is.

    Args:
        model: A model that was trained on described systems.
        system: The cell.
        protocol: A protocol, its file, a cycler's file, the name of one, or a text; see
            ``opir simulate``. It begins at the first given spectrum.
        times: Times after the first given spectrum [s], rising.
        frames: In their place, how many, evenly to the end of the protocol; 63 by default.
        given_times: Times of the given spectra after the first of them [s], ``[given]``.
        given_drive: Voltage [V], current [A], temperature [K] recorded with them, NaN where they
            were not, ``[given, 3]``; they stand in place of those of the protocol there.

    Raises:
        ModelError: If the system or the protocol is missing.
        OptionError: If times lie beyond the end of the protocol.
        ProtocolError: If the protocol ends before the forecast begins.
        ValueRangeError: If no electrolyte is a liquid at a temperature.
        UnknownNameError, SystemDescriptionError, SimulationError: As of
            :func:`opir.simulate.simulate`.
    """
    recipe = model.recipe
    if system is None:
        raise ModelError(
            f"the model {model.name!r} was trained on described systems and needs yours",
            remedy="Name one (--system lp57-graphite) or give its file",
        )
    if protocol is None:
        raise ModelError(
            "without a protocol there is no telling what the cell will do",
            remedy="Name one (--protocol formation-c10) or give a file",
        )
    if system.temperature is not None:
        check_temperature(system.temperature, system.name or "the system")
    descriptor = describe(system)
    given = np.asarray(given_times, dtype=np.float64)
    ahead = None if times is None else check_axis(times, "time", increasing=True)
    if ahead is not None and not ahead[0] > given[-1]:
        raise OptionError(
            f"the first time asked for is {ahead[0]:g} s; the last given spectrum is at "
            f"{given[-1]:g} s",
            remedy="Ask for times after it",
        )
    when = _Frames(given, ahead, _FRAMES if frames is None else frames)
    asked = _asked(protocol)
    known = _as_asked(asked, when, system, descriptor)
    notes: list[str] = []
    if known is None:
        known, left = _simulated(asked, when, system)
        without = f"; {', '.join(left)} left out, which no reaction of it knows" if left else ""
        notes.append(
            "Voltage and current ahead are those of a simulated cell of this system, with usual "
            f"constants{without}."
        )
    clock = known.frames
    _, asked_for = when.plan(float(clock[-1]))
    if given_drive is not None:
        known = known.with_given(given_drive, descriptor)
    drive, record = known.at_frames(known.drive), known.between()
    for kelvin in (known.drive[:, 2].min(), known.drive[:, 2].max()):
        if not np.isnan(kelvin):
            check_temperature(float(kelvin), "the protocol")
    strange = []
    longest = float(recipe.get("longest", np.inf))
    if clock[-1] - given[-1] > longest * (1 + 1e-9):
        strange.append(
            f"Times beyond {longest:g} s after the spectrum were never trained on; the forecast "
            "there is an extrapolation."
        )
    strange += _outside(recipe.get("ranges", {}), descriptor, drive)
    strange += _unweighed(system)
    unlike = _unlike(recipe.get("known_systems"), descriptor)
    strange += unlike
    notes += strange
    if "simulated" in recipe.get("origin", []):
        notes.append("The model was trained on simulated runs: the forecast is only as real.")
    return Conditions(
        system,
        known.protocol,
        given,
        clock[given.size :],
        asked_for,
        drive,
        record,
        known.at_frames(known.potential),
        descriptor,
        tuple(notes),
        bool(strange),
        bool(unlike),
    )


def _asked(protocol: Protocol | Path | str) -> Protocol | Path | str:
    """The protocol, read where it is a file that says voltage and current; else as it came."""
    if isinstance(protocol, Protocol):
        return protocol
    path = Path(protocol)
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return Protocol.from_file(path)
    if not path.is_file():
        return protocol
    record = read(path)
    if isinstance(record, Electrochemistry):
        columns = [record.column(name) for name in DRIVE]
        whole = [c if c is not None and np.isfinite(c).all() else None for c in columns]
        if whole[0] is not None and whole[1] is not None:
            return Protocol.from_measured(record.time - record.time[0], *whole, name=path.stem)
    return path


@dataclass(frozen=True)
class _Course:
    """A protocol's course, straight between its times.

    Attributes:
        protocol: What is asked of the cell, resolved.
        frames: Times of all frames, given ones first; the first is 0 [s].
        times: All times, those of the frames among them [s], rising.
        drive: Voltage [V], current [A], temperature [K], NaN where not known, ``[time, 3]``.
        potential: Of the working electrode at the frames [V], ``[time]``.
    """

    protocol: Protocol | None
    frames: Array
    times: Array
    drive: Array
    potential: Array

    def at_frames(self, values: Array) -> Array:
        """Rows of ``[time, ...]`` at the frames."""
        return values[np.searchsorted(self.times, self.frames)]

    def with_given(self, drive: Array, descriptor: Array) -> _Course:
        """With what was recorded at the given frames, ``[given, 3]``, NaN where nothing was."""
        from opir.models.abcc.drive_between import potential_course

        at = np.searchsorted(self.times, self.frames[: len(drive)])
        recorded = ~np.isnan(drive)
        merged, potential = self.drive.copy(), self.potential.copy()
        merged[at] = np.where(recorded, drive, merged[at])
        felt = potential_course(self.times[None], merged[None], descriptor[None])[0, at]
        potential[at] = np.where(recorded[:, 0], felt, potential[at])
        return replace(self, drive=merged, potential=potential)

    def between(self) -> Array:
        """What models are told beside the frames: time, voltage, current, temperature."""
        times, end = self.times, float(self.frames[-1])
        chosen = telling_times(times, self.drive[:, :2], 0.0, end, _TOLD)
        chosen = np.setdiff1d(chosen, self.frames)
        columns = [np.interp(chosen, times, column) for column in self.drive.T]
        return np.stack([chosen, *columns], axis=-1)


def _as_asked(
    asked: Protocol | str | Path, when: _Frames, system: System, descriptor: Array
) -> _Course | None:
    """The course where voltage and current are fixed throughout, else None."""
    if not isinstance(asked, Protocol):
        return None
    try:
        end = asked.duration
    except ProtocolError:  # a cutoff ends it, and when is for the cell to say
        return None
    frames = when.times([0.0, end])
    times = np.union1d(frames, asked.knots - asked.start)
    drive = asked.sample(asked.start + times).table.copy()
    if np.isnan(drive[:, :2]).any():
        return None
    missing = np.isnan(drive[:, 2])
    if system.temperature is not None:
        drive[missing, 2] = system.temperature
    from opir.models.abcc.drive_between import potential_course

    potential = potential_course(times[None], drive[None], descriptor[None])[0]
    return _Course(asked, frames, times, drive, potential)


def _simulated(
    asked: Protocol | str | Path, when: _Frames, system: System
) -> tuple[_Course, tuple[str, ...]]:
    """The course of a simulated cell of usual constants, and what was left out of its system."""
    from opir.simulate import simulate
    from opir.simulate.cell.own_system import known_part

    try:
        cell, left = known_part(system, library())
        # The spectra are not looked at: two points of them are enough.
        made = simulate(
            cell, asked, vary=False, instrument=None, frames=when, wavenumber=[1000.0, 1001.0]
        )
    except SystemDescriptionError as error:
        raise SystemDescriptionError(
            f"the course of the voltage cannot be simulated: {error.problem}",
            remedy="Give the protocol as a measured series with voltage and current, or describe "
            "a variant of a system of the library (opir chemistry list systems)",
        ) from error
    record = made.record()
    frames = made.run.time - made.run.time[0]
    recorded = record.time - made.run.time[0]
    times = np.union1d(frames, recorded)
    columns = []
    for name in DRIVE:
        column, known = record.column(name), made.run.on_time(name)
        assert column is not None
        assert known is not None
        columns.append(np.interp(times, recorded, column))
        columns[-1][np.searchsorted(times, frames)] = known
    potential = np.full(times.size, np.nan)
    potential[np.searchsorted(times, frames)] = made.truth["potential"].values
    return _Course(made.run.protocol, frames, times, np.stack(columns, axis=-1), potential), left


def _unlike(known: Mapping[str, Any] | None, descriptor: Array) -> list[str]:
    """That the system is like none of those trained on, where it is."""
    if known is None:
        return []
    found = KnownSystems.from_json(known).likeness(descriptor)
    if found.ratio <= _ALIKE:
        return []
    return [
        f"The system is like none of those that the model was trained on: its distance from them "
        f"is {found.ratio:.2g} times that of cells of one kind from each other; the nearest is "
        f"{found.nearest}."
    ]


def _unweighed(system: System) -> list[str]:
    """That a capacity counts which nobody stated, where it is so."""
    sides = {"working": system.working_electrode, "counter": system.counter_electrode}
    unknown = [
        side
        for side, electrode in sides.items()
        if electrode is not None
        and not electrode.mass
        and library().find_electrode(electrode.material).kind == "insertion"
    ]
    return [
        f"The mass of the {side} electrode is not stated, so it counts as if it held "
        f"{1e3 * USUAL_CAPACITY:g} mA h. State it in the system's file (mass: 10 mg)."
        for side in unknown
    ]


def _outside(ranges: Mapping[str, Any], descriptor: Array, drive: Array) -> list[str]:
    """What of the system and of the drive lies outside of what the model was trained on."""
    notes = []
    for what, names, values in (
        ("system", DESCRIPTOR, descriptor[None]),
        ("protocol", _RELATIVE, relative_drive(drive[None], descriptor[None])),
    ):
        sides = ranges.get("descriptor" if what == "system" else "drive")
        if sides is None or len(sides[0]) != len(names):
            continue
        found = []
        for column, name in enumerate(names):
            low, high = sides[0][column], sides[1][column]
            here = values[:, column][~np.isnan(values[:, column])]
            if not here.size or low is None or SIZE in name:
                continue
            slack = _SLACK * max(high - low, abs(high), 1e-12)
            if here.min() < low - slack or here.max() > high + slack:
                worst = here.min() if low - here.min() > here.max() - high else here.max()
                found.append(f"{name} {worst:.3g} (trained on {low:.3g} to {high:.3g})")
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            notes.append(
                f"Of the {what}, this lies outside of what the model was trained on, so the "
                f"forecast is an extrapolation: {'; '.join(found[:_SHOWN])}{more}."
            )
    return notes
