"""The tables of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from opir.bench.report.page import Cell, Row, number, shade, table
from opir.bench.results.breakdown import breakdown
from opir.bench.results.cells import FLOOR_ROWS, Collection, Section
from opir.bench.results.cells import Cell as Results
from opir.bench.results.paired import Paired
from opir.bench.scoring.names import METRICS
from opir.metrics.regions import lead_labels

__all__ = [
    "CEILING",
    "SHOWN",
    "breakdown_table",
    "few_runs",
    "interval_table",
    "origin_of",
    "overview_table",
    "paired_table",
    "power_of",
    "score_tables",
]

CEILING = "persistence"
_SPECTRA = ("mae", "mae-clean", "dilate", "dilate-channels", "dtw", "tdi", "spectral-angle",
            "crps", "energy")  # fmt: skip
"""Metrics of the main table."""

_CHEMISTRY = ("peak-position", "missed-peaks", "band-area", "onset-voltage", "missed-onsets",
              "mass-balance", "irreversibility", "stream-r2")  # fmt: skip
"""Metrics of the table below it. All in one are more columns than a screen or a sheet is wide."""

SHOWN = (*_SPECTRA, *_CHEMISTRY)
"""Metrics of the tables of scores."""

_COVERAGES = ("coverage-50", "coverage-80", "coverage-90", "coverage-95")
INTERVALS = (*_COVERAGES, "width-90")
"""Metrics of the table of intervals."""

_SCALED = ("mae", "mae-clean", "width-90", "crps")
"""Shown in a power of ten of the signal, one for a section."""


def origin_of(section: Section) -> str:
    """``simulated``, ``measured``, or what else the results say; ``unknown`` without any."""
    found = sorted({str(record.get("origin")) for record in section.records})
    return " and ".join(found) or "unknown"


def power_of(section: Section) -> int:
    """The power of ten, a multiple of 3, that errors of a section are shown in."""
    found = [cell.values("mae") for cell in section.ranked()]
    largest = max((float(v.values.mean()) for v in found if v is not None), default=1.0)
    return min(0, 3 * int(np.floor(np.log10(largest) / 3))) if largest > 0 else 0


def ten(power: int) -> str:
    """``10⁻³``."""
    digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}" if power else "1"


def _head(name: str, power: int) -> str:
    metric = METRICS[name]
    unit = "" if metric.unit == "1" else metric.unit.replace("cm-1", "cm⁻¹")
    unit = ten(power) if power or name in _SCALED else unit
    better = "" if metric.better == "lower" else " (higher is better)"
    title = metric.title.replace("-", "\N{NON-BREAKING HYPHEN}")
    return f"{title}{better}" + (f"\n/ {unit}" if unit else "")


def _ends(name: str, ends: Sequence[float] | None, power: int) -> Cell:
    """A mean with its interval."""
    if ends is None:
        return Cell("–")
    value, low, high = (end / 10.0**power for end in ends)
    text, *limits = (
        f"{end:.3f}" if name in _SCALED else _digits(end) for end in (value, low, high)
    )
    return Cell(text.replace("-", "−"), value, f"[{', '.join(limits)}]".replace("-", "−"))


def _digits(value: float) -> str:
    """Three digits that count, the zeros at their end among them."""
    text = number(value).text
    return text if "e" in text or abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def _powers(names: Sequence[str], rows: Sequence[Mapping[str, Any]], power: int) -> dict[str, int]:
    """The power of ten of each column: of the signal, or one that spares small numbers zeros."""
    found = {}
    for name in names:
        means = [abs(row["metrics"][name][0]) for row in rows if name in row["metrics"]]
        most = max(means, default=0.0)
        small = METRICS[name].unit == "1" and 0 < most < 0.1
        found[name] = max(-6, 3 * int(np.floor(np.log10(most) / 3))) if small else 0
    return found | {name: power for name in names if name in _SCALED}


def _kind(row: Mapping[str, Any]) -> str:
    if row["kind"] == "floor":
        return "floor"
    kind = "ceiling" if row["model"] == CEILING else ""
    return f"{kind} best".strip() if row["rank"] == 1 else kind


def _name(row: Mapping[str, Any]) -> Cell:
    notes = [f"no {', '.join(row['unseen'])}"] if row["unseen"] else []
    notes += ["submitted, no budget"] if row["submitted"] else []
    notes += ["ceiling"] if row["model"] == CEILING else []
    notes += ["floor"] if row["kind"] == "floor" else []
    return Cell(row["model"], row["model"], "; ".join(notes))


def score_tables(section: Section, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every model with its scores, excess over the oracle and cost; what failed at the foot.

    Errors of the spectra, what is read from their peaks, and the cost are tables of their own,
    each narrow enough for a screen or a sheet of paper.
    """
    whole = [row for row in rows if row["metrics"]]
    rest = [f"{row['model']}: {row['state'] or 'no metric is there'}" for row in rows
            if not row["metrics"]]  # fmt: skip
    parts = [_scores(section, whole, _SPECTRA, rest)]
    if any(name in row["metrics"] for row in whole for name in _CHEMISTRY):
        parts += ["<h3>Peaks, onsets and chemistry</h3>", _scores(section, whole, _CHEMISTRY)]
    return [*parts, "<h3>Cost</h3>", _cost_table(section, whole)]


