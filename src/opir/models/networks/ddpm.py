"""Denoising diffusion: from noise to a trajectory by removing noise, in many steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from opir.models.base import MODELS
from opir.models.networks.generative import Flow, GenerativeForecaster, draw_noise

__all__ = ["Diffusion"]


@MODELS.register("ddpm")
class Diffusion(GenerativeForecaster):
    """Denoising diffusion (Ho et al. 2020, arXiv 2006.11239).

    ``z(t) = cos(pi t/2) data + sin(pi t/2) noise``, so the variance stays 1. What is learned is
    ``cos(pi t/2) noise - sin(pi t/2) data``, from which noise and data both follow, and which
    unlike the noise alone still tells of the data where all is noise (Salimans and Ho 2022,
    arXiv 2202.00512). Sampled by the deterministic rule of Song et al. 2020 (arXiv 2010.02502).

    Args:
        steps, samples, hidden, width, blocks: See :class:`GenerativeForecaster`.
    """

    name: ClassVar[str] = "ddpm"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "width": (48, 64),
        "blocks": (2, 3),
    }

    def __init__(
        self, steps: int = 20, samples: int = 4, hidden: int = 128, width: int = 48, blocks: int = 2
    ) -> None:
        super().__init__(steps=steps, samples=samples, hidden=hidden, width=width, blocks=blocks)

    def generation_loss(self, flow: Flow, scores: Tensor, generator: torch.Generator) -> Tensor:
        """Squared error at uniform times."""
        noise = draw_noise(scores.shape, generator).to(scores)
        time = torch.rand(len(scores), generator=generator).to(scores)
        angle = 0.5 * math.pi * time[:, None, None]
        state = angle.cos() * scores + angle.sin() * noise
        wanted = angle.cos() * noise - angle.sin() * scores
        return (flow(state, time, time) - wanted).square()

    def generate(self, flow: Flow, noise: Tensor, steps: int) -> Tensor:
        """From t = 1 to 0; each step turns the pair of data and noise by the same angle."""
        state = noise
        for number in range(steps, 0, -1):
            now = state.new_full((len(state),), number / steps)
            turn = 0.5 * math.pi / steps
            state = math.cos(turn) * state - math.sin(turn) * flow(state, now, now)
        return state
