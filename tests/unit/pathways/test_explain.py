"""What a band is: the species that made it comes first, and what cannot be told is said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from opir.chemistry import library
from opir.chemistry.check import reachable
from opir.chemistry.environment import bands_in
from opir.chemistry.species import molar_absorptivity
from opir.cli import app
from opir.errors import AxisError, OptionError, UnknownNameError
from opir.pathways.bands import band_weights
from opir.pathways.candidates import candidates, content_of
from opir.pathways.explain import BandExplanation, explain_band
from opir.run import Run
from opir.run.netcdf import write_run
from opir.system import System
from opir.workflows.explain import explain_run
from opir.workflows.simulate import simulate_run
from tests.commands import command

RUNNER = CliRunner()
AXIS = np.linspace(700, 1900, 601)
RAMP = np.clip(np.linspace(-0.5, 1, 20), 0, None)


def grown(parts: dict[str, float], system: str | None = None, seed: int = 0) -> Run:
    """A run in which species of the library grow, by height of their highest band."""
    known = library()
    rng = np.random.default_rng(seed)
    base = known.species["EC"].absorptivity(AXIS)
    values = np.tile(0.5 * base / base.max(), (20, 1)) + rng.normal(0, 2e-4, (20, 601))
    for name, height in parts.items():
        shape = known.species[name].absorptivity(AXIS)
        values = values + RAMP[:, None] * height * shape / shape.max()
    return Run.from_arrays(
        60.0 * np.arange(20),
        AXIS,
        values,
        voltage=np.linspace(2.5, 0.1, 20),
        system=known.systems[system].system if system else None,
        origin="simulated",
    )


@pytest.mark.parametrize(
    ("name", "position", "system"),
    [
        ("LEDC", 1655, "lp57-graphite"),
        ("LEDC", 1318, "lp57-graphite"),
        ("LMC", 1645, None),
        ("LEMC", 1640, "lp57-graphite"),
        ("Li2CO3", 1435, "lp57-graphite"),
        ("Li2C2O4", 1325, None),
        ("poly(VC)", 1815, "lp57-vc-graphite-nmc811"),
        ("PEO", 1105, None),
        ("Na2CO3", 1440, "napf6-carbonate-hard-carbon"),
    ],
)
def test_the_species_that_grows_comes_first(name: str, position: float, system: str | None) -> None:
    found = explain_band(grown({name: 0.02}, system), position)
    assert found.changes
    assert found.position == pytest.approx(position, abs=12)  # bands of one species overlap
    first = found.candidates[0]
    assert name in (first.species, *first.twins)
    assert first.support is not None
    assert first.support > 0.6


def test_when_it_sets_in_and_by_how_much() -> None:
    found = explain_band(grown({"LEDC": 0.02}), 1655)
    assert found.band is not None
    shape = library().species["LEDC"].absorptivity(AXIS)
    weights = band_weights(AXIS, found.band.position, found.band.width)
    assert found.height == pytest.approx(0.02 * (shape / shape.max()) @ weights, rel=0.05)
    assert 6 <= found.band.frames[0] <= 9  # the ramp leaves zero after frame 6
    assert found.time == 60.0 * found.band.frames[0]
    assert found.potential == pytest.approx(2.5 - 2.4 / 19 * found.band.frames[0])


def test_noise_only_is_no_change_and_candidates_are_still_told() -> None:
    found = explain_band(grown({}), 1655)
    assert not found.changes
    assert found.band is found.time is found.potential is None
    assert found.error is not None
    assert abs(found.height or 0) < 5 * found.error
    assert "LEDC" in {c.species for c in found.candidates}
    assert all(c.support is None for c in found.candidates)


def test_one_frame_cannot_change() -> None:
    found = explain_band(grown({"LEDC": 0.02}).frames([19]), 1655)
    assert found.height is None
    assert found.candidates
    assert any("one frame" in remark for remark in found.remarks)


def test_the_same_bands_cannot_be_told_apart_and_it_is_said() -> None:
    found = explain_band(grown({"LMC": 0.02}), 1645)
    (twin,) = [d for d in found.distinctions if d.same]
    assert {twin.first, twin.other} == {"LMC", "LMC(dissolved)"}
    assert "cannot tell" in twin.statement
    scores = {c.species: c.score for c in found.candidates}
    assert scores["LMC"] == pytest.approx(scores["LMC(dissolved)"])


def test_what_would_tell_apart_is_seen_or_missing() -> None:
    found = explain_band(grown({"LEDC": 0.02}, "lp57-graphite"), 1655)
    against = next(d for d in found.distinctions if d.other == "Li2C2O4")
    states = {(b.of, round(b.position)): b.state for b in against.bands}
    assert states["LEDC", 1400] == "seen"
    assert states["Li2C2O4", 775] == "missing"


def test_free_turning_into_coordinated_is_an_exchange() -> None:
    known = library().species["EMC"]
    change = molar_absorptivity(bands_in(known, "Li_coordinated", "free"), AXIS)
    change = change - known.absorptivity(AXIS, "free")
    run = grown({}, "lp57-graphite")
    values = run.values + RAMP[:, None] * 0.02 * change / np.abs(change).max()
    moved = Run.from_arrays(run.time, AXIS, values, system=run.system)
    first = explain_band(moved, 1717).candidates[0]
    assert (first.species, first.environment, first.exchange) == ("EMC", "Li_coordinated", "free")
    assert all(check.state != "missing" for check in first.checks)


def test_direction_of_the_axis_does_not_matter() -> None:
    run = grown({"LEDC": 0.02})
    turned = Run.from_arrays(run.time, AXIS[::-1], run.values[:, ::-1])
    one, two = explain_band(run, 1655), explain_band(turned, 1655)
    assert [c.species for c in one.candidates] == [c.species for c in two.candidates]
    assert one.height == pytest.approx(two.height)


def test_candidates_by_position_alone() -> None:
    found = candidates(1803, system="lp57-graphite")
    assert (found[0].species, found[0].environment) == ("EC", "free")
    assert found[0].presence == "component"
    assert found[0].tag == library().species["EC"].bands("free")[0].position.tag
    everywhere = candidates(1650)
    assert {c.presence for c in everywhere} == {"unknown"}
    bob = next(c for c in candidates(1650, system="lp57-graphite") if c.species == "Li2BC3O6")
    assert bob.presence == "not expected"
    assert bob.score < 0.2
    assert candidates(2600) == ()


@pytest.mark.parametrize("name", sorted(library().systems))
def test_what_a_system_can_hold_is_what_its_reactions_reach(name: str) -> None:
    model = library().systems[name]
    held = reachable(library(), model)[0]
    content = content_of(name)
    assert content.cation == model.solvation.cation
    reached = content.components | set(content.made_by)
    assert reached <= held | {f"{c}({e})" for c in ("Li", "Na") for e in ("working", "counter")}
    if not model.variants.additives:
        absorbs = {n for n in held if library().species[n].environments}
        assert absorbs <= reached


def test_a_system_outside_the_library_uses_all_reactions() -> None:
    own = System(
        name="mine",
        electrolyte=[
            {"name": "EC", "role": "solvent"},
            {"name": "LiPF6", "role": "salt"},
            {"name": "unobtainium", "role": "additive"},
        ],
    )
    content = content_of(own)
    assert content.presence("LEDC") == "product"
    assert content.presence("SEDC") == "not expected"
    assert content.unknown == ("unobtainium",)
    found = explain_band(grown({"LEDC": 0.02}), 1655, system=own)
    assert any("unobtainium" in remark for remark in found.remarks)


def test_bad_input_is_named() -> None:
    run = grown({})
    with pytest.raises(OptionError, match="700 to 1900"):
        explain_band(run, 2300)
    with pytest.raises(OptionError, match="700 to 1900"):
        explain_band(run, float("nan"))
    with pytest.raises(UnknownNameError, match="lp57-graphite"):
        explain_band(run, 1650, system="lp57")
    with pytest.raises(AxisError, match="frames"):
        explain_band(run, 1650, change=np.zeros((3, 601)))
    light = Run.from_arrays([0, 1], AXIS, np.full((2, 601), 0.5), signal="transmittance")
    with pytest.raises(OptionError, match="absorbance is needed"):
        explain_band(light, 1650)
    with pytest.raises(OptionError, match="above 0"):
        candidates(-1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explain") / "run.nc"
    simulate_run("lp57-graphite", "formation-c10", frames=12, wavenumbers=256, out=path)
    return path


def test_the_command_prints_sentences(simulated: Path) -> None:
    shown = RUNNER.invoke(app, ["explain", str(simulated), "--band", "1650"])
    assert shown.exit_code == 0
    assert "simulated absorbance, 12 frames, 800 to 1900 cm-1" in shown.output
    assert "it grows by" in shown.output
    assert "LEDC" in shown.output
    assert "What tells" in shown.output
    assert "nan" not in shown.output


def test_the_command_prints_json_alone(simulated: Path) -> None:
    words = ["explain", str(simulated), "-b", "1650", "--json", "--system", "lp57-graphite"]
    data = json.loads(RUNNER.invoke(app, words).stdout)
    assert data["origin"] == "simulated"
    assert data["changes"] is True
    assert data["candidates"][0]["species"] == "LEDC"
    assert data["candidates"][0]["checks"]
    text = json.dumps(data, allow_nan=False)
    assert set(BandExplanation.__dataclass_fields__) <= set(json.loads(text))


def test_the_command_names_what_is_wrong(simulated: Path, tmp_path: Path) -> None:
    for words, said in (
        ([str(simulated), "--band", "2650"], "800 to 1900"),
        ([str(simulated), "--band", "1650", "--system", "lp57"], "Nearest"),
        ([str(tmp_path / "none.nc"), "--band", "1650"], "none.nc"),
    ):
        ended = command("explain", *words)
        assert ended.status == 2
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr


def test_transmittance_and_single_spectra_are_taken(tmp_path: Path) -> None:
    run = grown({"LEDC": 0.02}, "lp57-graphite")
    light = Run.from_arrays(
        run.time, AXIS, 10.0**-run.values, signal="transmittance", system=run.system
    )
    found = explain_run(write_run(light, tmp_path / "light.nc"), 1655)
    assert found.explanation.candidates[0].species == "LEDC"
    assert any("turned into absorbance" in note for note in found.notes)
    one = explain_run(write_run(run.frames([19]), tmp_path / "one.nc"), 1655)
    assert "one frame" in one.to_text()
    assert "LEDC" in one.to_text()


def test_importing_needs_no_torch_and_no_matplotlib() -> None:
    code = (
        "import sys, opir.workflows.explain; "
        "print([m for m in ('torch', 'matplotlib') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout.strip() == "[]"
