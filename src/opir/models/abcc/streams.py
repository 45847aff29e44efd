"""The two streams: irreversible extents, and reversible coordinates that follow the drive."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["IrreversibleStream", "ReversibleStream"]


class IrreversibleStream(nn.Module):
    r"""Amounts from extents: ``c(t) = c(r) + N xi``, ``d xi / d t >= 0``.

    Component ``i`` turns into component ``j`` with a hazard ``lambda_ij >= 0`` that depends
    on the state at ``r``, the time since, and the drive at each time:

    .. math::
        \Lambda_i(t) = \int_r^t \sum_j \lambda_{ij} ds, \qquad
        d\xi_{ij} = -c_i(r) \frac{\lambda_{ij}}{\sum_k \lambda_{ik}} d e^{-\Lambda_i}.

    So extents never fall, no more of a component reacts than was there at ``r``, and every column
    of ``N`` sums to zero: amounts stay non-negative and their sum is kept, whatever the weights.

    Args:
        components: Number of components; any may turn into any other.
        features: Number of numbers that describe the state at ``r``.
        drive: Number of numbers that describe the drive at one time.
        hidden: Width of the rate network.
    """

    stoichiometry: Tensor
    source: Tensor

    def __init__(self, components: int, features: int, drive: int, hidden: int) -> None:
        super().__init__()
        self.pairs = [(i, j) for i in range(components) for j in range(components) if i != j]
        matrix = torch.zeros(components, len(self.pairs))
        for column, (i, j) in enumerate(self.pairs):
            matrix[i, column], matrix[j, column] = -1.0, 1.0
        self.register_buffer("stoichiometry", matrix)
        self.register_buffer("source", torch.tensor([i for i, _ in self.pairs]))
        self.rates = nn.Sequential(
            nn.Linear(features + 1 + drive, hidden), nn.Tanh(), nn.Linear(hidden, len(self.pairs))
        )
        last = self.rates[2]
        if isinstance(last, nn.Linear):
            nn.init.constant_(last.bias, -4.0)
            with torch.no_grad():
                last.weight.mul_(0.3)

    def forward(
        self, amounts: Tensor, state: Tensor, lead: Tensor, drive: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Extents and amounts.

        Args:
            amounts: At ``r``, ``[batch, component]``, never negative.
            state: Numbers that describe the state at ``r``, ``[batch, features]``.
            lead: Time since ``r`` in units of the horizon, ``[batch, times]``, first 0, rising.
            drive: Drive features at these times, ``[batch, times, drive]``.

        Returns:
            Extents ``[batch, times, reaction]`` (first 0) and amounts
            ``[batch, times, component]``.
        """
        at_each = state[:, None].expand(-1, lead.shape[1], -1)
        seen = torch.cat([at_each, lead[..., None], drive], dim=-1)
        hazard = nn.functional.softplus(self.rates(seen))
        step = 0.5 * (hazard[:, 1:] + hazard[:, :-1]) * lead.diff(dim=1)[..., None]
        leaving = step @ nn.functional.one_hot(self.source, amounts.shape[1]).to(step.dtype)
        gone = nn.functional.pad(leaving.cumsum(dim=1), (0, 0, 1, 0))
        consumed = amounts[:, None] * torch.exp(-gone[:, :-1]) * -torch.expm1(-leaving)
        share = step / leaving[..., self.source].clamp_min(1e-12)
        extents = (consumed[..., self.source] * share).cumsum(dim=1)
        extents = nn.functional.pad(extents, (0, 0, 1, 0))
        return extents, self.balance(amounts[:, None], extents)

    def balance(self, amounts: Tensor, extents: Tensor) -> Tensor:
        """``c + N xi``; the clamp takes away rounding below zero, no more."""
        return (amounts + extents @ self.stoichiometry.T).clamp_min(0.0)


class ReversibleStream(nn.Module):
    r"""Coordinates without memory beyond a short relaxation.

    .. math::
        f(t) = f_{eq}(q_t, c_t) + (f(r) - f_{eq}(q_r, c_r)) e^{-(t - r)/\tau}

    ``f_eq`` is a state function of drive and amounts, so a closed loop of the drive leaves no net
    change once ``tau`` has passed. Without a drive it is a function of the amounts alone.

    Args:
        coordinates: Number of coordinates.
        components: Number of components.
        drive: Number of numbers that describe the drive at one time.
        hidden: Width of the network.
        first_relaxation: ``tau`` to start from, in units of the horizon.
    """

    def __init__(
        self, coordinates: int, components: int, drive: int, hidden: int, first_relaxation: float
    ) -> None:
        super().__init__()
        self.log_relaxation = nn.Parameter(torch.full((coordinates,), math.log(first_relaxation)))
        self.of_amounts = nn.Linear(components, coordinates)
        self.of_drive = nn.Sequential(
            nn.Linear(components + drive, hidden), nn.Tanh(), nn.Linear(hidden, coordinates)
        )
        nn.init.zeros_(self.of_amounts.weight)
        nn.init.zeros_(self.of_amounts.bias)

    def equilibrium(self, amounts: Tensor, drive: Tensor) -> Tensor:
        """The state function ``f_eq``, ``[..., coordinate]``."""
        # A difference, so that the part of the drive is exactly zero where nothing of it is known.
        with_drive = self.of_drive(torch.cat([amounts, drive], dim=-1))
        without = self.of_drive(torch.cat([amounts, torch.zeros_like(drive)], dim=-1))
        found: Tensor = self.of_amounts(amounts) + with_drive - without
        return found

    def forward(self, first: Tensor, amounts: Tensor, lead: Tensor, drive: Tensor) -> Tensor:
        """Change of the coordinates since ``r``.

        Args:
            first: At ``r``, ``[batch, coordinate]``.
            amounts: ``[batch, times, component]``.
            lead: Time since ``r`` in units of the horizon, ``[batch, times]``, first 0.
            drive: Drive features, ``[batch, times, drive]``.

        Returns:
            ``f(t) - f(r)``, ``[batch, times, coordinate]``; exactly 0 at lead 0.
        """
        rest = self.equilibrium(amounts, drive)
        relaxed = torch.expm1(-lead[..., None] * torch.exp(-self.log_relaxation))
        return (rest - rest[:, :1]) + (first[:, None] - rest[:, :1]) * relaxed
