"""Fermentation: a real run, blocks of time held out."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from opir.bench.data import Sources
from opir.bench.fermentation import DERIVATIVE, GRID, fermentation_run
from opir.bench.tasks.base import register_task
from opir.bench.tasks.blocks import BlockTask
from opir.bench.time_blocks import BlockDesign
from opir.run import Run

__all__ = ["Fermentation"]


@cache
def _raw() -> Run:
    return fermentation_run()[0]


@cache
def _processed() -> Run:
    return DERIVATIVE(GRID(_raw()))


@register_task
class Fermentation(BlockTask):
    """Whether anything learned from simulated runs holds for a real series of spectra."""

    name: ClassVar[str] = "fermentation"
    title: ClassVar[str] = "Fermentation (real)"
    description: ClassVar[str] = (
        "A real on-line mid-infrared run (ethanol fermentation, 33.9 h; package chemotools), "
        "second derivative, 950-1500 cm-1, alike for all models. 20 blocks of 100 min, four held "
        "out in each of five rotations; windows of 80 min, one frame given. No protocol, no "
        "descriptors. The design, and what was changed after test errors had been seen, is in "
        "opir.bench.fermentation."
    )

    @property
    def design(self) -> BlockDesign:
        """That of the study."""
        return BlockDesign()

    def raw(self, sources: Sources) -> Run:
        """The run of the package chemotools, without filler and start-up."""
        return _raw()

    def processed(self, sources: Sources) -> Run:
        """Its second derivative."""
        return _processed()
