"""Cutting to a range of wavenumbers."""

from __future__ import annotations

import numpy as np

from opir.errors import AxisError
from opir.run.history import Step
from opir.run.processing.base import Data, keep_axis, register, restore_axis

__all__ = ["cut"]


@register("cut", undo=restore_axis)
def cut(data: Data, low: float, high: float, *, keep: bool = True) -> Data:
    """Only the points between two wavenumbers, both included.

    Args:
        data: Spectrum or run.
        low, high: The range [cm-1], in either order.
        keep: Keep what is cut off, so that the step can be undone.

    Raises:
        AxisError: If no point lies in the range.
    """
    low, high = sorted((float(low), float(high)))
    axis = data.wavenumber
    inside = np.flatnonzero((axis >= low) & (axis <= high))
    if not inside.size:
        raise AxisError(
            f"no point lies between {low:g} and {high:g} cm-1; the data cover "
            f"{axis.min():g} to {axis.max():g} cm-1",
            remedy="Name a range inside",
        )
    step = Step("cut", {"low": low, "high": high, "keep": keep}, undoable=keep)
    return data.with_step(
        step, data.dataset.isel(wavenumber=inside), keep_axis(data) if keep else None
    )
