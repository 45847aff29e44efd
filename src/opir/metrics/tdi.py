"""Temporal distortion index: how far a forecast is early or late."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.metrics.alignment import align_hard
from opir.metrics.labelled import labelled

__all__ = ["tdi", "tdi_channels"]


@labelled("...", forecast="... time wavenumber", truth="... time wavenumber")
def tdi(
    forecast: ArrayLike, truth: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Squared distance in time of the frames that dynamic time warping aligns, one path a pair.

    The form of Le Guen and Thome 2019 (arXiv:1909.09020, section 4) of the index of Frías-Paredes
    et al. 2017 (Energy Conversion and Management 142, 533): the sum of ``(i - j)^2 / n^2`` along
    the path of :func:`~opir.metrics.dtw.dtw`, here divided by the number of frames n, as the time
    part of DILATE is, whose limit for gamma to 0 it is. Of paths of equal cost the one of least
    distortion counts, so a course against itself has 0.

    Its root is about the mean shift as a share of the horizon. Early and late are not told apart,
    and where nothing happens the noise decides.

    Args:
        forecast, truth: ``[..., frame, channel]``. Plain arrays may have unequal numbers of frames;
            labelled ones must have the same times.
        threads: At a time; all processors by default.

    Returns:
        ``[...]``, without unit.

    Raises:
        AxisError: If pairs or channels do not agree, or there is nothing.
        ValueRangeError: If a value is NaN or infinite.
        OptionError: If ``threads`` is not a positive whole number.
        MissingDependencyError: If numba is not installed.
    """
    return align_hard(forecast, truth, joint=True, threads=threads)[1]


@labelled("... wavenumber", forecast="... time wavenumber", truth="... time wavenumber")
def tdi_channels(
    forecast: ArrayLike, truth: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Like :func:`tdi`, with a path for each channel.

    Returns:
        ``[..., channel]``.
    """
    return align_hard(forecast, truth, joint=False, threads=threads)[1]
