"""The terms of the loss, each a function of what the flow gave and what was observed."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

__all__ = ["anchor_loss", "displacement_loss", "mean_flow_loss", "semigroup_loss"]


def displacement_loss(displacement: Tensor, given: Tensor, observed: Tensor) -> Tensor:
    """Mean square of ``x_r + (t - r) u - x_t`` on observed pairs.

    Args:
        displacement: ``(t - r) u``, ``[batch, times, wavenumber]``.
        given: ``x_r``, ``[batch, wavenumber]``.
        observed: ``x_t``, ``[batch, times, wavenumber]``.
    """
    return (given[:, None] + displacement - observed).square().mean()


def semigroup_loss(whole: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Mean square of ``(t-r) u(x_r,r,t) - (m-r) u(x_r,r,m) - (t-m) u(x_m,m,t)``.

    Args:
        whole: Displacements from ``r``, ``[batch, times, wavenumber]``.
        first: Displacement from ``r`` to ``m``, ``[batch, wavenumber]``.
        second: Displacements from the observed ``x_m``, ``[batch, times, wavenumber]``.
    """
    return (whole - first[:, None] - second).square().mean()


def anchor_loss(velocity: Tensor, observed: Tensor) -> Tensor:
    """Mean square of ``u(x_r, r, r) - v``, both ``[batch, wavenumber]``."""
    return (velocity - observed).square().mean()


def mean_flow_loss(
    average: Callable[[Tensor, Tensor, Tensor], Tensor],
    state: tuple[Tensor, Tensor, Tensor],
    rate: tuple[Tensor, Tensor, Tensor],
    lead: Tensor,
) -> Tensor:
    """Mean square of ``u - [v + (t - r) (v du/dx + du/dr)]``, the bracket held fixed.

    The MeanFlow identity (Geng et al. 2025, arXiv 2505.13447) for a flow that starts from an
    observed state: the average velocity ``u(x_r, r, t)`` to any ``t`` follows from the momentary
    one, ``v``, and from how ``u`` changes as its beginning moves along the course. One product of
    the Jacobian with a vector gives that change.

    Args:
        average: ``u`` of the beginning: spectrum ``x_r [batch, wavenumber]``, its time
            ``r [batch]`` and the drive there ``[batch, channel]``; ``[batch, times, wavenumber]``.
        state: These three.
        rate: How they change along the course: ``v``, 1 and the rate of the drive.
        lead: ``t - r`` in the unit of time of the velocities, ``[batch, times]``.
    """
    found, change = cast(tuple[Tensor, Tensor], torch.func.jvp(average, state, rate))
    wanted = rate[0][:, None] + lead[..., None] * change
    return (found - wanted.detach()).square().mean()
