"""Protocols: closed forms, the text form, PyBaMM strings, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from opir.errors import (
    FormatError,
    OpirError,
    OutputExistsError,
    ProtocolError,
    UnitError,
    UnknownNameError,
)
from opir.protocol import (
    ConstantCurrent,
    ConstantVoltage,
    CRate,
    Cycle,
    Gitt,
    Measured,
    Protocol,
    Rest,
    Sweep,
)

FORMATION = """
name: formation
capacity: 2.5 mA h
temperature: 25 degC
steps:
- step: constant_current
  current: -C/10
  duration: 10 h
  until_voltage: 10 mV
- step: rest
  duration: 1 h
- step: sweep
  start: 2.5 V
  end: 0.5 V
  rate: 30 mV/min
- step: cycle
  repeats: 2
  steps:
  - step: constant_voltage
    voltage: 4.2 V
    duration: 10 min
    until_current: C/50
  - step: gitt
    current: 20 mA
    pulse: 600 s
    rest: 1 h
    repeats: 3
"""


def test_the_readable_form_means_what_it_says() -> None:
    protocol = Protocol.from_text(FORMATION)
    assert protocol.capacity == pytest.approx(2.5e-3)
    assert protocol.temperature == 298.15
    assert protocol.steps[0].current == CRate(-0.1)
    assert protocol.steps[0].duration == 36000
    assert protocol.steps[2].rate == pytest.approx(5e-4)
    assert protocol.count == len(protocol.flat) == 3 + 2 * (1 + 6)
    assert protocol.duration == pytest.approx(36000 + 3600 + 4000 + 2 * (600 + 3 * 4200))
    assert not protocol.exact
    drive = protocol.sample([0, 36000, 39600, 41600, 43600])
    np.testing.assert_allclose(drive.current, [-2.5e-4, 0, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(drive.voltage, [np.nan, np.nan, 2.5, 1.5, 4.2])
    assert (drive.temperature == 298.15).all()
    assert list(drive.step) == [0, 1, 2, 2, 3]
    np.testing.assert_allclose(protocol.edges[:4], [0, 36000, 39600, 43600])


def test_charge_is_the_integral_of_the_current() -> None:
    protocol = Protocol(
        [
            ConstantCurrent(current="C/2", duration="1 h"),
            Rest(duration="1 h"),
            ConstantCurrent(current="-100 mA", duration="30 min"),
        ],
        capacity=2.0,
    )
    assert protocol.charge == pytest.approx(1.0 - 0.05, rel=1e-14)
    assert protocol.exact
    with pytest.raises(ProtocolError, match=r"steps\[1\].*not known"):
        _ = Protocol([Rest(duration=1), ConstantVoltage(voltage=4, duration=1)]).charge


def test_interval_means_of_a_sweep_and_a_pulse() -> None:
    protocol = Protocol(
        [Sweep(start=3, end=1, rate="0.1 V/s"), Sweep(start=1, end=2, rate="0.1 V/s")]
    )
    means = protocol.interval_means([0, 10, 20, 30])
    np.testing.assert_allclose(means.voltage, [2.5, 1.5, 1.5], rtol=1e-14)
    np.testing.assert_allclose(protocol.interval_means([10, 30]).voltage, [1.5], rtol=1e-14)
    pulse = Protocol([Gitt(current=1.0, pulse=10, rest=30, repeats=2)])
    np.testing.assert_allclose(pulse.interval_means([0, 40, 80]).current, 0.25, rtol=1e-14)
    assert pulse.charge == pytest.approx(20 / 3600)


def test_unknown_values_are_visible_in_means() -> None:
    protocol = Protocol([ConstantVoltage(voltage=3, duration=10), Rest(duration=10)])
    means = protocol.interval_means([0, 10, 20])
    np.testing.assert_array_equal(means.voltage, [3, np.nan])
    np.testing.assert_array_equal(means.current, [np.nan, 0])
    assert np.isnan(protocol.interval_means([5, 15]).voltage).all()


def test_a_measured_course_is_linear_between_rows_and_open_in_gaps() -> None:
    protocol = Protocol.from_measured(
        [5, 6, 8, 8, 20], voltage=[1, 2, 3, 1, 2], current=[0, np.nan, 1, 1, 1], longest_gap=5
    )
    assert (protocol.start, protocol.end, protocol.duration) == (5, 20, 15)
    drive = protocol.sample([5, 5.5, 6, 7, 8, 14, 20])
    np.testing.assert_array_equal(drive.voltage, [1, 1.5, 2, 2.5, 1, np.nan, 2])
    assert np.isnan(drive.current[[1, 2, 3]]).all()
    both = protocol.resample([5, 10])
    np.testing.assert_array_equal(both.time, [5, 8, 8, 10])
    assert Protocol.from_text(protocol.to_text()) == protocol


def test_measured_means_are_exact_between_any_times() -> None:
    time = np.array([0.0, 1, 3, 6])
    voltage = np.array([0.0, 2, 2, 5])
    protocol = Protocol.from_measured(time, voltage=voltage)
    np.testing.assert_allclose(
        protocol.interval_means([0, 0.5, 4, 6]).voltage,
        [0.5, (0.75 + 4 + 2.5) / 3.5, (3 + 5) / 2],
        rtol=1e-14,
    )


def test_c_rates_are_written_and_read() -> None:
    for text, rate in [("C/10", 0.1), ("-C/3", -1 / 3), ("2C", 2.0), ("0.5 C", 0.5), ("- 2C", -2)]:
        step = ConstantCurrent(current=text, duration=1)
        assert step.current == CRate(rate)
        assert ConstantCurrent(current=str(step.current), duration=1) == step


def test_pybamm_strings() -> None:
    protocol = Protocol.from_pybamm(
        [
            "Discharge at C/10 for 10 hours or until 2.5 V",
            "Hold at 4.2 V until C/50",
            "Rest for 1 hour",
            "Charge at 1 A until 4.1V",
            "Charge at 200 mA for 45 minutes at 10.2oC (1 minute period)",
            "Hold at 1V for 20 seconds",
            "Discharge at 0.5C for 0.5 hours at -5oC",
        ],
        capacity=2.0,
    )
    assert protocol.steps == (
        ConstantCurrent(current="-C/10", duration="10 h", until_voltage=2.5),
        ConstantVoltage(voltage=4.2, until_current="C/50"),
        Rest(duration=3600),
        ConstantCurrent(current=1.0, until_voltage=4.1),
        ConstantCurrent(current="200 mA", duration=2700, temperature="10.2 degC"),
        ConstantVoltage(voltage=1, duration=20),
        ConstantCurrent(current="-0.5C", duration=1800, temperature="-5 degC"),
    )
    assert Protocol.from_pybamm(protocol.to_pybamm(), capacity=2.0) == protocol


def test_pybamm_cycles() -> None:
    cycle = ("Discharge at 1 A for 1 hour", "Charge at 1 A for 1 hour")
    protocol = Protocol.from_pybamm([cycle] * 3 + ["Rest for 1 minute"])
    assert isinstance(protocol.steps[0], Cycle)
    assert protocol.steps[0].repeats == 3
    assert protocol.to_pybamm() == [cycle] * 3 + ["Rest for 1 minute"]
    pulses = Protocol([Gitt(current=-1.0, pulse=60, rest="1 h", repeats=2)])
    assert pulses.to_pybamm() == [("Discharge at 1 A for 1 minute", "Rest for 1 hour")] * 2


def test_pybamm_itself_reads_our_strings() -> None:
    pybamm = pytest.importorskip("pybamm", reason="pybamm is not installed")
    steps = Protocol.from_text(FORMATION).model_copy(update={"steps": (Rest(duration=60),)})
    assert pybamm.step.string(steps.to_pybamm()[0]).duration == 60


@pytest.mark.parametrize(
    "text",
    [
        "Discharge at 1 W",
        "Run US06",
        "Discharge at 4 ohm for 1 hour",
        "Rest until 3 V",
        "Rest for 1 hour or until 3 V",
        "Hold at 4.2 A for 1 hour",
        "Hold for 1 hour",
        "Charge at 1 A until 50 mA",
        "Charge at 1 for 1 hour",
        "Charge at -1 A for 1 hour",
        "Charge at 1 A for ages",
        "Rest for 1 fortnight",
        "",
    ],
)
def test_strings_that_only_pybamm_knows_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        Protocol.from_pybamm([text], capacity=1)
    assert caught.value.remedy


def test_sweeps_have_no_pybamm_string() -> None:
    with pytest.raises(ProtocolError, match=r"steps\[0\].*sweep"):
        Protocol([Sweep(start=1, end=2, rate=1)]).to_pybamm()


def test_a_step_that_only_a_cutoff_ends_is_named() -> None:
    protocol = Protocol(
        [
            Rest(duration=1),
            Cycle(repeats=2, steps=[Rest(duration=1), ConstantVoltage(voltage=4, until_current=1)]),
        ]
    )
    for ask in (lambda: protocol.sample([0]), lambda: protocol.duration, lambda: protocol.edges):
        with pytest.raises(ProtocolError, match=r"steps\[1\]\.steps\[1\].*maximum duration"):
            ask()


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: Protocol([]), ProtocolError, "empty"),
        (lambda: Protocol(), ProtocolError, "empty"),
        (lambda: Protocol([1]), ProtocolError, "not a step"),
        (lambda: Rest(duration=-1), ProtocolError, "above 0"),
        (lambda: Rest(duration="0 h"), ProtocolError, "above 0"),
        (lambda: Rest(duration=float("nan")), ProtocolError, "non-finite"),
        (lambda: Rest(duration="1 kg"), UnitError, "not a unit of time"),
        (lambda: Rest(), ProtocolError, "missing"),
        (lambda: Rest(duraton=1), ProtocolError, "missing|Nearest: duration"),
        (lambda: ConstantVoltage(voltage=7, duration=1), ProtocolError, "outside -1 to 6"),
        (lambda: ConstantVoltage(voltage="250 kV", duration=1), ProtocolError, "outside"),
        (lambda: ConstantVoltage(voltage=3), ProtocolError, "nothing ends"),
        (lambda: ConstantVoltage(voltage=3, until_current=-1), ProtocolError, "above 0"),
        (lambda: ConstantCurrent(current=0, duration=1), ProtocolError, "rest"),
        (lambda: ConstantCurrent(current=1), ProtocolError, "nothing ends"),
        (lambda: ConstantCurrent(current="C/0", duration=1), UnitError, "C rate"),
        (lambda: ConstantCurrent(current="C/x", duration=1), UnitError, "C rate"),
        (
            lambda: Protocol([ConstantCurrent(current="C/10", duration=1)]),
            ProtocolError,
            r"steps\[0\].*capacity",
        ),
        (lambda: Sweep(start=1, end=1, rate=1), ProtocolError, "starts and ends"),
        (lambda: Sweep(start=1, end=2, rate=-1), ProtocolError, "above 0"),
        (lambda: Cycle(repeats=0, steps=[Rest(duration=1)]), ProtocolError, "1 or more"),
        (lambda: Cycle(repeats=1.5, steps=[Rest(duration=1)]), ProtocolError, "integer"),
        (lambda: Cycle(repeats=1, steps=[]), ProtocolError, "empty"),
        (
            lambda: Protocol([Cycle(repeats=10**6, steps=[Rest(duration=1)] * 2)]),
            ProtocolError,
            "Reduce repeats",
        ),
        (lambda: Protocol.from_measured([0, 1]), ProtocolError, "nothing was measured"),
        (lambda: Protocol.from_measured([1, 0], [1, 1]), ProtocolError, "backwards"),
        (lambda: Protocol.from_measured([0, 0], [1, 1]), ProtocolError, "same time"),
        (lambda: Protocol.from_measured([0], [1]), ProtocolError, "2 or more"),
        (lambda: Protocol.from_measured([], []), ProtocolError, "2 or more"),
        (lambda: Protocol.from_measured([0, np.nan], [1, 1]), ProtocolError, "NaN"),
        (lambda: Protocol.from_measured([0, 1], [1, 1, 1]), ProtocolError, "3 values for 2"),
        (lambda: Protocol.from_measured([0, 1], [1, 9]), ProtocolError, r"voltage\[1\].*outside"),
        (lambda: Protocol.from_measured([0, 1], [1, np.inf]), ProtocolError, "finite"),
        (lambda: Measured(time="0 1", voltage="1 x"), ProtocolError, "number"),
        (lambda: Protocol.from_text(""), FormatError, "mapping"),
        (lambda: Protocol.from_text("steps: ["), FormatError, "line"),
        (lambda: Protocol.from_text("stps: []"), ProtocolError, "Nearest: steps"),
        (lambda: Protocol.from_text("steps: 1"), ProtocolError, "steps"),
        (lambda: Protocol.from_text("steps: [{step: ret}]"), UnknownNameError, "rest"),
        (lambda: Protocol.from_text("steps: " + "[" * 5000), FormatError, "nested"),
        (
            lambda: Protocol.from_text("steps: [&a {step: rest, duration: 1}, *a]"),
            FormatError,
            "by reference",
        ),
    ],
)
def test_bad_input_has_its_sentence(make, kind: type[OpirError], says: str) -> None:
    with pytest.raises(kind, match=f"(?s){says}"):
        make()


@pytest.mark.parametrize("times", [[-1], [11], [np.nan], [np.inf], [[0, 1]]])
def test_times_outside_are_refused(times: list) -> None:
    with pytest.raises(ProtocolError):
        Protocol([Rest(duration=10)]).sample(times)


@pytest.mark.parametrize("times", [[], [1, 1], [2, 1]])
def test_grids_must_rise(times: list) -> None:
    protocol = Protocol([Rest(duration=10)])
    with pytest.raises(ProtocolError, match="rise"):
        protocol.resample(times)
    with pytest.raises(ProtocolError, match="rise"):
        protocol.interval_means([*times, 3] if len(times) > 1 else times)


def test_files(tmp_path: Path) -> None:
    protocol = Protocol.from_text(FORMATION)
    path = protocol.to_file(tmp_path / "formation.yaml")
    assert Protocol.from_file(path) == protocol
    with pytest.raises(OutputExistsError):
        protocol.to_file(path)
    protocol.to_file(path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["formation.yaml"]
    with pytest.raises(FormatError, match="no such file"):
        Protocol.from_file(tmp_path / "none.yaml")
    path.write_text("steps:\n- step: rest\n  duration: -1 h\n")
    with pytest.raises(ProtocolError, match=r"formation\.yaml"):
        Protocol.from_file(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError):
        Protocol.from_file(path)


def test_a_real_record_becomes_a_protocol(shared_real: Path) -> None:
    path = shared_real / "electrochemistry/attia_lsv/cellG_CB_LSV_30mVpermin_CB3.txt"
    rows = np.loadtxt(path, skiprows=1)
    protocol = Protocol.from_measured(rows[:, 1], rows[:, 2], rows[:, 3] / 1000)
    drive = protocol.sample(rows[:, 1])
    np.testing.assert_array_equal(drive.voltage, rows[:, 2])
    charge = np.trapezoid(rows[:, 3] / 1000, rows[:, 1]) / 3600
    assert protocol.charge == pytest.approx(charge, rel=1e-12)
    assert Protocol.from_text(protocol.to_text()) == protocol


def test_importing_needs_no_xarray_or_pandas() -> None:
    code = "import sys, opir.protocol; print({'xarray', 'pandas', 'matplotlib'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("[{step: rest, duration: 1 h}, 5]", "step 2: '5' is not a step"),
        ("[{step: rest, duration: 1 h}, {step: rst, duration: 1 h}]", "step 2: unknown kind"),
        ("[{step: rest, duration: 1 parsec}]", "step 1"),
        ("[{step: rest, duration: 1 h}, {step: rest, length: 1 h}]", "step 2"),
    ],
)
def test_a_mistake_says_in_which_step_it_is(steps: str, said: str) -> None:
    with pytest.raises(OpirError, match=said):
        Protocol.from_text(f"steps: {steps}")
