"""How much a quantity falls that can only rise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import check_finite

__all__ = ["Violation", "irreversibility"]


class Violation(NamedTuple):
    """Falls of what can only rise, each ``[...]``."""

    share: NDArray[np.float64]
    """Steps that fall, of all steps."""
    size: NDArray[np.float64]
    """Sum of the falls, of the sum of all movements; 0 if nothing falls, 1 if nothing rises."""


@labelled("...", values="... time")
def irreversibility(values: ArrayLike, *, tolerance: float = 0.0) -> Violation:
    """Share and size of the falls of irreversible extents, or band areas of their stream.

    Needs no truth. Area of a band of one stream may fall for a lawful reason, a product that
    reacts on; extents may not.

    Args:
        values: ``[..., frames]``, two frames at least.
        tolerance: Movements between frames of at most this size count as none, in the unit of the
            values.

    Returns:
        Share and size, each ``[...]``. What does not move at all does not fall: both are 0.

    Raises:
        AxisError: If there are fewer than two frames.
        OptionError: If the tolerance is below 0.
        ValueRangeError: If a value is NaN or infinite.
    """
    held = check_finite("values", values).astype(np.float64, copy=False)
    if held.ndim == 0 or held.shape[-1] < 2 or held.size == 0:
        raise AxisError(f"values have shape {held.shape}; two frames at least are needed")
    if not 0 <= tolerance < np.inf:
        raise OptionError(f"tolerance is {tolerance}; it must be 0 or more")
    step = np.diff(held, axis=-1)
    step[np.abs(step) <= tolerance] = 0.0
    fall = np.maximum(-step, 0).sum(axis=-1)
    movement = np.abs(step).sum(axis=-1)
    return Violation(
        share=np.asarray((step < 0).mean(axis=-1)),
        size=np.asarray(fall / np.where(movement > 0, movement, 1.0)),
    )
