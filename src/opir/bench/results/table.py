"""Tables of the results: Markdown to read, CSV and JSON to work with."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from opir.bench.results.cells import FLOOR_ROWS, Cell, Collection, Section
from opir.bench.scoring.names import METRICS
from opir.errors import UnknownNameError
from opir.metrics import Interval

__all__ = ["DEFAULT_METRICS", "csv_table", "json_table", "markdown_table", "rows", "scale_of"]

DEFAULT_METRICS = ("mae", "dilate", "spectral-angle", "band-area", "crps", "coverage-90")
"""Metrics that a table shows where none are named."""

_INPUTS = ("spectrum", "protocol", "descriptor")
_ORACLE = "oracle-floor"


def rows(collection: Collection, metrics: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One record for each model of each section, with every number of the tables.

    Complete ones by MAE first, with ``rank`` (floors have none), then the others, whose metrics
    are not averaged and not there.

    Args:
        collection: Results.
        metrics: Names; :data:`DEFAULT_METRICS` by default.

    Raises:
        UnknownNameError: If there is no such metric.
    """
    wanted = _checked(metrics)
    found = []
    for section in collection.sections:
        oracle = section.cells.get(_ORACLE)
        rank = 0
        for cell in [*section.ranked(), *section.unranked()]:
            complete = cell.complete and "mae" in cell.metrics
            model = cell.model not in FLOOR_ROWS
            rank += model and complete
            intervals = {name: cell.interval(name) for name in wanted} if complete else {}
            excess = None
            if complete and oracle is not None and oracle.complete:
                excess = cell.excess(oracle)
            found.append(
                {
                    "task": section.task,
                    "section": section.name,
                    "model": cell.model,
                    "kind": "model" if model else "floor",
                    "rank": rank if model and complete else None,
                    "unseen": _unseen(cell),
                    "submitted": any(r.record.get("submitted", False) for r in cell.results),
                    "sampled": any(r.record.get("sampled", False) for r in cell.results),
                    "metrics": {n: _ends(i) for n, i in intervals.items() if i is not None},
                    "excess": None if excess is None else _ends(excess),
                    "runs": _runs(cell) if complete else None,
                    "seeds": list(cell.seeds),
                    "closed_form": model and all(_is_closed(r.record) for r in cell.results),
                    "training_seconds": cell.mean("training_seconds"),
                    "forecast_milliseconds": cell.mean("forecast_milliseconds"),
                    "parameters": cell.mean("parameters"),
                    "steps": cell.mean("steps"),
                    "memory_bytes": cell.mean("memory_bytes"),
                    "energy_joule": cell.mean("energy_joule"),
                    "state": cell.state,
                }
            )
    return found


def markdown_table(collection: Collection, metrics: Sequence[str] = ()) -> str:
    """A heading and a table for each section."""
    wanted = _checked(metrics)
    every = rows(collection, wanted)
    parts = []
    for section in collection.sections:
        mine = [row for row in every if row["section"] == section.name]
        parts.append(_section(section, mine, wanted))
    return "\n".join(parts) + "\n" + _notes(wanted)


def _section(section: Section, found: list[dict[str, Any]], wanted: Sequence[str]) -> str:
    shown = [name for name in wanted if any(name in row["metrics"] for row in found)]
    scales = {
        name: scale_of([r["metrics"][name][0] for r in found if name in r["metrics"]])
        for name in shown
    }
    excess = any(row["excess"] is not None for row in found)
    head = ["", "model"]
    for name in shown:
        metric = METRICS[name]
        unit = "" if metric.unit == "1" else f" [{metric.unit}]"
        power = f" x 1e{scales[name]}" if scales[name] else ""
        head.append(f"{metric.title}{power}{unit}")
        if name == "mae" and excess:
            head.append(f"above oracle{power}")
    head += ["runs", "seeds", "training s", "ms a run"]
    lines = []
    for row in found:
        if not row["metrics"]:
            continue
        line = ["" if row["rank"] is None else str(row["rank"]), _name(row)]
        for name in shown:
            line.append(_number(row["metrics"].get(name), scales[name], full=name == "mae"))
            if name == "mae" and excess:
                line.append(_number(row["excess"], scales[name], full=True))
        line += [
            str(row["runs"]),
            f"{len(row['seeds'])}{', closed form' * row['closed_form']}",
            _short(row["training_seconds"]),
            _short(row["forecast_milliseconds"]),
        ]
        lines.append(line)
    title = f"## {section.title}" + (f": {section.folds[0]}" if section.single else "")
    text = [f"{title} ({_origin(section)})", "", _heading(section), ""]
    if lines:
        text += ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines)]
        text.append("")
    rest = [row for row in found if not row["metrics"]]
    if rest:
        text.append("Not averaged and not ranked:")
        text += [f"- {row['model']}: {row['state'] or 'no metric is there'}" for row in rest]
        text.append("")
    return "\n".join(text)


