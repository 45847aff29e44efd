"""The schema of library files: what may stand in one, field by field, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "CitationEntry",
    "ElectrodeEntry",
    "LibraryFile",
    "ReactionEntry",
    "SaltEntry",
    "SpeciesEntry",
    "SystemEntry",
    "ValueEntry",
]

Tag = Literal["sourced", "computed", "computed-here", "recalled", "guessed", "fitted", "derived"]


def _number(value: Any) -> Any:
    """Numbers only: a text or a truth value is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number is needed here")
    return float(value)


Number = Annotated[float, BeforeValidator(_number)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Named(_Entry):
    title: str = ""
    override: bool = False
    note: str = ""
    references: tuple[str, ...] = ()


class ValueEntry(_Entry):
    """``{value: 38, unit: kJ mol-1, tag: sourced, source: S39}``."""

    value: Number
    unit: str
    tag: Tag
    source: str = ""
    note: str = ""


class BandEntry(_Entry):
    """One band, in full or as a row.

    The row is ``[position, intensity, width, "tag tag tag", assignment, source]``: cm-1, relative
    to EC C=O, cm-1; one tag each; the source may be left out. In full, each of the three numbers
    is a :class:`ValueEntry`.
    """

    position: ValueEntry
    intensity: ValueEntry
    width: ValueEntry
    assignment: str = ""
    lorentzian: ValueEntry | None = None

    @model_validator(mode="before")
    @classmethod
    def _row(cls, data: Any) -> Any:
        if not isinstance(data, (list, tuple)):
            return data
        if len(data) not in (5, 6) or not isinstance(data[3], str):
            raise ValueError(
                "a band row is [position, intensity, width, 'tag tag tag', assignment, source]"
            )
        tags = data[3].split()
        if len(tags) != 3:
            raise ValueError("a band row has three tags: of position, intensity and width")
        source = data[5] if len(data) == 6 else ""
        units = ("cm-1", "1", "cm-1")
        numbers = [
            {"value": value, "unit": unit, "tag": tag, "source": source}
            for value, unit, tag in zip(data[:3], units, tags, strict=True)
        ]
        names = ("position", "intensity", "width")
        return {**dict(zip(names, numbers, strict=True)), "assignment": data[4]}


class SpeciesEntry(_Named):
    """One species; see :class:`opir.chemistry.species.Species`."""

    formula: str
    charge: int = 0
    phase: Literal["liquid", "dissolved", "solid", "gas", "electrode", "electron"]
    aliases: tuple[str, ...] = ()
    smiles: str = ""
    molar_volume: ValueEntry | None = None
    density: ValueEntry | None = None
    lorentzian: ValueEntry | None = None
    environments: dict[str, tuple[BandEntry, ...]] = Field(default_factory=dict)
    same_bands_as: str = ""


class ReactionEntry(_Named):
    """One reaction; see :class:`opir.chemistry.reaction.Reaction`."""

    equation: str
    law: str
    parameters: dict[str, ValueEntry] = Field(default_factory=dict)
    orders: dict[str, Number] = Field(default_factory=dict)
    electrode: Literal["working", "counter", ""] = ""
    onset: ValueEntry | None = None


class OpenCircuitEntry(_Entry):
    """Open-circuit table: rows of degree and potential [V]."""

    table: tuple[tuple[Number, Number], ...] = Field(min_length=2)
    tag: Tag
    source: str = ""
    note: str = ""


class ElectrodeEntry(_Named):
    """One electrode material; see :class:`opir.chemistry.electrode.ElectrodeModel`."""

    kind: Literal["insertion", "plating", "none"]
    ion: Literal["Li", "Na"]
    aliases: tuple[str, ...] = ()
    open_circuit: OpenCircuitEntry
    parameters: dict[str, ValueEntry]
    window: tuple[Number, Number]


class TransportEntry(_Entry):
    """One transport channel."""

    law: str
    parameters: dict[str, ValueEntry]


class InterphaseEntry(_Entry):
    """The film."""

    initial_thickness: ValueEntry
    transport: tuple[TransportEntry, ...] = Field(min_length=1)
    cracking: ValueEntry


class SolvationEntry(_Entry):
    """Solvation."""

    cation: Literal["Li", "Na"]
    preference: dict[str, ValueEntry]
    parameters: dict[str, ValueEntry]


class VariantsEntry(_Entry):
    """What may be varied; numbers with units as texts (``"0.5 M"``)."""

    salt_concentration: tuple[str, str]
    additives: dict[str, tuple[str, str]] = Field(default_factory=dict)
    temperature: tuple[str, str]


class SystemEntry(_Named):
    """One system; see :class:`opir.chemistry.system.SystemModel`."""

    number: int = Field(default=0, ge=0)
    system: dict[str, Any]
    working: str
    counter: str
    full_cell: bool = False
    reactions: tuple[str, ...]
    exchange: tuple[str, str]
    initial: dict[str, ValueEntry] = Field(default_factory=dict)
    interphase: InterphaseEntry
    solvation: SolvationEntry
    optics: dict[str, ValueEntry]
    electrical: dict[str, ValueEntry] = Field(default_factory=dict)
    variants: VariantsEntry
    protocols: tuple[str, ...] = Field(min_length=1)
    residual_water: ValueEntry
    window: tuple[Number, Number]


class SaltEntry(_Entry):
    """A salt: the ions of one formula unit, and the volume that it takes in solution."""

    ions: dict[str, int]
    apparent_molar_volume: ValueEntry
    override: bool = False


class CitationEntry(_Entry):
    """A citation: what it is, its DOI or URL, and what of it was read."""

    text: str
    doi: str = ""
    url: str = ""
    read: str = ""
    override: bool = False


class LibraryFile(_Entry):
    """One file: any of these sections."""

    citations: dict[str, CitationEntry] = Field(default_factory=dict)
    salts: dict[str, SaltEntry] = Field(default_factory=dict)
    species: dict[str, SpeciesEntry] = Field(default_factory=dict)
    reactions: dict[str, ReactionEntry] = Field(default_factory=dict)
    electrodes: dict[str, ElectrodeEntry] = Field(default_factory=dict)
    systems: dict[str, SystemEntry] = Field(default_factory=dict)
