"""What cyclers recorded between the frames of a store's runs, for a model to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opir.models.inputs import Windows
from opir.run.between import COLUMNS, DIMENSION
from opir.run.store import Store

__all__ = ["with_records"]

_ELEMENTS = tuple(f"{DIMENSION}_{name}" for name in ("time", *COLUMNS))
_AT_ONCE = 512


def with_records(windows: Windows, store: Store, ids: Sequence[str]) -> Windows:
    """Windows whose model is told of the drive between the frames, where the store has it.

    Args:
        windows: One a run, from its first frame on.
        store: The store.
        ids: Of the runs, in the order of the windows.

    Returns:
        The same windows where one of the runs has no record, or one of another length.
    """
    parts = {str(store.record(id)["part"]) for id in ids}
    shapes = [
        tuple(part.elements[name].shape if name in part.elements else () for name in _ELEMENTS)
        for part in store.parts
        if part.name in parts
    ]
    if len(ids) != len(windows) or len(set(shapes)) != 1 or () in shapes[0]:
        return windows
    found = []
    for start in range(0, len(ids), _AT_ONCE):
        columns = store.batch(list(ids[start : start + _AT_ONCE]), list(_ELEMENTS))
        found.append(np.stack([columns[name].astype(np.float64) for name in _ELEMENTS], axis=-1))
    return replace(windows, inputs=replace(windows.inputs, record=np.concatenate(found)))
