"""The protocol ahead as numbers a network takes, the same for every network."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CONDITIONS", "MASKS", "conditions"]

CONDITIONS = (
    "voltage",
    "current",
    "temperature",
    "voltage step",
    "lowest voltage",
    "highest voltage",
    "mean voltage",
    "charge",
    "absolute charge",
    "log charge",
    "lead",
    "log lead",
    "log step",
)
"""What each frame is described by; V, A, K, V, V, V, V, C, C, 1, s, 1, 1."""

MASKS = 3
"""Masks of what is known: voltage, current, temperature."""

# Which channel of the drive each of the conditions is made of; those of time are always known.
_CHANNEL = (0, 1, 2, 0, 0, 0, 0, 1, 1, 1, None, None, None)
_FAR = 1e6


def conditions(
    times: Tensor, drive: Tensor, given: int, between: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Conditions at the last given frame and at every time to forecast.

    What adds up (charge, mean voltage, lowest and highest voltage) counts from the first given
    frame on, by the rule of the rectangle that ends at each frame; a channel that is not known at
    a frame adds nothing there.

    Args:
        times: Times of given frames and of those to forecast [s], ``[batch, given + frames]``,
            rising.
        drive: Voltage [V], current [A], temperature [K], NaN where not known,
            ``[batch, given + frames, 3]``.
        given: Number of given frames.
        between: What a record tells of the time between frames, to come after the others
            (:func:`opir.models.between_frames.between_frames`), NaN where not known,
            ``[batch, given + frames, further]``.

    Returns:
        Values ``[batch, 1 + frames, condition]``, 0 where not known, and what is known of them,
        1 or 0, in the same shape.
    """
    known = ~torch.isnan(drive)
    filled = torch.nan_to_num(drive)
    has_voltage = known[..., 0]
    voltage, current, temperature = filled.unbind(-1)
    step = torch.diff(times, dim=1, prepend=times[:, :1])
    charge = step * current
    weight = torch.where(has_voltage, step, torch.zeros_like(step))
    duration = weight.cumsum(1)
    mean = torch.where(
        duration > 0, (weight * voltage).cumsum(1) / duration.clamp(min=1e-12), voltage
    )
    low = torch.where(has_voltage, voltage, torch.full_like(voltage, _FAR)).cummin(1).values
    high = torch.where(has_voltage, voltage, torch.full_like(voltage, -_FAR)).cummax(1).values
    absolute = charge.abs().cumsum(1)
    lead = times - times[:, given - 1 : given]
    values = torch.stack(
        [
            voltage,
            current,
            temperature,
            torch.diff(voltage, dim=1, prepend=voltage[:, :1]),
            low,
            high,
            mean,
            charge.cumsum(1),
            absolute,
            torch.log1p(absolute),
            lead,
            torch.log1p(lead.clamp(min=0)),
            torch.log1p(step),
        ],
        dim=-1,
    )
    always = torch.ones_like(has_voltage)
    here = torch.stack(
        [always if channel is None else known[..., channel] for channel in _CHANNEL], dim=-1
    )
    if between is not None:
        values = torch.cat([values, between], dim=-1)
        here = torch.cat([here, ~torch.isnan(between)], dim=-1)
    values = torch.where(here, values, torch.zeros_like(values))
    return values[:, given - 1 :], here[:, given - 1 :].to(values.dtype)
