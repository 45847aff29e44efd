"""The parts of a store of simulated runs: which runs each holds, and writing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from opir.chemistry import Library
from opir.run.store import Item, Store
from opir.simulate.dataset.preset import Preset
from opir.simulate.dataset.produce import Simulator, produce

__all__ = ["Part", "list_parts", "write_part"]


@dataclass(frozen=True)
class Part:
    """Runs of one system that are simulated and written together.

    Attributes:
        name: Of the part in the store.
        indices: Numbers of its runs.
        ids: Ids of its runs.
    """

    name: str
    indices: tuple[int, ...]
    ids: tuple[str, ...]


def list_parts(preset: Preset) -> list[Part]:
    """The parts of a set: turn by turn one of each system, so that all systems grow alike."""
    count = len(preset.systems)
    width = len(str(max(0, count - 1)))
    found = []
    for block in range(-(-preset.runs // (count * preset.part_runs))):
        for place, system in enumerate(preset.systems):
            first = block * preset.part_runs
            numbers = range(first, first + preset.part_runs)
            kept = [n for n in numbers if n * count + place < preset.runs]
            if kept:
                found.append(
                    Part(
                        f"{place:0{width}d}-{_plain(system)}-{block:05d}",
                        tuple(n * count + place for n in kept),
                        tuple(f"{system}-{n:05d}" for n in kept),
                    )
                )
    return found


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)


def write_part(
    preset: Preset, part: Part, store: Store, library: Library, simulator: Simulator
) -> int:
    """Simulate and write a part; what of it is in the store already stays.

    Returns:
        How many draws failed on the way.

    Raises:
        SimulationError: If a run cannot be simulated.
        OutputError: If the disk is full or may not be written to.
    """
    items = [produce(preset, index, library, simulator) for index in part.indices]
    for number, group in enumerate(_by_layout(items)):
        store.write_part(part.name if number == 0 else f"{part.name}-{number}", group)
    return sum(int(item.tags["attempt"]) for item in items)


def _by_layout(items: Sequence[Item]) -> list[list[Item]]:
    """The items in groups that can lie in one part; nearly always one group."""
    groups: dict[object, list[Item]] = {}
    for item in items:
        key = (_shape(item.run.dataset), None if item.truth is None else _shape(item.truth))
        groups.setdefault(key, []).append(item)
    return list(groups.values())


def _shape(dataset: xr.Dataset) -> tuple[object, ...]:
    found: list[object] = []
    for name, variable in sorted(dataset.variables.items(), key=lambda pair: str(pair[0])):
        labels: object = None
        if variable.dims == (name,) and name != "time":
            labels = tuple(variable.values.tolist())
        found.append((name, variable.dims, variable.shape, str(variable.dtype), labels))
    return tuple(found)
