"""What a set of simulated runs is made of; presets are TOML files."""

from __future__ import annotations

import hashlib
import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from opir.errors import FormatError, OpirError, OptionError, UnknownNameError
from opir.files import read_text
from opir.quantities import parse
from opir.simulate.cell.build import MOST_WATER
from opir.simulate.dataset.grids import GRIDS
from opir.simulate.instrument import instrument_names
from opir.simulate.protocols import protocol_names
from opir.simulate.protocols.limits import check_temperature

__all__ = ["Conditions", "Preset", "SpectralGrid", "preset_names", "read_preset"]

MOST_RUNS = 10_000_000


def _temperatures(value: Any) -> Any:
    """One temperature, a pair, or ``"15 degC to 60 degC"`` as lowest and highest [K]."""
    if isinstance(value, str):
        value = value.split(" to ")
    ends = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(ends) not in (1, 2):
        raise OptionError(f"{value!r} is no range of temperatures", remedy="Give one or two")
    kelvin = [parse(end, "temperature") for end in ends]
    return (min(kelvin), max(kelvin))


_Fraction = Annotated[float, Field(ge=0, le=1)]
_Weight = Annotated[float, Field(ge=0, le=1e6)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(map(str, fault["loc"]))
            message = str(fault["msg"]).removeprefix("Value error, ")
            raise OptionError(f"{str(fault['input'])[:60]!r}: {message}", place=place) from error


class SpectralGrid(_Part):
    """Size of the spectra.

    Attributes:
        frames: Of each run.
        wavenumbers: Points of each spectrum.
        lowest, highest: Ends of the axis [cm-1].
    """

    frames: int = Field(default=64, ge=2, le=100_000)
    wavenumbers: int = Field(default=512, ge=2, le=1_000_000)
    lowest: float = Field(default=800.0, ge=50)
    highest: float = Field(default=1900.0, le=12_500)


class Conditions(_Part):
    """How the conditions of the runs are drawn.

    Attributes:
        temperature: Lowest and highest [K]; cut to what each system allows.
        nominal_salt: Share of the runs with the system's own salt concentration; the others are
            even over the range that the system allows.
        nominal_additives: The same of additives.
        water: Lowest and highest mass fraction in the electrolyte, even in its logarithm.
    """

    temperature: Annotated[tuple[float, float], BeforeValidator(_temperatures)] = (288.15, 333.15)
    nominal_salt: _Fraction = 0.3
    nominal_additives: _Fraction = 0.4
    water: tuple[_Fraction, _Fraction] = (5e-6, 1e-4)


class Preset(_Part):
    """A set of simulated runs.

    Attributes:
        name: Of the preset.
        title, description, licence: Of the store.
        runs: How many.
        seed: With the number of a run, decides everything about it.
        systems: Names; run ``i`` is of system ``i mod len(systems)``.
        protocols: Named protocol -> weight, of those that suit a system. Others weigh 1.
        only: Protocols to use instead: names or texts; empty: those that suit the system.
        grids: Kind of frame grid -> weight.
        instruments: Name of an instrument -> weight.
        spectra, conditions: See there.
        domain: ``""``, or ``shifted`` for the test-only domain.
        part_runs: Runs of one part of the store.
        attempts: How often a run is drawn anew when its integration fails.
        library: Files of the user's own species, reactions and systems.

    Raises:
        OptionError: If a value is out of bounds or a field is unknown.
    """

    name: str
    title: str = ""
    description: str = ""
    licence: str = ""
    runs: int = Field(ge=1, le=MOST_RUNS)
    seed: int = Field(default=0, ge=0, lt=2**63)
    systems: tuple[str, ...] = ()
    protocols: dict[str, _Weight] = Field(default_factory=dict)
    only: tuple[str, ...] = ()
    grids: dict[str, _Weight] = Field(default_factory=lambda: {"even": 1.0})
    instruments: dict[str, _Weight] = Field(default_factory=lambda: {"bench": 1.0})
    spectra: SpectralGrid = Field(default_factory=SpectralGrid)
    conditions: Conditions = Field(default_factory=Conditions)
    domain: str = ""
    part_runs: int = Field(default=64, ge=1, le=4096)
    attempts: int = Field(default=5, ge=1, le=100)
    library: tuple[str, ...] = ()

    def model_post_init(self, _: Any) -> None:
        """Checks that concern several fields."""
        for kind in self.grids:
            if kind not in GRIDS:
                raise UnknownNameError("grid of frames", kind, GRIDS)
        for kind in self.instruments:
            if kind not in instrument_names():
                raise UnknownNameError("instrument", kind, instrument_names())
        for name in self.protocols:
            if name not in protocol_names():
                raise UnknownNameError("protocol", name, protocol_names())
        for what, weights in (("grid of frames", self.grids), ("instrument", self.instruments)):
            if not sum(weights.values()) > 0:
                raise OptionError(f"no {what} has a weight above 0")
        low, high = self.spectra.lowest, self.spectra.highest
        if not low < high:
            raise OptionError(f"the axis from {low:g} to {high:g} cm-1 is empty")
        low, high = self.conditions.water
        if not 0 < low <= high <= MOST_WATER:
            raise OptionError(
                f"the water contents are a lowest and a highest, above 0 and up to {MOST_WATER:g}"
            )
        for kelvin in self.conditions.temperature:
            check_temperature(kelvin, "a set")
        if len(set(self.systems)) != len(self.systems):
            raise OptionError("a system is named twice", remedy="Name each once")
        if self.domain not in ("", "shifted"):
            raise UnknownNameError("domain", self.domain, ["shifted"])

    def changed(self, **changes: Any) -> Preset:
        """A preset with other fields; those of ``spectra`` and ``conditions`` by their own names.

        Values of None change nothing.
        """
        fields = {name: getattr(self, name) for name in Preset.model_fields}
        for name, value in changes.items():
            if value is None:
                continue
            for part, model in (("spectra", SpectralGrid), ("conditions", Conditions)):
                if name in model.model_fields:
                    inner = {key: getattr(fields[part], key) for key in model.model_fields}
                    fields[part] = model(**{**inner, name: value})
                    break
            else:
                fields[name] = value
        return Preset(**fields)

    def to_json(self) -> str:
        """The preset as canonical JSON."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Preset:
        """A preset from :meth:`to_json`."""
        return cls(**json.loads(text))

    @property
    def fingerprint(self) -> str:
        """``sha256:`` and the hash of what it is."""
        return f"sha256:{hashlib.sha256(self.to_json().encode()).hexdigest()}"


def preset_names() -> tuple[str, ...]:
    """Names of the presets that come with opir, sorted."""
    folder = files("opir.simulate.dataset").joinpath("presets")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


def read_preset(name: str | Path) -> Preset:
    """A preset by its name, or from one's own TOML file.

    Raises:
        UnknownNameError: If there is none of that name; the nearest are listed.
        FormatError: If the file is not TOML.
        OptionError: If a field is wrong.
    """
    known = preset_names()
    if isinstance(name, str) and name in known:
        folder = files("opir.simulate.dataset").joinpath("presets")
        return _made(name, folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    if isinstance(name, str) and not name.endswith(".toml"):
        raise UnknownNameError("preset", name, known)
    path = Path(name)
    try:
        return _made(path.stem, read_text(path))
    except OpirError as error:
        raise error.at(path=path) from None


def _made(name: str, text: str) -> Preset:
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"the preset is not TOML ({error})") from error
    return Preset(**{"name": name, **fields})
