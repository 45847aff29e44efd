"""Dynamic time warping: the error that is left when the forecast may be early or late."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.metrics.alignment import align_hard
from opir.metrics.labelled import labelled

__all__ = ["dtw", "dtw_channels"]


@labelled("...", forecast="... time wavenumber", truth="... time wavenumber")
def dtw(
    forecast: ArrayLike, truth: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Least cost of a path that aligns the frames of forecast and truth, one for all channels.

    Sakoe and Chiba 1978 (doi:10.1109/TASSP.1978.1163055), with steps of one frame in one or both
    courses, all of weight 1, and no window. The cost of two frames is the mean over channels of the
    squared difference; that of the path is divided by the number of frames (the mean of both
    numbers). So it is never above the mean squared error, and in the same unit.

    Args:
        forecast, truth: ``[..., frame, channel]``. Plain arrays may have unequal numbers of frames;
            labelled ones must have the same times.
        threads: At a time; all processors by default.

    Returns:
        ``[...]``, in the unit of the courses squared.

    Raises:
        AxisError: If pairs or channels do not agree, or there is nothing.
        ValueRangeError: If a value is NaN or infinite.
        OptionError: If ``threads`` is not a positive whole number.
        MissingDependencyError: If numba is not installed.
    """
    return align_hard(forecast, truth, joint=True, threads=threads)[0]


@labelled("... wavenumber", forecast="... time wavenumber", truth="... time wavenumber")
def dtw_channels(
    forecast: ArrayLike, truth: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Like :func:`dtw`, with a path for each channel.

    Returns:
        ``[..., channel]``.
    """
    return align_hard(forecast, truth, joint=False, threads=threads)[0]
