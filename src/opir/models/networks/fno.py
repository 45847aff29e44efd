"""Fourier neural operator along time, of neuralop: from the protocol to the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from opir.errors import require
from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["Fno"]


@MODELS.register("fno")
class Fno(NetworkForecaster):
    """Fourier neural operator (Li et al. 2021, arXiv 2010.08895), from neuralop.

    It maps functions of time: from the protocol, with the spectrum and the system as constant
    ones, to the scores of the change. The operator acts along the number of the frame (the time is
    among its inputs), so any number of frames is a finer or coarser view of the same functions.
    Over time and wavenumber at once a step takes several times as long.

    Args:
        hidden: Channels.
        modes: Fourier modes that are kept.
        layers: Fourier layers.
    """

    name: ClassVar[str] = "fno"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "hidden": (64, 96),
        "modes": (24, 12),
    }

    def __init__(self, hidden: int = 64, modes: int = 24, layers: int = 3) -> None:
        super().__init__(hidden=hidden, modes=modes, layers=layers)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network.

        Raises:
            MissingDependencyError: If neuraloperator is not installed.
        """
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, modes: int, layers: int) -> None:
        super().__init__()
        made = require("neuralop.models", extra="rivals").FNO
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden), Residual(hidden)
        )
        self.enter = nn.Linear(sizes.drive, hidden)
        self.operator = made(
            n_modes=(modes,),
            in_channels=hidden,
            out_channels=hidden,
            hidden_channels=hidden,
            n_layers=layers,
            domain_padding=0.1,  # time is not periodic
        )
        self.leave = head(hidden, sizes.scores)
        # neuralop puts its settings among the weights; they are options of the forecaster here.
        self.register_state_dict_post_hook(_only_weights)  # type: ignore[no-untyped-call]  # torch: untyped

    def forward(self, encoded: Encoded) -> Tensor:
        context = self.context(encoded.context)[:, None]
        taken = self.enter(encoded.drive) + context
        found = self.operator(taken.transpose(1, 2)).transpose(1, 2)
        scores: Tensor = self.leave(found[:, 1:] + context)
        return scores


def _only_weights(module: nn.Module, weights: dict[str, Any], prefix: str, local: Any) -> None:
    weights.pop("_metadata", None)
