"""How well the composition of an electrolyte is read from its static spectrum, and how fast.

Usage: python benchmarks/composition.py STORE [--runs 400]

STORE is a set of simulated runs (opir data simulate --preset opirspec-sim-7k -o STORE). The runs
are drawn from all of it; of each the first measured spectrum is used and nothing else but the
cation. The error is half the sum of absolute differences of the mole fractions of all species that
absorb.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from opir.bench.index import systems_of
from opir.chemistry import concentrations, library
from opir.models.abcc.composition import evanescent_path, explain
from opir.models.abcc.reference import ReferenceSpectra
from opir.run.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--runs", type=int, default=400)
    args = parser.parse_args()
    known, store = library(), Store.open(args.store)
    every = sorted(id for part in store.parts for id in part.runs["id"])
    ids = np.random.default_rng(0).choice(every, min(args.runs, len(every)), replace=False).tolist()
    systems = systems_of(store, tuple(ids))
    found = store.batch(ids, ["absorbance", "wavenumber"])
    axis, spectra = found["wavenumber"][0], found["absorbance"][:, 0]
    electrolyte = [
        name
        for name, item in known.species.items()
        if item.environments and (item.phase == "liquid" or item.charge < 0)
    ]
    molar = [concentrations(systems[id], known) for id in ids]
    cation = np.array(["Na" if c.get("Na+") else "Li" for c in molar])
    names = np.array([id.rsplit("-", 1)[0] for id in ids])
    error, unexplained = np.zeros(len(ids)), np.zeros(len(ids))
    missed: dict[str, list[bool]] = {}
    seconds = 0.0
    for ion in ("Li", "Na"):
        rows = np.flatnonzero(cation == ion)
        reference = ReferenceSpectra.of(known, axis, ion, electrolyte)
        began = time.process_time()
        result = explain(spectra[rows], reference, path=evanescent_path(axis))
        seconds += time.process_time() - began
        for row, fractions in zip(rows, result.fractions, strict=True):
            true = np.array([molar[row].get(name, 0.0) for name in reference.species])
            true /= true.sum()
            error[row] = np.abs(fractions - true).sum() / 2
            for at, name in enumerate(reference.species):
                if 0 < true[at] < 0.1:
                    missed.setdefault(name, []).append(fractions[at] == 0)
        unexplained[rows] = result.unexplained
    print(f"{len(ids)} simulated runs, processor time {1e3 * seconds / len(ids):.1f} ms a spectrum")
    print(f"error of the mole fractions in all: mean {error.mean():.3f}, largest {error.max():.3f}")
    print(f"unexplained: median {np.median(unexplained):.3f}, largest {unexplained.max():.3f}")
    for name in np.unique(names):
        print(f"  {name:30s} {error[names == name].mean():.3f}")
    print("of species below 10 %, not found at all:")
    for name, bad in sorted(missed.items()):
        print(f"  {name:10s} {sum(bad)} of {len(bad)}")


if __name__ == "__main__":
    main()
