"""ABCC as a forecaster: arrays in, labelled forecast out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from opir.errors import ModelError
from opir.models.abcc.config import AbccConfig
from opir.models.abcc.flow import ChemicalFlow, FlowPath
from opir.models.abcc.initialise import FirstGuess, first_guess
from opir.models.abcc.losses import (
    anchor_loss,
    displacement_loss,
    mean_flow_loss,
    semigroup_loss,
)
from opir.models.base import MODELS, Arrays, TrainedForecaster, check_wavenumber, not_fitted
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.kept_share import kept_share

__all__ = ["Abcc"]

_ROWS = 256
_SHORT = 1e-3


@MODELS.register("abcc")
class Abcc(TrainedForecaster):
    """ABCC in ``learned`` mode: no library of reference spectra is needed.

    Args:
        config: Sizes and loss weights.
        operator: Matrix ``P`` of the linear processing that the spectra went through, shape
            ``[wavenumber, point]``; the identity if none.
        axis: Wavenumbers of the unprocessed points that ``P`` takes in [cm-1], shape ``[point]``;
            those of the spectra if none.
    """

    name: ClassVar[str] = "abcc"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (1e-3, 3e-3, 6e-3),
        "components": (4, 8),
        "hidden": (8, 32),
    }

    def __init__(
        self,
        config: AbccConfig | None = None,
        *,
        operator: ArrayLike | None = None,
        axis: ArrayLike | None = None,
    ) -> None:
        self.recipe = {}
        self.config = config or AbccConfig()
        self.operator = None if operator is None else np.asarray(operator, dtype=np.float64)
        self.axis = None if axis is None else np.asarray(axis, dtype=np.float64)
        self.scale = 1.0
        self.trust: float = 1.0
        self._descriptor = 0
        self._flow: ChemicalFlow | None = None

    # -- training -------------------------------------------------------------------------------

    def begin(self, train: Windows, *, seed: int) -> None:
        """Start from the training windows; ``seed`` sets the networks' first weights."""
        points = train.inputs.wavenumber.size
        taken = points if self.axis is None else self.axis.size
        if self.operator is not None and self.operator.shape != (points, taken):
            raise ModelError(
                f"the operator has shape {self.operator.shape}; the spectra have {points} points, "
                f"the components {taken}"
            )
        sizes = (self.config.components, self.config.reversible)
        guess = first_guess(train, *sizes, self.operator, self.axis)
        self.scale = float(guess.scale)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._flow = self._build(guess, train.inputs.descriptor.shape[1])

    def _build(self, guess: FirstGuess, descriptor: int) -> ChemicalFlow:
        self._descriptor = descriptor
        return ChemicalFlow(
            guess,
            hidden=self.config.hidden,
            largest_shift=self.config.largest_shift,
            first_relaxation=self.config.first_relaxation,
            first_fade=self.config.first_fade,
            descriptor=descriptor,
        )

    @property
    def module(self) -> ChemicalFlow:
        """The flow."""
        if self._flow is None:
            raise not_fitted(self)
        return self._flow

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weight decay acts on the rate and state-function networks only."""
        flow = self.module
        decayed = [
            layer.weight
            for part in (flow.irreversible.rates, flow.reversible.of_drive)
            for layer in part
            if isinstance(layer, torch.nn.Linear)
        ]
        known = {id(item) for item in decayed}
        others = [item for item in flow.parameters() if id(item) not in known]
        return [
            {"params": decayed, "decay": self.config.rate_decay},
            {"params": others, "decay": 0.0},
        ]

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Displacement, velocity anchor, semigroup, reconstruction and two smoothness terms."""
        flow, config = self.module, self.config
        frames, times = batch["frames"] / self.scale, batch["times"]
        drive, descriptor = batch["drive"], batch["descriptor"]
        first, last = int(batch["given_frames"]) - 1, frames.shape[1] - 1
        start, middle = self._choose(first, last, generator)

        given, observed = frames[:, start], frames[:, start + 1 :]
        ahead = torch.cat([times[:, start : start + 1], times[:, start:]], dim=1)
        short = _SHORT * (times[:, start + 1] - times[:, start])
        ahead[:, 1] += short
        felt = torch.cat([drive[:, start : start + 1], drive[:, start:]], dim=1)
        path = flow(given, ahead, felt, descriptor)
        whole = path.displacement[:, 2:]

        step = min(config.anchor_frames, last - start)
        duration = times[:, start + step] - times[:, start]
        velocity = path.displacement[:, 1] * (duration / short)[:, None]
        terms = {
            "displacement": displacement_loss(whole, given, observed),
            "anchor": config.anchor * anchor_loss(velocity, frames[:, start + step] - given),
            "reconstruction": config.reconstruction * (path.reconstruction - given).square().mean(),
            "roughness": config.roughness * flow.components.roughness(),
            "shift_rate": config.shift_rate * _relative_rate(path, config.largest_shift),
        }
        if config.mean_flow > 0:
            observed_rate = (frames[:, start + step] - given) / duration[:, None]
            terms["mean_flow"] = config.mean_flow * self._mean_flow(
                given, times[:, start:], drive[:, start:], descriptor, observed_rate
            )
        if middle is not None and config.semigroup > 0:
            onward = flow(frames[:, middle], times[:, middle:], drive[:, middle:], descriptor)
            at = middle - start - 1
            terms["semigroup"] = config.semigroup * semigroup_loss(
                whole[:, at + 1 :], whole[:, at], onward.displacement[:, 1:]
            )
        return terms

    def _mean_flow(
        self, given: Tensor, times: Tensor, drive: Tensor, descriptor: Tensor, velocity: Tensor
    ) -> Tensor:
        """The MeanFlow identity from a frame on, the drive being a straight line after it."""
        flow = self.module
        unit = flow.time_scale
        known = torch.nan_to_num(drive)
        slope = (known[:, 1] - known[:, 0]) / (times[:, 1:2] - times[:, :1])

        def average(spectrum: Tensor, begin: Tensor, felt: Tensor) -> Tensor:
            clock = torch.cat([begin[:, None], times[:, 1:]], dim=1)
            course = torch.where(torch.isnan(drive[:, :1]), drive[:, :1], felt[:, None])
            course = torch.cat([course, drive[:, 1:]], dim=1)
            return flow.average_velocity(spectrum, clock, course, descriptor)

        return mean_flow_loss(
            average,
            (given, times[:, 0], known[:, 0]),
            (velocity * unit, torch.ones_like(times[:, 0]) * unit, slope * unit),
            (times[:, 1:] - times[:, :1]) / unit,
        )

    def _choose(self, first: int, last: int, generator: torch.Generator) -> tuple[int, int | None]:
        """Frame ``r`` that a batch starts from, and the observed ``m`` it is split at."""
        start = first
        if float(torch.rand(1, generator=generator)) >= self.config.early_share:
            start = int(torch.randint(first, max(last - 2, first + 1), (1,), generator=generator))
        if last - start < 2:
            return start, None
        return start, int(torch.randint(start + 1, last, (1,), generator=generator))

    def calibrate(self, validation: Windows) -> None:
        """Choose the share of the forecast change that is kept, 0 to 1.

        Where the validation windows do not show that more is foretold than that nothing changes,
        the forecast is persistence; see :func:`opir.models.kept_share.kept_share`. All
        guarantees of the streams hold for any share.
        """
        self.trust = 1.0
        self.trust = kept_share(self.forecast(validation.inputs).spectra, validation)

    # -- forecasting ----------------------------------------------------------------------------

    @torch.no_grad()
    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Spectra, streams, amounts, extents and shift at ``inputs.times``."""
        flow = self.module
        check_wavenumber(self, flow.components.wavenumber.double().cpu().numpy(), inputs)
        paths = [
            self._path(inputs.rows(np.arange(row, min(row + _ROWS, len(inputs)))))
            for row in range(0, len(inputs), _ROWS)
        ]

        def joined(name: str, scale: float = 1.0) -> NDArray[np.float64]:
            parts = [getattr(path, name).double().cpu().numpy() for path in paths]
            whole = np.concatenate(parts)
            start = whole[:, :1]
            return np.asarray(scale * (start + self.trust * (whole - start))[:, 1:])

        streams = {
            name: joined(name, self.scale) for name in ("irreversible", "reversible", "residual")
        }
        return Forecast(
            spectra=inputs.last[:, None] + joined("displacement", self.scale),
            times=inputs.times,
            wavenumber=inputs.wavenumber,
            model=self.name,
            streams=streams,
            amounts=joined("amounts"),
            extents=joined("extents"),
            shift=joined("shift"),
            components=self.component_names,
            reactions=tuple(f"{i + 1} -> {j + 1}" for i, j in flow.irreversible.pairs),
        )

    def _path(self, inputs: ForecastInputs) -> FlowPath:
        first = inputs.given.shape[1] - 1
        # Differences are taken in double precision: a run may be months old.
        times = np.concatenate([np.zeros((len(inputs), 1)), inputs.lead], axis=1)
        arrays = (inputs.last / self.scale, times, inputs.drive[:, first:], inputs.descriptor)
        where = self.module.time_scale.device
        given, ahead, drive, descriptor = (
            torch.tensor(values, dtype=torch.float32, device=where) for values in arrays
        )
        path: FlowPath = self.module(given, ahead, drive, descriptor)
        return path

    @torch.no_grad()
    def amounts(self, spectra: ArrayLike) -> NDArray[np.float64]:
        """Amounts of the components in measured spectra ``[..., wavenumber]``, processed alike."""
        scaled = torch.as_tensor(np.asarray(spectra) / self.scale, dtype=torch.float32)
        found = self.module.amounts(scaled.to(self.module.time_scale.device))
        return np.asarray(found.double().cpu().numpy())

    @property
    def component_names(self) -> tuple[str, ...]:
        """``component 1`` (consumed) to ``component n`` (formed)."""
        return tuple(f"component {k + 1}" for k in range(self.config.components))

    @property
    def component_axis(self) -> NDArray[np.float64]:
        """Wavenumbers of the learned spectra [cm-1], ``[point]``."""
        return np.asarray(self.module.components.axis.double().cpu().numpy())

    @property
    def component_spectra(self) -> NDArray[np.float64]:
        """Learned spectra in the absorbance domain, never negative, ``[component, point]``."""
        found = self.module.components.spectra.detach().double().cpu().numpy()
        return np.asarray(found * self.scale)

    # -- state ----------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Configuration and weights."""
        weights = self.module.state_dict()
        config = {
            "abcc": self.config.to_dict(),
            "scale": self.scale,
            "trust": self.trust,
            "processed": self.operator is not None,
            "descriptor": self._descriptor,
        }
        return config, {name: value.cpu().numpy() for name, value in weights.items()}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        sizes = AbccConfig.from_dict(dict(config["abcc"]))
        matrix = np.asarray(arrays["components.operator"], dtype=np.float64)
        axis = np.asarray(arrays["components.axis"], dtype=np.float64)
        processed = bool(config["processed"])
        model = cls(sizes, operator=matrix if processed else None, axis=axis if processed else None)
        model.scale = float(config["scale"])
        model.trust = float(config["trust"])
        points = matrix.shape[0]
        blank = FirstGuess(
            spectra=np.ones((sizes.components, axis.size)),
            background=np.zeros(points),
            operator=matrix,
            wavenumber=np.asarray(arrays["components.wavenumber"], dtype=np.float64),
            axis=axis,
            read_amounts=np.zeros((sizes.components, points)),
            read_offset=np.zeros(sizes.components),
            loadings=np.zeros((sizes.reversible, points)),
            read_coordinates=np.zeros((sizes.reversible, points)),
            scale=np.array(model.scale),
            time_scale=np.array(1.0),
            current_scale=np.array(1.0),
        )
        model._flow = model._build(blank, int(config["descriptor"]))
        model._flow.load_state_dict({k: torch.as_tensor(v) for k, v in arrays.items()})
        return model


def _relative_rate(path: FlowPath, bound: float) -> Tensor:
    """Mean square step of the peak shift between frames, in units of its bound."""
    return (path.shift.diff(dim=1) / max(bound, 1e-9)).square().mean()
