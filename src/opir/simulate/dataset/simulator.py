"""A task of a set, simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opir.chemistry import Library
from opir.run.between import with_record
from opir.simulate.dataset.plan import Task
from opir.simulate.dataset.preset import Preset
from opir.simulate.dataset.produce import Simulated
from opir.simulate.dataset.shifted import LINE_SHAPE
from opir.simulate.dataset.variant import vary_composition
from opir.simulate.single_run import simulate

__all__ = ["ROWS", "simulate_task"]

ROWS = 8
"""Of what the cycler recorded, for each frame to come."""


def simulate_task(task: Task, preset: Preset, library: Library) -> Simulated:
    """Simulate a task; what a cycler would have recorded between the frames is in the run.

    Raises:
        SimulationError: If the solver cannot follow the protocol.
    """
    model = vary_composition(
        library.systems[task.system], salt=task.salt, additives=task.additives, water=task.water
    )
    spectra = preset.spectra
    made = simulate(
        model,
        task.protocol,
        seed=task.seed,
        temperature=task.temperature,
        frames=task.frames,
        wavenumber=np.linspace(spectra.lowest, spectra.highest, spectra.wavenumbers),
        instrument=task.instrument,
        line_shape=LINE_SHAPE if preset.domain == "shifted" else "pseudo-voigt",
        library=library,
    )
    rows = ROWS * (made.run.time.size - 1)
    return replace(made, run=with_record(made.run, made.record(), rows))
