"""One unit inside; others are converted or refused, never guessed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import UnitError, UnknownNameError, ValueRangeError
from opir.quantities import QUANTITIES, check_values, convert, parse


@pytest.mark.parametrize(
    ("text", "name", "inside"),
    [
        ("25 °C", "temperature", 298.15),
        ("77 degF", "temperature", 298.15),
        ("20 mA", "current", 0.02),
        ("3 mV/min", "sweep_rate", 5e-5),
        ("10 h", "time", 36000.0),
        ("1.5 mA.h", "capacity", 1.5e-3),
        ("3600 C", "capacity", 1.0),
        ("1 M", "concentration", 1000.0),
        ("45 deg", "angle", np.pi / 4),
        ("100 µm", "length", 1e-4),
        ("1000 cm^-1", "wavenumber", 1000.0),
        (4.2, "voltage", 4.2),
        ("4.2", "voltage", 4.2),
    ],
)
def test_known_conversions(text: str | float, name: str, inside: float) -> None:
    assert parse(text, name) == pytest.approx(inside, rel=1e-12)


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_the_unit_inside_converts_to_itself(name: str) -> None:
    assert convert(1.25, name, QUANTITIES[name].unit) == 1.25


@given(value=st.floats(-1e3, 1e3))
def test_celsius_and_fahrenheit_agree(value: float) -> None:
    celsius = convert(value, "temperature", "degC")
    fahrenheit = convert(value * 9 / 5 + 32, "temperature", "degF")
    assert celsius == pytest.approx(float(fahrenheit), abs=1e-9)


def test_a_unit_of_another_quantity_is_refused_with_those_that_fit() -> None:
    with pytest.raises(UnitError, match="'mA' is not a unit of voltage. Use one of: .*mV"):
        convert([1.0], "voltage", "mA")


@pytest.mark.parametrize("value", ["warm", "1.2.3 V", "", None, True, [1]])
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(UnitError):
        parse(value, "voltage")


@pytest.mark.parametrize(
    ("value", "name", "hint"),
    [(25, "temperature", "25 degC"), (3700, "voltage", "250 mV"), (-1.01, "voltage", "-1 to 6")],
)
def test_out_of_bounds_is_refused_with_the_likely_cause(value: float, name: str, hint: str) -> None:
    with pytest.raises(ValueRangeError, match=hint):
        parse(value, name)


def test_missing_values_pass_only_where_allowed_and_infinite_ones_never() -> None:
    check_values([1.0, np.nan], "voltage", allow_missing=True)
    with pytest.raises(ValueRangeError, match=r"voltage\[1\]"):
        check_values([1.0, np.nan], "voltage")
    with pytest.raises(ValueRangeError):
        check_values([1.0, np.inf], "voltage", allow_missing=True)


def test_unknown_quantity_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Nearest: temperature"):
        convert(1.0, "temprature", "K")
