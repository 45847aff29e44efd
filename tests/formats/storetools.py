"""Runs and stores for the tests of the formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from opir import Run, System


def make_run(number: int = 0, frames: int = 6, points: int = 11, **more: Any) -> Run:
    """A small run, its values told by its number."""
    generator = np.random.default_rng(number)
    voltage = generator.uniform(1, 4, frames)
    voltage[: number % 3] = np.nan
    arguments: dict[str, Any] = {
        "voltage": voltage,
        "current": generator.normal(size=frames),
        "name": f"run-{number:04d}",
        "metadata": {"number": number},
        "source": "made for a test",
        "licence": "CC0-1.0",
        "system": System(name="lp30-graphite"),
        "origin": "simulated",
    }
    return Run.from_arrays(
        np.sort(generator.uniform(0, 1e4, frames)),
        np.linspace(1900, 800, points),
        generator.normal(size=(frames, points)).astype(np.float32),
        **(arguments | more),
    )


def make_truth(number: int = 0, frames: int = 6) -> xr.Dataset:
    """Ground truth: amounts of labelled species, and hidden draws."""
    generator = np.random.default_rng(1000 + number)
    return xr.Dataset(
        {
            "amounts": (("time", "species"), generator.random((frames, 3)), {"units": "mol"}),
            "rate": ((), generator.random()),
        },
        coords={"species": ["EC", "LiPF6", "Li2CO3 (s)"]},
        attrs={"seed": number},
    )
