"""One table over all tasks: how a model fares from the easiest question to the hardest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opir.bench.results.cells import FLOOR_ROWS, Collection
from opir.bench.results.table import rows, scale_of
from opir.bench.scoring.names import METRICS, MetricName
from opir.errors import OptionError

__all__ = ["summary_table"]


def summary_table(collection: Collection, metrics: Sequence[str] = ()) -> str:
    """A row for each model, a column for each section, one metric; Markdown.

    Models that are complete in every section are ordered by their mean rank; floors stand above,
    the others, which are not to gain by what they lack, below. The best model of a column is set
    in bold.

    Args:
        collection: Results.
        metrics: One name at most; ``mae`` by default.

    Raises:
        OptionError: If several metrics are named.
        UnknownNameError: If there is no such metric.
    """
    if len(metrics) > 1:
        raise OptionError(
            f"{len(metrics)} metrics are named; a summary shows one",
            remedy="Give --metric once, or leave --summary out",
        )
    name = (*metrics, "mae")[0]
    found = [row for row in rows(collection, (name,)) if name in row["metrics"]]
    there = {row["section"] for row in found}
    sections = [section for section in collection.sections if section.name in there]
    values = {(row["model"], row["section"]): row["metrics"][name][0] for row in found}
    metric = METRICS[name]
    unit = "" if metric.unit == "1" else f" [{metric.unit}]"
    head, columns = ["model"], []
    models = _ordered(values, [section.name for section in sections], metric)
    for section in sections:
        column = {m: values[m, section.name] for m in models if (m, section.name) in values}
        power = scale_of(list(column.values()))
        head.append(f"`{section.name}`" + f" x 1e{power}" * bool(power))
        shown = {m: f"{value / 10.0**power:.3f}" for m, value in column.items()}
        ranked = [m for m in column if m not in FLOOR_ROWS]
        if ranked:
            best = min(ranked, key=lambda m, of=column: _badness(of[m], metric))  # type: ignore[misc]
            shown[best] = f"**{shown[best]}**"
        columns.append(shown)
    lines = [head, ["---"] * len(head)]
    for model in models:
        label = f"*{model}*" if model in FLOOR_ROWS else model
        lines.append([label, *(shown.get(model, "-") for shown in columns)])
    origins = sorted({str(r.get("origin")) for section in sections for r in section.records})
    text = [f"{metric.title}{unit}, {' and '.join(f'{origin} data' for origin in origins)}:", ""]
    text += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(text) + "\n"


def _ordered(
    values: Mapping[tuple[str, str], float], sections: Sequence[str], metric: MetricName
) -> list[str]:
    """Floors, then the models that have every section by their mean rank, then the others."""
    names = dict.fromkeys(model for model, _ in values)
    floors = [name for name in FLOOR_ROWS if name in names]
    models = [name for name in names if name not in FLOOR_ROWS]
    whole = [m for m in models if all((m, section) in values for section in sections)]

    def rank(model: str) -> float:
        worse = [
            sum(
                _badness(values[other, s], metric) < _badness(values[model, s], metric)
                for other in whole
            )
            for s in sections
        ]
        return sum(worse) / len(worse)

    rest = sorted(set(models) - set(whole))
    return [*floors, *sorted(whole, key=lambda model: (rank(model), model)), *rest]


def _badness(value: float, metric: MetricName) -> float:
    """What is lower the better."""
    if metric.better == "lower":
        return value
    return -value if metric.better == "higher" else abs(value - float(metric.better))
