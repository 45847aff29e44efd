"""Pictures of a store of simulated runs, beside docs/dataset.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from opir.chemistry import TAGS, Library, Value, library
from opir.errors import OptionError
from opir.files import atomic_path, check_output
from opir.plots.data_card import (
    changes_figure,
    contents_figure,
    examples_figure,
    provenance_figure,
    spectra_figure,
    truth_figure,
)
from opir.plots.style import save
from opir.run.store import Store

__all__ = ["data_card", "provenance_counts"]

_LOOKED_AT = 12
"""Runs of each system whose spectra are read for the picture of the changes."""


def data_card(url: Path | str, out: Path | str, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Draw what a store of simulated runs holds.

    Args:
        url: The store.
        out: Folder to make; the pictures appear in it all or not at all.
        overwrite: Replace a folder that is there.

    Returns:
        The pictures.

    Raises:
        OptionError: If the store is empty, or holds runs that are not simulated, or no truth.
        OutputExistsError, OutputError: If the folder cannot be written.
    """
    out = check_output(out, overwrite=overwrite)
    store = Store.open(url)
    groups = _groups(store)
    title = str(store.attributes.get("title") or Path(store.url).name)
    example = {name: store.run(ids[len(ids) // 2]) for name, ids in groups.items()}
    figures = {
        "contents": contents_figure(_records(store, groups), text=title),
        "examples": examples_figure(example),
        "spectra": spectra_figure(example),
        "changes": changes_figure(_changes(store, groups)),
        "provenance": provenance_figure(
            provenance_counts(library()), text="Where the numbers of the library come from"
        ),
    }
    for name, ids in groups.items():
        middle = ids[len(ids) // 2]
        truth = store.truth(middle)
        if truth is not None:
            figures[f"truth-{name}"] = truth_figure(store.run(middle), truth, text=middle)
    with atomic_path(out, overwrite=overwrite) as temporary:
        temporary.mkdir()
        for name, figure in figures.items():
            save(figure, temporary / f"{name}.png")
    return tuple(out / f"{name}.png" for name in figures)


def _groups(store: Store) -> dict[str, list[str]]:
    """System -> ids of its runs, by the ids' own names."""
    groups: dict[str, list[str]] = defaultdict(list)
    for id in store:
        record = store.record(id)
        if record["origin"] != "simulated" or not record["truth"]:
            raise OptionError(
                f"run {id!r} is {record['origin']} {'with' if record['truth'] else 'without'} "
                "truth; a data card is drawn of simulated runs with truth",
                path=store.url,
            )
        groups[id.rpartition("-")[0] or id].append(id)
    if not groups:
        raise OptionError("the store is empty", path=store.url)
    return dict(groups)


def _records(store: Store, groups: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    found = []
    for name, ids in groups.items():
        for id in ids:
            tags = store.record(id)["tags"]
            times = store.batch([id], ["time"])["time"][0]
            found.append(
                {
                    "group": name,
                    "protocol": tags.get("protocol", "not stated"),
                    "grid": tags.get("grid", "not stated"),
                    "temperature": tags.get("temperature", np.nan),
                    "duration": float(times[-1] - times[0]),
                }
            )
    return found


def _changes(store: Store, groups: Mapping[str, list[str]]) -> dict[str, dict[str, list[float]]]:
    """Group -> part of the truth -> largest change in each of some runs."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, ids in groups.items():
        chosen = ids[:: max(1, len(ids) // _LOOKED_AT)][:_LOOKED_AT]
        parts: dict[str, list[float]] = defaultdict(list)
        for id in chosen:
            truth = store.truth(id)
            if truth is not None and "streams" in truth:
                for stream in map(str, truth["stream"].values):
                    values = truth["streams"].sel(stream=stream).values
                    parts[stream].append(float(np.abs(values - values[0]).max()))
        found[name] = dict(parts)
    return found


def _values(item: Any) -> list[Value]:
    """The numbers among the fields of an object."""
    return [v for f in fields(item) if isinstance(v := getattr(item, f.name), Value)]


def provenance_counts(known: Library) -> dict[str, dict[str, int]]:
    """Kind of number -> provenance tag -> how many of them the library has, firmest first."""
    found: dict[str, list[Value]] = defaultdict(list)
    for species in known.species.values():
        for bands in species.environments.values():
            for band in bands:
                found["band positions"].append(band.position)
                found["band intensities"].append(band.intensity)
                found["band widths"].append(band.width)
        found["molar volumes"] += [v for v in (species.molar_volume,) if v is not None]
    for reaction in known.reactions.values():
        found["rate parameters"] += list(reaction.parameters.values())
    for electrode in known.electrodes.values():
        found["electrode parameters"] += list(electrode.parameters.values())
    for system in known.systems.values():
        film = system.interphase
        found["interphase"] += [film.initial_thickness, film.cracking]
        found["interphase"] += [v for t in film.transport for v in t.parameters.values()]
        found["solvation"] += [
            *system.solvation.preference.values(),
            *_values(system.solvation),
        ]
        found["optics"] += list(system.optics.values())
    order = list(TAGS)
    return {
        kind: dict(
            sorted(Counter(v.tag for v in values).items(), key=lambda pair: order.index(pair[0]))
        )
        for kind, values in found.items()
        if values
    }
