"""GRU over the protocol, started from the given spectrum and the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Sizes
from opir.models.networks.recurrent import RecurrentForecaster, RecurrentNetwork

__all__ = ["Gru"]


@MODELS.register("gru")
class Gru(RecurrentForecaster):
    """Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078) that steps through the protocol.

    Args:
        hidden: Width.
        layers: Recurrent layers.
    """

    name: ClassVar[str] = "gru"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (6e-3, 3e-3, 1e-2),
        "hidden": (128, 192),
        "layers": (1, 2),
    }

    def __init__(self, hidden: int = 128, layers: int = 1) -> None:
        super().__init__(hidden=hidden, layers=layers)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return RecurrentNetwork(sizes, nn.GRU, **self.options)
