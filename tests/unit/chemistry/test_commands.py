"""opir chemistry list, show and check, and the pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opir.chemistry import library
from opir.cli import app
from opir.errors import OptionError, OutputExistsError
from opir.plots.network import reaction_network
from opir.plots.species import species_spectrum
from opir.workflows.chemistry import card, check, draw, find, listing

RUNNER = CliRunner()


@pytest.mark.parametrize("kind", ["species", "reactions", "systems", "electrodes"])
def test_lists_name_everything(kind: str) -> None:
    names = set(getattr(library(), kind))
    assert {row["name"] for row in listing(kind)} == names
    printed = RUNNER.invoke(app, ["chemistry", "list", kind])
    assert printed.exit_code == 0
    assert all(name in printed.output for name in names)
    data = json.loads(RUNNER.invoke(app, ["chemistry", "list", kind, "--json"]).output)
    assert {row["name"] for row in data} == names


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="species"):
        listing("specie")


@pytest.mark.parametrize("kind", ["species", "reactions", "systems", "electrodes"])
def test_every_item_has_a_card_with_its_tags(kind: str) -> None:
    known = library()
    for item in getattr(known, kind).values():
        text = card(item, known)
        assert text.startswith(item.name)
        assert any(tag in text for tag in ("guessed", "recalled", "derived", "sourced")) or (
            getattr(item, "law", "") == "exchange"
        )


def test_cards_cite_what_was_read() -> None:
    item, known = find("ethylene carbonate")
    text = card(item, known)
    assert "1803.0" in text
    assert "recalled" in text
    assert "10.1149/1945-7111/abff35" in text


def test_show_prints_json() -> None:
    shown = RUNNER.invoke(app, ["chemistry", "show", "LEDC", "--json"])
    data = json.loads(shown.output)
    assert data["elements"] == {"C": 4, "H": 4, "O": 6, "Li": 2}
    assert data["environments"]["film"][0]["intensity"]["tag"] == "computed"
    system = json.loads(RUNNER.invoke(app, ["chemistry", "show", "lp30-lto", "--json"]).output)
    assert system["system"]["electrolyte"][0]["name"] == "EC"


def test_pictures_are_written_and_not_overwritten(tmp_path: Path) -> None:
    for name in ("LEDC", "lp30-graphite"):
        item, known = find(name)
        out = tmp_path / f"{name}.png"
        assert draw(item, known, out) == out
        assert out.stat().st_size > 10_000
        with pytest.raises(OutputExistsError):
            draw(item, known, out)
        draw(item, known, out, overwrite=True)
    item, known = find("ec-to-ledc")
    with pytest.raises(OptionError, match="no picture"):
        draw(item, known, tmp_path / "x.png")
    item, known = find("LiF")
    with pytest.raises(OptionError, match="no bands"):
        draw(item, known, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


def test_spectra_fall_from_left_to_right_and_say_what_they_are() -> None:
    figure = species_spectrum(library().species["EC"])
    axes = figure.axes[0]
    left, right = axes.get_xlim()
    assert left > right
    assert len(axes.lines) == len(library().species["EC"].environments)
    assert "computed from library bands" in [t.get_text() for t in axes.texts]
    assert "1803" in [t.get_text() for t in axes.texts]


@pytest.mark.parametrize("name", library().systems)
def test_networks_show_each_reaction_once(name: str) -> None:
    known = library()
    model = known.systems[name]
    figure = reaction_network(model, known)
    texts = [t.get_text() for t in figure.axes[0].texts]
    marks = [t for t in texts if t.endswith(" V") or t in
             ("chemical", "surface", "dissolves", "evolves")]  # fmt: skip
    assert len(marks) == len(model.reactions)
    for solvent in (c.name for c in model.system.electrolyte if c.role == "solvent"):
        assert solvent in texts


def test_check_of_the_built_in_library_finds_no_error() -> None:
    findings, tags = check()
    assert [f for f in findings if f.level == "error"] == []
    assert tags["guessed"] > 0
    assert RUNNER.invoke(app, ["chemistry", "check"]).exit_code == 0


def test_check_names_all_faults_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "species:\n"
        "  A: {formula: C2H4O, phase: liquid}\n"
        "  B: {formula: C2H4Zz, phase: liquid}\n"
        "reactions:\n"
        "  wrong: {equation: A -> EC, law: chemical}\n"
        "  worse: {equation: A -> nothing, law: chemical}\n",
        encoding="utf-8",
    )
    findings, _ = check([path])
    text = "\n".join(map(str, findings))
    assert "unknown element 'Zz'" in text
    assert "C +1, O +2" in text
    assert "unknown species 'nothing'" in text
    assert len(findings) == 3
    assert RUNNER.invoke(app, ["chemistry", "check", str(path)]).exit_code == 1


def test_check_tells_of_loose_ends(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("species:\n  A: {formula: C2H4O, phase: liquid}\n", encoding="utf-8")
    findings, _ = check([path])
    assert [str(f) for f in findings] == ["warning: species A: no system can come to hold it"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("working: graphite", "working: silicon", "'graphite' is computed as silicon"),
        ("        DMC: {value", "        DEC: {value", "DMC has no preference in solvation"),
        ("        DMC: {value", "        DEC: {value", "solvation names DEC, which is not"),
    ],
)
def test_check_sees_descriptions_that_are_not_computed(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    source = next(p for k, p in library().origins.items() if k == "systems lp30-graphite")
    text = source.read_text("utf-8").replace("lp30-graphite:", "mine:")
    assert old in text
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    assert not [f for f in check([path])[0] if f.place == "system mine"]
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert any(said in str(f) for f in check([path])[0])


def test_check_sees_absurd_electrolytes(tmp_path: Path) -> None:
    source = next(p for k, p in library().origins.items() if k == "systems lp30-graphite")
    text = source.read_text("utf-8").replace("lp30-graphite:", "mine:")
    path = tmp_path / "own.yaml"
    for new, said in (
        ("amount: 30", "no room"),
        ("amount: 9", "more than dissolves"),
    ):
        path.write_text(text.replace("amount: 1.0, unit: mol/L", f"{new}, unit: mol/L"), "utf-8")
        findings, _ = check([path])
        assert [f for f in findings if f.level == "error" and said in f.text]
    path.write_text(text.replace("name: LiPF6", "name: NaPF6"), "utf-8")
    findings, _ = check([path])
    assert [f for f in findings if "no Li+" in f.text]


def test_own_files_are_listed_with_the_others(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("species:\n  A: {formula: C2H4O, phase: liquid}\n", encoding="utf-8")
    shown = RUNNER.invoke(app, ["chemistry", "show", "A", "--library", str(path)])
    assert shown.exit_code == 0
    assert "C2H4O" in shown.output
    assert " A " not in RUNNER.invoke(app, ["chemistry", "list", "species"]).output
