"""Adapt models to later stretches of two real runs, and print before and after.

For each run a small ABCC is trained on the first 40 % of the spectra; then it is adapted to each of
two later stretches, which it never saw, with the first half of the stretch. The second half is
held back. The two runs are the fermentation of the package chemotools and the evolved gas of a
thermal analysis (a file in the OMNIC format, named as the second word).

    python benchmarks/adapt_real_runs.py FOLDER [tga_ir.srs]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from opir.bench.fermentation import DERIVATIVE, GRID, fermentation_run
from opir.bench.tga_ir import PROCESSING, tga_ir_run
from opir.bench.time_blocks import BlockDesign
from opir.run import Run
from opir.run.netcdf import write_run
from opir.training import TrainingConfig
from opir.workflows.adapt import adapt
from opir.workflows.train import Steps, train

EDGES = (0.0, 0.4, 0.7, 1.0)
"""Where the run is cut: to train on, then two stretches to adapt to."""


def show(name: str, run: Run, steps: Steps, design: BlockDesign, count: int, folder: Path) -> None:
    """Train on the first stretch, adapt to each of the others."""
    cuts = [round(edge * run.time.size) for edge in EDGES]
    files = []
    for number in range(3):
        part = run.frames(slice(cuts[number], cuts[number + 1]))
        part = part.replace(name=f"{name}, stretch {number + 1}")
        files.append(write_run(part, folder / f"{name}-{number + 1}.nc", overwrite=True))
    first = folder / f"{name}.safetensors"
    config = TrainingConfig(steps=count)
    print(
        train(files[:1], out=first, processing=steps, design=design, config=config, overwrite=True)
    )
    for number in (2, 3):
        started = time.monotonic()
        print(f"\nopir adapt {first} {files[number - 1]} -o {name}-{number}.safetensors")
        out = folder / f"{name}-{number}.safetensors"
        print(adapt(first, [files[number - 1]], out=out, overwrite=True))
        print(f"({time.monotonic() - started:.0f} s)")


def main() -> None:
    """Both runs, or the first alone where no file of the second is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("evolved_gas", nargs="?", type=Path, help="tga_ir.srs")
    asked = parser.parse_args()
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    run = fermentation_run()[0]
    design = BlockDesign(blocks=8)
    show("fermentation", run, GRID.steps + DERIVATIVE.steps, design, 800, folder)
    if asked.evolved_gas:
        small = BlockDesign(blocks=6, frames=16, co_added=1)
        show("tga-ir", tga_ir_run(asked.evolved_gas), PROCESSING.steps, small, 400, folder)


if __name__ == "__main__":
    main()
