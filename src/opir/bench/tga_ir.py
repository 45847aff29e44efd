"""Infrared of the gas evolved in a thermogravimetric run, 335 spectra over 87 min.

CO2 appears abruptly late in the run and goes as abruptly. Nothing in a frame before foretells
that, and it happens once: with its block held out no forecaster has seen it, and with it in
training the test blocks are quiet. The run is here to show what one frame does not tell.

The design: 2150-2450 cm-1, offset taken as the mean over 2000-1850 cm-1; 15 blocks of 22 spectra
(6 min), windows of 16 frames of one spectrum (4 min); roles and forecasters as for the
fermentation, with smaller windows because the run is shorter. Sizes and weights of the models were
not tuned on this run.

One thing was changed after test errors had been seen: how ABCC and ridge choose the share of their
forecast change that they keep. It was the one with the lowest mean error over validation windows.
In the third rotation a single validation block, with its event, was forecast better than by
persistence and outvoted two quiet blocks in which ABCC was 40 times worse; all was kept, and the
test blocks came out 116 % above persistence. Now the gain over persistence has to be larger than
its standard error over blocks (:func:`opir.models.kept_share.kept_share`). With that, nothing is
kept in any rotation, by either: on this run both are persistence, and that is the result.
Robust losses (Huber, mean absolute, relative to each window's change) and a second validation
block in five did not change this.
"""

from __future__ import annotations

from pathlib import Path

from opir.bench.fermentation import forecasters
from opir.bench.study import Study
from opir.bench.time_blocks import BlockDesign
from opir.errors import FormatError
from opir.run import Run
from opir.run.processing import Pipeline
from opir.run.readers import read
from opir.training import TrainingConfig

__all__ = ["tga_ir_run", "tga_ir_study"]

PROCESSING = Pipeline(
    (
        ("reference_offset", {}),
        ("cut", {"low": 2150, "high": 2450, "keep": False}),
    )
)

DESIGN = BlockDesign(blocks=15, frames=16, co_added=1)
"""How the run is cut."""


def tga_ir_run(path: Path | str) -> Run:
    """The raw run from its OMNIC series file.

    Raises:
        FormatError: If the file holds something else than a run.
    """
    run = read(path)
    if not isinstance(run, Run):
        raise FormatError("the file holds no series of spectra", path=path)
    return run


def tga_ir_study(run: Run, *, training: TrainingConfig | None = None) -> Study:
    """The study of the raw run."""
    return Study(
        name="TGA-IR",
        run=PROCESSING(run),
        design=DESIGN,
        forecasters=forecasters,
        training=training or TrainingConfig(steps=400),
        recipe={"processing": PROCESSING.to_json()},
    )
