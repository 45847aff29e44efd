"""A protocol as numbers per time: what only grows, and what is a state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from opir.models.abcc.functionals import Settings, functionals

__all__ = ["GROWING", "LEVELS", "STATES", "ProtocolFeatures", "protocol_features"]

_SETTINGS = Settings()

LEVELS = _SETTINGS.potentials
"""Potentials of the doses [V]."""

GROWING = 2 * len(LEVELS) + 3
"""Numbers that only grow: time below each potential and above it [1e4 s], the charge passed with
either sign [ln(1 + q / 10 C)], the time that passed [1e4 s]; all 0 at the given frame."""

STATES = 8 + 2 * len(_SETTINGS.times) + 3
"""Numbers that a closed loop of the drive brings back, once what relaxes has: voltage, its
difference to that at the given frame, current and its inverse hyperbolic sine, temperature, net
charge and its logarithm, ... and what is known."""

_TIME = 1e4
_CHARGE = 10.0
_CURRENT = 1e-3


@dataclass(frozen=True)
class ProtocolFeatures:
    """Numbers at the given frame (first) and all times after it.

    Attributes:
        growing: Never falling, 0 at first, ``[batch, times, GROWING]``.
        state: ``[batch, times, STATES]``, NaN where not known.
        lead: Time since the given frame [s], ``[batch, times]``.
    """

    growing: Tensor
    state: Tensor
    lead: Tensor


def protocol_features(times: Tensor, drive: Tensor) -> ProtocolFeatures:
    """The features from the first time on.

    Neither the number of the times nor their spacing enters but through the drive between them,
    which is taken for straight lines: a time more or less where the drive is straight changes
    nothing at the others.

    Args:
        times: The given frame's and those to forecast [s], ``[batch, times]``, rising.
        drive: Voltage [V], current [A], temperature [K] there, ``[batch, times, 3]``, NaN where
            not known.
    """
    lead = times - times[:, :1]
    found = functionals(lead, drive, lead, _SETTINGS)
    known = ~torch.isnan(drive)
    voltage, current, temperature = drive.unbind(-1)
    elapsed = torch.where(known[..., 0].all(dim=1, keepdim=True), lead, torch.zeros_like(lead))
    above = (elapsed[..., None] - found.dose).clamp_min(0)
    growing = torch.cat(
        [
            found.dose / _TIME,
            # Rounding of the difference must not make it fall.
            (above / _TIME).cummax(dim=1).values,
            torch.log1p(found.charge / _CHARGE),
            lead[..., None] / _TIME,
        ],
        dim=-1,
    )
    half = len(_SETTINGS.times)
    at_start = torch.nan_to_num(voltage[:, :1, None]) * -torch.expm1(
        -lead[..., None] / lead.new_tensor(_SETTINGS.times)
    )
    net = found.charge[..., 0] - found.charge[..., 1]
    state = torch.cat(
        [
            torch.stack(
                [
                    voltage,
                    voltage - voltage[:, :1],
                    current,
                    torch.asinh(current / _CURRENT),
                    temperature,
                    temperature - temperature[:, :1],
                    net,
                    net.sign() * torch.log1p(net.abs() / _CHARGE),
                ],
                dim=-1,
            ),
            found.relaxed[..., :half],
            found.relaxed[..., half:] - at_start,
            known.to(lead.dtype),
        ],
        dim=-1,
    )
    return ProtocolFeatures(growing, state, lead)
