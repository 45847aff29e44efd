"""Named protocols for half and full cells."""

from __future__ import annotations

import numpy as np
import pytest

from opir.errors import OptionError, ProtocolError, UnknownNameError, ValueRangeError
from opir.protocol import Cycle, Protocol, Rest
from opir.simulate.protocols import (
    CellLimits,
    check_window,
    named_protocol,
    protocol_names,
    protocol_title,
)

HALF = {"lower": 0.01, "upper": 2.5, "capacity": 2e-3, "temperature": 298.15}
FULL = {**HALF, "lower": 2.8, "upper": 4.2, "charge_first": True}


@pytest.mark.parametrize("name", protocol_names())
@pytest.mark.parametrize("cell", [HALF, FULL])
def test_each_stays_in_the_window_and_reads_back(name: str, cell: dict[str, float]) -> None:
    protocol = named_protocol(name, **cell)
    assert protocol.name == name
    assert protocol.notes == protocol_title(name)
    assert Protocol.from_text(protocol.to_text()) == protocol
    assert 0 < protocol.duration < 30 * 86400
    drive = protocol.sample(np.linspace(protocol.start, protocol.end, 500))
    known = drive.voltage[np.isfinite(drive.voltage)]
    assert (known >= cell["lower"]).all()
    assert (known <= cell["upper"]).all()


@pytest.mark.parametrize(("cell", "sign", "end"), [(HALF, -1, 0.01), (FULL, 1, 4.2)])
def test_half_cells_lithiate_and_full_cells_charge_first(
    cell: dict[str, float], sign: int, end: float
) -> None:
    first, _, second = named_protocol("formation-c10", **cell).flat
    current = first.ends(2e-3)[1][0]
    assert current == pytest.approx(sign * 2e-4)
    assert first.until_voltage == end
    assert second.ends(2e-3)[1][0] == -current
    sweep = named_protocol("sweep-slow", **cell).flat[0]
    assert sweep.end == end
    assert sweep.length == pytest.approx((cell["upper"] - cell["lower"]) / (3e-3 / 60))


def test_way_is_a_share_of_the_window() -> None:
    voltages = [s.voltage for s in named_protocol("hold", **HALF).flat if hasattr(s, "voltage")]
    assert voltages[0] == pytest.approx(2.5 - 0.2 * 2.49)
    assert voltages == sorted(voltages, reverse=True)
    full = [s.voltage for s in named_protocol("hold", **FULL).flat if hasattr(s, "voltage")]
    assert full[0] == pytest.approx(2.8 + 0.2 * 1.4)


def test_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="formation-c10"):
        named_protocol("formation-c1", **HALF)


def test_c_rates_need_a_capacity_and_windows_an_order() -> None:
    with pytest.raises(ProtocolError, match="capacity"):
        named_protocol("formation-c10", lower=0.01, upper=2.5, capacity=None)
    assert named_protocol("sweep-fast", lower=0.01, upper=2.5, capacity=None).count == 1
    with pytest.raises(OptionError, match="empty"):
        CellLimits(2.5, 0.01)
    with pytest.raises(OptionError, match="capacity"):
        CellLimits(0.01, 2.5, capacity=0.0)


def test_absurd_temperatures_are_refused() -> None:
    with pytest.raises(ValueRangeError, match="900 degC"):
        CellLimits(0.01, 2.5, temperature=1173.15)
    hot = Protocol([Rest(duration="1 h"), Rest(duration="1 h", temperature="200 degC")])
    with pytest.raises(ValueRangeError, match=r"steps\[1\].temperature: 473.15 K \(200 degC\)"):
        check_window(hot, CellLimits(0.01, 2.5))
    within = Cycle(repeats=2, steps=[Rest(duration="1 h", temperature="-60 degC")])
    with pytest.raises(ValueRangeError, match="-60 degC"):
        check_window(Protocol([within]), CellLimits(0.01, 2.5))


def test_window_is_checked_inside_cycles() -> None:
    limits = CellLimits(1.0, 2.5, 2e-3, name="lp30-lto")
    inside = named_protocol("cycling-c5", lower=0.5, upper=2.5, capacity=2e-3)
    with pytest.raises(ProtocolError, match=r"0.5 V is outside the window of lp30-lto, 1 to 2.5 V"):
        check_window(inside, limits)
