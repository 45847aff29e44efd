"""Made the store in ``store-v1``, with opir 0.1.0. Kept to say what is in it; never run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from opir import Run, System
from opir.run.store import Item, Store


def main() -> None:
    store = Store.create(Path(__file__).parent / "store-v1", title="archive", licence="CC0-1.0")
    values = np.arange(12, dtype=np.float32).reshape(3, 4) / 8
    axis = [1800.0, 1400.0, 1000.0, 900.0]
    common = {"source": "made by hand", "licence": "CC0-1.0"}
    first = Run.from_arrays(
        [0.0, 60.0, 120.0], axis, values, voltage=[3.0, np.nan, 2.5], name="measured-a",
        start="2026-11-22T17:12:00+01:00", metadata={"operator": "Zoë"}, **common,
    )  # fmt: skip
    second = Run.from_arrays(
        [0.0, 50.0, 90.0], axis, -values, voltage=[1.0, 1.5, 2.0], name="measured-b",
        system=System(name="lp30-graphite"), **common,
    )  # fmt: skip
    third = Run.from_arrays(
        [0.0, 1.0], axis[::-1], values[:2].astype(np.float64), origin="simulated",
        name="simulated-c", **common,
    )  # fmt: skip
    truth = xr.Dataset(
        {"amounts": (("time", "species"), [[1.0, 0.0], [0.5, 0.5]], {"units": "mol"})},
        coords={"species": ["EC", "LEDC"]},
    )
    store.append([first, Item(second, tags={"kind": "b"}), Item(third, truth=truth)])
    store.splits.add("all", {"train": store.ids[:2], "test": store.ids[2:]}, description="by hand")


if __name__ == "__main__":
    main()
