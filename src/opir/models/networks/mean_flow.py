"""MeanFlow: from noise to a trajectory in one step, by a learned average velocity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from opir.models.base import MODELS
from opir.models.networks.generative import Flow, GenerativeForecaster, draw_noise

__all__ = ["MeanFlow"]


@MODELS.register("mean-flow")
class MeanFlow(GenerativeForecaster):
    """MeanFlow from noise (Geng et al. 2025, arXiv 2505.13447).

    ``z(t) = (1 - t) data + t noise`` with velocity ``v = noise - data``. The network gives the
    average velocity ``u(z, r, t)`` from r to t and is held to ``u = v - (t - r) du/dt``, the total
    derivative along the path by forward differentiation, without gradient. Then
    ``data = noise - u(noise, 0, 1)``, one evaluation; with more steps, one for each.

    Args:
        steps, samples, hidden, width, blocks: See :class:`GenerativeForecaster`.
        apart: Share of the training pairs with r < t; for the others u = v.
        power: Each trajectory's loss is divided by itself to this power (without gradient).
    """

    name: ClassVar[str] = "mean-flow"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "width": (48, 64),
        "apart": (0.5, 0.25),
    }

    def __init__(
        self,
        steps: int = 1,
        samples: int = 4,
        hidden: int = 128,
        width: int = 48,
        blocks: int = 2,
        apart: float = 0.5,
        power: float = 0.5,
    ) -> None:
        super().__init__(steps=steps, samples=samples, hidden=hidden, width=width, blocks=blocks)
        self.options |= {"apart": apart, "power": power}

    def generation_loss(self, flow: Flow, scores: Tensor, generator: torch.Generator) -> Tensor:
        """Squared error of the average velocity, at pairs of uniform times."""
        noise = draw_noise(scores.shape, generator).to(scores)
        times = torch.rand((2, len(scores)), generator=generator).to(scores)
        start, end = times.amin(0), times.amax(0)
        same = torch.rand(len(scores), generator=generator).to(scores) >= self.options["apart"]
        start = torch.where(same, end, start)
        share = end[:, None, None]
        velocity = noise - scores
        state = (1 - share) * scores + share * noise
        tangent = (velocity, torch.zeros_like(start), torch.ones_like(end))
        found, rate = cast(
            tuple[Tensor, Tensor], torch.func.jvp(flow, (state, start, end), tangent)
        )
        wanted = velocity - (end - start)[:, None, None] * rate
        squared = (found - wanted.detach()).square()
        size = squared.detach().mean(dim=(1, 2), keepdim=True)
        power = float(self.options["power"])
        return squared / (size + 1e-3) ** power

    def generate(self, flow: Flow, noise: Tensor, steps: int) -> Tensor:
        """From t = 1 to 0 in equal steps."""
        state = noise
        for number in range(steps, 0, -1):
            end = state.new_full((len(state),), number / steps)
            start = state.new_full((len(state),), (number - 1) / steps)
            state = state - flow(state, start, end) / steps
        return state
