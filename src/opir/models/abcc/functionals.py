r"""What a protocol has done to a cell up to a time, as integrals in closed form.

Between its samples a protocol is taken to be a straight line (a step is two samples close
together), and every integral below is exact for that. (But for the current at the given
frame and where the voltage is held: there a peak at the beginning of a step is over within seconds,
not at the next sample, see :func:`_end_of_peak`.) So the numbers at a time do not depend on
how finely the protocol is sampled, nor on which other times are asked for; and what they are at
``t`` follows from what they are at any ``m`` before it and the protocol between the two.

* relaxed, memory that fades:
  :math:`h_\tau(t) = \int_r^t \frac{1}{\tau} e^{-(t-s)/\tau} x(s)\, ds` of current and voltage;
* dose, which never falls: time spent below a potential,
  :math:`d_E(t) = \int_r^t \sigma\big((E - V(s))/w\big)\, ds`;
* charge: :math:`\int_r^t \max(\pm I, 0)\, ds`, which never fall either.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from opir.errors import AxisError

__all__ = ["Functionals", "Settings", "charge_passed", "functionals"]


_PEAK = 5.0
_HELD = 2e-3
"""Voltages closer than this are the same [V]."""
_LARGE = 0.1
"""Share of the largest current so far that a peak has at least: where a current crosses zero, small
ones follow each other that differ as much."""


@dataclass(frozen=True)
class Settings:
    """Which integrals are taken.

    Attributes:
        times: Time constants of what fades [s].
        potentials: Potentials of the doses [V].
        width: How sharp "below" is [V].
    """

    times: tuple[float, ...] = (100.0, 300.0, 900.0, 2700.0, 8100.0, 24300.0, 1e5)
    potentials: tuple[float, ...] = (
        0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9,
        1.0, 1.2, 1.5, 1.8, 2.2, 3.0, 3.5, 3.8, 4.0, 4.2,
    )  # fmt: skip
    width: float = 0.03


@dataclass(frozen=True)
class Functionals:
    """The integrals since the first sample of the protocol.

    Attributes:
        relaxed: Of current [A] and voltage [V], those of one time constant together,
            ``[batch, times, 2 * time constant]``; what is not known counts as 0.
        dose: [s], ``[batch, times, potential]``; nothing is gained where the voltage is not known.
        charge: Passed in charging and in discharging [C], ``[batch, times, 2]``.
    """

    relaxed: Tensor
    dose: Tensor
    charge: Tensor


def functionals(
    samples: Tensor, drive: Tensor, times: Tensor, settings: Settings | None = None
) -> Functionals:
    """The integrals from the first sample to each of some times.

    Args:
        samples: Times of the protocol's samples [s], ``[batch, sample]``, rising (two may be
            equal, at a step).
        drive: Voltage [V], current [A] (others are not looked at), NaN where not known,
            ``[batch, sample, 2 or more]``.
        times: Where they are wanted [s], ``[batch, times]``, in any order, from the first to the
            last sample. The object ``samples`` itself asks for all of them, and takes half the
            time.
        settings: Which ones.

    Raises:
        AxisError: If the shapes do not fit, or a time lies outside of the protocol.
    """
    if samples.ndim != 2 or drive.shape[:2] != samples.shape or times.ndim != 2:
        raise AxisError(
            f"samples {tuple(samples.shape)}, drive {tuple(drive.shape)} and times "
            f"{tuple(times.shape)} do not fit",
            remedy="[batch, sample], [batch, sample, 2 or more] and [batch, times]",
        )
    if (times < samples[:, :1]).any() or (times > samples[:, -1:]).any():
        raise AxisError(
            "a time lies before the first or after the last sample of the protocol",
            remedy="Give the protocol from the given frame to the last time to forecast",
        )
    chosen = settings or Settings()
    scales = samples.new_tensor(chosen.times)
    levels = samples.new_tensor(chosen.potentials)

    whole = _pieces(samples, drive)
    relaxed = _run(whole.fade(scales), whole.gain(scales))
    dose = _sum(whole.dose(levels, chosen.width))
    charge = _sum(whole.charge())
    if times is samples:
        return Functionals(relaxed.flatten(2), dose, charge)

    # From the sample before each time on, one piece of a step more.
    before = torch.searchsorted(samples.contiguous(), times.contiguous(), right=True) - 1
    before = before.clamp(0, samples.shape[1] - 2)
    here, length = _pick(samples, before), _pick(samples.diff(dim=1), before)
    share = torch.where(length > 0, (times - here) / length.clamp_min(1e-30), 0.0)
    begin, end = _pick(whole.begin, before), _pick(whole.end, before)
    reached = begin + share[..., None] * (end - begin)
    part = _Piece(times - here, begin, reached, _pick(whole.known, before))
    batch, count = times.shape
    faded = part.fade(scales) * _pick(relaxed, before) + part.gain(scales)
    return Functionals(
        faded.reshape(batch, count, -1),
        _pick(dose, before) + part.dose(levels, chosen.width),
        _pick(charge, before) + part.charge(),
    )


def charge_passed(samples: Tensor, drive: Tensor) -> Tensor:
    """Net charge since the first sample [A s], without peaks of current that are over at once.

    Args:
        samples, drive: See :func:`functionals`.

    Returns:
        ``[batch, sample]``; a piece between samples whose current is not known adds nothing.
    """
    charge = _sum(_pieces(samples, drive).charge())
    return charge[..., 0] - charge[..., 1]


def _pieces(samples: Tensor, drive: Tensor) -> _Piece:
    """The drive between its samples, as straight pieces."""
    both = drive[..., :2].flip(-1)  # current, voltage
    known, values = ~torch.isnan(both), torch.nan_to_num(both)
    begins = _end_of_peak(values[:, :-1], values[:, 1:])
    return _Piece(samples.diff(dim=1), begins, values[:, 1:], known[:, :-1] & known[:, 1:])


def _end_of_peak(begin: Tensor, end: Tensor) -> Tensor:
    """The values at the beginning of pieces, without peaks of current that are over at once.

    A step of the voltage drives a current that falls within seconds, so a straight line from it to
    the next sample, minutes later, would count far too much charge. It is taken to begin with what
    the next sample shows where it falls to less than a fifth while the voltage is held, or from the
    first sample on: the given spectrum was taken before the protocol acts. What passes zero slowly
    is no peak: it would look like one wherever it is sampled finely.

    Args:
        begin, end: Current and voltage at both ends, ``[batch, piece, 2]``.
    """
    first, last = begin[..., 0], end[..., 0]
    held = (begin[..., 1] - end[..., 1]).abs() < _HELD
    held = torch.cat([torch.ones_like(held[:, :1]), held[:, 1:]], dim=1)
    large = first.abs() >= _LARGE * first.abs().cummax(dim=1).values
    peak = held & large & (last != 0) & (first.abs() > _PEAK * last.abs())
    return torch.stack([torch.where(peak, last, first), begin[..., 1]], dim=-1)


@dataclass(frozen=True)
class _Piece:
    """Straight pieces: length [s] ``[batch, piece]``, current and voltage at both ends."""

    length: Tensor
    begin: Tensor
    end: Tensor
    known: Tensor

    def fade(self, scales: Tensor) -> Tensor:
        """``exp(-dt / tau)``, ``[batch, piece, 1, tau]``."""
        return torch.exp(-self.length[..., None, None] / scales)

    def gain(self, scales: Tensor) -> Tensor:
        r"""What a piece adds, ``[batch, piece, channel, tau]``.

        With :math:`a = dt/\tau`: :math:`x_1 - x_0 e^{-a} - (x_1 - x_0)(1 - e^{-a})/a`.
        """
        a = self.length[..., None, None] / scales
        lost = -torch.expm1(-a)
        # (1 - e^-a)/a, and its series where digits would be lost
        mean = torch.where(a > 1e-4, lost / a.clamp_min(1e-4), 1 - a / 2 + a * a / 6)
        begin, end = (torch.where(self.known, x, 0.0)[..., None] for x in (self.begin, self.end))
        return end * (1 - mean) + begin * (mean - (1 - lost))

    def dose(self, levels: Tensor, width: float) -> Tensor:
        r"""Time below each potential, ``[batch, piece, level]``.

        For a voltage from :math:`V_0` to :math:`V_1`:
        :math:`dt\, w\, (S_0 - S_1)/(V_1 - V_0)`, :math:`S = \mathrm{softplus}((E - V)/w)`.
        """
        first, last = self.begin[..., 1, None], self.end[..., 1, None]
        x0, x1 = (levels - first) / width, (levels - last) / width
        step = x0 - x1
        flat = step.abs() < 1e-3
        softplus = torch.nn.functional.softplus
        steep = (softplus(x0) - softplus(x1)) / torch.where(flat, 1.0, step)
        below = torch.where(flat, torch.sigmoid(0.5 * (x0 + x1)), steep.clamp(0.0, 1.0))
        spent = torch.where(self.known[..., 1], self.length, 0.0)
        return below * spent[..., None]

    def charge(self) -> Tensor:
        """Charge passed with either sign, ``[batch, piece, 2]``."""
        begin, end = self.begin[..., 0], self.end[..., 0]
        signed = 0.5 * (begin + end)
        crossing = begin * end < 0
        wide = (end - begin).abs().clamp_min(1e-30)
        absolute = torch.where(crossing, (begin**2 + end**2) / (2 * wide), signed.abs())
        spent = torch.where(self.known[..., 0], self.length, 0.0)
        return torch.stack([absolute + signed, absolute - signed], dim=-1) / 2 * spent[..., None]


def _sum(steps: Tensor) -> Tensor:
    """Running sum that begins with 0, along the second axis."""
    return torch.cat([torch.zeros_like(steps[:, :1]), steps.cumsum(1)], dim=1)


def _run(fade: Tensor, gain: Tensor) -> Tensor:
    """``h <- fade h + gain`` from 0, ``[batch, sample, channel, tau]``."""
    found = [torch.zeros_like(gain[:, 0])]
    for kept, gained in zip(fade.unbind(1), gain.unbind(1), strict=True):
        found.append(torch.addcmul(gained, kept, found[-1]))
    return torch.stack(found, dim=1)


def _pick(values: Tensor, index: Tensor) -> Tensor:
    """Rows of ``values`` ``[batch, sample, ...]`` at ``index`` ``[batch, times]``."""
    return torch.take_along_dim(
        values, index.reshape(*index.shape, *([1] * (values.ndim - 2))), dim=1
    )
