"""One's own files: what they add, what is refused and how; names in every spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from opir.chemistry import library
from opir.errors import ChemistryError, FormatError, OpirError, UnitError, UnknownNameError

SPECIES = """
species:
  MP:
    title: methyl propionate
    formula: C4H8O2
    phase: liquid
    aliases: [methyl propanoate]
    smiles: CCC(=O)OC
    density: {value: 0.915, unit: g cm-3, tag: recalled}
    environments:
      free:
        - [1742, 0.7, 20, recalled guessed guessed, "C=O"]
"""
REACTION = """
reactions:
  mp-to-propionate:
    equation: MP + Li+ + e- -> C2H5CO2Li + 1/2 C2H6
    law: tafel
    electrode: working
    orders: {MP: 1}
    parameters:
      rate_constant: {value: 1e-9, unit: mol m-2 s-1, tag: guessed}
      potential: {value: 900, unit: mV, tag: guessed}
      transfer_coefficient: {value: 0.5, unit: "1", tag: guessed}
      limiting_rate: {value: 2e-6, unit: mol m-2 s-1, tag: guessed}
      activation_energy: {value: 38, unit: kJ mol-1, tag: guessed}
"""


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_own_species_and_reactions_are_added(tmp_path: Path) -> None:
    path = write(tmp_path, SPECIES + REACTION)
    for given in (path, tmp_path):
        made = library([given])
        assert made.species["MP"].molar_mass == pytest.approx(0.08811, abs=1e-5)
        parameters = made.reactions["mp-to-propionate"].parameters
        assert parameters["potential"].value == pytest.approx(0.9)
        assert parameters["activation_energy"].value == pytest.approx(38000)
        assert made.origins["reactions mp-to-propionate"] == path
    assert "MP" not in library().species


def test_a_known_name_is_replaced_only_when_asked(tmp_path: Path) -> None:
    text = "species:\n  LMC: {formula: CH3OCO2Li, phase: solid, title: mine}\n"
    with pytest.raises(ChemistryError, match="'LMC' is there already.*override: true"):
        library([write(tmp_path, text)])
    made = library([write(tmp_path, text.replace("title: mine", "title: mine, override: true"))])
    assert made.species["LMC"].title == "mine"
    with pytest.raises(ChemistryError, match="replace one that is not there"):
        library([write(tmp_path, text.replace("LMC", "LMX").replace("mine", "x, override: true"))])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (REACTION, "unknown species 'MP'"),
        (SPECIES + REACTION.replace("1/2 C2H6", "C2H6"), r"C \+1, H \+3"),
        (SPECIES + REACTION.replace("MP + Li+ + e-", "MP + Li+"), r"charge -1|electrons|balance"),
        (SPECIES + REACTION.replace("unit: mV", "unit: mA"), "'mA' is not a unit of voltage"),
        (SPECIES + REACTION.replace("900", "90000"), "outside"),
        (SPECIES + REACTION.replace("tafel", "taffel"), "unknown law 'taffel'. Nearest: tafel"),
        (SPECIES + REACTION.replace("    electrode: working\n", ""), "electrode: working"),
        (SPECIES + REACTION.replace("limiting_rate", "limit"), "unknown parameter 'limit'"),
        (SPECIES + REACTION.replace("value: 1e-9", "value: small"), "a number is needed"),
        (SPECIES + REACTION.replace("value: 1e-9", "value: .nan"), "finite"),
        (SPECIES + REACTION.replace("tag: guessed", "tag: sure", 1), "sourced"),
        (SPECIES.replace("formula: C4H8O2", "formula: C4H8Q2"), "unknown element 'Q'"),
        (SPECIES.replace("1742", "17420"), "no fundamental of the mid infrared"),
        (SPECIES.replace("0.7, 20", "0.7, 0"), "wide"),
        (SPECIES.replace("recalled guessed guessed", "recalled guessed"), "three tags"),
        (SPECIES.replace("aliases: [methyl propanoate]", "aliases: [ethylene carbonate]"),
         "belongs to MP already|belongs to EC already"),
        (SPECIES.replace("density", "densty"), "unknown field 'densty'. Nearest: density"),
        (SPECIES.replace("    phase: liquid\n", ""), "missing"),
        (SPECIES + SPECIES.replace("species:", "").strip("\n") + "\n", "stands twice"),
        ("- a list\n", "mapping of sections"),
        ("species: [\n", "not YAML"),
        ("molecules: {}\n", "unknown field 'molecules'"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(OpirError, match=said) as error:
        library([path])
    assert str(path) in str(error.value)


def test_kinds_of_errors(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        library([tmp_path / "none.yaml"])
    with pytest.raises(UnitError):
        library([write(tmp_path, SPECIES + REACTION.replace("unit: mV", "unit: mA"))])
    with pytest.raises(UnknownNameError):
        library([write(tmp_path, REACTION)])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FormatError, match="no YAML"):
        library([empty])


def test_all_faults_are_counted(tmp_path: Path) -> None:
    text = SPECIES + REACTION.replace("1/2 C2H6", "C2H6").replace("MP + Li+", "MP + 2 Li+")
    text += REACTION.replace("reactions:\n", "").replace("mp-to-", "mq-to-").replace("1/2 ", "3 ")
    with pytest.raises(ChemistryError, match="1 more fault"):
        library([write(tmp_path, text)])


ELECTRODE = """
electrodes:
  mine:
    kind: insertion
    ion: Li
    window: [0.0, 3.0]
    open_circuit: {tag: guessed, table: [[0, 1.0], [0.5, 0.5], [1, 0.1]]}
    parameters:
      specific_capacity: {value: 360, unit: mA h g-1, tag: guessed}
      specific_surface_area: {value: 3, unit: m2 g-1, tag: guessed}
      exchange_current_density: {value: 0.3, unit: A m-2, tag: guessed}
      exchange_activation_energy: {value: 35, unit: kJ mol-1, tag: guessed}
      double_layer_capacitance: {value: 10, unit: uF cm-2, tag: guessed}
      diffusion_time: {value: 20, unit: min, tag: guessed}
      diffusion_strength: {value: 30, unit: mV, tag: guessed}
      initial_degree: {value: 0, unit: "1", tag: guessed}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[0.5, 0.5]", "[0.5, 1.5]", "rises or stays at degree 0.5"),
        ("[0.5, 0.5]", "[1.5, 0.5]", "do not rise"),
        ("[1, 0.1]", "[0.9, 0.1]", "reaches from 0 to 0.9"),
        ("[0.0, 3.0]", "[3.0, 0.0]", "lower potential first"),
        ("[0.5, 0.5]", "[0.5, 50]", "outside"),
        ("ion: Li", "ion: K", "'Li' or 'Na'"),
    ],
)
def test_electrodes_make_sense(tmp_path: Path, old: str, new: str, said: str) -> None:
    good = library([write(tmp_path, ELECTRODE)]).electrodes["mine"]
    assert good.parameters["double_layer_capacitance"].value == pytest.approx(0.1)
    assert good.parameters["diffusion_time"].value == 1200
    with pytest.raises(OpirError, match=said):
        library([write(tmp_path, ELECTRODE.replace(old, new))])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EC", "EC"), ("ethylene carbonate", "EC"), ("Ethylene Carbonate", "EC"),
        ("C1COC(=O)O1", "EC"), ("C3H4O3", "EC"), ("diglyme", "G2"), ("COCCOCCOC", "G2"),
        ("monoglyme", "DME"), ("C4H4O6Li2", "LEDC"), ("(CH2OCO2Li)2", "LEDC"), ("LiF", "LiF"),
        ("Li2CO3", "Li2CO3"), ("CLi2O3", "Li2CO3"), ("water", "H2O"), ("CO2(dissolved)", "CO2"),
    ],
)  # fmt: skip
def test_species_by_any_name(text: str, name: str) -> None:
    assert library().find_species(text).name == name


