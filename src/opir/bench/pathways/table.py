"""Limits chosen on validation runs, answers judged, and their table as Markdown and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opir.bench.pathways.cases import VALIDATION, Case
from opir.bench.pathways.forecasts import UNSEEN
from opir.bench.pathways.judge import Scores, f1_of, judge, score
from opir.bench.pathways.methods.base import Answer, Choice, Method
from opir.bench.pathways.run import truth_from
from opir.bench.pathways.truth import RunTruth

__all__ = ["COLUMNS", "Row", "csv_table", "markdown_table", "rows_of"]

_QUIET = "napf6-diglyme-hard-carbon"
_QUIET_ABOVE = {"lp30-lto": 1.0}
"""Negative controls: all runs of the one, of the other those that stay above so much [V]."""

Records = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """A method on the runs of a task.

    Attributes:
        task, source, method: Names.
        scores: What it reached.
        chosen: Limits chosen on validation runs, of each fold where they differ.
        failed: In how many runs the method could not tell anything; no name counts there.
    """

    task: str
    source: str
    method: str
    scores: Scores
    chosen: str
    failed: int


def rows_of(
    records: Iterable[Mapping[str, Any]],
    cases: Sequence[Case],
    methods: Sequence[Method],
    *,
    samples: int = 2000,
) -> list[Row]:
    """Judge the methods on the cases, by task, source and method in the order given.

    Args:
        records: Of :func:`opir.bench.pathways.run.look_at`.
        cases: Those to judge on, with the validation runs.
        methods: The methods.
        samples: Resamples of the intervals.
    """
    kept = {(str(item["case"]), str(item["kind"])): item for item in records}
    tested = [case for case in cases if case.task != VALIDATION]
    validation = [case for case in cases if case.task == VALIDATION]
    truths = {
        case.key: truth_from(dict(kept[case.key, "truth"]))
        for case in cases
        if (case.key, "truth") in kept
    }
    pairs = list(dict.fromkeys((case.task, case.source) for case in tested))
    found = []
    for task, source in pairs:
        mine = [case for case in tested if (case.task, case.source) == (task, source)]
        for method in methods:
            choices: dict[str, Choice] = {}
            judged, failed = [], 0
            for case in mine:
                record = kept.get((case.key, method.evidence))
                if record is None or case.key not in truths:
                    continue
                held = case.fold if task == UNSEEN else ""
                if held not in choices:
                    others = [one for one in validation if one.system != held]
                    choices[held] = _best(method, others, kept, truths)
                failed += record["evidence"] is None
                judged.append(
                    judge(
                        _answer(method, record, choices[held]),
                        truths[case.key],
                        run=case.run,
                        quiet=_quiet(case, kept[case.key, "truth"]),
                        seconds=float(record["seconds"]),
                    )
                )
            if judged:
                made = score(judged, samples=samples)
                found.append(Row(task, source, method.name, made, _told(choices), failed))
    return found


def _best(
    method: Method,
    validation: Sequence[Case],
    records: Records,
    truths: Mapping[str, RunTruth],
) -> Choice:
    """The choice with the largest F1 over validation runs; the first of those alike."""
    if len(method.choices) == 1:
        return method.choices[0]
    seen = [case for case in validation if (case.key, method.evidence) in records]

    def f1(choice: Choice) -> float:
        every = [
            judge(_answer(method, records[case.key, method.evidence], choice), truths[case.key])
            for case in seen
        ]
        return f1_of(np.sum([one.reactions.row for one in every], axis=0)) or 0.0 if every else 0.0

    return max(method.choices, key=f1)


def _answer(method: Method, record: Mapping[str, Any], choice: Choice) -> Answer:
    if record["evidence"] is None:
        return Answer()
    return method.answer(record["evidence"], choice)


def _quiet(case: Case, truth: Mapping[str, Any]) -> bool:
    if case.system == _QUIET:
        return True
    lowest = truth["lowest_voltage"]
    above = _QUIET_ABOVE.get(case.system)
    return above is not None and lowest is not None and lowest > above


def _told(choices: Mapping[str, Choice]) -> str:
    if not any(choices.values()):
        return ""
    texts = {fold: json.dumps(dict(choice)) for fold, choice in choices.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{fold}: {text}" for fold, text in texts.items())


# -- texts ----------------------------------------------------------------------------------------

COLUMNS = (
    "task", "source", "method", "runs", "precision", "recall", "f1", "f1_lower", "f1_upper",
    "f1_by_system", "f1_strict", "onset_error_mV", "onsets_within_50_mV", "onsets", "species_f1",
    "false_alarms", "negative_controls", "seconds", "failed", "chosen",
)  # fmt: skip
"""Of the CSV."""


def csv_table(rows: Sequence[Row]) -> str:
    """All numbers; empty where there is nothing to divide by."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        s = row.scores
        f1 = (None,) * 3 if s.f1 is None else (s.f1.value, s.f1.lower, s.f1.upper)
        numbers: tuple[float | None, ...] = (
            s.precision, s.recall, *f1, s.f1_by_system, s.f1_strict,
            None if s.onset_error is None else 1e3 * s.onset_error,
            s.onsets_close, s.onsets, s.species_f1, s.false_alarms, s.quiet, s.seconds,
        )  # fmt: skip
        cells = ["" if number is None else f"{number:.6g}" for number in numbers]
        writer.writerow([row.task, row.source, row.method, s.runs, *cells, row.failed, row.chosen])
    return text.getvalue()


def markdown_table(rows: Sequence[Row]) -> str:
    """A heading and a table for each task and source."""
    head = (
        "method", "F1 [95 %]", "precision", "recall", "F1 by system", "F1 strict",
        "onset error [mV]", "onsets within 50 mV", "species F1", "false alarms", "s a run",
    )  # fmt: skip
    parts: list[str] = []
    for task, source in dict.fromkeys((row.task, row.source) for row in rows):
        mine = [row for row in rows if (row.task, row.source) == (task, source)]
        runs, quiet = mine[0].scores.runs, mine[0].scores.quiet
        spectra = (
            "simulated measurements" if source == "measured" else "forecasts of simulated runs"
        )
        parts.append(
            f"### {task}, {source}\n\n{runs} runs, {spectra}; {quiet} of them negative controls.\n"
        )
        parts.append(_line(head))
        parts.append(_line(["---"] + ["---:"] * (len(head) - 1)))
        parts += [_line(_cells(row)) for row in mine]
        notes = [
            f"{row.method}: chosen on validation runs: {row.chosen}." for row in mine if row.chosen
        ]
        notes += [
            f"{row.method}: could not tell anything of {row.failed} runs." for row in mine
            if row.failed
        ]  # fmt: skip
        parts.append("")
        parts += [f"- {note}" for note in notes]
        parts.append("")
    return "\n".join(parts)


def _cells(row: Row) -> list[str]:
    s = row.scores
    f1 = "" if s.f1 is None else f"{s.f1.value:.3f} [{s.f1.lower:.3f}, {s.f1.upper:.3f}]"
    error = "" if s.onset_error is None else f"{1e3 * s.onset_error:.0f}"
    close = "" if s.onsets_close is None else f"{s.onsets_close:.0%} of {s.onsets}"
    shares = [_number(one) for one in (s.precision, s.recall, s.f1_by_system, s.f1_strict)]
    alarms = "" if s.false_alarms is None else f"{s.false_alarms:.0%}"
    seconds = "" if s.seconds is None else f"{s.seconds:.2g}"
    return [row.method, f1, *shares, error, close, _number(s.species_f1), alarms, seconds]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