def _heading(section: Section) -> str:
    records = section.records

    def each(name: str, unit: str = "") -> str:
        found = {record[name] for record in records if record.get(name) is not None}
        return (
            ", ".join(
                f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"
                for value in sorted(found)
            )
            or "none"
        )

    versions = sorted({record["code"]["version"] for record in records})
    sources = sorted({record["code"]["source_hash"][7:15] for record in records})
    parts = [
        f"Task `{section.task}`, version {section.version}",
        f"{len(section.folds)} fold{'s' * (len(section.folds) != 1)}",
        f"training budget {each('budget_seconds', ' s of processor time')}",
    ]
    if {record.get("size") for record in records} - {"full", None}:
        parts.append(f"size {each('size')}: a trial, not a result to cite")
    if versions:
        parts.append(f"opir {', '.join(versions)} (source {', '.join(sources)})")
    notes = dict.fromkeys(note for record in records for note in record.get("notes", []))
    return "; ".join(parts) + "." + "".join(f" {note}" for note in notes)


def _origin(section: Section) -> str:
    found = sorted({str(record.get("origin")) for record in section.records})
    return " and ".join(f"{origin} data" for origin in found) if found else "no results"


def _notes(wanted: Sequence[str]) -> str:
    lines = [
        "Means over test runs, seeds averaged first, with 95 % intervals of runs resampled in "
        "brackets. Persistence is the ceiling, floors are what the best could reach; above oracle: "
        "less the oracle floor, on the runs that it was found for. A model that "
        "does not see an input is marked: -protocol, -descriptor, -spectrum. (p): a point "
        "forecast, whose CRPS is its absolute error.",
    ]
    said = [f"{METRICS[n].title}: {METRICS[n].note}" for n in wanted if METRICS[n].note]
    if said:
        lines.append("; ".join(said) + ".")
    for most in sorted({METRICS[name].runs or 0 for name in wanted} - {0}):
        slow = [METRICS[name].title for name in wanted if METRICS[name].runs == most]
        lines.append(f"On at most {most} runs of a fold, the same for all: {', '.join(slow)}.")
    return "\n".join(lines) + "\n"


def _name(row: dict[str, Any]) -> str:
    if row["kind"] == "floor":
        return f"*{row['model']}*"
    marks = "".join(f" -{name}" for name in row["unseen"])
    point = "" if row["sampled"] else " (p)"
    return f"{row['model']}{marks}{point if 'crps' in row['metrics'] else ''}"


def _unseen(cell: Cell) -> list[str]:
    for result in cell.results:
        sees = result.record.get("sees")
        if sees is not None:
            return [name for name in _INPUTS if name not in sees]
    return []


def _is_closed(record: Mapping[str, Any]) -> bool:
    """Whether there was no training, so that the seed makes no difference."""
    return record.get("budget_seconds") is None


def _runs(cell: Cell) -> int:
    return sum({result.fold: int(result.record["runs"]) for result in cell.results}.values())


def _ends(interval: Interval) -> list[float]:
    return [interval.value, interval.lower, interval.upper]


def scale_of(values: Sequence[float]) -> int:
    """The power of ten, a multiple of 3, that makes the largest value readable."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0 or 0.1 <= largest < 10_000:
        return 0
    return 3 * (int(f"{largest:e}".split("e")[1]) // 3)


def _number(ends: list[float] | None, power: int, *, full: bool) -> str:
    if ends is None:
        return "-"
    value, lower, upper = (f"{end / 10.0**power:.3f}" for end in ends)
    return f"{value} [{lower}, {upper}]" if full else value


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _checked(metrics: Sequence[str]) -> tuple[str, ...]:
    for name in metrics:
        if name not in METRICS:
            raise UnknownNameError("metric", name, METRICS)
    return tuple(dict.fromkeys(metrics)) or DEFAULT_METRICS


def csv_table(collection: Collection, metrics: Sequence[str] = ()) -> str:
    """One line for each model and section; each metric in three columns: mean and interval."""
    wanted = _checked(metrics)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    plain = (
        "task", "section", "model", "kind", "rank", "runs", "training_seconds",
        "forecast_milliseconds", "parameters", "steps", "memory_bytes", "energy_joule", "state",
    )  # fmt: skip
    numbers = [*wanted, "excess"]
    ends = [f"{name}{part}" for name in numbers for part in ("", "_lower", "_upper")]
    writer.writerow([*plain, "unseen", "seeds", *ends])
    for row in rows(collection, wanted):
        line = ["" if row[name] is None else row[name] for name in plain]
        line += [" ".join(row["unseen"]), " ".join(map(str, row["seeds"]))]
        for name in numbers:
            values = row["excess"] if name == "excess" else row["metrics"].get(name)
            line += ["", "", ""] if values is None else [repr(value) for value in values]
        writer.writerow(line)
    return text.getvalue()


def json_table(collection: Collection, metrics: Sequence[str] = ()) -> str:
    """The rows as a JSON text."""
    value = {"opir_type": "bench-table", "opir_version": 1, "rows": rows(collection, metrics)}
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
