"""Operando sets of others, through one mapping file."""

from __future__ import annotations

import pickle
import textwrap
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io

from opir.errors import (
    AxisError,
    FormatError,
    OpirError,
    OutputExistsError,
    UnitError,
    UnknownNameError,
    ValueRangeError,
)
from opir.run.importing import import_items, read_mapping
from opir.run.store import Store, validate
from opir.workflows.data import import_

RUNS, FRAMES, POINTS = 3, 4, 5
GENERATOR = np.random.default_rng(0)
SPECTRA = GENERATOR.normal(size=(RUNS, FRAMES, POINTS)).astype(np.float32)
AXIS = np.linspace(1800, 1000, POINTS)
MINUTES = np.arange(FRAMES) * 10.0
MILLIVOLTS = GENERATOR.uniform(0, 3000, (RUNS, FRAMES))
TABLE = "cell;T;protocol;frames\na;25,5;cc;4\nb;30;gitt;3\nc;40;cc;4\n"


def write_arrays(folder: Path, kind: str) -> dict[str, str]:
    """The arrays as files of a kind; name -> reference."""
    arrays = {"X": SPECTRA, "nu": AXIS, "t": MINUTES, "E": MILLIVOLTS}
    if kind == "npy":
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", values)
        return {name: f"{name}.npy" for name in arrays}
    if kind == "npz":
        np.savez(folder / "data.npz", **arrays)
    elif kind == "h5":
        with h5py.File(folder / "data.h5", "w") as file:
            for name, values in arrays.items():
                file[f"set/{name}"] = values
        return {name: f"data.h5#set/{name}" for name in arrays}
    elif kind == "mat":
        scipy.io.savemat(folder / "data.mat", arrays | {"nu": AXIS[:, None], "t": MINUTES[None]})
    elif kind == "mat73":
        # As MATLAB writes it: a block of text before the HDF5, axes in the opposite order.
        with h5py.File(folder / "data.mat", "w", userblock_size=512) as file:
            for name, values in arrays.items():
                file[name] = np.atleast_2d(values).T
        with (folder / "data.mat").open("r+b") as stream:
            stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))
    suffix = {"npz": "npz"}.get(kind, "mat")
    return {name: f"data.{suffix}#{name}" for name in arrays}


def write_mapping(folder: Path, references: dict[str, str], *, matlab: bool = False) -> Path:
    (folder / "conditions.csv").write_text(TABLE)
    column = "\n  axes: [wavenumber, one]" if matlab == "column" else ""
    row = "axes: [one, time]" if matlab else "axes: [time]"
    nu = ("axes: [wavenumber, one]" if matlab else "axes: [wavenumber]") + column
    text = f"""
    opir_import: 1
    title: Their cells
    licence: CC-BY-4.0
    source: doi:10.0000/example
    spectra: {{from: "{references["X"]}", axes: [run, time, wavenumber], unit: "1"}}
    wavenumber:
      from: "{references["nu"]}"
      unit: cm-1
      {nu}
    time: {{from: "{references["t"]}", unit: min, {row}}}
    on_time:
      voltage: {{from: "{references["E"]}", axes: [run, time], unit: mV}}
      temperature: {{from: "conditions.csv#T", unit: degC}}
      current: {{value: 2, unit: mA, sign: -1}}
    runs:
      table: conditions.csv
      id: cell
      frames: frames
      tags: {{protocol: protocol}}
    system: {{name: lp30-graphite, temperature: 25 degC}}
    """
    path = folder / "mapping.yaml"
    path.write_text(textwrap.dedent(text))
    return path


