"""The table of a study as text and as CSV."""

from __future__ import annotations

import csv
import io

from opir.bench.study import StudyResult
from opir.metrics import Interval, bootstrap

__all__ = ["csv_table", "text_table"]


def text_table(result: StudyResult) -> str:
    """The table as aligned text, with what its numbers mean above it."""
    design, windows = result.study.design, len(result.block)
    blocks = len(set(result.block.tolist()))
    scale = 10.0 ** -_exponent(max(row.mae.value for row in result.rows))
    square = 10.0 ** -_exponent(max(row.mse.value for row in result.rows))
    lines = [
        f"{result.study.name}: {windows} test windows in {blocks} held-out blocks of time; "
        f"one frame given, {design.frames - 1} forecast.",
        "Errors on the processed spectra; that of the change from the given frame is the same",
        "number, so persistence's error is the mean change. [95 % interval, blocks resampled].",
        "",
    ]
    head = (
        "forecaster",
        f"MAE x {scale:.0e}",
        f"MSE x {square:.0e}",
        "MAE below persistence",
        "MSE below persistence",
        "ABCC below it, MAE",
        "ABCC below it, MSE",
    )
    table: list[tuple[str, ...]] = [head]
    for row in result.rows:
        table.append(
            (
                row.forecaster,
                _number(row.mae, scale),
                _number(row.mse, square),
                _percent(row.mae_below_persistence),
                _percent(row.mse_below_persistence),
                _percent(row.abcc_below_mae),
                _percent(row.abcc_below_mse),
            )
        )
    noise = [bootstrap(values, result.block) for values in (result.noise_mae, result.noise_mse)]
    table.append(
        ("(noise of a frame)", _number(noise[0], scale), _number(noise[1], square), *([""] * 4))
    )
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    lines += ["  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) for line in table]
    if result.kept:
        shares = (
            f"{name} {', '.join(f'{share:.2f}' for share in values)}"
            for name, values in result.kept.items()
        )
        lines += [
            "Share of the forecast change kept, chosen on each rotation's validation blocks "
            f"(0 is persistence): {'; '.join(shares)}."
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def csv_table(result: StudyResult) -> str:
    """The table as CSV, each interval as three columns."""
    names = (
        "mae",
        "mse",
        "mae_below_persistence",
        "mse_below_persistence",
        "abcc_below_mae",
        "abcc_below_mse",
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = ("", "_lower", "_upper")
    writer.writerow(["forecaster", *(name + part for name in names for part in parts)])
    for row in result.rows:
        cells: list[str] = []
        for name in names:
            item: Interval | None = getattr(row, name)
            ends = () if item is None else (item.value, item.lower, item.upper)
            cells += [repr(end) for end in ends] or ["", "", ""]
        writer.writerow([row.forecaster, *cells])
    return text.getvalue()


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def _number(item: Interval, scale: float) -> str:
    values = (item.value * scale, item.lower * scale, item.upper * scale)
    return "{:.3f} [{:.3f}, {:.3f}]".format(*values)


def _percent(item: Interval | None) -> str:
    if item is None:
        return ""
    return f"{item.value:+.1%} [{item.lower:+.1%}, {item.upper:+.1%}]"
