"""Scoring one forecast of one fold."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.scoring.measures import MEASURES, Measure
from opir.bench.scoring.part import FEW, SOME, Part
from opir.bench.scoring.scores import Scores
from opir.errors import ModelError
from opir.metrics.regions import lead_bins, lead_labels, regions
from opir.models import Forecast, Windows
from opir.models.inputs import DRIVE
from opir.models.intervals import Intervals

if TYPE_CHECKING:
    from opir.bench.data import FoldData

__all__ = ["check_forecast", "score", "subset_of"]

Array = NDArray[np.float64]

_CHUNK = 32

_LARGEST = 1e15
"""Of a forecast; the squares of larger values have no room in single precision."""


def subset_of(ids: Sequence[str], count: int = FEW) -> NDArray[np.int64]:
    """The runs that slow metrics are taken on: those with the lowest SHA-256 of their id.

    Returns:
        Their places in ``ids``, rising; the same for every model.
    """
    order = sorted(range(len(ids)), key=lambda at: hashlib.sha256(ids[at].encode()).digest())
    return np.array(sorted(order[:count]), dtype=np.int64)


def check_forecast(
    forecast: object, windows: Windows, ids: Sequence[str] | None = None
) -> Forecast:
    """The forecast, after a check that it is one of these windows.

    Args:
        forecast: What a model gave.
        windows: What it was asked for.
        ids: Names of the windows, for messages.

    Raises:
        ModelError: If it is something else, of another shape or axis, or holds NaN.
    """
    if not isinstance(forecast, Forecast):
        raise ModelError(
            f"the model gave a {type(forecast).__name__}, not a forecast",
            remedy="Return an opir.models.Forecast from forecast()",
        )
    wanted = windows.target.shape
    if forecast.spectra.shape != wanted:
        raise ModelError(
            f"the forecast has shape {forecast.spectra.shape}; {wanted} is needed "
            "(run, frame, wavenumber)",
            remedy="Return one spectrum for every time of inputs.times",
        )
    bad = ~(np.abs(forecast.spectra) <= _LARGEST).all(axis=(1, 2))
    if bad.any():
        at = int(bad.argmax())
        raise ModelError(
            f"the forecast of {int(bad.sum())} of {bad.size} runs holds NaN or infinity "
            f"(the first: {at if ids is None else ids[at]!r})",
            remedy="A forecast is finite everywhere",
        )
    axis = windows.inputs.wavenumber
    if not (
        forecast.wavenumber.shape == axis.shape
        and np.allclose(forecast.wavenumber, axis, rtol=0, atol=1e-3)
        and forecast.times.shape == windows.inputs.times.shape
        and np.allclose(forecast.times, windows.inputs.times)
    ):
        raise ModelError(
            "the forecast is at other times or wavenumbers than were asked for",
            remedy="Return spectra at inputs.times, on inputs.wavenumber",
        )
    return forecast


def score(
    forecast: Forecast,
    data: FoldData,
    *,
    first: int = 0,
    samples: NDArray[np.floating[Any]] | None = None,
    intervals: Intervals | None = None,
    metrics: Sequence[str] | None = None,
) -> Scores:
    """Score a forecast of the test runs of a fold.

    Args:
        forecast: Of ``data.test``.
        data: The fold.
        first: Index, among the frames ahead, of the first that is scored.
        samples: Whole trajectories of the runs of :func:`subset_of`, in its order,
            ``[count, run, frames, wavenumber]``, where the model gives them.
        intervals: Fitted to the model's own errors on validation windows.
        metrics: Names, all by default.

    Raises:
        ModelError: If the forecast is not one of these runs, or the samples are not.
    """
    check_forecast(forecast, data.test, data.test_ids)
    runs = len(data.test)
    wavenumber = data.test.inputs.wavenumber
    chosen = [m for m in MEASURES if metrics is None or set(m.names) & set(metrics)]
    per_run: dict[str, Array] = {}
    seconds: dict[str, float] = defaultdict(float)
    tables = _Tables(data.test.target.shape[1] - first, wavenumber)
    subset = subset_of(data.test_ids)
    if samples is not None:
        _check_samples(samples, (subset.size, *data.test.target.shape[1:]))
    noise = _noise(data, subset)

    def take(measure: Measure, rows: NDArray[np.int64], part: Part) -> None:
        began = time.perf_counter()
        for name, values in measure.function(part).items():
            if metrics is None or name in metrics:
                per_run.setdefault(name, np.full(runs, np.nan))[rows] = values
        seconds[measure.names[0]] += time.perf_counter() - began

    for most in (None, SOME, FEW):
        group = [measure for measure in chosen if measure.runs == most]
        places = np.arange(runs) if most is None else subset_of(data.test_ids, most)
        for at in _chunks(np.arange(places.size)):
            rows = places[at]
            drawn = None if samples is None or most != FEW else samples[:, at, first:]
            part = _part(forecast, data, rows, first, noise, drawn, intervals)
            for measure in group:
                take(measure, rows, part)
            if most is None:
                tables.add(part)
    per_run = {name: v for name, v in per_run.items() if np.isfinite(v).any()}
    return Scores(
        per_run=per_run,
        by_lead=tables.by_lead(),
        by_band=tables.by_band(),
        by_system=_by_system(per_run, np.asarray(data.systems)),
        error_map=tables.map / runs,
        wavenumber=wavenumber,
        seconds=dict(seconds),
    )


def _check_samples(samples: NDArray[np.floating[Any]], wanted: tuple[int, ...]) -> None:
    shape = np.shape(samples)
    if len(shape) != 4 or shape[1:] != wanted or not shape[0]:
        raise ModelError(
            f"the samples have shape {shape}; {('count', *wanted)} is needed "
            "(sample, run, frame, wavenumber)",
            remedy="Return whole trajectories of every run that sample() is asked for",
        )
    if not np.isfinite(samples).all():
        raise ModelError("the samples hold NaN or infinity", remedy="Samples are finite")


def _chunks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, rows.size, _CHUNK):
        yield rows[start : start + _CHUNK]


def _part(
    forecast: Forecast,
    data: FoldData,
    rows: NDArray[np.int64],
    first: int,
    noise: float,
    samples: NDArray[np.floating[Any]] | None,
    intervals: Intervals | None,
) -> Part:
    inputs = data.test.inputs
    given = inputs.given.shape[1]

    def frames(values: NDArray[np.floating[Any]] | None) -> Array | None:
        return None if values is None else np.asarray(values[rows, first:])

    streams = None
    if forecast.streams and data.streams is not None:
        streams = data.streams[rows, :, first:]
    return Part(
        forecast=np.asarray(forecast.spectra[rows, first:], dtype=np.float32),
        target=np.asarray(data.test.target[rows, first:], dtype=np.float32),
        last=np.asarray(inputs.given[rows, -1], dtype=np.float32),
        wavenumber=inputs.wavenumber,
        lead=inputs.lead[rows, first:],
        voltage=inputs.drive[rows, given + first :, DRIVE.index("voltage")],
        noise=noise,
        last_voltage=None if first else inputs.drive[rows, given - 1, DRIVE.index("voltage")],
        clean=frames(data.clean),
        clean_last=None if data.clean_last is None else data.clean_last[rows],
        streams=streams,
        given_streams={n: np.asarray(v[rows, first:]) for n, v in forecast.streams.items()},
        amounts=frames(forecast.amounts),
        extents=frames(forecast.extents),
        components=forecast.components,
        samples=samples,
        intervals=intervals,
    )


def _noise(data: FoldData, rows: NDArray[np.int64]) -> float:
    """Noise of one point of a measured spectrum, a median over runs.

    Against the noise-free truth where that is known; else from differences of successive frames,
    half of whose points are taken to change by less than the noise.
    """
    if data.clean is not None:
        apart = data.test.target[rows] - data.clean[rows]
        # Second differences along the axis leave out a drifting baseline.
        apart = np.diff(apart, n=2, axis=2) / np.sqrt(6)
    elif data.test.target.shape[1] > 1:
        apart = np.diff(data.test.target[rows], axis=1) / np.sqrt(2)
    else:
        return 0.0
    return float(1.4826 * np.median(np.abs(apart)))


class _Tables:
    """Mean absolute error by lead time and region, and its map, gathered part by part."""

    def __init__(self, frames: int, wavenumber: Array) -> None:
        self.map = np.zeros((frames, wavenumber.size))
        self.names, self.region = regions(wavenumber)
        self._lead = np.zeros((2, len(lead_labels())))
        self._runs = 0

    def add(self, part: Part) -> None:
        error = np.abs(part.forecast - part.target)
        self.map += error.sum(axis=0)
        bins, size = lead_bins(part.lead).ravel(), self._lead.shape[1]
        self._lead[0] += np.bincount(bins, error.mean(axis=2).ravel(), minlength=size)
        self._lead[1] += np.bincount(bins, minlength=size)
        self._runs += len(part)

    def by_lead(self) -> dict[str, dict[str, float]]:
        total, count = self._lead
        return {
            "mae": {
                label: float(total[at] / count[at])
                for at, label in enumerate(lead_labels())
                if count[at]
            }
        }

    def by_band(self) -> dict[str, dict[str, float]]:
        means = self.map.mean(axis=0) / self._runs
        return {
            "mae": {
                label: float(means[self.region == at].mean()) for at, label in enumerate(self.names)
            }
        }


def _by_system(per_run: dict[str, Array], systems: NDArray[np.str_]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, values in per_run.items():
        for system in np.unique(systems):
            inside = values[(systems == system) & np.isfinite(values)]
            if inside.size:
                found.setdefault(name, {})[str(system)] = float(inside.mean())
    return found
