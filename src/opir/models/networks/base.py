"""What every network forecaster shares: adapter, loss, forecast, state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.models.base import Arrays, TrainedForecaster, check_wavenumber, not_fitted
from opir.models.between_frames import between_frames, has_record
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.kept_share import kept_share
from opir.models.networks.adapter import Encoded, Sizes, SpectraAdapter

__all__ = ["NetworkForecaster", "NetworkModule", "seeded"]


class NetworkModule(nn.Module):
    """Adapter and network; only the network has parameters."""

    def __init__(self, adapter: SpectraAdapter, network: nn.Module) -> None:
        super().__init__()
        self.adapter = adapter
        self.network = network


class NetworkForecaster(TrainedForecaster):
    """A forecaster that is a network over :class:`SpectraAdapter`.

    A new one is a subclass with a ``name``, a constructor whose keywords go to this one (they are
    kept with the weights), and :meth:`build`. Its network takes an :class:`Encoded` and gives
    scores of the change ``[batch, frames, scores]``. One that works on spectra instead overrides
    :meth:`predict`; one with another loss (a generative model) overrides :meth:`losses`; one that
    has some of the frames for less than all of them overrides :meth:`predict_at`.

    Args:
        options: What the network is built with, JSON values.
    """

    rows: ClassVar[int] = 128
    """Windows that are forecast at once."""

    loss_frames: ClassVar[int] = 16
    """Frames, drawn anew at each step, that the loss is taken at; frames of a run are alike, so
    more of them cost time and tell little."""

    static: int = 48
    """Principal components that tell of the given frame."""

    scores: ClassVar[int] = 48
    """Principal components of the change that are forecast."""

    def __init__(self, **options: Any) -> None:
        self.recipe = {}
        self.options = options
        self.trust: float = 1.0
        self._module: NetworkModule | None = None

    def build(self, sizes: Sizes) -> nn.Module:
        """The network, with first weights drawn from torch's generator."""
        raise NotImplementedError

    def predict(self, encoded: Encoded) -> Tensor:
        """Change from ``encoded.base``, ``[batch, frames, wavenumber]``."""
        module = self.module
        return module.adapter.to_change(module.network(encoded))

    def predict_at(self, encoded: Encoded, frames: Tensor) -> Tensor:
        """:meth:`predict` at some of the frames only, ``[batch, len(frames), wavenumber]``."""
        if type(self).predict is not NetworkForecaster.predict:
            return self.predict(encoded)[:, frames]
        module = self.module
        return module.adapter.to_change(module.network(encoded)[:, frames])

    # -- training -------------------------------------------------------------------------------

    def begin(self, train: Windows, *, seed: int) -> None:
        """Fit the adapter and draw the first weights."""
        between = has_record(train.inputs)
        adapter = SpectraAdapter.fit(train, static=self.static, scores=self.scores, between=between)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._module = NetworkModule(adapter, self.build(adapter.sizes))
        self.trust = 1.0

    def prepare(self, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
        """What the drive was between frames, where the model is told of it."""
        if not self.module.adapter.between:
            return {}
        return {"between": between_frames(inputs).astype(np.float32)}

    @property
    def module(self) -> NetworkModule:
        """Adapter and network."""
        if self._module is None:
            raise not_fitted(self)
        return self._module

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weight decay, a fifth of that configured, acts on matrices, not on offsets and scales."""
        parameters = list(self.module.parameters())
        return [
            {"params": [item for item in parameters if item.ndim > 1], "decay": 0.2},
            {"params": [item for item in parameters if item.ndim <= 1], "decay": 0.0},
        ]

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Mean absolute error against the measured spectra, in units of the mean change."""
        module = self.module
        module.train()
        encoded = module.adapter.encode_batch(batch)
        count = encoded.lead.shape[1] - 1
        frames = torch.randperm(count, generator=generator)[: self.loss_frames].sort().values
        frames = frames.to(encoded.lead.device)
        wanted = batch["frames"][:, frames + int(batch["given_frames"])] - encoded.base[:, None]
        with seeded(generator):
            change = self.predict_at(encoded, frames)
        return {"absolute": nn.functional.l1_loss(change, wanted) / module.adapter.scale}

    def calibrate(self, validation: Windows) -> None:
        """Choose the share of the change that is kept (:func:`kept_share`)."""
        self.trust = 1.0
        self.trust = kept_share(self.forecast(validation.inputs).spectra, validation)

    # -- forecasting ----------------------------------------------------------------------------

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Spectra at ``inputs.times``, in single precision."""
        check_wavenumber(self, self.module.adapter.wavenumber.double().cpu().numpy(), inputs)
        spectra = np.empty((len(inputs), inputs.frames, inputs.wavenumber.size), np.float32)
        for first in range(0, len(inputs), self.rows):
            part = slice(first, first + self.rows)
            encoded = self.encode(inputs, part)
            spectra[part] = self.to_spectra(inputs, part, self.evaluate(encoded))
        return Forecast(spectra, inputs.times, inputs.wavenumber, self.name)

    @torch.no_grad()
    def encode(self, inputs: ForecastInputs, part: slice) -> Encoded:
        """Some rows of the inputs as a network takes them."""
        adapter = self.module.adapter
        times = np.concatenate([inputs.given_times[part], inputs.times[part]], axis=1)
        # Differences are taken in double precision: a run may be months old.
        arrays = [
            inputs.given[part],
            times - times[:, :1],
            inputs.drive[part],
            inputs.descriptor[part],
        ]
        if adapter.between:
            rows = np.arange(len(inputs))[part]
            arrays.append(between_frames(inputs.rows(rows)))
        where = adapter.wavenumber.device
        return adapter.encode(
            *(
                torch.as_tensor(np.ascontiguousarray(values, np.float32), device=where)
                for values in arrays
            )
        )

    @torch.no_grad()
    def evaluate(self, encoded: Encoded) -> Tensor:
        """Forecast spectra, ``[batch, frames, wavenumber]``."""
        self.module.eval()
        return encoded.base[:, None] + self.predict(encoded)

    def to_spectra(
        self, inputs: ForecastInputs, part: slice, spectra: Tensor
    ) -> NDArray[np.float32]:
        """As an array, with the share of the change that is kept."""
        found: NDArray[np.float32] = spectra.cpu().numpy()
        if self.trust != 1:
            last = inputs.last[part, None].astype(np.float32)
            found = last + np.float32(self.trust) * (found - last)
        return found

    # -- state ----------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Options, sizes and weights."""
        module = self.module
        config = {"options": dict(self.options), "trust": self.trust, **module.adapter.shape}
        return config, {name: value.cpu().numpy() for name, value in module.state_dict().items()}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`."""
        model = cls(**config["options"])
        adapter = SpectraAdapter.empty(config)
        model._module = NetworkModule(adapter, model.build(adapter.sizes))
        model._module.load_state_dict({k: torch.as_tensor(v) for k, v in arrays.items()})
        model.trust = float(config["trust"])
        return model


@contextmanager
def seeded(generator: torch.Generator) -> Iterator[None]:
    """What torch draws by itself (dropout) comes from a seed that ``generator`` gives."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
