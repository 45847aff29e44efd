"""Energy score of whole trajectories."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.metrics.crps import check_ensemble
from opir.metrics.labelled import labelled

__all__ = ["energy_score"]


@labelled("...", ensemble="sample ... time wavenumber", truth="... time wavenumber")
def energy_score(
    ensemble: ArrayLike, truth: ArrayLike, *, fair: bool = True, dimensions: int = 2
) -> NDArray[np.float64]:
    """Energy score of an ensemble of whole trajectories, in the unit of the values.

    The CRPS with a distance in place of the absolute value (Gneiting and Raftery 2007,
    doi:10.1198/016214506000001437, section 4.3), so that an ensemble is asked for what moves
    together and not only for each value alone. The distance is the root mean square over frames
    and wavenumbers: the Euclidean one over the square root of their number, which leaves the score
    proper and makes it comparable between lengths. For a single value it is the CRPS.

    Args:
        ensemble: ``[sample, ..., frames, wavenumber]``.
        truth: ``[..., frames, wavenumber]``.
        fair: Correct for the size of the ensemble, as :func:`~opir.metrics.crps.crps` does.
        dimensions: Last axes that one trajectory takes; 2, unless plain arrays have others.

    Returns:
        ``[...]``, one value per run.

    Raises:
        AxisError: If the shapes do not fit or there is nothing.
        OptionError: If ``fair`` and there is a single member.
        ValueRangeError: If a value is NaN or infinite.
    """
    members, true = check_ensemble(ensemble, truth, fair)
    if not 0 < dimensions <= true.ndim:
        raise AxisError(f"truth has shape {true.shape}; {dimensions} axes are one trajectory")
    batch, count = true.shape[: true.ndim - dimensions], len(members)
    width = math.prod(true.shape[true.ndim - dimensions :])
    flat, target = members.reshape(count, -1, width), true.reshape(-1, width)
    pairs = 1.0 / (2 * count * (count - 1 if fair else count)) if count > 1 else 0.0
    score = np.empty(len(target))
    for run, one in enumerate(target):
        error = flat[:, run] - one
        score[run] = np.sqrt(np.einsum("ij,ij->i", error, error)).mean()
        if count > 1:
            error -= error.mean(axis=0)  # distances between members keep their digits
            inner = error @ error.T
            length = np.diag(inner)
            squares = length[:, None] + length[None, :] - 2 * inner
            np.fill_diagonal(squares, 0.0)
            score[run] -= pairs * np.sqrt(np.maximum(squares, 0.0)).sum()
    return (score / math.sqrt(width)).reshape(batch)