def _start(row: Mapping[str, Any], *, notes: bool) -> list[Cell]:
    """Name, with what there is to know of the model where asked, and rank."""
    name = _name(row) if notes else Cell(row["model"], row["model"])
    return [name, Cell("–") if row["rank"] is None else number(row["rank"])]


def _scores(
    section: Section,
    whole: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    rest: Sequence[str] = (),
) -> str:
    """The table of some metrics; that of the MAE says what is common to all."""
    shown = [name for name in names if any(name in row["metrics"] for row in whole)]
    main = "mae" in names
    excess = main and any(row["excess"] is not None for row in whole)
    power = power_of(section)
    powers = _powers(shown, whole, power)
    head = ["Model", "Rank"]
    for name in shown:
        head.append(_head(name, powers[name]))
        if name == "mae" and excess:
            head.append(f"Above oracle\n/ {ten(power)}")
    found = []
    for row in whole:
        cells = _start(row, notes=main)
        for name in shown:
            cells.append(_ends(name, row["metrics"].get(name), powers[name]))
            if name == "mae" and excess:
                cells.append(_ends("mae", row["excess"], power))
        found.append(Row(cells, _kind(row)))
    caption = f"Scores ({origin_of(section)} data): "
    if not main:
        caption += "means over test runs with their intervals, as above; ranked by the MAE."
        return table(head, found, caption=caption)
    caption += (
        "means over test runs, seeds averaged first, with "
        "95 % intervals of runs resampled. Lower is better where nothing else is said. No "
        "spectrum, protocol or descriptor: what a model does not look at."
    )
    if excess:
        caption += (
            " Above oracle: MAE less that of the oracle floor, run by run, on the runs that the "
            "floor was found for; these may be fewer (column Runs of the table of costs)."
        )
    return table(head, found, caption=caption, after=rest)


def _cost_table(section: Section, whole: Sequence[Mapping[str, Any]]) -> str:
    """What each model was tested on, and what it took."""
    head = ["Model", "Rank", "Runs", "Seeds", "Training\n/ s", "Steps", "Forecast of a run\n/ ms"]
    head += ["Parameters", "Memory\n/ MB", "Energy\n/ J"]
    found = []
    for row in whole:
        memory, steps = row["memory_bytes"], row["steps"]
        cells = [
            *_start(row, notes=False),
            number(row["runs"], digits=6),
            number(len(row["seeds"])),
            number(row["training_seconds"]),
            number(None if steps is None else round(steps), digits=6),
            number(row["forecast_milliseconds"]),
            number(row["parameters"], digits=6),
            number(None if memory is None else memory / 1e6),
            number(row["energy_joule"]),
        ]
        found.append(Row(cells, _kind(row)))
    caption = (
        f"Runs tested on ({origin_of(section)} data), and what each model took: means over its "
        "seeds and folds."
    )
    return table(head, found, caption=caption)


def interval_table(section: Section, rows: Sequence[Mapping[str, Any]]) -> str:
    """Coverage and width of the intervals; empty where no model has any."""
    whole = [row for row in rows if any(name in row["metrics"] for name in INTERVALS)]
    if not whole:
        return ""
    power = power_of(section)
    found = []
    for row in whole:
        cells = [Cell(row["model"], row["model"])]
        for name in _COVERAGES:
            ends = row["metrics"].get(name)
            cells.append(
                Cell("–")
                if ends is None
                else Cell(
                    f"{100 * ends[0]:.1f}",
                    ends[0],
                    f"[{100 * ends[1]:.1f}, {100 * ends[2]:.1f}]",
                    shade(abs(ends[0] - float(METRICS[name].better)), 0, 0.2),
                )
            )
        cells.append(_ends("width-90", row["metrics"].get("width-90"), power))
        found.append(Row(cells, _kind(row)))
    head = ["Model", *(f"Aimed at\n{n.rpartition('-')[2]} %" for n in _COVERAGES)]
    caption = (
        f"Share of target points inside the intervals, in % ({origin_of(section)} data); "
        "the darker, the farther from what was aimed at. Mean width of the 90 % interval."
    )
    return table([*head, f"Width of 90 %\n/ {ten(power)}"], found, caption=caption)


