"""Truths about protocols, for any protocol."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

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
from opir.protocol.text import quantity_text
from opir.quantities import parse

voltages = st.floats(-1, 6)
durations = st.floats(1e-3, 1e7)
temperatures = st.none() | st.floats(150, 1500)
sizes = st.floats(1e-9, 1e3)
rates = st.builds(CRate, st.floats(1e-4, 100) | st.integers(1, 100).map(lambda n: 1 / n))
currents = sizes | sizes.map(lambda x: -x) | rates | rates.map(lambda r: CRate(-r.rate))
cutoffs = st.none() | voltages

plain = st.one_of(
    st.builds(
        ConstantCurrent,
        current=currents,
        duration=durations,
        until_voltage=cutoffs,
        temperature=temperatures,
    ),
    st.builds(
        ConstantVoltage,
        voltage=voltages,
        duration=durations,
        until_current=st.none() | sizes | rates,
        temperature=temperatures,
    ),
    st.builds(Rest, duration=durations, temperature=temperatures),
    st.tuples(voltages, voltages, st.floats(1e-6, 1), temperatures)
    .filter(lambda v: abs(v[0] - v[1]) > 1e-3)
    .map(lambda v: Sweep(start=v[0], end=v[1], rate=v[2], temperature=v[3])),
)


@st.composite
def records(draw: st.DrawFn) -> Measured:
    steps = draw(st.lists(st.floats(0, 1e4), min_size=1, max_size=15).filter(lambda s: sum(s) > 1))
    times = np.cumsum([draw(st.floats(0, 1e5)), *steps]).tolist()

    def column(value: st.SearchStrategy[float]) -> st.SearchStrategy[list[float | None]]:
        return st.lists(st.none() | value, min_size=len(times), max_size=len(times))

    return Measured(
        time=times,
        voltage=draw(column(voltages)),
        current=draw(st.none() | column(st.floats(-100, 100))),
        temperature=draw(st.none() | column(st.floats(150, 1500))),
        longest_gap=draw(st.none() | durations),
    )


pulses = st.builds(
    Gitt, current=currents, pulse=durations, rest=durations, repeats=st.integers(1, 4)
)
cycles = st.builds(
    Cycle, repeats=st.integers(1, 3), steps=st.lists(plain | pulses, min_size=1, max_size=3)
)
protocols = st.builds(
    Protocol,
    st.lists(plain | pulses | cycles | records(), min_size=1, max_size=5),
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    capacity=st.floats(1e-6, 10),
    temperature=temperatures,
    start=st.just(0.0) | st.floats(0, 1e6),
)
drawn_steps = st.builds(
    Protocol, st.lists(plain | pulses | cycles, min_size=1, max_size=5), capacity=st.just(2.0)
)


@given(protocols)
@settings(max_examples=150, deadline=None)
def test_text_gives_exactly_the_same_protocol_back(protocol: Protocol) -> None:
    assert Protocol.from_text(protocol.to_text()) == protocol


@given(st.sampled_from(["time", "current", "voltage", "temperature"]), st.floats(150, 1000))
def test_a_quantity_written_out_is_read_back_exactly(name: str, value: float) -> None:
    value = value / 200 if name == "voltage" else value
    assert parse(quantity_text(value, name), name) == value


def integral_over_pieces(protocol: Protocol, low: float, high: float) -> np.ndarray:
    """Integral from the definitions of the steps themselves, [V s, A s]."""
    total, now = np.zeros(2), protocol.start
    for step in protocol.flat:
        begin, end = max(low, now), min(high, now + step.length)
        if end > begin:
            (v0, v1), (i0, i1) = step.ends(protocol.capacity)
            middle = ((begin + end) / 2 - now) / step.length
            total += (end - begin) * np.array([v0 + (v1 - v0) * middle, i0 + (i1 - i0) * middle])
        now += step.length
    return total


@given(drawn_steps, st.lists(st.floats(0, 1), min_size=2, max_size=8, unique=True))
@settings(max_examples=150, deadline=None)
def test_trapezoid_on_the_resampled_grid_and_means_are_exact(
    protocol: Protocol, shares: list[float]
) -> None:
    times = np.unique(np.array(shares) * protocol.duration)
    times = times[np.concatenate([[True], np.diff(times) > 1e-6 * protocol.duration])]
    if times.size < 2:
        return
    drive = protocol.resample(times)
    means = protocol.interval_means(times)
    widths = np.diff(times)
    expected = integral_over_pieces(protocol, times[0], times[-1])
    for channel, name in enumerate(("voltage", "current")):
        column = getattr(drive, name)
        area = np.trapezoid(column, drive.time)
        summed = (getattr(means, name) * widths).sum()
        if np.isnan(expected[channel]):
            assert np.isnan(summed)
            continue
        scale = np.abs(column).max() * (times[-1] - times[0])
        np.testing.assert_allclose(area, expected[channel], atol=1e-9 * scale + 1e-12)
        np.testing.assert_allclose(summed, expected[channel], atol=1e-9 * scale + 1e-12)


@given(drawn_steps, st.integers(2, 30))
@settings(max_examples=100, deadline=None)
def test_resampling_keeps_every_edge_with_both_values(protocol: Protocol, count: int) -> None:
    times = np.linspace(0, protocol.duration, count)
    drive = protocol.resample(times)
    assert (np.diff(drive.time) >= 0).all()
    assert set(times) <= set(drive.time)
    edges = protocol.edges[1:]
    for number, edge in enumerate(edges, start=1):
        at = np.flatnonzero(drive.time == edge)
        assert list(drive.step[at]) == [number - 1, number]


@given(protocols, st.integers(2, 20))
@settings(max_examples=100, deadline=None)
def test_samples_agree_with_the_step_they_belong_to(protocol: Protocol, count: int) -> None:
    drive = protocol.sample(np.linspace(protocol.start, protocol.end, count))
    for number, step in enumerate(protocol.flat):
        mine = drive.step == number
        if isinstance(step, Rest):
            assert (drive.current[mine] == 0).all()
            assert np.isnan(drive.voltage[mine]).all()
        elif isinstance(step, ConstantVoltage):
            assert (drive.voltage[mine] == step.voltage).all()
            assert np.isnan(drive.current[mine]).all()
        elif isinstance(step, ConstantCurrent):
            assert np.unique(drive.current[mine]).size <= 1
            assert np.isnan(drive.voltage[mine]).all()


@given(records())
@settings(max_examples=100, deadline=None)
def test_a_record_keeps_its_rows(record: Measured) -> None:
    protocol = Protocol([record], start=record.time[0])
    times = np.array(record.time)
    drive = protocol.sample(times)
    np.testing.assert_array_equal(drive.time, times)
    voltage = np.array(record.voltage, dtype=float)
    last_of_time = np.searchsorted(times, times, side="right") - 1
    inside = times < times[-1]
    np.testing.assert_array_equal(drive.voltage[inside], voltage[last_of_time][inside])


@given(st.lists(plain.filter(lambda s: not isinstance(s, Sweep)), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_pybamm_strings_come_back(steps: list) -> None:
    steps = [step.model_copy(update={"temperature": None}) for step in steps]
    protocol = Protocol(steps, capacity=2.0)
    assert Protocol.from_pybamm(protocol.to_pybamm(), capacity=2.0) == protocol
