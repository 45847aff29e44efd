"""Adapt a model of described cells to SIMULATED cells of another nature: before and after.

Nine cells of each of three systems come from the simulator's test-only domain: other growth laws,
species that no library file lists, other line shapes, another instrument. They stand for a
laboratory whose cells the model was not trained on; they are no measurement. For each system the
model is adapted twice: to six cells, three held back; and to the first half of one cell, its second
half held back.

    python benchmarks/adapt_cells.py MODEL FOLDER
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from opir.run.netcdf import write_run
from opir.simulate.dataset import generate, read_preset
from opir.workflows.adapt import adapt

SYSTEMS = ("lp30-graphite", "lp57-lithium", "napf6-carbonate-hard-carbon")
CELLS = 9


def cells(folder: Path) -> dict[str, list[Path]]:
    """Simulated runs of each system, as files."""
    count = CELLS * len(SYSTEMS)
    preset = read_preset("shifted").model_copy(
        update={"systems": SYSTEMS, "runs": count, "part_runs": count}
    )
    store = generate(preset, folder / "cells.zarr").store
    found: dict[str, list[Path]] = {name: [] for name in SYSTEMS}
    for id in sorted(store.ids):
        run = store.run(id)
        name = run.system.name if run.system else ""
        path = folder / f"{name}-{len(found[name]) + 1}.nc"
        found[name].append(write_run(run, path, overwrite=True))
    return found


def main() -> None:
    """Both ways of adapting, for each system."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, paths in cells(folder).items():
        for which, chosen in (("six", paths), ("one", paths[:1])):
            started = time.monotonic()
            written = folder / f"{name}-{which}.safetensors"
            print(f"\n{name}, simulated, adapted to {which}")
            print(adapt(asked.model, chosen, out=written, overwrite=True))
            print(f"({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
