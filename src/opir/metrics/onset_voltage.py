"""Error of the voltage at which a band sets in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, ValueRangeError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import check_same

__all__ = ["missed_onsets", "onset_voltage"]


@labelled("...", forecast="... time", truth="... time", voltage="... time")
def onset_voltage(
    forecast: ArrayLike,
    truth: ArrayLike,
    voltage: ArrayLike,
    *,
    noise: float,
    share: float = 0.1,
    stays: int = 2,
) -> NDArray[np.float64]:
    """Distance between the voltages at which forecast and truth set in [V].

    A trajectory sets in where it first rises over a threshold and stays over it for ``stays``
    frames, or to the end. The threshold is the larger of ``noise`` and ``share`` of the largest
    true value, and the same for forecast and truth: it stands for what can be seen, so that a
    forecast that rises too little sets in late or never. The voltage is interpolated linearly
    between the last frame under the threshold and the first over it; between far apart frames of
    a sweep it is no better than that.

    Args:
        forecast, truth: A band area, an amount or any quantity that grows, as change from the
            given frame, ``[..., frames]``; begin with that frame (0) to see an onset before the
            first forecast one.
        voltage: At the frames ``[..., frames]``, or of a shape that stretches to it; NaN where it
            is not known.
        noise: Smallest threshold, in the unit of the trajectories; above 0.
        share: Threshold as a share of the largest true value; 0 to 1.
        stays: Frames that it must stay over; at least 1.

    Returns:
        ``[...]``; NaN where truth or forecast never rises over the threshold, is over it from the
        first frame on, or the voltage there is not known. See :func:`missed_onsets`.

    Raises:
        AxisError: If the shapes do not fit.
        OptionError: If ``noise``, ``share`` or ``stays`` is out of its range.
        ValueRangeError: If a trajectory holds NaN or infinity, or the voltage infinity.
    """
    found, true = _onsets(forecast, truth, voltage, noise, share, stays)
    return np.asarray(np.abs(found - true))


@labelled("...", forecast="... time", truth="... time", voltage="... time")
def missed_onsets(
    forecast: ArrayLike,
    truth: ArrayLike,
    voltage: ArrayLike,
    *,
    noise: float,
    share: float = 0.1,
    stays: int = 2,
) -> NDArray[np.float64]:
    """1 where truth sets in at a known voltage and the forecast does not, 0 if both do, else NaN.

    Arguments, result and errors are those of :func:`onset_voltage`.
    """
    found, true = _onsets(forecast, truth, voltage, noise, share, stays)
    return np.where(np.isnan(true), np.nan, np.isnan(found).astype(np.float64))


def _onsets(
    forecast: ArrayLike,
    truth: ArrayLike,
    voltage: ArrayLike,
    noise: float,
    share: float,
    stays: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voltages of the onsets of forecast and truth, ``[...]``, NaN where there is none."""
    if not 0 < noise < np.inf or not 0 <= share <= 1 or stays < 1:
        raise OptionError(
            f"noise is {noise}, share {share}, stays {stays}; noise must be above 0, share 0 to 1, "
            "stays at least 1"
        )
    first, second = check_same(forecast=forecast, truth=truth)
    known = np.asarray(voltage, dtype=np.float64)
    if first.ndim == 0 or known.shape[-1:] != first.shape[-1:]:
        raise AxisError(f"trajectories {first.shape} and voltage {known.shape} do not fit")
    if np.isinf(known).any():
        raise ValueRangeError("voltage holds infinity", remedy="Use NaN where it is not known")
    try:
        known = np.broadcast_to(known, first.shape)
    except ValueError as error:
        raise AxisError(
            f"voltage of shape {known.shape} does not stretch to {first.shape}"
        ) from error
    threshold = np.maximum(share * second.max(axis=-1, keepdims=True), noise)
    return _onset(first, threshold, known, stays), _onset(second, threshold, known, stays)


def _onset(
    values: NDArray[np.floating],
    threshold: NDArray[np.floating],
    voltage: NDArray[np.float64],
    stays: int,
) -> NDArray[np.float64]:
    over = values >= threshold
    stay = over.copy()
    for later in range(1, min(stays, over.shape[-1])):
        stay[..., :-later] &= over[..., later:]
    frame = np.argmax(stay, axis=-1)[..., None]
    rises = stay.any(axis=-1, keepdims=True) & (frame > 0)
    before = np.maximum(frame - 1, 0)
    low, high = (np.take_along_axis(values, at, -1).astype(np.float64) for at in (before, frame))
    from_voltage, to_voltage = (np.take_along_axis(voltage, at, -1) for at in (before, frame))
    # a frame that rose before without staying may be over the threshold: then it began there
    part = (threshold - low) / np.where(high > low, high - low, np.inf)
    at_onset = from_voltage + np.clip(part, 0, 1) * (to_voltage - from_voltage)
    return np.asarray(np.where(rises, at_onset, np.nan)[..., 0])
