"""Smooth chance in time, at any times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["smooth_process"]

_WAVES = 24


def smooth_process(
    time: NDArray[np.float64], correlation_time: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """A smooth random course of zero mean and unit variance [time].

    Random Fourier features of a process with the covariance exp(-(t - t')^2 / (2 tau^2))
    (Rahimi and Recht, NIPS 2007): sqrt(2/K) times the sum of K = 24 cosines, frequencies normal
    with standard deviation 1 / tau, phases even.

    Args:
        time: [s].
        correlation_time: tau [s]; 0 or infinite gives a constant.
        generator: Source of chance.
    """
    rate = 1 / correlation_time if correlation_time > 0 else 0.0
    frequency = generator.standard_normal(_WAVES) * rate
    phase = generator.uniform(0, 2 * np.pi, _WAVES)
    waves = np.cos(np.multiply.outer(time, frequency) + phase)
    return np.asarray(np.sqrt(2 / _WAVES) * waves.sum(axis=-1), dtype=np.float64)
