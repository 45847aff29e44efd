"""TiDE of neuralforecast, trained like every other network here."""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from opir.errors import require
from opir.models.base import MODELS
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.fixed_horizon import FixedHorizonForecaster, from_horizon, to_horizon

__all__ = ["Tide"]


@MODELS.register("tide")
class Tide(FixedHorizonForecaster):
    """Time-series dense encoder (Das et al. 2023, arXiv 2304.08424), from neuralforecast.

    The series are the scores of the change; its past is one value, 0, at the last given frame.
    Spectrum and system are its static covariates, the protocol its future covariates.

    Args:
        hidden: Width of the dense layers.
        temporal: Width of the layer at each frame.
        frames: Places of its horizon; see :class:`FixedHorizonForecaster`.
    """

    name: ClassVar[str] = "tide"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (1e-3, 3e-3, 6e-3),
        "hidden": (128, 256),
        "temporal": (64, 128),
    }

    def __init__(self, hidden: int = 256, temporal: int = 128, frames: int | None = None) -> None:
        super().__init__(hidden=hidden, temporal=temporal, frames=frames)

    def build(self, sizes: Sizes) -> nn.Module:
        """The network.

        Raises:
            MissingDependencyError: If neuralforecast is not installed.
        """
        return _Network(sizes, **self.options)


class _Network(nn.Module):
    def __init__(self, sizes: Sizes, hidden: int, temporal: int, frames: int) -> None:
        super().__init__()
        models = require("neuralforecast.models", extra="rivals")
        losses = require("neuralforecast.losses.pytorch", extra="rivals")
        loss = losses.MAE()
        loss.outputsize_multiplier = sizes.scores  # as many values at a frame as there are scores
        with _undisturbed():
            self.inside = models.TiDE(
                h=frames,
                input_size=1,
                hidden_size=hidden,
                decoder_output_dim=16,
                temporal_decoder_dim=temporal,
                temporal_width=8,
                dropout=0.0,
                layernorm=False,
                futr_exog_list=[f"drive {number}" for number in range(sizes.drive)],
                stat_exog_list=[f"static {n}" for n in range(sizes.static + sizes.descriptor)],
                loss=loss,
                random_seed=int(torch.randint(2**31, ())),
            )
        # Made by neuralforecast for past covariates; there are none, and it has no inputs.
        del self.inside.hist_exog_projection
        self.frames = frames

    def forward(self, encoded: Encoded) -> Tensor:
        ahead = encoded.drive.shape[1] - 1
        encoded = to_horizon(encoded, self.frames)
        found = self.inside(
            {
                "insample_y": encoded.drive.new_zeros(len(encoded.drive), 1, 1),
                "hist_exog": None,
                "futr_exog": encoded.drive,
                "stat_exog": encoded.context,
            }
        )
        return from_horizon(found, ahead)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Making a model of neuralforecast seeds all generators and says so; neither is wanted here."""
    says = logging.getLogger("lightning_fabric.utilities.seed")
    level, python, numpy = says.level, random.getstate(), np.random.get_state()  # noqa: NPY002
    says.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            # The layer without inputs, deleted afterwards.
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            yield
    finally:
        says.setLevel(level)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
