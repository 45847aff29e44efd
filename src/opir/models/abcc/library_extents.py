"""True extents of simulated runs in training: what the spectra alone leave open is told.

Of reactions whose products look alike, or that hardly show, spectra tell no more than a sum. A
simulated run has the extents of each. Errors are of logarithms, since extents of reactions, and of
one reaction from cell to cell, differ by powers of ten.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.models.inputs import Windows

__all__ = ["extent_error", "taught_extents"]

_LITTLE = 0.003
"""Extents below this share of their reaction's usual one are much the same."""


def taught_extents(
    windows: Windows, reactions: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """True extents in units of the usual one of their reaction, and these usual ones [mmol m-2].

    The usual one is the root of the mean square at the end of those runs in which the reaction
    runs; in others, and where it is not known, its extents are NaN.

    Args:
        windows: With extents.
        reactions: Names of those asked for.

    Returns:
        ``[window, times, reaction]`` and ``[reaction]``, 1 of reactions that never run.
    """
    true = windows.extents
    assert true is not None
    found = np.full((*true.shape[:2], len(reactions)), np.nan, np.float32)
    usual = np.ones(len(reactions), np.float32)
    place = {name: at for at, name in enumerate(windows.reactions)}
    for column, name in enumerate(reactions):
        if name not in place:
            continue
        course = true[:, :, place[name]]
        runs = np.nan_to_num(course[:, -1]) > 0
        if runs.any():
            usual[column] = np.sqrt(np.mean(np.square(course[runs, -1])))
            found[runs, :, column] = course[runs] / usual[column]
    return found, usual


def extent_error(extents: Tensor, true: Tensor, usual: NDArray[np.float32]) -> Tensor:
    """Mean absolute difference of logarithms of extents, each raised by a little of the usual one.

    Args:
        extents: Of a forecast [mmol m-2], ``[batch, times, reaction]``.
        true: In units of the usual one, NaN where not known; the same shape.
        usual: [mmol m-2], ``[reaction]``.

    Returns:
        A number; 0 where nothing is known.
    """
    made = extents.to(true.dtype) / torch.as_tensor(usual, device=true.device)
    known = ~torch.isnan(true)
    apart = torch.log(made + _LITTLE) - torch.log(torch.nan_to_num(true) + _LITTLE)
    return torch.where(known, apart.abs(), 0.0).sum() / known.sum().clamp(min=1)
