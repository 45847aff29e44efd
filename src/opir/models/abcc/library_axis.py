"""Other wavenumber axes than the one that the library mode was trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from opir.chemistry import library
from opir.errors import ModelError
from opir.models.abcc.tables import ChemistryTables
from opir.models.inputs import ForecastInputs

__all__ = ["OtherAxis"]

Array = NDArray[np.float64]

_SLACK = 1.0
"""How far beyond the trained range an axis may reach [cm-1]."""
_LEAST_SHARE = 0.4
"""Of the trained range that an axis must cover."""
_COARSEST = 16.0
"""Spacing [cm-1]; bands are 10 cm-1 wide and more."""


@dataclass(frozen=True)
class OtherAxis:
    """Between an axis of the user's and that of a model.

    What populations absorb is known on any axis; what was learned as principal components is
    interpolated. A spectrum that covers less than the model's axis is completed by what the
    library's explanation of the rest absorbs there.

    Attributes:
        own: Chemistry on the model's axis.
        tables: Chemistry on the user's.
    """

    own: ChemistryTables
    tables: ChemistryTables

    @classmethod
    def of(cls, own: ChemistryTables, wavenumber: ArrayLike, name: str) -> OtherAxis:
        """For an axis [cm-1].

        Args:
            own: Chemistry on the model's axis.
            wavenumber: The user's axis, either direction.
            name: Of the model, for messages.

        Raises:
            ModelError: If it reaches beyond the trained range, covers too little of it, or is too
                coarse.
        """
        axis, trained = np.asarray(wavenumber, dtype=np.float64), own.wavenumber
        low, high = float(trained.min()), float(trained.max())
        said = (
            f"the spectra have {axis.size} points from {axis.min():g} to {axis.max():g} cm-1; "
            f"{name} was trained on {low:g} to {high:g} cm-1"
        )
        if axis.min() < low - _SLACK or axis.max() > high + _SLACK:
            raise ModelError(f"{said}, and nothing is known beyond", remedy="Cut them to that")
        if np.ptp(axis) < _LEAST_SHARE * (high - low):
            raise ModelError(
                f"{said}, and at least {_LEAST_SHARE:.0%} of that are needed to tell what the "
                "electrolyte is made of",
                remedy="Give spectra of a wider range",
            )
        if np.abs(np.diff(axis)).max() > _COARSEST:
            raise ModelError(
                f"{said}; theirs are up to {np.abs(np.diff(axis)).max():.3g} cm-1 apart",
                remedy=f"Give spectra without gaps, with points at most {_COARSEST:g} cm-1 apart",
            )
        return cls(own, ChemistryTables.of(library(), axis))

    def onto_own(self, inputs: ForecastInputs) -> ForecastInputs:
        """The same with the given frames on the model's axis."""
        given = self.completed(inputs.given, inputs.descriptor)
        return replace(inputs, given=given, wavenumber=self.own.wavenumber)

    def completed(self, spectra: ArrayLike, descriptor: Array) -> Array:
        """Spectra on the model's axis, ``[batch, frames, wavenumber]``.

        Args:
            spectra: On the user's axis, ``[batch, frames, wavenumber]``.
            descriptor: Of their systems, ``[batch, feature]``.
        """
        from scipy.interpolate import CubicSpline

        values = np.asarray(spectra, dtype=np.float64)
        here, wanted = self.tables.wavenumber, self.own.wavenumber
        order = np.argsort(here)
        lowest, highest = here.min(), here.max()
        inside = (wanted >= lowest - _SLACK) & (wanted <= highest + _SLACK)
        curve = CubicSpline(here[order], values[..., order], axis=-1)
        found = curve(np.clip(wanted, lowest, highest))
        if inside.all():
            return np.asarray(found)
        batch, frames, points = values.shape
        said = self.tables.read(values.reshape(-1, points), np.repeat(descriptor, frames, axis=0))
        told = said.amounts @ self.own.molar + (said.amounts * said.shift) @ self.own.slope
        told = told.reshape(batch, frames, -1)
        # The completed part begins where the measured one ends.
        known = np.flatnonzero(inside)
        nearest = known[np.abs(wanted[:, None] - wanted[known]).argmin(axis=1)]
        return np.asarray(np.where(inside, found, told + (found - told)[..., nearest]))

    def interpolated(self, values: Tensor) -> Tensor:
        """What lies on the model's axis, on the user's, ``[..., wavenumber]``; 0 beyond."""
        from scipy.interpolate import make_interp_spline

        trained = self.own.wavenumber
        order = np.argsort(trained)
        there = values.cpu().numpy().astype(np.float64)[..., order]
        curve = make_interp_spline(trained[order], there, k=1, axis=-1)
        axis = np.clip(self.tables.wavenumber, trained.min(), trained.max())
        return torch.as_tensor(curve(axis), dtype=values.dtype, device=values.device)