def test_a_formula_of_several_is_refused_with_their_names() -> None:
    with pytest.raises(ChemistryError, match="Write one of these names") as error:
        library().find_species("C2H3O3Li")
    assert "LMC" in str(error.value)
    assert "LMC(dissolved)" in str(error.value)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    known = library()
    with pytest.raises(UnknownNameError, match="ethylene carbonate"):
        known.find_species("ethylen carbonate")
    with pytest.raises(UnknownNameError, match="lp30-graphite"):
        known.systems["lp30-grafite"]
    with pytest.raises(UnknownNameError, match="ec-to-ledc"):
        known.reactions["ec-to-lecd"]
    with pytest.raises(UnknownNameError, match="graphite"):
        known.find_electrode("grafite")
    with pytest.raises(UnknownNameError, match="Li_coordinated"):
        known.species["EC"].bands("Li_cordinated")


def test_electrodes_by_alias() -> None:
    known = library()
    assert known.find_electrode("NMC811").name == "nmc811"
    assert known.find_electrode("LiFePO4").name == "lfp"


def test_the_built_in_library_is_read_once() -> None:
    assert library() is library()


def own_system(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy of a built-in system under another name, with texts replaced."""
    source = next(p for k, p in library().origins.items() if k == "systems lp30-graphite")
    text = source.read_text("utf-8").replace("lp30-graphite:", "mine:")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return write(folder, text)


def test_an_own_system_is_added(tmp_path: Path) -> None:
    made = library([own_system(tmp_path, ("amount: 1.0, unit: mol/L", "amount: 500, unit: mM"))])
    assert made.systems["mine"].system.name == "mine"
    assert made.systems["mine"].system.amounts("salt") == {"LiPF6": (0.5, "mol/L")}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- ec-to-ledc", "- ec-to-lecd", "unknown reaction 'ec-to-lecd'. Nearest: .*ec-to-ledc"),
        ("- ec-to-ledc", "- ec-to-ledc\n    - ec-to-ledc", "lists ec-to-ledc twice"),
        ("working: graphite", "working: grafite", "unknown electrode 'grafite'. Nearest: graphite"),
        ("temperature: 25 degC", "temperature: 25", "25 K is outside"),
        ("temperature: 25 degC", "temperature: 9000 K", "outside"),
        ("name: LiPF6", "name: LiPF7", "unknown species 'LiPF7'"),
        ("role: solvent", "role: solvant", "solvant"),
        ("window: [0.01, 2.5]", "window: [2.5, 0.01]", "lower potential first"),
        ("window: [0.01, 2.5]", "window: [0.01, 250]", "outside"),
        ("window: [0.01, 2.5]", "window: [0.01, 4.0]", "not within that of graphite, 0 to 3.2 V"),
        ("law: tunnelling", "law: tuneling", "unknown law 'tuneling'. Nearest: tunnelling"),
        ("decay_length", "decay", "unknown parameter 'decay'"),
        ("salt_concentration: [0.5 M, 1.5 M]", "salt_concentration: [1.5 M, 0.5 M]", "wrong way"),
        ("temperature: [15 degC, 60 degC]", "temperature: [15 mV, 60 degC]", "not a unit"),
        ("unit: ppm", "unit: ppb", "'ppb' is not a unit"),
    ],
)  # fmt: skip
def test_systems_make_sense(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = own_system(tmp_path, (old, new))
    with pytest.raises(OpirError, match=said) as error:
        library([path])
    assert "own.yaml" in str(error.value)


def test_yaml_that_unfolds_without_end_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    for text in ("\n".join(lines), "systems: {mine: {title: " + "[" * 5000 + "]" * 5000 + "}}"):
        with pytest.raises(OpirError):
            library([write(tmp_path, text)])
    bomb = own_system(tmp_path, ("Swagelok", "*a9")).read_text("utf-8")
    anchors = "\n".join(
        ["citations:"] + [f"  c{i}: {{text: {line.split(': ', 1)[1]}}}" for i, line in
                          enumerate(lines[:10])]
    )  # fmt: skip
    with pytest.raises(OpirError):
        library([write(tmp_path, anchors + "\n" + bomb)])
