"""Which runs a set has: system, protocol, conditions and frames of each, drawn by its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from opir.chemistry import SystemModel
from opir.errors import OptionError
from opir.simulate.dataset.grids import FrameGrid
from opir.simulate.dataset.preset import Preset
from opir.simulate.protocols import protocol_names

__all__ = ["Task", "draw_task", "plan"]


@dataclass(frozen=True)
class Task:
    """One run to simulate.

    Attributes:
        id: Its name in the store.
        index: Its number in the set.
        attempt: How many draws failed before.
        system: Name.
        protocol: Name or text.
        temperature: [K].
        salt: Salt concentration [mol m-3]; None: the system's own.
        additives: Additive -> mass fraction; those not named are as the system has them.
        water: Mass fraction in the electrolyte.
        frames: Rule of the acquisition times.
        instrument: Name.
        seed: Of the cell and the instrument.
    """

    id: str
    index: int
    attempt: int
    system: str
    protocol: str
    temperature: float
    salt: float | None
    additives: Mapping[str, float] = field(default_factory=dict)
    water: float = 2e-5
    frames: FrameGrid = field(default_factory=FrameGrid)
    instrument: str = "bench"
    seed: int = 0


def draw_task(
    preset: Preset, index: int, models: Mapping[str, SystemModel], *, attempt: int = 0
) -> Task:
    """Run ``index`` of a set. It depends on the preset, its number and the attempt alone.

    Args:
        preset: The set.
        index: From 0; may lie beyond ``preset.runs``.
        models: Name -> system, of the library.
        attempt: Draws that failed before.

    Raises:
        OptionError: If no temperature or protocol is left for the system.
    """
    sequence = np.random.SeedSequence(preset.seed, spawn_key=(index, attempt))
    generator = np.random.Generator(np.random.PCG64(sequence))
    name = preset.systems[index % len(preset.systems)]
    model = models[name]
    conditions, variants = preset.conditions, model.variants
    protocol = _chosen(generator, _protocols(preset, model))
    low = max(conditions.temperature[0], variants.temperature[0])
    high = min(conditions.temperature[1], variants.temperature[1])
    if low > high:
        raise OptionError(
            f"{name} is known from {variants.temperature[0]:g} to {variants.temperature[1]:g} K; "
            f"{conditions.temperature[0]:g} to {conditions.temperature[1]:g} K was asked for",
            remedy="Ask for temperatures inside its range",
        )
    # Drawn in a fixed order whatever is used of it, so that one setting does not move the others.
    temperature, salt_draw, water_draw = generator.uniform(size=3)
    nominal_salt, nominal_additives = generator.uniform(size=2)
    additives = {
        key: float(bottom + share * (top - bottom))
        for (key, (bottom, top)), share in zip(
            sorted(variants.additives.items()),
            generator.uniform(size=len(variants.additives)),
            strict=True,
        )
    }
    least, most = variants.salt_concentration
    dry, wet = conditions.water
    seeds = generator.integers(0, 2**63, size=2)
    return Task(
        id=f"{name}-{index // len(preset.systems):05d}",
        index=index,
        attempt=attempt,
        system=name,
        protocol=protocol,
        temperature=float(low + temperature * (high - low)),
        salt=None
        if nominal_salt < conditions.nominal_salt
        else float(least + salt_draw * (most - least)),
        additives={} if nominal_additives < conditions.nominal_additives else additives,
        water=float(dry * (wet / dry) ** water_draw),
        frames=FrameGrid(_chosen(generator, preset.grids), preset.spectra.frames, int(seeds[0])),
        instrument=_chosen(generator, preset.instruments),
        seed=int(seeds[1]),
    )


def _protocols(preset: Preset, model: SystemModel) -> dict[str, float]:
    if preset.only:
        return dict.fromkeys(preset.only, 1.0)
    known = [name for name in model.protocols if name in protocol_names()]
    found = {name: float(preset.protocols.get(name, 1.0)) for name in known}
    found = {name: weight for name, weight in found.items() if weight > 0}
    if not found:
        raise OptionError(f"no protocol suits {model.name}", remedy="Name one")
    return found


def _chosen(generator: np.random.Generator, weights: Mapping[str, float]) -> str:
    names = sorted(name for name, weight in weights.items() if weight > 0)
    total = np.cumsum([weights[name] for name in names])
    place = np.searchsorted(total, generator.uniform() * total[-1], side="right")
    return names[min(int(place), len(names) - 1)]


def plan(preset: Preset, models: Mapping[str, SystemModel]) -> list[Task]:
    """All runs of a set, in the order of their numbers.

    Raises:
        OptionError: See :func:`draw_task`.
    """
    return [draw_task(preset, index, models) for index in range(preset.runs)]
