"""Names, short texts, protocol files and measured files as protocols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.errors import FormatError, ProtocolError, UnknownNameError
from opir.protocol import ConstantVoltage, Protocol, Rest, Sweep
from opir.simulate.protocols import CellLimits, named_protocol, protocol_text, resolve_protocol

LIMITS = CellLimits(0.01, 2.5, 2e-3, 303.15, name="ec-dec-carbon-black")


def test_a_name_and_a_protocol() -> None:
    named = resolve_protocol("formation-c10", LIMITS)
    assert named == named_protocol(
        "formation-c10", lower=0.01, upper=2.5, capacity=2e-3, temperature=303.15
    )
    own = resolve_protocol(Protocol([Rest(duration="1 h")]), LIMITS)
    assert own.temperature == 303.15
    assert np.isclose(own.sample([0.0]).temperature[0], 303.15)


def test_short_texts() -> None:
    sweep = resolve_protocol("sweep 1.2 V to 0.01 V at 30 mV/min", LIMITS).flat
    assert sweep == (Sweep(start=1.2, end=0.01, rate=0.0005),)
    there_and_back = resolve_protocol("Sweep from 2 V to 20 mV to 2 V at 1 mV/s; rest 10 h", LIMITS)
    assert there_and_back.flat == (
        Sweep(start=2.0, end=0.02, rate=1e-3),
        Sweep(start=0.02, end=2.0, rate=1e-3),
        Rest(duration=36000.0),
    )
    more = resolve_protocol(
        "Discharge at C/10 until 0.01 V then hold 0.1 V for 2 h; Rest for 1 hour", LIMITS
    )
    assert more.flat[1] == ConstantVoltage(voltage=0.1, duration=7200.0)
    assert more.capacity == 2e-3


@pytest.mark.parametrize(
    ("text", "kind", "match"),
    [
        ("formation-c1", UnknownNameError, "formation-c10"),
        ("sweep 1 V at 3 mV/s", ProtocolError, "not understood"),
        ("sweep 3 V to 0.1 V at 1 mV/s", ProtocolError, "0.01 to 2.5 V"),
        ("missing.mpt", FormatError, "no such file"),
        ("discharge somehow", ProtocolError, "experiment string"),
    ],
)
def test_what_is_refused(text: str, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        resolve_protocol(text, LIMITS)


def test_protocol_file_takes_the_capacity_of_the_cell(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps: [{step: constant_current, current: -C/10, duration: 1 h}]\n")
    assert resolve_protocol(str(path), LIMITS).charge == pytest.approx(-2e-4)
    path.write_text("steps: [{step: constant_voltage, voltage: 4 V, duration: 1 h}]\n")
    with pytest.raises(ProtocolError, match="0.01 to 2.5 V"):
        resolve_protocol(path, LIMITS)


def test_a_file_as_text_no_longer_needs_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"steps": [{"step": "constant_current", "current": "-C/10", "duration": 60}]}')
    rows = record(tmp_path / "ec.txt", ["0\t2.0\t-0.1", "60\t1.9\t-0.1"])
    expected = [resolve_protocol(given, LIMITS) for given in (path, rows)]
    texts = [protocol_text(str(given)) for given in (path, rows)]
    path.unlink()
    rows.unlink()
    assert [resolve_protocol(text, LIMITS) for text in texts] == expected
    assert protocol_text("formation-c10") == "formation-c10"
    assert protocol_text("rest 10 h") == "rest 10 h"


def record(path: Path, rows: list[str]) -> Path:
    path.write_text("time/s\tEwe/V\tI/mA\n" + "\n".join(rows) + "\n")
    return path


def test_measured_file_imposes_its_voltage_from_its_first_row(tmp_path: Path) -> None:
    rows = [f"{100 + 10 * i}\t{2.0 - 0.01 * i}\t-0.1" for i in range(101)]
    path = record(tmp_path / "ec.txt", rows)
    protocol = resolve_protocol(path, LIMITS)
    assert protocol.duration == pytest.approx(1000.0)
    drive = protocol.sample([0.0, 505.0, 1000.0])
    np.testing.assert_allclose(drive.voltage, [2.0, 1.495, 1.0])
    assert np.isnan(drive.current).all()
    cut = resolve_protocol(path, LIMITS, duration="505 s")
    assert cut.duration == pytest.approx(505.0)
    np.testing.assert_allclose(cut.sample([505.0]).voltage, 1.495)


def test_a_duration_that_outlasts_the_data_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "ec.txt", ["0\t2.0\t-0.1", "60\t1.9\t-0.1", "120\t1.8\t-0.1"])
    with pytest.raises(ProtocolError, match="3600 s was asked for, and the data last 120 s"):
        resolve_protocol(path, LIMITS, duration="1 h")
    with pytest.raises(ProtocolError, match="measured files only"):
        resolve_protocol("rest 10 h", LIMITS, duration="1 h")


def test_measured_sweep_of_the_shared_data(shared_real: Path) -> None:
    path = shared_real / "electrochemistry/attia_lsv/cellG_CB_LSV_30mVpermin_CB3.txt"
    limits = CellLimits(0.0, 3.0, None, 303.15)
    protocol = resolve_protocol(path, limits)
    assert protocol.duration == pytest.approx(101913.5, abs=0.1)
    with pytest.raises(ProtocolError, match="outside the window of lp30"):
        resolve_protocol(path, CellLimits(0.01, 2.5, name="lp30"))
