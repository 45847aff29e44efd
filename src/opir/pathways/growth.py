"""Which law an amount grows by after its onset.

With ``s = max(t - start, 0)`` the time since growth began [s] and the amount in mmol m-2:

- ``linear``: ``rate s``; the reaction limits growth.
- ``parabolic``: ``sqrt(rate s)``; diffusion through what has grown limits it.
- ``logarithmic``: ``height ln(1 + s / time)``; as of films that tunnelling limits.
- ``dissolving``: ``rate lifetime (1 - exp(-s / lifetime))`` while it forms, for the time
  ``forming``, and an exponential fall after that: it is made at a constant rate and lost by a
  first-order step all the time.

Parameters are ``start`` [s] from the start of the run, ``rate`` [mmol m-2 s-1] (of the parabolic
law [mmol2 m-4 s-1]), ``height`` [mmol m-2], and ``time``, ``lifetime`` and ``forming`` [s].

Linear and parabolic growth: Deal & Grove 1965, doi 10.1063/1.1713945; of the solid electrolyte
interphase: Broussely et al. 2001, doi 10.1016/S0378-7753(01)00722-4, and Pinson & Bazant 2013,
doi 10.1149/2.044302jes. Logarithmic: Cabrera & Mott 1949, doi 10.1088/0034-4885/12/1/308.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import OptionError
from opir.pathways.onset import check_course, find_onset
from opir.pathways.result import Growth, Onset

__all__ = ["LAWS", "growth_law"]

Array = NDArray[np.float64]

LAWS = ("linear", "parabolic", "logarithmic", "dissolving")
"""Laws that are told apart."""

FRAMES = 6
"""Fewest frames from the onset on."""

BEST_KNOWN = 1e-3
"""No amount is taken as known better than to this share of the largest."""

MISFIT = 4.0
"""Reduced chi2 above which a law does not fit ..."""

MISSED = 0.05
"""... if it also misses by more than this share of the largest amount (root mean square)."""

FALL = 0.8
"""What dissolves ends below this share of its largest amount."""

NARROWED = 8
"""Grids of a fit after the first, each of half the spacing of the one before."""

COARSE = 64
"""Frames, spread over the run, that the first grid is fitted to."""


@dataclass(frozen=True)
class _Law:
    """A law up to its height: ``shape(s, *times)``, and the times to try, of the duration."""

    shape: Callable[..., Array]
    times: tuple[tuple[float, float], ...] = ()
    falls: bool = False


def _made(s: Array, lifetime: Array, forming: Array) -> Array:
    return np.asarray(-np.expm1(-np.minimum(s, forming) / lifetime))


def _made_and_lost(s: Array, lifetime: Array, forming: Array) -> Array:
    return _made(s, lifetime, forming) * np.exp(-np.maximum(s - forming, 0) / lifetime)


# The limits keep the laws apart: a logarithm that hardly bends is a straight line, and so is the
# beginning of a growth that ends.
_SHAPES: Mapping[str, _Law] = {
    "linear": _Law(lambda s: s),
    "parabolic": _Law(np.sqrt),
    "logarithmic": _Law(lambda s, time: np.log1p(s / time), ((1e-3, 0.5),)),
    "dissolving": _Law(_made_and_lost, ((0.02, 3.0), (0.02, 1.0)), falls=True),
    "growth that ends": _Law(_made, ((1e-3, 3.0), (0.02, 0.8))),
    "growth that saturates": _Law(lambda s, time: -np.expm1(-s / time), ((1e-3, 1 / 3),)),
    "growth that speeds up": _Law(np.square),
}
"""The laws, and curves that are none of them and must not pass for one."""


def growth_law(
    time: ArrayLike,
    amount: ArrayLike,
    deviation: ArrayLike,
    *,
    onset: Onset | None = None,
    smallest: float = 0.7,
) -> Growth:
    """The law that an amount grows by, if the frames tell.

    Each law is fitted to all frames, weighted by the deviations, with its start free about the
    onset; before the start it is 0. The laws are weighed by the information criterion of Akaike,
    corrected for few frames (Burnham & Anderson 2002, doi 10.1007/b97636). Where even the best
    one misses by more than the deviations allow, all deviations are taken to be too small by the
    same factor (variance inflation, section 2.5 there). Curves that are none of the laws are
    weighed as well, and their weights are that of ``unclear``: growth that ends at once, or
    slows down to an end, because something is used up, and growth that speeds up
    (``(t - start)^2``). ``dissolving`` is considered only where its fit falls again by a fifth.

    Noise that neighbouring frames have in common makes the weights surer than they should be.

    Args:
        time: [s], rising, ``[time]``.
        amount: Change since frame 0 [mmol m-2], ``[time]``.
        deviation: Standard deviation of each amount [mmol m-2], ``[time]``.
        onset: Of the amount, if it is known already; found by
            :func:`opir.pathways.onset.find_onset` otherwise.
        smallest: Akaike weight that a law must have, 0 to 1.

    Returns:
        ``unclear`` where there is no onset, fewer than 6 frames from it on, no law has the
        weight, or the best one does not fit. Parameters as the module says; none if unclear.

    Raises:
        AxisError: If the shapes do not fit, there are fewer than two frames or times do not rise.
        OptionError: If ``smallest`` is not within 0 and 1, or the onset not within the run.
        ValueRangeError: If a value is NaN or infinite, or a deviation negative.
    """
    if not 0 <= smallest <= 1:
        raise OptionError(f"smallest is {smallest}; a weight of 0 to 1 is needed")
    time, amount, deviation = check_course(time, amount, deviation)
    given = onset is not None
    onset = find_onset(time, amount, deviation) if onset is None else onset
    if onset is None:
        return Growth("unclear", reason="It does not rise out of the noise.")
    if not given and onset.time >= time[-1]:
        return Growth("unclear", reason="It sets in with the last frame.")
    if not 0 < onset.frame < len(time) or not time[0] <= onset.time < time[-1]:
        raise OptionError(f"the onset at {onset.time:g} s, frame {onset.frame}, is not in the run")
    frames = len(time) - onset.frame
    if frames < FRAMES:
        reason = f"It is there in {frames} frames only; {FRAMES} are needed to tell laws apart."
        return Growth("unclear", reason=reason)

    largest = float(np.abs(amount).max())
    spread = np.maximum(deviation / largest, BEST_KNOWN)
    fits = {
        name: fit
        for name, law in _SHAPES.items()
        if (fit := _fit(law, time, amount / largest, spread, onset)) is not None
    }
    weights = _weights(fits, len(time))
    best, second = sorted(weights, key=weights.__getitem__, reverse=True)[:2]
    told = {law: weights.get(law, 0.0) for law in LAWS}
    told["unclear"] = sum(weight for name, weight in weights.items() if name not in LAWS)
    fit = fits[best]
    if fit.chi2 / (len(time) - fit.count) > MISFIT and fit.missed > MISSED:
        reason = f"No law fits: the nearest curve misses by {fit.missed:.0%} of the largest amount."
        return Growth("unclear", {}, told, reason)
    if best not in LAWS:
        return Growth("unclear", {}, told, f"It is best described by {best}.")
    if weights[best] < smallest:
        other = second if second not in LAWS else f"{second} growth"
        reason = f"{best.capitalize()} growth (Akaike weight {weights[best]:.2f}) cannot be told "
        return Growth("unclear", {}, told, reason + f"from {other} ({weights[second]:.2f}).")
    reason = f"Akaike weight {weights[best]:.2f} over {frames} frames from the onset on."
    parameters = _parameters(best, fit, largest, float(time[-1] - onset.time))
    return Growth(best, parameters, told, reason)


@dataclass(frozen=True)
class _Fit:
    """Best of a law: its height, start and times, what it leaves, and how much is free."""

    height: float
    start: float
    times: tuple[float, ...]
    chi2: float
    missed: float
    count: int


def _fit(law: _Law, time: Array, amount: Array, spread: Array, onset: Onset) -> _Fit | None:
    """Least squares over start and times on grids that narrow; the height follows from them.

    None if the law must fall and does not.
    """
    duration = time[-1] - onset.time
    earliest = max((time[0] - onset.time) / duration, -1.0)
    latest = min((onset.time_upper - onset.time) / duration, 0.25)
    low = np.array([earliest, *(np.log(each[0]) for each in law.times)])
    high = np.array([latest, *(np.log(each[1]) for each in law.times)])
    since, weight = (time - onset.time) / duration, 1 / spread
    many = (41, 21, 11)[len(law.times)]
    axes, step = np.linspace(low, high, many).T, (high - low) / (many - 1)
    few = np.linspace(0, len(time) - 1, min(len(time), COARSE)).astype(int)
    for narrowed in range(NARROWED + 1):
        use = slice(None) if narrowed else few
        grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(len(axes), -1, 1)
        curves = law.shape(np.maximum(since[use] - grid[0], 0), *np.exp(grid[1:]))
        if law.falls:
            keep = curves[:, -1] < FALL * curves.max(axis=1)
            if not keep.any():
                return None
            curves, grid = curves[keep], grid[:, keep]
        scaled = curves * weight[use]
        norm = np.einsum("ij,ij->i", scaled, scaled)
        along = np.maximum(scaled @ (amount * weight)[use], 0)
        height = np.divide(along, norm, out=np.zeros_like(norm), where=norm > 0)
        at = int(np.argmax(height * along))  # by which chi2 falls
        best = grid[:, at, 0]
        axes = np.linspace(np.maximum(best - step, low), np.minimum(best + step, high), 5).T
        step = step / 2
    left = amount - height[at] * curves[at]
    return _Fit(
        height=float(height[at]),
        start=float(onset.time + best[0] * duration),
        times=tuple(float(duration * np.exp(log)) for log in best[1:]),
        chi2=float(np.sum((left * weight) ** 2)),
        missed=float(np.sqrt(np.mean(left**2))),
        count=1 + len(best),
    )


def _weights(fits: Mapping[str, _Fit], frames: int) -> dict[str, float]:
    """Akaike weights, of the deviations as large as the best law needs them."""
    inflation = max(1.0, min(fit.chi2 / (frames - fit.count) for fit in fits.values()))
    criterion = {}
    for name, fit in fits.items():
        count = fit.count + (inflation > 1)  # the inflation is estimated as well
        few = 2 * count * (count + 1) / max(frames - count - 1, 1)
        criterion[name] = fit.chi2 / inflation + 2 * count + few
    least = min(criterion.values())
    weight = {name: float(np.exp((least - value) / 2)) for name, value in criterion.items()}
    return {name: value / sum(weight.values()) for name, value in weight.items()}


def _parameters(law: str, fit: _Fit, largest: float, duration: float) -> dict[str, float]:
    height = fit.height * largest
    if law == "linear":
        return {"start": fit.start, "rate": height / duration}
    if law == "parabolic":
        return {"start": fit.start, "rate": height**2 / duration}
    if law == "logarithmic":
        return {"start": fit.start, "height": height, "time": fit.times[0]}
    lifetime, forming = fit.times
    return {
        "start": fit.start,
        "rate": height / lifetime,
        "lifetime": lifetime,
        "forming": forming,
    }
