"""What the recurrent forecasters share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["RecurrentForecaster", "RecurrentNetwork"]

_TOLD = 32
"""Numbers of the given spectrum and the system that every step is told anew."""


class RecurrentForecaster(NetworkForecaster):
    """A forecaster over a :class:`RecurrentNetwork`."""

    def predict_at(self, encoded: Encoded, frames: Tensor) -> Tensor:
        """All frames are stepped through, these only are made spectra."""
        return self.module.adapter.to_change(self.module.network(encoded, frames))


class RecurrentNetwork(nn.Module):
    """Steps through the protocol, started from the given spectrum and the system.

    Args:
        sizes: Lengths of what comes in and goes out.
        cell: ``nn.GRU`` or ``nn.LSTM``.
        hidden: Width.
        layers: Recurrent layers.
    """

    def __init__(
        self, sizes: Sizes, cell: type[nn.GRU] | type[nn.LSTM], hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden), Residual(hidden)
        )
        self.told = nn.Linear(hidden, _TOLD)
        self.start = nn.Linear(hidden, hidden * layers)
        self.recurrent = cell(sizes.drive + _TOLD, hidden, layers, batch_first=True)
        self.leave = nn.Sequential(Residual(hidden), head(hidden, sizes.scores))

    def forward(self, encoded: Encoded, frames: Tensor | None = None) -> Tensor:
        """Scores of the change, ``[batch, frames, scores]``; of some frames only where named."""
        context = self.context(encoded.context)
        first = torch.tanh(self.start(context)).reshape(len(context), self.recurrent.num_layers, -1)
        start = first.transpose(0, 1).contiguous()
        told = self.told(context)[:, None].expand(-1, encoded.drive.shape[1], -1)
        taken = torch.cat([encoded.drive, told], dim=-1)
        if isinstance(self.recurrent, nn.LSTM):
            states, _ = self.recurrent(taken, (start, torch.zeros_like(start)))
        else:
            states, _ = self.recurrent(taken, start)
        states = states[:, 1:] if frames is None else states[:, frames + 1]
        found: Tensor = self.leave(states + context[:, None])
        return found
