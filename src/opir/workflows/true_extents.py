"""True extents of the simulated runs of a store, for a model to be taught by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opir.chemistry import library
from opir.models.inputs import Windows
from opir.run.store import Store

__all__ = ["with_extents"]

_MILLI = 1e3


def with_extents(windows: Windows, store: Store, ids: Sequence[str]) -> Windows:
    """Training windows with the true extents of their runs, where a store has them.

    Extents are given as an interphase on the electrode would show them: times the surface per
    volume and the optical path of the library's cell of that system.

    Args:
        windows: One a run, from its first frame on.
        store: The store.
        ids: Of the runs, in the order of the windows.

    Returns:
        The same windows where one of the runs has no truth, is of a system that the library does
        not have, or has other frames.
    """
    known = library()
    found: list[tuple[list[str], np.ndarray]] = []
    times = windows.inputs.given.shape[1] + windows.inputs.frames
    if len(ids) != len(windows):
        return windows
    for id in ids:
        system = str(store.record(id)["system"])
        truth = store.truth(id)
        if truth is None or "extents" not in truth or system not in known.systems:
            return windows
        optics = known.systems[system].optics
        shows = optics["area_per_volume"].value * optics["path_length"].value
        extents = truth["extents"].values
        if len(extents) != times:
            return windows
        made = _MILLI * shows * (extents - extents[:1])
        found.append(([str(name) for name in truth["reaction"].values], made))
    reactions = tuple(sorted({name for names, _ in found for name in names}))
    place = {name: at for at, name in enumerate(reactions)}
    whole = np.full((len(ids), times, len(reactions)), np.nan, np.float32)
    for row, (names, made) in enumerate(found):
        whole[row][:, [place[name] for name in names]] = made
    return replace(windows, extents=whole, reactions=reactions)