@pytest.mark.parametrize("kind", ["npz", "npy", "h5", "mat", "mat73"])
def test_arrays_of_every_kind_become_runs(tmp_path: Path, kind: str) -> None:
    mapping = write_mapping(tmp_path, write_arrays(tmp_path, kind), matlab=kind == "mat")
    if kind == "mat73":
        text = mapping.read_text().replace("axes: [time]", "axes: [one, time]")
        mapping.write_text(text.replace("axes: [wavenumber]", "axes: [one, wavenumber]"))
    store = import_(mapping, tmp_path / "store")
    assert store.ids == ("a", "c", "b") or store.ids == ("a", "b", "c")
    assert validate(tmp_path / "store") == []
    for i, id in enumerate("abc"):
        run = store.run(id)
        frames = 3 if id == "b" else 4
        np.testing.assert_array_equal(run.values, SPECTRA[i, :frames])
        np.testing.assert_array_equal(run.wavenumber, AXIS)
        np.testing.assert_allclose(run.time, MINUTES[:frames] * 60)
        np.testing.assert_allclose(run.on_time("voltage"), MILLIVOLTS[i, :frames] / 1000)
        np.testing.assert_allclose(run.on_time("current"), -2e-3)
        temperature = [25.5, 30, 40][i] + 273.15
        np.testing.assert_allclose(run.on_time("temperature"), temperature)
        assert run.system is not None
        assert run.system.name == "lp30-graphite"
        assert store.record(id)["tags"] == {"protocol": ["cc", "gitt", "cc"][i]}
        assert store.record(id)["licence"] == "CC-BY-4.0"
        assert run.metadata["protocol"] == ["cc", "gitt", "cc"][i]


