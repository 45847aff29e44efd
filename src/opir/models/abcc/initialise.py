"""What ABCC starts from: extreme mixtures of the training windows, lifted to non-negative spectra.

Plain NumPy; nothing here is random, and nothing but the training windows is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.models.inputs import Windows

__all__ = ["FirstGuess", "first_guess", "successive_projection"]

Array = NDArray[np.float64]

_SPECTRA = 32_768
"""Spectra, about, that the guess is made from; of more windows evenly spaced ones are taken."""


@dataclass(frozen=True)
class FirstGuess:
    """Starting values, spectra in units of ``scale``.

    Attributes:
        spectra: Non-negative component spectra (absorbance domain), ``[component, point]``.
        background: Processed background, ``[wavenumber]``.
        operator: The linear processing, ``[wavenumber, point]``.
        wavenumber: Axis of the measured spectra [cm-1].
        axis: Axis of the components [cm-1], ``[point]``.
        read_amounts, read_offset: Amounts are about ``read_amounts @ x + read_offset``.
        loadings, read_coordinates: Reversible spectra, and how their coordinates are read;
            both ``[coordinate, wavenumber]``.
        scale: Root mean square of the measured change.
        time_scale: Training horizon [s].
        current_scale: Largest current of the training windows [A]; 1 without any.
    """

    spectra: Array
    background: Array
    operator: Array
    wavenumber: Array
    axis: Array
    read_amounts: Array
    read_offset: Array
    loadings: Array
    read_coordinates: Array
    scale: Array
    time_scale: Array
    current_scale: Array


def successive_projection(points: Array, count: int) -> list[int]:
    """Rows that span the others best: the largest, then the largest of what is left, and so on.

    The successive projection algorithm (Araujo et al. 2001, doi:10.1016/S0169-7439(01)00119-8).

    Args:
        points: Shape ``[row, dimension]``.
        count: How many rows.
    """
    left = points.copy()
    chosen = []
    for _ in range(count):
        at = int((left**2).sum(axis=1).argmax())
        chosen.append(at)
        length = np.linalg.norm(left[at])
        if length > 0:
            direction = left[at] / length
            left = left - np.outer(left @ direction, direction)
    return chosen


def first_guess(
    train: Windows,
    components: int,
    coordinates: int,
    operator: Array | None = None,
    axis: Array | None = None,
) -> FirstGuess:
    """Starting values from the training windows.

    The means of the windows are taken as mixtures of ``components`` extreme ones (successive
    projection in the space of their leading principal components), ordered from what is consumed
    to what is formed. Each is lifted to a non-negative spectrum whose processed form it is (least
    squares with a penalty on roughness). Leading principal components of what the mixtures leave
    over start the reversible stream.
    """
    from scipy.optimize import nnls

    most = max(_SPECTRA // (1 + train.inputs.frames), 2 * components)
    if len(train) > most:
        train = train.rows(np.linspace(0, len(train) - 1, most).round().astype(np.int64))
    inputs = train.inputs
    points = inputs.wavenumber.size
    scale = float(np.sqrt((train.change**2).mean())) or 1.0
    frames = np.concatenate([inputs.given, train.target], axis=1).astype(np.float64) / scale
    flat = frames.reshape(-1, points)
    mean = flat.mean(axis=0)

    # Means of windows carry less noise; with few windows, single frames stand for them.
    mixed = flat if len(train) < 2 * components else frames.mean(axis=1)
    deviation = mixed - mean
    axes = np.linalg.svd(deviation, full_matrices=False)[2][: components - 1]
    scores = deviation @ axes.T
    height = np.full((len(scores), 1), np.sqrt((scores**2).mean()))
    chosen = successive_projection(np.concatenate([scores, height], axis=1), components)
    pure = mean + scores[chosen] @ axes
    corners = np.concatenate([scores[chosen].T, np.ones((1, components))])
    inverse = np.linalg.pinv(corners, rcond=1e-3)
    read = inverse[:, :-1] @ axes
    offset = inverse[:, -1] - read @ mean

    gained = ((frames[:, -1] - frames[:, 0]) @ read.T).mean(axis=0)
    order = np.argsort(gained, kind="stable")
    pure, read, offset = pure[order], read[order], offset[order]

    plain = operator is None
    matrix = np.eye(points) if operator is None else np.asarray(operator, dtype=np.float64)
    background = pure.min(axis=0) if plain else pure.mean(axis=0)
    unit = np.eye(matrix.shape[1]) * np.abs(matrix).max()
    stiff = np.diff(unit, n=2, axis=0) * (0.0 if plain else 0.3)
    small = unit * 1e-3
    left = np.concatenate([matrix, stiff, small])
    empty = np.zeros(len(left) - points)
    spectra = np.array([nnls(left, np.concatenate([p - background, empty]))[0] for p in pure])

    amounts = np.maximum(flat @ read.T + offset, 0.0)
    rest = flat - amounts @ (spectra @ matrix.T) - background
    _, size, axes = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)
    count = min(coordinates, len(axes))
    spread = np.maximum(size[:count], max(1e-3 * float(size[0]), 1e-9))[:, None]
    spread = spread / np.sqrt(len(rest))
    loadings, reading = np.zeros((coordinates, points)), np.zeros((coordinates, points))
    loadings[:count], reading[:count] = axes[:count] * spread, axes[:count] / spread

    current = np.abs(inputs.drive[..., 1])
    largest = float(np.nanmax(current)) if np.isfinite(current).any() else 0.0
    return FirstGuess(
        spectra=spectra,
        background=background,
        operator=matrix,
        wavenumber=inputs.wavenumber,
        axis=inputs.wavenumber if axis is None else axis,
        read_amounts=read,
        read_offset=offset,
        loadings=loadings,
        read_coordinates=reading,
        scale=np.array(scale),
        time_scale=np.array(float(np.median(inputs.lead[:, -1]))),
        current_scale=np.array(largest or 1.0),
    )
