"""A store of simulated runs, made by several processes; killed, it goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opir
from opir.chemistry import Library
from opir.errors import OptionError, OutputExistsError, StoppedError, StoreError
from opir.run.store import Store
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.parts import list_parts
from opir.simulate.dataset.plan import draw_task
from opir.simulate.dataset.pool import Pool
from opir.simulate.dataset.preset import Preset
from opir.simulate.dataset.worker import SIMULATOR
from opir.simulate.protocols import CellLimits, resolve_protocol

__all__ = ["GenerationInterruptedError", "GenerationResult", "chemistry_hash", "generate"]


class GenerationInterruptedError(StoppedError):
    """The job was stopped before its end; what was committed stays."""


@dataclass(frozen=True)
class GenerationResult:
    """What came of a job.

    Attributes:
        store: The store.
        written: Runs that this call wrote.
        found: Runs that were there before.
        redrawn: Draws in the whole store whose integration failed and that were drawn anew.
        seconds: Time that this call took.
    """

    store: Store
    written: int
    found: int
    redrawn: int
    seconds: float


def generate(
    preset: Preset,
    url: Path | str,
    *,
    workers: int = 0,
    report: Callable[[int, int, int], None] | None = None,
    simulator: str = SIMULATOR,
) -> GenerationResult:
    """Simulate a set of runs into a store.

    Run ``i`` depends on the preset and ``i`` alone, and the store has the same bytes whatever
    the number of workers and interruptions.

    Args:
        preset: What to simulate.
        url: A new store, or one that an earlier call with the same preset began.
        workers: Processes; 0: one for each processor core that may be used.
        report: Called with runs done, runs in all, and redraws so far.
        simulator: ``module:function`` that simulates a task.

    Raises:
        StoreError: If another job's store lies there.
        OutputExistsError: If something else lies there.
        OutputError: If the disk is full.
        SimulationError: If a run cannot be simulated, or workers died on it again and again.
        GenerationInterruptedError: At Ctrl-C.
    """
    started = time.monotonic()
    if not preset.systems:
        raise OptionError("no system is named", remedy="Name one or more, or choose a preset")
    workers = workers or usable_cores()
    if not 1 <= workers <= 1024:
        raise OptionError(f"{workers} workers were asked for; 1 to 1024 are possible")
    known = domain_library(preset)
    _check(preset, known)
    store = _opened(preset, url, known)
    parts = list_parts(preset)
    found = len(store)
    todo = [n for n, part in enumerate(parts) if not all(id in store for id in part.ids)]
    done, redrawn = found, _redrawn(store)
    job = {"preset": preset.to_json(), "store": str(url), "simulator": simulator}
    if report is not None:
        report(done, preset.runs, redrawn)
    try:
        with Pool(job, workers) as pool:
            for failures in pool.run(todo):
                store.refresh()
                done, redrawn = len(store), redrawn + failures
                if report is not None:
                    report(done, preset.runs, redrawn)
    except KeyboardInterrupt:
        store.refresh()
        raise GenerationInterruptedError(
            f"stopped; {len(store)} of {preset.runs} runs are in the store",
            remedy="Give the same command again to go on",
            path=store.url,
        ) from None
    store.clean()
    store.refresh()
    missing = preset.runs - len(store)
    if missing:
        raise StoreError(
            f"{missing} runs are missing in the store", remedy="Repeat", path=store.url
        )
    return GenerationResult(
        store, len(store) - found, found, _redrawn(store), time.monotonic() - started
    )


def _check(preset: Preset, known: Library) -> None:
    """Tell unknown names, empty ranges and unfit protocols before anything is written."""
    for index in range(min(preset.runs, len(preset.systems))):
        draw_task(preset, index, known.systems)
    for name in preset.systems:
        # Any capacity will do to see whether currents and voltages make sense.
        limits = CellLimits.of_system(known.systems[name], capacity=1e-3)
        for protocol in preset.only:
            resolve_protocol(protocol, limits)


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _redrawn(store: Store) -> int:
    return sum(int(tags["attempt"]) for part in store.parts for tags in part.runs["tags"])


def provenance(preset: Preset, known: Library) -> dict[str, Any]:
    """What decides the bytes of a store, as far as opir knows."""
    return {
        "origin": "simulated",
        "preset": preset.name,
        "seed": preset.seed,
        "runs": preset.runs,
        "settings": preset.to_json(),
        "opir": opir.__version__,
        "chemistry": chemistry_hash(known),
    }


def chemistry_hash(known: Library) -> str:
    """Hash over the files that the library was made of."""
    digest = hashlib.sha256()
    for path in sorted({str(path) for path in known.origins.values()}):
        digest.update(Path(path).name.encode() + b"\n" + Path(path).read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _opened(preset: Preset, url: Path | str, known: Library) -> Store:
    wanted = provenance(preset, known)
    if not Store.exists(url):
        return Store.create(
            url,
            title=preset.title,
            description=preset.description,
            licence=preset.licence,
            provenance=wanted,
        )
    try:
        store = Store.open(url)
    except StoreError:
        raise OutputExistsError(url) from None
    there = store.attributes.get("provenance") or {}
    differing = [key for key in wanted if there.get(key) != wanted[key]]
    if differing:
        raise StoreError(
            f"the store is another job's: {_differences(differing, wanted, there)}",
            remedy="Name another store, or repeat the very same command to go on with this one",
            path=store.url,
        )
    return store


def _differences(keys: list[str], wanted: dict[str, Any], there: dict[str, Any]) -> str:
    if "settings" not in there:
        return "it was not made by opir data simulate"
    said = []
    for key in keys:
        if key == "chemistry":
            said.append("other chemistry files")
        elif key != "settings":
            said.append(f"{key} {there.get(key)} there, {wanted[key]} asked for")
    if not said:
        a, b = json.loads(there["settings"]), json.loads(wanted["settings"])
        said = [f"other {key}" for key in sorted({*a, *b}) if a.get(key) != b.get(key)]
    return "; ".join(said)
