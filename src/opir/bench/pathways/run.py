"""The looks of all methods at all runs, kept as JSON lines; stopped, it goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.pathways.cases import Case
from opir.bench.pathways.forecasts import forecast_run
from opir.bench.pathways.methods import methods_of
from opir.bench.pathways.methods.base import Method
from opir.bench.pathways.truth import RunTruth, truth_of
from opir.chemistry import library
from opir.errors import FormatError, OpirError, StoreError
from opir.files import output_errors
from opir.models import Forecaster, from_pretrained
from opir.pathways.result import Onset
from opir.run import Run
from opir.run.store import Store
from opir.simulate.dataset.worker import rebuild_error
from opir.workers import Workers, ending

__all__ = ["RECORDS", "Looks", "look_at", "prepare", "read_records", "truth_from"]

RECORDS = "looks.jsonl"
"""File of the records in the folder of the results."""

Record = dict[str, Any]


def look_at(
    cases: Sequence[Case],
    stores: Mapping[str, str],
    methods: Sequence[Method],
    out: Path | str,
    *,
    kta_python: Path | str | None = None,
    workers: int = 2,
    report: Callable[[int, int, str], None] | None = None,
) -> list[Record]:
    """Let the methods look at the runs; what is there already is not made again.

    Args:
        cases: The runs.
        stores: Source -> store.
        methods: The methods.
        out: Folder for the records.
        kta_python: See :func:`opir.bench.pathways.methods.methods_of`.
        workers: Processes; 0 does all in this one.
        report: Takes how many cases are done, of how many, and the last of them.

    Returns:
        All records of the folder.

    Raises:
        StoreError: If a store or a run cannot be read.
        FormatError: If the records are damaged.
    """
    path = Path(out) / RECORDS
    tell = report or (lambda done, total, line: None)
    found = read_records(out) if path.exists() else []
    there = {_key(record) for record in found}
    looks = {method.evidence: method.name for method in methods}
    jobs: list[dict[str, Any]] = []
    planned = set(there)
    for case in cases:
        kinds = ["truth", *(kind for kind in looks if case.wants(kind))]
        missing = [kind for kind in kinds if (case.key, kind) not in planned]
        planned |= {(case.key, kind) for kind in missing}
        if missing:
            names = [looks[kind] for kind in missing if kind != "truth"]
            jobs.append({"case": asdict(case), "methods": names})
    done = len(cases) - len(jobs)
    tell(done, len(cases), "")
    task = {
        "prepare": "opir.bench.pathways.run:prepare",
        "stores": dict(stores),
        "jobs": jobs,
        "kta_python": None if kta_python is None else str(kta_python),
    }
    with output_errors(path), path.open("a", encoding="utf-8") as file:
        for number, records in _outcomes(task, workers):
            for record in records:
                if _key(record) not in there:
                    there.add(_key(record))
                    found.append(record)
                    file.write(json.dumps(record) + "\n")
            file.flush()
            done += 1
            tell(done, len(cases), str(jobs[number]["case"]["run"]))
    return found


def read_records(out: Path | str) -> list[Record]:
    """The records of a folder; a last line that was cut off when the run was stopped is removed.

    Raises:
        FormatError: If there are none, or another line is damaged.
    """
    path = Path(out) / RECORDS
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FormatError(
            "there are no results", remedy="Make them: opir bench pathways -o DIR", path=path
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"the records cannot be read ({error})", path=path) from error
    whole, _, rest = text.rpartition("\n")
    found = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            record = json.loads(line)
            _key(record)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"line {number} of the records is damaged",
                remedy="Remove the line, and run the same command again",
                path=path,
            ) from error
        found.append(record)
    if rest:
        with output_errors(path):
            path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    return found


def truth_from(record: Record) -> RunTruth:
    """The truth that a record holds."""
    onsets = {
        name: None if item is None else Onset(**item) for name, item in record["onsets"].items()
    }
    return RunTruth(record["system"], record["seen"], onsets, record["species"])


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    return str(record["case"]), str(record["kind"])


def _outcomes(task: dict[str, Any], workers: int) -> Iterator[tuple[int, list[Record]]]:
    count = len(task["jobs"])
    if count == 0:
        return
    if workers == 0:
        with closing(prepare(task)) as work:
            for number in range(count):
                yield number, work(number)
        return
    with _Pool(task, min(workers, count)) as pool:
        yield from pool.run(range(count))


class _Pool(Workers[int, "tuple[int, list[Record]]"]):
    """Workers of which each takes a run; a run that cannot be read ends the whole."""

    def __init__(self, task: Mapping[str, Any], count: int) -> None:
        super().__init__("opir.simulate.dataset.worker", task, count)
        self._jobs = task["jobs"]

    def message(self, job: int) -> Mapping[str, Any]:
        return {"part": job}

    def answered(
        self, job: int, answer: dict[str, Any]
    ) -> tuple[int, list[Record]] | BaseException:
        return rebuild_error(answer["error"]) if "error" in answer else (job, answer["done"])

    def refused(self, answer: dict[str, Any] | None) -> BaseException | None:
        return None if answer is None else rebuild_error(answer["error"])

    def died(self, job: int, code: int, late: bool) -> BaseException:
        how = f"was ended by the system ({ending(code)})" if code < 0 else f"ended with {code}"
        return StoreError(
            f"the process that looked at {self._jobs[job]['case']['run']!r} {how}",
            remedy="Most often the memory was used up: use fewer workers, and run the same "
            "command again",
        )


# -- workers --------------------------------------------------------------------------------------


def prepare(task: Mapping[str, Any]) -> Looks:
    """What a worker does with the number of a job."""
    return Looks(task)


class Looks:
    """Does the jobs of a task, one at a time; stores, methods and weights are opened once.

    Args:
        task: JSON values: ``stores``, ``jobs`` (a case and names of methods) and ``kta_python``.
    """

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task = task
        self._stores: dict[str, Store] = {}
        self._methods: dict[str, Method] = {}
        self._weights: tuple[str, Forecaster] | None = None

    def __call__(self, number: int) -> list[Record]:
        """The truth of the run of a job, and what each method sees in it."""
        job = self._task["jobs"][number]
        case = Case(**job["case"])
        if case.store not in self._stores:
            self._stores[case.store] = Store.open(self._task["stores"][case.store])
        store = self._stores[case.store]
        run = store.run(case.run)
        records = [_truth_record(case, truth_of(store, case.run, library()), run)]
        if case.source == "forecast":
            tags = dict(store.record(case.run)["tags"])
            run = forecast_run(run, self._model(case.weights), tags)
        return records + [_record(case, self._method(name), run) for name in job["methods"]]

    def close(self) -> None:
        """Let go of what the methods hold."""
        for method in self._methods.values():
            method.close()

    def _method(self, name: str) -> Method:
        if name not in self._methods:
            found = methods_of([name], kta_python=self._task["kta_python"])
            self._methods[name] = found[0]
        return self._methods[name]

    def _model(self, name: str) -> Forecaster:
        if self._weights is None or self._weights[0] != name:
            self._weights = name, from_pretrained(name)
        return self._weights[1]


def _truth_record(case: Case, truth: RunTruth, run: Run) -> Record:
    return {
        "case": case.key,
        "kind": "truth",
        "system": truth.system,
        "seen": truth.seen,
        "onsets": {n: None if o is None else o.to_json() for n, o in truth.onsets.items()},
        "species": truth.species,
        "lowest_voltage": _lowest(run.on_time("voltage")),
    }


def _record(case: Case, method: Method, run: Run) -> Record:
    started = time.perf_counter()
    try:
        evidence, why = method.look(run), ""
    except OpirError as error:
        evidence, why = None, str(error)
    return {
        "case": case.key,
        "kind": method.evidence,
        "seconds": round(time.perf_counter() - started, 3),
        "evidence": evidence,
        "error": why,
    }


def _lowest(voltage: NDArray[np.float64] | None) -> float | None:
    if voltage is None or not np.isfinite(voltage).any():
        return None
    return float(np.nanmin(voltage))
