"""One run: a system and a protocol in, simulated operando spectra with their truth out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol as TypingProtocol

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir import chemistry
from opir.chemistry import Library, SystemModel
from opir.errors import AxisError, OptionError, SimulationError, UnknownNameError
from opir.protocol import Protocol
from opir.run import Electrochemistry, Run
from opir.simulate.cell.build import Cell, build_cell
from opir.simulate.cell.course import Course, follow
from opir.simulate.cell.drives import drives
from opir.simulate.cell.own_system import described_system
from opir.simulate.cell.populations import STREAMS
from opir.simulate.cell.pybamm_course import impose, pybamm_course
from opir.simulate.cell.spectra import Streams, noise_free
from opir.simulate.cell.variation import Draws, Spreads, default_spreads
from opir.simulate.instrument import Instrument, get_instrument
from opir.simulate.kinetics.integrate import Status, Trajectory, integrate
from opir.simulate.protocols.limits import CellLimits
from opir.simulate.protocols.resolve import resolve_protocol
from opir.system import System

__all__ = ["TOLERANCE", "FrameTimes", "Simulation", "simulate"]

_Floats = NDArray[np.float64]

TOLERANCE = 2e-6
"""Relative tolerance of the kinetics; halving it changes spectra by less than a tenth of the noise
of the instrument ``bench`` (tested)."""

_FEWEST_FRAMES = 2
_BEFORE = 1e-3
"""How long before a step of the protocol ends its last row is recorded [s]."""


class FrameTimes(TypingProtocol):
    """A rule for acquisition times of runs whose length is known only when they have ended."""

    def times(self, edges: ArrayLike) -> _Floats:
        """Times [s], rising, from the edges of the protocol's steps [s], ``[step + 1]``."""


@dataclass(frozen=True)
class Simulation:
    """A simulated run and everything that no measurement gives.

    Attributes:
        run: Absorbance, voltage, current and temperature at the frames; ``origin`` is
            ``simulated``. The first frame is the static spectrum, before the protocol acts.
        truth: ``amounts [time, species]``, ``extents [time, reaction]`` and
            ``exchange [time, reaction_of_exchange]`` in mol per m2 of electrode surface;
            ``streams [stream, time, wavenumber]``, whose sum is the noise-free spectrum;
            ``reversible [time, coordinate]``; ``thickness``, ``potential``, ``side_current``
            ``[time]``; ``draws [draw]``, the hidden constants.
        status: How the integration ended.
        cell, trajectory: The cell, and its course at all times.
    """

    run: Run
    truth: xr.Dataset
    status: Status
    cell: Cell
    trajectory: Trajectory

    def record(self) -> Electrochemistry:
        """What a cycler would have recorded beside the spectra: a row at each step of the solver.

        Columns ``voltage`` [V], ``current`` [A, positive on charge] and ``temperature`` [K]; a
        peak that falls between two frames is there. So are both sides of a jump where a step of
        the protocol ends: its last row is a millisecond earlier at most, the first one of the next
        step at its beginning. (The solver's last step may be minutes long: without that row the
        jump would be a slope over all of it.)
        """
        *before, last = (piece.time for piece in self.trajectory.pieces)
        ends = [time[-1] - min(_BEFORE, 0.5 * np.ptp(time[-2:])) for time in before]
        times = np.unique(np.concatenate([*before, last, ends]))
        shown = self.trajectory.observe(times)
        return Electrochemistry.from_columns(
            times,
            {
                "voltage": shown["voltage"],
                "current": shown["current"] * self.cell.area,
                "temperature": shown["temperature"],
            },
            name=self.run.name,
            origin="simulated",
            source="opir simulator",
        )


