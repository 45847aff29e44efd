"""The metrics as they are taken of a part of a fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir import metrics
from opir.bench.scoring.part import FEW, SOME, Part
from opir.chemistry import library
from opir.errors import AxisError, UnknownNameError
from opir.metrics.alignment import align_hard, course_scale
from opir.metrics.bands import covered
from opir.metrics.dilate import dilate, dilate_channels
from opir.models.intervals import LEVELS

__all__ = ["MEASURES", "Measure"]

Array = NDArray[np.float64]
Found = Mapping[str, Array]

_SEEN = 5.0
"""A peak or an onset counts from so many times the noise on."""

_STREAMS = (("solvent", "sei"), ("reversible", "irreversible"))
"""Names that a model may give the true streams, which are those of the first."""


@dataclass(frozen=True)
class Measure:
    """One metric, or several that are found together.

    Attributes:
        names: The metrics.
        function: Part -> metric -> one value a run; a metric that does not apply is left out.
        runs: It is slow, and taken on so many runs of a fold at most; None: on all.
    """

    names: tuple[str, ...]
    function: Callable[[Part], Found]
    runs: int | None = None


def _pointwise(part: Part) -> Found:
    found = {
        "mae": metrics.mae(part.forecast, part.target, axis=(1, 2)),
        "mse": metrics.mse(part.forecast, part.target, axis=(1, 2)),
    }
    if part.clean is not None:
        found["mae-clean"] = metrics.mae(part.forecast, part.clean, axis=(1, 2))
    return found


def _intervals(part: Part) -> Found:
    if part.intervals is None:
        return {}
    error = np.abs(part.forecast - part.target)
    found: dict[str, Array] = {}
    for level in LEVELS:
        half = part.intervals.half_widths(part.lead, level)
        found[f"coverage-{100 * level:.0f}"] = (error <= half).mean(axis=(1, 2))
        if level == 0.9:
            found["width-90"] = 2 * half.mean(axis=(1, 2))
    return found


def _angle(part: Part) -> Found:
    """Of frames whose true change is larger than the noise; no change at all is at right angles."""
    angle = metrics.spectral_angle(part.change, part.true_change)
    angle = np.where(np.isnan(angle), np.pi / 2, angle)
    seen = np.sqrt(np.square(part.true_change).mean(axis=2)) > part.noise
    return {"spectral-angle": _mean(np.where(seen, angle, np.nan), 1)}


def _bands(part: Part) -> Found:
    """Peaks, areas and onsets of the named regions; of axes that cover one."""
    try:
        bands = covered(None, part.wavenumber)
    except AxisError:
        return {}
    axis, seen = part.wavenumber, _SEEN * part.noise
    steps = np.diff(axis)
    found: dict[str, Array] = {}
    if seen > 0 and np.allclose(steps, steps.mean(), rtol=1e-2):
        both = (part.change, part.true_change, axis, bands)
        found["peak-position"] = _mean(metrics.peak_position(*both, threshold=seen), (1, 2))
        found["missed-peaks"] = _mean(metrics.missed_peaks(*both, threshold=seen), (1, 2))
    areas = [metrics.integrate_bands(c, axis, bands) for c in (part.change, part.true_change)]
    found["band-area"] = np.abs(areas[0] - areas[1]).mean(axis=(1, 2))
    if seen > 0 and part.last_voltage is not None:
        # The area of noise that is not correlated between points grows with their root only.
        spacing = float(np.abs(steps).mean())
        width = min(band.upper - band.lower for band in bands)
        given, true = (_from_zero(area) for area in areas)
        voltage = np.concatenate([part.last_voltage[:, None], part.voltage], axis=1)[:, None]
        smallest = seen * np.sqrt(width * spacing)
        onsets = (given, true, voltage)
        found["onset-voltage"] = _mean(metrics.onset_voltage(*onsets, noise=smallest), 1)
        found["missed-onsets"] = _mean(metrics.missed_onsets(*onsets, noise=smallest), 1)
    return found


def _from_zero(areas: Array) -> Array:
    """``[run, frames, band]`` to ``[run, band, 1 + frames]``, 0 at the given frame."""
    moved = np.moveaxis(areas, 1, 2)
    return np.concatenate([np.zeros_like(moved[..., :1]), moved], axis=-1)


def _alignment(part: Part) -> Found:
    """DILATE, hard dynamic time warping and its distortion, of all points jointly."""
    scale = _scale(part)
    if scale is None:
        return {}
    total = dilate(part.forecast, part.target, scale=scale, threads=1)
    cost, distortion = align_hard(part.forecast, part.target, joint=True, threads=1)
    return {
        "dilate": total.total,
        "dilate-shape": total.shape,
        "dilate-time": total.time,
        "dtw": cost,
        "tdi": distortion,
    }


def _alignment_channels(part: Part) -> Found:
    scale = _scale(part)
    if scale is None:
        return {}
    found = dilate_channels(part.forecast, part.target, scale=scale, threads=1)
    return {"dilate-channels": found.total.mean(axis=1)}


def _scale(part: Part) -> Array | None:
    """How much truth changes in time, its noise at least; None where there is no course."""
    if part.target.shape[1] < 2:
        return None
    scale = np.maximum(course_scale(part.target), part.noise)
    return scale if (scale > 0).all() else None


def _mass_balance(part: Part) -> Found:
    """Of models whose components are species of the chemistry library."""
    if part.amounts is None or part.amounts.shape[1] < 2 or not part.components:
        return {}
    known = library()
    try:
        species = [known.find_species(name) for name in part.components]
    except UnknownNameError:
        return {}
    names = sorted({element for one in species for element in one.elements})
    matrix = np.array([[one.elements.get(name, 0) for one in species] for name in names])
    residual = metrics.mass_balance(part.amounts, matrix)
    return {"mass-balance": _mean(residual, (1, 2))}


def _irreversibility(part: Part) -> Found:
    if part.extents is None or not part.extents.size:
        return {}
    return {"irreversibility": metrics.irreversibility(_from_zero(part.extents)).size.mean(axis=1)}


def _streams(part: Part) -> Found:
    names = next((each for each in _STREAMS if set(each) <= set(part.given_streams)), None)
    if part.streams is None or names is None:
        return {}
    given = np.stack([part.given_streams[name] for name in names], axis=1)
    if given.shape[2] < 2:
        return {}
    # A stream that hardly changes cannot be told from none.
    found = metrics.stream_separation(given, part.streams, smallest=part.noise)
    return {"stream-r2": _mean(found, 1)}


def _probability(part: Part) -> Found:
    """Of samples; of a point forecast as of a single sample: the error and the distance."""
    samples, fair = part.samples, True
    if samples is None:
        samples, fair = part.forecast[None], False
    return {
        "crps": metrics.crps(samples, part.target, axis=(1, 2), fair=fair),
        "energy": metrics.energy_score(samples, part.target, fair=fair),
    }


def _mean(values: Array, axis: int | tuple[int, ...]) -> Array:
    """Mean of those that are not NaN; NaN where there are none, which is no fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=axis))


MEASURES: tuple[Measure, ...] = (
    Measure(("mae", "mse", "mae-clean"), _pointwise),
    Measure(("spectral-angle",), _angle, SOME),
    Measure(
        ("band-area", "peak-position", "missed-peaks", "onset-voltage", "missed-onsets"),
        _bands,
        SOME,
    ),
    Measure(("dilate", "dilate-shape", "dilate-time", "dtw", "tdi"), _alignment, SOME),
    Measure(("dilate-channels",), _alignment_channels, FEW),
    Measure(("mass-balance",), _mass_balance, SOME),
    Measure(("irreversibility",), _irreversibility),
    Measure(("stream-r2",), _streams, SOME),
    Measure(("coverage-50", "coverage-80", "coverage-90", "coverage-95", "width-90"), _intervals),
    Measure(("crps", "energy"), _probability, FEW),
)
"""All of them; each is timed under its first name."""
