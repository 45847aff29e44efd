"""What a cycler recorded between frames, in the parts of runs that a model is adapted with."""

from __future__ import annotations

import numpy as np

from opir.run import Electrochemistry, Run
from opir.run.between import with_record
from opir.workflows.adapt_parts import described_parts


def small(begin: float = 0.0) -> Run:
    """Ten frames of two points, 30 s apart."""
    times, values = begin + np.arange(10) * 30.0, np.arange(20.0).reshape(10, 2)
    return Run.from_arrays(times, [1000.0, 1010.0], values)


def recorded(run: Run, rows: int) -> Run:
    """With a record of a voltage that falls from 3 V to 2 V."""
    times = run.time[0] + np.array([0.0, run.time[-1] - run.time[0]])
    return with_record(run, Electrochemistry.from_columns(times, {"voltage": [3.0, 2.0]}), rows)


def test_what_was_recorded_between_frames_goes_with_every_part() -> None:
    """On the clock of the windows; runs of longer records, of shorter ones and of none together."""
    runs = [recorded(small(1000.0), 90), recorded(small(), 18), small()]
    parts = described_parts(runs, [np.zeros(3)] * 3, [1.0] * 9, 2)
    record = parts.learn.inputs.record
    assert record.shape == (2, 90, 4)
    np.testing.assert_allclose(record[0, :, 0], 3.0 * np.arange(1, 91))
    np.testing.assert_allclose(record[0, :, 1], 3 - np.arange(1, 91) / 90, rtol=1e-6)
    np.testing.assert_allclose(record[1, :18, 0], 15.0 * np.arange(1, 19))
    assert (record[1, 18:, 0] == 270.0).all()
    assert np.isnan(record[1, 18:, 1:]).all()
    assert parts.held.inputs.record.shape[1] == 0
    later = described_parts(runs[:1], [np.zeros(3)], [1.0] * 9, None)
    for part in (later.learn, later.check, later.held, later.held_given):
        assert part is not None
        np.testing.assert_array_equal(part.inputs.record[0], record[0])
