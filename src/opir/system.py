"""What a cell is: electrolyte, electrodes, temperature, cell and optical geometry.

A system is data: made from keywords, a dict, or a YAML/JSON file; units are converted on the way
in and unknown fields are refused with the nearest known ones.
"""

from __future__ import annotations

import difflib
import reprlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from opir.errors import FormatError, OpirError, SystemDescriptionError
from opir.files import read_text
from opir.quantities import parse

__all__ = ["AMOUNT_UNITS", "Cell", "Component", "Electrode", "Optics", "System"]

AMOUNT_UNITS: dict[str, tuple[str, float]] = {
    "mol/L": ("mol/L", 1.0),
    "mol L-1": ("mol/L", 1.0),
    "M": ("mol/L", 1.0),
    "mmol/L": ("mol/L", 1e-3),
    "mM": ("mol/L", 1e-3),
    "mol m-3": ("mol/L", 1e-3),
    "mol/m3": ("mol/L", 1e-3),
    "g/L": ("g/L", 1.0),
    "mol/kg": ("mol/kg", 1.0),
    "mol kg-1": ("mol/kg", 1.0),
    "m": ("mol/kg", 1.0),
    "mole fraction": ("mole fraction", 1.0),
    "mol%": ("mole fraction", 0.01),
    "mass fraction": ("mass fraction", 1.0),
    "wt%": ("mass fraction", 0.01),
    "volume fraction": ("volume fraction", 1.0),
    "vol%": ("volume fraction", 0.01),
    "volume parts": ("volume parts", 1.0),
    "mass parts": ("mass parts", 1.0),
    "ppm": ("mass fraction", 1e-6),
}
"""Accepted unit of an amount -> (unit inside, factor). Parts are relative (``EC:DMC 1:1``)."""


_HEAVIEST = 5.0
"""Active material of one electrode at most; the largest cells hold some kilograms [kg]."""
_LARGEST_LOADING = 20.0
"""For its geometric area; thick electrodes have a tenth and less [kg/m2]."""

