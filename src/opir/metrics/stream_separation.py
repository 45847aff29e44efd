"""How well forecast streams explain the true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import check_same

__all__ = ["stream_separation"]


@labelled("...", forecast="... time wavenumber", truth="... time wavenumber")
def stream_separation(
    forecast: ArrayLike, truth: ArrayLike, *, smallest: float = 0.0
) -> NDArray[np.float64]:
    """R2 of each forecast stream against the true one, both as change from their first frame.

    ``1 - sum (f - t)^2 / sum t^2`` over frames and wavenumbers. The reference is no change (not
    the mean), so that a stream that is forecast to stay as it is scores 0; 1 is perfect, and
    there is no lower end. True streams are known for simulated data only.

    Args:
        forecast, truth: Absorbance of the streams ``[..., frames, wavenumber]``, for example
            ``[run, stream, frames, wavenumber]``; the first frame is the given one.
        smallest: Root mean square of the true change at and below which R2 is undefined.

    Returns:
        ``[...]``, for example ``[run, stream]``; NaN where the true stream does not change.

    Raises:
        AxisError: If the shapes differ or there are fewer than two frames.
        ValueRangeError: If a value is NaN or infinite.
    """
    first, second = check_same(forecast=forecast, truth=truth)
    if first.ndim < 2 or first.shape[-2] < 2:
        raise AxisError(f"streams have shape {first.shape}; [..., frames >= 2, wavenumber] needed")
    batch, block = first.shape[:-2], first.shape[-2:]
    one, two = first.reshape(-1, *block), second.reshape(-1, *block)
    found = np.empty(len(one))
    for row, (f, t) in enumerate(zip(one, two, strict=True)):
        change = (t - t[:1]).astype(np.float64)
        error = (f - f[:1]) - change
        whole = np.einsum("ij,ij->", change, change)
        changes = whole > smallest**2 * change.size
        found[row] = 1 - np.einsum("ij,ij->", error, error) / whole if changes else np.nan
    return found.reshape(batch)
