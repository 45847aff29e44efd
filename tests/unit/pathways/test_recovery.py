"""From runs to pathways: simulated ones whose truth is known, noise, and all that may be missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opir.chemistry import library
from opir.errors import AxisError, ChemistryError, OptionError, UnknownNameError
from opir.pathways.onset import find_onset
from opir.pathways.recovery import fitting_of, recover
from opir.pathways.result import Pathways
from opir.pathways.setting import setting_of
from opir.run import Run, Spectrum
from opir.run.netcdf import write_run
from opir.workers import ONE_THREAD
from opir.workflows.simulate import SimulatedRun, simulate_run

X = np.linspace(800.0, 1900.0, 200)
SETTING = setting_of(X, "lp30-graphite", library())
LEDC = SETTING.spectra[SETTING.products.index("LEDC")]
START = 3e-4 * SETTING.electrolyte_spectra.sum(axis=0)


def run_of(values: np.ndarray, **given: Any) -> Run:
    return Run.from_arrays(60.0 * np.arange(len(values)), X, values, **given)


def noise(frames: int, seed: int = 0, size: float = 1e-4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, (frames, X.size))


def growing(frames: int = 24, **given: Any) -> Run:
    """A run in which LEDC grows evenly, and nothing else."""
    amount = np.linspace(0, 1, frames)[:, None]
    return run_of(START + amount * LEDC + noise(frames), **given)


def said(found: Pathways, words: str) -> bool:
    return any(words in remark for remark in found.remarks)


def as_json(found: Pathways) -> str:
    return json.dumps(found.to_json(), allow_nan=False)


@pytest.fixture(scope="module")
def simulated() -> SimulatedRun:
    return simulate_run("lp30-graphite", "formation-c10", frames=64, wavenumbers=512, seed=3)


@pytest.fixture(scope="module")
def recovered(simulated: SimulatedRun) -> Pathways:
    return recover(simulated.run, second_way=False)


def test_the_main_reaction_of_a_simulated_run_is_found(
    simulated: SimulatedRun, recovered: Pathways
) -> None:
    found = recovered
    first = {one.name: one for one in found.found}["ec-to-ledc"]
    assert first.confidence > 0.9
    assert found.origin == "simulated"
    assert found.unexplained < 0.05
    names = [str(name) for name in simulated.truth["reaction"].values]
    true = 1e3 * simulated.truth["extents"].values[:, names.index("ec-to-ledc")]
    true = true - true[0]
    assert np.corrcoef(first.extent, true)[0, 1] > 0.98
    onset = find_onset(simulated.run.time, true, np.full(64, 1e-9), found.voltage)
    assert onset is not None
    assert first.onset is not None
    assert first.onset.time_lower <= onset.time <= first.onset.time_upper
    assert first.onset.potential is not None
    ledc = next(one for one in found.species if one.name == "LEDC")
    assert ledc.grows
    assert any(abs(band.position - 1655) < 5 and band.frames for band in ledc.bands)


def test_the_result_holds_what_it_promises(recovered: Pathways) -> None:
    found = recovered
    frames, points = found.change.shape
    assert found.fitted.shape == (frames, points)
    assert found.time.shape == (frames,)
    assert found.wavenumber.shape == (points,)
    np.testing.assert_array_equal(found.change[0], 0)
    np.testing.assert_allclose(sum(found.parts.values()), found.fitted[-1], atol=1e-9)
    assert {"electrolyte", "baseline"} <= set(found.parts)
    for one in found.species:
        assert np.all((one.lower <= one.amount) & (one.amount <= one.upper))
        assert one.amount[0] == 0
    for step in found.reactions:
        assert np.all((step.lower <= step.extent + 1e-12) & (step.extent <= step.upper))
        assert step.extent[0] == 0
        assert np.diff(step.extent).min() >= 0
        assert 0 <= step.confidence <= 1
    statuses = {"found", "possible", "not needed"}
    assert {step.status for step in found.reactions} <= statuses
    as_json(found)


def test_a_run_of_sixty_four_frames_takes_seconds(simulated: SimulatedRun, tmp_path: Path) -> None:
    # benchmarks/pathways.py says how long; this is for slow and busy machines
    write_run(simulated.run, tmp_path / "run.nc")
    code = (
        "import sys, time\n"
        "from opir.pathways.recovery import recover\n"
        "from opir.run.readers import read\n"
        "run = read(sys.argv[1])\n"
        "begin = time.perf_counter()\n"
        "found = recover(run, second_way=True)\n"
        "print(found.second_way is not None, time.perf_counter() - begin)\n"
    )
    alone = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run.nc")],
        capture_output=True, text=True, check=True, env=alone,
    )  # fmt: skip
    both, seconds = done.stdout.split()
    assert both == "True"
    assert float(seconds) < 15


def test_there_is_no_chance_in_it() -> None:
    run = growing(voltage=np.linspace(2, 0, 24))
    one, two = (recover(run, system="lp30-graphite", second_way=False) for _ in range(2))
    assert as_json(one) == as_json(two)
    np.testing.assert_array_equal(one.fitted, two.fitted)


def test_axis_direction_does_not_matter() -> None:
    run = growing()
    turned = Run.from_arrays(run.time, X[::-1], np.asarray(run.values)[:, ::-1])
    one, two = (recover(r, system="lp30-graphite", second_way=False) for r in (run, turned))
    assert [s.name for s in one.found] == [s.name for s in two.found]
    for a, b in zip(one.species, two.species, strict=True):
        assert a.name == b.name
        np.testing.assert_allclose(b.amount, a.amount, atol=1e-4)


@pytest.mark.parametrize("frames", [2, 3, 4, 6, 12, 40])
def test_nothing_is_found_in_noise(frames: int) -> None:
    for seed in range(8):
        found = recover(
            run_of(START + noise(frames, seed), voltage=np.linspace(2, 0, frames)),
            system="lp30-graphite" if seed % 2 else None,
            second_way=False,
        )
        assert not found.reactions
        assert not found.species
        assert said(found, "Nothing changes beyond the noise")
        assert found.unexplained == 0


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_nothing_is_found_where_nothing_changes_at_all(level: float) -> None:
    found = recover(run_of(np.full((10, X.size), level)))
    assert not found.species
    assert not found.reactions
    assert found.unexplained == 0
    assert said(found, "Nothing changes beyond the noise")
    as_json(found)


def test_a_parabola_is_no_change() -> None:
    draw = np.random.default_rng(0)
    lines = np.polynomial.legendre.legvander(np.linspace(-1, 1, X.size), 2).T
    found = recover(run_of(START + draw.normal(size=(20, 3)) @ lines * 0.05 + noise(20)))
    assert said(found, "Nothing changes beyond the noise")


def test_the_electrolyte_moving_makes_no_product() -> None:
    draw = np.random.default_rng(0)
    forms = 3e-4 * SETTING.electrolyte_spectra
    moved = np.cumsum(draw.normal(0, 0.02, (24, len(forms))), axis=0)
    run = run_of(START + moved @ forms + noise(24))
    found = recover(run, system="lp30-graphite", second_way=False)
    assert not found.found
    assert not [one for one in found.species if one.source == "learned"]
    assert found.unexplained < 0.02


def test_without_voltage_onsets_are_in_time_only() -> None:
    for voltage in (None, np.full(24, np.nan)):
        found = recover(growing(voltage=voltage), system="lp30-graphite", second_way=False)
        assert found.voltage is None
        assert said(found, "onsets are given in time only")
        assert said(found, "No rate constants are used, since no voltage was recorded")
        onsets = [one.onset for one in (*found.species, *found.reactions) if one.onset is not None]
        assert onsets
        assert all(onset.potential is None for onset in onsets)


def test_two_frames_are_enough_and_one_is_not() -> None:
    found = recover(growing(2, voltage=[2.0, 0.0]), system="lp30-graphite")
    assert "ec-to-ledc" in {one.name for one in found.reactions if one.status != "not needed"}
    assert said(found, "The run has 2 frames")
    assert found.second_way is None
    as_json(found)
    with pytest.raises(OptionError, match="one frame, and what forms is told by change") as caught:
        recover(run_of(START[None]))
    assert "two frames" in caught.value.remedy


def test_saturated_points_are_left_out() -> None:
    values = np.array(growing().values)
    lost = (X > 1750) & (X < 1830)
    values[:, lost] = 3.5 + noise(24, 1)[:, lost]
    found = recover(run_of(values), system="lp30-graphite", second_way=False)
    ends = f"{X[lost].min():.0f} and {X[lost].max():.0f}"
    assert said(found, f"{lost.sum()} points between {ends} cm-1 are saturated")
    np.testing.assert_array_equal(found.wavenumber, X[~lost])
    assert "LEDC" in {one.name for one in found.species}
    with pytest.raises(OptionError, match="0 points of the spectra can be used"):
        recover(run_of(values + 5))


def test_a_run_that_is_no_absorbance_is_refused() -> None:
    with pytest.raises(OptionError, match="transmittance, and absorbance is needed"):
        recover(run_of(np.full((4, X.size), 0.5), signal="transmittance"))


def test_what_the_species_cannot_explain_is_said() -> None:
    # bands that no species has, going up and down
    draw = np.random.default_rng(0)
    bands = 0.05 * np.exp(-(((X - draw.uniform(850, 1850, (25, 1))) / 4) ** 2))
    courses = np.cumsum(draw.normal(size=(24, 25)), axis=0)
    run = run_of(START + (courses - courses[0]) @ bands + noise(24))
    found = recover(run, system="lp30-graphite", second_way=False)
    assert found.unexplained > 0.5
    assert said(found, f"{found.unexplained:.0%} of the change is not explained")


def test_a_species_that_the_library_does_not_hold_is_learned() -> None:
    new = 0.05 * np.exp(-(((X - 1690) / 9) ** 2)) + 0.03 * np.exp(-(((X - 1230) / 9) ** 2))
    amount = np.linspace(0, 1, 24)
    run = run_of(START + np.outer(amount, new) + noise(24), voltage=np.linspace(2, 0, 24))
    found = recover(run, system="lp30-graphite", second_way=False)
    learned = [one for one in found.species if one.source == "learned"]
    assert learned
    assert not found.found
    np.testing.assert_allclose(found.parts[learned[0].name], new, atol=5e-3)
    assert found.unexplained < 0.05
    # beside a product of the library too
    both = run_of(
        np.asarray(run.values) + np.outer(np.sqrt(amount), LEDC), voltage=run.on_time("voltage")
    )
    found = recover(both, system="lp30-graphite", second_way=False)
    assert "ec-to-ledc" in {one.name for one in found.found}
    assert "learned" in {one.source for one in found.species}


def test_a_reaction_of_ones_own_is_weighed_beside_those_of_the_library() -> None:
    found = recover(
        growing(), system="lp30-graphite", reactions=["dmc-to-lmc"], second_way=False,
        user_reactions=["mine: 2 EC + 2 Li+ + 2 e- -> LEDC + C2H4"],
    )  # fmt: skip
    mine = next(one for one in found.reactions if one.name == "mine")
    assert mine.source == "user"
    assert mine.status == "found"
    assert mine.extent[-1] == pytest.approx(1.0, abs=0.05)


def test_a_reaction_of_ones_own_is_weighed_where_all_others_have_rate_constants(
    simulated: SimulatedRun, recovered: Pathways
) -> None:
    known = next(one for one in recovered.reactions if one.name == "ec-to-ledc")
    others = [one.name for one in recovered.reactions if one.source == "library"]
    others.remove("ec-to-ledc")
    found = recover(
        simulated.run, reactions=others, second_way=False,
        user_reactions=[f"mine: {known.equation}", "wrong: DMC + 2 Li+ + 2 e- -> CO + 2 LiOCH3"],
    )  # fmt: skip
    own = {one.name: one for one in found.reactions if one.source == "user"}
    assert own["mine"].status == "found"
    assert own["mine"].extent[-1] == pytest.approx(known.extent[-1], rel=0.15)
    assert own["wrong"].confidence < 0.5
    assert own["wrong"].extent[-1] < 0.1 * own["mine"].extent[-1]


def test_where_constants_expect_nothing_they_say_so() -> None:
    # far above where anything is reduced: what shows there is not what they expect
    quiet = run_of(
        START + noise(24),
        voltage=np.full(24, 3.0),
        system=library().systems["lp30-graphite"].system,
    )
    fitting = fitting_of(quiet)
    assert fitting is not None
    assert not np.isnan(fitting.weighed.expected).any()
    alone = fitting_of(quiet, constants=False)
    assert alone is not None
    assert np.isnan(alone.weighed.expected).all()


def test_two_that_change_the_same_are_a_sum() -> None:
    # the library's own reaction once more: whatever is said of one can be said of the other
    found = recover(
        growing(), system="lp30-graphite", reactions=["ec-to-ledc", "dmc-to-lmc"],
        second_way=False, user_reactions=["mine: 2 EC + 2 Li+ + 2 e- -> LEDC + C2H4"],
    )  # fmt: skip
    both = {one.name: one for one in found.reactions if one.name in ("mine", "ec-to-ledc")}
    assert {one.status for one in both.values()} == {"possible"}
    assert ("mine",) in both["ec-to-ledc"].alternatives
    assert ("ec-to-ledc",) in both["mine"].alternatives
    assert sum(one.extent[-1] for one in both.values()) == pytest.approx(1.0, abs=0.05)
    assert any("ec-to-ledc" in one and "mine" in one for one in found.indistinguishable)


def test_what_no_reaction_makes_is_proposed_for() -> None:
    found = recover(growing(), system="lp30-graphite", species=["LEDC", "HCO2Li"], second_way=False)
    proposed = [one for one in found.reactions if one.source == "proposed"]
    assert proposed
    assert all("HCO2Li" in one.equation for one in proposed)
    assert all(one.status == "not needed" for one in proposed)
    assert all("balances" in one.reason for one in proposed)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"system": "lp30-graphit"}, UnknownNameError, "lp30-graphite"),
        ({"species": ["LEDX"]}, UnknownNameError, "LEDC"),
        ({"reactions": ["ec-to-ledx"]}, UnknownNameError, "ec-to-ledc"),
        ({"user_reactions": ["EC + Li+ -> LEDC"]}, ChemistryError, r"Li \+1"),
        ({"references": {"mine": (1000.0, 1500.0)}}, AxisError, "'mine' covers 1000 to 1500"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    asked: dict[str, Any], error: type[Exception], words: str
) -> None:
    if "references" in asked:
        axis = np.linspace(*asked["references"]["mine"], 50)
        asked = {"references": {"mine": Spectrum.from_arrays(axis, np.ones(50))}}
    with pytest.raises(error, match=words):
        recover(growing(6), **{"system": "lp30-graphite", **asked})


def test_references_alone_are_looked_for_in_an_unknown_cell() -> None:
    other = np.exp(-(((X - 1225) / 9) ** 2))
    own = {"mine": Spectrum.from_arrays(X, LEDC), "other": Spectrum.from_arrays(X, other)}
    found = recover(growing(), references=own, second_way=False)
    assert [one.name for one in found.species] == ["mine", "other"]
    assert found.species[0].confidence > 0.99 > found.species[1].confidence
    assert found.species[0].amount[-1] == pytest.approx(1.0, abs=0.01)
    assert not found.reactions
    assert found.unexplained < 0.01


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(2, 7),
    scale=st.floats(1e-6, 1.0),
    kind=st.sampled_from(["white", "one frame", "few patterns", "products"]),
    system=st.sampled_from([None, "lp30-graphite", "napf6-carbonate-hard-carbon"]),
    gaps=st.booleans(),
)
def test_any_run_gives_valid_json(
    seed: int, frames: int, scale: float, kind: str, system: str | None, gaps: bool
) -> None:
    draw = np.random.default_rng(seed)
    values = 0.1 * scale * draw.normal(size=(frames, X.size))
    if kind == "one frame":
        values = np.zeros_like(values)
        values[draw.integers(frames)] = scale * draw.normal(size=X.size)
    elif kind == "few patterns":
        values = scale * draw.normal(size=(frames, 2)) @ draw.normal(size=(2, X.size))
    elif kind == "products":
        values += scale * draw.uniform(size=(frames, len(SETTING.products))) @ SETTING.spectra
    voltage = draw.uniform(-0.5, 5, frames)
    if gaps:
        voltage[draw.random(frames) < 0.5] = np.nan
    run = run_of(np.clip(values, -2.9, 2.9), voltage=voltage, current=draw.normal(size=frames))
    found = recover(run, system=system, second_way=frames < 6)
    json.loads(as_json(found))
    assert 0 <= found.unexplained <= 1
    assert np.isfinite(found.fitted).all()
    for step in found.reactions:
        assert np.isfinite(step.extent).all()
        assert np.isfinite([step.confidence, step.gain, step.held_out]).all()


def test_a_fitting_without_rate_constants_goes_by_spectra_alone(simulated: SimulatedRun) -> None:
    blind, sighted = fitting_of(simulated.run, constants=False), fitting_of(simulated.run)
    assert blind is not None
    assert sighted is not None
    assert np.isnan(blind.weighed.expected).all()
    assert np.isfinite(sighted.weighed.expected).all()
    assert blind.setting.reactions == sighted.setting.reactions


def test_importing_and_recovering_are_light() -> None:
    code = (
        "import sys, opir.pathways as p\n"
        "heavy = ('torch', 'matplotlib', 'scipy', 'sklearn', 'pandas')\n"
        "print([m for m in heavy if m in sys.modules])\n"
        "import numpy as np\n"
        "from opir.run import Run\n"
        "x = np.linspace(800, 1900, 120)\n"
        "grown = np.linspace(0, 1, 8)[:, None] * np.exp(-((x - 1655) / 12) ** 2)\n"
        "values = grown + np.random.default_rng(0).normal(0, 1e-3, (8, 120))\n"
        "run = Run.from_arrays(np.arange(8.0), x, values, voltage=np.linspace(2, 0, 8))\n"
        "assert p.recover(run, system='lp30-graphite').species\n"
        "print([m for m in ('torch', 'matplotlib', 'sklearn') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
