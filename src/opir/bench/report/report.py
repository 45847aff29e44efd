"""The report: one page of everything that a folder of results holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from opir.bench.report.page import page
from opir.bench.report.section import anchor, section_parts
from opir.bench.report.tables import INTERVALS, SHOWN, overview_table
from opir.bench.results.cells import FLOOR_ROWS, Collection
from opir.bench.results.table import rows
from opir.bench.scoring.names import METRICS

__all__ = ["command_of", "report_page"]

_TITLE = "OpIRBench"

_READ = (
    "A model is given the measured spectra up to a frame, the voltage, current and temperature at "
    "all frames, and numbers that describe the composition of the cell; it forecasts the spectra "
    "that follow. Persistence, which says that nothing will change, is the ceiling. What is left "
    "to the noise floor, which knows the noise-free truth, is chance. The best reachable error "
    "lies between the two oracle floors, medians over runs simulated anew: oracle-floor reads the "
    "given spectrum without error, oracle-floor-conditions knows the conditions alone. They are "
    "found from few replicas of some of the runs, and for one given frame, so a good model can "
    "come out slightly below them.",
    "Intervals in brackets are percentile bootstraps over runs (over blocks where windows of a "
    "block are not independent). They say how much the mean depends on which runs were drawn, and "
    "not how much it depends on the training beyond the seeds given.",
)


def report_page(collection: Collection) -> str:
    """The page as an HTML text, with all it needs inside.

    Args:
        collection: Results, see :func:`opir.bench.results.cells.collect`.

    Raises:
        FormatError: If the arrays of a result are damaged.
        MissingDependencyError: If matplotlib is not installed.
    """
    every = rows(collection, (*SHOWN, *INTERVALS))
    sections = collection.sections
    records = [record for section in sections for record in section.records]
    links = "".join(
        f'<a href="#{escape(anchor(s))}">{escape(s.title)}'
        + (f": {escape(s.folds[0])}" if s.single else "")
        + "</a>"
        for s in sections
    )
    parts = [
        f"<header><h1>{_TITLE}</h1>{_summary(collection, records)}<nav>{links}</nav></header>",
        "<main>",
        '<section id="overview"><h2>All tasks</h2>',
        *(f"<p>{escape(text)}</p>" for text in _READ),
        overview_table(collection),
        "</section>",
    ]
    for section in sections:
        mine = [row for row in every if row["section"] == section.name]
        description = str(
            collection.note.get("tasks", {}).get(section.task, {}).get("description", "")
        )
        parts += section_parts(section, mine, description)
    parts += ["</main>", _made(collection, records)]
    return page(_TITLE, parts)


def _summary(collection: Collection, records: Sequence[Mapping[str, Any]]) -> str:
    origins = sorted({str(record.get("origin")) for record in records})
    marks = " ".join(
        f'<span class="origin{" measured" if origin == "measured" else ""}">'
        f"{escape(origin)} data</span>"
        for origin in origins
    )
    models = {cell.model for s in collection.sections for cell in s.cells.values()}
    count = len(models - set(FLOOR_ROWS))
    failed = sum(len(cell.failed) for s in collection.sections for cell in s.cells.values())
    text = f"{len(records)} results of {count} models on {len(collection.sections)} tables"
    if failed:
        text += f"; {failed} failed and say so"
    return f"<p>{marks} {escape(text)}.</p>"


def command_of(note: Mapping[str, Any]) -> str:
    """The command that makes such results, from what ``bench.json`` says; empty without it."""
    if note.get("command"):
        return str(note["command"])
    if not note.get("seeds"):
        return ""
    models = [name for name in note["seeds"] if name not in FLOOR_ROWS]
    models += ["floors"] if set(FLOOR_ROWS) & set(note["seeds"]) else []
    seeds = sorted({seed for found in note["seeds"].values() for seed in found})
    words = ["opir bench run"]
    words += [f"--task {','.join(note.get('tasks', {}))}", f"--models {','.join(models)}"]
    if note.get("size", "full") != "full":
        words.append(f"--{note['size']}")
    else:
        words.append(f"--budget {note.get('budget_seconds', 60):g}s --seeds {len(seeds)}")
        words += [f"--seed-from {seeds[0]}"] if seeds[0] else []
    return " ".join([*words, "-o DIR"])


def _made(collection: Collection, records: Sequence[Mapping[str, Any]]) -> str:
    parts = ['<footer><section id="made"><h2>How this was made</h2>']
    command = command_of(collection.note)
    if command:
        parts.append(f"<pre>{escape(command)}</pre>")
    facts: dict[str, list[str]] = {}

    def say(what: str, text: object) -> None:
        found = facts.setdefault(what, [])
        if text and str(text) not in found:
            found.append(str(text))

    for record in records:
        code = record.get("code", {})
        commit = f", commit {code['commit']}" if code.get("commit") else ""
        say("Code", f"opir {code.get('version')}, source {code.get('source_hash')}{commit}")
        for source, hash in record.get("data", {}).items():
            say(f"Data, {source}", hash)
        machine = record.get("machine", {})
        say("Machine", f"{machine.get('processor')}, {machine.get('cores')} cores, "
            f"{machine.get('system')}, Python {machine.get('python')}")  # fmt: skip
        say("Libraries", ", ".join(f"{n} {v}" for n, v in machine.get("libraries", {}).items()))
        if record.get("budget_seconds") is not None:
            say("Training budget", f"{record['budget_seconds']:g} s of processor time, one thread")
        if record.get("options"):
            say("Options", f"{record['model']}: {json.dumps(record['options'], sort_keys=True)}")
    for what, found in facts.items():
        if found:
            lines = "<br>".join(escape(text) for text in found)
            parts.append(f'<h3>{escape(what)}</h3><p class="soft">{lines}</p>')
    parts.append("<h3>Metrics</h3>")
    parts += [f'<p class="soft">{escape(line)}</p>' for line in _metrics()]
    return "\n".join([*parts, "</section></footer>"])


def _metrics() -> list[str]:
    found = []
    for name in (*SHOWN, *INTERVALS):
        metric = METRICS[name]
        unit = "" if metric.unit == "1" else f" [{metric.unit.replace('cm-1', 'cm⁻¹')}]"
        text = f"{metric.title}{unit}"
        text += f": {metric.note}" if metric.note else ""
        text += f"; on at most {metric.runs} runs of a fold" if metric.runs else ""
        found.append(text + ".")
    return found
