"""Systems: units converted, unknown fields and contradictions refused, text round trips."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir import System
from opir.errors import FormatError, SystemDescriptionError, ValueRangeError
from opir.system import AMOUNT_UNITS, Component, Electrode, Optics

LP30 = """
name: lp30-graphite
electrolyte:
  - {name: EC, amount: 50, unit: vol%, role: solvent}
  - {name: DMC, amount: 50, unit: vol%, role: solvent}
  - {name: LiPF6, amount: 1, unit: M, role: salt}
working_electrode: {material: graphite, area: 1.54 cm2}
counter_electrode: {material: Li}
temperature: 25 degC
optics: {geometry: fibre, element: TAS, incidence_angle: 45 deg, path_length: 5 cm}
"""


def test_reads_yaml_with_units() -> None:
    system = System.from_text(LP30)
    assert system.temperature == pytest.approx(298.15)
    assert system.amounts("solvent")["EC"] == (0.5, "volume fraction")
    assert system.amounts("salt") == {"LiPF6": (1.0, "mol/L")}
    assert system.working_electrode == Electrode(material="graphite", area=1.54e-4)
    assert system.optics is not None
    assert system.optics.path_length == pytest.approx(0.05)


def test_yaml_and_json_round_trip() -> None:
    system = System.from_text(LP30)
    assert System.from_text(system.to_yaml()) == system
    assert System.from_json(system.to_json()) == system


amounts = st.none() | st.floats(0, 1)
names = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)


@given(
    components=st.lists(
        st.builds(
            dict,
            name=names,
            amount=st.floats(0, 1),
            unit=st.sampled_from(sorted(AMOUNT_UNITS)),
            role=st.sampled_from(["solvent", "salt", "additive"]),
        ),
        max_size=4,
        unique_by=lambda c: c["name"],
    ),
    temperature=st.none() | st.floats(200, 400),
)
def test_any_valid_system_round_trips(
    components: list[dict[str, object]], temperature: float
) -> None:
    try:
        system = System(electrolyte=components, temperature=temperature)
    except SystemDescriptionError as error:
        assert "add up" in str(error)
        return
    assert System.from_json(system.to_json()) == system
    assert System.from_text(system.to_yaml()) == system


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"temprature": 300}, "unknown field 'temprature'. Nearest: temperature"),
        ({"optics": {"geometry": "fibre", "elment": "TAS"}}, "Nearest: element"),
        ({"electrolyte": [{"name": "EC", "amount": 1, "unit": "spoons", "role": "solvent"}]}, "spoons"),
        ({"electrolyte": [{"name": "EC", "amount": 50, "unit": "volume fraction", "role": "solvent"}]}, "vol%"),
        ({"electrolyte": [{"name": "EC", "role": "solvent"}] * 2}, "EC twice"),
        ({"electrolyte": [{"name": "EC"}]}, "electrolyte.0.role: the field is missing"),
        ({"electrolyte": [{"name": "EC", "amount": -1, "unit": "M", "role": "salt"}]}, "greater than"),
        ({"electrolyte": [{"name": "EC", "amount": float("nan"), "unit": "M", "role": "salt"}]}, "nan"),
        ({"optics": {"geometry": "mirror"}}, "fibre"),
        ({"working_electrode": {"material": ""}}, "material"),
        ({"working_electrode": {"material": "graphite", "mass": 10}}, "'10 mg'"),
        ({"working_electrode": {"material": "graphite", "mass": 0.01, "area": 1e-4}}, "100 kg on each m2"),
    ],
)  # fmt: skip
def test_faults_are_named(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(SystemDescriptionError) as caught:
        System(**change)
    assert sentence in str(caught.value)


def test_celsius_given_as_kelvin_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="degC"):
        System(temperature=25)


def test_fractions_over_one_are_refused() -> None:
    parts = [{"name": n, "amount": 60, "unit": "vol%", "role": "solvent"} for n in ("EC", "DMC")]
    with pytest.raises(SystemDescriptionError, match=r"add up to 1\.2"):
        System(electrolyte=parts)


@pytest.mark.parametrize("text", ["", "- a list", "{unclosed", "a: b: c", "1", "? {a: 1}\n: b"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        System.from_text(text)


def test_files(tmp_path) -> None:
    (tmp_path / "lp30.yaml").write_text(LP30, encoding="utf-8-sig")
    assert System.from_file(tmp_path / "lp30.yaml").name == "lp30-graphite"
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    for name, sentence in [("missing.yaml", "no such file"), ("bad.yaml", "cannot be read")]:
        with pytest.raises(FormatError, match=sentence):
            System.from_file(tmp_path / name)


def test_units_of_amounts_are_one_inside() -> None:
    given = {"name": "LiPF6", "amount": 1200.0, "unit": "mol m-3", "role": "salt"}
    assert Component(**given) == Component(name="LiPF6", amount=1.2, unit="mol/L", role="salt")
    assert json.loads(System(optics=Optics(geometry="ATR")).to_json()) == {
        "optics": {"geometry": "ATR"}
    }
