"""DILATE: how far the shape of a course is off, and how far its time, apart from each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import OptionError
from opir.metrics.alignment import CourseScale, align_soft
from opir.metrics.labelled import labelled

__all__ = ["Dilate", "dilate", "dilate_channels"]


class Dilate(NamedTuple):
    """DILATE and its two parts, each one number a pair (or a pair and channel).

    Attributes:
        total: ``alpha shape + (1 - alpha) time``.
        shape: Soft-DTW a frame, in units of ``scale`` squared.
        time: Expected squared distance in time of frames that are aligned, as shares of the
            length, summed along the path, a frame.
    """

    total: NDArray[np.float64]
    shape: NDArray[np.float64]
    time: NDArray[np.float64]


@labelled("...", forecast="... time wavenumber", truth="... time wavenumber", scale="...")
def dilate(
    forecast: ArrayLike,
    truth: ArrayLike,
    *,
    alpha: float = 0.5,
    gamma: float = 0.01,
    scale: CourseScale = None,
    threads: int | None = None,
) -> Dilate:
    """DILATE of whole spectra: one path in time for all channels of a pair.

    Le Guen and Thome 2019 (arXiv:1909.09020): with the cost ``D[i, j]`` of aligning frame i of the
    forecast with frame j of the truth, and ``Omega[i, j] = (i - j)^2 / n^2``,

        shape = softmin over all paths A of <A, D>, that is -gamma ln sum exp(-<A, D> / gamma),
        time  = <E[A], Omega>, where E[A] = d shape / d D, the mean of all paths, each weighted
                with exp(-<A, D> / gamma),
        total = alpha shape + (1 - alpha) time.

    Version 1 of our conventions:

    - ``D[i, j]`` is the mean over channels of the squared difference, so that gamma means the same
      for any number of channels, and for one channel (:func:`dilate_channels`).
    - Courses are divided by ``scale`` first. By default it is the truth's own: the root mean square
      deviation of its channels from their means over time, one number a pair
      (:func:`opir.metrics.alignment.course_scale`). gamma has then the same meaning for strong and
      weak absorbers, thick and thin layers, transmission and ATR, which no fixed absorbance could
      give; the hard minimum is at most 1 - R^2 of the forecast; and a forecast cannot change its
      own unit, since it is the truth's.
    - Both parts are the paper's divided by the number of frames (the mean of both numbers), so
      that horizons of different length compare.
    - alpha 0.5 and gamma 0.01, as in the paper.

    A course against itself does not score 0: all paths count, not only the best. ``shape`` lies
    below the hard minimum, by at most gamma ln(number of paths) / n, which is less than 1.763 gamma
    for equal lengths, and can be negative; ``time`` of a course in which nothing happens is that
    of a random path. Frames count as equally far apart in time: resample them first if they are
    not.

    Args:
        forecast, truth: ``[..., frame, channel]``, any unit, the same in both. Plain arrays may
            have unequal numbers of frames; labelled ones must have the same times.
        alpha: Share of the shape, 0 to 1.
        gamma: Softness, positive, in units of ``scale`` squared.
        scale: In the unit of the courses: one number, or one a pair.
        threads: At a time; all processors by default.

    Returns:
        One number a pair, ``[...]``.

    Raises:
        AxisError: If pairs or channels do not agree, or there is nothing.
        ValueRangeError: If a value is NaN or infinite, the truth does not change in time (and no
            scale is given), or the courses are too large for float64.
        OptionError: If an option is out of its range.
        MissingDependencyError: If numba is not installed.
    """
    _check_alpha(alpha)
    return _parts(
        alpha,
        *align_soft(forecast, truth, joint=True, gamma=gamma, scale=scale, threads=threads),
    )


@labelled(
    "... wavenumber", forecast="... time wavenumber", truth="... time wavenumber", scale="..."
)
def dilate_channels(
    forecast: ArrayLike,
    truth: ArrayLike,
    *,
    alpha: float = 0.5,
    gamma: float = 0.01,
    scale: CourseScale = None,
    threads: int | None = None,
) -> Dilate:
    """DILATE of each channel by itself: a path in time for each.

    Arguments, conventions and errors as in :func:`dilate`; the scale is one a pair here too. The
    per-channel score of a pair is the mean over the last axis.

    Returns:
        One number a pair and channel, ``[..., channel]``.
    """
    _check_alpha(alpha)
    return _parts(
        alpha,
        *align_soft(forecast, truth, joint=False, gamma=gamma, scale=scale, threads=threads),
    )


def _check_alpha(alpha: float) -> None:
    if not 0 <= alpha <= 1:
        raise OptionError(f"alpha is {alpha}; it must be between 0 and 1")


def _parts(alpha: float, shape: NDArray[np.float64], time: NDArray[np.float64]) -> Dilate:
    return Dilate(np.asarray(alpha * shape + (1 - alpha) * time), shape, time)
