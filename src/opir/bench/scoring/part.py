"""Some runs of a fold with their forecast: what every measure is handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.models.intervals import Intervals

__all__ = ["FEW", "SOME", "Part"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]

SOME, FEW = 256, 64
"""Runs of a fold that slow and very slow metrics are taken on, at most."""


@dataclass(frozen=True)
class Part:
    """Some runs; the frames are those that are scored.

    Attributes:
        forecast, target: ``[run, frames, wavenumber]``.
        last: Last given frame, ``[run, wavenumber]``.
        wavenumber: Axis [cm-1].
        lead: Time since the last given frame [s], ``[run, frames]``.
        voltage: As recorded at the frames [V], ``[run, frames]``, NaN where not known.
        noise: Of a point of a spectrum, the same for every part and model of a fold.
        last_voltage: At the last given frame, ``[run]``; None where frames between it and the
            first scored one are left out.
        clean: Noise-free truth ``[run, frames, wavenumber]``, or None.
        clean_last: Noise-free truth of the last given frame, ``[run, wavenumber]``, or None.
        streams: True streams ``[run, stream, frames, wavenumber]``, or None.
        given_streams: Streams that the model gives, by name.
        amounts, extents: What the model gives, ``[run, frames, item]``, or None.
        components: Names of the amounts.
        samples: Whole trajectories ``[count, run, frames, wavenumber]``, or None.
        intervals: Intervals around the forecast, or None.
    """

    forecast: Spectra
    target: Spectra
    last: Spectra
    wavenumber: Array
    lead: Array
    voltage: Array
    noise: float = 0.0
    last_voltage: Array | None = None
    clean: NDArray[np.floating[Any]] | None = None
    clean_last: NDArray[np.floating[Any]] | None = None
    streams: NDArray[np.floating[Any]] | None = None
    given_streams: Mapping[str, Array] = field(default_factory=dict)
    amounts: Array | None = None
    extents: Array | None = None
    components: tuple[str, ...] = ()
    samples: NDArray[np.floating[Any]] | None = None
    intervals: Intervals | None = None

    def __len__(self) -> int:
        return int(self.target.shape[0])

    @property
    def change(self) -> Spectra:
        """Forecast change from the last given frame."""
        return self.forecast - self.last[:, None]

    @property
    def true_change(self) -> Spectra:
        """True change from it: of the noise-free truth where that is known, else as measured.

        What the instrument added to the given frame is in neither: most of it stays in later
        frames, so that a forecast of its going away would be no forecast of chemistry.
        """
        if self.clean is None or self.clean_last is None:
            return self.target - self.last[:, None]
        return self.clean - self.clean_last[:, None]
