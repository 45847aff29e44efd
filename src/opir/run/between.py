"""What a cycler recorded between the frames of a run, kept with the run."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError, OptionError
from opir.quantities import quantity
from opir.run.electrochemistry import Electrochemistry
from opir.run.run import Run
from opir.run.telling_rows import telling_times

__all__ = ["COLUMNS", "DIMENSION", "record_of", "with_record"]

Array = NDArray[np.float64]

DIMENSION = "record"
"""Of its rows. Its times are ``record_time [record]``, seconds on the clock of the run."""
COLUMNS = ("voltage", "current", "temperature")
"""Its other columns, ``record_voltage`` and so on: V, A, K; NaN where not known."""

_DRIVING = ("voltage", "current")
"""By which rows are chosen; a cell warms and cools slowly."""


def with_record(
    run: Run, record: Electrochemistry, rows: int, *, maximum_gap_s: float = math.inf
) -> Run:
    """A run with what was recorded from its first frame to its last, at the times that tell most.

    Half of the rows are evenly spaced, the others lie where straight lines would miss the voltage
    or the current, see :func:`opir.run.telling_rows.telling_times`. Between rows of the record
    values are interpolated linearly, over rows that lack them, too; columns that it lacks, times
    that it does not reach, and gaps are NaN.

    Args:
        run: The run.
        record: On the clock of the run.
        rows: How many, all after the first frame, the last at the last frame.
        maximum_gap_s: Rows of the record further apart than this [s] are not bridged.

    Raises:
        OptionError: If ``rows`` is below 1.
        AxisError: If the run has one frame, or frames too near for so many rows.
    """
    if rows < 1:
        raise OptionError(f"{rows} rows were asked for; at least 1 is needed")
    if run.time.size < 2:
        raise AxisError("the run has one frame, and nothing lies between frames")
    drive = [column for name in _DRIVING if (column := record.column(name)) is not None]
    columns = np.stack(drive, axis=-1) if drive else np.empty((record.time.size, 0))
    times = telling_times(record.time, columns, float(run.time[0]), float(run.time[-1]), rows)
    found = {f"{DIMENSION}_time": (DIMENSION, times, {"units": quantity("time").unit})}
    for name in COLUMNS:
        column = record.column(name)
        values = np.full(rows, np.nan)
        known = np.zeros(0, bool) if column is None else ~np.isnan(column)
        if column is not None and known.any():
            told = record.time[known]
            values = np.interp(times, told, column[known], left=np.nan, right=np.nan)
            for gap in np.nonzero(np.diff(told) > maximum_gap_s)[0]:
                values[(times > told[gap]) & (times < told[gap + 1])] = np.nan
        found[f"{DIMENSION}_{name}"] = (
            DIMENSION,
            values.astype(np.float32),
            {"units": quantity(name).unit},
        )
    return Run(run.dataset.assign(found))


def record_of(run: Run) -> Array | None:
    """What was recorded between the frames: time [s], voltage [V], current [A], temperature [K].

    Returns:
        ``[row, 4]``; None where the run has no such record.
    """
    names = [f"{DIMENSION}_{name}" for name in ("time", *COLUMNS)]
    if not set(names) <= set(run.dataset.variables):
        return None
    return np.stack([run.dataset[name].values.astype(np.float64) for name in names], axis=-1)
