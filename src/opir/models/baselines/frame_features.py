"""Numbers for each frame ahead, for baselines that take any times: drive, spectrum, descriptor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import Arrays
from opir.models.between_frames import between_frames, has_record
from opir.models.inputs import ForecastInputs, Windows

__all__ = [
    "Scaler",
    "ahead",
    "denoised",
    "drive_features",
    "few",
    "fit_static",
    "principal_axes",
    "running_integral",
    "static_features",
    "told_between",
    "well_scaled",
]

Array = NDArray[np.float64]

_ROWS = 20_000
"""Largest number of spectra that principal axes are fitted to; evenly chosen of all."""

_AXES = 40
"""Principal axes of the given frames; what lies outside them counts as noise."""


def principal_axes(
    rows: NDArray[np.floating[Any]], count: int, *, centred: bool = True
) -> tuple[Array, Array]:
    """Mean and leading principal axes of many rows; at most 20,000 rows, evenly chosen, count.

    Args:
        rows: Shape ``[row, column]``.
        count: Number of axes; fewer come back where there are fewer columns or rows.
        centred: Whether the mean is taken away first; else it is 0.

    Returns:
        Mean ``[column]`` and orthonormal axes ``[axis, column]``, the largest variance first.
    """
    some = np.asarray(rows[:: -(-len(rows) // _ROWS)], dtype=np.float64)
    mean = some.mean(axis=0) if centred else np.zeros(some.shape[1])
    some = some - mean
    axes = np.linalg.eigh(some.T @ some)[1][:, ::-1].T
    return mean, axes[: min(count, len(rows))].copy()


def ahead(inputs: ForecastInputs, *, between: bool) -> tuple[Array, Array]:
    """Lead times [s] ``[batch, 1 + frames]`` and drive ``[batch, 1 + frames, channel]``.

    Both begin at the last given frame, which is lead 0.

    Args:
        inputs: Of the forecast.
        between: Whether what the drive was between frames follows its three channels
            (:func:`opir.models.between_frames.between_frames`).
    """
    lead = np.concatenate([np.zeros((len(inputs), 1)), inputs.lead], axis=1)
    drive = inputs.drive
    if between:
        drive = np.concatenate([drive, between_frames(inputs)], axis=2)
    return lead, drive[:, inputs.given.shape[1] - 1 :]


def running_integral(values: Array, times: Array) -> Array:
    """Integral from the first time to each, by trapezoids.

    Args:
        values: Shape ``[batch, times, ...]``.
        times: Shape ``[batch, times]``.
    """
    steps = np.diff(times, axis=1).reshape(*(s - i for i, s in enumerate(times.shape)), 1)
    flat = values.reshape(*times.shape, -1)
    parts = 0.5 * (flat[:, 1:] + flat[:, :-1]) * steps
    return np.pad(parts.cumsum(axis=1), ((0, 0), (1, 0), (0, 0))).reshape(values.shape)


def few(windows: Windows, most: int = 128) -> Windows:
    """At most so many of the windows, evenly spaced; enough to choose on."""
    if len(windows) <= most:
        return windows
    return windows.rows(np.linspace(0, len(windows) - 1, most).astype(np.int64))


def drive_features(inputs: ForecastInputs, *, between: bool) -> Array:
    """What the drive is and has been at each frame since the last given one.

    Voltage, its change, lowest and highest so far; current, charge passed and its absolute
    amount; temperature; lead time, its square root and logarithm. What it was between frames
    follows, if asked for.

    Returns:
        Shape ``[batch, 1 + frames, 12 or more]``; NaN where the drive is not known.
    """
    lead, drive = ahead(inputs, between=between)
    voltage, current, temperature = np.moveaxis(drive[..., :3], -1, 0)
    lowest = np.minimum.accumulate(voltage, axis=1)
    columns = [
        voltage,
        voltage - voltage[:, :1],
        lowest,
        lowest - voltage[:, :1],
        np.maximum.accumulate(voltage, axis=1),
        current,
        running_integral(current, lead),
        running_integral(np.abs(current), lead),
        temperature,
        lead,
        np.sqrt(lead),
        np.log1p(lead),
    ]
    return np.concatenate([np.stack(columns, axis=-1), drive[..., 3:]], axis=-1)


def well_scaled(values: Array) -> tuple[Array, Array]:
    """Mean and reciprocal spread of each column, NaN left out; the reciprocal is 0 for a constant.

    Args:
        values: Shape ``[..., column]``.
    """
    flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    known = ~np.isnan(flat)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, flat, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, flat - mean, 0) ** 2).sum(axis=0) / count)
    varies = spread > 1e-9 * np.maximum(np.abs(mean), 1e-30)
    return mean, np.where(varies, 1 / np.where(varies, spread, 1), 0)


@dataclass(frozen=True)
class Scaler:
    """Columns in units of their spread over the training windows, within their range there.

    A regression says nothing of what lies beyond the range that it was fitted to, least of all
    of a column that was constant there: those are 0, as is what is not known (NaN).

    Attributes:
        mean, scale: Of each column; the scale is 0 for a constant.
        low, high: Range over the training windows, scaled.
    """

    mean: Array
    scale: Array
    low: Array
    high: Array

    @classmethod
    def of(cls, values: Array) -> Self:
        """Fitted to values ``[..., column]``."""
        mean, scale = well_scaled(values)
        every = np.zeros_like(mean)
        scaled = cls(mean, scale, every - np.inf, every + np.inf)(values)
        other = tuple(range(scaled.ndim - 1))
        return cls(mean, scale, scaled.min(axis=other), scaled.max(axis=other))

    def __call__(self, values: Array) -> Array:
        """Values ``[..., column]``, scaled."""
        scaled = (values - self.mean) * self.scale
        return np.asarray(np.clip(np.where(np.isnan(scaled), 0.0, scaled), self.low, self.high))

    def to_arrays(self, name: str) -> Arrays:
        """As one array, to be kept with a forecaster."""
        return {name: np.stack([self.mean, self.scale, self.low, self.high])}

    @classmethod
    def from_arrays(cls, arrays: Arrays, name: str) -> Self:
        """From :meth:`to_arrays`."""
        return cls(*arrays[name])


def fit_static(train: Windows, *, scores: int = 12, descriptors: int = 12) -> Arrays:
    """Principal axes of the last given frames, and of the standardised descriptors.

    ``between`` among the arrays says whether the windows tell of the drive between frames.

    Args:
        train: Training windows.
        scores, descriptors: Numbers of axes whose scores are features.
    """
    inputs = train.inputs
    centre, axes = principal_axes(inputs.last, max(scores, _AXES))
    described = Scaler.of(inputs.descriptor)
    turn = principal_axes(described(inputs.descriptor), descriptors, centred=False)[1]
    spread = float(((inputs.last - centre) @ axes[:1].T).std()) if len(axes) else 0.0
    return {
        "wavenumber": inputs.wavenumber,
        "static_centre": centre,
        "static_axes": axes,
        "static_scores": np.array([scores]),
        "static_scale": np.array([1 / spread if spread > 0 else 0.0]),
        "between": np.array([has_record(inputs)]),
        "descriptor_axes": turn,
        **described.to_arrays("descriptor"),
    }


def told_between(arrays: Arrays) -> bool:
    """Whether the windows that :func:`fit_static` saw tell of the drive between frames."""
    return "between" in arrays and bool(arrays["between"][0])


def static_features(arrays: Arrays, inputs: ForecastInputs) -> Array:
    """Scores of the last given frame and of the descriptor, shape ``[batch, features]``."""
    axes = arrays["static_axes"][: int(arrays["static_scores"][0])]
    scores = (inputs.last - arrays["static_centre"]) @ axes.T
    scaled = Scaler.from_arrays(arrays, "descriptor")(inputs.descriptor)
    return np.concatenate(
        [scores * arrays["static_scale"], scaled @ arrays["descriptor_axes"].T], axis=1
    )


def denoised(arrays: Arrays, inputs: ForecastInputs, share: float) -> Array:
    """Last given frame; of what lies outside the static axes (noise, mostly) a share is kept."""
    deviation = inputs.last - arrays["static_centre"]
    rest = deviation - deviation @ arrays["static_axes"].T @ arrays["static_axes"]
    return np.asarray(inputs.last - (1 - share) * rest)
