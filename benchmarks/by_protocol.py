"""Scores of a folder of OpIRBench by the protocol of the test runs. Simulated data.

    python benchmarks/by_protocol.py STORE DIR [--task random]

Means over the runs of each protocol, seeds averaged first, for every model of the task: mean
absolute error of all of them, DILATE of those that it was taken on.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from opir.bench.results import read_results
from opir.run.store import Store

METRICS = {"mae": 1e3, "dilate": 1.0}
"""And what they are shown times."""


def main() -> None:
    """Read what is there and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("directory")
    parser.add_argument("--task", default="random")
    asked = parser.parse_args()
    store = Store.open(asked.store)
    found: dict[str, dict[str, list[NDArray[np.float64]]]] = defaultdict(lambda: defaultdict(list))
    for result in read_results(asked.directory):
        if result.task != asked.task or not result.done:
            continue
        arrays = result.arrays()
        for row, run in enumerate(arrays["id"]):
            scores = [float(arrays[f"metric/{name}"][row]) for name in METRICS]
            found[result.model][str(run)].append(np.array(scores))
    if not found:
        parser.error(f"there is no result of {asked.task} in {asked.directory}")
    runs = sorted({run for scores in found.values() for run in scores})
    protocols = {run: str(store.record(run)["tags"]["protocol"]) for run in runs}
    print("| protocol | runs | " + " | ".join(f"{m}: MAE x 1e-3, DILATE" for m in found) + " |")
    print("| --- " * (2 + len(found)) + "|")
    for name in [*sorted(set(protocols.values())), "all"]:
        some = [run for run in runs if name in ("all", protocols[run])]
        cells = []
        for told in found.values():
            values = np.array([np.mean(told[run], axis=0) for run in some if run in told])
            means = np.nanmean(values, axis=0) * list(METRICS.values())
            cells.append(f"{means[0]:.3f}, {means[1]:.3f}")
        print(f"| {name} | {len(some)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
