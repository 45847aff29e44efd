"""What every forecaster returns: labelled spectra, and the parts it says they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ModelError
from opir.run import Run

__all__ = ["Forecast"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Forecast:
    """A forecast of a batch of runs.

    Attributes:
        spectra: Forecast spectra, shape ``[batch, frames, wavenumber]``, in the measure of the
            given ones.
        times: Their times [s], shape ``[batch, frames]``.
        wavenumber: Axis [cm-1], shape ``[wavenumber]``.
        streams: Additive parts of the spectra by name, each ``[batch, frames, wavenumber]``;
            they sum to ``spectra``. Empty where the model has none.
        amounts: Amounts of the components, shape ``[batch, frames, component]``, or None.
        extents: Extents of the irreversible reactions since the given frame, shape
            ``[batch, frames, reaction]``, or None.
        shift: Peak shift of each component [cm-1], shape ``[batch, frames, component]``, or None.
        components: Names of the components.
        reactions: Names of the reactions.
        model: Name of the forecaster.
    """

    spectra: Spectra
    times: Array
    wavenumber: Array
    model: str
    streams: Mapping[str, Spectra] = field(default_factory=dict)
    amounts: Array | None = None
    extents: Array | None = None
    shift: Array | None = None
    components: tuple[str, ...] = ()
    reactions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = (*self.times.shape, self.wavenumber.size)
        for name, values in {"spectra": self.spectra, **self.streams}.items():
            if values.shape != shape:
                raise AxisError(f"{name} has shape {values.shape}; {shape} is needed")
        if not np.isfinite(self.spectra).all():
            raise ModelError(
                f"the model {self.model!r} gave NaN or infinity",
                remedy="Train it anew, or forecast less far than it does now",
            )

    def __len__(self) -> int:
        return int(self.spectra.shape[0])

    def at(self, frames: ArrayLike) -> Forecast:
        """The forecast at some of the frames: their numbers, or which of them (booleans)."""
        kept = np.asarray(frames)

        def part(values: Array | None) -> Array | None:
            return None if values is None else values[:, kept]

        return replace(
            self,
            spectra=self.spectra[:, kept],
            times=self.times[:, kept],
            streams={name: stream[:, kept] for name, stream in self.streams.items()},
            amounts=part(self.amounts),
            extents=part(self.extents),
            shift=part(self.shift),
        )

    def to_dataset(self, row: int = 0) -> xr.Dataset:
        """One forecast as a labelled dataset with the streams, amounts, extents and shift."""
        dataset = xr.Dataset(
            {"absorbance": (("time", "wavenumber"), self.spectra[row])},
            coords={"time": self.times[row], "wavenumber": self.wavenumber},
            attrs={"origin": "forecast", "model": self.model},
        )
        for name, values in self.streams.items():
            dataset[f"stream_{name}"] = (("time", "wavenumber"), values[row])
        for name, part, dim, labels in (
            ("amount", self.amounts, "component", self.components),
            ("shift", self.shift, "component", self.components),
            ("extent", self.extents, "reaction", self.reactions),
        ):
            if part is not None:
                dataset = dataset.assign_coords({dim: list(labels)})
                dataset[name] = (("time", dim), part[row])
        if "shift" in dataset:
            dataset["shift"].attrs = {"units": "cm-1", "long_name": "Peak shift"}
        return dataset

    def to_run(self, row: int = 0, *, name: str = "", voltage: Array | None = None) -> Run:
        """One forecast as a run whose origin is ``forecast``.

        Args:
            row: Which of the batch.
            name: Title of the run.
            voltage: Voltage [V] that was assumed, shape ``[frames]``, NaN where not known.
        """
        dataset = self.to_dataset(row)
        dataset.attrs["title"] = name or f"forecast by {self.model}"
        if voltage is not None:
            dataset["voltage"] = ("time", np.asarray(voltage, dtype=np.float64))
        return Run(dataset)
