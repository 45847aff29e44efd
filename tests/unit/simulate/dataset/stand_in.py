"""A quick stand-in for the simulator, with the accidents that tests ask for.

They are asked for by environment variables, since workers are processes of their own:
``STAND_IN_FAIL`` (numbers of runs whose first draw fails), ``STAND_IN_NEVER`` (that always fail),
``STAND_IN_DIE`` (``index:file``: the worker kills itself unless the file is there, and makes it),
``STAND_IN_KILLED`` (index at which it always dies), ``STAND_IN_SLOW`` (seconds for each run),
``STAND_IN_LAYOUT`` (index of a run with another species list).
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from opir.chemistry import Library
from opir.errors import SimulationError
from opir.run.run import Run
from opir.simulate.dataset.plan import Task
from opir.simulate.dataset.preset import Preset

NAME = "stand_in:simulate_task"


@dataclass
class Simulated:
    run: Run
    truth: xr.Dataset


def numbers(name: str) -> set[int]:
    return {int(part) for part in os.environ.get(name, "").split(",") if part}


def simulate_task(task: Task, preset: Preset, library: Library) -> Simulated:
    time.sleep(float(os.environ.get("STAND_IN_SLOW", "0")))
    if task.index in numbers("STAND_IN_NEVER"):
        raise SimulationError("it never goes", remedy="Give up")
    if task.index in numbers("STAND_IN_FAIL") and task.attempt == 0:
        raise SimulationError("too many steps")
    if task.index in numbers("STAND_IN_KILLED"):
        os.kill(os.getpid(), signal.SIGKILL)
    index, _, marker = os.environ.get("STAND_IN_DIE", "").partition(":")
    if marker and task.index == int(index) and not Path(marker).exists():
        Path(marker).write_text("died once")
        os.kill(os.getpid(), signal.SIGKILL)
    generator = np.random.default_rng(task.seed)
    times = task.frames.times([0.0, 3600.0, 40000.0])
    axis = np.linspace(preset.spectra.lowest, preset.spectra.highest, preset.spectra.wavenumbers)
    streams = generator.random((2, times.size, axis.size))
    noise = 1e-4 * generator.standard_normal(streams.shape[1:])
    run = Run.from_arrays(
        times,
        axis,
        streams.sum(axis=0) + noise,
        voltage=np.linspace(2.0, 0.1, times.size),
        current=np.full(times.size, -1e-3),
        temperature=task.temperature,
        system=library.systems[task.system].system,
        name=task.id,
        origin="simulated",
    )
    species = (
        ["EC", "LEDC", "other"] if task.index in numbers("STAND_IN_LAYOUT") else ["EC", "LEDC"]
    )
    truth = xr.Dataset(
        {
            "amounts": (("time", "species"), generator.random((times.size, len(species)))),
            "extents": (("time", "reaction"), generator.random((times.size, 1))),
            "streams": (("stream", "time", "wavenumber"), streams),
            "draws": (("draw",), generator.random(3)),
        },
        coords={
            "species": species,
            "reaction": ["ec-to-ledc"],
            "stream": ["solvent", "sei"],
            "draw": ["gain", "roughness", "area"],
        },
    )
    return Simulated(run, truth)
