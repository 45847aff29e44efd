"""The curves of a training come from its log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opir.errors import FormatError
from opir.plots.training import training_figure


def test_the_curves_are_those_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [
        {"step": step, "validation_mae": error, "absolute": 0.5 / step, "drift": 0.1}
        for step, error in ((100, 0.3), (200, 0.1), (300, None), (400, 0.2))
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    upper, lower = training_figure(log, text="a model").axes
    assert upper.lines[0].get_xdata().tolist() == [100, 200, 300, 400]
    assert "best at step 200" in upper.get_title("left")
    assert [line.get_label() for line in lower.lines] == ["absolute", "drift"]
    assert lower.lines[0].get_ydata()[0] == pytest.approx(0.005)


def test_steps_done_again_after_a_stop_count_once(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [(50, 0.4), (100, 0.3), (150, 0.9), (100, 0.2), (150, 0.1)]
    lines = [{"step": step, "validation_mae": error, "absolute": 1.0} for step, error in rows]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    upper, _ = training_figure(log, text="a model").axes
    assert upper.lines[0].get_xdata().tolist() == [50, 100, 150]
    assert upper.lines[0].get_ydata().tolist() == [0.4, 0.2, 0.1]


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    for text, what in (("", "empty"), ("[1]\n", "none of a training"), ("{\n", "line 1")):
        log.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError, match=what):
            training_figure(log, text="a model")
