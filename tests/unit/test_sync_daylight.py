"""A cycler's wall clock over a change to or from daylight saving time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import opir
from opir import Electrochemistry, Run
from opir.errors import FormatError
from opir.run.sync import align

BERLIN = ZoneInfo("Europe/Berlin")


def record(path: Path, begin: datetime) -> Path:
    """Six hours of a ramp of 0.1 V/h from 3 V, stamped by a clock in Berlin."""
    rows = ["time/s\tEwe/V\tI/mA"]
    for minute in range(0, 361, 2):
        local = (begin + timedelta(minutes=minute)).astimezone(BERLIN)
        rows.append(f"{local:%m/%d/%Y %H:%M:%S.%f}\t{3 - minute / 600:.6f}\t-0.1")
    path.write_text("\n".join(rows) + "\n")
    return path


def run_from(begin: datetime) -> Run:
    time = np.arange(0.0, 6 * 3600, 1800.0)
    return Run.from_arrays(time, [1000.0, 1001.0], np.zeros((time.size, 2)), start=begin)


def test_spring_forward_leaves_no_gap(tmp_path: Path) -> None:
    begin = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # 00:00 in Berlin; 02:00 becomes 03:00
    found = opir.read(record(tmp_path / "spring.txt", begin))
    assert isinstance(found, Electrochemistry)
    run, report = align(run_from(begin), found, electrochemistry_timezone="Europe/Berlin")
    np.testing.assert_allclose(run.on_time("voltage"), 3 - run.time / 36000, atol=1e-6)
    assert not report.record_gaps
    assert any("daylight saving" in sentence for sentence in report.clock)


def test_a_night_without_a_change_is_left_as_it_is(tmp_path: Path) -> None:
    begin = datetime(2026, 5, 28, 23, 0, tzinfo=UTC)
    found = opir.read(record(tmp_path / "may.txt", begin))
    run, report = align(run_from(begin), found, electrochemistry_timezone="Europe/Berlin")
    np.testing.assert_allclose(run.on_time("voltage"), 3 - run.time / 36000, atol=1e-6)
    assert not any("daylight saving" in sentence for sentence in report.clock)


def test_autumn_back_is_refused_with_the_line_and_the_remedy(tmp_path: Path) -> None:
    begin = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # 00:00 in Berlin; 03:00 becomes 02:00
    with pytest.raises(FormatError, match=r"line 92: the clock was set back.*elapsed time"):
        opir.read(record(tmp_path / "autumn.txt", begin))
