"""How well streams part, system by system, known and held out. Simulated data.

    python benchmarks/streams.py STORE --model opir-base   # known systems: test runs of `random`
    python benchmarks/streams.py STORE --weights DIR       # held out: DIR of `opir pretrain`

Medians over runs: root mean square of the true change of the interphase's stream, R2 of both
streams (see `opir.metrics.stream_separation`), R2 of the interphase's stream once it is multiplied
by the factor that fits it best (what is left is its shape in wavenumber and time), and that factor
with its quartiles (how much forms: above 1 where too little is forecast). The last line but one is
of all runs, the last of those whose interphase shows: a change of more than 1e-4, a thirtieth of
the noise of a frame. Below it is what OpIRBench scores as `stream-r2`: mean over both streams,
where they change by more than the noise from the first scored frame on, not from the given one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import FoldData, load_fold, with_all_known
from opir.bench.scoring import score
from opir.metrics import stream_separation
from opir.models import Forecaster, from_pretrained, load_model
from opir.workflows.train_store import fold_without

SHOWS = 1e-4


def figures(model: Forecaster, data: FoldData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitude, R2 of solvent, sei, best-fitting multiple of sei, its factor; `stream-r2`."""
    forecast = model.forecast(data.test.inputs)
    assert data.streams is not None
    assert data.streams_last is not None
    found = []
    for name in ("solvent", "sei"):
        at = data.stream_names.index(name)
        first = data.test.inputs.last if name == "solvent" else np.zeros_like(data.test.inputs.last)
        made = np.concatenate([first[:, None], forecast.streams[name]], axis=1)
        true = np.concatenate([data.streams_last[:, at, None], data.streams[:, at]], axis=1)
        found.append(stream_separation(made, true))
    change = (true - true[:, :1])[:, 1:].astype(np.float64)
    sei = forecast.streams["sei"].astype(np.float64)
    squares = np.einsum("rtw,rtw->r", sei, sei)
    factor = np.einsum("rtw,rtw->r", sei, change) / np.maximum(squares, 1e-300)
    whole = np.einsum("rtw,rtw->r", change, change)
    best = 1 - (whole - factor**2 * squares) / np.maximum(whole, 1e-300)
    amplitude = np.sqrt(whole / change[0].size)
    scored = score(forecast, data, metrics=("stream-r2",)).per_run.get("stream-r2", np.empty(0))
    return np.column_stack([amplitude, *found, best, factor]), scored


def line(name: str, rows: NDArray[np.float64]) -> str:
    """One line of the table."""
    amplitude, solvent, sei, best, factor = np.nanmedian(rows, axis=0)
    low, high = np.nanquantile(rows[:, 4], [0.25, 0.75])
    return (
        f"| {name} | {len(rows)} | {1e3 * amplitude:.2g} | {solvent:.3f} | {sei:.3f} | "
        f"{best:.3f} | {factor:.2f} ({low:.2f} to {high:.2f}) |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument(
        "--model", default="opir-base", help="a file, or the name of one that ships"
    )
    parser.add_argument("--weights", type=Path, help="folder of opir-base-without-SYSTEM")
    asked = parser.parse_args()
    sources = with_all_known(asked.store)
    print("| system | runs | change of sei / 1e-3 | R2 solvent | R2 sei | at best scale | factor |")
    print("|---|---|---|---|---|---|---|")
    every, scored = [], []
    if asked.weights is None:
        path = Path(asked.model)
        model = load_model(path) if path.is_file() else from_pretrained(asked.model)
        data = load_fold(fold_without(sources, None), sources)
        rows, found = figures(model, data)
        scored.append(found)
        for system in np.unique(data.systems):
            print(line(str(system), rows[data.systems == system]))
        every.append(rows)
    else:
        begin = "opir-base-without-"
        for path in sorted(asked.weights.glob(f"{begin}*.safetensors")):
            system = path.stem.removeprefix(begin)
            data = load_fold(fold_without(sources, system), sources)
            rows, found = figures(load_model(path), data)
            every.append(rows)
            scored.append(found)
            print(line(system, rows), flush=True)
    rows = np.concatenate(every)
    print(line("all", rows))
    print(line("sei shows", rows[rows[:, 0] > SHOWS]))
    known = np.concatenate(scored)
    known = known[np.isfinite(known)]
    print(f"stream-r2 of {len(known)} runs: median {np.median(known):.3f}, mean {known.mean():.3f}")


if __name__ == "__main__":
    main()
