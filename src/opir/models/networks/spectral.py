"""Networks that work on spectra along the wavenumber instead of on scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from opir.models.networks.adapter import Encoded, Sizes, SpectraAdapter
from opir.models.networks.base import NetworkForecaster

__all__ = ["Enter", "Leave", "SpectralForecaster", "to_patches"]


class SpectralForecaster(NetworkForecaster):
    """A forecaster whose network takes and gives spectra.

    Its network is called with what is encoded and the given spectrum of about unit variance at
    every wavenumber, ``[batch, wavenumber]``, and gives the change, of about unit variance at
    every wavenumber, ``[batch, frames, wavenumber]``.
    """

    def predict(self, encoded: Encoded) -> Tensor:
        """Change from ``encoded.base``, ``[batch, frames, wavenumber]``."""
        adapter = self.module.adapter
        given, change = _spreads(adapter)
        found: Tensor = self.module.network(encoded, (encoded.base - adapter.centre) / given)
        return found * change


def _spreads(adapter: SpectraAdapter) -> tuple[Tensor, Tensor]:
    """Spread of given spectra and of changes at every wavenumber; at least a tenth of the mean."""
    inverse = adapter.static_scale
    scale = torch.where(inverse > 0, 1 / inverse.clamp(min=1e-12), 0.0)
    spreads = (
        (scale[:, None] * adapter.static_basis).square().sum(0).sqrt(),
        (adapter.change_scale[:, None] * adapter.change_basis).square().sum(0).sqrt(),
    )
    first, second = (s.clamp(min=float(s.mean()) / 10 + 1e-12) for s in spreads)
    return first, second


def to_patches(spectra: Tensor, patch: int) -> Tensor:
    """Spectra ``[batch, wavenumber]`` cut into ``[batch, patch, place]``; the end is repeated.

    A patch of neighbouring points becomes the channels of one place, as in Shi et al. 2015.
    """
    missing = -spectra.shape[1] % patch
    whole = functional.pad(spectra[:, None], (0, missing), mode="replicate")[:, 0]
    return whole.reshape(len(whole), -1, patch).transpose(1, 2)


class Enter(nn.Module):
    """Given spectrum, place, system as channels along the wavenumber, and the protocol as offsets.

    Args:
        sizes: Lengths of what comes in.
        patch: Points of a place.
        channels: Channels that are made.
    """

    def __init__(self, sizes: Sizes, patch: int, channels: int) -> None:
        super().__init__()
        self.patch = patch
        self.places = -(-sizes.wavenumber // patch)
        self.spectrum = nn.Conv1d(patch, channels, 3, padding=1)
        self.place = nn.Parameter(0.1 * torch.randn(channels, self.places))
        self.context = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, 64), nn.GELU(), nn.Linear(64, channels)
        )
        self.drive = nn.Linear(sizes.drive, channels)

    def forward(self, encoded: Encoded, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """``[batch, channels, place]``, and the protocol ``[batch, 1 + frames, channels]``."""
        seen = self.spectrum(to_patches(spectrum, self.patch))
        seen = seen + self.place + self.context(encoded.context)[..., None]
        return seen, self.drive(encoded.drive)


class Leave(nn.Module):
    """Channels along the wavenumber to spectra; a linear layer of its own at each place.

    Bands stand at fixed wavenumbers, so one layer for all places would be too few. It starts at
    zero, so that a forecast starts as no change.
    """

    def __init__(self, channels: int, places: int, patch: int, points: int) -> None:
        super().__init__()
        self.points = points
        self.weight = nn.Parameter(torch.zeros(places, channels, patch))
        self.offset = nn.Parameter(torch.zeros(places, 1, patch))

    def forward(self, values: Tensor) -> Tensor:
        """``[batch, frames, channels, place]`` to ``[batch, frames, wavenumber]``."""
        by_place = values.flatten(0, 1).permute(2, 0, 1)
        found = torch.baddbmm(self.offset, by_place, self.weight)  # [place, all, patch]
        spectra = found.transpose(0, 1).flatten(1)[:, : self.points]
        return spectra.reshape(*values.shape[:2], self.points)
