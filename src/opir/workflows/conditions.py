"""What a model of described systems is told beside the spectrum: system, drive and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ModelError, OptionError, ProtocolError, SystemDescriptionError
from opir.models import Forecaster, ForecastInputs
from opir.models.descriptor import DESCRIPTOR, describe
from opir.models.inputs import DRIVE
from opir.protocol import Protocol
from opir.run import Spectrum
from opir.run.axes import check_axis
from opir.system import System

__all__ = ["Conditions", "conditions"]

Array = NDArray[np.float64]

_SLACK = 0.05
"""By how much of a range a value may lie outside without a note."""
_SHOWN = 4

_FRAMES = 64
"""Frames of the course, the given one among them, where no times are asked for."""


@dataclass(frozen=True)
class Conditions:
    """Everything but the spectrum.

    Attributes:
        system: The cell.
        protocol: What is asked of it, resolved.
        times: Times to forecast after the spectrum [s], ``[frames]``.
        drive: Voltage [V], current [A], temperature [K] at the spectrum and at these times,
            ``[1 + frames, 3]``, NaN where not known.
        descriptor: See :func:`opir.models.descriptor.describe`, ``[feature]``.
        notes: What was assumed, and what lies outside of what the model was trained on.
    """

    system: System
    protocol: Protocol | None
    times: Array
    drive: Array
    descriptor: Array
    notes: tuple[str, ...]

    def inputs(self, spectrum: Spectrum) -> ForecastInputs:
        """With the spectrum, taken as measured at time 0."""
        return ForecastInputs(
            given=spectrum.values[None, None, :].astype(np.float64),
            given_times=np.zeros((1, 1)),
            times=self.times[None],
            wavenumber=spectrum.wavenumber,
            drive=self.drive[None],
            descriptor=self.descriptor[None],
        )


def conditions(
    model: Forecaster,
    system: System | None,
    protocol: Protocol | Path | str | None,
    times: ArrayLike | None,
) -> Conditions:
    """What the model is told.

    A protocol that fixes the current leaves the voltage to the cell, and the other way round. What
    is not fixed is taken from a simulated cell of the system, one of usual constants, and a note
    says so; a measured protocol (a series with voltage and current) is taken as it is.

    Args:
        model: A model that was trained on described systems.
        system: The cell.
        protocol: A protocol, its file, the name of one, or a text; see ``opir simulate``.
        times: Times after the spectrum [s], rising; 63 evenly to the end of the protocol if none.

    Raises:
        ModelError: If the system or the protocol is missing.
        OptionError: If times lie beyond the end of the protocol.
        UnknownNameError, SystemDescriptionError, ProtocolError, SimulationError: As of
            :func:`opir.simulate.simulate`.
    """
    from opir.simulate import simulate

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
    notes: list[str] = []
    descriptor = describe(system)
    asked: Protocol | str | Path = protocol
    if not isinstance(asked, Protocol) and Path(asked).suffix in (".yaml", ".yml", ".json"):
        asked = Protocol.from_file(asked)
    ahead = None if times is None else check_axis(times, "time", increasing=True)
    known = _as_asked(asked, ahead, system)
    plan: Protocol | None
    if known is not None:
        plan, ahead, drive = known
    else:
        frames = _FRAMES if ahead is None else np.concatenate([[0.0], ahead])
        try:
            made = simulate(system, asked, vary=False, instrument=None, frames=frames)
        except SystemDescriptionError as error:
            raise SystemDescriptionError(
                f"the course of the voltage cannot be simulated: {error.problem}",
                remedy="Give the protocol as a measured series with voltage and current",
            ) from error
        run, plan = made.run, made.run.protocol
        start = run.time - run.time[0]
        ahead = start[1:]
        columns = [run.on_time(name) for name in DRIVE]
        drive = np.stack([np.full(run.time.size, np.nan) if c is None else c for c in columns], -1)
        notes.append(
            "Voltage and current ahead are those of a simulated cell of this system, with usual "
            "constants."
        )
    longest = float(recipe.get("longest", np.inf))
    if ahead[-1] > longest * (1 + 1e-9):
        notes.append(
            f"Times beyond {longest:g} s after the spectrum were never trained on; the forecast "
            "there is an extrapolation."
        )
    notes += _outside(recipe.get("ranges", {}), descriptor, drive)
    if "simulated" in recipe.get("origin", []):
        notes.append("The model was trained on simulated runs: the forecast is only as real.")
    return Conditions(system, plan, np.asarray(ahead), drive, descriptor, tuple(notes))


def _as_asked(
    asked: Protocol | str | Path, ahead: Array | None, system: System
) -> tuple[Protocol, Array, Array] | None:
    """Protocol, times and drive where voltage and current are fixed throughout, else None."""
    if not isinstance(asked, Protocol):
        return None
    try:
        end = asked.duration
    except ProtocolError:  # a cutoff ends it, and when is for the cell to say
        return None
    chosen = np.linspace(0.0, end, _FRAMES)[1:] if ahead is None else ahead
    if chosen[-1] > end * (1 + 1e-9):
        raise OptionError(
            f"times up to {chosen[-1]:g} s were asked for; the protocol ends at {end:g} s",
            remedy="Ask for times inside it",
        )
    drive = asked.sample(asked.start + np.concatenate([[0.0], chosen])).table.copy()
    if np.isnan(drive[:, :2]).any():
        return None
    missing = np.isnan(drive[:, 2])
    if system.temperature is not None:
        drive[missing, 2] = system.temperature
    return asked, chosen, drive


def _outside(ranges: Mapping[str, Any], descriptor: Array, drive: Array) -> list[str]:
    """What of the system and of the drive lies outside of what the model was trained on."""
    notes = []
    for what, names, values in (
        ("system", DESCRIPTOR, descriptor[None]),
        ("protocol", tuple(f"{n} [{u}]" for n, u in zip(DRIVE, "VAK", strict=True)), drive),
    ):
        sides = ranges.get("descriptor" if what == "system" else "drive")
        if sides is None or len(sides[0]) != len(names):
            continue
        found = []
        for column, name in enumerate(names):
            low, high = sides[0][column], sides[1][column]
            here = values[:, column][~np.isnan(values[:, column])]
            if not here.size or low is None:
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
