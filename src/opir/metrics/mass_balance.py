"""Residual of the balance of elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError
from opir.metrics.labelled import labelled
from opir.metrics.pairs import check_finite

__all__ = ["mass_balance"]


@labelled(
    "... time element",
    amounts="... time species",
    elements="element species",
    exchanged="... time element",
)
def mass_balance(
    amounts: ArrayLike,
    elements: ArrayLike,
    exchanged: ArrayLike | None = None,
    *,
    smallest: float = 1e-9,
) -> NDArray[np.float64]:
    """Share of the moved atoms of each element that came from nowhere or went there.

    With the change ``d`` of the amounts since the first frame, the residual is ``|E d - x|`` over
    ``|E| |d| + |x|``: 0 if every atom that left one species is found in another or was exchanged,
    1 if all that moved was made from nothing.

    Args:
        amounts: Of each species ``[..., frames, species]``, in any one unit proportional to mol.
        elements: Atoms of each element in each species, ``[element, species]``; charge is one more
            row if wanted (electrons exchanged then count).
        exchanged: Atoms that came in from electrodes or outside since the first frame,
            ``[..., frames, element]``; nothing by default.
        smallest: What must have moved of an element, as a share of what is held of it at the first
            frame, for the residual to be defined: below, it is rounding.

    Returns:
        ``[..., frames, element]``; NaN where nothing moved (the first frame always, as far as
        nothing was exchanged).

    Raises:
        AxisError: If the shapes do not fit.
        ValueRangeError: If a value is NaN or infinite.
    """
    held = check_finite("amounts", amounts).astype(np.float64, copy=False)
    matrix = check_finite("elements", elements).astype(np.float64, copy=False)
    if held.ndim < 2 or matrix.ndim != 2 or held.shape[-1] != matrix.shape[1] or held.size == 0:
        raise AxisError(
            f"amounts {held.shape} and elements {matrix.shape} do not fit; "
            "[..., frames, species] and [element, species] are needed"
        )
    shape = (*held.shape[:-1], len(matrix))
    given = np.zeros(shape) if exchanged is None else check_finite("exchanged", exchanged)
    if given.shape != shape:
        raise AxisError(f"exchanged has shape {given.shape}; {shape} is needed")
    change = held - held[..., :1, :]
    residual = np.abs(change @ matrix.T - given)
    moved = np.abs(change) @ np.abs(matrix).T + np.abs(given)
    present = np.abs(held[..., :1, :]) @ np.abs(matrix).T
    defined = (moved > 0) & (moved > smallest * present)
    return np.asarray(residual / np.where(defined, moved, np.nan))
