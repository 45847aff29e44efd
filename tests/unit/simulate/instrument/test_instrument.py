"""Instruments as a whole, from data files, and acquisition times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, FormatError, OptionError, UnknownNameError, ValueRangeError
from opir.simulate.instrument import (
    Instrument,
    acquisition_times,
    get_instrument,
    instrument_names,
)
from opir.simulate.instrument.effects import Noise, Resolution

AXIS = np.linspace(800, 1900, 512)
TIME = np.linspace(0, 36_000, 64)
SPECTRA = 0.3 * np.exp(-(((AXIS - 1300) / 80) ** 2)) * np.ones((64, 1))


def noise_between_frames(name: str, low: float, high: float) -> float:
    parts = (
        get_instrument(name)
        .measure(0 * SPECTRA, AXIS, TIME, np.random.default_rng(2), parts=True)
        .parts
    )
    chosen = parts["noise"][:, (low < AXIS) & (high > AXIS)]
    return float(np.diff(chosen, axis=0).std() / np.sqrt(2))


def test_the_named_instruments_are_there_and_in_order_of_merit() -> None:
    assert set(instrument_names()) == {"bench", "good", "poor", "shifted-grating"}
    for name in instrument_names():
        found = get_instrument(name)
        assert found.title
        assert found.effects
    for window in ((820, 880), (1000, 1300), (1600, 1850)):
        good, bench, poor = (noise_between_frames(n, *window) for n in ("good", "bench", "poor"))
        assert good < bench < poor


def test_bench_noise_is_of_the_magnitude_that_facts_give() -> None:
    for low in range(850, 1850, 50):
        assert 1e-4 < noise_between_frames("bench", low, low + 50) < 6e-4


@pytest.mark.parametrize("name", instrument_names())
def test_same_generator_same_bytes_and_parts_add_up(name: str) -> None:
    instrument = get_instrument(name)
    first = instrument.measure(SPECTRA, AXIS, TIME, np.random.default_rng(7), parts=True)
    again = instrument.measure(SPECTRA, AXIS, TIME, np.random.default_rng(7))
    assert first.absorbance.tobytes() == again.absorbance.tobytes()
    assert first.draws == again.draws
    assert again.parts == {}
    total = SPECTRA + sum(first.parts.values())
    np.testing.assert_allclose(total, first.absorbance, atol=1e-14)
    other = instrument.measure(SPECTRA, AXIS, TIME, np.random.default_rng(8))
    assert other.draws != first.draws


def test_changing_one_effect_leaves_the_draws_of_those_before() -> None:
    bench = get_instrument("bench")
    quiet = Instrument("quiet", (*bench.effects[:-1], Noise(per_scan=0.0)))
    first = bench.measure(SPECTRA, AXIS, TIME, np.random.default_rng(7), parts=True)
    second = quiet.measure(SPECTRA, AXIS, TIME, np.random.default_rng(7), parts=True)
    for name in ("fringes", "vapour", "drift"):
        np.testing.assert_array_equal(first.parts[name], second.parts[name])


def test_no_effect_is_the_spectrum_itself_and_no_view_of_it() -> None:
    source = SPECTRA.copy()
    found = Instrument("none").measure(source, AXIS, TIME, np.random.default_rng(0))
    np.testing.assert_array_equal(found.absorbance, source)
    assert not np.shares_memory(found.absorbance, source)


def test_an_instrument_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: Mine\neffects:\n- {effect: resolution, fwhm: 2}\n"
        "- {effect: noise, scans: 4, throughput: {low_edge: 700}}\n"
    )
    found = Instrument.from_file(path)
    assert found.name == "mine"
    assert found.effects[0] == Resolution(2)
    assert found.effects[1].throughput.low_edge == 700


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("- 1", FormatError, "mapping"),
        ("a: [", FormatError, "not YAML"),
        ("titel: x", UnknownNameError, "title"),
        ("effects: {a: 1}", FormatError, "list of mappings"),
        ("effects: [{effect: nois}]", UnknownNameError, "Nearest: noise"),
        ("effects: [{effect: noise, scan: 3}]", UnknownNameError, "Nearest: scans"),
        ("effects: [{effect: noise, per_scan: 2e-4}]", FormatError, "with a point"),
        ("effects: [{effect: noise, scans: true}]", FormatError, "not a int"),
        ("effects: [{effect: noise, throughput: 3}]", FormatError, "mapping"),
        ("effects: [{effect: noise, throughput: {edge: 3}}]", UnknownNameError, "low_edge"),
        ("effects: [{effect: noise, per_scan: -1}]", ValueRangeError, "not below 0"),
        ("effects: [{effect: noise}, {effect: noise}]", OptionError, "twice"),
    ],
)
def test_broken_files_are_refused_with_the_file_named(
    tmp_path: Path, text: str, kind: type[Exception], words: str
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(kind, match=words) as caught:
        Instrument.from_file(path)
    assert "broken.yaml" in str(caught.value)


def test_bad_spectra_and_axes_are_refused() -> None:
    bench, generator = get_instrument("bench"), np.random.default_rng(0)
    with pytest.raises(UnknownNameError, match="bench"):
        get_instrument("bensh")
    with pytest.raises(AxisError, match=r"\[time, wavenumber\]"):
        bench.measure(SPECTRA.T, AXIS, TIME, generator)
    with pytest.raises(AxisError, match="rising"):
        bench.measure(SPECTRA, AXIS, TIME[::-1], generator)
    with pytest.raises(AxisError, match="monotonic"):
        bench.measure(SPECTRA, np.zeros(512), TIME, generator)
    with pytest.raises(ValueRangeError, match="non-finite"):
        bench.measure(np.where(SPECTRA > 0.2, np.nan, SPECTRA), AXIS, TIME, generator)


@given(
    frames=st.integers(1, 80),
    spacing=st.sampled_from(["even", "early", "blocks"]),
    jitter=st.floats(0, 0.49),
    dropped=st.floats(0, 0.8),
    seed=st.integers(0, 1000),
)
def test_times_rise_from_start_to_end(frames, spacing, jitter, dropped, seed) -> None:
    found = acquisition_times(
        5000.0, frames, np.random.default_rng(seed), spacing=spacing, jitter=jitter, dropped=dropped
    )
    assert found.shape == (frames,)
    assert (np.diff(found) > 0).all()
    assert found[0] == 0
    if frames > 1:
        assert found[-1] == pytest.approx(5000)


def test_spacings_differ_as_they_say() -> None:
    def gaps(spacing: str, **more: float) -> np.ndarray:
        return np.diff(
            acquisition_times(
                6300.0, 64, np.random.default_rng(1), spacing=spacing, **{"jitter": 0.0} | more
            )
        )

    np.testing.assert_allclose(gaps("even"), 100.0)
    assert (np.diff(gaps("early")) > 0).all()
    blocks = gaps("blocks")
    assert 2 <= (blocks > 2 * np.median(blocks)).sum() <= 5
    lost = gaps("even", dropped=0.2)
    assert set(np.round(lost / lost.min()).astype(int)) >= {1, 2}
    assert np.abs(gaps("even", jitter=0.1) - 100).max() <= 20


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"duration": 0.0}, "positive time"),
        ({"frames": 0}, "at least 1"),
        ({"jitter": 0.5}, "less than 0.5"),
        ({"dropped": 0.95}, "less than 0.9"),
        ({"spacing": "odd"}, "blocks, early, even"),
    ],
)
def test_impossible_schedules_are_refused(keywords: dict[str, object], words: str) -> None:
    arguments = {"duration": 10.0, "frames": 5} | keywords
    with pytest.raises(OptionError, match=words):
        acquisition_times(generator=np.random.default_rng(0), **arguments)
