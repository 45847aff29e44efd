"""Networks that give a fixed number of frames, used for any number of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.nn import functional

from opir.models.inputs import Windows
from opir.models.networks.adapter import Encoded
from opir.models.networks.base import NetworkForecaster

__all__ = ["FixedHorizonForecaster", "from_horizon", "to_horizon"]


class FixedHorizonForecaster(NetworkForecaster):
    """A forecaster whose network has a place for each frame, as many as the training windows have.

    Asked for another number of frames, it takes the conditions interpolated to its own places
    (evenly along the number of the frame, the lead times among the conditions) and its forecast is
    interpolated back; so it runs for any number of frames and any times, with the detail of its
    own places.

    Args:
        frames: Places; None for the frames of the training windows, ``most`` at most.
        options: What else the network is built with.
    """

    most: int = 64

    def __init__(self, *, frames: int | None = None, **options: Any) -> None:
        super().__init__(frames=frames, **options)
        self._frames = frames

    def begin(self, train: Windows, *, seed: int) -> None:
        """Settle the places, fit the adapter and draw the first weights."""
        self.options["frames"] = self._frames or min(train.inputs.frames, self.most)
        super().begin(train, seed=seed)


def to_horizon(encoded: Encoded, frames: int) -> Encoded:
    """With the conditions of ``1 + frames`` frames, interpolated along the number of the frame."""
    if encoded.drive.shape[1] == 1 + frames:
        return encoded
    return replace(
        encoded,
        drive=_resampled(encoded.drive, 1 + frames),
        lead=_resampled(encoded.lead[..., None], 1 + frames)[..., 0],
    )


def from_horizon(values: Tensor, frames: int) -> Tensor:
    """Changes at the places ``[batch, places, ...]`` as changes at ``[batch, frames, ...]``.

    The change at the last given frame, which is 0, is the point before the first place.
    """
    if values.shape[1] == frames:
        return values
    whole = functional.pad(values.flatten(2), (0, 0, 1, 0))
    found = _resampled(whole, 1 + frames)[:, 1:]
    return found.reshape(found.shape[0], frames, *values.shape[2:])


def _resampled(values: Tensor, count: int) -> Tensor:
    """Linear interpolation along axis 1, first and last kept."""
    turned = functional.interpolate(
        values.transpose(1, 2), count, mode="linear", align_corners=True
    )
    return turned.transpose(1, 2)