def paired_table(section: Section, best: str, tests: Sequence[Paired]) -> str:
    """Every model against the best one."""
    rows = []
    power = power_of(section)
    unit = 10.0**power
    for test in tests:
        low, high = test.difference.lower / unit, test.difference.upper / unit
        rows.append(
            Row(
                [
                    Cell(test.model, test.model),
                    Cell(
                        f"{test.difference.value / unit:+.3f}".replace("-", "−"),
                        test.difference.value,
                        f"[{low:+.3f}, {high:+.3f}]".replace("-", "−"),
                    ),
                    Cell(f"{100 * test.worse:.0f}", test.worse),
                    number(test.runs, digits=6),
                    _p(test.p),
                    _p(test.p_holm),
                    Cell("yes" if test.p_holm < 0.05 else "no", float(test.p_holm < 0.05)),
                ]
            )
        )
    head = [
        "Model",
        f"MAE less that of {best}\n/ {ten(power)}",
        "Worse in\n/ % of pairs",
        "Pairs",
        "p",
    ]
    head += ["p, Holm", "Told apart\n(p, Holm < 0.05)"]
    caption = (
        f"Paired tests against {best}, the lowest mean ({origin_of(section)} data): Wilcoxon "
        "signed-rank on the MAE of each run (of each block where windows of one block are not "
        "independent), seeds averaged first, corrected after Holm. The test looks at ranks and "
        "the mean at sizes: the two can disagree."
    )
    fewest = min(test.runs for test in tests)
    if fewest < 6:
        caption += f" Of {fewest} pairs, no p below {2 * 0.5**fewest:g} is possible."
    return table(head, rows, caption=caption)


def _p(value: float) -> Cell:
    return Cell("< 0.0001" if value < 1e-4 else f"{value:.4f}", value)


def breakdown_table(section: Section, name: str, what: str) -> str:
    """MAE of each model by bin; empty where there are not two bins."""
    cells = section.ranked()
    found = {cell.model: breakdown(cell, name) for cell in cells}
    labels = list(dict.fromkeys(label for one in found.values() for label in one))
    if name == "by_lead":
        labels.sort(key=lead_labels().index)
    if len(labels) < 2:
        return ""
    limits = {}
    for label in labels:
        models = [one[label] for m, one in found.items() if label in one and m not in FLOOR_ROWS]
        limits[label] = (min(models, default=0.0), max(models, default=0.0))
    rows = []
    power = power_of(section)
    for model, values in found.items():
        row = [Cell(model, model, few_runs(section, model))]
        for label in labels:
            value = values.get(label)
            colour = "" if value is None else shade(value, *limits[label])
            row.append(
                Cell("–")
                if value is None
                else Cell(f"{value / 10.0**power:.3f}", value, "", colour)
            )
        rows.append(Row(row, "floor" if model in FLOOR_ROWS else ""))
    caption = (
        f"MAE / {ten(power)} by {what} ({origin_of(section)} data). Each column is shaded "
        "from the best model (white) to the worst one."
    )
    titles = (label.replace(", ", "\n").replace("cm-1", "cm⁻¹") for label in labels)
    return table(["Model", *titles], rows, caption=caption)


def few_runs(section: Section, model: str) -> str:
    """``8 runs`` where others of the section have more; else empty."""
    most = max((_runs(cell) for cell in section.cells.values()), default=0)
    mine = _runs(section.cells[model])
    return f"{mine} runs" if mine < most else ""


def _runs(cell: Results) -> int:
    return sum({result.fold: int(result.record["runs"]) for result in cell.results}.values())


def _ratio(section: Section, cell: Results) -> float | None:
    """MAE over that of persistence, on the runs that both have."""
    ceiling = section.cells.get(CEILING)
    if ceiling is None or not ceiling.complete or not cell.complete:
        return None
    mine, other = cell.values("mae"), ceiling.values("mae")
    if mine is None or other is None:
        return None
    shared, at, there = np.intersect1d(mine.ids, other.ids, return_indices=True)
    unit = float(other.values[there].sum())
    return float(mine.values[at].sum()) / unit if shared.size and unit > 0 else None


def overview_table(collection: Collection) -> str:
    """MAE of each model on each section, in units of persistence."""
    sections = collection.sections
    models = dict.fromkeys(model for section in sections for model in section.cells)
    ratios: dict[str, dict[str, float]] = {model: {} for model in models}
    states: dict[tuple[str, str], str] = {}
    for section in sections:
        for model, cell in section.cells.items():
            ratio = _ratio(section, cell)
            if ratio is not None:
                ratios[model][section.name] = ratio
            elif not cell.complete:
                states[model, section.name] = "failed" if cell.failed else "incomplete"
    order = sorted(
        models, key=lambda model: (len(sections) - len(ratios[model]), _mean(ratios[model]))
    )
    found = []
    for model in order:
        cells = [Cell(model, model)]
        for section in sections:
            value = ratios[model].get(section.name)
            if value is None:
                cells.append(Cell(states.get((model, section.name), "–")))
            else:
                cells.append(Cell(f"{value:.3f}", value, "", shade(value, 0.3, 1.1)))
        kind = "floor" if model in FLOOR_ROWS else "ceiling" if model == CEILING else ""
        found.append(Row(cells, kind))
    origins = {section.name: origin_of(section) for section in collection.sections}
    names = [f"{name.replace('/', chr(10))}\n({origin})" for name, origin in origins.items()]
    head = ["Model", *names]
    caption = (
        "MAE as a share of that of persistence, which is 1, on the runs that both have: the "
        "lower and paler, the better. Floors are no models. Tasks differ in their runs, so compare "
        "within a column."
    )
    return table(head, found, caption=caption)


def _mean(ratios: Mapping[str, float]) -> float:
    return sum(ratios.values()) / len(ratios) if ratios else float("inf")
