"""Write small SIMULATED files in the shape that operando labs write them, to try the tools on.

Sixty spectra, one .dpt file each, and one EC-Lab text export with decimal commas. The bands are
two Gaussians, one falling and one growing; this is no model of a battery and no measurement.

    python examples/make_files.py FOLDER
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

START = datetime(2026, 1, 12, 9, 0, 0, tzinfo=UTC)
FRAMES = 60
INTERVAL_S = 40.0


def spectra(folder: Path) -> None:
    """Spectra 40 s apart, the acquisition time being the time of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    axis = np.linspace(1900.0, 800.0, 221)
    noise = np.random.default_rng(0)
    for frame in range(FRAMES):
        share = frame / (FRAMES - 1)
        solvent = 0.8 - 0.05 * share
        product = 0.03 * share
        values = solvent * np.exp(-(((axis - 1773.0) / 14.0) ** 2))
        values += product * np.exp(-(((axis - 1650.0) / 25.0) ** 2))
        values += noise.normal(0.0, 2e-4, axis.size)
        path = folder / f"cell_{frame:02d}.dpt"
        lines = [f"{x:.2f},{y:.6f}" for x, y in zip(axis, values, strict=True)]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        when = START.timestamp() + frame * INTERVAL_S
        os.utime(path, (when, when))


def electrochemistry(path: Path) -> None:
    """A linear sweep from 3.0 V down, every 20 s, as EC-Lab exports it in a European locale."""
    rows = ["mode\ttime/s\tEwe/V\tI/mA\tcycle number"]
    for second in np.arange(0.0, FRAMES * INTERVAL_S, 20.0):
        when = datetime.fromtimestamp(START.timestamp() + second, UTC)
        potential = f"{3.0 - 1e-3 * second:.5f}".replace(".", ",")
        current = f"{-0.1 - 1e-4 * second:.6f}".replace(".", ",")
        stamp = when.strftime("%m/%d/%Y %H:%M:%S.%f")
        rows.append(f"1\t{stamp}\t{potential}\t{current}\t1,000000")
    path.write_bytes(("\r\n".join(rows) + "\r\n").encode("latin-1"))


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    spectra(folder / "spectra")
    electrochemistry(folder / "sweep.txt")
    print(f"simulated files: {folder / 'spectra'}, {folder / 'sweep.txt'}")


if __name__ == "__main__":
    main()