# Fields that take a number in the unit inside, or a text with another unit ("25 degC").
_Angle = Annotated[float, BeforeValidator(lambda value: parse(value, "angle"))]
_Area = Annotated[float, BeforeValidator(lambda value: parse(value, "area"))]
_Length = Annotated[float, BeforeValidator(lambda value: parse(value, "length"))]
_Mass = Annotated[float, BeforeValidator(lambda value: parse(value, "mass"))]
_Temperature = Annotated[float, BeforeValidator(lambda value: parse(value, "temperature"))]
_Volume = Annotated[float, BeforeValidator(lambda value: parse(value, "volume"))]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Component(_Part):
    """One component of the electrolyte.

    Attributes:
        name: Its name (``"EC"``, ``"LiPF6"``, ``"VC"``).
        amount: How much, in ``unit``; None where only its presence is known.
        unit: One of :data:`AMOUNT_UNITS`; converted to the unit inside.
        role: What it is there for.
    """

    name: str = Field(min_length=1)
    amount: float | None = Field(default=None, ge=0, le=1e4)
    unit: str = ""
    role: Literal["solvent", "salt", "additive", "solute", "impurity"]

    @model_validator(mode="before")
    @classmethod
    def _convert(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("amount") is None:
            return data
        unit = str(data.get("unit", "")).strip()
        if unit not in AMOUNT_UNITS:
            near = difflib.get_close_matches(unit, AMOUNT_UNITS, n=3, cutoff=0.3)
            shown = ", ".join(near or AMOUNT_UNITS)
            what = f"{unit!r} is not a unit of" if unit else "no unit is given for"
            raise SystemDescriptionError(
                f"{what} the amount of {data.get('name', '')!r}",
                remedy=f"Use one of: {shown}",
            )
        inside, factor = AMOUNT_UNITS[unit]
        amount = data["amount"]
        if isinstance(amount, bool) or not isinstance(amount, (int, float)):
            return data
        return {**data, "amount": float(amount) * factor, "unit": inside}

    @model_validator(mode="after")
    def _fraction(self) -> Self:
        if self.amount is not None and self.unit.endswith("fraction") and self.amount > 1:
            raise SystemDescriptionError(
                f"the {self.unit} of {self.name!r} is {self.amount:g}, more than 1",
                remedy="Percent are written with the unit 'wt%', 'vol%' or 'mol%'",
            )
        return self


class Electrode(_Part):
    """One electrode.

    Attributes:
        material: ``"graphite"``, ``"Li"``, ``"hard carbon"``, ``"carbon black"``, ...
        area: Geometric area [m2].
        mass: Mass of active material [kg].
        specific_surface_area: [m2/kg] of active material.

    Raises:
        SystemDescriptionError: If no electrode of a cell is so heavy, alone or for its area.
    """

    material: str = Field(min_length=1)
    area: _Area | None = None
    mass: _Mass | None = None
    specific_surface_area: float | None = Field(default=None, gt=0, le=1e7)

    @model_validator(mode="after")
    def _weight(self) -> Self:
        loading = self.mass / self.area if self.mass and self.area else 0.0
        if (self.mass or 0.0) > _HEAVIEST or loading > _LARGEST_LOADING:
            spread = f", {loading:.3g} kg on each m2" if loading else ""
            raise SystemDescriptionError(
                f"the mass of the {self.material} electrode is {self.mass:g} kg{spread}; no "
                "electrode of a cell is so heavy",
                remedy="A number alone counts in kg (area: m2). Give the unit: '10 mg', '1.13 cm2'",
            )
        return self


class Cell(_Part):
    """The cell: its format (``"18650"``, ``"Swagelok"``, ...) and electrolyte volume [m3]."""

    format: str = ""
    electrolyte_volume: _Volume | None = None


class Optics(_Part):
    """How light meets the sample.

    Attributes:
        geometry: ``fibre`` (evanescent wave), ``ATR``, ``transmission``, ``reflection``, ``Raman``.
        element: Material of the fibre or crystal (``"TAS"``, ``"diamond"``, ``"Si"``, ``"ZnSe"``).
        refractive_index: Of that material.
        incidence_angle: [rad].
        reflections: Number of reflections.
        path_length: In transmission, or sensing length of a fibre [m].
        fibre_diameter: [m].
    """

    geometry: Literal["fibre", "ATR", "transmission", "reflection", "Raman"]
    element: str = ""
    refractive_index: float | None = Field(default=None, ge=1, le=6)
    incidence_angle: _Angle | None = None
    reflections: int | None = Field(default=None, ge=1, le=1000)
    path_length: _Length | None = None
    fibre_diameter: _Length | None = None


class System(_Part):
    """A battery system as far as it is known; what is not known is left out.

    Attributes:
        name: A readable name (``"lp30-graphite"``).
        electrolyte: Its components; one salt or more, solvents, additives.
        working_electrode: The electrode that is watched.
        counter_electrode: The other one.
        temperature: [K]; a text such as ``"25 degC"`` is converted.
        cell, optics: Cell and optical geometry.
        notes: Free text.

    Raises:
        SystemDescriptionError: If a field is unknown, missing, out of bounds or in an unknown
            unit, or a component is listed twice.
    """

    name: str = ""
    electrolyte: tuple[Component, ...] = ()
    working_electrode: Electrode | None = None
    counter_electrode: Electrode | None = None
    temperature: _Temperature | None = None
    cell: Cell | None = None
    optics: Optics | None = None
    notes: str = ""

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise _explain(error) from error

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [item.name for item in self.electrolyte]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SystemDescriptionError(
                f"the electrolyte lists {', '.join(twice)} twice",
                remedy="Give each component once, with its whole amount",
            )
        for unit in ("mole fraction", "mass fraction", "volume fraction"):
            total = sum(c.amount or 0.0 for c in self.electrolyte if c.unit == unit)
            if total > 1 + 1e-6:
                raise SystemDescriptionError(
                    f"the components given as {unit} add up to {total:g}, more than 1",
                    remedy=f"Use '{unit.split()[0]} parts' for ratios such as 1:1"
                    if unit != "mole fraction"
                    else "Scale them so that they add up to 1",
                )
        return self

    def amounts(self, role: str | None = None) -> dict[str, tuple[float | None, str]]:
        """Component -> (amount, unit inside), of one role or all."""
        return {c.name: (c.amount, c.unit) for c in self.electrolyte if role in (None, c.role)}

    def to_json(self) -> str:
        """The system as JSON, without what is not known."""
        return self.model_dump_json(exclude_none=True, exclude_defaults=True)

    def to_yaml(self) -> str:
        """The system as YAML, without what is not known."""
        import yaml

        data = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))

    @classmethod
    def from_json(cls, text: str) -> System:
        """A system from :meth:`to_json`."""
        return cls.from_text(text)

    @classmethod
    def from_text(cls, text: str) -> System:
        """A system from YAML or JSON text.

        Raises:
            FormatError: If the text is neither.
            SystemDescriptionError: See the class.
        """
        import yaml

        try:
            data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            place = f"line {mark.line + 1}" if mark else None
            raise FormatError("the text is not YAML or JSON", place=place) from error
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            raise FormatError(
                "a system is a mapping of fields", remedy=f"Fields: {', '.join(cls.model_fields)}"
            )
        return cls(**data)

    @classmethod
    def from_file(cls, path: Path | str) -> System:
        """A system from a YAML or JSON file."""
        path = Path(path)
        try:
            return cls.from_text(read_text(path))
        except OpirError as error:
            raise error.at(path=path) from None


def _explain(error: ValidationError) -> SystemDescriptionError:
    """The first fault that pydantic found, in our words."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or None
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        models: tuple[type[BaseModel], ...] = (System, Component, Electrode, Cell, Optics)
        known = [field for model in models for field in model.model_fields]
        near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
        remedy = (
            f"Nearest: {', '.join(near)}" if near else f"Fields: {', '.join(System.model_fields)}"
        )
        return SystemDescriptionError(f"unknown field {key!r}", remedy=remedy, place=place)
    if fault["type"] == "missing":
        return SystemDescriptionError("the field is missing", remedy="Give it", place=place)
    message = str(fault["msg"]).removeprefix("Value error, ")
    return SystemDescriptionError(f"{reprlib.repr(fault['input'])[:200]}: {message}", place=place)
