"""Transformer over the frames, with the whole protocol ahead in sight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["Transformer"]

_WAVES = 6
_LONGEST = 20.0
"""Of the logarithm of one plus the seconds; 15 years."""


@MODELS.register("transformer")
class Transformer(NetworkForecaster):
    """Encoder (Vaswani et al. 2017, arXiv 1706.03762) over one token per frame.

    A token holds the protocol at its frame, the given spectrum, the system and its time as
    waves of the logarithm of the lead time, so frames may have any spacing. Every frame sees every
    other: the protocol is known ahead.

    Args:
        hidden: Width.
        layers: Encoder layers.
        heads: Heads of the attention.
        dropout: Share of the activations that is dropped in training.
    """

    name: ClassVar[str] = "transformer"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (2e-3, 1e-3, 4e-3),
        "hidden": (96, 128),
        "layers": (2, 3),
    }

    def __init__(
        self, hidden: int = 96, layers: int = 2, heads: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__(hidden=hidden, layers=layers, heads=heads, dropout=dropout)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden)
        )
        self.enter = nn.Linear(sizes.drive + 2 * _WAVES, hidden)
        layer = nn.TransformerEncoderLayer(
            hidden, heads, 2 * hidden, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.leave = head(hidden, sizes.scores)

    def forward(self, encoded: Encoded) -> Tensor:
        phase = torch.log1p(encoded.lead)[..., None] * (math.pi / _LONGEST)
        phase = phase * 2.0 ** torch.arange(_WAVES, device=phase.device)
        tokens = self.enter(torch.cat([encoded.drive, phase.sin(), phase.cos()], dim=-1))
        tokens = tokens + self.context(encoded.context)[:, None]
        found: Tensor = self.leave(self.encoder(tokens)[:, 1:])
        return found
