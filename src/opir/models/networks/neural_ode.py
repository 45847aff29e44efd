"""Latent ODE driven by the protocol, solved by torchdiffeq."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from opir.errors import require
from opir.models.base import MODELS
from opir.models.inputs import Windows
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual, head

__all__ = ["NeuralOde"]


@MODELS.register("neural-ode")
class NeuralOde(NetworkForecaster):
    """Latent neural ODE (Chen et al. 2018, arXiv 1806.07366; Rubanova et al. 2019, 1907.03907).

    Spectrum and system give the first state; its rate depends on the state and on the protocol,
    which between two frames is held at the mean of both. Time is counted in the median step of
    the training windows. One step of the solver goes from frame to frame. The forecast at a frame
    follows from the state and the protocol there.

    Args:
        latent: Length of the state.
        hidden: Width of the layers.
        solver: ``"euler"`` or ``"midpoint"`` (twice the time).
    """

    name: ClassVar[str] = "neural-ode"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "latent": (64, 128),
        "solver": ("euler", "midpoint"),
    }

    def __init__(self, latent: int = 64, hidden: int = 128, solver: str = "euler") -> None:
        super().__init__(latent=latent, hidden=hidden, solver=solver)

    def begin(self, train: Windows, *, seed: int) -> None:
        """Fit the adapter, draw the first weights and settle the unit of time."""
        super().begin(train, seed=seed)
        lead = np.diff(train.inputs.lead, axis=1, prepend=0.0)
        self.module.network.get_buffer("step").fill_(float(np.median(lead)))

    def build(self, sizes: Sizes) -> nn.Module:
        """The network.

        Raises:
            MissingDependencyError: If torchdiffeq is not installed.
        """
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    step: Tensor

    def __init__(self, sizes: Sizes, latent: int, hidden: int, solver: str) -> None:
        super().__init__()
        self.solve = require("torchdiffeq", extra="torch").odeint
        self.solver = solver
        self.register_buffer("step", torch.ones(()))
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden), Residual(hidden)
        )
        self.start = nn.Linear(hidden, latent)
        self.enter = nn.Linear(sizes.drive, hidden)
        self.inside = nn.Linear(latent, hidden)
        self.rate = nn.Linear(hidden, latent)
        self.widen = nn.Linear(latent, hidden)
        self.leave = nn.Sequential(Residual(hidden), head(hidden, sizes.scores))

    def forward(self, encoded: Encoded) -> Tensor:
        context = self.context(encoded.context)
        driven = self.enter(encoded.drive) + context[:, None]
        # Every run has times of its own, so all are solved along the number of the frame.
        steps = (torch.diff(encoded.lead, dim=1) / self.step).clamp(max=8)[..., None]
        held = (driven[:, :-1] + driven[:, 1:]) / 2
        frames = held.shape[1]

        def rate(place: Tensor, state: Tensor) -> Tensor:
            at = min(int(place), frames - 1)
            inside = torch.tanh(self.inside(state) + held[:, at])
            return steps[:, at] * torch.tanh(self.rate(inside))

        places = torch.arange(frames + 1, dtype=driven.dtype, device=driven.device)
        states = self.solve(rate, torch.tanh(self.start(context)), places, method=self.solver)
        found: Tensor = self.leave(self.widen(states[1:].transpose(0, 1)) + driven[:, 1:])
        return found
