"""Whether systems held out are told from those trained on. Simulated data.

    python benchmarks/known_systems.py STORE

Largest ratio (`opir.models.known_systems`) of test runs of the random split; and for each system
held out the least and the median ratio of its test runs.
"""

from __future__ import annotations

import argparse

import numpy as np

from opir.bench.data import open_sources
from opir.models.known_systems import KnownSystems
from opir.workflows.train_store import fold_without


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    sources = open_sources(parser.parse_args().store)
    index = sources.index()
    for name in (None, *index.systems):
        fold = fold_without(sources, name)
        systems = [index[id].system for id in fold.train]
        known = KnownSystems.of(systems, sources.descriptors("main", fold.train))
        rows = sources.descriptors("main", fold.test)
        ratios = np.array([known.likeness(row).ratio for row in rows])
        what = "all known, largest" if name is None else f"{name} held out, least"
        edge = ratios.max() if name is None else ratios.min()
        print(f"{what} {edge:.3f}, median {np.median(ratios):.2f}", flush=True)


if __name__ == "__main__":
    main()
