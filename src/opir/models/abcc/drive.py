"""The drive as numbers a network takes: scaled, with a mask of what is known."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["DRIVE_FEATURES", "drive_features"]

DRIVE_FEATURES = 6
"""Three channels and three masks."""

# Centre and scale of voltage [V] and temperature [K] are those of battery work; currents are
# scaled by the largest one of the training windows.
_CENTRE = (2.0, 0.0, 298.15)
_SCALE = (2.0, 1.0, 25.0)


def drive_features(drive: Tensor, current_scale: Tensor) -> Tensor:
    """Scaled channels, 0 where not known, and their masks.

    Args:
        drive: Voltage [V], current [A], temperature [K], NaN where not known, ``[..., 3]``.
        current_scale: The current that counts as 1 [A].

    Returns:
        Shape ``[..., 6]``; all zero where nothing is known.
    """
    known = ~torch.isnan(drive)
    centre = drive.new_tensor(_CENTRE)
    scale = drive.new_tensor(_SCALE) * torch.stack(
        [torch.ones_like(current_scale), current_scale, torch.ones_like(current_scale)]
    )
    values = torch.where(known, (torch.nan_to_num(drive) - centre) / scale, drive.new_zeros(()))
    return torch.cat([values, known.to(drive.dtype)], dim=-1)
