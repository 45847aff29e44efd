"""Perceptron per time: each frame by itself, from what led up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["Mlp"]


@MODELS.register("mlp")
class Mlp(NetworkForecaster):
    """Residual perceptron per frame.

    It sees the protocol up to a frame by what adds up until there (charge, mean, lowest and
    highest voltage), not by its order.

    Args:
        hidden: Width.
        blocks: Residual blocks per frame.
    """

    name: ClassVar[str] = "mlp"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "hidden": (192, 320),
        "blocks": (3, 5),
    }

    def __init__(self, hidden: int = 192, blocks: int = 3) -> None:
        super().__init__(hidden=hidden, blocks=blocks)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)

    def predict_at(self, encoded: Encoded, frames: Tensor) -> Tensor:
        """Only these frames are computed, since none needs another."""
        return self.predict(encoded.at(frames))


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, blocks: int) -> None:
        super().__init__()
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden)
        )
        self.enter = nn.Linear(2 * sizes.drive, hidden)
        inside = [Residual(hidden) for _ in range(blocks)]
        self.inside = nn.Sequential(*inside, head(hidden, sizes.scores))

    def forward(self, encoded: Encoded) -> Tensor:
        here, start = encoded.drive[:, 1:], encoded.drive[:, :1]
        both = torch.cat([here, here - start], dim=-1)
        found: Tensor = self.inside(self.enter(both) + self.context(encoded.context)[:, None])
        return found
