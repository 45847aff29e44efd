"""The contract of a forecaster.

From the measured frames and the conditions ahead (:class:`ForecastInputs`), all of them forecast
the spectra at the times asked for (:class:`Forecast`). They see the same inputs and nothing else,
so that any two can be compared, exchanged or wrapped in one another.

There are two ways to come by one. A :class:`FittedForecaster` has a closed form: ``fit`` makes it.
A :class:`TrainedForecaster` is made by gradient descent: it says what it starts from (``begin``)
and what is to become small (``losses``); the loop itself is not its business and lives in
:mod:`opir.training`. Both keep their state as plain arrays beside a JSON configuration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.errors import ModelError
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.intervals import Intervals
from opir.registry import Registry

if TYPE_CHECKING:
    import torch

__all__ = ["MODELS", "FittedForecaster", "Forecaster", "TrainedForecaster"]

Arrays = dict[str, NDArray[Any]]


class Forecaster(ABC):
    """Forecasts spectra from measured ones.

    Attributes:
        name: The name it is registered under.
        recipe: How the spectra it was fitted to had been processed and on which time grid, JSON
            values; kept with the weights, so that a new spectrum can be processed alike.
        trust: Share of the forecast change that was kept after a look at validation windows
            (:func:`opir.models.kept_share.kept_share`), 0 is persistence; None for forecasters
            that keep all of it.
        intervals: How far off its forecasts are on runs that taught it nothing, if that was
            calibrated; kept with the weights.
        sees: Which of the inputs reach the forecast: ``spectrum`` (more of it than the offset
            that the change is added to), ``protocol`` (the drive ahead) and ``descriptor``.
        any_axis: Whether it forecasts on other wavenumber axes than the one fitted on.
        needs_system: Whether it cannot do without a description of the system.
        search: What may be searched: option -> candidates. The options are keywords of the
            constructor, or ``learning_rate`` or ``batch``; the first candidate of each is taken
            where nothing is searched.
    """

    name: ClassVar[str]
    sees: ClassVar[frozenset[str]] = frozenset({"spectrum", "protocol", "descriptor"})
    any_axis: ClassVar[bool] = False
    needs_system: ClassVar[bool] = False
    search: ClassVar[Mapping[str, Sequence[Any]]] = {}
    recipe: dict[str, Any]
    trust: float | None = None
    intervals: Intervals | None = None

    @abstractmethod
    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """The spectra at ``inputs.times``.

        Raises:
            ModelError: If the model is not fitted, or was fitted on another wavenumber axis.
        """

    def sample(self, inputs: ForecastInputs, count: int, seed: int) -> NDArray[np.float32] | None:
        """Whole trajectories drawn from what the model holds possible.

        Args:
            inputs: As for :meth:`forecast`.
            count: Trajectories for each row of the batch.
            seed: Source of every random choice.

        Returns:
            Spectra at ``inputs.times``, shape ``[count, batch, frames, wavenumber]``; None for
            forecasters that give one trajectory only.
        """
        return None

    def remarks(self, inputs: ForecastInputs) -> tuple[str, ...]:
        """What a reader of the forecast should know of these inputs, a sentence each; none here."""
        return ()

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Configuration (JSON values) and arrays from which it can be made again."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """The forecaster of a :meth:`state`."""

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write it to one file (``.safetensors``: arrays, with the configuration as JSON).

        Raises:
            OutputExistsError: If the file exists and ``overwrite`` is false.
        """
        from opir.models.checkpoint import save_model

        return save_model(self, path, overwrite=overwrite)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read it from the file that :meth:`save` wrote.

        Raises:
            FormatError: If the file is damaged, or of another kind or version.
            ModelError: If it holds another kind of forecaster.
        """
        from opir.models.checkpoint import load_model

        model = load_model(path)
        if not isinstance(model, cls):
            raise ModelError(
                f"the file holds the model {model.name!r}, not a {cls.__name__}",
                remedy="Read it with opir.models.load_model",
            )
        return model


class FittedForecaster(Forecaster):
    """A forecaster with a closed form."""

    @abstractmethod
    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Fit to windows; where something is to be chosen, choose it on the validation windows."""


class TrainedForecaster(Forecaster):
    """A forecaster made by gradient descent, as seen by the training loop.

    Attributes:
        calibration: How long :meth:`calibrate` takes, about, in units of :meth:`look` at the same
            windows: a training with a budget keeps as much time for it.
    """

    calibration: ClassVar[float] = 1.0

    @abstractmethod
    def begin(self, train: Windows, *, seed: int) -> None:
        """Make the module and start it from the training windows."""

    @property
    @abstractmethod
    def module(self) -> torch.nn.Module:
        """What is trained.

        Raises:
            ModelError: Before :meth:`begin`.
        """

    @abstractmethod
    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters in groups, as optimisers take them, with ``decay`` as a factor each."""

    def prepare(self, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
        """What is worked out of the inputs once, before the first step, not at each; nothing here.

        Called after :meth:`begin`. Each array has the batch as its first axis; those of the rows
        drawn are handed to :meth:`losses` by their names.
        """
        return {}

    def taught(self, windows: Windows) -> dict[str, NDArray[np.float32]]:
        """What is told of training windows besides their spectra; nothing here.

        As of :meth:`prepare`: worked out once, and handed on to :meth:`losses`.
        """
        return {}

    def look(self, inputs: ForecastInputs) -> Forecast:
        """The forecast by which validation windows are judged while training.

        Here that of :meth:`forecast`; something quicker where that one takes many evaluations.
        """
        return self.forecast(inputs)

    def calibrate(self, validation: Windows) -> None:
        """Settle, after training, what is to be settled on validation windows; nothing here."""
        return

    @abstractmethod
    def losses(
        self, batch: Mapping[str, torch.Tensor], generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """Weighted loss terms by name; their sum is minimised.

        Args:
            batch: ``frames`` ``[batch, given + ahead, wavenumber]``, ``times``
                ``[batch, given + ahead]`` s, ``drive`` ``[batch, given + ahead, 3]`` and
                ``descriptor`` ``[batch, features]``, and what :meth:`prepare` gave, on the module's
                device.
            generator: Source of every random choice (on the CPU).
        """


def check_wavenumber(model: Forecaster, fitted: NDArray[Any], inputs: ForecastInputs) -> None:
    """Refuse inputs on another wavenumber axis than the one fitted on.

    Raises:
        ModelError: If the axes differ.
    """
    found = inputs.wavenumber
    if fitted.shape == found.shape and np.allclose(fitted, found, rtol=0, atol=1e-3):
        return
    raise ModelError(
        f"{model.name} was fitted on {fitted.size} points, {fitted[0]:g} to {fitted[-1]:g} cm-1; "
        f"the spectra have {found.size}, {found[0]:g} to {found[-1]:g} cm-1",
        remedy="Resample the spectra to that axis first",
    )


def not_fitted(model: Forecaster) -> ModelError:
    """The error of a forecaster that is used before it is fitted."""
    return ModelError(
        f"{model.name} is not fitted", remedy="Fit it first: opir.training.fit(model, windows)"
    )


MODELS: Registry[type[Forecaster]] = Registry("model", group="opir.models")
"""Every forecaster by name."""
