"""Which bands of a run change: where, how wide, how much, and from which frame to which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter
from scipy.signal import find_peaks, savgol_coeffs, savgol_filter

from opir.errors import OptionError
from opir.pathways.point_noise import check_change, check_noise, noise_profile

__all__ = [
    "ChangedBand",
    "band_weights",
    "changed_bands",
    "height_error",
    "stands",
]

Array = NDArray[np.float64]

_STANDS_OUT = 4.0
"""Standard deviations from which on a band of a known place stands out of the noise."""
_PROMINENT = 8.0
"""The same of the prominence of a peak that is looked for on the whole axis: it is the difference
of the highest and the lowest of very many values, which by noise alone reaches 7."""
_SMOOTH = 10.0
"""Width over which spectra are smoothed before peaks are looked for [cm-1]; no narrower bands are
usual in liquids and films."""
_WIDEST = 300.0
"""Peaks are compared with what lies within so many wavenumbers [cm-1]."""


@dataclass(frozen=True)
class ChangedBand:
    """A band by which the spectra change.

    Attributes:
        position: Of its top [cm-1].
        width: Full width at half of its height over what is beside it [cm-1].
        height: Its largest change over a straight baseline, in absorbance; below 0 where a band
            becomes smaller.
        signal: Size of the height in standard deviations of the noise.
        frame: Frame of the largest change.
        frames: First and last frame at which it stands out of the noise.
    """

    position: float
    width: float
    height: float
    signal: float
    frame: int
    frames: tuple[int, int]

    @property
    def sign(self) -> int:
        """1 for a band that grows, -1 for one that goes."""
        return 1 if self.height > 0 else -1

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "frames": list(self.frames)}


def band_weights(wavenumber: ArrayLike, position: float, width: float) -> Array | None:
    """Weights whose product with a spectrum is the height of a band, a straight baseline taken out.

    Least squares of a Gaussian of the given place and width and of a straight line, over one full
    width to each side. Multiplied by the noise of a point, the norm of the weights is the standard
    error of the height.

    Args:
        wavenumber: Axis [cm-1], ``[wavenumber]``, either direction.
        position, width: Of the band, full width at half maximum [cm-1]; a band that is narrower
            than two points is taken to be two points wide.

    Returns:
        ``[wavenumber]``, zero outside the band; None where less than the band's inner half is on
        the axis.
    """
    axis = np.asarray(wavenumber, dtype=np.float64)
    if axis.size < 5:
        return None
    middle = int(np.abs(axis - position).argmin())
    step = float(np.abs(np.diff(axis[max(middle - 2, 0) : middle + 3])).mean())
    width = max(width, 2 * step)
    if not axis.min() + width / 4 <= position <= axis.max() - width / 4:
        return None
    away = axis - position
    inside = np.abs(away) <= max(width, 2.5 * step)
    if inside.sum() < 5:  # a gap of the axis
        return None
    u = away[inside] / width
    design = np.column_stack([np.exp(-4 * np.log(2) * u**2), np.ones_like(u), u])
    weights = np.zeros(axis.size)
    weights[inside] = np.linalg.pinv(design)[0]
    return weights


def height_error(weights: Array, noise: float | Array) -> float:
    """Standard deviation of a height by :func:`band_weights`.

    Args:
        weights: ``[wavenumber]``.
        noise: Standard deviation of a point, one or ``[wavenumber]``.
    """
    return float(np.linalg.norm(weights * noise))


def stands(heights: Array, error: float) -> NDArray[np.bool_]:
    """Where the height of a known band stands out of the noise.

    Args:
        heights: In absorbance, any shape.
        error: Standard deviation of one of them.
    """
    return np.asarray(np.abs(heights) > _STANDS_OUT * error)


def changed_bands(
    change: ArrayLike,
    wavenumber: ArrayLike,
    noise: ArrayLike | None = None,
    *,
    smallest: float = 0.005,
) -> tuple[ChangedBand, ...]:
    """Bands by which spectra change: what grows and what goes.

    Maxima and minima are looked for in the change of a few frames, freed of noise by keeping the
    principal components that rise out of it: the last frame, that of the largest change, and
    those at which a component is largest and smallest. Each is then followed through all frames
    as they were measured, over the whole band and with a straight baseline taken out. Where a
    band both grows and goes, the larger is told. A band that only moves shows as two bands, one
    that grows and one that goes.

    Args:
        change: Absorbance less that of the first frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], ``[wavenumber]``, either direction.
        noise: Standard deviation of a point of a spectrum, one or ``[wavenumber]``; see
            :func:`opir.pathways.point_noise.noise_profile` by default.
        smallest: Smallest height, as a share of the largest change; 0 to 1.

    Returns:
        The bands, by position from low to high.

    Raises:
        AxisError: If the shapes do not fit or the axis is not monotonic.
        ValueRangeError: If a value is not finite, or the noise not above 0.
        OptionError: If ``smallest`` is out of its range.
    """
    values, axis = check_change(change, wavenumber)
    if not 0 <= smallest <= 1:
        raise OptionError(f"smallest is {smallest}", remedy="Give a share, 0 to 1")
    known = noise_profile(values, axis) if noise is None else check_noise(noise, axis)
    if axis[0] > axis[-1]:
        values, axis, known = values[:, ::-1], axis[::-1], known[::-1]
    if len(values) < 2 or not values.any() or axis.size < 5:
        return ()
    largest = float(np.abs(values).max())
    found: list[tuple[float, ChangedBand]] = []
    for clearness, position, width in _peaks(values, axis, known, smallest * largest):
        weights = band_weights(axis, position, width)
        if weights is None:
            continue
        heights = values @ weights
        error = np.sqrt(2) * height_error(weights, known)
        there = np.flatnonzero(stands(heights, error))
        frame = int(np.abs(heights).argmax())
        height = float(heights[frame])
        if there.size and abs(height) >= smallest * largest:
            ends = (int(there[0]), int(there[-1]))
            signal = float(abs(height) / error)
            band = ChangedBand(position, width, height, signal, frame, ends)
            found.append((clearness, band))
    kept: list[ChangedBand] = []
    for _, band in sorted(found, key=lambda pair: -pair[0]):
        if all(abs(band.position - k.position) > min(band.width, k.width) / 2 for k in kept):
            kept.append(band)
    return tuple(sorted(kept, key=lambda b: b.position))


def _peaks(
    values: Array, axis: Array, noise: Array, smallest: float
) -> Iterator[tuple[float, float, float]]:
    """Clearness, position and width of each maximum and minimum of the frames that show most."""
    step = float(np.median(np.diff(axis)))
    window = 2 * int(_SMOOTH / step / 2) + 1
    gain = 1.0
    if window >= 5:
        gain = float(np.linalg.norm(savgol_coeffs(window, 2)))
    reach = max(2 * int(_WIDEST / step / 2) + 1, 7)
    number = np.arange(axis.size, dtype=np.float64)
    for spectrum, factor in _telling_frames(values, float(np.sqrt(np.mean(noise**2)))):
        curve = savgol_filter(spectrum, window, 2) if window >= 5 else spectrum
        least = np.maximum(_PROMINENT * noise * factor * gain, smallest)
        over = curve - median_filter(curve, reach, mode="nearest")
        for sign in (1.0, -1.0):
            at, facts = find_peaks(sign * curve, prominence=least, width=1.5, wlen=reach)
            named = ("prominences", "left_ips", "right_ips")
            for peak, high, left, right in zip(at, *(facts[n] for n in named), strict=True):
                if sign * over[peak] < high / 2:
                    continue  # a valley between two bands that grow is no band that goes
                ends = np.interp([left, right], number, axis)
                width = float(ends[1] - ends[0])
                place = _top(spectrum, axis, float(axis[peak]), max(width / 5, 2.5 * step))
                weights = band_weights(axis, place, width)
                if weights is not None and sign * over[peak] >= sign * (curve @ weights) / 2:
                    yield high / float(noise[peak] * factor), place, width


def _top(spectrum: Array, axis: Array, near: float, reach: float) -> float:
    """Place of an extremum: of the parabola through the points within reach."""
    inside = np.abs(axis - near) <= reach
    if inside.sum() < 3:  # a gap of the axis
        return near
    bend, slope, _ = np.polyfit(axis[inside] - near, spectrum[inside], 2)
    shift = -slope / (2 * bend) if bend else 0.0
    return near + float(np.clip(shift, -reach, reach))


def _telling_frames(values: Array, noise: float) -> Iterator[tuple[Array, float]]:
    """A few frames of the change, less noisy, and the noise of each in that of a point."""
    left, size, right = np.linalg.svd(values, full_matrices=False)
    random = 1.1 * noise * (np.sqrt(len(values)) + np.sqrt(values.shape[1]))
    count = max(int((size > random).sum()), 1)
    scores = left[:, :count]
    frames = {len(values) - 1, int(np.abs(values).sum(axis=1).argmax())}
    frames |= set(scores.argmax(axis=0).tolist()) | set(scores.argmin(axis=0).tolist())
    for frame in sorted(frames - {0}):
        mixed = scores @ scores[frame]  # what of each frame is in this one
        factor = np.sqrt(float(mixed @ mixed) + float(mixed.sum()) ** 2)
        yield (scores[frame] * size[:count]) @ right[:count], max(factor, 1e-3)
