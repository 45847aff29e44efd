"""Between spectra and networks: the one way in and out that every network shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.models.between_frames import BETWEEN, between_frames
from opir.models.inputs import Windows
from opir.models.networks.conditions import CONDITIONS, MASKS, conditions

__all__ = ["Encoded", "Sizes", "SpectraAdapter", "spaced"]

_RUNS = 1024
"""Training windows, at most, that statistics are taken from."""
_FRAMES = 16
"""Frames of each, at most, that the basis of the change is taken from."""
_EARLIER = 12
"""Scores that tell of each given frame before the last."""
_USUAL = 0.99
"""Quantile of what lies outside of the components in training that still counts as noise."""
_SHARES = np.linspace(0.0, 1.0, 21)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """Lengths of what a network takes in and gives.

    Attributes:
        static: Numbers of the given frames.
        drive: Numbers of the protocol at each frame.
        descriptor: Numbers of the system.
        scores: Numbers of a change of the spectrum, to be given at each frame.
        wavenumber: Points of a spectrum.
    """

    static: int
    drive: int
    descriptor: int
    scores: int
    wavenumber: int


@dataclass(frozen=True)
class Encoded:
    """What a network takes in; the first entry of a time axis is the last given frame.

    Attributes:
        static: Given frames, about unit variance, ``[batch, static]``.
        drive: Protocol, about unit variance, and masks, ``[batch, 1 + frames, drive]``.
        descriptor: System, about unit variance, ``[batch, descriptor]``.
        lead: Time since the last given frame [s], ``[batch, 1 + frames]``.
        base: Last given frame with less noise, ``[batch, wavenumber]``; changes count from it.
    """

    static: Tensor
    drive: Tensor
    descriptor: Tensor
    lead: Tensor
    base: Tensor

    @property
    def context(self) -> Tensor:
        """All that does not depend on time, ``[batch, static + descriptor]``."""
        return torch.cat([self.static, self.descriptor], dim=1)

    @property
    def whole(self) -> Tensor:
        """Protocol with the context at every frame, ``[batch, 1 + frames, all]``."""
        context = self.context[:, None].expand(-1, self.drive.shape[1], -1)
        return torch.cat([self.drive, context], dim=-1)

    def at(self, frames: Tensor) -> Encoded:
        """The last given frame and some of the frames to forecast, numbered from 0."""
        kept = torch.cat([frames.new_zeros(1), frames + 1])
        return replace(self, drive=self.drive[:, kept], lead=self.lead[:, kept])


class SpectraAdapter(nn.Module):
    """Spectra, drive and descriptors to numbers of unit variance, and scores back to spectra.

    All it holds is fitted once to training windows and kept as buffers; nothing is trained. The
    last given frame counts by its principal components (those of the given frames); what lies
    outside of them is noise, mostly, and a share of it is kept, the one with the lowest mean
    absolute error at later frames. Changes are told in the principal components of the change.

    Args:
        points: Points of a spectrum.
        given: Given frames that are told of; earlier ones are not seen.
        descriptor: Numbers that describe the system.
        static: Principal components of the given frame.
        scores: Principal components of the change.
        between: Whether the network is told of the drive between frames.
    """

    wavenumber: Tensor
    centre: Tensor
    static_basis: Tensor
    static_scale: Tensor
    share: Tensor
    largest_rest: Tensor
    change_basis: Tensor
    change_scale: Tensor
    scale: Tensor
    condition_mean: Tensor
    condition_scale: Tensor
    descriptor_mean: Tensor
    descriptor_scale: Tensor

    def __init__(
        self,
        points: int,
        given: int,
        descriptor: int,
        *,
        static: int = 48,
        scores: int = 48,
        between: bool = False,
    ) -> None:
        super().__init__()
        self.given, self.between = given, between
        told = len(CONDITIONS) + (len(BETWEEN) if between else 0)
        shapes = {
            "wavenumber": (points,),
            "centre": (points,),
            "static_basis": (static, points),
            "static_scale": (static,),
            "share": (),
            "largest_rest": (),
            "change_basis": (scores, points),
            "change_scale": (scores,),
            "scale": (),
            "condition_mean": (told,),
            "condition_scale": (told,),
            "descriptor_mean": (descriptor,),
            "descriptor_scale": (descriptor,),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))
        self.sizes = Sizes(
            static=static + (given - 1) * (min(_EARLIER, static) + 4),
            drive=told + MASKS,
            descriptor=descriptor,
            scores=scores,
            wavenumber=points,
        )

    @property
    def shape(self) -> dict[str, int]:
        """What :meth:`empty` takes, JSON values."""
        return {
            "points": self.sizes.wavenumber,
            "given": self.given,
            "descriptor": self.sizes.descriptor,
            "static": self.static_scale.shape[0],
            "scores": self.sizes.scores,
            "between": self.between,
        }

    @classmethod
    def empty(cls, shape: Mapping[str, Any]) -> SpectraAdapter:
        """One of a :attr:`shape`, to load what was fitted into."""
        points, given, descriptor, static, scores = (
            int(shape[name]) for name in ("points", "given", "descriptor", "static", "scores")
        )
        between = bool(shape.get("between", False))
        return cls(points, given, descriptor, static=static, scores=scores, between=between)

    @classmethod
    def fit(
        cls, train: Windows, *, static: int = 48, scores: int = 48, between: bool = False
    ) -> SpectraAdapter:
        """Fitted to training windows; of many, evenly spaced ones are taken.

        The numbers of components are upper bounds: no more are taken than the windows have.
        """
        inputs = train.inputs
        points = inputs.wavenumber.size
        rows = spaced(len(train), _RUNS)
        last = np.asarray(inputs.given[rows, -1], dtype=np.float32)
        centre = last.mean(axis=0)
        static_basis, static_spread = _components(last - centre, static)
        picked = spaced(inputs.frames, _FRAMES)
        later = np.asarray(train.target[np.ix_(rows, picked)], dtype=np.float32)
        rest = _outside(last - centre, static_basis)
        share = _kept(rest, later - centre, static_basis)
        base = last - (1 - share) * rest
        change = (later - base[:, None]).reshape(-1, points)
        change_basis, change_spread = _components(change, scores)

        adapter = cls(
            points,
            inputs.given.shape[1],
            inputs.descriptor.shape[1],
            static=len(static_basis),
            scores=len(change_basis),
            between=between,
        )
        times = np.concatenate([inputs.given_times[rows], inputs.times[rows]], axis=1)
        values, known = conditions(
            torch.tensor(times - times[:, :1], dtype=torch.float32),
            torch.tensor(inputs.drive[rows], dtype=torch.float32),
            adapter.given,
            torch.tensor(between_frames(inputs.rows(rows)), dtype=torch.float32)
            if between
            else None,
        )
        mean, spread = _moments(values.flatten(0, 1), known.flatten(0, 1))
        described = torch.tensor(inputs.descriptor[rows], dtype=torch.float32)
        found = _moments(described, torch.ones_like(described))
        fitted = {
            "wavenumber": inputs.wavenumber.copy(),
            "centre": centre,
            "static_basis": static_basis,
            "static_scale": _inverse(static_spread),
            "share": share,
            "largest_rest": float(np.quantile(np.abs(rest), _USUAL)),
            "change_basis": change_basis,
            "change_scale": change_spread,
            "scale": max(float(np.abs(change).mean()), 1e-12),
            "condition_mean": mean,
            "condition_scale": _inverse(spread.numpy()),
            "descriptor_mean": found[0],
            "descriptor_scale": _inverse(found[1].numpy()),
        }
        for name, value in fitted.items():
            getattr(adapter, name).copy_(torch.as_tensor(value, dtype=torch.float32))
        return adapter

    def encode(
        self,
        given: Tensor,
        times: Tensor,
        drive: Tensor,
        descriptor: Tensor,
        between: Tensor | None = None,
    ) -> Encoded:
        """What a network takes in.

        Args:
            given: Given frames, ``[batch, given, wavenumber]``; any number of them.
            times: ``[batch, given + frames]`` s from any origin.
            drive: ``[batch, given + frames, 3]``, NaN where not known.
            descriptor: ``[batch, descriptor]``.
            between: What is known of the time between frames, if the adapter was fitted to it,
                ``[batch, given + frames, len(BETWEEN)]``.
        """
        count = given.shape[1]
        standard, base = self._standard(given)
        static = [standard[:, -1]]
        values, known = conditions(times, drive, count, between)
        scaled = (values - self.condition_mean) * self.condition_scale * known
        for back in range(1, self.given):
            static.append(self._earlier(standard, times, drive, count, back))
        lead = times[:, count - 1 :] - times[:, count - 1 : count]
        return Encoded(
            static=torch.cat(static, dim=1),
            drive=torch.cat([scaled.clamp(-8, 8), known[..., :MASKS]], dim=-1),
            descriptor=self.encode_descriptor(descriptor),
            lead=lead,
            base=base,
        )

    def encode_static(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """The last given frame alone: about unit variance ``[batch, static]``, and the base."""
        standard, base = self._standard(given[:, -1:])
        return standard[:, -1], base

    def encode_descriptor(self, descriptor: Tensor) -> Tensor:
        """Descriptors about unit variance, ``[batch, descriptor]``."""
        return ((descriptor - self.descriptor_mean) * self.descriptor_scale).clamp(-8, 8)

    def _standard(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Given frames about unit variance ``[batch, given, static]``, and the base."""
        inside = (given - self.centre) @ self.static_basis.T
        last = given[:, -1]
        rest = last - self.centre - inside[:, -1] @ self.static_basis
        noise = rest.clamp(-self.largest_rest, self.largest_rest)
        return inside * self.static_scale, last - (1 - self.share) * noise

    def _earlier(
        self, standard: Tensor, times: Tensor, drive: Tensor, count: int, back: int
    ) -> Tensor:
        """What changed since the given frame ``back`` before the last; zero if there is none."""
        places = min(_EARLIER, standard.shape[2])
        at = count - 1 - back
        if at < 0:
            return standard.new_zeros(len(standard), places + 4)
        gained = standard[:, -1, :places] - standard[:, at, :places]
        age = torch.log1p(times[:, count - 1] - times[:, at])[:, None] / 10
        felt = torch.nan_to_num(drive[:, count - 1] - drive[:, at])
        return torch.cat([gained, age, felt * self.condition_scale[:3]], dim=1)

    def to_change(self, scores: Tensor) -> Tensor:
        """Change of the spectrum ``[..., wavenumber]`` of scores of unit variance."""
        return (scores * self.change_scale) @ self.change_basis

    def to_scores(self, change: Tensor) -> Tensor:
        """Scores of unit variance ``[..., scores]`` of a change of the spectrum."""
        scale = self.change_scale.clamp(min=1e-12)
        return change @ self.change_basis.T / scale

    def encode_batch(self, batch: Mapping[str, Tensor]) -> Encoded:
        """:meth:`encode` for a batch of the training loop."""
        given = batch["frames"][:, : int(batch["given_frames"])]
        arrays = (batch["times"], batch["drive"], batch["descriptor"], batch.get("between"))
        return self.encode(given, *arrays)


