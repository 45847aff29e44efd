"""Every metric of the benchmark by name: what it is called, its unit, which way is better."""

from __future__ import annotations

from dataclasses import dataclass

from opir.bench.scoring.part import FEW, SOME

__all__ = ["METRICS", "MetricName"]


@dataclass(frozen=True)
class MetricName:
    """One metric.

    Attributes:
        name: Its name.
        title: Head of its column.
        unit: Unit, ``"1"`` without one.
        better: ``lower``, ``higher``, or the number that is best.
        runs: Runs of a fold that it is taken on at most, as it is slow; None: all.
        note: What it says, for a foot note.
    """

    name: str
    title: str
    unit: str = "1"
    better: str | float = "lower"
    runs: int | None = None
    note: str = ""


_ALL = (
    MetricName("mae", "MAE", note="mean absolute error of the absorbance"),
    MetricName("mse", "MSE", note="mean squared error of the absorbance"),
    MetricName("mae-clean", "MAE, noise-free", note="against the noise-free truth"),
    MetricName("dilate", "DILATE", note="shape and time, all points jointly", runs=SOME),
    MetricName("dilate-shape", "DILATE shape", runs=SOME),
    MetricName("dilate-time", "DILATE time", runs=SOME),
    MetricName("dilate-channels", "DILATE per channel", runs=FEW),
    MetricName("dtw", "DTW", note="hard dynamic time warping", runs=SOME),
    MetricName("tdi", "TDI", note="temporal distortion index", runs=SOME),
    MetricName("spectral-angle", "Spectral angle", "rad", note="right angle: no change", runs=SOME),
    MetricName("peak-position", "Peak position", "cm-1", runs=SOME),
    MetricName("missed-peaks", "Missed peaks", note="share of true peaks not forecast", runs=SOME),
    MetricName("band-area", "Band area", "cm-1", runs=SOME),
    MetricName("onset-voltage", "Onset voltage", "V", runs=SOME),
    MetricName("missed-onsets", "Missed onsets", note="share of true ones not forecast", runs=SOME),
    MetricName("mass-balance", "Mass balance", note="of species forecast", runs=SOME),
    MetricName("irreversibility", "Irreversibility", note="of models that give extents"),
    MetricName("stream-r2", "Streams R2", better="higher", note="of streams given", runs=SOME),
    MetricName("crps", "CRPS", runs=FEW, note="the absolute error of a point forecast"),
    MetricName("energy", "Energy score", runs=FEW, note="the distance of a point forecast"),
    MetricName("coverage-50", "Coverage 50 %", better=0.5),
    MetricName("coverage-80", "Coverage 80 %", better=0.8),
    MetricName("coverage-90", "Coverage 90 %", better=0.9),
    MetricName("coverage-95", "Coverage 95 %", better=0.95),
    MetricName("width-90", "Width 90 %", note="of the 90 % interval"),
)  # fmt: skip

METRICS = {metric.name: metric for metric in _ALL}
"""Every metric, in the order in which tables show them."""
