"""A store of a few small runs, for the benchmark's own tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from opir.run import Run
from opir.run.store import Item, Store

FRAMES, POINTS, RUNS = 9, 24, 14


def small_run(number: int, drift: float = 0.02) -> Run:
    random = np.random.default_rng(number)
    axis = np.linspace(900.0, 1800.0, POINTS)
    time = 600.0 * np.arange(FRAMES)
    band = np.exp(-(((axis - 1300 - 10 * number) / 80) ** 2))
    spectra = 0.3 + np.outer(drift * np.arange(FRAMES), band)
    spectra = spectra + 1e-3 * random.standard_normal(spectra.shape)
    dataset = xr.Dataset(
        {
            "absorbance": (("time", "wavenumber"), spectra.astype(np.float32)),
            "voltage": ("time", np.linspace(3.0, 1.0, FRAMES)),
        },
        coords={"time": time, "wavenumber": axis},
        attrs={"origin": "simulated", "title": f"small {number}"},
    )
    return Run(dataset)


def small_store(path: Path, drift: float = 0.02) -> Store:
    store = Store.create(path, title="small")
    store.append([Item(small_run(n, drift), f"small-{n:02d}") for n in range(RUNS)])
    return store
