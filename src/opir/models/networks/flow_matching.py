"""Flow matching: from noise to a trajectory along a learned velocity, in many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from opir.models.base import MODELS
from opir.models.networks.generative import Flow, GenerativeForecaster, draw_noise

__all__ = ["FlowMatching"]


@MODELS.register("flow-matching")
class FlowMatching(GenerativeForecaster):
    """Conditional flow matching on straight paths (Lipman et al. 2022, arXiv 2210.02747).

    ``z(t) = (1 - t) noise + t data``; the velocity ``data - noise`` is learned, and followed by
    Heun steps, two evaluations each.

    Args:
        steps, samples, hidden, width, blocks: See :class:`GenerativeForecaster`.
    """

    name: ClassVar[str] = "flow-matching"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "width": (48, 64),
        "blocks": (2, 3),
    }

    def __init__(
        self, steps: int = 10, samples: int = 4, hidden: int = 128, width: int = 48, blocks: int = 2
    ) -> None:
        super().__init__(steps=steps, samples=samples, hidden=hidden, width=width, blocks=blocks)

    def generation_loss(self, flow: Flow, scores: Tensor, generator: torch.Generator) -> Tensor:
        """Squared error of the velocity at uniform times."""
        noise = draw_noise(scores.shape, generator).to(scores)
        time = torch.rand(len(scores), generator=generator).to(scores)
        share = time[:, None, None]
        found = flow((1 - share) * noise + share * scores, time, time)
        return (found - (scores - noise)).square()

    def generate(self, flow: Flow, noise: Tensor, steps: int) -> Tensor:
        """Heun's method from t = 0 to 1."""
        state, step = noise, 1 / steps
        for number in range(steps):
            now = state.new_full((len(state),), number * step)
            first = flow(state, now, now)
            second = flow(state + step * first, now + step, now + step)
            state = state + step * (first + second) / 2
        return state
