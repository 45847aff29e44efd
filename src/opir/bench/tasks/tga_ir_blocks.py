"""TGA-IR: a real run, blocks of time held out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from opir.bench.data import Sources
from opir.bench.tasks.base import register_task
from opir.bench.tasks.blocks import BlockTask
from opir.bench.tga_ir import DESIGN, PROCESSING, tga_ir_run
from opir.bench.time_blocks import BlockDesign
from opir.errors import OptionError
from opir.run import Run

__all__ = ["TgaIr"]

_FILE = Path("infrared") / "omnic" / "tga_ir.srs"


@lru_cache(maxsize=1)
def _raw(path: Path) -> Run:
    return tga_ir_run(path)


@register_task
class TgaIr(BlockTask):
    """Here one frame does not foretell the next event; the honest answer is persistence."""

    name: ClassVar[str] = "tga-ir"
    title: ClassVar[str] = "TGA-IR (real)"
    description: ClassVar[str] = (
        "A real run of evolved gas (335 spectra over 87 min; spectrochempy's data), offset taken, "
        "2150-2450 cm-1, alike for all models. 15 blocks of 6 min, three held out in each of five "
        "rotations; windows of 4 min, one frame given. CO2 appears once and without a sign before. "
        "No protocol, no descriptors."
    )
    needs: ClassVar[tuple[str, ...]] = ("shared",)

    @property
    def design(self) -> BlockDesign:
        """That of the study."""
        return DESIGN

    def raw(self, sources: Sources) -> Run:
        """The run of the OMNIC series file.

        Raises:
            OptionError: If no folder of real measurements was named, or it has no such file.
        """
        if sources.shared is None or not (sources.shared / _FILE).is_file():
            raise OptionError(
                f"task {self.name!r} needs the file {_FILE.as_posix()}",
                remedy="Name the folder of real measurements that holds it (shared)",
                path=sources.shared,
            )
        return _raw(sources.shared / _FILE)

    def processed(self, sources: Sources) -> Run:
        """The cut range."""
        return PROCESSING(self.raw(sources))
