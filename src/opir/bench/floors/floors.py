"""The floors of many runs: worked out once, in several processes, and kept on the disk."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.floors.one_run import FLOORS, floors_of_run, samples_of_run
from opir.errors import OptionError
from opir.files import atomic_path, output_errors
from opir.run.store import Store
from opir.simulate.dataset.pool import Pool
from opir.simulate.replicas import Repeater

if TYPE_CHECKING:
    from opir.bench.data import FoldData

__all__ = ["Floors", "floors", "oracle_samples", "prepare"]

_VERSION = 1
"""Of the way floors are worked out; with another, those kept are worked out anew."""

_Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Floors:
    """Forecasts that no model can beat, or hardly.

    Attributes:
        ids: The runs.
        forecasts: Name (:data:`~opir.bench.floors.one_run.FLOORS`) -> single precision,
            ``[run, frames, wavenumber]``, at the frames after the given ones.
        dropped: How many replicas of each run failed and were replaced, ``[run]``.
    """

    ids: tuple[str, ...]
    forecasts: Mapping[str, NDArray[np.float32]]
    dropped: NDArray[np.int64]


def floors(
    data: FoldData | Sequence[str],
    store: Store | None = None,
    *,
    given: int = 1,
    replicas: int = 16,
    seed: int = 0,
    workers: int = 2,
    cache: Path | str | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Floors:
    """The floors of the test runs of a fold, or of some runs of a store.

    They are worked out for one given frame. Where more are given, they are the same forecasts at
    the frames that are left: whoever sees more frames may do better than ``oracle-floor``.

    Args:
        data: The fold, which says how many frames are given; or ids of runs.
        store: Where the runs are; that of the fold by default.
        given: Frames given, where ids are.
        replicas: How many, of each kind.
        seed: Of the replicas.
        workers: Processes; 1: this one alone.
        cache: Folder where floors are kept, one file a run (400 kB at 63 frames of 512 points),
            by the content of the run, the chemistry, the number of replicas and the seed. Those
            that lie there are read; stopped, the same call goes on. None: nothing is kept.
        report: Called with the number of runs that are done and that of all.

    Raises:
        StoreError: If the runs were not simulated with this version and chemistry.
        SimulationError: If too many replicas of a run fail.
        OptionError: If a number is out of bounds.
    """
    ids, store, given = _asked(data, store, given)
    job = {"what": "floors", "replicas": replicas, "seed": seed}
    with ExitStack() as stack:
        found = [
            _read(path) for path in _worked_out(stack, ids, store, job, workers, cache, report)
        ]
    if not 1 <= given <= found[0][FLOORS[0]].shape[0]:
        raise OptionError(
            f"{given} frames are given; the runs have {found[0][FLOORS[0]].shape[0] + 1}"
        )
    forecasts = {name: np.stack([arrays[name][given - 1 :] for arrays in found]) for name in FLOORS}
    return Floors(ids, forecasts, np.array([int(arrays["dropped"]) for arrays in found]))


def oracle_samples(
    data: FoldData | Sequence[str],
    store: Store | None = None,
    *,
    given: int = 1,
    replicas: int = 16,
    seed: int = 0,
    workers: int = 2,
    cache: Path | str | None = None,
    report: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Samples of what would be measured, for what ``oracle-floor`` knows.

    For scores of distributions; 2 MB a run at 16 replicas of 63 frames of 512 points. Arguments
    and errors as of :func:`floors`.

    Returns:
        ``[replica, run, frames, wavenumber]``, as :meth:`opir.models.Forecaster.sample` gives.
    """
    ids, store, given = _asked(data, store, given)
    job = {"what": "samples", "replicas": replicas, "seed": seed}
    with ExitStack() as stack:
        paths = _worked_out(stack, ids, store, job, workers, cache, report)
        return np.stack([_read(path)["samples"][:, given - 1 :] for path in paths], axis=1)


def _asked(
    data: FoldData | Sequence[str], store: Store | None, given: int
) -> tuple[tuple[str, ...], Store, int]:
    ids = data if isinstance(data, Sequence) else data.test_ids
    if not isinstance(data, Sequence):
        store, given = store or data.source, data.fold.given
    if store is None:
        raise OptionError(
            "floors were asked for of runs that are in no store",
            remedy="Floors exist for simulated runs only; name their store",
        )
    if isinstance(ids, str) or not ids:
        raise OptionError("floors of no runs were asked for", remedy="Name a list of runs")
    return tuple(ids), store, given


def _worked_out(
    stack: ExitStack,
    ids: tuple[str, ...],
    store: Store,
    job: dict[str, Any],
    workers: int,
    cache: Path | str | None,
    report: Callable[[int, int], None] | None,
) -> list[Path]:
    """Files of the runs, all of them there."""
    if job["replicas"] < 1 or job["seed"] < 0 or workers < 1:
        raise OptionError(
            f"{job['replicas']} replicas, {workers} workers and the seed {job['seed']} were asked "
            "for",
            remedy="Give 1 or more replicas and workers, and a seed from 0 on",
        )
    if cache is None:
        cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="opir-floors-"))
    folder = Path(cache)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_key(store, id, job)}.npz" for id in ids]
    todo = sorted({path: id for id, path in zip(ids, paths, strict=True) if not path.exists()}
                  .items())  # fmt: skip
    done = len(ids) - len(todo)
    if report is not None:
        report(done, len(ids))
    job = {**job, "runs": [[id, str(path)] for path, id in todo]}
    answers: Iterable[int] = ()
    if todo and workers == 1:
        answers = map(_worker(store, job), range(len(todo)))
    elif todo:
        job |= {"prepare": f"{__name__}:prepare", "store": store.url}
        answers = stack.enter_context(Pool(job, workers)).run(range(len(todo)))
    for number, _ in enumerate(answers, start=done + 1):
        if report is not None:
            report(number, len(ids))
    return paths


def _key(store: Store, id: str, job: Mapping[str, Any]) -> str:
    record, provenance = store.record(id), store.attributes.get("provenance") or {}
    what = [_VERSION, id, record["content_hash"], record["truth_hash"], provenance.get("chemistry")]
    return hashlib.sha256(json.dumps([what, dict(job)], sort_keys=True).encode()).hexdigest()[:40]


def prepare(job: Mapping[str, Any]) -> Callable[[int], int]:
    """What a worker process does; see :mod:`opir.simulate.dataset.worker`."""
    return _worker(Store.open(job["store"]), job)


def _worker(store: Store, job: Mapping[str, Any]) -> Callable[[int], int]:
    repeater = Repeater(store)

    def work(number: int) -> int:
        id, path = job["runs"][number]
        arrays: dict[str, Any]
        if job["what"] == "samples":
            samples, dropped = samples_of_run(repeater, id, job["replicas"], job["seed"])
            arrays = {"samples": samples}
        else:
            found, dropped = floors_of_run(repeater, id, job["replicas"], job["seed"])
            arrays = dict(found)
        # Two jobs may work out the same run; what they write is the same.
        with atomic_path(path, overwrite=True) as temporary:
            np.savez(temporary, dropped=np.int64(dropped), **arrays)
        return dropped

    return work


def _read(path: Path) -> _Arrays:
    try:
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise OptionError(
            f"the floors kept there cannot be read ({error})",
            remedy="Remove the file, and they are worked out anew",
            path=path,
        ) from error
