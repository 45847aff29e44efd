"""The report of the benchmark: one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opir.bench.report.report import report_page
from opir.bench.results.cells import collect
from opir.errors import OptionError
from opir.files import atomic_path, check_output

__all__ = ["bench_report"]


def bench_report(
    directory: Path | str,
    out: Path | str = "report.html",
    *,
    tasks: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write the results of a folder as one page that needs nothing else.

    Args:
        directory: What ``opir bench run -o`` wrote.
        out: The page, ``.html``.
        tasks: Names of tasks, or ``task/fold``; all by default.
        overwrite: Replace a page that is there.

    Raises:
        FormatError: If there are no results, or one is damaged.
        UnknownNameError: If there are no results of a task.
        OptionError: If the ending is another one.
        OutputExistsError, OutputError: If the page cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in (".html", ".htm"):
        raise OptionError(
            f"a report with the ending {out.suffix!r} cannot be written",
            remedy="Name it with .html",
            path=out,
        )
    check_output(out, overwrite=overwrite)
    text = report_page(collect(directory).of_tasks(tasks))
    with atomic_path(out, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return out
