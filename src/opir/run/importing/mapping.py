"""The mapping file: its fields, and errors that name the nearest ones."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from opir.errors import FormatError, OpirError, OptionError, UnknownNameError
from opir.files import read_text
from opir.quantities import QUANTITIES, convert, quantity
from opir.run.described import ORIGINS
from opir.run.run import ON_TIME
from opir.run.spectral import SIGNALS

__all__ = ["AxisSource", "Grid", "ImportMapping", "TruthSource", "ValueSource", "read_mapping"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Grid(_Part):
    """An even axis: ``count`` points from ``first`` to ``last``, both included."""

    first: float
    last: float
    count: int = Field(ge=1, le=10_000_000)


class AxisSource(_Part):
    """Where an axis comes from: ``from`` a file, ``values`` here, or an even ``grid``."""

    unit: str
    from_: str | None = Field(default=None, alias="from")
    values: list[float] | None = None
    grid: Grid | None = None
    axes: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one(self) -> AxisSource:
        given = [n for n in ("from_", "values", "grid") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of 'from', 'values' and 'grid'")
        return self


class ValueSource(_Part):
    """Where values come from: ``from`` a file, or one ``value`` for all."""

    unit: str
    from_: str | None = Field(default=None, alias="from")
    value: float | None = None
    axes: tuple[str, ...] | None = None
    missing: float | None = None
    sign: Literal[1, -1] = 1

    @model_validator(mode="after")
    def _one(self) -> ValueSource:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("give exactly one of 'from' and 'value'")
        return self


class TruthSource(_Part):
    """One variable of the ground truth; its unit is kept as it is."""

    unit: str
    from_: str = Field(alias="from")
    axes: tuple[str, ...]


class _Runs(_Part):
    """The table of conditions, a row for each run, and what its columns mean."""

    table: str | None = None
    count: int | None = Field(default=None, ge=1)
    id: str = ""
    start: str = ""
    frames: str = ""
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _table(self) -> _Runs:
        if self.table is None and (self.id or self.start or self.frames or self.tags):
            raise ValueError("'id', 'start', 'frames' and 'tags' name columns of 'table'; name it")
        return self


class ImportMapping(_Part):
    """A mapping file; docs/import.md says what each field means."""

    opir_import: Literal[1]
    title: str = ""
    description: str = ""
    licence: str
    source: str
    origin: str = "measured"
    signal: str = "absorbance"
    spectra: ValueSource
    wavenumber: AxisSource
    time: AxisSource
    on_time: dict[str, ValueSource] = Field(default_factory=dict)
    runs: _Runs = _Runs()
    system: str | dict[str, Any] | None = None
    truth: dict[str, TruthSource] = Field(default_factory=dict)
    labels: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names(self) -> ImportMapping:
        for name, known, kind in (
            (self.signal, SIGNALS, "signal"),
            (self.origin, ORIGINS, "origin"),
            *((name, ON_TIME, "variable on time") for name in self.on_time),
        ):
            if name not in known:
                raise UnknownNameError(kind, name, known)
        convert(0.0, self.signal, self.spectra.unit)
        convert(0.0, "wavenumber", self.wavenumber.unit)
        convert(0.0, "time", self.time.unit)
        for name, item in self.on_time.items():
            if name in QUANTITIES:
                quantity(name)
                convert(0.0, name, item.unit)
        if self.spectra.from_ is None:
            raise OptionError("the spectra need 'from', a file and the name of an array in it")
        return self


def read_mapping(path: Path | str) -> ImportMapping:
    """A mapping from a YAML or TOML file.

    Raises:
        FormatError: If the file is neither, or a field is missing, unknown or of a wrong type;
            unknown ones list the nearest.
        UnitError, UnknownNameError: If a unit or name in it is unknown.
    """
    path = Path(path)
    text = read_text(path)
    data = _parse(text, path)
    try:
        return ImportMapping.model_validate(data)
    except ValidationError as error:
        raise _explain(error, path) from error
    except OpirError as error:
        raise error.at(path=path) from None


def _parse(text: str, path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        toml = path.suffix.lower() == ".toml"
        data = tomllib.loads(text) if toml else yaml.load(text, Loader=loader)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else None
        raise FormatError(
            f"the mapping is not YAML or TOML ({' '.join(str(error).split())[:120]})",
            path=path,
            place=place,
        ) from error
    if not isinstance(data, dict):
        raise FormatError(
            "a mapping file is a mapping of fields",
            remedy=f"Fields: {', '.join(ImportMapping.model_fields)}",
            path=path,
        )
    return data


def _fields_at(place: tuple[Any, ...]) -> list[str]:
    """Names of the fields of the part that a place lies in."""
    parts: dict[str, type[BaseModel]] = {
        "spectra": ValueSource, "wavenumber": AxisSource, "time": AxisSource,
        "on_time": ValueSource, "runs": _Runs, "truth": TruthSource,
    }  # fmt: skip
    inner = Grid if "grid" in place[:-1] else parts.get(str(place[0])) if len(place) > 1 else None
    model = inner or ImportMapping
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(error: ValidationError, path: Path) -> FormatError:
    # A misspelt field is missing under its right name too; the misspelling says more.
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    place = ".".join(str(part) for part in fault["loc"]) or None
    if fault["type"] == "extra_forbidden":
        known = _fields_at(fault["loc"])
        key = str(fault["loc"][-1])
        near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
        remedy = f"Nearest: {', '.join(near)}" if near else f"Fields: {', '.join(known)}"
        return FormatError(f"unknown field {key!r}", remedy=remedy, path=path, place=place)
    if fault["type"] == "missing":
        return FormatError(
            "the field is missing", remedy="Give it; see docs/import.md", path=path, place=place
        )
    message = str(fault["msg"]).removeprefix("Value error, ")
    return FormatError(message, remedy="See docs/import.md", path=path, place=place)
