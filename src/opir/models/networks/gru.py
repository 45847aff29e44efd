"""GRU over the protocol, started from the given spectrum and the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["Gru"]


@MODELS.register("gru")
class Gru(NetworkForecaster):
    """Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078) that steps through the protocol.

    Args:
        hidden: Width.
        layers: Recurrent layers.
    """

    name: ClassVar[str] = "gru"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "hidden": (128, 192),
        "layers": (1, 2),
    }

    def __init__(self, hidden: int = 128, layers: int = 1) -> None:
        super().__init__(hidden=hidden, layers=layers)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden), Residual(hidden)
        )
        self.enter = nn.Linear(sizes.drive, hidden)
        self.start = nn.Linear(hidden, hidden * layers)
        self.recurrent = nn.GRU(hidden, hidden, layers, batch_first=True)
        self.leave = nn.Sequential(Residual(hidden), head(hidden, sizes.scores))

    def forward(self, encoded: Encoded) -> Tensor:
        context = self.context(encoded.context)
        first = torch.tanh(self.start(context)).reshape(len(context), self.layers, -1)
        taken = self.enter(encoded.drive) + context[:, None]
        states, _ = self.recurrent(taken, first.transpose(0, 1).contiguous())
        found: Tensor = self.leave(states[:, 1:] + context[:, None])
        return found
