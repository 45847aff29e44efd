"""What every forecaster is given, and what it is fitted to. The same for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError
from opir.protocol import Protocol
from opir.quantities import check_values
from opir.run.axes import check_axis
from opir.run.spectrum import Spectrum

__all__ = ["DRIVE", "ForecastInputs", "Windows", "from_first", "given_more", "padded_record"]

DRIVE = ("voltage", "current", "temperature")
"""The channels of the drive, in their order; V, A, K. NaN where not known."""

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ForecastInputs:
    """The measured frames and the conditions ahead; all that a forecaster may see.

    Times count from any origin; only their differences are used, so the time since the start of
    the run is not handed to a forecaster unawares.

    Attributes:
        given: Measured spectra, shape ``[batch, given_frames, wavenumber]``; single precision
            stays single, all else becomes double.
        given_times: Their times [s], shape ``[batch, given_frames]``, rising.
        times: Times to forecast [s], shape ``[batch, frames]``, rising, after the given ones;
            spacing is free.
        wavenumber: Axis of the spectra [cm-1], shape ``[wavenumber]``, either direction.
        drive: Voltage [V], current [A], temperature [K] at the given times and the times to
            forecast, shape ``[batch, given_frames + frames, 3]``; NaN where not known.
        descriptor: Numbers that describe the system, shape ``[batch, features]``; zero features
            where nothing is known.
        record: What a cycler recorded or is to do between the frames, where more is known of it:
            time [s] on the clock of the frames, never falling, then the channels of the drive,
            ``[batch, rows, 4]``. No rows where nothing more is known. At the frames themselves
            ``drive`` holds. Models that take no notice of it forecast as without.

    Raises:
        AxisError: If a shape or an axis does not fit.
        ValueRangeError: If a spectrum holds NaN or infinity, or the drive a value out of bounds.
    """

    given: Spectra
    given_times: Array
    times: Array
    wavenumber: Array
    drive: Array = field(default_factory=lambda: np.empty(0))
    descriptor: Array = field(default_factory=lambda: np.empty(0))
    record: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", _spectra(self.given))
        for name in ("given_times", "times", "wavenumber", "drive", "descriptor", "record"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        batch, given, points = _shape(self.given, 3, "given")
        if min(batch, given, points) == 0:
            raise AxisError(f"given has shape {self.given.shape}; at least one frame is needed")
        frames = _shape(self.times, 2, "times")[1]
        _same(self.given_times, (batch, given), "given_times")
        _same(self.times, (batch, frames), "times")
        check_axis(self.wavenumber, "wavenumber")
        _same(self.wavenumber, (points,), "wavenumber")
        if self.drive.size == 0:
            empty = np.full((batch, given + frames, len(DRIVE)), np.nan)
            object.__setattr__(self, "drive", empty)
        if self.descriptor.size == 0:
            object.__setattr__(self, "descriptor", np.zeros((batch, 0)))
        if self.record.size == 0:
            object.__setattr__(self, "record", np.empty((batch, 0, 1 + len(DRIVE))))
        _same(self.drive, (batch, given + frames, len(DRIVE)), "drive")
        _same(self.descriptor, (batch, self.descriptor.shape[-1]), "descriptor")
        rows = _shape(self.record, 3, "record")[1]
        _same(self.record, (batch, rows, 1 + len(DRIVE)), "record")
        for name in ("given", "given_times", "times", "descriptor"):
            _finite(getattr(self, name), name)
        _finite(self.record[..., 0], "times of the record")
        if (np.diff(self.record[..., 0], axis=1) < 0).any():
            raise AxisError("times of the record fall", remedy="Sort its rows by time")
        steps = np.diff(np.concatenate([self.given_times, self.times], axis=1), axis=1)
        if (steps <= 0).any():
            row = int(np.nonzero((steps <= 0).any(axis=1))[0][0])
            raise AxisError(
                "times are not rising, or a time to forecast is not after the given frames",
                place=f"times[{row}]",
                remedy="Forecast times must come after the last given frame, in rising order",
            )
        for channel, name in enumerate(DRIVE):
            check_values(self.drive[..., channel], name, allow_missing=True)
            check_values(self.record[..., 1 + channel], name, allow_missing=True)

    def __len__(self) -> int:
        return int(self.given.shape[0])

    @property
    def frames(self) -> int:
        """Number of frames to forecast."""
        return int(self.times.shape[1])

    @property
    def last(self) -> Spectra:
        """The last given spectrum, shape ``[batch, wavenumber]``."""
        return self.given[:, -1]

    @property
    def lead(self) -> Array:
        """Time from the last given frame to each forecast [s], shape ``[batch, frames]``."""
        return self.times - self.given_times[:, -1:]

    def rows(self, index: ArrayLike) -> ForecastInputs:
        """The inputs of some rows of the batch only."""
        at = np.atleast_1d(np.asarray(index))
        return replace(
            self,
            given=self.given[at],
            given_times=self.given_times[at],
            times=self.times[at],
            drive=self.drive[at],
            descriptor=self.descriptor[at],
            record=self.record[at],
        )

    def at(self, frames: ArrayLike) -> ForecastInputs:
        """The inputs for some of the frames to forecast: their numbers, or which (booleans)."""
        kept = np.asarray(frames)
        count = self.given.shape[1]
        drive = np.concatenate([self.drive[:, :count], self.drive[:, count:][:, kept]], axis=1)
        return replace(self, times=self.times[:, kept], drive=drive)

    @classmethod
    def from_spectrum(
        cls,
        spectrum: Spectrum,
        times: ArrayLike,
        *,
        protocol: Protocol | None = None,
        temperature: float | None = None,
        descriptor: ArrayLike = (),
    ) -> ForecastInputs:
        """Inputs for one spectrum, taken as measured at time 0.

        Args:
            spectrum: The measured spectrum.
            times: Times to forecast after it [s], shape ``[frames]``, rising, above 0.
            protocol: What the cell will be asked to do from time 0 on.
            temperature: Temperature [K] where the protocol does not say.
            descriptor: Numbers that describe the system, shape ``[features]``.
        """
        ahead = check_axis(times, "time", increasing=True)
        grid = np.concatenate([[0.0], ahead])
        drive = np.full((1, grid.size, len(DRIVE)), np.nan)
        if protocol is not None:
            drive[0] = protocol.sample(grid).table
        if temperature is not None:
            column = drive[0, :, DRIVE.index("temperature")]
            column[np.isnan(column)] = temperature
        return cls(
            given=spectrum.values[None, None, :].astype(np.float64),
            given_times=np.zeros((1, 1)),
            times=ahead[None],
            wavenumber=spectrum.wavenumber,
            drive=drive,
            descriptor=np.asarray(descriptor, dtype=np.float64)[None],
        )


@dataclass(frozen=True)
class Windows:
    """Inputs together with what was measured afterwards; to fit a forecaster or to score it.

    Attributes:
        inputs: What the forecaster is given.
        target: Measured spectra at ``inputs.times``, shape ``[batch, frames, wavenumber]``;
            single precision stays single.
        block: Number of the stretch of time that each window lies in, shape ``[batch]``;
            windows of one block are not independent.
        extents: True extents of reactions since the first given frame, of simulated runs, as an
            interphase on the electrode would show them [mmol m-2], at the given times and those
            ahead, ``[batch, given frames + frames, reaction]``; NaN where not known. None, as a
            rule: no measurement gives them.
        reactions: Their names.
    """

    inputs: ForecastInputs
    target: Spectra
    block: NDArray[np.int64]
    extents: NDArray[np.float32] | None = None
    reactions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", _spectra(self.target))
        object.__setattr__(self, "block", np.asarray(self.block, dtype=np.int64))
        shape = (len(self.inputs), self.inputs.frames, self.inputs.wavenumber.size)
        _same(self.target, shape, "target")
        _same(self.block, (len(self.inputs),), "block")
        _finite(self.target, "target")
        if self.extents is not None:
            times = self.inputs.given.shape[1] + self.inputs.frames
            _same(self.extents, (len(self.inputs), times, len(self.reactions)), "extents")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def change(self) -> Spectra:
        """Change from the last given spectrum, shape ``[batch, frames, wavenumber]``."""
        return self.target - self.inputs.last[:, None]

    def rows(self, index: ArrayLike) -> Windows:
        """Some of the windows."""
        at = np.atleast_1d(np.asarray(index))
        extents = None if self.extents is None else self.extents[at]
        return Windows(
            self.inputs.rows(at), self.target[at], self.block[at], extents, self.reactions
        )


def from_first(windows: Windows) -> Windows:
    """Windows of which only the first frame is given; the other given ones are to be forecast."""
    inputs = windows.inputs
    if inputs.given.shape[1] == 1:
        return windows
    later = replace(
        inputs,
        given=inputs.given[:, :1],
        given_times=inputs.given_times[:, :1],
        times=np.concatenate([inputs.given_times[:, 1:], inputs.times], axis=1),
    )
    target = np.concatenate([inputs.given[:, 1:], windows.target], axis=1)
    return Windows(later, target, windows.block, windows.extents, windows.reactions)


def given_more(windows: Windows, count: int) -> Windows:
    """Windows of which some more of the frames, the first ones of the target, are given.

    Raises:
        AxisError: If no frame would be left to forecast.
    """
    inputs, target = windows.inputs, windows.target
    if not 0 <= count < inputs.frames:
        raise AxisError(f"{count} of {inputs.frames} frames to forecast cannot be given")
    given = replace(
        inputs,
        given=np.concatenate([inputs.given, target[:, :count]], axis=1),
        given_times=np.concatenate([inputs.given_times, inputs.times[:, :count]], axis=1),
        times=inputs.times[:, count:],
    )
    return Windows(given, target[:, count:], windows.block, windows.extents, windows.reactions)


def padded_record(inputs: ForecastInputs, rows: int) -> Array:
    """The record with rows more, which stand at its end and say nothing, ``[batch, rows, 4]``.

    So inputs whose records differ in length can stand in one batch.
    """
    record = inputs.record
    more = np.full((len(inputs), rows - record.shape[1], record.shape[2]), np.nan)
    ends = np.concatenate([inputs.given_times, inputs.times, record[..., 0]], axis=1)
    more[..., 0] = ends.max(axis=1, keepdims=True)
    return np.concatenate([record, more], axis=1)


def _spectra(values: ArrayLike) -> Spectra:
    """Spectra in single precision where they came so (a large set in half the memory)."""
    found = np.asarray(values)
    return found if found.dtype == np.float32 else found.astype(np.float64, copy=False)


def _shape(values: NDArray[Any], dimensions: int, name: str) -> tuple[int, ...]:
    if values.ndim != dimensions:
        raise AxisError(f"{name} has shape {values.shape}; {dimensions} dimensions are needed")
    return values.shape


def _same(values: NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    if values.shape != shape:
        raise AxisError(f"{name} has shape {values.shape}; {shape} is needed")


def _finite(values: NDArray[Any], name: str) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        index = ", ".join(str(int(axis[0])) for axis in np.nonzero(bad))
        raise ValueRangeError(
            f"{name} holds {int(bad.sum())} value(s) that are NaN or infinite",
            place=f"{name}[{index}]",
            remedy="Cut or mask them before forecasting; only the drive may hold NaN",
        )
