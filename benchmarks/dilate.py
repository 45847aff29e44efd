"""How fast DILATE is, beside a loop over the published recursions channel by channel.

    python benchmarks/dilate.py                    # 7,118 pairs of 64 x 512; a minute or two
    python benchmarks/dilate.py --pairs 1000       # fewer pairs
    python benchmarks/dilate.py --threads 1

1. Joint: all pairs, wall time, and the processor time of all threads.
2. Per channel: a share of the pairs (`--channel-pairs`), stretched to all of them.
3. Per channel beside other code, one thread each, turn by turn on the same channels, in processor
   time:

   - tslearn: `SquaredEuclidean`, `SoftDTW.compute()` and `.grad()` for each channel, then the sum
     of the gradient times Omega (`pip install tslearn`; its gradient is compiled by numba too);
   - the same recursions (Cuturi and Blondel 2017, algorithms 1 and 2) in plain compiled loops, one
     call for all channels, so without what tslearn spends in Python.

   The values are compared too. "10 times" in the goals is beside tslearn.

Courses are random walks, float32. Compiling is not counted. Goals: 7,118 pairs joint in under 20 s
on 2 cores; per channel at least 10 times faster than the loop over tslearn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from opir.metrics.alignment import course_scale, distortion
from opir.metrics.dilate import dilate, dilate_channels
from opir.metrics.dtw import dtw

PAIRS, FRAMES, CHANNELS = 7118, 64, 512
GAMMA = 0.01


def courses(seed: int, pairs: int) -> np.ndarray:
    """Random walks in time, ``[pair, frame, channel]``."""
    random = np.random.default_rng(seed)
    steps = random.standard_normal((pairs, FRAMES, CHANNELS), dtype=np.float32)
    return np.cumsum(steps, axis=1, out=steps)


@numba.njit(error_model="numpy")
def recursions(forecast: Any, truth: Any, weights: Any, gamma: float, found: Any) -> None:
    """Soft-DTW forwards and its gradient backwards, one channel after the other."""
    rows, channels = forecast.shape
    columns = truth.shape[0]
    costs = np.empty((rows + 2, columns + 2))
    soft = np.empty((rows + 2, columns + 2))
    mean = np.empty((rows + 2, columns + 2))
    for channel in range(channels):
        costs[:], soft[:], mean[:] = 0.0, np.inf, 0.0
        soft[0, 0] = 0.0
        for i in range(1, rows + 1):
            for j in range(1, columns + 1):
                costs[i, j] = (forecast[i - 1, channel] - truth[j - 1, channel]) ** 2
                a, b, c = soft[i - 1, j - 1], soft[i - 1, j], soft[i, j - 1]
                least = min(a, b, c)
                total = (
                    np.exp((least - a) / gamma)
                    + np.exp((least - b) / gamma)
                    + np.exp((least - c) / gamma)
                )
                soft[i, j] = costs[i, j] + least - gamma * np.log(total)
        value = soft[rows, columns]
        soft[rows + 1, :] = -np.inf
        soft[:, columns + 1] = -np.inf
        soft[rows + 1, columns + 1] = value
        mean[rows + 1, columns + 1] = 1.0
        time_part = 0.0
        for i in range(rows, 0, -1):
            for j in range(columns, 0, -1):
                here = soft[i, j]
                mean[i, j] = (
                    mean[i + 1, j] * np.exp((soft[i + 1, j] - here - costs[i + 1, j]) / gamma)
                    + mean[i, j + 1] * np.exp((soft[i, j + 1] - here - costs[i, j + 1]) / gamma)
                    + mean[i + 1, j + 1]
                    * np.exp((soft[i + 1, j + 1] - here - costs[i + 1, j + 1]) / gamma)
                )
                time_part += mean[i, j] * weights[i - 1, j - 1]
        found[0, channel], found[1, channel] = value, time_part


def by_tslearn(forecast: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Shape and time part of every channel, ``[2, channel]``."""
    from tslearn.metrics import SoftDTW, SquaredEuclidean

    weights = distortion(len(forecast), len(truth))
    found = np.empty((2, forecast.shape[1]))
    for channel in range(forecast.shape[1]):
        one, two = forecast[:, channel : channel + 1], truth[:, channel : channel + 1]
        soft = SoftDTW(SquaredEuclidean(one, two), gamma=GAMMA)
        found[0, channel] = soft.compute()
        found[1, channel] = (soft.grad() * weights).sum()
    return found


