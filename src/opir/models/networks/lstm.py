"""LSTM over the protocol, started from the given spectrum and the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Sizes
from opir.models.networks.recurrent import RecurrentForecaster, RecurrentNetwork

__all__ = ["Lstm"]


@MODELS.register("lstm")
class Lstm(RecurrentForecaster):
    """Long short-term memory (Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735).

    It steps through the protocol as :class:`opir.models.networks.gru.Gru` does.

    Args:
        hidden: Width.
        layers: Recurrent layers.
    """

    name: ClassVar[str] = "lstm"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (6e-3, 3e-3, 1e-2),
        "hidden": (128, 192),
        "layers": (1, 2),
    }

    def __init__(self, hidden: int = 128, layers: int = 1) -> None:
        super().__init__(hidden=hidden, layers=layers)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return RecurrentNetwork(sizes, nn.LSTM, **self.options)
