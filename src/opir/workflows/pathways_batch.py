"""The pathways of several runs, each by itself: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opir.chemistry import library
from opir.errors import OpirError, OptionError
from opir.files import check_folder
from opir.progress import Progress
from opir.simulate.dataset.worker import rebuild_error
from opir.system import System
from opir.workers import Workers, ending
from opir.workflows.given_system import given_system
from opir.workflows.pathways import pathways_run, read_reference

__all__ = ["RunOutcome", "pathways_runs", "prepare", "runs_in"]

_BESIDE = ("-truth", "-record")
"""Endings of what opir simulate writes beside a run."""


@dataclass(frozen=True)
class RunOutcome:
    """What came of one run.

    Attributes:
        path: Of the run.
        sentences: What a reader should know first.
        table: Species and reactions as lines of text.
        records: One record a species and a reaction, JSON values.
        files: What was written.
        error: Why nothing was recovered; empty where it was.
    """

    path: str
    sentences: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()
    files: tuple[str, ...] = ()
    error: str = ""


def runs_in(paths: Sequence[Path | str]) -> list[Path]:
    """The runs that paths stand for.

    A folder with NetCDF files (``.nc``) stands for each of them, but for what ``opir simulate``
    writes beside a run; the folder of a forecast and any other folder is one run.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        files = sorted(path.glob("*.nc")) if path.is_dir() else []
        if not files or path / "forecast.nc" in files:
            found.append(path)
            continue
        names = {file.stem for file in files}
        found += [
            file
            for file in files
            if not any(
                file.stem.endswith(end) and file.stem.removesuffix(end) in names for end in _BESIDE
            )
        ]
    return list(dict.fromkeys(found))


def pathways_runs(
    paths: Sequence[Path | str],
    *,
    out: Path | str | None = None,
    system: System | Path | str | None = None,
    references: Mapping[str, Path | str] | None = None,
    species: Sequence[str] | None = None,
    reactions: Sequence[str] | None = None,
    user_reactions: Sequence[str] = (),
    extra: Sequence[Path | str] = (),
    second_way: bool = True,
    overwrite: bool = False,
    workers: int = 2,
    progress: bool | None = None,
    function: str = "opir.workflows.pathways_batch:prepare",
) -> tuple[RunOutcome, ...]:
    """Recover the pathways of several runs, in parallel.

    Args:
        paths: Files and folders, see :func:`runs_in`.
        out: Folder for the files of all, see :func:`opir.workflows.pathways.pathways_run`; made
            where it is missing. Runs of the same name get a number.
        system, references, species, reactions, user_reactions, second_way, overwrite: As
            of :func:`opir.workflows.pathways.pathways_run`, for all of them.
        workers: How many processes; 1 works in this one.
        extra: Files of one's own species, reactions and systems, see
            :func:`opir.chemistry.library`.
        progress: Show how far it is; by default on a terminal only.
        function: What gives a worker what it does, ``module:function``.

    Returns:
        What came of each run, in the order of the paths.

    Raises:
        OptionError: If no run is named, or there is no worker.
        OpirError: If the system, a reference or a file of one's own cannot be read.
        OutputError: If the folder's folder does not exist, or it is a file.
    """
    runs = runs_in(paths)
    if not runs:
        raise OptionError("no run was named", remedy="Name a file, or a folder with runs")
    if workers < 1:
        raise OptionError(f"{workers} workers were asked for; at least 1 is needed")
    given_system(system, known=library(tuple(extra)))  # what is wrong for all is said once
    for name, item in (references or {}).items():
        read_reference(name, item)
    if out is not None:
        check_folder(out, (), overwrite=True)
    job = {
        "prepare": function,
        "paths": [str(path) for path in runs],
        "names": _names(runs),
        "options": {
            "out": None if out is None else str(out),
            "system": system.to_json() if isinstance(system, System) else _text(system),
            "references": {key: str(item) for key, item in (references or {}).items()},
            "species": None if species is None else list(species),
            "reactions": None if reactions is None else list(reactions),
            "user_reactions": list(user_reactions),
            "second_way": second_way,
            "overwrite": overwrite,
        },
        "extra": [str(path) for path in extra],
    }
    shown = Progress(len(runs), unit="run", shown=progress)
    found: dict[int, RunOutcome] = {}
    for number, outcome in _outcomes(job, len(runs), min(workers, len(runs))):
        found[number] = outcome
        shown.show(len(found), Path(outcome.path).name[-40:])
    return tuple(found[number] for number in range(len(runs)))


def _outcomes(job: dict[str, Any], count: int, workers: int) -> Iterator[tuple[int, RunOutcome]]:
    if workers == 1:
        work = prepare(job)
        for number in range(count):
            try:
                yield number, _outcome(work(number))
            except OpirError as error:
                yield number, RunOutcome(job["paths"][number], error=str(error))
        return
    with _Pool(job, workers) as pool:
        yield from pool.run(range(count))


def _text(value: Path | str | None) -> str | None:
    return None if value is None else str(value)


def _names(runs: Sequence[Path]) -> list[str]:
    """How the names of the files of each run begin, all different."""
    used: dict[str, int] = {}
    names = []
    for path in runs:
        name = "forecast" if (path / "forecast.nc").is_file() else path.stem
        number = used[name] = used.get(name, 0) + 1
        names.append(name if number == 1 else f"{name}-{number}")
    return names


# -- workers --------------------------------------------------------------------------------------


def prepare(job: Mapping[str, Any]) -> Callable[[int], dict[str, Any]]:
    """What a worker does with the number of a run."""
    options = dict(job["options"])
    known = library(tuple(job["extra"]))

    def work(number: int) -> dict[str, Any]:
        path = job["paths"][number]
        done = pathways_run(path, name=job["names"][number], library=known, **options)
        return {
            "path": path,
            "sentences": done.sentences(),
            "table": done.table(),
            "records": done.records(),
            "files": [str(file) for file in done.files],
        }

    return work


def _outcome(answer: Mapping[str, Any]) -> RunOutcome:
    return RunOutcome(
        str(answer["path"]),
        tuple(answer["sentences"]),
        tuple(answer["table"]),
        tuple(answer["records"]),
        tuple(answer["files"]),
    )


class _Pool(Workers[int, tuple[int, RunOutcome]]):
    """Workers of which each takes a run; an error is what came of that run."""

    def __init__(self, job: Mapping[str, Any], count: int) -> None:
        super().__init__("opir.simulate.dataset.worker", job, count)
        self._paths: list[str] = job["paths"]

    def message(self, job: int) -> Mapping[str, Any]:
        return {"part": job}

    def answered(self, job: int, answer: dict[str, Any]) -> tuple[int, RunOutcome]:
        if "error" not in answer:
            return job, _outcome(answer["done"])
        record = answer["error"]
        if record["kind"]:
            return job, RunOutcome(self._paths[job], error=str(rebuild_error(record)))
        last = str(record["problem"]).strip().splitlines()[-1]
        text = f"this should not have happened ({last}); please report it"
        return job, RunOutcome(self._paths[job], error=text)

    def refused(self, answer: dict[str, Any] | None) -> BaseException | None:
        return None if answer is None else rebuild_error(answer["error"])

    def died(self, job: int, code: int, late: bool) -> tuple[int, RunOutcome]:
        how = f"was ended by the system ({ending(code)})" if code < 0 else f"ended with {code}"
        text = f"the process that worked on it {how}; most often the memory was used up"
        return job, RunOutcome(self._paths[job], error=text)
