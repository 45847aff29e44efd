"""How noisy spectra are, from what changes at random from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter
from scipy.special import comb

from opir.errors import AxisError, ValueRangeError

__all__ = [
    "check_change", "check_noise", "fine_noise", "noise_of", "noise_profile", "point_noise",
    "seen_noise",
]  # fmt: skip

Array = NDArray[np.float64]

_LOCAL = 30.0
"""Noise is averaged over so many wavenumbers to each side [cm-1]."""
_BANDS_GONE = 8
"""Order of differences that no band of an absorbance spectrum is left in, beside its noise."""
_ROUNDING = 1e-7
"""Noise is never taken to be less than this share of the largest change: single precision."""


def point_noise(change: ArrayLike) -> float:
    """Standard deviation of a point of a spectrum, in the unit of the spectra.

    From eight frames on it is read from the median singular value of the spectra less their mean,
    which a few changing components do not move (Gavish & Donoho 2014,
    doi 10.1109/TIT.2014.2323359). Of fewer frames it is read from the median size of differences
    of third order along the wavenumber, which smooth bands do not move.

    Args:
        change: Spectra or their change since the first frame, ``[time, wavenumber]``.

    Raises:
        AxisError, ValueRangeError: If it is not of that shape, has too few points, or is not
            finite.
    """
    values = _two_dimensional(change)
    rest = values - values.mean(axis=0)
    least = _ROUNDING * float(np.abs(rest).max(initial=0.0))
    rows, columns = len(values) - 1, values.shape[1]
    if rows >= 7:
        singular = np.linalg.svd(rest, compute_uv=False)[: min(rows, columns)]
        ratio = min(rows, columns) / max(rows, columns)
        found = float(np.median(singular)) / np.sqrt(max(rows, columns) * _middle(ratio))
    elif rows >= 1:
        # Two frames differ by the noise of both; the third difference has 1 + 9 + 9 + 1 of it.
        third = np.diff(np.diff(values, axis=0), n=3, axis=1)
        found = float(np.median(np.abs(third))) / 0.6745 / np.sqrt(2 * 20)
    else:
        found = float(np.median(np.abs(np.diff(values, n=3, axis=1)))) / 0.6745 / np.sqrt(20)
    return float(max(found, least, np.finfo(np.float64).tiny))


def noise_profile(change: ArrayLike, wavenumber: ArrayLike) -> Array:
    """Standard deviation of a point of a spectrum at each wavenumber, in the unit of the spectra.

    Absorbance is noisier where more is absorbed and where the detector sees less. The course along
    the wavenumber is the median size of third differences along it, of the steps from frame to
    frame, within 30 cm-1 to each side; as a whole it is no less than :func:`point_noise`.

    Args:
        change: Spectra or their change since the first frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], ``[wavenumber]``, either direction.

    Returns:
        ``[wavenumber]``.

    Raises:
        AxisError, ValueRangeError: If the shapes do not fit or a value is not finite.
    """
    values, axis = check_change(change, wavenumber)
    level = point_noise(values)
    if len(values) < 2:
        return np.full(axis.size, level)
    # Two frames differ by the noise of both; the third difference has 1 + 9 + 9 + 1 of it.
    size = np.median(np.abs(np.diff(np.diff(values, axis=0), n=3, axis=1)), axis=0)
    points = 2 * int(_LOCAL / float(np.median(np.abs(np.diff(axis))))) + 1
    local = median_filter(size, max(points, 9), mode="nearest") / 0.6745 / np.sqrt(2 * 20)
    found = np.interp(np.arange(axis.size), np.arange(local.size) + 1.5, local)
    whole = float(np.sqrt(np.mean(found**2)))
    if whole <= level * 1e-3:
        return np.full(axis.size, level)
    least = _ROUNDING * float(np.abs(values - values.mean(axis=0)).max())
    return np.asarray(np.maximum(found * max(1.0, level / whole), max(least, level * 1e-3)))


def noise_of(
    spectra: ArrayLike, wavenumber: ArrayLike, *, forecast: bool = False
) -> tuple[Array, float]:
    """Noise at each wavenumber, and of a point as a whole.

    A forecast has next to no noise of its own, and is no better known for that: its noise is at
    least that of the first spectrum, the measured one that it starts from.

    Args:
        spectra: ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], ``[wavenumber]``.
        forecast: Whether all spectra but the first are forecast.

    Raises:
        AxisError, ValueRangeError: As of :func:`noise_profile`.
    """
    values = np.asarray(spectra, dtype=np.float64)
    change = values - values[:1]
    profile, level = noise_profile(change, wavenumber), point_noise(change)
    if forecast:
        first = point_noise(values[:1])
        profile, level = np.maximum(profile, first), max(level, first)
    return profile, level


def fine_noise(values: ArrayLike, order: int = 2) -> float:
    """Standard deviation of what differs between neighbouring points, in the unit of the values.

    From the median size of differences of some order along the wavenumber. Of noise that is
    correlated from point to point it is only the part that is not. Differences of a high order
    do not see bands of a few points' width.

    Args:
        values: Noise, or spectra whose bands are wide, ``[time, wavenumber]``.
        order: Of the differences; less than there are points.
    """
    apart = np.diff(np.asarray(values, dtype=np.float64), n=order, axis=1)
    return float(1.4826 * np.median(np.abs(apart)) / np.sqrt(comb(2 * order, order)))


def seen_noise(spectra: ArrayLike, *, forecast: bool = False) -> float:
    """Noise of a point by which it is judged when a change can be seen.

    :func:`fine_noise` of steps from frame to frame; of a forecast at least that of the first
    spectrum, the measured one.

    Args:
        spectra: ``[time, wavenumber]``, two frames at least.
        forecast: Whether all spectra but the first are forecast.
    """
    values = np.asarray(spectra, dtype=np.float64)
    found = fine_noise(np.diff(values, axis=0)) / np.sqrt(2)
    least = _ROUNDING * float(np.abs(values - values[:1]).max(initial=0.0))
    if forecast:
        least = max(least, fine_noise(values[:1], min(_BANDS_GONE, values.shape[1] - 1)))
    return float(max(found, least, np.finfo(np.float64).tiny))


def check_change(change: ArrayLike, wavenumber: ArrayLike) -> tuple[Array, Array]:
    """Change ``[time, wavenumber]`` and axis as arrays, if they fit.

    Raises:
        AxisError: If the shapes do not fit or the axis is not monotonic.
        ValueRangeError: If a value is not finite.
    """
    values = _two_dimensional(change)
    axis = np.asarray(wavenumber, dtype=np.float64)
    if axis.shape != values.shape[1:]:
        raise AxisError(
            f"the change has shape {values.shape} and the wavenumber axis {axis.shape}",
            remedy="Give the change as [time, wavenumber] and one wavenumber for each column",
        )
    steps = np.diff(axis)
    if not np.isfinite(axis).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise AxisError("the wavenumber axis does not rise or fall throughout")
    return values, axis


def check_noise(noise: ArrayLike, axis: Array) -> Array:
    """The noise at each wavenumber, if it fits the axis.

    Raises:
        AxisError: If it is neither one number nor one for each wavenumber.
        ValueRangeError: If it is not above 0.
    """
    found = np.asarray(noise, dtype=np.float64)
    if found.shape not in ((), axis.shape):
        raise AxisError(f"the noise has shape {found.shape}; one number or {axis.shape} is needed")
    if not ((found > 0) & (found < np.inf)).all():
        raise ValueRangeError("the noise is not above 0 everywhere")
    return np.full(axis.shape, found)


def _two_dimensional(change: ArrayLike) -> Array:
    values = np.asarray(change, dtype=np.float64)
    if values.ndim != 2 or not len(values) or values.shape[1] < 4:
        raise AxisError(f"the change has shape {values.shape}; [time, wavenumber >= 4] is needed")
    if not np.isfinite(values).all():
        raise ValueRangeError("the change holds values that are not finite")
    return values


def _middle(ratio: float) -> float:
    """Median of the Marchenko-Pastur law of a matrix of that ratio of its sides."""
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    x = np.linspace(low, high, 4001)[1:-1]
    total = np.cumsum(np.sqrt((high - x) * (x - low)) / x)
    return float(np.interp(0.5, total / total[-1], x))
