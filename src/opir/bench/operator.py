"""The matrix of a linear processing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError
from opir.run import Run
from opir.run.processing import Pipeline

__all__ = ["linear_operator"]


def linear_operator(steps: Pipeline, wavenumber: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix ``P`` with ``process(x) = P x``.

    It is found by processing unit spectra, and checked on a random one.

    Args:
        steps: Linear steps (derivatives, smoothing, offsets, cuts).
        wavenumber: Axis [cm-1], shape ``[wavenumber]``.

    Returns:
        Shape ``[wavenumber after, wavenumber before]``.

    Raises:
        OptionError: If the steps are not linear (SNV, for example).
    """
    points = wavenumber.size
    probe = np.random.default_rng(0).normal(size=(1, points))
    spectra = np.concatenate([np.eye(points), probe])
    run = Run.from_arrays(np.arange(points + 1.0), wavenumber, spectra)
    processed = steps(run)
    matrix = np.asarray(processed.values[:-1].T, dtype=np.float64)
    expected = matrix @ probe[0]
    size = float(np.abs(expected).max()) or 1.0
    if not np.allclose(processed.values[-1], expected, atol=1e-6 * size):
        raise OptionError(
            "the steps are not linear", remedy="Use a derivative or an offset instead of SNV"
        )
    return matrix
