"""Simulating: one run as a file, or many into a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opir.chemistry import library
from opir.errors import OptionError
from opir.files import check_output
from opir.plots.style import check_ending, save
from opir.progress import Progress
from opir.protocol import Protocol
from opir.run import Electrochemistry, Run
from opir.run.netcdf import write_dataset, write_run
from opir.run.readers import read
from opir.simulate.dataset import GenerationResult, generate, read_preset
from opir.simulate.protocols import (
    CellLimits,
    protocol_names,
    protocol_text,
    protocol_title,
    resolve_protocol,
)
from opir.simulate.single_run import simulate
from opir.system import System

__all__ = ["SimulatedRun", "protocol_list", "simulate_run", "simulate_store"]


@dataclass(frozen=True)
class SimulatedRun:
    """What a simulation of one run left behind.

    Attributes:
        run: The run; its origin is ``simulated``.
        truth: What no measurement gives.
        status: How the integration ended, in words.
        files: The run, its truth and the picture, as far as they were asked for.
    """

    run: Run
    truth: Any
    status: str
    files: tuple[Path, ...]


def simulate_run(
    system: str | Path | System,
    protocol: str | Path | Protocol,
    *,
    out: Path | str | None = None,
    plot: Path | str | None = None,
    temperature: float | None = None,
    duration: float | str | None = None,
    frames: int = 64,
    seed: int = 0,
    vary: bool = True,
    wavenumbers: int = 512,
    region: tuple[float, float] = (800.0, 1900.0),
    instrument: str = "bench",
    potential: str = "own",
    extra: Sequence[Path | str] = (),
    overwrite: bool = False,
) -> SimulatedRun:
    """Simulate one run.

    Args:
        system: A name of the library, or a file of a system (YAML, JSON).
        protocol: See :func:`opir.simulate.protocols.resolve_protocol`.
        out: NetCDF file of the run; the truth goes beside it as ``<name>-truth.nc``,
            and voltage and current at all times as ``<name>-record.nc``.
        plot: Picture of it.
        temperature: [K]; the system's by default.
        duration: Use only so much of a measured file [s, or a text with a unit].
        frames: Number of spectra.
        seed: Of the cell and of the instrument.
        vary: Draw the constants of this cell around their values; else take the values.
        wavenumbers: Points of a spectrum.
        region: Ends of the axis [cm-1].
        instrument: Name of an instrument, or ``none`` for noise-free spectra.
        potential: ``own`` electrode model, or ``pybamm``.
        extra: Files of one's own species, reactions, electrodes and systems.
        overwrite: Replace files that are there.

    Raises:
        UnknownNameError: If a name is unknown; the nearest are listed.
        ProtocolError: If the cell does not allow the protocol, or it outlasts its data.
        SimulationError: If the solver cannot follow it.
        OutputExistsError, OutputError: If a file cannot be written.
    """
    if not 2 <= frames <= 100_000 or not 2 <= wavenumbers <= 1_000_000:
        raise OptionError(
            f"{frames} frames of {wavenumbers} points were asked for",
            remedy="Ask for 2 or more of each, and not for more than memory holds",
        )
    if not region[0] < region[1]:
        raise OptionError(
            f"the region {region[0]:g} to {region[1]:g} cm-1 is empty",
            remedy="Give the lower end first: --region 800 1900",
        )
    truth_path = record_path = None
    if out is not None:
        out = check_output(out, overwrite=overwrite)
        if out.suffix.lower() != ".nc":
            raise OptionError(f"a run is written as .nc, not {out.suffix!r}", remedy="Name it .nc")
        truth_path = check_output(out.with_name(f"{out.stem}-truth.nc"), overwrite=overwrite)
        record_path = check_output(out.with_name(f"{out.stem}-record.nc"), overwrite=overwrite)
    if plot is not None:
        check_ending(plot)
        check_output(plot, overwrite=overwrite)
    known = library(tuple(extra))
    given, asked = _system(system), protocol
    if duration is not None:
        name = given if isinstance(given, str) else given.name
        limits = CellLimits.of_system(known.systems[name])
        asked = resolve_protocol(protocol, limits, duration=duration)
    made = simulate(
        given,
        asked,
        seed=seed,
        temperature=temperature,
        frames=frames,
        wavenumber=np.linspace(*region, wavenumbers),
        vary=vary,
        instrument=None if instrument == "none" else instrument,
        potential=potential,
        library=known,
    )
    files: list[Path] = []
    wanted = [path for path in (out, truth_path, record_path, plot) if path is not None]
    fresh = [Path(path) for path in wanted if not Path(path).exists()]
    try:
        if out is not None and truth_path is not None and record_path is not None:
            files.append(write_run(made.run, out, overwrite=overwrite))
            files.append(write_dataset(made.truth, truth_path, overwrite=overwrite))
            files.append(write_dataset(made.record().dataset, record_path, overwrite=overwrite))
        if plot is not None:
            from opir.plots.simulated import simulated_figure

            figure = simulated_figure(
                made.run, made.truth, course=made.record(), measured=_record(protocol)
            )
            files.append(save(figure, plot, overwrite=overwrite))
    except BaseException:  # all of the files or none: a run without its truth helps nobody
        for path in fresh:
            path.unlink(missing_ok=True)
        raise
    return SimulatedRun(made.run, made.truth, made.status.value, tuple(files))


def _system(system: str | Path | System) -> str | System:
    if isinstance(system, System):
        return system
    if isinstance(system, Path) or str(system).lower().endswith((".yaml", ".yml", ".json")):
        return System.from_file(system)
    return system


def _record(protocol: str | Path | Protocol) -> Electrochemistry | None:
    """What a cycler recorded, where the protocol is its file."""
    if isinstance(protocol, Protocol) or not Path(protocol).is_file():
        return None
    if Path(protocol).suffix.lower() in (".yaml", ".yml", ".json"):
        return None
    data = read(protocol)
    return data if isinstance(data, Electrochemistry) else None


def protocol_list() -> list[str]:
    """The named protocols, one line each."""
    names = protocol_names()
    width = max(map(len, names))
    return [f"{name:{width}}  {protocol_title(name)}" for name in names]


def simulate_store(
    url: Path | str,
    *,
    preset: str | Path = "",
    systems: Sequence[str] = (),
    protocols: Sequence[str] = (),
    runs: int | None = None,
    temperature: str | None = None,
    seed: int | None = None,
    frames: int | None = None,
    wavenumbers: int | None = None,
    region: tuple[float, float] | None = None,
    workers: int = 0,
    extra: Sequence[Path | str] = (),
    progress: bool | None = None,
) -> GenerationResult:
    """Simulate many runs into a store; the same call again goes on where it was stopped.

    Args:
        url: The store.
        preset: Name of a preset, or a TOML file; one's own set without.
        systems, protocols, runs, temperature, seed, frames, wavenumbers, region: In place of the
            preset's. A temperature may be a range: ``"15 degC to 60 degC"``.
        workers: Processes; 0: one for each core.
        extra: Files of one's own species, reactions, electrodes and systems.
        progress: Show progress; by default on a terminal only.

    Raises:
        OptionError: If neither a preset nor a system is named, or a value is out of bounds.
        UnknownNameError, ProtocolError: If a name is unknown or a protocol does not suit.
        StoreError, OutputError, SimulationError, GenerationInterruptedError: See
            :func:`opir.simulate.dataset.generate`.
    """
    if not preset and not systems:
        raise OptionError(
            "neither a preset nor a system is named",
            remedy="Give --preset opirspec-sim-7k, or --system lp30-graphite",
        )
    low, high = region or (None, None)
    chosen = read_preset(preset or "own").changed(
        systems=tuple(systems) or None,
        only=tuple(map(protocol_text, protocols)) or None,
        runs=runs,
        temperature=temperature,
        seed=seed,
        frames=frames,
        wavenumbers=wavenumbers,
        lowest=low,
        highest=high,
        library=tuple(str(Path(path).resolve()) for path in extra) or None,
    )
    shown: list[Progress] = []

    def report(done: int, total: int, redrawn: int) -> None:
        if not shown:
            shown.append(Progress(total, done=done, unit="run", shown=progress))
        elif done > shown[0].first:
            shown[0].show(done, f"drawn anew {redrawn}" if redrawn else "")

    return generate(chosen, url, workers=workers, report=report)
