"""Error of the positions of bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.metrics.bands import Band, band_names, check_wavenumber, covered, inside
from opir.metrics.labelled import labelled
from opir.metrics.pairs import blocks, check_same

__all__ = ["missed_peaks", "peak_position"]


@labelled(
    "... band",
    coordinates=band_names,
    forecast="... wavenumber",
    truth="... wavenumber",
)
def peak_position(
    forecast: ArrayLike,
    truth: ArrayLike,
    wavenumber: ArrayLike | None = None,
    bands: Sequence[Band] | None = None,
    *,
    threshold: float,
    share: float = 0.1,
) -> NDArray[np.float64]:
    """Distance between the strongest peak of truth and forecast in each region [cm-1].

    In each region the true peak is the local extremum farthest from zero, of either sign (a band
    grows or is lost), if it is at least ``threshold`` high. The forecast must have a local extremum
    of the same sign in the same region that is at least ``share`` of the true one high. Of those at
    least half as high as its highest, the one nearest to the true peak is compared: which of two
    bands of a region is the higher is not a question of position. A point is an extremum if it
    stands out from both neighbours, so that the wing of a band outside is none. Between grid points
    the position is that of the parabola through the logarithms of the three highest values (exact
    for a Gaussian band; the ordinary parabola where a neighbour has the other sign).

    One peak a region is compared. Noise of truth moves its peaks: use noise-free truth where there
    is one, or a ``threshold`` of at least five times the noise.

    Args:
        forecast, truth: Change spectra ``[..., wavenumber]``.
        wavenumber: ``[wavenumber]`` cm-1, evenly spaced; read from labelled arrays.
        bands: Regions; those of :data:`~opir.metrics.bands.MID_INFRARED` on the axis by default.
        threshold: Smallest height of a true peak, in the unit of the spectra; above 0.
        share: Smallest height of a forecast's peak, as a share of the true one; 0 to 1.

    Returns:
        ``[..., band]``; NaN where truth has no peak, and where the forecast has none. A model may
        miss the hard ones: show :func:`missed_peaks` beside the mean.

    Raises:
        AxisError: If shapes or axis do not fit, or the axis does not cover a region asked for.
        OptionError: If ``threshold`` or ``share`` is out of its range.
        ValueRangeError: If a value is NaN or infinite.
    """
    found, true = _positions(forecast, truth, wavenumber, bands, threshold, share)
    return np.asarray(np.abs(found - true))


@labelled(
    "... band",
    coordinates=band_names,
    forecast="... wavenumber",
    truth="... wavenumber",
)
def missed_peaks(
    forecast: ArrayLike,
    truth: ArrayLike,
    wavenumber: ArrayLike | None = None,
    bands: Sequence[Band] | None = None,
    *,
    threshold: float,
    share: float = 0.1,
) -> NDArray[np.float64]:
    """1 where truth has a peak and the forecast none, 0 where both have one, else NaN.

    Arguments, result and errors are those of :func:`peak_position`.
    """
    found, true = _positions(forecast, truth, wavenumber, bands, threshold, share)
    return np.where(np.isnan(true), np.nan, np.isnan(found).astype(np.float64))


def _positions(
    forecast: ArrayLike,
    truth: ArrayLike,
    wavenumber: ArrayLike | None,
    bands: Sequence[Band] | None,
    threshold: float,
    share: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions of the peaks of forecast and truth, ``[..., band]``, NaN where there is none."""
    if not 0 < threshold < np.inf or not 0 <= share <= 1:
        raise OptionError(
            f"threshold is {threshold} and share {share}; threshold must be above 0, share 0 to 1"
        )
    first, second = check_same(forecast=forecast, truth=truth)
    if first.ndim == 0:
        raise AxisError("forecast and truth are single numbers; they need a wavenumber axis")
    axis = check_wavenumber(wavenumber, first.shape[-1])
    step = np.diff(axis)
    if not np.allclose(step, step.mean(), rtol=1e-2):
        raise AxisError("the wavenumber axis is not evenly spaced", remedy="Resample it first")
    chosen = covered(bands, axis)
    one, two = first.reshape(-1, len(axis)), second.reshape(-1, len(axis))
    found = np.full((2, len(one), len(chosen)), np.nan)
    for number, band in enumerate(chosen):
        place = np.flatnonzero(inside(band, axis))
        window = slice(max(place[0] - 1, 0), min(place[-1] + 2, len(axis)))
        grid = axis[window]
        for rows in blocks(len(one), len(grid)):
            a, b = one[rows, window], two[rows, window]
            up, up_height = _peak(b, grid)
            down, down_height = _peak(-b, grid)
            height = np.maximum(up_height, down_height)
            falls = down_height > up_height
            there = height >= threshold
            true = np.where(there, np.where(falls, down, up), np.nan)
            like, highest = _peak(np.where(falls[:, None], -a, a), grid, near=true)
            matched = there & (highest > 0) & (highest >= share * height)
            found[0, rows, number] = np.where(matched, like, np.nan)
            found[1, rows, number] = true
    shape = (*first.shape[:-1], len(chosen))
    return found[0].reshape(shape), found[1].reshape(shape)


def _peak(
    values: NDArray[np.floating[Any]],
    grid: NDArray[np.float64],
    near: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position of a positive local maximum of each row, and height of the highest; 0 if none.

    The position is that of the highest, or of the nearest to ``near`` of those half as high.
    """
    middle = values[:, 1:-1]
    is_peak = (middle > 0) & (middle > values[:, :-2]) & (middle >= values[:, 2:])
    heights = np.where(is_peak, middle, 0)
    row = np.arange(len(values))
    index = np.argmax(heights, axis=1)
    highest = heights[row, index]
    if near is not None:
        wanted = np.nan_to_num(near).astype(np.float32)[:, None]
        away = np.abs(grid[1:-1].astype(np.float32) - wanted)
        index = np.argmin(np.where(heights >= highest[:, None] / 2, away, np.inf), axis=1)
    before, top, after = (values[row, index + k].astype(np.float64) for k in range(3))
    logarithmic = (highest > 0) & (before > 0) & (after > 0)
    for x in (before, top, after):
        np.log(x, out=x, where=logarithmic)
    bend = 2 * top - before - after
    shift = (after - before) / 2 / np.where((highest > 0) & (bend > 0), bend, np.inf)
    step = (grid[-1] - grid[0]) / (len(grid) - 1)
    return grid[index + 1] + shift * step, highest.astype(np.float64)
