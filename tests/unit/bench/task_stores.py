"""Small stores with the systems, protocols and tags of the simulated set, without simulating."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from opir import Run
from opir.chemistry import library
from opir.run.store import Item, Store
from opir.system import Component, System

SYSTEMS = (
    "lp30-graphite",
    "lp57-graphite-nmc622",
    "lp57-vc-graphite-nmc811",
    "fec-silicon",
    "lp57-lithium",
    "lp30-lto",
    "libob-graphite",
    "litfsi-dme-lithium",
    "napf6-carbonate-hard-carbon",
    "napf6-diglyme-hard-carbon",
)
PROTOCOLS = ("formation-c10", "sweep-fast", "gitt", "cycling-c2", "hold", "mixed")
FRAMES, POINTS = 40, 8


def make_item(number: int, *, frames: int = FRAMES, points: int = POINTS, noise: float = 0) -> Item:
    """Run ``number``: like that of the simulated set but for the spectra, which are made up."""
    generator = np.random.default_rng(number)
    name = SYSTEMS[number % len(SYSTEMS)]
    temperature = float(generator.uniform(288.2, 333))
    wavenumber = np.linspace(800, 1900, points)
    streams = generator.random((2, frames, points)).cumsum(axis=1).astype(np.float32) / 100
    spectra = streams.sum(axis=0) + 1e-3 * generator.normal(size=(frames, points)) + noise
    time = np.linspace(0, 3600 * generator.uniform(5, 20), frames)
    run = Run.from_arrays(
        time,
        wavenumber,
        spectra.astype(np.float32),
        voltage=generator.uniform(0, 3, frames),
        current=generator.normal(size=frames),
        temperature=np.full(frames, temperature),
        name=f"{name} {number}",
        system=composition(name, salt=float(generator.uniform(0.5, 1.5))),
        origin="simulated",
    )
    truth = xr.Dataset(
        {"streams": (("stream", "time", "wavenumber"), streams)},
        coords={"stream": ["solvent", "sei"], "time": time, "wavenumber": wavenumber},
    )
    tags = {
        "protocol": PROTOCOLS[int(generator.integers(len(PROTOCOLS)))],
        "temperature": temperature,
        "water": 2e-5,
    }
    return Item(run, f"{name}-{number // len(SYSTEMS):05d}", truth, tags)


def composition(name: str, *, salt: float) -> System:
    """A system of the library with another concentration of its salt."""
    system = library().systems[name].system
    components = [
        component
        if component.role != "salt"
        else Component(name=component.name, amount=salt, unit="mol/L", role="salt")
        for component in system.electrolyte
    ]
    return system.model_copy(update={"electrolyte": tuple(components)})


def make_store(path: Path, items: list[Item]) -> Store:
    store = Store.create(path)
    store.append(items)
    return Store.open(path)
