"""An operando run: spectra over time, with what the cell did meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.protocol import Protocol
from opir.quantities import QUANTITIES, check_values, convert, quantity
from opir.run.axes import check_axis
from opir.run.described import build_attributes
from opir.run.spectral import SpectralData, check_signal
from opir.run.spectrum import Spectrum
from opir.system import System

__all__ = ["ON_TIME", "Run"]

ON_TIME = ("voltage", "current", "temperature", "capacity", "pressure", "cycle", "half_cycle")
"""Variables on ``time`` with a fixed meaning; ``cycle`` and ``half_cycle`` count from 0 or 1."""


class Run(SpectralData):
    """An operando run, an :class:`xarray.Dataset` underneath (dims ``time``, ``wavenumber``).

    Variables: one signal ``[time, wavenumber]`` (absorbance and others, see
    :data:`opir.run.spectral.SIGNALS`), and on ``time`` any of :data:`ON_TIME`. A value on
    ``time`` that was not measured is NaN and stays NaN; :attr:`missing` counts them. Other
    variables may lie beside them. ``time`` counts seconds from the start of the run.

    Refused: times that are negative, unsorted or repeated; a wavenumber axis that is unsorted
    or holds duplicates; spectra with NaN or infinity; a voltage outside -1 to 6 V; units other
    than the one inside.
    """

    DIMS: ClassVar[tuple[str, ...]] = ("time", "wavenumber")
    KIND: ClassVar[str] = "run"

    def __init__(self, dataset: xr.Dataset) -> None:
        super().__init__(dataset)
        for name in ON_TIME:
            if name not in self.dataset:
                continue
            variable = self.dataset[name]
            if variable.dims != ("time",):
                raise AxisError(f"{name} has dimensions {variable.dims}; ('time',) is needed")
            if name in QUANTITIES:
                check_values(variable.values, name, allow_missing=True)

    def _check_axes(self) -> None:
        super()._check_axes()
        check_axis(self.dataset["time"].values, "time", increasing=True, lower=0.0)

    @classmethod
    def from_arrays(
        cls,
        time: ArrayLike,
        wavenumber: ArrayLike,
        values: ArrayLike,
        *,
        signal: str = "absorbance",
        time_unit: str = "s",
        wavenumber_unit: str = "cm-1",
        unit: str | None = None,
        voltage: ArrayLike | None = None,
        current: ArrayLike | None = None,
        temperature: ArrayLike | None = None,
        on_time: Mapping[str, ArrayLike] | None = None,
        system: System | None = None,
        protocol: Protocol | None = None,
        name: str = "",
        origin: str = "measured",
        start: datetime | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: str = "",
        licence: str = "",
    ) -> Run:
        """A run from plain arrays.

        Args:
            time: Acquisition times, shape ``[time]``, rising, from the start of the run.
            wavenumber: Axis, shape ``[wavenumber]``, either direction.
            values: Ordinate, shape ``[time, wavenumber]``.
            signal: What the ordinate is.
            time_unit, wavenumber_unit, unit: Units of these; converted.
            voltage: Cell voltage [V], shape ``[time]``, NaN where missing.
            current: Current [A], positive when the cell is charged (oxidation at the working
                electrode), shape ``[time]``, NaN where missing.
            temperature: Temperature [K], shape ``[time]`` or one number.
            on_time: More variables on ``time`` (``cycle``, ``pressure``, ...), in their unit.
            system: What the cell is.
            protocol: What was asked of it.
            name, origin, start, metadata, source, licence: As in :class:`Spectrum`.

        Raises:
            AxisError, ValueRangeError, UnitError: See the class.
        """
        check_signal(signal)
        times = convert(time, "time", time_unit)
        axis = convert(wavenumber, "wavenumber", wavenumber_unit)
        array = convert(values, signal, unit or quantity(signal).unit)
        if np.asarray(values).dtype == np.float32:
            array = array.astype(np.float32)
        if array.shape != (times.size, axis.size):
            raise AxisError(
                f"{signal} has shape {array.shape}; {times.size} times x {axis.size} wavenumbers "
                "were given"
            )
        dataset = xr.Dataset(
            {signal: (("time", "wavenumber"), array)},
            coords={"time": np.array(times), "wavenumber": np.array(axis)},
        )
        given = {"voltage": voltage, "current": current, "temperature": temperature}
        for key, column in {**given, **(on_time or {})}.items():
            if column is None:
                continue
            filled = np.asarray(column, dtype=np.float64)
            if filled.ndim == 0:
                filled = np.full(times.size, float(filled))
            if filled.shape != times.shape:
                raise AxisError(f"{key} has {filled.size} values for {times.size} times")
            dataset[key] = ("time", filled)
        dataset.attrs = build_attributes(
            name=name,
            origin=origin,
            start=start,
            metadata=metadata,
            source=source,
            licence=licence,
        )
        if system is not None:
            dataset.attrs["system"] = system.to_json()
        if protocol is not None:
            dataset.attrs["protocol"] = protocol.to_text()
        return cls(dataset)

    @property
    def time(self) -> NDArray[np.float64]:
        """Acquisition times [s] from the start of the run, shape ``[time]``."""
        return np.asarray(self.dataset["time"].values, dtype=np.float64)

    def on_time(self, name: str) -> NDArray[np.float64] | None:
        """A variable on ``time`` (NaN where missing), or None where the run has none of it."""
        if name not in self.dataset:
            return None
        return np.asarray(self.dataset[name].values, dtype=np.float64)

    @property
    def missing(self) -> dict[str, int]:
        """Number of missing values (NaN) of each variable on ``time``; absent ones count all."""
        counts = {}
        for name in ("voltage", "current", "temperature"):
            column = self.on_time(name)
            counts[name] = self.time.size if column is None else int(np.isnan(column).sum())
        return counts

    @property
    def system(self) -> System | None:
        """What the cell is, where the run knows."""
        text = str(self.dataset.attrs.get("system", ""))
        return System.from_json(text) if text else None

    @property
    def protocol(self) -> Protocol | None:
        """What was asked of the cell, where the run knows."""
        text = str(self.dataset.attrs.get("protocol", ""))
        return Protocol.from_text(text) if text else None

    def spectrum(self, index: int) -> Spectrum:
        """The spectrum at one frame.

        Args:
            index: Number of the frame, from 0; negative ones count from the end.

        Raises:
            OptionError: If there is no such frame.
        """
        count = self.time.size
        if not -count <= index < count:
            raise OptionError(
                f"frame {index} was asked for; the run has {count} (0 to {count - 1})"
            )
        frame = self.dataset.isel(time=index)
        start = self.start
        seconds = float(frame["time"])
        frame = frame.drop_vars([n for n in ("time", *ON_TIME) if n in frame.variables])
        frame.attrs = {k: v for k, v in frame.attrs.items() if k not in ("system", "protocol")}
        if start is not None:
            frame.attrs["start_time"] = (start + timedelta(seconds=seconds)).isoformat()
        return Spectrum(frame)

    def frames(self, index: slice | NDArray[np.integer[Any]] | list[int]) -> Run:
        """The run with only these frames, on the same clock."""
        return Run(self.dataset.isel(time=index))