def by_recursions(forecast: np.ndarray, truth: np.ndarray) -> np.ndarray:
    found = np.empty((2, forecast.shape[1]))
    recursions(forecast, truth, distortion(len(forecast), len(truth)), GAMMA, found)
    return found


def by_opir(forecast: np.ndarray, truth: np.ndarray) -> np.ndarray:
    parts = dilate_channels(forecast, truth, gamma=GAMMA, scale=1.0, threads=1)
    return len(truth) * np.stack([parts.shape, parts.time])


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Wall time and processor time of all threads [s]."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def whole(pairs: int, channel_pairs: int, threads: int) -> dict[str, Any]:
    forecast, truth = courses(0, pairs), courses(1, pairs)
    small = slice(0, min(channel_pairs, pairs))
    dilate(forecast[:2], truth[:2])  # compiles
    dilate_channels(forecast[:2], truth[:2])
    dtw(forecast[:2], truth[:2])
    joint = timed(lambda: dilate(forecast, truth, threads=threads))
    hard = timed(lambda: dtw(forecast, truth, threads=threads))
    each = timed(lambda: dilate_channels(forecast[small], truth[small], threads=threads))
    stretch = pairs / (small.stop - small.start)
    return {
        "pairs": pairs,
        "threads": threads,
        "joint, s": joint[0],
        "joint, processor s of all threads": joint[1],
        "hard DTW joint, s": hard[0],
        "hard DTW joint, processor s of all threads": hard[1],
        "pairs per channel": small.stop,
        "per channel, s": each[0],
        "per channel, processor s of all threads": each[1],
        "per channel, s for all pairs at this pace": each[0] * stretch,
        "per channel, processor s for all pairs at this pace": each[1] * stretch,
    }


def side_by_side(rounds: int, channels: int) -> dict[str, Any]:
    truth = courses(3, 1)[0].astype(np.float64)
    scale = float(course_scale(truth))
    truth /= scale
    forecast = courses(2, 1)[0].astype(np.float64) / scale
    ways: dict[str, tuple[Callable[..., np.ndarray], int]] = {
        "opir": (by_opir, CHANNELS),
        "recursions in compiled loops": (by_recursions, channels),
    }
    found: dict[str, Any] = {}
    try:
        import tslearn

        ways["tslearn"] = (by_tslearn, channels)
        found["tslearn"] = tslearn.__version__
    except ImportError:
        found["tslearn"] = "not installed: not compared (pip install tslearn)"
    values = {}
    for name, (way, count) in ways.items():
        values[name] = way(forecast[:, :count], truth[:, :count])  # compiles
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, (way, count) in ways.items():
            seconds = timed(lambda w=way, c=count: w(forecast[:, :c], truth[:, :c]))[1]
            taken[name].append(1e6 * seconds / count)
    median = {name: statistics.median(times) for name, times in taken.items()}
    found["processor microseconds a channel"] = median
    for name in list(ways)[1:]:
        count = ways[name][1]
        found[f"{name}: times slower than opir"] = median[name] / median["opir"]
        apart = np.abs(values["opir"][:, :count] / values[name] - 1).max(axis=1)
        found[f"{name}: largest relative difference of shape"] = float(apart[0])
        found[f"{name}: largest relative difference of time"] = float(apart[1])
        found[f"{name}: processor hours for all pairs and channels at this pace"] = (
            median[name] * 1e-6 * PAIRS * CHANNELS / 3600
        )
    return found


def show(found: dict[str, Any], indent: int = 2) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            print(f"{' ' * indent}{name}:")
            show(value, indent + 2)
        else:
            text = f"{value:,.4g}" if isinstance(value, float) else str(value)
            print(f"{' ' * indent}{name:72s} {text:>12s}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--channel-pairs", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--channels", type=int, default=64, help="of a pair, beside other code")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    figures: dict[str, Any] = {"load before": load, "cores": os.cpu_count()}
    figures["beside other code, one thread"] = side_by_side(options.rounds, options.channels)
    show(figures)
    figures["whole"] = whole(options.pairs, options.channel_pairs, options.threads)
    show({"whole": figures["whole"]})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
