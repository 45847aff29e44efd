"""Courses of cells that differ as those of one kind do, and when the spectra allow them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opir.chemistry import Reaction, library
from opir.pathways.expected import Expected, expected_extents
from opir.pathways.fit import Fit, Problem, fit_reactions
from opir.pathways.onset import find_onset
from opir.pathways.recovery import recover
from opir.pathways.refine import Courses, courses_of
from opir.pathways.setting import setting_of
from opir.pathways.varied_cells import courses_by_constants, courses_of_cells
from opir.run import Run
from opir.workflows.simulate import SimulatedRun, simulate_run

X = np.linspace(800.0, 1900.0, 160)
FRAMES, NOISE = 40, 1e-4
TIME = np.arange(FRAMES) / (FRAMES - 1)
NAMES = ("ec-to-ledc", "emc-to-lmc")
SETTING = setting_of(X, "lp57-graphite-nmc622", library(), reactions=NAMES)
START = 3e-4 * SETTING.electrolyte_spectra.sum(axis=0)


def course(begins: float) -> np.ndarray:
    """Nothing until it begins, then the square root of what is left, 1 at the end."""
    return np.sqrt(np.clip((TIME - begins) / (1 - begins), 0, 1))


def cells(shift: float = 0.0, count: int = 8) -> Expected:
    """Cells in which the second reaction begins about 0.4, and the first about 0.1, of the run."""
    rng = np.random.default_rng(1)
    late, sizes = 0.06 * rng.standard_normal((count, 2)), rng.lognormal(0, 0.3, (count, 2))
    begins = np.array([0.1, 0.4]) + shift
    usual = np.stack([course(begins[0]), 0.05 * course(begins[1])], axis=1)
    varied = [
        np.stack(
            [size[0] * course(begins[0] + by[0]), 0.05 * size[1] * course(begins[1] + by[1])],
            axis=1,
        )
        for by, size in zip(late, sizes, strict=True)
    ]
    return Expected(NAMES, usual, 0.1, varied=np.array(varied))


def made(
    begins: tuple[float, float] = (0.1, 0.4), sizes: tuple[float, float] = (1.0, 0.05)
) -> tuple[np.ndarray, Problem, Courses]:
    """True extents, and what the free fit makes of their spectra."""
    true = np.stack([size * course(at) for at, size in zip(begins, sizes, strict=True)], axis=1)
    spectra = START + true @ SETTING.signature @ SETTING.spectra
    spectra = spectra + np.random.default_rng(5).normal(0, NOISE, spectra.shape)
    problem, fit = fit_reactions(SETTING, spectra, X, np.full(X.size, NOISE))
    assert isinstance(fit, Fit)
    return true, problem, courses_of(problem, fit)


def test_a_cell_whose_constants_hold_is_known_better_than_by_the_free_fit() -> None:
    true, problem, free = made(begins=(0.12, 0.43), sizes=(1.2, 0.07))
    found = courses_of_cells(problem, cells(), free)
    assert found is not None
    assert found.held
    for column in range(2):
        off = [np.linalg.norm(one.extents[:, column] - true[:, column]) for one in (found, free)]
        assert off[0] < 0.7 * off[1]
    assert (np.diff(found.extents, axis=0) >= 0).all()
    np.testing.assert_array_equal(found.extents[0], 0)
    assert (found.extents >= 0).all()
    # and says so: nine in ten of the errors lie within the limits
    wide = 1.645 * found.extent_deviation[1:] + 1e-3
    assert np.mean(np.abs(found.extents - true)[1:] <= wide) > 0.8
    np.testing.assert_allclose(
        found.amounts, np.maximum(found.extents @ problem.setting.signature, 0), atol=1e-12
    )


def test_a_cell_whose_constants_do_not_hold_keeps_the_free_courses() -> None:
    _, problem, free = made()
    assert courses_of_cells(problem, cells(shift=0.35), free) is None
    # but of a forecast, which is no evidence against them
    held = courses_of_cells(problem, cells(shift=0.35), free, always=True)
    assert held is not None
    assert held.held


def test_how_much_of_a_cell_the_spectra_show_is_found() -> None:
    _, problem, free = made()
    usual = cells()
    assert usual.varied is not None
    tenfold = replace(usual, extents=10 * usual.extents, varied=10 * usual.varied)
    one, two = (courses_of_cells(problem, each, free) for each in (usual, tenfold))
    assert one is not None
    assert two is not None
    np.testing.assert_allclose(two.extents, one.extents, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(two.extent_deviation, one.extent_deviation, rtol=1e-6, atol=1e-9)


def test_what_the_constants_do_not_know_keeps_its_course() -> None:
    _, problem, free = made(sizes=(1.0, 0.5))
    both = cells()
    assert both.varied is not None
    first = Expected(NAMES[:1], both.extents[:, :1], 0.1, varied=both.varied[:, :, :1])
    found = courses_of_cells(problem, first, free)
    assert found is not None
    np.testing.assert_allclose(found.extents[:, 1], free.extents[:, 1], rtol=0.2, atol=0.02)


def test_few_cells_or_none_say_nothing() -> None:
    _, problem, free = made()
    assert courses_of_cells(problem, cells(count=3), free) is None
    assert courses_of_cells(problem, replace(cells(), varied=None), free) is None
    nothing = replace(cells(), extents=np.zeros((FRAMES, 2)))
    assert courses_of_cells(problem, nothing, free) is None


def test_by_constants_a_cell_is_as_large_as_its_optics_show_and_known_as_cells_are_alike() -> None:
    _, problem, free = made()
    known = cells(count=200)
    assert known.varied is not None
    found = courses_by_constants(problem, replace(known, shows=3.0), free)
    assert found is not None
    np.testing.assert_allclose(found.extents, 3 * known.extents)
    np.testing.assert_allclose(
        found.amounts, np.maximum(found.extents @ problem.setting.signature, 0), atol=1e-12
    )
    # how far cells differ, and what is known of bands
    apart = 3 * np.hypot(known.varied.std(axis=0, ddof=1), 0.05 * known.extents)
    late = TIME > 0.6
    np.testing.assert_allclose(found.extent_deviation[late], apart[late], rtol=0.1)
    # where nothing is known of the optics, as large as the spectra show
    shown = courses_by_constants(problem, known, free)
    assert shown is not None
    np.testing.assert_allclose(shown.extents[-1, 0], 1.0, rtol=0.05)
    # and what they do not expect keeps its course
    only = Expected(NAMES[:1], known.extents[:, :1], 0.1, 3.0, known.varied[:, :, :1])
    half = courses_by_constants(problem, only, free)
    assert half is not None
    np.testing.assert_allclose(half.extents[:, 1], free.extents[:, 1])
    assert courses_by_constants(problem, replace(known, varied=None), free) is None


def names_of(reactions: tuple[Reaction, ...]) -> list[str]:
    return [one.name for one in reactions]


@pytest.fixture(scope="module")
def simulated() -> SimulatedRun:
    return simulate_run(
        "lp57-graphite-nmc622", "formation-c10", frames=48, wavenumbers=256, seed=11
    )


def test_cells_that_vary_are_simulated_beside_the_usual_one(simulated: SimulatedRun) -> None:
    run = simulated.run
    voltage = run.on_time("voltage")
    assert voltage is not None
    model = library().systems["lp57-graphite-nmc622"]
    found, why = expected_extents(model, library(), run.time, voltage, None, None, varied=3)
    assert found is not None, why
    assert found.varied is not None
    assert found.varied.shape == (3, *found.extents.shape)
    ratio = found.varied[:, -1].max(axis=0) / np.maximum(found.varied[:, -1].min(axis=0), 1e-30)
    ran = found.extents[-1] > 1e-3 * found.extents[-1].max()
    assert (ratio[ran] > 1.05).all()
    assert (np.diff(found.varied, axis=1) >= 0).all()
    again, _ = expected_extents(model, library(), run.time, voltage, None, None, varied=3)
    assert again is not None
    np.testing.assert_array_equal(again.varied, found.varied)
    alone, _ = expected_extents(model, library(), run.time, voltage, None, None)
    assert alone is not None
    assert alone.varied is None
    np.testing.assert_array_equal(alone.extents, found.extents)


def test_onsets_of_a_simulated_run_are_those_of_its_cell(simulated: SimulatedRun) -> None:
    found = recover(simulated.run, second_way=False)
    assert any("rate constants varied" in remark for remark in found.remarks)
    names = [str(name) for name in simulated.truth["reaction"].values]
    extents = simulated.truth["extents"].values - simulated.truth["extents"].values[0]
    setting = setting_of(found.wavenumber, "lp57-graphite-nmc622", library())
    sizes = dict(zip(names_of(setting.reactions), setting.effect, strict=True))
    off = []
    for one in found.reactions:
        if one.confidence < 0.9 or one.onset is None:
            continue
        true = extents[:, names.index(one.name)]
        seen = found.noise / np.linalg.norm(sizes[one.name]) * true[-1] / one.extent[-1]
        level = np.full(len(true), min(seen, true[-1] / 4))
        onset = find_onset(simulated.run.time, true, level, found.voltage)
        assert onset is not None
        assert onset.potential is not None
        assert one.onset.potential is not None
        off.append(abs(onset.potential - one.onset.potential))
    assert len(off) >= 6
    assert np.median(off) < 0.06


def test_a_forecast_sets_in_when_the_constants_expect_it(simulated: SimulatedRun) -> None:
    """However late or early its bands rise."""
    run = simulated.run
    late = np.interp(run.time, run.time + 0.2 * run.time[-1], np.arange(run.time.size))
    slow = run.values[np.round(late).astype(int)]
    columns = {name: run.on_time(name) for name in ("voltage", "current")}
    made = [
        Run.from_arrays(
            run.time,
            run.wavenumber,
            values,
            on_time={name: item for name, item in columns.items() if item is not None},
            system=run.system,
            origin="forecast",
        )
        for values in (run.values, slow)
    ]
    found = [recover(each, second_way=False) for each in made]
    one, two = ({r.name: r.onset for r in each.reactions if r.confidence > 0.5} for each in found)
    # so do the species that are made, and limits leave something out
    formed = [s for s in found[0].species if s.source == "library" and s.confidence > 0.9]
    assert sum(s.onset is not None for s in formed) > 0.7 * len(formed) > 3
    wide = [o.time_upper - o.time_lower for o in one.values() if o is not None]
    assert min(wide) < 0.1 * run.time[-1]
    both = {name for name in set(one) & set(two) if one[name] and two[name]}
    assert len(both) >= 5
    for name in both:
        first, second = one[name], two[name]
        assert first is not None
        assert second is not None
        assert first.potential == pytest.approx(second.potential, abs=1e-9)
        assert first.potential_lower is not None
        assert first.potential_upper is not None
        assert first.potential_lower <= first.potential <= first.potential_upper
