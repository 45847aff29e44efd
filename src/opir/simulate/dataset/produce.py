"""One run of a set: simulated, drawn anew where its integration fails, ready for the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import xarray as xr

from opir.chemistry import Library
from opir.errors import SimulationError, ValueRangeError
from opir.run.run import Run
from opir.run.store import Item
from opir.simulate.dataset.plan import Task, draw_task
from opir.simulate.dataset.preset import Preset

__all__ = ["Simulated", "Simulator", "produce"]


class Simulated(Protocol):
    """What a simulator gives: :class:`opir.simulate.Simulation` is one."""

    @property
    def run(self) -> Run:
        """The simulated measurement."""

    @property
    def truth(self) -> xr.Dataset:
        """What no measurement gives."""


Simulator = Callable[[Task, Preset, Library], Simulated]
"""Simulates a task; raises :class:`~opir.errors.SimulationError` where it cannot."""


def produce(preset: Preset, index: int, library: Library, simulator: Simulator) -> Item:
    """Run ``index`` of a set with its truth, ready for the store.

    A draw whose integration fails, or ends in values that no cell has, is drawn anew with the
    next attempt number; the tags of the run say how many failed (``attempt``) and why
    (``failures``).

    Raises:
        SimulationError: If no draw succeeds, or a run does not say that it is simulated.
    """
    failures: list[str] = []
    for attempt in range(preset.attempts):
        task = draw_task(preset, index, library.systems, attempt=attempt)
        try:
            made = simulator(task, preset, library)
        except (SimulationError, ValueRangeError) as error:
            failures.append(f"{task.protocol}, {task.temperature:.1f} K: {error}")
            continue
        if made.run.origin != "simulated":
            raise SimulationError(f"run {task.id!r} is called {made.run.origin!r}, not simulated")
        run = compact_run(made.run)
        if preset.licence:
            run = Run(run.dataset.assign_attrs(licence=preset.licence))
        return Item(run, task.id, compact_truth(made.truth), _tags(task, failures))
    raise SimulationError(
        f"none of {preset.attempts} draws of run {index} could be simulated; the last: "
        f"{failures[-1]}",
        remedy="Exclude the protocol or narrow the conditions in the preset",
    )


def _tags(task: Task, failures: list[str]) -> dict[str, object]:
    return {
        "protocol": task.protocol if len(task.protocol) <= 80 else "given",
        "temperature": round(task.temperature, 3),
        "salt": "nominal" if task.salt is None else round(task.salt, 3),
        "additives": [f"{name} {amount:.5f}" for name, amount in task.additives.items()],
        "water": float(f"{task.water:.4g}"),
        "grid": task.frames.kind,
        "instrument": task.instrument,
        "index": task.index,
        "attempt": task.attempt,
        "failures": failures,
    }


_INSTRUMENT = "instrument: "


def compact_run(run: Run) -> Run:
    """The run with its spectra in single precision; times and what the cell did stay double."""
    return Run(run.dataset.assign({run.signal: _single(run.dataset.variables[run.signal])}))


def _single(variable: xr.Variable) -> xr.Variable:
    return xr.Variable(variable.dims, variable.values.astype(np.float32), variable.attrs)


def compact_truth(truth: xr.Dataset) -> xr.Dataset:
    """The truth with spectra in single precision, amounts and extents in double.

    Element balances hold to 1e-9 in double precision only; spectra are the bulk of the bytes.
    What the instrument drew becomes attributes: instruments differ in what they draw, and runs
    of different layouts could not lie in one part.
    """
    spectra = {
        name: _single(variable)
        for name, variable in truth.variables.items()
        if "wavenumber" in variable.dims and variable.ndim > 1
    }
    found = truth.assign(spectra)
    if "draw" in truth:
        labels = truth["draw"].values.astype(str)
        of_instrument = np.char.startswith(labels, _INSTRUMENT)
        drawn = zip(labels[of_instrument], truth["draws"].values[of_instrument], strict=True)
        found = found.isel(draw=~of_instrument)
        found.attrs = {**truth.attrs, **{str(name): float(value) for name, value in drawn}}
    return found
