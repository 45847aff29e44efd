"""Non-negative component spectra, seen through the processing, with a smooth bounded shift."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LearnedComponents", "softplus_inverse"]


def softplus_inverse(values: Tensor) -> Tensor:
    """The x with ``softplus(x) = values``, for positive values."""
    safe = values.clamp_min(1e-4)
    return safe + torch.log(-torch.expm1(-safe))


class LearnedComponents(nn.Module):
    r"""Component spectra :math:`\epsilon_k \ge 0` and what is measured of them.

    The spectra live in the domain of absorbance and are non-negative by construction. Where the
    measured spectra had been processed by a linear operator ``P`` (a derivative, say), they are
    compared as ``P eps``; a derivative of a non-negative spectrum has both signs, and no trick is
    needed to keep the absorbance itself non-negative. ``P`` may take in more points than it gives,
    as a derivative does at the ends of its range.

    A component shifted by ``delta`` [cm-1] is taken to second order,
    ``M - delta M' + delta^2/2 M''``, which is exact to well below the noise for shifts far below
    a band's width; ``delta = bound * tanh(...)`` is a smooth state function of the amounts and
    the drive, so it is bounded and does not jump unless they do.

    Args:
        spectra: First spectra in the absorbance domain, shape ``[component, point]``, >= 0.
        background: What is always there, processed, shape ``[wavenumber]``.
        operator: ``P``, shape ``[wavenumber, point]``.
        wavenumber: Axis of what is measured [cm-1], shape ``[wavenumber]``.
        axis: Axis of the components [cm-1], shape ``[point]``.
        largest_shift: Bound of the shift [cm-1].
        features: Number of numbers that the shift depends on.
    """

    operator: Tensor
    scale: Tensor
    wavenumber: Tensor
    axis: Tensor
    largest_shift: Tensor

    def __init__(
        self,
        spectra: Tensor,
        background: Tensor,
        operator: Tensor,
        wavenumber: Tensor,
        axis: Tensor,
        largest_shift: float,
        features: int,
    ) -> None:
        super().__init__()
        top = spectra.max().clamp_min(1e-12)
        self.register_buffer("operator", operator)
        self.register_buffer("scale", top)
        self.register_buffer("wavenumber", wavenumber)
        self.register_buffer("axis", axis)
        self.register_buffer("largest_shift", torch.as_tensor(float(largest_shift)))
        self.raw = nn.Parameter(softplus_inverse(spectra / top))
        self.background = nn.Parameter(background.clone())
        self.shift_of = nn.Linear(features, spectra.shape[0], bias=False)
        nn.init.zeros_(self.shift_of.weight)

    @property
    def spectra(self) -> Tensor:
        """Spectra in the absorbance domain, ``[component, point]``, never negative."""
        return self.scale * nn.functional.softplus(self.raw)

    @property
    def processed(self) -> Tensor:
        """Spectra as they are measured, ``[component, wavenumber]``."""
        return self.spectra @ self.operator.T

    def shift(self, features: Tensor) -> Tensor:
        """Peak shift of each component [cm-1], ``[..., component]``."""
        return self.largest_shift * torch.tanh(self.shift_of(features))

    def mix(self, amounts: Tensor, shift: Tensor) -> Tensor:
        """The spectrum of the amounts, without the background.

        Args:
            amounts: ``[..., component]``, never negative.
            shift: Peak shift [cm-1], ``[..., component]``.

        Returns:
            ``[..., wavenumber]``.
        """
        spectra = self.processed
        (slope,) = torch.gradient(spectra, spacing=(self.wavenumber,), dim=1)
        (bend,) = torch.gradient(slope, spacing=(self.wavenumber,), dim=1)
        moved = (amounts * shift) @ slope - 0.5 * (amounts * shift**2) @ bend
        return amounts @ spectra - moved

    def roughness(self) -> Tensor:
        """Mean squared second difference of the spectra, in units of their largest value."""
        shape = nn.functional.softplus(self.raw)
        return shape.diff(n=2, dim=1).square().mean()
