"""How a reaction grows with its dose: linear, parabolic or as a logarithm."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["KINDS", "grown"]

KINDS = 5
"""Numbers that say how: three kinds, where growth turns parabolic, how soon it is logarithmic."""

_FIRST_TURN, _FIRST_SOON = -6.0, 2.3
"""Logarithms of the dose [1e4 s] at which growth turns parabolic, and of one over that at which it
turns logarithmic, that training starts from."""


def grown(dose: Tensor, law: Tensor) -> Tensor:
    r"""Growth at a dose, from 0 at 0, never falling.

    The softmax of the first three numbers mixes :math:`x`,
    :math:`\sqrt{x + p} - \sqrt{p}` (Deal and Grove 1965, doi:10.1063/1.1713945) and
    :math:`\ln(1 + s x) / \ln(1 + s)`; the others are logarithms of :math:`p` and :math:`s`.

    Args:
        dose: :math:`x`, never negative, ``[batch, times, reaction]``.
        law: About unit variance, ``[batch, 1, reaction, KINDS]``.

    Returns:
        As ``dose``.
    """
    kind = torch.softmax(law[..., :3], dim=-1)
    turn, soon = (3 * law[..., 3:]).unbind(dim=-1)
    turn = torch.exp((_FIRST_TURN + turn).clamp(-14, 3))
    soon = torch.exp((_FIRST_SOON + soon).clamp(-3, 9))
    root = dose / (torch.sqrt(dose + turn) + torch.sqrt(turn))  # no difference of near numbers
    logarithm = torch.log1p(soon * dose) / torch.log1p(soon)
    found: Tensor = kind[..., 0] * dose + kind[..., 1] * root + kind[..., 2] * logarithm
    return found
