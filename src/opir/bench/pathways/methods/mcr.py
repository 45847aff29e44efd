"""MCR-ALS, and its components matched to the library: what is done today."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from opir.bench.pathways.methods.matching import Component, Matching
from opir.pathways.unmix import unmix
from opir.run import Run

__all__ = ["McrMatching"]

Array = NDArray[np.float64]


class McrMatching(Matching):
    """Components by :func:`opir.pathways.unmix.unmix`, which appear where their amounts rise."""

    name: ClassVar[str] = "mcr-matching"
    evidence: ClassVar[str] = "mcr-matching"
    title: ClassVar[str] = "MCR-ALS, components matched"

    def components(self, run: Run, spectra: Array, axis: Array, noise: Array) -> list[Component]:
        """See :class:`Matching`."""
        found = unmix(spectra, axis, float(np.sqrt((noise**2).mean())))
        return [
            Component(spectrum, frame)
            for spectrum, frame in zip(found.spectra, found.appears, strict=True)
        ]