def simulate(
    system: str | System | SystemModel,
    protocol: str | Path | Protocol,
    *,
    seed: int = 0,
    temperature: float | None = None,
    water: float | None = None,
    frames: int | ArrayLike | FrameTimes = 64,
    wavenumber: ArrayLike | None = None,
    vary: bool | float | Spreads | Draws = True,
    instrument: str | Instrument | None = "bench",
    potential: str = "own",
    line_shape: str = "pseudo-voigt",
    dispersion: bool = False,
    tolerance: float = TOLERANCE,
    library: Library | None = None,
) -> Simulation:
    """Simulate one operando run.

    Args:
        system: Name of a system of the library; or a system, which must bear such a name: then
            its composition, electrodes, temperature, cell and optics are taken in place of the
            library's, see :func:`opir.simulate.cell.own_system.described_system`.
        protocol: See :func:`opir.simulate.protocols.resolve_protocol`.
        seed: Of the hidden constants of this cell, and of the instrument.
        temperature: [K]; the system's by default.
        water: Mass fraction of water; the system's residual water by default.
        frames: Number of spectra, evenly spaced from beginning to end; or their times [s], rising;
            or a rule that gives them.
        wavenumber: Axis [cm-1], ``[wavenumber]``; 512 points from 800 to 1900 by default.
        vary: Draw the constants of this cell around their values; a number scales the spreads.
            Or what draws them, some of them perhaps kept.
        instrument: Its name, or one; None for noise-free spectra.
        potential: Where the potential under a current comes from: ``own``, the electrode model of
            opir; or ``pybamm``, see :mod:`opir.simulate.cell.pybamm_course`.
        line_shape: See :data:`opir.spectra.shapes.LINE_SHAPES`.
        dispersion: Anomalous dispersion of the evanescent wave.
        tolerance: Relative tolerance of the kinetics.
        library: Where species, reactions and systems are looked up; the built-in one by default.

    Raises:
        UnknownNameError: If a name is unknown; the nearest are listed.
        OptionError: If the seed or a spread is below 0.
        ProtocolError: If the cell does not allow the protocol.
        SimulationError: If the solver cannot follow the protocol; says what to do.
        SystemDescriptionError: If the composition makes no sense, or the library's reactions do
            not know it.
    """
    known = chemistry.library() if library is None else library
    if seed < 0:
        raise OptionError(f"the seed is {seed}", remedy="Give a whole number from 0 on")
    axis = np.linspace(800.0, 1900.0, 512) if wavenumber is None else _axis(wavenumber)
    model = _model(system, known)
    of_cell, of_instrument = np.random.SeedSequence(seed).spawn(2)
    draws = vary
    if not isinstance(draws, Draws):
        draws = Draws(np.random.default_rng(of_cell), _spreads(draws))
    cell = build_cell(model, known, draws, temperature=temperature, water=water)
    limits = CellLimits.of_system(model, capacity=cell.capacity, temperature=cell.temperature)
    asked = resolve_protocol(protocol, limits)
    foreign = None
    if potential == "pybamm":
        kelvin = cell.temperature + cell.warmer
        foreign = pybamm_course(asked, model, kelvin)
        cell, steps = impose(cell, foreign, kelvin)
    elif potential == "own":
        steps = drives(asked, area=cell.area, temperature=cell.temperature, warmer=cell.warmer)
    else:
        raise UnknownNameError("source of the potential", potential, ("own", "pybamm"))
    trajectory = integrate(cell.arrays, steps, tolerance=tolerance)
    if trajectory.status is not Status.SUCCESS:
        place = "PyBaMM's course" if foreign else asked.leaves[trajectory.place or 0][0]
        raise SimulationError(
            f"{model.name} could not follow the protocol {asked.name or 'given'}",
            remedy=trajectory.status.value,
            place=f"{place}, {trajectory.end:.6g} s",
        )
    times = _times(frames, trajectory)
    course = follow(cell, trajectory, times, known)
    lowest, highest = float(course.voltage.min()), float(course.voltage.max())
    if lowest < -1.0 or highest > 6.0:
        raise SimulationError(
            f"the voltage of {model.name} went to {lowest if lowest < -1 else highest:.4g} V",
            remedy="Give the currents of the protocol cutoffs that the cell can bear",
        )
    if foreign is not None:
        course = replace(
            course,
            voltage=np.interp(times, foreign.time, foreign.voltage),
            current=np.interp(times, foreign.time, foreign.rate) * cell.capacity,
        )
    streams = noise_free(cell, course, axis, known, line_shape=line_shape, dispersion=dispersion)
    clean = streams.absorbance.sum(axis=0)
    absorbance, title = clean, "none"
    if instrument is not None:
        device = get_instrument(instrument) if isinstance(instrument, str) else instrument
        made = device.measure(clean, axis, times, np.random.default_rng(of_instrument))
        absorbance, title = made.absorbance, device.name
        draws.values.update({f"instrument: {name}": v for name, v in made.draws.items()})
    run = Run.from_arrays(
        times,
        axis,
        absorbance,
        voltage=course.voltage,
        current=course.current,
        temperature=course.temperature,
        system=model.system,
        protocol=asked,
        name=f"{model.name} {asked.name}".strip(),
        origin="simulated",
        metadata={"simulated": {"instrument": title, "seed": seed, "tolerance": tolerance}},
        source="opir simulator",
    )
    return Simulation(run, _truth(cell, course, streams, axis), trajectory.status, cell, trajectory)


