"""What populations of the library absorb."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["absorbance", "quick_absorbance"]


def absorbance(change: Tensor, bent: Tensor, molar: Tensor, slope: Tensor) -> Tensor:
    """What changes of populations absorb.

    Args:
        change: ``[batch, times, population]`` [mmol m-2].
        bent: Amounts times shifts of their bands [mmol m-2 cm-1], the same shape.
        molar, slope: See :class:`ChemistryTables`, ``[population, wavenumber]``.

    Returns:
        ``[batch, times, wavenumber]``.
    """
    return change @ molar + bent @ slope


@torch.no_grad()
def quick_absorbance(change: Tensor, bent: Tensor, molar: Tensor, slope: Tensor) -> Tensor:
    """:func:`absorbance` without gradients, in less time: most populations do not change.

    Nothing is known of most of them in a static spectrum, and few of those are shifted.
    """
    there = change.flatten(0, 1).any(dim=0).nonzero()[:, 0]
    moved = bent.flatten(0, 1).any(dim=0).nonzero()[:, 0]
    found = change[..., there] @ molar[there]
    shifted = bent[..., moved]
    return found.flatten(0, 1).addmm_(shifted.flatten(0, 1), slope[moved]).view_as(found)
