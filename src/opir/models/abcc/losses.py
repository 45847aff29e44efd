"""The terms of the loss, each a function of what the flow gave and what was observed."""

from __future__ import annotations

from torch import Tensor

__all__ = ["anchor_loss", "displacement_loss", "semigroup_loss"]


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
