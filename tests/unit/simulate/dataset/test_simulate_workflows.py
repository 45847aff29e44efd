"""opir simulate and opir data simulate, from the command line to the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.cli import main
from opir.errors import (
    FormatError,
    OpirError,
    OptionError,
    OutputError,
    OutputExistsError,
    ProtocolError,
    UnknownNameError,
    ValueRangeError,
)
from opir.run.netcdf import read_dataset, read_run
from opir.run.store import Store, validate
from opir.workflows.simulate import simulate_run, simulate_store

pytest.importorskip("numba")
pytest.importorskip("sksundae")


def test_one_run_with_its_truth_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "simulate", "--system", "lp30-graphite", "--protocol", "formation-c10", "--seed", "3",
        "--frames", "12", "-o", str(tmp_path / "run.nc"), "--plot", str(tmp_path / "run.png"),
    ]  # fmt: skip
    try:
        main(words)
    except SystemExit as end:
        assert not end.code
    said = capsys.readouterr().out
    assert "simulated absorbance, 12 time x 512" in said
    run = read_run(tmp_path / "run.nc")
    truth = read_dataset(tmp_path / "run-truth.nc")
    assert run.origin == "simulated"
    current = run.on_time("current")
    assert current is not None
    assert np.isfinite(current).all()
    assert truth["streams"].shape == (truth.sizes["stream"], 12, 512)
    # Noise and drift of the instrument are all that lies between the streams and the spectra.
    assert np.abs(truth["streams"].sum("stream").values - run.values).max() < 0.05
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputExistsError):
        simulate_run("lp30-graphite", "rest", out=tmp_path / "run.nc")


def test_without_an_instrument_the_spectra_are_the_sum_of_the_streams() -> None:
    made = simulate_run("lp30-graphite", "rest 1 h", frames=3, wavenumbers=8, instrument="none")
    np.testing.assert_array_equal(made.truth["streams"].values.sum(axis=0), made.run.values)


def test_the_limits_of_temperature_are_within_them() -> None:
    for degrees in (-40, 120):
        made = simulate_run(
            "lp30-graphite", "rest 1 h", frames=2, wavenumbers=8, temperature=degrees + 273.15
        )
        assert made.run.time[-1] == pytest.approx(3600.0)


def test_a_sweep_in_words_imposes_the_potential() -> None:
    made = simulate_run(
        "ec-dec-carbon-black", "sweep 1.2 V to 0.01 V at 30 mV/min", frames=9, wavenumbers=8
    )
    voltage = made.run.on_time("voltage")
    assert voltage is not None
    np.testing.assert_allclose(made.run.time[-1], 1.19 / 0.0005)
    np.testing.assert_allclose(voltage[1:], np.linspace(1.2, 0.01, 9)[1:], atol=2e-3)
    assert made.files == ()


def test_a_measured_sweep_is_followed_and_drawn_beside(shared_real: Path, tmp_path: Path) -> None:
    path = shared_real / "electrochemistry/attia_lsv/cellG_CB_LSV_30mVpermin_CB3.txt"
    made = simulate_run(
        "ec-dec-carbon-black", str(path), frames=20, wavenumbers=8, plot=tmp_path / "run.png"
    )
    assert made.run.time[-1] == pytest.approx(101913.5, abs=0.1)
    assert made.files == (tmp_path / "run.png",)


def test_a_measured_file_is_followed_as_long_as_asked_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "ec.txt"
    rows = [f"{60 * i}\t{2.0 - 0.01 * i}\t-0.1" for i in range(61)]
    path.write_text("time/s\tEwe/V\tI/mA\n" + "\n".join(rows) + "\n")
    options = {"frames": 4, "wavenumbers": 8}
    made = simulate_run("lp30-graphite", path, duration="30 min", **options)
    assert made.run.time[-1] == pytest.approx(1800.0)
    with pytest.raises(ProtocolError, match="7200 s was asked for, and the data last 3600 s"):
        simulate_run("lp30-graphite", path, duration="2 h", **options)


@pytest.mark.parametrize(
    ("options", "kind", "match"),
    [
        ({"system": "lp30-grafite"}, UnknownNameError, "lp30-graphite"),
        ({"system": "missing.yaml"}, FormatError, "no such file"),
        ({"protocol": "formation-c1"}, UnknownNameError, "formation-c10"),
        ({"protocol": "hold 4 V for 1 h"}, ProtocolError, "0.01 to 2.5 V"),
        ({"duration": "1 h"}, ProtocolError, "measured files only"),
        ({"temperature": 1173.15}, ValueRangeError, "degC"),
        ({"frames": 1}, OptionError, "1 frames"),
        ({"region": (1900.0, 800.0)}, OptionError, "lower end first"),
        ({"region": (-5.0, 800.0)}, OpirError, "values not above 0"),
        ({"temperature": 233.0}, ValueRangeError, "-40 to 120 degC"),
        ({"instrument": "bunch"}, UnknownNameError, "bench"),
        ({"out": "run.csv"}, OptionError, "as .nc"),
        ({"plot": "run.gif"}, OptionError, "gif"),
        ({"out": "nowhere/run.nc"}, OpirError, "does not exist"),
    ],
)
def test_what_is_refused(
    options: dict[str, object],
    kind: type[OpirError],
    match: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"system": "lp30-graphite", "protocol": "rest 1 h", "frames": 3, **options}
    with pytest.raises(kind, match=match):
        simulate_run(**given)
    assert list(tmp_path.iterdir()) == []


def test_absurd_concentrations_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: lp30-graphite\nelectrolyte:\n"
        "- {name: EC, amount: 1, unit: volume parts, role: solvent}\n"
        "- {name: DMC, amount: 1, unit: volume parts, role: solvent}\n"
        "- {name: LiPF6, amount: 12, unit: mol/L, role: salt}\n"
    )
    with pytest.raises(OpirError, match=r"no room for the solvents|more than dissolves"):
        simulate_run(path, "rest 1 h", frames=3)


def test_a_set_of_ones_own_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = tmp_path / "store"
    words = [
        "data", "simulate", "--system", "lp30-lto", "--system", "napf6-diglyme-hard-carbon",
        "--protocol", "rest 2 h", "--n", "5", "--temperature", "30 degC", "--seed", "2",
        "--frames", "4", "--wavenumbers", "16", "--workers", "1", "-o", str(url),
    ]  # fmt: skip
    for expected in ("(5 new)", "(0 new)"):
        try:
            main(words)
        except SystemExit as end:
            assert not end.code
        assert expected in capsys.readouterr().out
    store = Store.open(url)
    assert validate(url) == []
    assert len(store) == 5
    assert store.record("lp30-lto-00001")["tags"]["temperature"] == pytest.approx(303.15)
    with pytest.raises(OpirError, match="another job's"):
        simulate_store(url, systems=["lp30-lto"], runs=5)


def test_a_set_needs_a_preset_or_a_system(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="opirspec-sim-7k"):
        simulate_store(tmp_path / "store")
    with pytest.raises(UnknownNameError, match="shifted"):
        simulate_store(tmp_path / "store", preset="shift")


def test_a_set_keeps_its_protocol_when_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps: [{step: rest, duration: 90 min}]\n")
    options = {"systems": ["lp30-lto"], "runs": 2, "frames": 3, "wavenumbers": 8, "workers": 1}
    made = simulate_store(tmp_path / "store", protocols=[str(path)], **options)
    assert made.store.run("lp30-lto-00001").time[-1] == pytest.approx(5400.0)


def test_all_files_of_a_run_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import opir.workflows.simulate as workflow

    def full(*_: object, **__: object) -> Path:
        raise OutputError("no space is left", remedy="Make room")

    monkeypatch.setattr(workflow, "write_dataset", full)
    with pytest.raises(OutputError, match="no space"):
        simulate_run("lp30-graphite", "rest", out=tmp_path / "run.nc", frames=3)
    assert not list(tmp_path.iterdir())
