"""Intervals around a forecast: split conformal prediction on windows that chose nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ModelError, OpirError, OptionError, ValueRangeError
from opir.metrics.regions import region_limits, region_of

__all__ = ["LEVELS", "Intervals"]

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Coverages aimed at."""

_BINS = 6
_POINTS = 200_000
"""Residuals of a bin that are sorted at most, evenly taken from all of them."""

_REACH = 1.0
"""Distance [cm-1] beyond the outer limits of the regions up to which a point belongs to them."""


@dataclass(frozen=True)
class Intervals:
    """Half widths of the intervals around a forecast, by lead time and region of the axis.

    What is promised, and what is not. Let the calibrated runs and a new one be exchangeable: none
    of them taught the model or chose anything about it, and nothing tells the new one from them.

    - *Points.* The interval of level ``p`` holds a share of at least ``p n / (n + 1)`` of the
      points of a bin and region on the average over new runs, ``n`` runs having been calibrated
      with equally many points there; ``p`` itself if points were independent of each other.
    - *Whole trajectories.* The band of level ``p`` holds the whole trajectory, all its frames and
      wavenumbers, of a share ``p`` of new runs. The widths that it widens come from the same
      runs, so that it fell short by 1 to 3 in 100 with 10 to 40 simulated runs, and by nothing
      that could be seen with 100 and more.

    Both are averages over runs. They hold neither for each run, nor for each system or protocol by
    itself, and not at all for a system, protocol or instrument unlike those calibrated on.

    Attributes:
        wavenumber: Axis [cm-1] of the spectra, either direction, ``[wavenumber]``.
        limits: Limits of the regions [cm-1], rising, ``[region + 1]``.
        edges: Inner edges of the bins of lead time [s], rising, ``[bin - 1]``.
        half: Half width, in the measure of the spectra, ``[level, bin, region]``.
        whole: For each level, the factor that widens the half widths of the highest level to a
            band for whole trajectories, so that bands grow with the level; None where there were
            too few runs for one.
        runs: Number of independent runs (or blocks of time) calibrated on.
        levels: Coverages, rising.
        beyond: Factor, 1 or more, that widens the intervals of a forecast that lies outside of
            what the model was trained on.

    Raises:
        AxisError: If shapes do not fit, or an axis does not rise.
        ValueRangeError: If a number is not finite or cannot be, or a half width or a factor falls
            with the level.
    """

    wavenumber: Array
    limits: Array
    edges: Array
    half: Array
    whole: tuple[float | None, ...]
    runs: int
    levels: tuple[float, ...] = LEVELS
    beyond: float = 1.0

    def __post_init__(self) -> None:
        for name in ("wavenumber", "limits", "edges", "half"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, values)
            if not np.isfinite(values).all():
                raise ValueRangeError(f"{name} of the intervals holds NaN or infinity")
        shape = (len(self.levels), self.edges.size + 1, self.limits.size - 1)
        if self.half.shape != shape or len(self.whole) != shape[0] or min(shape) < 1:
            raise AxisError(
                f"half widths of shape {self.half.shape} and {len(self.whole)} factors do not fit "
                f"{shape[0]} levels, {shape[1]} bins and {shape[2]} regions"
            )
        if self.wavenumber.ndim != 1 or not self.wavenumber.size:
            raise AxisError(f"the axis of the intervals has shape {self.wavenumber.shape}")
        for name in ("limits", "edges", "levels"):
            steps = np.diff(np.asarray(getattr(self, name), dtype=np.float64))
            # A region of one point may end where it begins.
            if steps.ndim != 1 or not (steps >= 0 if name == "limits" else steps > 0).all():
                raise AxisError(f"{name} of the intervals do not rise")
        _check_numbers(self)

    @classmethod
    def fit(
        cls,
        residuals: Spectra,
        lead: ArrayLike,
        wavenumber: ArrayLike,
        *,
        block: ArrayLike | None = None,
    ) -> Self:
        """Calibrate on errors of forecasts of windows that chose nothing about the model.

        Split conformal prediction, Papadopoulos et al. 2002 (doi:10.1007/3-540-36755-1_29); see
        Vovk, Gammerman and Shafer 2005 (doi:10.1007/b106715), section 4.1. Within a bin of lead
        time and region the half width is the ``ceil((n + 1) level)``-th smallest of the ``n``
        absolute residuals of all runs. The score of a whole trajectory is its largest absolute
        residual in half widths of the highest level, and the factor of a level the
        ``ceil((n + 1) level)``-th smallest score of ``n`` runs. Where several windows are of one
        block, each block counts as one run there, shared evenly by its windows (Lee, Barber and
        Willett 2023, arXiv:2306.06342).

        Args:
            residuals: Forecast less measurement, ``[batch, frames, wavenumber]``.
            lead: Lead times [s], ``[batch, frames]``.
            wavenumber: Axis [cm-1], ``[wavenumber]``.
            block: Number of the run or block of time that each window lies in, ``[batch]``; each
                window is a run of its own by default.

        Raises:
            AxisError: If shapes do not fit.
            ValueRangeError: If a residual is NaN or infinite.
        """
        ahead, axis = (np.asarray(v, dtype=np.float64) for v in (lead, wavenumber))
        if residuals.shape != (*ahead.shape, axis.size) or residuals.size == 0:
            raise AxisError(
                f"residuals of shape {residuals.shape} do not fit lead times of shape "
                f"{ahead.shape} and {axis.size} wavenumbers"
            )
        if not np.isfinite(residuals).all():
            raise ValueRangeError("the residuals hold NaN or infinity")
        run = np.arange(len(residuals)) if block is None else np.asarray(block)
        if run.shape != ahead.shape[:1]:
            raise AxisError(f"blocks of shape {run.shape} do not fit {len(residuals)} windows")
        # Edges that are lead times themselves, so that no bin is empty.
        edges = np.quantile(ahead, np.linspace(0, 1, _BINS + 1)[1:-1], method="higher")
        edges = np.unique(edges[edges > ahead.min()])
        bins = np.searchsorted(edges, ahead, side="right")
        limits = region_limits(axis)
        region = region_of(axis, limits)
        half = np.full((len(LEVELS), edges.size + 1, limits.size - 1), np.nan)
        score = np.zeros(len(residuals))
        for number in range(edges.size + 1):
            inside = bins == number
            rows = np.nonzero(inside)[0]
            for part in range(limits.size - 1):
                errors = np.abs(residuals[inside][:, region == part])
                values = errors.ravel()
                values = np.sort(values[:: max(1, values.size // _POINTS)])
                for at, level in enumerate(LEVELS):
                    rank = math.ceil((values.size + 1) * level)
                    half[at, number, part] = values[min(rank, values.size) - 1]
                largest = _ratio(errors.max(axis=1), half[-1, number, part])
                np.maximum.at(score, rows, largest)
        whole = tuple(_conformal(score, run, level) for level in LEVELS)
        return cls(axis, limits, edges, half, whole, int(np.unique(run).size))

    @cached_property
    def region(self) -> NDArray[np.int64]:
        """Region of each point of the axis, ``[wavenumber]``."""
        return region_of(self.wavenumber, self.limits)

    @property
    def whole_levels(self) -> tuple[float, ...]:
        """Levels that have a band for whole trajectories."""
        return tuple(p for p, f in zip(self.levels, self.whole, strict=True) if f is not None)

    def half_widths(self, lead: ArrayLike, level: float = 0.9) -> NDArray[np.float32]:
        """Half widths of one level, as calibrated.

        Args:
            lead: Lead times [s], ``[..., frames]``; those beyond the longest that was calibrated
                have the width of the last bin.
            level: One of :attr:`levels`.

        Returns:
            Shape ``[..., frames, wavenumber]``.

        Raises:
            OptionError: If the level was not calibrated.
        """
        bins = np.searchsorted(self.edges, np.asarray(lead, dtype=np.float64), side="right")
        table = self.half[self._at(level)][:, self.region].astype(np.float32)
        return np.asarray(table[bins])

    def around(
        self,
        spectra: Spectra,
        lead: ArrayLike,
        level: float = 0.9,
        *,
        whole: bool = False,
        outside: bool = False,
    ) -> tuple[Spectra, Spectra]:
        """Intervals around forecast spectra.

        Args:
            spectra: Forecast, ``[..., frames, wavenumber]``, on :attr:`wavenumber`.
            lead: Lead times [s], ``[..., frames]``.
            level: One of :attr:`levels`.
            whole: The band for whole trajectories instead of the intervals of points.
            outside: The forecast lies outside of what the model was trained on: widened by
                :attr:`beyond`.

        Returns:
            Lower and upper ends, each of the shape and precision of ``spectra``.

        Raises:
            OptionError: If the level was not calibrated.
            ModelError: If too few runs were calibrated on for whole trajectories at this level.
            AxisError: If shapes do not fit.
        """
        shape = (*np.shape(lead), self.wavenumber.size)
        if np.shape(spectra) != shape:
            raise AxisError(
                f"spectra of shape {np.shape(spectra)} do not fit lead times of shape "
                f"{np.shape(lead)} and intervals on {self.wavenumber.size} wavenumbers",
                remedy="Take the intervals on the axis of the spectra: intervals.at(wavenumber)",
            )
        half = self.half_widths(lead, self.levels[-1] if whole else level)
        factor = (self._whole(level) if whole else 1.0) * (self.beyond if outside else 1.0)
        half = half * np.float32(factor)
        return spectra - half, spectra + half

    def at(self, wavenumber: ArrayLike) -> Self:
        """The same intervals on another axis; each point has the width of its region.

        Args:
            wavenumber: Axis [cm-1], either direction, within the range calibrated on.

        Raises:
            AxisError: If a point lies outside of the regions calibrated on.
        """
        axis = np.asarray(wavenumber, dtype=np.float64)
        low, high = self.limits[0] - _REACH, self.limits[-1] + _REACH
        if not axis.size or not ((axis >= low) & (axis <= high)).all():
            shown = f"{axis.min():g} to {axis.max():g}" if axis.size else "no point"
            raise AxisError(
                f"the axis has {shown} cm-1; intervals were calibrated from "
                f"{self.limits[0]:g} to {self.limits[-1]:g} cm-1",
                remedy="Cut the spectra to that range",
            )
        return replace(self, wavenumber=axis)

    def to_json(self) -> dict[str, Any]:
        """The intervals as JSON values, without NaN or infinity."""
        arrays = {n: getattr(self, n).tolist() for n in ("wavenumber", "limits", "edges", "half")}
        numbers = {"runs": self.runs, "beyond": self.beyond}
        return arrays | numbers | {"levels": list(self.levels), "whole": list(self.whole)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The intervals of a :meth:`to_json`.

        Raises:
            ModelError: If the values are damaged.
        """
        try:
            return cls(
                wavenumber=values["wavenumber"],
                limits=values["limits"],
                edges=values["edges"],
                half=values["half"],
                whole=tuple(None if f is None else float(f) for f in values["whole"]),
                runs=int(values["runs"]),
                levels=tuple(float(level) for level in values["levels"]),
                beyond=float(values["beyond"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, OpirError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
            raise ModelError(f"the intervals are damaged ({what})") from error

    def _at(self, level: float) -> int:
        for at, known in enumerate(self.levels):
            if abs(level - known) < 1e-6:
                return at
        raise OptionError(
            f"no interval of level {level:g} was calibrated",
            remedy=f"Levels: {', '.join(f'{known:g}' for known in self.levels)}",
        )

    def _whole(self, level: float) -> float:
        factor = self.whole[self._at(level)]
        if factor is None:
            held = ", ".join(f"{known:g}" for known in self.whole_levels)
            raise ModelError(
                f"{self.runs} runs were too few to say what holds whole trajectories at level "
                f"{level:g}",
                remedy=f"Levels that can be said: {held or 'none'}",
            )
        return factor


def _ratio(largest: Array, width: float) -> Array:
    """``largest / width``; infinite above a width of zero, zero at it."""
    if width > 0:
        with np.errstate(over="ignore"):  # then it is infinite
            return largest / width
    return np.where(largest > 0, np.inf, 0.0)


def _conformal(score: Array, block: NDArray[Any], level: float) -> float | None:
    """The score below which that of a new run lies with this probability, or None.

    Each block has the weight of one run, and so has the new one, at infinity.
    """
    _, index, count = np.unique(block, return_inverse=True, return_counts=True)
    order = np.argsort(score, kind="stable")
    runs = np.cumsum(1 / count[index[order]])
    at = int(np.searchsorted(runs, level * (count.size + 1) - 1e-9))
    if at >= score.size or not np.isfinite(score[order[at]]):
        return None
    return float(score[order[at]])


def _check_numbers(found: Intervals) -> None:
    """Refuse numbers that no intervals have."""
    factors = [factor for factor in found.whole if factor is not None]
    for bad, what in (
        (not all(0 < level < 1 for level in found.levels), "a level is not between 0 and 1"),
        ((found.half < 0).any(), "a half width is negative"),
        ((np.diff(found.half, axis=0) < 0).any(), "a half width falls with the level"),
        (not all(0 <= f < np.inf for f in factors), "a factor is negative or not finite"),
        ((np.diff(factors) < 0).any(), "a factor falls with the level"),
        (not 1 <= found.beyond < np.inf, f"beyond is {found.beyond:g}; 1 or more is needed"),
        (found.runs < 1, f"{found.runs} runs were calibrated on"),
    ):
        if bad:
            raise ValueRangeError(f"{what}, in intervals")
