"""What the generative networks share: backbone, training target, sampling, forecast."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.errors import OptionError
from opir.models.base import check_wavenumber
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.kept_share import kept_share
from opir.models.networks.adapter import Encoded, Sizes
from opir.models.networks.base import NetworkForecaster
from opir.models.networks.layers import Residual

__all__ = ["Backbone", "Context", "Flow", "GenerativeForecaster", "draw_noise"]

Flow = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The backbone under fixed conditions: state ``[batch, frames, scores]`` and two times ``[batch]``
to a tensor of the state's shape."""

_DRAWS = 512
"""Trajectories that are drawn at once."""
_COMMON = 0.8
"""Share of the variance of the noise that all frames of a trajectory have in common."""
_QUICK = 8
"""Steps of the look at validation windows while training."""


@dataclass(frozen=True)
class Context:
    """Conditions as the backbone uses them at every step; made once for a batch.

    Attributes:
        taken: ``[batch, frames, width]``.
        guess: A first guess of the scores, ``[batch, frames, scores]``.
    """

    taken: Tensor
    guess: Tensor

    def repeated(self, count: int) -> Context:
        """The same conditions, so many times over."""
        return Context(self.taken.repeat(count, 1, 1), self.guess.repeat(count, 1, 1))


class Backbone(nn.Module):
    """A GRU over the conditions, and a small network over the frames of a noisy trajectory.

    The first runs once for a forecast, the second at every step of the generation: blocks that
    mix frames (depthwise convolution, and the mean over frames) and channels, scaled and shifted
    by the times. The state and a first guess, which is trained by itself too (absolute error, so
    the median), also pass straight through, each by a factor that depends on the times, so that
    the blocks have only the rest to learn. Times enter at low frequencies only: a total derivative
    along the path (MeanFlow) is otherwise unstable.

    Args:
        sizes: Lengths of what goes in and out.
        hidden: Width of the GRU.
        width: Width of the blocks.
        blocks: Number of blocks.
    """

    def __init__(self, sizes: Sizes, *, hidden: int, width: int, blocks: int) -> None:
        super().__init__()
        self.told = nn.Sequential(
            nn.Linear(sizes.static + sizes.descriptor, hidden), Residual(hidden), Residual(hidden)
        )
        self.drive = nn.Linear(sizes.drive, hidden)
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True)
        self.leave = nn.Sequential(Residual(hidden), nn.LayerNorm(hidden))
        self.taken = nn.Linear(hidden, width)
        self.guess = nn.Linear(hidden, sizes.scores)
        self.clock = nn.Sequential(nn.Linear(14, width), nn.SiLU())
        self.enter = nn.Linear(sizes.scores, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.norm, self.exit = nn.LayerNorm(width), nn.Linear(width, sizes.scores)
        self.straight = nn.Linear(width, 2 * sizes.scores)
        for layer in (self.guess, self.straight, self.exit):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def context(self, encoded: Encoded) -> Context:
        """Conditions at every frame."""
        told = self.told(encoded.context)
        states, _ = self.recurrent(self.drive(encoded.drive) + told[:, None], told[None])
        left = self.leave(states[:, 1:] + told[:, None])
        return Context(self.taken(left), self.guess(left))

    def forward(self, state: Tensor, start: Tensor, end: Tensor, context: Context) -> Tensor:
        """State ``[batch, frames, scores]`` and times ``[batch]`` to the same shape."""
        clock = self.clock(torch.cat([_waves(start), _waves(end)], dim=-1))[:, None]
        values = self.enter(state) + context.taken
        for block in self.blocks:
            values = block(values, clock)
        own, guess = self.straight(clock).chunk(2, dim=-1)
        found: Tensor = self.exit(self.norm(values)) + own * state + guess * context.guess
        return found


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.clock = nn.Linear(width, 2 * width)
        self.near = nn.Conv1d(width, width, 5, padding=2, groups=width)
        self.far = nn.Linear(width, width)
        self.inside = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU())
        self.last = nn.Linear(2 * width, width)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, values: Tensor, clock: Tensor) -> Tensor:
        scale, shift = self.clock(clock).chunk(2, dim=-1)
        scaled = self.norm(values) * (1 + scale) + shift
        near = self.near(scaled.transpose(1, 2)).transpose(1, 2)
        mixed = scaled + near + self.far(scaled.mean(dim=1, keepdim=True))
        found: Tensor = values + self.last(self.inside(mixed))
        return found


