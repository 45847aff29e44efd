"""How fast the store reads random batches, beside a plain memory-map of the same values.

    python benchmarks/store_read.py            # 7,000 runs of 64 x 512, about 2 GB on the disk
    python benchmarks/store_read.py --runs 500 # quick

Everything runs in one process, one thread, interleaved batch by batch; medians are printed. All
files have been written just before and lie in the page cache, which favours the memory-map. Goals:
batches at 25 % or more of the memory-map's speed; a store of 7,000 runs opens in under 0.2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from opir import Run
from opir.run.store import Item, Store

FRAMES, POINTS, BATCH = 64, 512, 32


def spectra(generator: np.random.Generator, count: int) -> np.ndarray:
    """Smooth bands that grow, with noise of 2e-4: ``[run, time, wavenumber]``, float32."""
    axis = np.linspace(1900, 800, POINTS)
    centres, widths = generator.uniform(800, 1900, 24), generator.uniform(5, 25, 24)
    bands = np.exp(-(((axis - centres[:, None]) / widths[:, None]) ** 2))
    rates = generator.random((count, 1, 24)) * np.linspace(0, 3, FRAMES)[None, :, None]
    clean = (1 - np.exp(-rates)) * generator.random((count, 1, 24)) @ bands
    return (clean + 2e-4 * generator.standard_normal(clean.shape)).astype(np.float32)


def build(folder: Path, runs: int) -> tuple[Store, np.memmap]:
    """The store and the memory-map of the same values."""
    generator = np.random.default_rng(0)
    store = Store.create(folder / "store")
    flat = np.lib.format.open_memmap(
        folder / "flat.npy", mode="w+", dtype=np.float32, shape=(runs, FRAMES, POINTS)
    )
    axis = np.linspace(1900, 800, POINTS)
    writing = 0.0
    for first in range(0, runs, 256):
        values = spectra(generator, min(256, runs - first))
        flat[first : first + len(values)] = values
        items = []
        for i, block in enumerate(values):
            time_axis = np.sort(generator.uniform(0, 36000, FRAMES))
            run = Run.from_arrays(
                time_axis, axis, block, origin="simulated", voltage=2 + np.sin(time_axis / 9000),
                current=np.full(FRAMES, 1e-3), temperature=298.15, name=f"run-{first + i:05d}",
                metadata={"seed": first + i},
            )  # fmt: skip
            items.append(Item(run, tags={"system": "random"}))
        start = time.perf_counter()
        store.write_part(f"{first:06d}", items)
        writing += time.perf_counter() - start
    flat.flush()
    size = sum(p.stat().st_size for p in (folder / "store").rglob("*") if p.is_file())
    files = sum(p.is_file() for p in (folder / "store").rglob("*"))
    print(
        f"written: {runs} runs in {writing:.1f} s (hashing, packing, fsync), {files} files, "
        f"{size / 1e6:.0f} MB; the spectra alone are {flat.nbytes / 1e6:.0f} MB"
    )
    return store, np.load(folder / "flat.npy", mmap_mode="r")


def opening(folder: Path) -> dict[str, float]:
    """Seconds to open the store: in a warm process, and in a fresh one with all imports."""
    warm = []
    for _ in range(11):
        start = time.perf_counter()
        store = Store.open(folder / "store")
        warm.append(time.perf_counter() - start)
        store.close()
    fresh, inside = [], []
    code = (
        "import time\nfrom opir.run.store import Store\nt=time.perf_counter()\n"
        f"s=Store.open({str(folder / 'store')!r})\nprint(time.perf_counter()-t)"
    )
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        fresh.append(time.perf_counter() - start)
        inside.append(float(done.stdout))
    return {
        "open, warm process [s]": float(np.median(warm)),
        "open, fresh process, without imports [s]": float(np.median(inside)),
        "start Python, import opir.run.store, open [s]": float(np.median(fresh)),
    }


def batches(store: Store, flat: np.memmap, folder: Path, rounds: int) -> dict[str, float]:
    """Median seconds for a batch of 32 random runs, by way of reading, interleaved."""
    import xarray as xr
    import zarr

    ids = store.ids
    names = ("absorbance",)
    groups = {p.name: zarr.open_group(folder / "store", path=p.path, mode="r") for p in store.parts}
    lazy = {
        p.name: xr.open_zarr(folder / "store", group=p.path, consolidated=False, chunks=None)
        for p in store.parts
    }

    def by_part(which: np.ndarray) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i in which:
            record = store._place(ids[i])
            found.setdefault(record[0].name, []).append(record[1])
        return found

    ways = {
        "memory-map": lambda which: np.array(flat[which]),
        "Store.batch": lambda which: store.batch([ids[i] for i in which], names)["absorbance"],
        "Store.batch, with time, voltage, current, temperature": lambda which: store.batch(
            [ids[i] for i in which], ("absorbance", "time", "voltage", "current", "temperature")
        )["absorbance"],
        "zarr-python, row by row": lambda which: np.stack(
            [groups[p]["absorbance"][r] for p, rows in by_part(which).items() for r in rows]
        ),
        "zarr-python, oindex": lambda which: np.concatenate(
            [groups[p]["absorbance"].oindex[rows] for p, rows in by_part(which).items()]
        ),
        "xarray.open_zarr, isel": lambda which: np.concatenate(
            [lazy[p]["absorbance"].isel(run=rows).values for p, rows in by_part(which).items()]
        ),
        "Store.run, 32 whole runs": lambda which: np.stack(
            [store.run(ids[i]).values for i in which]
        ),
    }
    slow = {name for name in ways if not name.startswith(("memory", "Store.batch"))}
    generator = np.random.default_rng(1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 3):
        for name in generator.permutation(list(ways)):
            if name in slow and turn % 10:
                continue
            which = generator.integers(0, len(ids), BATCH)
            start = time.perf_counter()
            values = ways[name](which)
            elapsed = time.perf_counter() - start
            if values.shape != (BATCH, FRAMES, POINTS):
                raise SystemExit(f"{name} gave {values.shape}")
            if turn >= 3 or name in slow:
                times[name].append(elapsed)
    which = generator.integers(0, len(ids), BATCH)
    if not np.array_equal(ways["Store.batch"](which), flat[which]):
        raise SystemExit("the store and the memory-map differ")
    return {name: float(np.median(values)) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="opir-store-"))
    try:
        store, flat = build(folder, options.runs)
        opened = opening(folder)
        read = batches(store, flat, folder, options.rounds)
        store.close()
    finally:
        shutil.rmtree(folder)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{options.runs} runs of {FRAMES} x {POINTS}, batches of {BATCH}, load {load:.1f}")
    for name, seconds in opened.items():
        print(f"  {name:58s} {seconds:8.3f}")
    for name, seconds in read.items():
        share = read["memory-map"] / seconds
        print(
            f"  {name + ' [ms]':58s} {seconds * 1e3:8.2f}  {share:6.1%} of the memory-map's speed"
        )
    if options.json:
        options.json.write_text(json.dumps({"runs": options.runs, **opened, **read}, indent=1))


if __name__ == "__main__":
    main()
