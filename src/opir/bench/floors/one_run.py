"""The floors of one run.

All forecast what was measured, so each has a chemical and an instrumental half:

``noise-floor``
    The noise-free truth as the instrument resolves it, and what the instrument is expected to add
    (:mod:`opir.simulate.instrument.expected`). What is left is chance that no first frame shows.
    The truth alone would be no floor: baseline offset, vapour and the reference's noise of the
    first frame stay, and persistence, which keeps them, beats it on runs where little happens.

``oracle-floor``
    In place of the truth the median over replicas whose hidden constants are kept where the course
    or the static spectrum shows them (``spectrum``). It takes the static spectrum for readable
    without error, down to the last band, so it knows a little more than anyone can: a lower bound
    of the best reachable error, but for its finite number of replicas. The median of ``n`` draws of
    a normal distribution has an error of its own of deviation 1.25 / sqrt(n) of theirs; 16 replicas
    make the chemical part of the error about 5 % larger than its limit.

``oracle-floor-conditions``
    Composition, protocol and course alone are known of the hidden constants (``conditions``); the
    static spectrum is used as any forecaster can: the replicas' changes, each scaled as its own
    static spectrum must be to fit the given one, are added to the given frame, and the median is
    taken. A forecaster with the simulator at hand could do this, so it is an upper bound of the
    best reachable error: the best lies between the two. (What the course settles is taken for
    settled exactly, see ``simulate/replicas/knowledge.toml``.)

Medians are taken at each point, since the score is the mean absolute error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.simulate.instrument import Instrument, get_instrument
from opir.simulate.instrument.expected import expected_later, resolved
from opir.simulate.replicas import KnownRun, Repeater

__all__ = ["FLOORS", "floors_of_run", "samples_of_run"]

FLOORS = ("noise-floor", "oracle-floor", "oracle-floor-conditions")
"""Names of the floors, the lowest first."""

_Floats = NDArray[np.float64]
_Single = NDArray[np.float32]


def floors_of_run(
    repeater: Repeater, id: str, replicas: int, seed: int
) -> tuple[dict[str, _Single], int]:
    """Forecasts of all frames after the first.

    Args:
        repeater: Of the store.
        id: The run.
        replicas: How many, of each kind.
        seed: Of the replicas.

    Returns:
        Name of a floor -> ``[frames, wavenumber]``, and the number of replicas that failed.
    """
    run = repeater.known(id)
    device = get_instrument(run.task.instrument)
    given = _given(repeater, id)
    truth = _resolved(device, run, run.clean)
    found = {"noise-floor": truth + _expected(device, run, given, truth[0])}
    alike = repeater.replicas(run, "spectrum", replicas, seed=seed)
    middle = np.median(_resolved(device, run, alike.clean), axis=0)
    found["oracle-floor"] = middle + _expected(device, run, given, middle[0])
    other = repeater.replicas(run, "conditions", replicas, seed=seed)
    seen = _resolved(device, run, other.clean)
    first = seen[:, 0]
    scale = (first @ given) / np.einsum("rw,rw->r", first, first)
    change = (seen - first[:, None]) * scale[:, None, None]
    found["oracle-floor-conditions"] = given + np.median(change, axis=0)
    return {name: found[name][1:].astype(np.float32) for name in FLOORS}, (
        alike.dropped + other.dropped
    )


def samples_of_run(repeater: Repeater, id: str, replicas: int, seed: int) -> tuple[_Single, int]:
    """Whole courses as they could have been measured, for what ``oracle-floor`` knows.

    Each replica is measured with the run's instrument, and moved by what its own first frame,
    less the given one, says of the later ones: samples of the distribution of later frames given
    the first (Matheron's rule).

    Returns:
        ``[replica, frames, wavenumber]``, all frames after the first; and how many failed.
    """
    run = repeater.known(id)
    device = get_instrument(run.task.instrument)
    given = _given(repeater, id)
    alike = repeater.replicas(run, "spectrum", replicas, seed=seed)
    generator = np.random.default_rng([seed, run.entropy])
    found = np.empty((replicas, *run.clean[1:].shape), np.float32)
    for number, clean in enumerate(alike.clean):
        measured = device.measure(clean, run.wavenumber, run.stage.frames, generator).absorbance
        found[number] = (measured + _expected(device, run, given, measured[0]))[1:]
    return found, alike.dropped


def _given(repeater: Repeater, id: str) -> _Floats:
    signal = str(repeater.store.record(id)["signal"])
    return np.asarray(repeater.store.batch([id], [signal])[signal][0, 0], dtype=np.float64)


def _resolved(device: Instrument, run: KnownRun, clean: _Floats) -> _Floats:
    """``[..., time, wavenumber]`` as the instrument resolves it."""
    rows = clean.reshape(-1, clean.shape[-1])
    seen = resolved(device, rows, run.wavenumber, np.arange(rows.shape[0], dtype=np.float64))
    return seen.reshape(clean.shape)


def _expected(device: Instrument, run: KnownRun, given: _Floats, first: _Floats) -> _Floats:
    return expected_later(device, given - first, first, run.wavenumber, run.stage.frames)
