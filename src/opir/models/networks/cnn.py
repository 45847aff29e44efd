"""Convolutional network along the wavenumber, each frame by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.layers import Residual
from opir.models.networks.spectral import Leave, SpectralForecaster, to_patches

__all__ = ["Cnn"]


@MODELS.register("cnn")
class Cnn(SpectralForecaster):
    """1-D convolutions over the given spectrum, their channels scaled and shifted per frame.

    The scales and offsets come from the protocol at the frame, what adds up until there, the
    given spectrum and the system (FiLM, Perez et al. 2018, arXiv 1709.07871).

    Args:
        channels: Channels of the convolutions.
        blocks: Convolutions that see the frame.
        patch: Neighbouring points of the spectrum that share a place.
    """

    name: ClassVar[str] = "cnn"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (3e-3, 1e-3, 6e-3),
        "channels": (48, 64),
        "blocks": (2, 3),
    }

    def __init__(self, channels: int = 48, blocks: int = 2, patch: int = 16) -> None:
        super().__init__(channels=channels, blocks=blocks, patch=patch)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)

    def predict_at(self, encoded: Encoded, frames: Tensor) -> Tensor:
        """Only these frames are computed, since none needs another."""
        return self.predict(encoded.at(frames))


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, channels: int, blocks: int, patch: int) -> None:
        super().__init__()
        self.patch, self.channels = patch, channels
        width = 128
        self.spectrum = nn.Sequential(
            nn.Conv1d(patch, channels, 3, padding=1),
            nn.GELU(),
            nn.Conv1d(channels, channels, 3, padding=1),
        )
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, width), Residual(width)
        )
        self.drive = nn.Linear(sizes.drive, width)
        self.film = nn.Sequential(
            Residual(width), Residual(width), nn.LayerNorm(width), nn.Linear(width, width)
        )
        places = -(-sizes.wavenumber // patch)
        self.place = nn.Linear(width, channels * places)
        self.scales = nn.ModuleList(nn.Linear(width, 2 * channels) for _ in range(blocks))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, 5, padding=2) for _ in range(blocks)
        )
        self.leave = Leave(channels, places, patch, sizes.wavenumber)

    def forward(self, encoded: Encoded, spectrum: Tensor) -> Tensor:
        seen = self.spectrum(to_patches(spectrum, self.patch))
        told = self.film(self.drive(encoded.drive[:, 1:]) + self.context(encoded.context)[:, None])
        batch, frames = told.shape[:2]
        told = told.flatten(0, 1)
        now = seen[:, None].expand(-1, frames, -1, -1).flatten(0, 1)
        now = now + self.place(told).unflatten(1, (self.channels, -1))
        for convolution, scales in zip(self.convolutions, self.scales, strict=True):
            scale, shift = scales(told)[..., None].chunk(2, dim=1)
            now = now + convolution(nn.functional.gelu(now * (1 + scale) + shift))
        found: Tensor = self.leave(nn.functional.gelu(now).reshape(batch, frames, *now.shape[1:]))
        return found