def _model(system: str | System | SystemModel, library: Library) -> SystemModel:
    if isinstance(system, SystemModel):
        return system
    if isinstance(system, str):
        return library.systems[system]
    return described_system(system, library)


def _axis(wavenumber: ArrayLike) -> _Floats:
    axis = np.array(wavenumber, dtype=np.float64)
    if axis.ndim != 1 or axis.size < 2 or not (axis > 0).all():
        wrong = (
            f"the shape {axis.shape}" if axis.ndim != 1 or axis.size < 2 else "values not above 0"
        )
        raise AxisError(
            f"the wavenumber axis has {wrong}",
            remedy="Give two or more wavenumbers above 0 in cm-1, rising or falling",
        )
    return axis


def _spreads(vary: bool | float | Spreads) -> Spreads:
    if isinstance(vary, Spreads):
        return vary
    return default_spreads().scaled(float(vary))


def _times(frames: int | ArrayLike | FrameTimes, trajectory: Trajectory) -> _Floats:
    edges = np.unique(trajectory.edges)
    if edges.size < 2:
        raise SimulationError(
            "every step of the protocol was over as soon as it began",
            remedy="Choose cutoffs that the cell has not passed yet",
        )
    if isinstance(frames, (int, np.integer)):
        if frames < _FEWEST_FRAMES:
            raise AxisError(f"{frames} frame(s) were asked for", remedy="Ask for 2 or more")
        return np.linspace(edges[0], edges[-1], int(frames))
    times = frames.times(edges) if hasattr(frames, "times") else np.array(frames, dtype=np.float64)
    if times.ndim != 1 or times.size < _FEWEST_FRAMES or not (np.diff(times) > 0).all():
        raise AxisError("the frames' times do not rise", remedy="Sort them and drop repeats")
    if times[0] < edges[0] or times[-1] > edges[-1]:
        raise SimulationError(
            f"frames from {times[0]:g} to {times[-1]:g} s were asked for; the protocol lasted "
            f"from {edges[0]:g} to {edges[-1]:g} s",
            remedy="Ask for times inside it, or for a number of frames",
        )
    return np.asarray(times, dtype=np.float64)


def _truth(cell: Cell, course: Course, streams: Streams, axis: _Floats) -> xr.Dataset:
    binding = [
        (number, name)
        for number, name in enumerate(cell.species)
        if course.bound[:, number].any() or name in cell.model.solvation.preference
    ]
    coordinates = {f"bound share of {name}": course.bound[:, number] for number, name in binding}
    coordinates |= {
        "cation at the electrode / mol m-3": course.salt,
        "degree of lithiation": course.lithiation,
        "swelling of the film": course.film[:, 1] / np.maximum(course.film[:, 0], 1e-30),
    }
    surface = {"units": "mol m-2", "long_name": "per real surface of the watched electrode"}
    draws = cell.draws.values
    return xr.Dataset(
        {
            "amounts": (("time", "species"), course.amounts, surface),
            "extents": (("time", "reaction"), course.extents, surface),
            "exchange": (("time", "exchange_reaction"), course.exchange, surface),
            "streams": (
                ("stream", "time", "wavenumber"),
                streams.absorbance,
                {"units": "1", "long_name": "noise-free absorbance; the streams add up to it"},
            ),
            "reversible": (("time", "coordinate"), np.column_stack(list(coordinates.values()))),
            "thickness": ("time", course.film[:, 1], {"units": "m"}),
            "potential": ("time", course.potential, {"units": "V"}),
            "side_current": ("time", course.side_current, {"units": "A"}),
            "draws": ("draw", np.array(list(draws.values()), dtype=np.float64)),
        },
        coords={
            "time": ("time", course.time, {"units": "s"}),
            "wavenumber": ("wavenumber", axis, {"units": "cm-1"}),
            "species": list(cell.species),
            "reaction": [reaction.name for reaction in cell.reactions],
            "exchange_reaction": [reaction.name for reaction in cell.exchange],
            "stream": list(STREAMS),
            "coordinate": list(coordinates),
            "draw": list(draws),
        },
        attrs={
            "origin": "simulated",
            "electrode_surface": cell.area,
            "electrolyte_height": cell.height,
        },
    )
