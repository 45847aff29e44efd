"""A model of described systems that is made in a second: its weights are drawn, not trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opir.chemistry import library
from opir.models import ForecastInputs, Windows
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.descriptor import describe, relative_drive
from opir.models.inputs import DRIVE
from opir.models.intervals import Intervals
from opir.simulate import simulate

AXIS = np.linspace(800.0, 1900.0, 96)
SYSTEM, PROTOCOL = "lp30-graphite", "formation-c10"
BEYOND = 1.7


def windows() -> Windows:
    """Simulated runs of two systems."""
    runs, described = [], []
    for name in (SYSTEM, "lp57-lithium"):
        for seed in range(3):
            runs.append(simulate(name, PROTOCOL, seed=seed, frames=12, wavenumber=AXIS).run)
            described.append(describe(library().systems[name].system))
    drive = np.array([np.stack([run.on_time(name) for name in DRIVE], -1) for run in runs])
    values = np.array([run.values for run in runs])
    times = np.array([run.time for run in runs])
    inputs = ForecastInputs(
        given=values[:, :1],
        given_times=times[:, :1],
        times=times[:, 1:],
        wavenumber=AXIS,
        drive=drive,
        descriptor=np.array(described),
    )
    return Windows(inputs, values[:, 1:], np.arange(len(runs)))


def described_model() -> AbccLibrary:
    """The library mode with the first weights that a training would start from."""
    data = windows()
    model = AbccLibrary(width=16, shared=4)
    model.begin(data, seed=0)
    lead = data.inputs.lead
    model.recipe = {
        "processing": "[]",
        "wavenumber": AXIS.tolist(),
        "lead": lead[0].tolist(),
        "longest": float(lead.max()),
        "drive": list(DRIVE),
        "described": True,
        "origin": ["simulated"],
        "ranges": {
            "descriptor": _range(data.inputs.descriptor),
            "drive": _range(relative_drive(data.inputs.drive, data.inputs.descriptor)),
        },
    }
    errors = np.random.default_rng(0).normal(0, 4e-3, (40, lead.shape[1], AXIS.size))
    model.intervals = replace(
        Intervals.fit(errors.astype(np.float32), np.tile(lead[0], (40, 1)), AXIS), beyond=BEYOND
    )
    return model


def _range(values: np.ndarray) -> list[list[float]]:
    return [values.min(axis=0).tolist(), values.max(axis=0).tolist()]
