"""Convolutional LSTM along the wavenumber."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.spectral import Enter, Leave, SpectralForecaster

__all__ = ["ConvLstm"]


@MODELS.register("convlstm")
class ConvLstm(SpectralForecaster):
    """Convolutional LSTM with peepholes (Shi et al. 2015, arXiv 1506.04214), one layer.

    The given spectrum is the first frame. At every later frame the cell is told of the protocol
    there; the spectrum follows from the hidden state.

    Args:
        hidden: Channels of the state.
        patch: Neighbouring points of the spectrum that share a place of the state.
        kernel: Places that a convolution of the state reaches over, odd.
    """

    name: ClassVar[str] = "convlstm"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (6e-3, 3e-3, 1e-2),
        "hidden": (16, 24),
        "patch": (32, 16),
    }

    def __init__(self, hidden: int = 16, patch: int = 32, kernel: int = 3) -> None:
        super().__init__(hidden=hidden, patch=patch, kernel=kernel)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network."""
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, patch: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.enter = Enter(sizes, patch, 4 * hidden)
        self.state = nn.Linear(hidden * kernel, 4 * hidden, bias=False)
        self.peephole = nn.Parameter(torch.zeros(3, self.enter.places, hidden))
        self.leave = Leave(hidden, self.enter.places, patch, sizes.wavenumber)

    def forward(self, encoded: Encoded, spectrum: Tensor) -> Tensor:
        seen, drive = self.enter(encoded, spectrum)
        seen = seen.transpose(1, 2).contiguous()  # [batch, place, channel]
        reach = self.kernel // 2
        keep_too, take_too, show_too = self.peephole.unbind()
        cell = hidden = seen.new_zeros(*seen.shape[:2], self.peephole.shape[2])
        states = []
        for now in drive.unbind(1):
            # A convolution as one product: quicker than nn.Conv1d where there are few places.
            near = functional.pad(hidden, (0, 0, reach, reach)).unfold(1, self.kernel, 1).flatten(2)
            keep, take, value, show = (seen + now[:, None] + self.state(near)).chunk(4, dim=2)
            kept = torch.sigmoid(keep + 1 + keep_too * cell) * cell
            cell = kept + torch.sigmoid(take + take_too * cell) * torch.tanh(value)
            hidden = torch.sigmoid(show + show_too * cell) * torch.tanh(cell)
            states.append(hidden)
        found: Tensor = self.leave(torch.stack(states[1:], dim=1).transpose(2, 3))
        return found
