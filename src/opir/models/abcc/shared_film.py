"""The film that reductions at an electrode share: as it grows, each gets its part of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from opir.models.abcc.growth import KINDS, grown
from opir.models.abcc.visits import RANGES

__all__ = ["SharedFilm"]

_FIRST = -9.0
"""Logarithm of the electrons per 1e4 s that reductions and film let through alike, and of the
growth at full dose, that training starts from; relative to the reactants of the electrolyte."""
_FIRST_LAW = (0.0, -1.0, 0.0, 0.0, 0.0, 2.2)
"""Of a cell at first: size and kind of growth. Little in proportion to the dose; the logarithm of a
large multiple of it, which is nearly all there after seconds, as where electrons tunnel."""
_SCALE = 30.0
_NOTHING = 1e-12


class SharedFilm(nn.Module):
    r"""Hazards of the reductions at an electrode, which share what its film lets through.

    While the potential is in range :math:`p`, reductions ask for :math:`d_p = \sum_j z_j c_j
    r_{jp}` electrons, :math:`r_{jp}` being what they would do without a film, relative to the
    largest extent :math:`c_j` that the electrolyte allows, and form :math:`v_p = \sum_j v_j c_j
    r_{jp}` of film. They get as much as the film lets through as long as that is less than they
    ask for, so what counts is how much of it an electron forms: the dose of the film is

    .. math:: x(t) = \sum_p \frac{v_p}{d_p + d_0} t_p

    of the times :math:`t_p` spent there. How thick the film is, :math:`L(t) = e^a g(x(t))`, follows
    the laws of growth through a film (:func:`~opir.models.abcc.growth.grown`), the same for all
    reactions, by the cell alone. What comes on top while the potential is in a range is what
    reductions there form: :math:`d \Lambda_j = r_{jp} \, d L / v_p`. So what is reduced first lies
    there first and holds up what would come later, an additive the solvent; and potentials count
    in the order in which they come (Single, Latz, Horstmann 2018, doi:10.1002/cssc.201800077).

    Args:
        width: Of what is told of a cell.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_cell = nn.Linear(width, 1 + KINDS)
        nn.init.zeros_(self.of_cell.weight)
        with torch.no_grad():
            self.of_cell.bias.copy_(torch.tensor(_FIRST_LAW))
        self.limit = nn.Parameter(torch.zeros(()))

    def forward(
        self,
        rates: Tensor,
        electrons: Tensor,
        volumes: Tensor,
        visits: Tensor,
        frames: Tensor,
        cell: Tensor,
    ) -> Tensor:
        """Hazards at the frames, 0 at first and never falling, ``[batch, frame, reaction]``.

        Args:
            rates: What reactions would do, ``[batch, reaction, range]``, 0 of those that share
                no film.
            electrons: That the largest extent takes, ``[batch, reaction]``.
            volumes: Of the film that it forms, ``[batch, reaction]``.
            visits: See :func:`~opir.models.abcc.visits.visits`, ``[batch, visit, 3]``.
            frames: How many steps of the visits are over at each, ``[batch, frame]``.
            cell: What is told of the cell, ``[batch, width]``.
        """
        asked = (electrons[:, None] @ rates)[:, 0]
        formed = (volumes[:, None] @ rates)[:, 0]
        pace = formed / (asked + torch.exp(_FIRST + _SCALE * self.limit))
        stay, after = visits[..., 0], visits[..., 2]
        where = visits[..., 1].long()
        dose = (stay * pace.gather(1, where)).cumsum(dim=1)
        law = self.of_cell(cell)
        thick = grown(dose[..., None], law[:, None, None, 1:])[..., 0]
        thick = torch.exp((_FIRST + 3 * law[:, :1]).clamp(-25, 8)) * thick
        more = thick.diff(dim=1, prepend=torch.zeros_like(thick[:, :1])).clamp_min(0)
        # What comes before the first frame, between two, and after the last.
        if torch.compiler.is_exporting():  # few frames, and a graph has no search
            between = (after[..., None] >= frames[:, None]).sum(dim=-1)
        else:
            between = torch.searchsorted(frames.contiguous(), after.contiguous(), right=True)
        slots = more.new_zeros(more.shape[0], (frames.shape[1] + 1) * RANGES)
        slots = slots.scatter_add(1, between * RANGES + where, more)
        by_range = slots.reshape(more.shape[0], -1, RANGES)[:, :-1].cumsum(dim=1)
        found: Tensor = (by_range / (formed[:, None] + _NOTHING)) @ rates.transpose(1, 2)
        return found