class GenerativeForecaster(NetworkForecaster):
    """Draws whole trajectories of change scores from noise, under the conditions.

    A forecast is the mean over ``samples`` draws whose noise is fixed, the same for every run, and
    comes in pairs of opposite sign; so it does not depend on the other runs of a batch. While
    training, and for the share of the change that is kept, one path from zero noise stands in for
    them.

    Args:
        steps: Steps from noise to data.
        samples: Draws that a forecast is the mean of.
        hidden: Width of the GRU over the conditions.
        width: Width of the network that is run at every step.
        blocks: Its number of blocks.
    """

    scores = 16
    rows = 64

    def __init__(self, *, steps: int, samples: int, hidden: int, width: int, blocks: int) -> None:
        super().__init__(steps=steps, samples=samples, hidden=hidden, width=width, blocks=blocks)

    @abstractmethod
    def generation_loss(self, flow: Flow, scores: Tensor, generator: torch.Generator) -> Tensor:
        """Squared error ``[batch, frames, scores]`` whose weighted mean is to become small."""

    @abstractmethod
    def generate(self, flow: Flow, noise: Tensor, steps: int) -> Tensor:
        """Scores ``[batch, frames, scores]`` from noise of the same shape."""

    def build(self, sizes: Sizes) -> nn.Module:
        """The backbone."""
        return Backbone(sizes, **{k: self.options[k] for k in ("hidden", "width", "blocks")})

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of the generation and of the first guess; scores of large spread weigh more."""
        module = self.module
        module.train()
        adapter = module.adapter
        encoded = adapter.encode_batch(batch)
        target = batch["frames"][:, int(batch["given_frames"]) :]
        scores = adapter.to_scores(target - encoded.base[:, None])
        weight = adapter.change_scale / adapter.change_scale.mean().clamp(min=1e-30)
        context = self._backbone.context(encoded)
        squared = self.generation_loss(self._flow(context), scores, generator)
        guess = (weight * (context.guess - scores).abs()).mean()
        return {"generation": (weight * squared).mean(), "guess": guess}

    @property
    def _backbone(self) -> Backbone:
        return cast(Backbone, self.module.network)

    def _flow(self, context: Context) -> Flow:
        network = self._backbone
        return lambda state, start, end: network(state, start, end, context)

    def _drawn(self, encoded: Encoded, noise: Tensor, steps: int) -> Tensor:
        """Scores ``[draw, batch, frames, scores]`` from noise of that shape."""
        count = len(noise)
        context = self._backbone.context(encoded).repeated(count)
        drawn = self.generate(self._flow(context), noise.flatten(0, 1), steps)
        return drawn.reshape(noise.shape)

    def _noise(
        self, encoded: Encoded, count: int, batch: int, generator: torch.Generator
    ) -> Tensor:
        shape = (count, batch, encoded.drive.shape[1] - 1, self.module.adapter.sizes.scores)
        return draw_noise(shape, generator).to(encoded.drive.device)

    def predict(self, encoded: Encoded) -> Tensor:
        """Mean change over the draws, ``[batch, frames, wavenumber]``."""
        module = self.module
        half = (int(self.options["samples"]) + 1) // 2
        noise = self._noise(encoded, half, 1, torch.Generator().manual_seed(0))
        noise = torch.cat([noise, -noise]).expand(-1, len(encoded.base), -1, -1)
        drawn = self._drawn(encoded, noise, int(self.options["steps"]))
        return module.adapter.to_change(drawn.mean(dim=0))

    @torch.no_grad()
    def look(self, inputs: ForecastInputs) -> Forecast:
        """One path from zero noise in few steps."""
        adapter = self.module.adapter
        self.module.eval()
        spectra = np.empty((len(inputs), inputs.frames, inputs.wavenumber.size), np.float32)
        steps = min(_QUICK, int(self.options["steps"]))
        for first in range(0, len(inputs), 128):
            part = slice(first, first + 128)
            encoded = self.encode(inputs, part)
            shape = (1, len(encoded.base), inputs.frames, adapter.sizes.scores)
            drawn = self._drawn(encoded, encoded.base.new_zeros(shape), steps)[0]
            found = encoded.base[:, None] + adapter.to_change(drawn)
            spectra[part] = self.to_spectra(inputs, part, found)
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    def calibrate(self, validation: Windows) -> None:
        """Choose the share of the change that is kept (:func:`kept_share`), by :meth:`look`."""
        self.trust = 1.0
        self.trust = kept_share(self.look(validation.inputs).spectra, validation)

    @torch.no_grad()
    def sample(self, inputs: ForecastInputs, count: int, seed: int) -> NDArray[np.float32]:
        """Whole trajectories, with the share of the change that is kept.

        Returns:
            Shape ``[count, batch, frames, wavenumber]``.

        Raises:
            ModelError: If it is not trained, or was on another wavenumber axis.
            OptionError: If ``count`` is below 1.
        """
        if count < 1:
            raise OptionError(f"{count} samples were asked for; at least 1 is needed")
        adapter = self.module.adapter
        check_wavenumber(self, adapter.wavenumber.double().cpu().numpy(), inputs)
        self.module.eval()
        generator = torch.Generator().manual_seed(seed)
        shape = (count, len(inputs), inputs.frames, inputs.wavenumber.size)
        spectra = np.empty(shape, np.float32)
        rows = max(1, _DRAWS // count)
        for first in range(0, len(inputs), rows):
            part = slice(first, first + rows)
            encoded = self.encode(inputs, part)
            noise = self._noise(encoded, count, len(encoded.base), generator)
            for number, scores in enumerate(
                self._drawn(encoded, noise, int(self.options["steps"]))
            ):
                found = encoded.base[:, None] + adapter.to_change(scores)
                spectra[number, part] = self.to_spectra(inputs, part, found)
        return spectra


def draw_noise(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Normal noise of variance 1, most of it common to all frames of a trajectory.

    What is hidden of a run acts on all of its frames, so noise that frames share is nearer to the
    data than independent noise (as in Biloš et al. 2023, arXiv 2211.02590).

    Args:
        shape: ``[..., frames, scores]``.
        generator: Source of the noise, on the CPU.
    """
    common = torch.randn((*shape[:-2], 1, shape[-1]), generator=generator)
    own = torch.randn(tuple(shape), generator=generator)
    return math.sqrt(_COMMON) * common + math.sqrt(1 - _COMMON) * own


def _waves(time: Tensor) -> Tensor:
    """A time from 0 to 1 as seven numbers of low frequency, ``[batch, 7]``."""
    angle = torch.pi * time[:, None] * torch.arange(1, 4, device=time.device)
    return torch.cat([time[:, None], angle.sin(), angle.cos()], dim=-1)
