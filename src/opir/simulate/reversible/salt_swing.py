"""Salt concentration in front of the electrode from its swing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ValueRangeError

__all__ = ["local_concentration"]


def local_concentration(
    bulk: ArrayLike, swing: ArrayLike, *, saturation: float = 6000.0
) -> NDArray[np.float64]:
    """C = saturation c0 e^w / (saturation + c0 (e^w - 1)).

    For small w this is c0 (1 + w) up to w times c0 / saturation: w is the relative change, as the
    kinetics computes it from the current. Never negative and never above ``saturation``; the
    logistic road between the two is a choice, not a measured law.

    Args:
        bulk: c0, mol m-3, below ``saturation``; broadcast.
        swing: w, 1; 0 at rest.
        saturation: Highest concentration of the salt [mol m-3].

    Raises:
        ValueRangeError: If the bulk is negative or above saturation, or w is not finite.
    """
    c0, w = np.asarray(bulk, dtype=np.float64), np.asarray(swing, dtype=np.float64)
    if not (np.isfinite(c0) & (c0 >= 0) & (c0 < saturation)).all():
        raise ValueRangeError(
            f"a salt concentration is not between 0 and {saturation:g} mol m-3",
            remedy="Check its unit, or raise saturation",
        )
    if not np.isfinite(w).all():
        raise ValueRangeError("the salt swing is not finite", remedy="Check the kinetics")
    # Written with e^-w so that large w do not overflow.
    fall = np.exp(-np.clip(w, -50, 50))
    return np.asarray(saturation * c0 / (saturation * fall + c0 * (1 - fall)), dtype=np.float64)