def test_one_file_for_each_run_toml_truth_and_missing(tmp_path: Path) -> None:
    (tmp_path / "runs.tsv").write_text("name\tfile\nx\tone\ny\ttwo\n")
    for i, name in enumerate(("one", "two")):
        volts = np.array([1.0, -999.0, 2.0, 3.0])
        np.savez(tmp_path / f"{name}.npz", A=SPECTRA[i].T, V=volts, c=np.ones((4, 2)) * i)
    (tmp_path / "m.toml").write_text(
        textwrap.dedent("""
        opir_import = 1
        licence = "CC0-1.0"
        source = "them"
        origin = "simulated"
        spectra = {from = "{file}.npz#A", axes = ["wavenumber", "time"], unit = "1"}
        wavenumber = {grid = {first = 1800, last = 1000, count = 5}, unit = "cm-1"}
        time = {values = [0, 1, 2, 3], unit = "h"}
        [on_time]
        voltage = {from = "{file}.npz#V", axes = ["time"], unit = "V", missing = -999}
        [runs]
        table = "runs.tsv"
        id = "name"
        [truth]
        amounts = {from = "{file}.npz#c", axes = ["time", "species"], unit = "mol"}
        [labels]
        species = ["EC", "VC"]
        """)
    )
    store = import_(tmp_path / "m.toml", tmp_path / "store")
    run = store.run("y")
    assert run.origin == "simulated"
    np.testing.assert_array_equal(run.values, SPECTRA[1])
    np.testing.assert_array_equal(run.on_time("voltage"), [1, np.nan, 2, 3])
    assert run.missing["voltage"] == 1
    np.testing.assert_array_equal(run.time, [0, 3600, 7200, 10800])
    truth = store.truth("y")
    assert truth is not None
    assert truth["amounts"].sel(species="VC").values.tolist() == [1, 1, 1, 1]
    assert validate(tmp_path / "store") == []


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("spectra:", "spectre:", FormatError, "spectre.*Nearest: spectra"),
        ("licence: CC-BY-4.0", "", FormatError, "licence: the field is missing"),
        ("tags:", "tag:", FormatError, "runs.tag: unknown field 'tag'. Nearest: tags"),
        ("sign: -1", "sing: -1", FormatError, "unknown field 'sing'. Nearest: sign"),
        ("voltage:", "volage:", UnknownNameError, "Nearest: voltage"),
        ("unit: mV", "unit: mW", UnitError, "'mW' is not a unit of voltage"),
        ("unit: mV", "", FormatError, "on_time.voltage.unit: the field is missing"),
        ("unit: cm-1", "unit: nm", UnitError, "'nm' is not a unit of wavenumber"),
        ("#X", "#Y", UnknownNameError, "unknown array 'Y'"),
        ("#T", "#Temp", UnknownNameError, "unknown array 'Temp'"),
        ("id: cell", "id: cel", UnknownNameError, "Nearest: cell"),
        ("[run, time, wavenumber]", "[run, wavenumber, time]", AxisError, "run 'a'"),
        ("[run, time, wavenumber]", "[run, time]", AxisError, r"shape \(3, 4, 5\)"),
        (", axes: [run, time], unit: mV", ", unit: mV", AxisError, "axes are not said"),
        ("data.npz#X", "none.npz#X", FormatError, "no such file"),
        ("data.npz#X", "data.xlsx#X", FormatError, "no such file"),
        ("opir_import: 1", "opir_import: 2", FormatError, "opir_import"),
        ("unit: mV", "unit: V", ValueRangeError, "run 'a'.*voltage"),
        ("value: 2", "value: 2, from: x.npy", FormatError, "exactly one of"),
        ("opir_import: 1", "- a: [", FormatError, "not YAML"),
    ],
)
def test_wrong_mappings_say_what_is_wrong(
    tmp_path: Path, old: str, new: str, error: type[OpirError], says: str
) -> None:
    mapping = write_mapping(tmp_path, write_arrays(tmp_path, "npz"))
    text = mapping.read_text()
    assert old in text
    mapping.write_text(text.replace(old, new, 1))
    with pytest.raises(error, match=says):
        import_(mapping, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_rows_and_runs_must_be_as_many(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, write_arrays(tmp_path, "npz"))
    (tmp_path / "conditions.csv").write_text(TABLE + "d;1;cc;4\n")
    with pytest.raises(AxisError, match="hold 3 runs; the table or 'count' says 4"):
        import_(mapping, tmp_path / "store")
    (tmp_path / "conditions.csv").write_text(TABLE + "d;1;cc\n")
    with pytest.raises(FormatError, match="row 5: the row has 3 cells"):
        import_(mapping, tmp_path / "store")


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("unpickled"),))


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mapping = write_mapping(tmp_path, write_arrays(tmp_path, "npz"))
    bomb = np.array([_Bomb()], dtype=object)
    np.savez(tmp_path / "data.npz", X=bomb, nu=AXIS, t=MINUTES, E=MILLIVOLTS)
    with pytest.raises(FormatError, match="pickle"):
        import_(mapping, tmp_path / "store")
    (tmp_path / "x.npy").write_bytes(pickle.dumps(_Bomb()))
    mapping.write_text(mapping.read_text().replace("data.npz#X", "x.npy"))
    with pytest.raises(FormatError, match="damaged or not .npy"):
        import_(mapping, tmp_path / "store")
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("kind", ["npz", "npy", "h5", "mat", "mat73"])
def test_damaged_files_are_refused(tmp_path: Path, kind: str) -> None:
    references = write_arrays(tmp_path, kind)
    mapping = read_mapping(write_mapping(tmp_path, references, matlab=kind == "mat"))
    path = tmp_path / references["X"].partition("#")[0]
    good = path.read_bytes()
    generator = np.random.default_rng(1)
    for bad in (b"", good[:40], good[: len(good) // 2], generator.bytes(600)):
        path.write_bytes(bad)
        with pytest.raises(OpirError) as caught:
            list(import_items(mapping, tmp_path))
        assert path.name in str(caught.value)


def test_table_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    np.save(tmp_path / "secret.npy", SPECTRA[0])
    mapping = write_mapping(inside, {"X": "{cell}.npy", "nu": "nu.npy", "t": "t.npy", "E": "E.npy"})
    mapping.write_text(mapping.read_text().replace("[run, time, wavenumber]", "[time, wavenumber]"))
    (inside / "conditions.csv").write_text(TABLE.replace("\na;", "\n../secret;"))
    write_arrays(inside, "npy")
    with pytest.raises(FormatError, match="leads out of the folder"):
        import_(mapping, tmp_path / "store")


def test_existing_store_and_append(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, write_arrays(tmp_path, "npz"))
    import_(mapping, tmp_path / "store")
    with pytest.raises(OutputExistsError):
        import_(mapping, tmp_path / "store")
    assert len(import_(mapping, tmp_path / "store", append=True)) == 3
    assert len(Store.open(tmp_path / "store")) == 3
