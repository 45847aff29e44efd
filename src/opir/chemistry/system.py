"""What a battery system of the library is: everything a simulation of it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opir.chemistry.value import Value
from opir.system import System

__all__ = ["Interphase", "Solvation", "SystemModel", "Transport", "Variants"]


@dataclass(frozen=True)
class Transport:
    """One channel by which an interphase passes what growth needs.

    Attributes:
        law: ``diffusion``, ``migration``, ``tunnelling`` or ``interstitial``.
        parameters: See :data:`opir.chemistry.laws.TRANSPORT`.
    """

    law: str
    parameters: Mapping[str, Value]


@dataclass(frozen=True)
class Interphase:
    """The film on the watched electrode.

    Attributes:
        initial_thickness: [m].
        transport: Channels, side by side.
        cracking: Share of the passivating thickness lost per unit change of the degree of
            lithiation [1].
    """

    initial_thickness: Value
    transport: tuple[Transport, ...]
    cracking: Value


@dataclass(frozen=True)
class Solvation:
    """How solvents, anions and film follow concentration, temperature and state of charge.

    Attributes:
        cation: ``Li`` or ``Na``.
        preference: Solvent -> relative weight in the first shell [1].
        coordination_number: Solvent molecules around a cation at 1 mol/L and 298 K [1].
        coordination_slope: Its change per mol/L [1].
        pairing_constant: Of contact ion pairs at 298 K [L mol-1].
        pairing_enthalpy: [J mol-1]; above 0, heat makes pairs.
        swing_strength: Relative change of the local salt concentration at 1C [1].
        swing_time: Its relaxation time [s].
        breathing: Relative loss of film thickness from empty to full electrode [1].
    """

    cation: Literal["Li", "Na"]
    preference: Mapping[str, Value]
    coordination_number: Value
    coordination_slope: Value
    pairing_constant: Value
    pairing_enthalpy: Value
    swing_strength: Value
    swing_time: Value
    breathing: Value


@dataclass(frozen=True)
class Variants:
    """What may be varied of a system and is still that system.

    Attributes:
        salt_concentration: Lowest and highest [mol m-3].
        additives: Additive -> lowest and highest mass fraction [1].
        temperature: Lowest and highest [K].
    """

    salt_concentration: tuple[float, float]
    additives: Mapping[str, tuple[float, float]]
    temperature: tuple[float, float]


@dataclass(frozen=True)
class SystemModel:
    """One system.

    Attributes:
        name: Its one name (``lp30-graphite``).
        title: What it is.
        number: Its number among the ten systems, 0 for those outside.
        system: Electrolyte, electrodes, temperature, cell and optics.
        working, counter: Names of the electrode models.
        full_cell: Whether the counter electrode is no metal of the ion.
        reactions: Names of the reactions that run.
        exchange: Names of the two exchange reactions (working, counter).
        initial: Species that are there besides the electrolyte -> amount [mol m-2].
        interphase, solvation: See there.
        optics: See :data:`opir.chemistry.laws.OPTICS`.
        electrical: See :data:`opir.chemistry.laws.ELECTRICAL`.
        variants: What may be varied.
        protocols: Names of the protocols that suit it.
        residual_water: Mass fraction of the electrolyte [1].
        window: Lowest and highest potential of the watched electrode, or of the cell where it is
            a full cell [V].
        references: Citations.
        note: What a reader should know.
    """

    name: str
    title: str
    number: int
    system: System
    working: str
    counter: str
    full_cell: bool
    reactions: tuple[str, ...]
    exchange: tuple[str, str]
    initial: Mapping[str, Value]
    interphase: Interphase
    solvation: Solvation
    optics: Mapping[str, Value]
    electrical: Mapping[str, Value]
    variants: Variants
    protocols: tuple[str, ...]
    residual_water: Value
    window: tuple[float, float]
    references: tuple[str, ...] = ()
    note: str = ""
