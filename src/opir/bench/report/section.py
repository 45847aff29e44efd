"""One section of the report: a task, or a fold that is a question of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from opir.bench.report.page import picture
from opir.bench.report.tables import (
    CEILING,
    breakdown_table,
    few_runs,
    interval_table,
    origin_of,
    paired_table,
    power_of,
    score_tables,
)
from opir.bench.results.breakdown import breakdown, error_map
from opir.bench.results.cells import FLOOR_ROWS, Cell, Section
from opir.bench.results.paired import paired_tests
from opir.metrics.regions import lead_labels
from opir.plots.benchmark import ExampleRun, bins_figure, error_maps_figure, example_figure

__all__ = ["anchor", "section_parts"]

_DRAWN = 3
"""Models drawn beside persistence and the floors."""

_EXAMPLES = 3


def anchor(section: Section) -> str:
    """Where on the page it stands."""
    return section.name.replace("/", "-")


def section_parts(
    section: Section, rows: Sequence[Mapping[str, Any]], description: str
) -> list[str]:
    """The HTML of one section.

    Args:
        section: It.
        rows: Its rows of :func:`opir.bench.results.table.rows`.
        description: Of the task.
    """
    origin = origin_of(section)
    name = section.title + (f": {section.folds[0]}" if section.single else "")
    measured = " measured" if origin == "measured" else ""
    parts = [
        f'<section id="{escape(anchor(section))}"><h2>{escape(name)} '
        f'<span class="origin{measured}">{escape(origin)} data</span></h2>',
        f'<p>{escape(description)}</p><p class="soft">{escape(_facts(section))}</p>',
        *score_tables(section, rows),
    ]
    best, tests = paired_tests(section)
    if best is not None and tests:
        parts += ["<h3>Against the best model</h3>", paired_table(section, best.model, tests)]
    parts += _breakdowns(section, name, origin)
    intervals = interval_table(section, rows)
    if intervals:
        parts += ["<h3>Intervals</h3>", intervals]
    parts += _maps(section, name, origin)
    if best is not None:
        parts += _examples(best, name, origin, power_of(section))
    return [*parts, "</section>"]


def _facts(section: Section) -> str:
    records = section.records
    budgets = sorted({r["budget_seconds"] for r in records if r.get("budget_seconds") is not None})
    parts = [f"Task {section.task}, version {section.version}, {len(section.folds)} fold"]
    parts[0] += "s" * (len(section.folds) != 1)
    if budgets:
        parts.append(f"training budget {', '.join(f'{b:g} s' for b in budgets)} processor time")
    sizes = sorted({str(r.get("size")) for r in records} - {"full", "None"})
    if sizes:
        parts.append(f"size {', '.join(sizes)}: a trial of the benchmark, not a result to cite")
    train = sorted({int(r["train_runs"]) for r in records if "train_runs" in r})
    if train:
        count = f"{train[0]}" if len(train) == 1 else f"{train[0]} to {train[-1]}"
        parts.append(f"trained on {count} runs or windows")
    notes = dict.fromkeys(note for record in records for note in record.get("notes", []))
    return "; ".join(parts) + "." + "".join(f" {note}" for note in notes)


def drawn(section: Section) -> list[Cell]:
    """The best models, persistence, and the floors, in the order of their errors."""
    ranked = section.ranked()
    models = [cell.model for cell in ranked if cell.model not in (*FLOOR_ROWS, CEILING)]
    chosen = {*models[:_DRAWN], CEILING, *FLOOR_ROWS}
    return [cell for cell in ranked if cell.model in chosen]


def _breakdowns(section: Section, name: str, origin: str) -> list[str]:
    parts = []
    cells = drawn(section)
    lead = {cell.model: breakdown(cell, "by_lead") for cell in cells}
    lead = {
        _label(section, m): {label: v[label] for label in lead_labels() if label in v}
        for m, v in lead.items()
    }
    if len({label for found in lead.values() for label in found}) > 1:
        figure = bins_figure(
            lead,
            text=name,
            origin=origin,
            axis="Time after the given frame",
            power=power_of(section),
            floors=[_label(section, cell.model) for cell in cells if cell.model in FLOOR_ROWS],
        )
        made = picture(figure, f"MAE by lead time, {name}, {origin} data", wide=True)
        parts.append(f'<div class="half">{made}</div>')
    for key, what in (("by_lead", "lead time"), ("by_band", "region"), ("by_system", "system")):
        text = breakdown_table(section, key, what)
        if text:
            opened = " open" if key == "by_lead" else ""
            parts.append(f"<details{opened}><summary>By {what}</summary>{text}</details>")
    return ["<h3>Where the errors are</h3>", *parts] if parts else []


def _label(section: Section, model: str) -> str:
    """The model, with its number of runs where others have more."""
    few = few_runs(section, model)
    return f"{model} ({few})" if few else model


def _maps(section: Section, name: str, origin: str) -> list[str]:
    found = {cell.model: error_map(cell) for cell in drawn(section)}
    there = {model: one for model, one in found.items() if one is not None}
    if not there:
        return []
    axis = next(iter(there.values()))[1]
    maps = {_label(section, m): one[0] for m, one in there.items() if one[1].shape == axis.shape}
    first = min(int(record.get("first_frame", 1)) for record in section.records)
    figure = error_maps_figure(
        maps, axis, first=first, text=name, origin=origin, power=power_of(section)
    )
    return [
        "<h3>Error by frame and wavenumber</h3>",
        '<p class="soft">One colour scale for all. Runs differ in the time between their '
        "frames, so frames are counted.</p>",
        picture(figure, f"Maps of the mean absolute error, {name}, {origin} data", wide=True),
    ]


def _examples(best: Cell, name: str, origin: str, power: int) -> list[str]:
    """The best and the worst runs of a model, of its first seed."""
    seed = best.seeds[0]
    runs: list[ExampleRun] = []
    for result in best.results:
        if result.seed != seed:
            continue
        arrays = result.arrays()
        if "example_given" not in arrays:
            continue
        error = dict(zip(arrays["id"].tolist(), arrays["metric/mae"].tolist(), strict=True))
        runs += [
            ExampleRun(
                name=str(id),
                error=error[str(id)],
                lead=arrays["example_time"][row],
                wavenumber=arrays["wavenumber"],
                given=arrays["example_given"][row],
                target=arrays["example_target"][row],
                forecast=arrays["example_forecast"][row],
            )
            for row, id in enumerate(arrays["example_id"].tolist())
        ]
    if not runs:
        return []
    runs.sort(key=lambda run: run.error)
    shown = min(_EXAMPLES, (len(runs) + 1) // 2)
    parts = [f"<h3>Best and worst runs of {escape(best.model)}</h3>"]
    for what, some in (("Best", runs[:shown]), ("Worst", runs[::-1][:shown])):
        text = f"{what} runs of {best.model}, seed {seed}, {name}"
        figure = example_figure(some, text=text, origin=origin, power=power)
        parts.append(picture(figure, f"{text}, {origin} data", wide=True))
    return parts
