"""What comes and goes with the drive: forms of a species turn into each other, and crowding."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["exchanged"]

_LEAST = 1e-9
_MOST = 8.0


def exchanged(left: Tensor, alike: Tensor, binding: Tensor, crowding: Tensor) -> Tensor:
    r"""Change of the populations by reversible coordinates.

    The forms :math:`i` of one species share what is there of it, :math:`n = \sum_i n_i`, as
    :math:`n\, n_i e^{b_i} / \sum_j n_j e^{b_j}`. Where solvents compete for the places at a cation,
    the odds of being bound are a constant times the places that are left (Langmuir 1918,
    doi:10.1021/ja02242a004), so a change of the salt multiplies the odds of all of them by one
    factor, whatever the electrolyte. And all of one kind become more or less, by :math:`e^{c}`:
    salt gathers in front of an electrode, and takes the room of solvents.

    Args:
        left: Amount of each population, not negative, ``[batch, times, population]``.
        alike: 1 where two populations are forms of one species, ``[population, population]``.
        binding: b, change of the logarithm of a form's weight, ``[batch, times, population]``.
        crowding: c, the same for all forms of a species, ``[batch, times, population]``.

    Returns:
        The change in the unit of the amounts, the same shape; never is more taken than is left.
        Without crowding every species is kept.
    """
    weighted = left * torch.exp(binding.clamp(-_MOST, _MOST))
    before, after = left @ alike, weighted @ alike
    shared = weighted * (before / after.clamp_min(_LEAST * _LEAST))
    # Of next to nothing the forms stay as they are.
    shared = torch.where(before > _LEAST, shared, left)
    return shared * torch.exp(crowding.clamp(-_MOST, _MOST)) - left
