"""The built-in library: every reaction balances, every value says where it is from."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from opir.chemistry import TAGS, library
from opir.chemistry.check import all_values, count_tags, examine, reachable
from opir.chemistry.equation import imbalance
from opir.chemistry.formula import parse_formula
from opir.chemistry.laws import ELECTRODE, LAWS, TRANSPORT
from opir.quantities import QUANTITIES

LIBRARY = library()
TEN = {
    1: "lp30-graphite", 2: "lp57-graphite-nmc622", 3: "lp57-vc-graphite-nmc811", 4: "fec-silicon",
    5: "lp57-lithium", 6: "lp30-lto", 7: "libob-graphite", 8: "litfsi-dme-lithium",
    9: "napf6-carbonate-hard-carbon", 10: "napf6-diglyme-hard-carbon",
}  # fmt: skip
UNITS = {item.unit for item in QUANTITIES.values()}


@pytest.fixture(scope="module")
def shared_chemistry() -> Path:
    folder = Path(__file__).resolve().parents[4] / "shared" / "chemistry"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/chemistry with the computed intensities is absent")
    return folder


@pytest.mark.parametrize("name", LIBRARY.reactions)
def test_reactions_balance(name: str) -> None:
    """Again from the rounded stoichiometry, elements counted from the formula, not as loaded."""
    reaction = LIBRARY.reactions[name]
    total: dict[str, Fraction] = {}
    for species, number in reaction.stoichiometry.items():
        item = LIBRARY.species[species]
        exact = Fraction(number).limit_denominator(1000)
        for key, count in [*parse_formula(item.formula).items(), ("charge", item.charge)]:
            total[key] = total.get(key, Fraction(0)) + exact * count
    assert {key: value for key, value in total.items() if value} == {}
    assert not imbalance(
        {n: Fraction(x).limit_denominator(1000) for n, x in reaction.stoichiometry.items()},
        LIBRARY.species,
    )


@pytest.mark.parametrize("name", LIBRARY.reactions)
def test_reactions_are_complete(name: str) -> None:
    reaction = LIBRARY.reactions[name]
    assert set(LAWS[reaction.law].needed) <= set(reaction.parameters)
    assert reaction.electrons == -reaction.stoichiometry.get("e-", 0)
    if reaction.law == "tafel":
        assert reaction.orders, "a rate without orders never ends"
        assert reaction.electrons > 0 if reaction.electrode == "working" else True
    if reaction.law in ("tafel", "chemical", "surface"):
        needed = set(reaction.reactants) - {"e-", "Li+", "Na+", "O(lattice)"}
        assert needed <= set(reaction.orders), "it would go on without its reactant"


def test_every_value_has_tag_and_unit_inside() -> None:
    values = list(all_values(LIBRARY))
    assert len(values) > 2000
    for place, value in values:
        assert value.tag in TAGS, place
        assert value.unit in UNITS, place
        assert np.isfinite(value.value), place
        if value.tag in ("sourced", "computed", "computed-here", "fitted"):
            assert value.source, place
    counts = count_tags(LIBRARY)
    assert sum(counts.values()) == len(values)
    assert list(counts) == list(TAGS)


def test_no_position_or_width_claims_more_than_it_is() -> None:
    """All positions and widths are recalled or guessed: nothing was read at a source."""
    for place, value in all_values(LIBRARY):
        if place.endswith((" position", " width", " lorentzian")):
            assert value.tag in ("recalled", "guessed"), place


def test_no_rate_constant_is_passed_off_as_known() -> None:
    for name, reaction in LIBRARY.reactions.items():
        for parameter in ("rate_constant", "limiting_rate"):
            if parameter in reaction.parameters:
                assert reaction.parameters[parameter].tag in ("guessed", "recalled", "fitted"), name


def test_bands_lie_in_the_mid_infrared() -> None:
    for species in LIBRARY.species.values():
        for bands in species.environments.values():
            for band in bands:
                assert 400 <= band.position.value <= 4000
                assert 0 <= band.intensity.value <= 5
                assert 0 < band.width.value <= 200
                assert 0 <= band.lorentzian.value <= 1


def test_computed_intensities_are_those_of_the_tables(shared_chemistry: Path) -> None:
    tables = {
        "S38": json.loads((shared_chemistry / "dft_ir_rnmc.json").read_text()),
        "xtb_ir": json.loads((shared_chemistry / "xtb_ir.json").read_text()),
    }
    pattern = re.compile(r"^(S38|xtb_ir) (\S+) \(?([\d+]+)\)?(?:/(\d))?$")
    checked = 0
    for place, value in all_values(LIBRARY):
        if not place.endswith(" intensity") or value.tag not in ("computed", "computed-here"):
            continue
        match = pattern.match(value.source)
        assert match, f"{place}: {value.source}"
        table = tables[match[1]]
        reference = max(strength for _, strength in table["EC"])
        left = list(table[match[2]])
        total = 0.0
        for wanted in match[3].split("+"):
            mode = min(left, key=lambda row: abs(row[0] - float(wanted)))
            assert abs(mode[0] - float(wanted)) <= 0.6, place
            left.remove(mode)
            total += mode[1]
        expected = total / reference / float(match[4] or 1)
        # Written with two digits and rounded by hand in the collection of facts.
        assert value.value == pytest.approx(expected, rel=0.07, abs=0.005), place
        checked += 1
    assert checked > 60


def test_bands_are_those_of_the_collection(shared_chemistry: Path) -> None:
    """Position, intensity and width of free solvents and films as they were collected."""
    import yaml

    collected = yaml.safe_load((shared_chemistry / "bands.yaml").read_text())
    pairs = [
        *[(collected[n]["free"], n, "free") for n in
          ("EC", "PC", "DMC", "EMC", "DEC", "FEC", "VC", "DME", "G2")],
        (collected["LEDC (CH2OCO2Li)2"]["bands"], "LEDC", "film"),
        (collected["LMC CH3OCO2Li"]["bands"], "LMC", "film"),
        (collected["Li2CO3 (crystalline/amorphous)"]["bands"], "Li2CO3", "film"),
        (collected["poly(VC)"]["bands"], "poly(VC)", "film"),
        (collected["Na equivalents"]["SEDC"], "SEDC", "film"),
        (collected["BOB-"]["bands"], "BOB-", "free"),
    ]  # fmt: skip
    for rows, name, environment in pairs:
        bands = LIBRARY.species[name].environments[environment]
        mine = [(b.position.value, b.intensity.value, b.width.value) for b in bands]
        assert mine == [tuple(map(float, row[:3])) for row in rows], name


def test_the_ten_systems_are_there() -> None:
    for number, name in TEN.items():
        assert LIBRARY.systems[name].number == number
    assert "ec-dec-carbon-black" in LIBRARY.systems
    assert "lp57-graphite" in LIBRARY.systems


@pytest.mark.parametrize("name", LIBRARY.systems)
def test_systems_can_run_all_their_reactions(name: str) -> None:
    model = LIBRARY.systems[name]
    held, running = reachable(LIBRARY, model)
    assert set(model.reactions) == running
    visible = [s for s in held if LIBRARY.species[s].environments]
    assert len(visible) >= 3
    assert {t.law for t in model.interphase.transport} <= set(TRANSPORT)
    solvents = {c.name for c in model.system.electrolyte if c.role == "solvent"}
    assert solvents <= set(model.solvation.preference)
    assert set(ELECTRODE.needed) <= set(LIBRARY.electrodes[model.working].parameters)
    assert (LIBRARY.electrodes[model.counter].kind == "insertion") == model.full_cell
    low, high = LIBRARY.electrodes[model.working].window
    if not model.full_cell:
        assert low <= model.window[0] < model.window[1] <= high


def test_reductions_begin_in_the_known_order() -> None:
    onset = {
        name: LIBRARY.reactions[name].onset.value  # type: ignore[union-attr]
        for name in ("bob-to-film", "fec-to-polymer", "vc-to-polymer", "ec-to-ledc")
    }
    assert list(onset) == sorted(onset, key=onset.__getitem__, reverse=True)


def test_ledc_does_not_dissolve_but_its_relatives_do() -> None:
    dissolving = {
        name for r in LIBRARY.reactions.values() if r.law == "dissolution" for name in r.reactants
    }
    assert {"LMC", "LEC", "SEDC"} <= dissolving
    assert "LEDC" not in dissolving


@pytest.mark.parametrize("name", LIBRARY.electrodes)
def test_open_circuit_tables(name: str) -> None:
    electrode = LIBRARY.electrodes[name]
    table = electrode.open_circuit.table
    assert table[0, 0] == 0
    assert table[-1, 0] == 1
    if electrode.kind == "insertion":
        assert (np.diff(table[:, 1]) < 0).all()
        assert len(table) >= 20


def test_graphite_and_nmc_follow_the_published_functions() -> None:
    """Chen et al. 2020, doi 10.1149/1945-7111/ab9050, away from the guessed ends."""
    x, u = LIBRARY.electrodes["graphite"].open_circuit.table.T
    inside = (x > 0.02) & (x < 0.9)
    x, u = x[inside], u[inside]
    expected = (
        1.9793 * np.exp(-39.3631 * x) + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )  # fmt: skip
    assert u == pytest.approx(expected, abs=0.006)
    x, u = LIBRARY.electrodes["nmc811"].open_circuit.table.T
    inside = (x > 0.27) & (x < 0.91)
    x, u = x[inside], u[inside]
    expected = (
        -0.8090 * x + 4.4875
        - 0.0428 * np.tanh(18.5138 * (x - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (x - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (x - 0.3120))
    )  # fmt: skip
    assert u == pytest.approx(expected, abs=0.002)


def test_the_library_does_not_contradict_itself() -> None:
    assert [str(f) for f in examine(LIBRARY) if f.level == "error"] == []


def test_spectra_integrate_to_the_intensities() -> None:
    """Area of EC's spectrum = sum of intensities x 1074 km/mol x 43.43 L mol-1 cm-2 per km/mol."""
    ec = LIBRARY.species["EC"]
    x = np.arange(-60000.0, 64000.0, 0.5)
    area = np.trapezoid(ec.absorptivity(x), x)
    total = sum(b.intensity.value for b in ec.bands())
    assert area == pytest.approx(total * 1074.428 * 43.4294, rel=1e-3)


def test_the_page_counts_the_tags_about_right() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "chemistry.md").read_text("utf-8")
    for tag, count in count_tags(LIBRARY).items():
        row = re.search(rf"^\| `{tag}` \| .* \| (\d+) \|$", page, re.MULTILINE)
        assert row, tag
        assert abs(int(row[1]) - count) <= max(15, 0.1 * count), f"{tag}: now {count}"


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "chemistry.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    path = tmp_path / "own.yaml"
    path.write_text(example[1], encoding="utf-8")
    made = library([path])
    assert made.species["MP"].bands("free")[1].intensity.value == pytest.approx(400 / 1074.428)
    assert made.reactions["mp-to-propionate"].electrons == 1


def test_the_page_counts_the_tags_as_they_are() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "chemistry.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (\d+) \|$", page, flags=re.MULTILINE))
    assert {tag: int(number) for tag, number in rows.items()} == count_tags(LIBRARY)
