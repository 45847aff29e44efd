"""Which reactions ran in a simulated run, as far as its spectra can show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library
from opir.errors import StoreError
from opir.pathways.onset import find_onset
from opir.pathways.point_noise import seen_noise
from opir.pathways.result import Onset
from opir.pathways.setting import setting_of
from opir.run.store import Store

__all__ = ["ABSENT", "PRESENT", "RunTruth", "truth_of"]

Array = NDArray[np.float64]

PRESENT, ABSENT = 10.0, 1.0
"""Of what a reaction changes in the spectra, as a norm over frames and wavenumbers in units of the
noise: from the first on it is there, below the second it is not; between them it is not counted."""

_OTHER, _UNLISTED = "-other", "-unlisted"
"""How names of the shifted domain end."""


@dataclass(frozen=True)
class RunTruth:
    """What happened in a run.

    Attributes:
        system: Name of its system.
        seen: Reaction of the library -> how much it changes in the spectra, in units of the noise.
        onsets: Reaction -> where it sets in, of those that are there.
        species: Product -> what it changes in the spectra by itself, in the same units.
    """

    system: str
    seen: dict[str, float]
    onsets: dict[str, Onset | None]
    species: dict[str, float]

    @property
    def present(self) -> set[str]:
        """Reactions that are there."""
        return {name for name, size in self.seen.items() if size >= PRESENT}

    @property
    def absent(self) -> set[str]:
        """Reactions that are not there."""
        return {name for name, size in self.seen.items() if size < ABSENT}


def truth_of(store: Store, id: str, library: Library) -> RunTruth:
    """The truth of a run of a simulated store.

    What a reaction changes is its true extent times the library's spectra of all that it makes and
    uses up, through the cell's own optics: of a run in the shifted domain, too, whose reactions are
    held to be those of the library that they were made from. What no library lists (``unlisted``)
    is left out: nobody can name it.

    Raises:
        StoreError: If the run has no truth.
    """
    truth, record = store.truth(id), store.record(id)
    if truth is None or "extents" not in truth:
        raise StoreError(
            f"the run {id!r} has no truth beside it",
            remedy="Use a store that opir data simulate made",
            path=store.url,
        )
    system = str(record["system"])
    model = library.systems[system]
    optics = {name: value.value for name, value in model.optics.items()}
    draws = dict(zip((str(n) for n in truth["draw"].values), truth["draws"].values, strict=True))
    surface = optics["area_per_volume"] * draws.get("surface_area: probed", 1.0)
    height = float(truth.attrs["electrolyte_height"])
    path = optics["path_length"] * draws.get("optical_path", 1.0)
    axis = truth["wavenumber"].values.astype(np.float64)
    names = [_listed(str(name), system) for name in truth["reaction"].values]
    listed = [name for name in names if name in library.reactions]
    dilution = optics["liquid_fraction"] / height / surface
    setting = setting_of(axis, model, library, dilution=dilution, reactions=listed)
    place = {reaction.name: at for at, reaction in enumerate(setting.reactions)}
    scale = 1e3 * surface * path  # of an extent [mol m-2], to what the spectra show
    noise = _noise(store, id, truth["streams"].values.sum(axis=0))
    time = truth["time"].values.astype(np.float64)
    voltage = store.run(id).on_time("voltage")
    seen: dict[str, float] = {}
    onsets: dict[str, Onset | None] = {}
    amounts = np.zeros((len(time), len(setting.products)))
    for column, name in enumerate(names):
        if name not in place:
            if name in library.reactions:
                seen[name] = 0.0
            continue
        extent = scale * (truth["extents"].values[:, column] - truth["extents"].values[0, column])
        size = float(np.linalg.norm(setting.effect[place[name]])) / noise
        seen[name] = float(np.linalg.norm(extent)) * size
        amounts += extent[:, None] * setting.signature[place[name]]
        if seen[name] >= PRESENT:
            level = np.full(len(time), 1.0 / max(size, 1e-300))
            onsets[name] = find_onset(time, np.maximum.accumulate(extent), level, voltage)
    sizes = np.linalg.norm(setting.spectra, axis=1) / noise
    species = {
        name: float(np.linalg.norm(amounts[:, at]) * sizes[at])
        for at, name in enumerate(setting.products)
    }
    return RunTruth(system, seen, onsets, species)


def _listed(name: str, system: str) -> str:
    """The library's name of a reaction of the shifted domain."""
    return name.removesuffix(f"-{system}{_OTHER}")


def _noise(store: Store, id: str, clean: Array) -> float:
    """Of a point of the measured spectra: what is not the same in each frame.

    What the instrument's line shape makes of a band stays, and hides no change.
    """
    signal = str(store.record(id)["signal"])
    measured = store.batch([id], [signal])[signal][0].astype(np.float64)
    return seen_noise(measured - clean)
