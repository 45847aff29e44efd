"""The library mode as a torch module: adapter, flow, and what its inputs and errors are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from opir.models.abcc.library_flow import LibraryFlow, LibraryInputs, LibraryPath
from opir.models.abcc.protocol_features import STATES
from opir.models.abcc.reactions import limited_extents, quick_extents
from opir.models.abcc.tables import dilution_of
from opir.models.abcc.visits import STEPS
from opir.models.descriptor import DESCRIPTOR
from opir.models.inputs import ForecastInputs
from opir.models.known_systems import SIZE, WITHIN_SYSTEMS
from opir.models.networks.adapter import SpectraAdapter
from opir.models.networks.base import NetworkModule

__all__ = ["LibraryModule", "Start"]

_LEAST_PATH = 1e-6
_FREE = 1e3
"""Beyond all that is about unit variance."""


@dataclass(frozen=True)
class Start:
    """What the given frames say.

    Inputs and spread of the latent, the first frame with less noise, what later ones showed
    beyond the forecast and is kept, the last frame, the number of frames after the first; what
    populations and scores absorb on the axis asked for.
    """

    told: LibraryInputs
    spread: Tensor
    base: Tensor
    carried: Tensor
    last: Tensor
    more: int
    molar: Tensor
    slope: Tensor
    basis: Tensor


class LibraryModule(NetworkModule):
    """Adapter and flow, with what was found of training spectra beside them.

    Args:
        adapter, network: The parts.
        lines: Of the baseline that errors are freed of: 1 a constant, 2 a straight line.
    """

    state_mean: Tensor
    state_scale: Tensor
    usual_path: Tensor
    usual_unexplained: Tensor
    baseline: Tensor
    carried: Tensor
    latent_spread: Tensor
    doubt: Tensor
    least: Tensor
    most: Tensor

    def __init__(self, adapter: SpectraAdapter, network: LibraryFlow, lines: int) -> None:
        super().__init__(adapter, network)
        self.register_buffer("state_mean", torch.zeros(STATES))
        self.register_buffer("state_scale", torch.zeros(STATES))
        self.register_buffer("usual_path", torch.ones(()))
        self.register_buffer("usual_unexplained", torch.ones(()))
        self.register_buffer("carried", torch.tensor(0.5))
        self.register_buffer("latent_spread", torch.ones(network.of_latent.in_features))
        # With one given frame, and with more.
        self.register_buffer("doubt", torch.ones(2))
        # Of the context, in training.
        sizes = adapter.sizes
        self.register_buffer("least", torch.full((sizes.static + sizes.descriptor,), -_FREE))
        self.register_buffer("most", -self.least)
        points = sizes.wavenumber
        vander = np.polynomial.legendre.legvander(np.linspace(-1, 1, points), lines - 1)
        basis = np.linalg.qr(vander)[0].T[: min(lines, points)]
        self.register_buffer("baseline", torch.tensor(basis, dtype=torch.float32))

    @property
    def flow(self) -> LibraryFlow:
        """The flow."""
        assert isinstance(self.network, LibraryFlow)
        return self.network

    def drawn(
        self,
        told: LibraryInputs,
        wanted: Tensor,
        known: Tensor,
        share: float,
        generator: torch.Generator,
    ) -> tuple[LibraryInputs, Tensor]:
        """Latents of some of the runs drawn from what some of their frames tell.

        Args:
            told: Of usual cells.
            wanted: Changes of the frames of the loss, ``[batch, frames, wavenumber]``.
            known: Which of these frames are given in any case, ``[frames]``.
            share: Of the runs.
            generator: Source of what is drawn.

        Returns:
            With latents, and how far they are from what is known beforehand [nats].
        """
        count = round(share * len(wanted))
        if not count:
            return told, wanted.new_zeros(())
        some = told.rows(slice(0, count))
        with torch.no_grad():
            beyond = self.beyond(some, wanted[:count])[0]
        often = torch.rand((count, 1), generator=generator)
        seen = torch.rand((count, len(known)), generator=generator) < often
        seen = (seen.to(known.device) | known).to(beyond.dtype)
        mean, variance = self.posterior(some, beyond, seen)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        latent = torch.cat([mean + variance.sqrt() * noise, told.latent[count:]])
        nats = 0.5 * (mean.square() + variance - 1 - variance.log()).sum(dim=1).mean()
        return replace(told, latent=latent), nats

    def beyond(self, told: LibraryInputs, wanted: Tensor) -> tuple[Tensor, Tensor, LibraryPath]:
        """What wanted changes have beyond those forecast, the residual, and the path."""
        path = self.flow(told, limited_extents if torch.is_grad_enabled() else quick_extents)
        residual = self.adapter.to_change(path.residual)
        change = self.flow.spectra(path, told) + residual
        return wanted - change, residual, path

    def flat(self, spectra: Tensor) -> Tensor:
        """Without their straight baseline."""
        return spectra - spectra @ self.baseline.T @ self.baseline

    def posterior(self, told: LibraryInputs, beyond: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the latent, from what spectra have beyond the usual cell's."""
        scores = self.adapter.to_scores(self.flat(beyond))
        return self.flow.posterior(told, scores, seen)

    def drawn_apart(self, start: Start, doubt: float | None = None) -> Tensor:
        """Standard deviation with which latents are drawn, ``[batch, latent]``.

        Never more than with the first given frame alone.

        Args:
            start: What the given frames say.
            doubt: Factor; the one that was calibrated by default.
        """
        first = self.doubt[0] if doubt is None else self.doubt.new_tensor(doubt)
        if not start.more:
            return start.spread * self.latent_spread * first
        factor = self.doubt[1] if doubt is None else self.doubt.new_tensor(doubt)
        return (start.spread * factor).clamp(max=1.0) * self.latent_spread * self.doubt[0]

    def told(self, batch: Mapping[str, Tensor], given: Tensor) -> tuple[LibraryInputs, Tensor]:
        """What the flow takes in of a usual cell, and the base.

        Args:
            batch: ``descriptor`` and what :meth:`AbccLibrary.prepare` gave.
            given: The first given frame, ``[batch, 1, wavenumber]``.
        """
        context, base = self._context(batch["descriptor"], given)
        path = batch["path"] / self.usual_path
        state = (batch["state"] - self.state_mean) * self.state_scale
        growing = batch["growing"]
        numbers = STEPS * torch.arange(growing.shape[1], device=growing.device)
        return LibraryInputs(
            context=context.clamp(self.least, self.most),
            amounts=batch["amounts"],
            shift=batch["shift"],
            initial=batch["initial"],
            path=torch.where(path > _LEAST_PATH, path, torch.ones_like(path)),
            growing=growing,
            visits=batch["visits"],
            frames=numbers.to(growing.dtype).expand(growing.shape[:2]),
            state=torch.nan_to_num(state).clamp(-8, 8),
            latent=context.new_zeros(context.shape[0], self.flow.of_latent.in_features),
            dilution=dilution_of(batch["descriptor"]),
        ), base

    def _context(self, descriptor: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        static, base = self.adapter.encode_static(given)
        return torch.cat([static, self.adapter.encode_descriptor(descriptor)], dim=1), base

    def keep_range(self, inputs: ForecastInputs) -> None:
        """Hold each number of the context within the range that it has here, from now on.

        Temperature and water are carried on beyond it: they differ within systems, so what they do
        is learned. What only tells systems apart is not to be carried on to others. How large a
        cell is does not count at all: its current is relative to that.

        Args:
            inputs: All training runs.
        """
        first, described = (
            torch.as_tensor(np.asarray(values, np.float32), device=self.least.device)
            for values in (inputs.given[:, :1], inputs.descriptor)
        )
        context, _ = self._context(described, first)
        free = [False] * self.adapter.sizes.static
        free += [any(word in name for word in WITHIN_SYSTEMS) for name in DESCRIPTOR]
        beyond = torch.where(torch.tensor(free, device=context.device), _FREE, 0.0)
        self.least.copy_(context.amin(dim=0) - beyond)
        self.most.copy_(context.amax(dim=0) + beyond)
        sized = [False] * self.adapter.sizes.static + [SIZE in name for name in DESCRIPTOR]
        for side in (self.least, self.most):
            side[torch.tensor(sized, device=side.device)] = 0.0

    def keep_states(self, state: Tensor) -> None:
        """Scale states of the drive to unit variance, from now on.

        Args:
            state: Of training runs, NaN where not known, ``[frame, STATES]``.
        """
        known = ~torch.isnan(state)
        count = known.sum(0).clamp(min=1)
        mean = torch.nan_to_num(state).sum(0) / count
        spread = (torch.where(known, state - mean, 0.0).square().sum(0) / count).sqrt()
        self.state_mean.copy_(mean)
        self.state_scale.copy_(torch.where(spread > 1e-6, 1 / spread.clamp(min=1e-6), 0.0))
