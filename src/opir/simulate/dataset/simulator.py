"""A task of a set, simulated."""

from __future__ import annotations

import numpy as np

from opir.chemistry import Library
from opir.simulate.dataset.plan import Task
from opir.simulate.dataset.preset import Preset
from opir.simulate.dataset.produce import Simulated
from opir.simulate.dataset.shifted import LINE_SHAPE
from opir.simulate.dataset.variant import vary_composition
from opir.simulate.single_run import simulate

__all__ = ["simulate_task"]


def simulate_task(task: Task, preset: Preset, library: Library) -> Simulated:
    """Simulate a task.

    Raises:
        SimulationError: If the solver cannot follow the protocol.
    """
    model = vary_composition(
        library.systems[task.system], salt=task.salt, additives=task.additives, water=task.water
    )
    spectra = preset.spectra
    return simulate(
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
