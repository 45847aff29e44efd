"""Truths about processing steps, for any data and any of the steps."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.errors import OpirError
from opir.run import Run, Spectrum
from opir.run.processing import PROCESSING, Pipeline, process, undo

STEPS: list[tuple[str, dict]] = [
    ("cut", {"low": 1150, "high": 2450}),
    ("resample", {"spacing": 7.0}),
    ("resample", {"spacing": 9.0, "method": "linear"}),
    ("resample", {"spacing": 9.0, "method": "pchip"}),
    ("baseline", {"method": "asls", "lam": 1e3}),
    ("baseline", {"method": "poly", "poly_order": 2}),
    ("baseline", {"method": "snip", "max_half_window": 5}),
    ("reference_offset", {}),
    ("difference", {"reference": 1}),
    ("smooth", {"points": 7, "keep": True}),
    ("smooth", {"width": 120.0, "keep": True}),
    ("derivative", {"points": 7, "keep": True}),
    ("derivative", {"order": 2, "width": 150.0, "keep": True}),
    ("mask", {"bands": ["co2"]}),
    ("mask", {"bands": ["co2", [1300, 1400]], "cut": True}),
    ("despike", {"threshold": 6.0}),
    ("despike", {"method": "wavenumber"}),
    ("normalise", {"method": "snv"}),
    ("normalise", {"method": "max"}),
    ("normalise", {"method": "area"}),
    ("normalise", {"method": "vector"}),
]
NAMES = [f"{name}-{'-'.join(map(str, p.values()))}" for name, p in STEPS]
LINEAR = [
    (name, p)
    for name, p in STEPS
    if name in ("cut", "reference_offset", "difference", "smooth", "derivative")
    or (name == "resample" and p.get("method") != "pchip")
    or p.get("method") == "poly"
]


@pytest.fixture(autouse=True)
def _quiet():
    """Random spectra need not have a baseline that comes to rest."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*did not come to rest", category=UserWarning)
        yield


def make_run(seed: int, dtype: type = np.float64, falling: bool = True) -> Run:
    rng = np.random.default_rng(seed)
    axis = np.cumsum(rng.uniform(8, 14, 160)) + 1000
    bands = sum(
        rng.uniform(0.1, 1) * np.exp(-(((axis - rng.uniform(1000, 2700)) / 40) ** 2))
        for _ in range(5)
    )
    frames = np.linspace(0.5, 1.5, 7)[:, None]
    values = bands * frames + rng.normal(0, 0.01, (7, axis.size)) + rng.normal(0, 0.1, (7, 1))
    values[3, 40] += 5
    if falling:
        axis, values = axis[::-1], values[:, ::-1]
    return Run.from_arrays(
        np.arange(7.0) * 60, axis, values.astype(dtype), voltage=np.linspace(3, 0, 7), name="any"
    )


def flipped(data):
    return type(data)(data.dataset.isel(wavenumber=slice(None, None, -1)))


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_reversing_the_axis_commutes_with_the_step(step) -> None:
    run = make_run(3)
    there, back = process(flipped(run), [step]), flipped(process(run, [step]))
    np.testing.assert_allclose(there.wavenumber, back.wavenumber, rtol=0, atol=1e-9)
    scale = np.abs(back.values).max()
    np.testing.assert_allclose(there.values, back.values, rtol=0, atol=1e-10 * scale)
    if "masked" in back.dataset:
        np.testing.assert_array_equal(there.dataset["masked"], back.dataset["masked"])
    assert there.history == back.history


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_only_steps_that_say_so_change_the_axis(step) -> None:
    run = make_run(4)
    after = process(run, [step])
    moves = step[0] in ("cut", "resample") or step[1].get("cut")
    assert (not moves) == np.array_equal(after.wavenumber, run.wavenumber)
    np.testing.assert_array_equal(after.time, run.time)
    np.testing.assert_array_equal(after.on_time("voltage"), run.on_time("voltage"))
    assert np.isfinite(after.values).all()
    assert [s.name for s in after.history] == [step[0]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_undoing_a_step_brings_everything_back(step, dtype) -> None:
    run = make_run(5, dtype)
    after = process(run, [step])
    assert after.values.dtype == dtype
    back = undo(after)
    scale = np.abs(run.values).max()
    tolerance = 1e-12 if dtype is np.float64 else 1e-6
    np.testing.assert_allclose(back.values, run.values, rtol=0, atol=tolerance * scale)
    same = back.dataset.assign({"absorbance": run.dataset["absorbance"]})
    xr.testing.assert_identical(same, run.dataset)
    if step[0] in ("cut", "resample", "mask", "despike", "smooth", "derivative"):
        np.testing.assert_array_equal(back.values, run.values)


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=5), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_chains_are_undone_in_reverse(steps, seed: int) -> None:
    run = make_run(seed, falling=bool(seed % 2))
    data, states = run, [run]
    for step in steps:
        try:
            data = process(data, [step])
        except OpirError:
            # A step may be refused on what the others left (an empty band, a zero spectrum).
            break
        states.append(data)
    for count in range(len(states)):
        back = undo(data, count)
        before = states[len(states) - 1 - count]
        np.testing.assert_array_equal(back.wavenumber, before.wavenumber)
        assert back.history == before.history
        largest = max(np.abs(state.values).max() for state in states)
        np.testing.assert_allclose(back.values, before.values, rtol=0, atol=1e-11 * largest)
        assert set(back.dataset.variables) == set(before.dataset.variables)


@pytest.mark.parametrize(
    "step", LINEAR, ids=lambda s: f"{s[0]}-{'-'.join(map(str, s[1].values()))}"
)
def test_linear_steps_are_linear(step) -> None:
    one, two = make_run(1), make_run(1)
    other = np.random.default_rng(9).normal(size=one.values.shape)

    def done(values):
        return process(
            Run.from_arrays(one.time, one.wavenumber, values, voltage=np.zeros(7)), [step]
        ).values

    together = done(2 * two.values - 3 * other)
    apart = 2 * done(two.values) - 3 * done(other)
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-9 * np.abs(apart).max())


@pytest.mark.parametrize("step", [s for s in STEPS if s[0] != "difference"], ids=lambda s: s[0])
def test_a_run_is_processed_frame_by_frame(step) -> None:
    run = make_run(6)
    step = (step[0], {**step[1], "method": "wavenumber"}) if step[0] == "despike" else step
    whole = process(run, [step])
    alone = process(run.spectrum(2), [step])
    assert isinstance(alone, Spectrum)
    np.testing.assert_allclose(whole.values[2], alone.values, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_the_history_of_one_run_is_done_to_another(step) -> None:
    one, two = make_run(7), make_run(7)
    pipeline = Pipeline.from_history(process(one, [step]))
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    xr.testing.assert_identical(pipeline(two).dataset, process(one, [step]).dataset)


def test_every_registered_step_is_among_the_tested() -> None:
    assert set(PROCESSING) == {name for name, _ in STEPS} | {"to_absorbance"}
