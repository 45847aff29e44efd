"""SimVP along the wavenumber: convolutions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.fixed_horizon import FixedHorizonForecaster, from_horizon, to_horizon
from opir.models.networks.spectral import Enter, Leave, SpectralForecaster

__all__ = ["SimVp"]

_KERNELS = (3, 5, 7, 11)


@MODELS.register("simvp")
class SimVp(SpectralForecaster, FixedHorizonForecaster):
    """SimVP (Gao et al. 2022, arXiv 2206.05099): encoder, translator of inception blocks, decoder.

    The given spectrum, encoded, stands at all frames, each with the protocol there; the translator
    takes the frames as channels and mixes them; the decoder works on each frame, the first
    encoding of the given spectrum beside it.

    Args:
        channels: Channels of a frame.
        hidden: Channels of the translator, a multiple of 16.
        blocks: Inception blocks of the translator.
        patch: Neighbouring points of the spectrum that share a place.
        frames: Places of its horizon; see :class:`FixedHorizonForecaster`.
    """

    name: ClassVar[str] = "simvp"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "hidden": (64, 128),
        "patch": (16, 32),
    }

    def __init__(
        self,
        channels: int = 8,
        hidden: int = 64,
        blocks: int = 2,
        patch: int = 16,
        frames: int | None = None,
    ) -> None:
        super().__init__(
            channels=channels, hidden=hidden, blocks=blocks, patch=patch, frames=frames
        )

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(
        self, sizes: Sizes, channels: int, hidden: int, blocks: int, patch: int, frames: int
    ) -> None:
        super().__init__()
        self.frames = frames
        self.enter = Enter(sizes, patch, channels)
        self.down = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        wide = channels * frames
        widths = [wide, *[hidden] * (blocks - 1), wide]
        self.translate = nn.Sequential(*(_Inception(a, hidden, b) for a, b in pairwise(widths)))
        self.up = nn.ConvTranspose1d(channels, channels, 4, stride=2, padding=1)
        self.leave = Leave(2 * channels, self.enter.places, patch, sizes.wavenumber)

    def forward(self, encoded: Encoded, spectrum: Tensor) -> Tensor:
        ahead = encoded.drive.shape[1] - 1
        encoded = to_horizon(encoded, self.frames)
        seen, drive = self.enter(encoded, spectrum)
        first = nn.functional.gelu(seen)
        low = self.down(first)[:, None] + drive[:, 1:, :, None]
        low = low + self.translate(low.flatten(1, 2)).view_as(low)
        high = self.up(low.flatten(0, 1))[..., : first.shape[-1]].unflatten(0, low.shape[:2])
        both = torch.cat([nn.functional.gelu(high), first[:, None].expand_as(high)], dim=2)
        return from_horizon(self.leave(both), ahead)


class _Inception(nn.Module):
    """One convolution of width 1, then the sum of grouped ones of several widths."""

    def __init__(self, taken: int, hidden: int, given: int, groups: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv1d(taken, hidden // 2, 1)
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(hidden // 2, given, width, padding=width // 2, groups=groups),
                nn.GroupNorm(groups, given),
                nn.LeakyReLU(0.2),
            )
            for width in _KERNELS
        )

    def forward(self, values: Tensor) -> Tensor:
        inside = self.first(values)
        return torch.stack([branch(inside) for branch in self.branches]).sum(0)
