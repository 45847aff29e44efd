"""Chemical Flow: the displacement of a spectrum between any two times, in one evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from opir.models.abcc.components import LearnedComponents
from opir.models.abcc.drive import DRIVE_FEATURES, drive_features
from opir.models.abcc.initialise import FirstGuess
from opir.models.abcc.streams import IrreversibleStream, ReversibleStream

__all__ = ["ChemicalFlow", "FlowPath"]

_SHARPNESS = 20.0


@dataclass(frozen=True)
class FlowPath:
    """Where the flow goes from one given frame; first entry of each time axis is that frame.

    Attributes:
        displacement: ``x_t - x_r``, ``[batch, times, wavenumber]``, first exactly 0.
        reconstruction: What amounts and coordinates make of ``x_r``, ``[batch, wavenumber]``.
        irreversible, reversible, residual: Additive parts of the spectra,
            ``[batch, times, wavenumber]``.
        amounts: ``[batch, times, component]``, never negative.
        extents: ``[batch, times, reaction]``, never falling.
        coordinates: ``[batch, times, coordinate]``.
        shift: Peak shift [cm-1], ``[batch, times, component]``.
    """

    displacement: Tensor
    reconstruction: Tensor
    irreversible: Tensor
    reversible: Tensor
    residual: Tensor
    amounts: Tensor
    extents: Tensor
    coordinates: Tensor
    shift: Tensor


class ChemicalFlow(nn.Module):
    r"""``x_t = x_r + (t - r) u(x_r, r, t; q, d)`` with ``u`` the average velocity.

    ``(t - r) u`` is the sum of what the two streams and the residual move:

    * amounts ``c_r`` are read from ``x_r`` and carried on by :class:`IrreversibleStream`;
    * coordinates ``f_r`` are read from what amounts leave over, and follow
      :class:`ReversibleStream`;
    * the rest of ``x_r``, which neither explains (noise and unmodelled matter), fades to a share
      ``rho``: ``residual_t = residual_r (rho + (1 - rho) exp(-kappa (t - r)))``.

    The boundary ``u(x, t, t) = v(x, t)`` holds by construction; times may be any.

    Args:
        guess: What to start from, see :func:`opir.models.abcc.initialise.first_guess`.
        hidden, largest_shift, first_relaxation, first_fade: See :class:`AbccConfig`.
        descriptor: Number of numbers that describe the system.
    """

    time_scale: Tensor
    current_scale: Tensor

    def __init__(
        self,
        guess: FirstGuess,
        *,
        hidden: int,
        largest_shift: float,
        first_relaxation: float,
        first_fade: float,
        descriptor: int = 0,
    ) -> None:
        super().__init__()
        arrays = {name: torch.tensor(v, dtype=torch.float32) for name, v in vars(guess).items()}
        components, coordinates = guess.spectra.shape[0], guess.loadings.shape[0]
        self.register_buffer("time_scale", arrays["time_scale"])
        self.register_buffer("current_scale", arrays["current_scale"])
        self.components = LearnedComponents(
            arrays["spectra"],
            arrays["background"],
            arrays["operator"],
            arrays["wavenumber"],
            arrays["axis"],
            largest_shift,
            components + DRIVE_FEATURES,
        )
        self.read_amounts = nn.Parameter(arrays["read_amounts"])
        self.read_offset = nn.Parameter(arrays["read_offset"])
        self.loadings = nn.Parameter(arrays["loadings"])
        self.read_coordinates = nn.Parameter(arrays["read_coordinates"])
        state = components + coordinates + descriptor
        self.irreversible = IrreversibleStream(components, state, DRIVE_FEATURES, hidden)
        self.reversible = ReversibleStream(
            coordinates, components, DRIVE_FEATURES, hidden, first_relaxation
        )
        self.residual_share = nn.Parameter(torch.tensor(0.0))
        self.residual_rate = nn.Parameter(torch.tensor(math.log(first_fade)))

    def amounts(self, spectra: Tensor) -> Tensor:
        """Amounts of the components in spectra ``[..., wavenumber]``; never negative."""
        linear = spectra @ self.read_amounts.T + self.read_offset
        return nn.functional.softplus(_SHARPNESS * linear) / _SHARPNESS

    def forward(self, given: Tensor, times: Tensor, drive: Tensor, descriptor: Tensor) -> FlowPath:
        """The path from a given frame.

        Args:
            given: ``x_r``, ``[batch, wavenumber]``.
            times: ``r`` and the times after it [s], ``[batch, times]``, rising.
            drive: Voltage, current, temperature at these times, ``[batch, times, 3]``, NaN where
                not known.
            descriptor: ``[batch, features]``.
        """
        lead = (times - times[:, :1]) / self.time_scale
        known = drive_features(drive, self.current_scale)
        first = self.amounts(given)
        first_shift = self.components.shift(torch.cat([first, known[:, 0]], dim=-1))
        explained = self.components.background + self.components.mix(first, first_shift)
        coordinate = (given - explained) @ self.read_coordinates.T
        reconstruction = explained + coordinate @ self.loadings
        left = given - reconstruction

        state = torch.cat([first, torch.tanh(0.5 * coordinate), descriptor], dim=-1)
        extents, amounts = self.irreversible(first, state, lead, known)
        swung = self.reversible(coordinate, amounts, lead, known)
        shift = self.components.shift(torch.cat([amounts, known], dim=-1))
        share = torch.sigmoid(self.residual_share)
        faded = torch.expm1(-lead * torch.exp(self.residual_rate))

        chemical = self.components.background + self.components.mix(amounts, shift)
        coordinates = coordinate[:, None] + swung
        # Part by part: exactly zero at r, and no loss of digits at short times.
        moved = (
            (chemical - chemical[:, :1])
            + swung @ self.loadings
            + left[:, None] * ((1 - share) * faded)[..., None]
        )
        return FlowPath(
            displacement=moved,
            reconstruction=reconstruction,
            irreversible=chemical,
            reversible=coordinates @ self.loadings,
            residual=left[:, None] * (1 + (1 - share) * faded)[..., None],
            amounts=amounts,
            extents=extents,
            coordinates=coordinates,
            shift=shift,
        )

    def average_velocity(
        self, given: Tensor, times: Tensor, drive: Tensor, descriptor: Tensor
    ) -> Tensor:
        """``u(x_r, r, t)`` in change per training horizon, ``[batch, times - 1, wavenumber]``."""
        lead = (times - times[:, :1]) / self.time_scale
        path = self(given, times, drive, descriptor)
        moved: Tensor = path.displacement[:, 1:] / lead[:, 1:, None]
        return moved