def spaced(count: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` of ``count`` rows, evenly spaced, first and last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _components(
    values: NDArray[np.float32], most: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Principal components of rows about 0 and the spread along each, largest first."""
    # In double precision: the root of a rounding error of the largest variance is no spread.
    double = values.astype(np.float64)
    variance, vectors = np.linalg.eigh(double.T @ double / len(double))
    kept = min(most, *values.shape)
    spread = np.sqrt(np.maximum(variance[::-1][:kept], 0.0))
    return vectors[:, ::-1][:, :kept].T.astype(np.float32), spread.astype(np.float32)


def _outside(values: NDArray[np.float32], basis: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(values - values @ basis.T @ basis)


def _kept(
    rest: NDArray[np.float32], later: NDArray[np.float32], basis: NDArray[np.float32]
) -> float:
    """Share of the given frame's rest that comes nearest to the rest of later frames."""
    few = spaced(len(later), 128)
    found = _outside(later[few], basis)
    errors = [np.abs(found - share * rest[few, None]).mean() for share in _SHARES]
    return float(_SHARES[int(np.argmin(errors))])


def _moments(values: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each column where it is known; 0 for a column that nowhere is."""
    count = known.sum(0).clamp(min=1)
    mean = (values * known).sum(0) / count
    spread = ((values - mean).square() * known).sum(0) / count
    return mean, spread.sqrt()


def _inverse(spread: NDArray[np.float32]) -> NDArray[np.float32]:
    """One over the spread; 0 where there is none, so that what never varied is not seen."""
    small = 1e-6 * max(float(spread.max()), 1e-30) if spread.size else 0.0
    safe = np.where(spread > small, spread, 1.0)
    return np.where(spread > small, 1.0 / safe, 0.0).astype(np.float32)
