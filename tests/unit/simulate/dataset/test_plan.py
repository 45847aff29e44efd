"""Presets, and the runs that they plan."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from opir.errors import FormatError, OptionError, UnknownNameError
from opir.simulate.dataset.parts import list_parts
from opir.simulate.dataset.plan import draw_task, plan
from opir.simulate.dataset.preset import Preset, preset_names, read_preset


def model(name: str, **additives: tuple[float, float]) -> SimpleNamespace:
    variants = SimpleNamespace(
        temperature=(273.15, 333.15), salt_concentration=(500.0, 2000.0), additives=additives
    )
    return SimpleNamespace(
        name=name, variants=variants, protocols=("formation-c10", "gitt", "sweep-slow", "unheard")
    )


SMALL = Preset(name="small", runs=40, seed=3, systems=("a", "b", "c"), part_runs=5)
MODELS = {"a": model("a"), "b": model("b", VC=(0.0, 0.05), FEC=(0.01, 0.1)), "c": model("c")}


def seven_thousand() -> tuple[Preset, dict[str, SimpleNamespace]]:
    preset = read_preset("opirspec-sim-7k")
    return preset, {name: model(name, VC=(0.0, 0.05)) for name in preset.systems}


def test_the_7k_preset_is_what_its_name_says() -> None:
    preset, models = seven_thousand()
    assert preset.runs == 7118
    tasks = plan(preset, models)
    assert len({task.id for task in tasks}) == 7118
    counts = Counter(task.system for task in tasks)
    assert len(counts) == 10
    assert max(counts.values()) - min(counts.values()) <= 1
    assert (preset.spectra.frames, preset.spectra.wavenumbers) == (64, 512)
    assert (preset.spectra.lowest, preset.spectra.highest) == (800.0, 1900.0)
    assert all(288.15 <= task.temperature <= 333.15 for task in tasks)
    assert {task.frames.kind for task in tasks} == set(preset.grids)
    assert {task.protocol for task in tasks} == {"formation-c10", "gitt", "sweep-slow"}
    assert len({task.seed for task in tasks}) == 7118
    nominal = sum(task.salt is None for task in tasks) / 7118
    assert nominal == pytest.approx(0.3, abs=0.03)
    assert all(500 <= task.salt <= 2000 for task in tasks if task.salt is not None)


def test_a_run_depends_on_its_number_alone() -> None:
    tasks = plan(SMALL, MODELS)
    assert plan(SMALL.changed(runs=7), MODELS) == tasks[:7]
    assert draw_task(SMALL, 17, MODELS) == tasks[17]
    assert plan(SMALL.changed(seed=4), MODELS)[17] != tasks[17]
    again = draw_task(SMALL, 17, MODELS, attempt=1)
    assert (again.id, again.system) == (tasks[17].id, tasks[17].system)
    assert again.seed != tasks[17].seed


def test_nominal_shares_move_nothing_else() -> None:
    plain = draw_task(SMALL.changed(nominal_salt=1.0, nominal_additives=1.0), 1, MODELS)
    varied = draw_task(SMALL.changed(nominal_salt=0.0, nominal_additives=0.0), 1, MODELS)
    assert plain.salt is None
    assert plain.additives == {}
    assert set(varied.additives) == {"VC", "FEC"}
    assert 0.01 <= varied.additives["FEC"] <= 0.1
    assert (plain.temperature, plain.protocol, plain.seed) == (
        varied.temperature, varied.protocol, varied.seed,
    )  # fmt: skip


def test_parts_hold_each_run_once_and_one_system_each() -> None:
    parts = list_parts(SMALL)
    assert sorted(i for part in parts for i in part.indices) == list(range(40))
    assert len({part.name for part in parts}) == len(parts)
    for part in parts:
        assert len(part.indices) <= 5
        assert {SMALL.systems[i % 3] for i in part.indices} == {part.name.split("-")[1]}
        assert part.ids == tuple(draw_task(SMALL, i, MODELS).id for i in part.indices)


def test_protocols_and_temperatures_can_be_given() -> None:
    preset = SMALL.changed(only=("rest 10 h",), temperature="25 degC")
    tasks = plan(preset, MODELS)
    assert {task.protocol for task in tasks} == {"rest 10 h"}
    assert {task.temperature for task in tasks} == {298.15}
    preset = SMALL.changed(temperature="20 degC to 45 degC")
    assert all(293.15 <= t.temperature <= 318.15 for t in plan(preset, MODELS))
    with pytest.raises(OptionError, match="a is known from 273.15 to 333.15 K"):
        draw_task(SMALL.changed(temperature="90 degC"), 0, MODELS)
    with pytest.raises(OptionError, match="no protocol suits a"):
        draw_task(
            SMALL.changed(protocols={"formation-c10": 0, "gitt": 0, "sweep-slow": 0}), 0, MODELS
        )


def test_presets_by_name_and_file(tmp_path: Path) -> None:
    for name in preset_names():
        preset = read_preset(name)
        assert preset.name == name
        assert Preset.from_json(preset.to_json()) == preset
    assert read_preset("shifted").domain == "shifted"
    assert read_preset("shifted").fingerprint != read_preset("opirspec-sim-7k").fingerprint
    with pytest.raises(UnknownNameError, match="opirspec-sim-7k"):
        read_preset("opirspec-sim-8k")
    path = tmp_path / "mine.toml"
    path.write_text('runs = 3\nsystems = ["a"]\n')
    assert read_preset(path) == Preset(name="mine", runs=3, systems=("a",))
    path.write_text("runs = \n")
    with pytest.raises(FormatError, match="not TOML"):
        read_preset(path)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"runs": 0}, "runs"),
        ({"temperature": "-300 degC"}, "temperature"),
        ({"temperature": "10 mV"}, "temperature"),
        ({"grids": {"uneven": 1.0}}, "unknown grid of frames"),
        ({"grids": {"even": 0.0}}, "no grid of frames"),
        ({"lowest": 1900.0}, "is empty"),
        ({"frames": 1}, "frames"),
        ({"temperature": "20 degC to 900 degC"}, "-40 to 120 degC"),
        ({"protocols": {"formation-c1": 2.0}}, "Nearest: formation-c10"),
        ({"water": (0.0, 0.01)}, "above 0"),
        ({"water": (1e-5, 0.1)}, "up to 0.05"),
        ({"systems": ("a", "a")}, "twice"),
        ({"domain": "sifted"}, "shifted"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_absurd_presets_are_refused(fields: dict[str, object], match: str) -> None:
    from opir.errors import OpirError

    with pytest.raises(OpirError, match=match):
        SMALL.changed(**fields)
