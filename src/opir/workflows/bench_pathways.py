"""The benchmark of pathways: run it, print its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from opir.bench.data import open_sources
from opir.bench.pathways.cases import TASK_NAMES, cases_of, validation_cases
from opir.bench.pathways.methods import methods_of
from opir.bench.pathways.run import RECORDS, look_at
from opir.bench.pathways.table import Row, csv_table, markdown_table, rows_of
from opir.errors import OptionError
from opir.files import output_errors
from opir.progress import Progress

__all__ = ["PathwaysBench", "bench_pathways"]


@dataclass(frozen=True)
class PathwaysBench:
    """What came of it.

    Attributes:
        rows: A method on a task each.
        files: The table as Markdown and CSV, and the records.
    """

    rows: tuple[Row, ...]
    files: tuple[Path, ...]

    def markdown(self) -> str:
        """The tables."""
        return markdown_table(self.rows)


def bench_pathways(
    out: Path | str,
    *,
    store: Path | str,
    shifted: Path | str | None = None,
    tasks: Sequence[str] = ("random",),
    sources: Sequence[str] = ("measured",),
    methods: Sequence[str] = ("all",),
    runs: int | None = None,
    validation_runs: int | None = 100,
    weights: Path | str | None = None,
    kta_python: Path | str | None = None,
    workers: int = 2,
    samples: int = 2000,
    force: bool = False,
    progress: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> PathwaysBench:
    """Judge methods that name reactions, on simulated runs; the same call again goes on.

    Args:
        out: Folder for the results: ``looks.jsonl``, ``pathways.md``, ``pathways.csv``.
        store: Store of the runs.
        shifted: Store of another domain, for the task ``shifted-domain``.
        tasks: Of ``random``, ``unseen-system``, ``shifted-domain``; ``all`` that the stores allow.
        sources: Of ``measured`` and ``forecast``: which spectra the methods are handed.
        methods: Names, or ``all``.
        runs: Test runs of each task, evenly spread; all by default.
        validation_runs: Runs on which limits are chosen, evenly spread; all where None.
        weights: Folder of the forecasters that have not seen a system, for forecasts of the task
            ``unseen-system``.
        kta_python: Interpreter with pyglotaran.
        workers: Processes; 0 does all in this one.
        samples: Resamples of the intervals.
        force: Drop the records that are there.
        progress: Show progress; by default on a terminal only.
        say: Takes a line of text now and then.

    Raises:
        OptionError, UnknownNameError: If an option is wrong, or asks for what is not there.
        StoreError: If a store or a run cannot be read, or has no truth.
        FormatError: If the records are damaged.
    """
    if workers < 0:
        raise OptionError(f"{workers} workers were asked for; 0 or more are needed")
    if samples < 1:
        raise OptionError(f"{samples} resamples were asked for; at least 1 is needed")
    if validation_runs is not None and validation_runs < 1:
        raise OptionError(f"{validation_runs} validation runs were asked for; 1 or more are needed")
    chosen = methods_of(methods, kta_python=kta_python)
    opened = open_sources(store, shifted)
    able = [name for name in TASK_NAMES if name != "shifted-domain" or shifted is not None]
    wanted = [one for name in tasks for one in (able if name == "all" else [name])]
    tested = cases_of(wanted, sources, opened, runs=runs, weights=weights)
    kinds = [method.evidence for method in chosen if len(method.choices) > 1]
    cases = [*validation_cases(kinds, opened, validation_runs), *tested]
    folder = Path(out)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if force:
            (folder / RECORDS).unlink(missing_ok=True)
    shown: list[Progress] = []

    def report(done: int, total: int, line: str) -> None:
        if not shown:
            shown.append(Progress(total, done=done, unit="run", shown=progress))
            if say is not None:
                say(f"{done} of {total} runs were looked at")
            return
        shown[0].show(done, line)

    urls = {"main": opened.store("main").url}
    if shifted is not None:
        urls["shifted"] = opened.store("shifted").url
    records = look_at(
        cases, urls, chosen, folder, kta_python=kta_python, workers=workers, report=report
    )
    rows = rows_of(records, cases, chosen, samples=samples)
    files = (folder / "pathways.md", folder / "pathways.csv", folder / RECORDS)
    for path, text in zip(files, (markdown_table(rows), csv_table(rows)), strict=False):
        with output_errors(path):
            path.write_text(text, encoding="utf-8")
    return PathwaysBench(tuple(rows), files)
