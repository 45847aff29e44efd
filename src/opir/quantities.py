"""Every physical quantity once: its name, its one unit inside opir, its meaning and bounds.

Inside, a plain number is always in the unit given here. At the border, :func:`convert` and
:func:`parse` turn other units into it, and refuse what they do not know; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import UnitError, UnknownNameError, ValueRangeError

__all__ = [
    "QUANTITIES",
    "Quantity",
    "check_values",
    "convert",
    "normalise_unit",
    "parse",
    "quantity",
]


@dataclass(frozen=True)
class Quantity:
    """One quantity.

    Attributes:
        name: Its one name.
        unit: Its one unit inside opir.
        long_name: What it is, as an axis label says it.
        lower, upper: Physical bounds; values outside are refused (bounds included).
        units: Accepted units: name -> (factor, offset), ``inside = factor * value + offset``.
        standard_name: CF standard name, where there is one.
    """

    name: str
    unit: str
    long_name: str
    lower: float = -np.inf
    upper: float = np.inf
    units: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    standard_name: str = ""

    @property
    def label(self) -> str:
        """Axis label: ``Voltage / V``."""
        return self.long_name if self.unit == "1" else f"{self.long_name} / {self.pretty_unit}"

    @property
    def pretty_unit(self) -> str:
        """The unit as it is printed: ``cm⁻¹``."""
        return self.unit.replace("cm-1", "cm⁻¹")

    @property
    def attributes(self) -> dict[str, str]:
        """CF attributes of a variable that holds it."""
        found = {"units": self.unit, "long_name": self.long_name}
        if self.standard_name:
            found["standard_name"] = self.standard_name
        return found


def _scaled(**factors: float) -> dict[str, tuple[float, float]]:
    return {name: (factor, 0.0) for name, factor in factors.items()}


_PREFIXES = {"k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def _prefixed(unit: str) -> dict[str, tuple[float, float]]:
    return {prefix + unit: (factor, 0.0) for prefix, factor in _PREFIXES.items()}


_ALL = [
    Quantity(
        "time",
        "s",
        "Time",
        -1e12,
        1e12,
        _scaled(ms=1e-3, s=1, sec=1, second=1, seconds=1, min=60, minute=60, minutes=60)
        | _scaled(h=3600, hr=3600, hour=3600, hours=3600, d=86400, day=86400, days=86400),
        "time",
    ),
    Quantity(
        "wavenumber",
        "cm-1",
        "Wavenumber",
        -1e5,
        1e5,
        {"cm-1": (1, 0), "1/cm": (1, 0), "m-1": (1e-2, 0), "1/m": (1e-2, 0), "wavenumbers": (1, 0)},
    ),
    Quantity("absorbance", "1", "Absorbance", -1e5, 1e5, {"1": (1, 0), "": (1, 0), "a.u.": (1, 0)}),
    Quantity(
        "transmittance", "1", "Transmittance", -10, 100, {"1": (1, 0), "": (1, 0), "%": (0.01, 0)}
    ),
    Quantity(
        "reflectance", "1", "Reflectance", -10, 100, {"1": (1, 0), "": (1, 0), "%": (0.01, 0)}
    ),
    Quantity("kubelka_munk", "1", "Kubelka-Munk", -1e6, 1e6, {"1": (1, 0), "": (1, 0)}),
    Quantity(
        "single_channel", "1", "Single-channel intensity (instrument units)", units={"1": (1, 0)}
    ),
    Quantity(
        "raman_intensity", "1", "Raman intensity (counts)", units={"1": (1, 0), "counts": (1, 0)}
    ),
    Quantity("intensity", "1", "Intensity (instrument units)", units={"1": (1, 0), "": (1, 0)}),
    Quantity("interferogram", "1", "Interferogram (instrument units)", units={"1": (1, 0)}),
    Quantity("phase", "rad", "Phase", units={"rad": (1, 0), "deg": (np.pi / 180, 0)}),
    Quantity("voltage", "V", "Voltage", -1, 6, _prefixed("V")),
    Quantity("current", "A", "Current", -1e4, 1e4, _prefixed("A")),
    Quantity(
        "temperature",
        "K",
        "Temperature",
        150,
        1500,
        {"K": (1, 0), "degC": (1, 273.15), "C": (1, 273.15), "degF": (5 / 9, 273.15 - 160 / 9)},
        "",
    ),
    Quantity(
        "capacity",
        "A h",
        "Capacity",
        -1e6,
        1e6,
        _scaled(Ah=1, mAh=1e-3, uAh=1e-6, C=1 / 3600, mC=1e-3 / 3600),
    ),
    Quantity(
        "pressure",
        "Pa",
        "Pressure",
        0,
        1e9,
        _prefixed("Pa") | _scaled(bar=1e5, mbar=1e2, atm=101325),
    ),
    Quantity(
        "concentration",
        "mol m-3",
        "Concentration",
        0,
        1e5,
        {"mol m-3": (1, 0), "M": (1e3, 0)}
        | dict.fromkeys(("mol/L", "mol L-1", "mol/l", "mol dm-3", "kmol m-3"), (1000.0, 0))
        | {"mol/m3": (1, 0), "mM": (1, 0), "mmol/L": (1, 0)},
    ),
    Quantity("molality", "mol kg-1", "Molality", 0, 100, {"mol kg-1": (1, 0), "mol/kg": (1, 0)}),
    Quantity(
        "length", "m", "Length", 0, 1e3, _prefixed("m") | {"cm": (1e-2, 0), "angstrom": (1e-10, 0)}
    ),
    Quantity("area", "m2", "Area", 0, 1e6, {"m2": (1, 0), "cm2": (1e-4, 0), "mm2": (1e-6, 0)}),
    Quantity(
        "mass",
        "kg",
        "Mass",
        0,
        1e6,
        {"kg": (1, 0), "g": (1e-3, 0), "mg": (1e-6, 0), "ug": (1e-9, 0)},
    ),
    Quantity(
        "volume",
        "m3",
        "Volume",
        0,
        1e3,
        {"m3": (1, 0), "L": (1e-3, 0), "mL": (1e-6, 0), "uL": (1e-9, 0)},
    ),
    Quantity("angle", "rad", "Angle", -10, 10, {"rad": (1, 0), "deg": (np.pi / 180, 0)}),
    Quantity("fraction", "1", "Fraction", 0, 1, {"1": (1, 0), "": (1, 0), "%": (0.01, 0)}),
    Quantity(
        "sweep_rate",
        "V s-1",
        "Sweep rate",
        -100,
        100,
        {
            f"{p}V{per}": (f / s, 0)
            for p, f in _PREFIXES.items()
            for per, s in (
                (" s-1", 1),
                ("/s", 1),
                (" min-1", 60),
                ("/min", 60),
                ("/h", 3600),
                (" h-1", 3600),
            )
        },
    ),
]

_FACTORS: list[tuple[str, str, str, float, float, dict[str, float]]] = [
    ("ratio", "1", "Ratio", -1e6, 1e12, {"": 1}),
    ("mass_fraction", "1", "Mass fraction", 0, 1, {"": 1, "%": 0.01, "wt%": 0.01, "ppm": 1e-6}),
    ("surface_rate", "mol m-2 s-1", "Rate per area", 0, 1e6, {"mol cm-2 s-1": 1e4}),
    ("volume_rate", "mol m-3 s-1", "Rate per volume", 0, 1e12, {"mol L-1 s-1": 1e3, "M s-1": 1e3}),
    ("frequency", "s-1", "First-order rate", 0, 1e15,
     {"1/s": 1, "min-1": 1 / 60, "h-1": 1 / 3600, "d-1": 1 / 86400}),
    ("resistance", "ohm", "Resistance", 0, 1e9, {"mohm": 1e-3, "kohm": 1e3}),
    ("surface_amount", "mol m-2", "Amount per area", 0, 1e3, {"mol cm-2": 1e4}),
    ("molar_energy", "J mol-1", "Molar energy", 0, 1e6,
     {"kJ mol-1": 1e3, "kJ/mol": 1e3, "eV": 96485.33212}),
    ("signed_molar_energy", "J mol-1", "Molar enthalpy", -1e6, 1e6,
     {"kJ mol-1": 1e3, "kJ/mol": 1e3, "eV": 96485.33212}),
    ("molar_volume", "m3 mol-1", "Molar volume", 0, 1, {"cm3 mol-1": 1e-6, "L mol-1": 1e-3}),
    ("density", "kg m-3", "Density", 0, 3e4, {"g cm-3": 1e3, "g/cm3": 1e3, "g mL-1": 1e3}),
    ("diffusivity", "m2 s-1", "Diffusivity", 0, 1, {"cm2 s-1": 1e-4}),
    ("conductivity", "S m-1", "Conductivity", 0, 1e9, {"S cm-1": 100, "mS cm-1": 0.1}),
    ("specific_capacity", "A h kg-1", "Specific capacity", 0, 1e5,
     {"mA h g-1": 1, "mAh g-1": 1, "mAh/g": 1}),
    ("specific_surface_area", "m2 kg-1", "Specific surface area", 0, 1e7,
     {"m2 g-1": 1e3, "m2/g": 1e3}),
    ("current_density", "A m-2", "Current density", 0, 1e8, {"mA cm-2": 10, "mA/cm2": 10}),
    ("areal_capacitance", "F m-2", "Capacitance per area", 0, 1e4, {"uF cm-2": 0.01}),
    ("inverse_length", "m-1", "Area per volume", 0, 1e12, {"cm-1": 100}),
    ("infrared_intensity", "1", "Integrated intensity relative to EC C=O", 0, 1e3,
     {"": 1, "km mol-1": 1 / 1074.428, "km/mol": 1 / 1074.428}),
]  # fmt: skip
"""Quantities whose units differ by a factor only; the unit inside is added."""

_ALL += [
    Quantity(name, unit, what, low, high, _scaled(**{unit: 1.0}, **factors))
    for name, unit, what, low, high, factors in _FACTORS
]

QUANTITIES: dict[str, Quantity] = {item.name: item for item in _ALL}
"""Name -> :class:`Quantity`."""


def quantity(name: str) -> Quantity:
    """The quantity of that name.

    Raises:
        UnknownNameError: If there is none; the nearest names are listed.
    """
    try:
        return QUANTITIES[name]
    except KeyError:
        raise UnknownNameError("quantity", name, QUANTITIES) from None


_SPELLINGS = {
    "cm⁻¹": "cm-1", "cm^-1": "cm-1", "cm**-1": "cm-1", "cm-¹": "cm-1", "cm⁻1": "cm-1",
    "cm -1": "cm-1",
    "°C": "degC", "celsius": "degC", "degree_Celsius": "degC", "deg C": "degC", "°F": "degF",
    "kelvin": "K", "volt": "V", "volts": "V", "ampere": "A", "amperes": "A", "Volts": "V",
    "Amps": "A", "amps": "A", "A·h": "Ah", "A.h": "Ah", "A h": "Ah", "Ahr": "Ah", "A*h": "Ah",
    "mA.h": "mAh", "mA h": "mAh", "mA·h": "mAh", "mA*h": "mAh", "mAhr": "mAh",
    "dimensionless": "1", "°": "deg", "degree": "deg", "degrees": "deg", "degrees Celsius": "degC",
    "Å": "angstrom", "percent": "%", "absorbance": "1", "Absorbance": "1",
}  # fmt: skip


def normalise_unit(unit: str) -> str:
    """One spelling for a unit that is written in several ways: ``°C`` -> ``degC``."""
    unit = unit.strip().strip("()[]").strip()
    unit = unit.replace("µ", "u").replace("μ", "u").replace("²", "2").replace("^2", "2")
    return _SPELLINGS.get(unit, unit)


def _scale(name: str, unit: str) -> tuple[float, float]:
    item = quantity(name)
    spelled = normalise_unit(unit)
    if spelled == item.unit or spelled == normalise_unit(item.unit):
        return 1.0, 0.0
    if spelled in item.units:
        return item.units[spelled]
    accepted = ", ".join(sorted({item.unit, *(u for u in item.units if u)}))
    raise UnitError(
        f"{unit!r} is not a unit of {item.long_name.lower()}", remedy=f"Use one of: {accepted}"
    )


def convert(values: ArrayLike, name: str, unit: str) -> NDArray[np.float64]:
    """Values of a quantity, from ``unit`` to the one unit inside.

    Args:
        values: Numbers, any shape.
        name: Name of the quantity.
        unit: The unit they are in.

    Returns:
        An array of the same shape.

    Raises:
        UnitError: If the unit does not belong to the quantity.
    """
    factor, offset = _scale(name, unit)
    array = np.asarray(values, dtype=np.float64)
    return array if (factor, offset) == (1.0, 0.0) else array * factor + offset


_NUMBER = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


def parse(value: Any, name: str) -> float:
    """A number, or a text such as ``"20 mA"`` or ``"25 degC"``, in the unit inside.

    A plain number is taken to be in the unit inside already.

    Raises:
        UnitError: If the text is not a number with a unit of the quantity.
        ValueRangeError: If the value is not finite or outside the quantity's bounds.
    """
    item = quantity(name)
    if isinstance(value, str):
        match = _NUMBER.match(value)
        if match is None:
            raise UnitError(
                f"{value!r} is not a {item.long_name.lower()}",
                remedy=f"Write a number with a unit, such as '1 {item.unit}'",
            )
        number, unit = float(match[1]), match[2]
        if unit:
            number = float(convert(number, name, unit))
    elif isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        number = float(value)
    else:
        raise UnitError(
            f"{value!r} is not a {item.long_name.lower()}",
            remedy=f"Give a number in {item.unit}, or a text such as '1 {item.unit}'",
        )
    check_values(number, name)
    return number


def check_values(
    values: ArrayLike, name: str, *, allow_missing: bool = False, label: str | None = None
) -> None:
    """Refuse non-finite values and those outside the quantity's bounds.

    Args:
        values: Numbers in the unit inside, any shape.
        name: Name of the quantity.
        allow_missing: Let NaN pass (missing values); infinities are refused all the same.
        label: What to call the values in the message; the quantity's name by default.

    Raises:
        ValueRangeError: Names the first offending value and its index.
    """
    item = quantity(name)
    label = label or item.name
    array = _real_numbers(values, item, label)
    missing = np.isnan(array)
    bad = ~np.isfinite(array) & ~missing if allow_missing else ~np.isfinite(array)
    if bad.any():
        raise ValueRangeError(
            f"{label} holds {int(bad.sum())} non-finite value(s)",
            place=_first(bad, label),
            remedy="Remove or mask them before",
        )
    with np.errstate(invalid="ignore"):
        bad = (array < item.lower) | (array > item.upper)
    if bad.any():
        worst = float(array[bad].flat[0]) if array.ndim else float(array)
        raise ValueRangeError(
            f"{label} {worst:g} {item.unit} is outside {item.lower:g} to {item.upper:g}",
            place=_first(bad, label),
            remedy=_hint(item, worst),
        )


def _real_numbers(values: ArrayLike, item: Quantity, label: str) -> NDArray[np.float64]:
    """As float64; dates, durations, complex numbers and texts are never turned into numbers."""
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    try:
        if array.dtype.kind == "O" and not any(isinstance(v, (str, complex)) for v in array.flat):
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    what = {"M": "points in time", "m": "durations", "c": "complex numbers"}
    raise ValueRangeError(
        f"{label} holds {what.get(array.dtype.kind, 'values that are no numbers')} "
        f"({array.dtype}); plain numbers in {item.unit} are needed",
        remedy="Convert them first"
        + (": (t - t[0]) / np.timedelta64(1, 's')" if array.dtype.kind in "mM" else ""),
    )


def _first(bad: NDArray[np.bool_], label: str) -> str | None:
    if bad.ndim == 0:
        return None
    index = ", ".join(str(int(axis[0])) for axis in np.nonzero(bad))
    return f"{label}[{index}]"


def _hint(item: Quantity, value: float) -> str:
    if item.name == "temperature" and -100 <= value < item.lower:
        return (
            f"Temperatures are in kelvin; were degrees Celsius meant? Write '{value:g} degC' then"
        )
    if item.name == "voltage" and 6 < abs(value) <= 6000:
        return "Voltages are in volt; write '250 mV' for millivolts"
    return f"Check the value and its unit ({item.unit} inside)"
