"""How long recovering pathways takes, against unmixing alone in the same process. Simulated data.

    OPENBLAS_NUM_THREADS=1 python benchmarks/pathways.py [--runs 3] [--frames 64] [--points 512]

Of each system: the median seconds of :func:`opir.pathways.recover` of one run, with and without
the second way and without knowing the system; of MCR-ALS with its components held against the
species of the library (:func:`opir.pathways.unmix.unmix`), and how many times longer the recovery
takes. With more threads than idle cores BLAS waits for itself: so take one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from opir.chemistry import library
from opir.models.abcc.reference import ReferenceSpectra
from opir.pathways.point_noise import point_noise
from opir.pathways.recovery import recover
from opir.pathways.unmix import unmix
from opir.run import Run
from opir.workflows.simulate import simulate_run

SYSTEMS = ("lp30-graphite", "fec-silicon", "lp57-lithium")


def seconds(job: Callable[[], object]) -> float:
    """How long something takes [s]."""
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def unmixed(run: Run) -> Callable[[], object]:
    """MCR-ALS and matching of a run, with spectra of the library that are made beforehand."""
    known = library()
    values = np.asarray(run.values, dtype=np.float64)
    axis = np.asarray(run.wavenumber, dtype=np.float64)
    names = [name for name, item in known.species.items() if item.environments]
    found = ReferenceSpectra.of(known, axis, "Li", names)
    rows = zip(found.populations, found.molar, strict=True)
    references = {name: row / row.max() for (name, _), row in rows if row.max() > 0}
    noise = point_noise(values - values[0])
    return lambda: unmix(values, axis, noise, references=references)


def without_system(run: Run) -> Run:
    """The run, with nothing said of its cell."""
    dataset = run.dataset.copy()
    dataset.attrs = {key: value for key, value in run.dataset.attrs.items() if key != "system"}
    return Run(dataset)


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--points", type=int, default=512)
    asked = parser.parse_args()
    print("system                   both  one way  unknown cell  MCR-ALS  both / MCR-ALS  [s]")
    for system in SYSTEMS:
        times: dict[str, list[float]] = {"both": [], "one": [], "unknown": [], "unmix": []}
        for seed in range(asked.runs):
            run = simulate_run(
                system, "formation-c10", frames=asked.frames, wavenumbers=asked.points, seed=seed
            ).run
            if not seed:
                recover(run.frames(slice(0, 8)))  # imports and caches are not counted
            times["both"].append(seconds(partial(recover, run)))
            times["one"].append(seconds(partial(recover, run, second_way=False)))
            bare = without_system(run)
            times["unknown"].append(seconds(partial(recover, bare, second_way=False)))
            times["unmix"].append(seconds(unmixed(run)))
        both, one, unknown, alone = (statistics.median(values) for values in times.values())
        print(
            f"{system:22} {both:6.2f} {one:8.2f} {unknown:13.2f} {alone:8.2f} {both / alone:15.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
