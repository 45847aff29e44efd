"""Scoring: exact forecasts, known errors, intervals that hold what they promise."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from opir.bench.scoring import METRICS, check_forecast, score, subset_of
from opir.bench.scoring.measures import MEASURES
from opir.errors import ModelError
from opir.models import Forecast, ForecastInputs, Intervals, Windows
from opir.models.intervals import LEVELS

RUNS, FRAMES, POINTS = 6, 12, 200
AXIS = np.linspace(800, 1900, POINTS)


def truth() -> np.ndarray:
    """Bands that grow at another time in each run: ``[run, 1 + frames, wavenumber]``."""
    time = np.arange(FRAMES + 1)
    band = np.exp(-(((AXIS - 1480) / 25) ** 2)) + 0.5 * np.exp(-(((AXIS - 860) / 20) ** 2))
    grown = [1 / (1 + np.exp(-(time - 4 - 0.5 * run))) for run in range(RUNS)]
    return np.stack([0.2 + np.outer(g - g[0], band) for g in grown])


def fold(noise: float = 0.0, streams: bool = False) -> Any:
    clean = truth()
    spectra = clean + noise * np.random.default_rng(0).standard_normal(clean.shape)
    times = np.tile(600.0 * np.arange(FRAMES + 1), (RUNS, 1))
    drive = np.full((RUNS, FRAMES + 1, 3), np.nan)
    drive[..., 0] = np.linspace(3.0, 0.6, FRAMES + 1)
    inputs = ForecastInputs(spectra[:, :1], times[:, :1], times[:, 1:], AXIS, drive)
    parts = np.stack([0 * clean + 0.2, clean - 0.2], axis=1)[:, :, 1:]
    return SimpleNamespace(
        test=Windows(inputs, spectra[:, 1:], np.arange(RUNS)),
        test_ids=tuple(f"run-{n}" for n in range(RUNS)),
        systems=np.array(["a", "b"] * (RUNS // 2)),
        clean=clean[:, 1:].astype(np.float32),
        clean_last=clean[:, 0].astype(np.float32),
        streams=parts.astype(np.float32) if streams else None,
    )


def forecast(data: Any, spectra: np.ndarray, **parts: Any) -> Forecast:
    inputs = data.test.inputs
    return Forecast(spectra, inputs.times, inputs.wavenumber, "made", **parts)


def test_the_truth_itself_has_no_error() -> None:
    data = fold(noise=1e-4)
    scores = score(forecast(data, data.clean.astype(float)), data)
    assert scores.means["mae-clean"] == pytest.approx(0, abs=1e-7)
    # Mean of the absolute value of a normal number of deviation 1e-4.
    assert scores.means["mae"] == pytest.approx(1e-4 * np.sqrt(2 / np.pi), rel=0.02)
    # The noise of the given frame, from which its change is counted, is left.
    for name in ("spectral-angle", "missed-peaks", "onset-voltage"):
        assert scores.means[name] == pytest.approx(0, abs=0.02), name
    assert scores.means["peak-position"] == pytest.approx(0, abs=0.2)
    assert scores.counts["mae"] == RUNS


def test_what_the_instrument_added_to_all_frames_is_no_change() -> None:
    data = fold(noise=1e-4)
    baseline = 0.05 * (AXIS - 800) / 1100
    inputs = replace(data.test.inputs, given=data.test.inputs.given + baseline)
    data.test = replace(data.test, inputs=inputs, target=data.test.target + baseline)
    change = data.clean - data.clean_last[:, None]
    scores = score(forecast(data, data.test.inputs.last[:, None] + change), data)
    for name in ("spectral-angle", "peak-position", "onset-voltage", "band-area"):
        assert scores.means[name] == pytest.approx(0, abs=1e-3), name
    assert scores.means["missed-peaks"] == scores.means["missed-onsets"] == 0
    assert scores.means["mae-clean"] > 0.02


def test_a_known_error_is_found_everywhere() -> None:
    data = fold()
    scores = score(forecast(data, data.test.target + 0.1), data, first=4)
    assert scores.means["mae"] == pytest.approx(0.1, rel=1e-5)
    assert scores.means["mse"] == pytest.approx(0.01, rel=1e-5)
    assert scores.means["crps"] == pytest.approx(0.1, rel=1e-5)
    assert scores.means["energy"] == pytest.approx(0.1, rel=1e-5)
    assert scores.error_map.shape == (FRAMES - 4, POINTS)
    assert list(scores.by_band["mae"].values()) == pytest.approx([0.1] * 7, rel=1e-5)
    # Frames 5 to 12 are at 3000 to 7200 s.
    assert set(scores.by_lead["mae"]) == {"0.3 to 1 h", "1 to 3 h"}
    assert scores.by_system["mae"] == pytest.approx({"a": 0.1, "b": 0.1}, rel=1e-5)


def test_a_late_forecast_is_right_in_shape_and_wrong_in_time() -> None:
    data = fold(noise=1e-4)
    late = np.concatenate([data.test.inputs.given, data.test.target[:, :-1]], axis=1)
    moved = score(forecast(data, late), data).means
    still = score(forecast(data, np.repeat(data.test.inputs.given, FRAMES, axis=1)), data).means
    assert moved["dilate-shape"] < 0.1 * still["dilate-shape"]
    assert moved["dilate-time"] > 0
    # One frame of a sweep of 2.4 V over 12 frames, at another place in the rise of each run.
    assert moved["onset-voltage"] == pytest.approx(0.2, rel=0.3)
    assert still["missed-peaks"] == 1
    assert "peak-position" not in still


def test_streams_and_extents_are_scored_where_a_model_gives_them() -> None:
    data = fold(streams=True)
    reversible, irreversible = (data.streams[:, part].astype(float) for part in (0, 1))
    falling = np.tile(np.array([1.0, 2.0, 1.0] + [1.0] * (FRAMES - 3))[None, :, None], (RUNS, 1, 2))
    made = forecast(
        data,
        data.test.target,
        streams={"reversible": reversible, "irreversible": irreversible},
        extents=falling,
    )
    scores = score(made, data)
    assert scores.means["stream-r2"] == pytest.approx(1)
    # Up by 2 in all, down by 1: a third of the movement.
    assert scores.means["irreversibility"] == pytest.approx(1 / 3)
    plain = score(forecast(data, data.test.target), data)
    assert not {"stream-r2", "irreversibility"} & set(plain.per_run)


def test_atoms_from_nowhere_are_found_where_components_are_species() -> None:
    data = fold()
    time = np.arange(FRAMES, dtype=float)[None, :, None] * np.ones((RUNS, 1, 1))
    # Lithium carbonate alone, from nothing; and as much as ethylene carbonate goes away.
    for names, amounts, least in (
        (("Li2CO3",), time, 1.0),
        (("EC", "EC"), np.concatenate([time, 20 - time], axis=2), 0.0),
    ):
        made = forecast(data, data.test.target, amounts=amounts, components=names)
        assert score(made, data).means["mass-balance"] == pytest.approx(least, abs=1e-9)
    made = forecast(data, data.test.target, amounts=time, components=("1",))
    assert "mass-balance" not in score(made, data).per_run


def test_no_change_is_at_right_angles_to_every_change() -> None:
    data = fold(noise=1e-4)
    still = np.repeat(data.test.inputs.given, FRAMES, axis=1)
    assert score(forecast(data, still), data).means["spectral-angle"] == pytest.approx(np.pi / 2)


def test_samples_are_scored_as_an_ensemble() -> None:
    data = fold()
    samples = data.test.target[None] + np.array([-0.1, 0.1])[:, None, None, None]
    scores = score(forecast(data, data.test.target + 0.1), data, samples=samples)
    # Fair: mean distance to truth 0.1, less half the distance of the two members.
    assert scores.means["crps"] == pytest.approx(0.1 - 0.5 * 0.2, abs=1e-6)
    assert scores.means["mae"] == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize(("change", "why"), [("few", "shape"), ("nan", "NaN")])
def test_samples_of_other_runs_or_without_values_are_refused(change: str, why: str) -> None:
    data = fold()
    samples = np.repeat(data.test.target[None], 2, axis=0)
    if change == "few":
        samples = samples[:, 1:]
    else:
        samples[1, 2, 3, 4] = np.nan
    with pytest.raises(ModelError, match=why):
        score(forecast(data, data.test.target), data, samples=samples)


def test_coverage_and_width_are_those_of_the_intervals() -> None:
    data = fold()
    lead = data.test.inputs.lead
    residuals = np.linspace(0.01, 0.4, 40)[:, None, None] * np.ones((40, FRAMES, POINTS))
    intervals = Intervals.fit(residuals, np.tile(lead[0], (40, 1)), AXIS)
    # Errors of 0.1 to 0.35, one a run: the lower levels hold those of some runs only.
    off = np.linspace(0.1, 0.35, RUNS)[:, None, None]
    scores = score(forecast(data, data.test.target + off), data, intervals=intervals)
    for level in LEVELS:
        half = intervals.half_widths(lead, level)
        held = (off <= half).mean(axis=(1, 2))
        np.testing.assert_array_equal(scores.per_run[f"coverage-{100 * level:.0f}"], held)
        assert 0 < held.mean() <= 1
    assert scores.means["coverage-50"] < scores.means["coverage-95"]
    assert scores.means["width-90"] == pytest.approx(2 * intervals.half_widths(lead, 0.9).mean())


def test_a_forecast_that_is_not_one_is_refused() -> None:
    data = fold()
    good = data.test.target
    with pytest.raises(ModelError, match="gave a ndarray"):
        check_forecast(good, data.test)
    short = Forecast(good[:, 1:], data.test.inputs.times[:, 1:], AXIS, "made")
    with pytest.raises(ModelError, match=r"has shape \(6, 11, 200\); \(6, 12, 200\) is needed"):
        check_forecast(short, data.test)
    holed = forecast(data, good.copy())
    holed.spectra[4, 0, 0] = np.inf
    with pytest.raises(ModelError, match="1 of 6 runs.*'run-4'"):
        check_forecast(holed, data.test, data.test_ids)
    holed.spectra[4, 0, 0] = -1e20  # its square has no room in single precision
    with pytest.raises(ModelError, match="1 of 6 runs.*'run-4'"):
        check_forecast(holed, data.test, data.test_ids)
    with pytest.raises(ModelError, match="other times or wavenumbers"):
        check_forecast(Forecast(good, data.test.inputs.times, AXIS[::-1], "made"), data.test)


def test_the_subset_depends_on_the_ids_alone() -> None:
    ids = [f"run-{n}" for n in range(300)]
    chosen = {ids[at] for at in subset_of(ids)}
    assert len(chosen) == 64
    mixed = ids[::-1]
    assert {mixed[at] for at in subset_of(mixed)} == chosen
    # The smaller subset lies in the larger one.
    assert chosen < {ids[at] for at in subset_of(ids, 256)}


def test_every_measure_has_a_name_for_tables() -> None:
    assert {name for measure in MEASURES for name in measure.names} <= set(METRICS)
    for measure in MEASURES:
        assert {METRICS[name].runs for name in measure.names} == {measure.runs}
