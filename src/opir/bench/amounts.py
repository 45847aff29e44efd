"""Amounts of learned components against a reference analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.bench.fermentation import ReferenceAnalysis
from opir.bench.time_blocks import Segment
from opir.errors import AxisError
from opir.run import Run

__all__ = ["Calibration", "calibrate"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A substance's concentration as a linear function of the amounts of learned components.

    The components were learned from spectra alone. Intercept and slopes are least squares on the
    samples drawn within training blocks; the other samples were seen neither by the model nor by
    the calibration.

    Attributes:
        substance: Its name.
        time: Of the samples [s].
        measured, calculated: Concentrations of the samples [g/L].
        held_out: Which samples lie outside the training blocks.
        r2_training: R2 on the samples calibrated on.
        r2_held_out: R2 on the others, against their own mean.
        rmse_held_out: Root mean square error on the others [g/L].
        r2_leave_one_out: R2 of leave-one-out prediction over all samples; the calibration then
            uses samples of every block, the components still only training blocks.
        curve: Calculated concentration at every time of the run [g/L].
    """

    substance: str
    time: Array
    measured: Array
    calculated: Array
    held_out: NDArray[np.bool_]
    r2_training: float
    r2_held_out: float
    rmse_held_out: float
    r2_leave_one_out: float
    curve: Array


def calibrate(
    amounts: Array,
    run: Run,
    reference: ReferenceAnalysis,
    substance: str,
    segments: list[Segment],
    *,
    half_width: float = 450.0,
) -> Calibration:
    """Calibrate one substance.

    Args:
        amounts: Amounts at every time of the run, shape ``[time, component]``.
        run: The run.
        reference: The samples.
        substance: Which of their substances.
        segments: Segments of the run with their roles.
        half_width: Amounts are averaged over this time before and after a sample [s].

    Raises:
        AxisError: If a substance is unknown or there are too few samples.
    """
    if substance not in reference.concentration:
        raise AxisError(
            f"no {substance!r} among the analyses",
            remedy=f"There are {', '.join(reference.concentration)}",
        )
    near = [np.flatnonzero(np.abs(run.time - t) <= half_width) for t in reference.time]
    usable = np.array([rows.size > 0 for rows in near])
    time = reference.time[usable]
    measured = reference.concentration[substance][usable]
    seen = np.array([amounts[rows].mean(axis=0) for rows in near if rows.size])
    role = np.full(run.time.size, "", dtype=object)
    for segment in segments:
        role[segment.start : segment.stop] = segment.role
    nearest = np.abs(run.time[:, None] - time[None]).argmin(axis=0)
    training = role[nearest] == "train"
    columns = np.concatenate([np.ones((len(seen), 1)), seen], axis=1)
    if training.sum() <= columns.shape[1] or (~training).sum() < 3:
        raise AxisError(
            f"{training.sum()} samples in training blocks and {(~training).sum()} outside are too "
            f"few for {columns.shape[1]} coefficients"
        )
    weights = np.linalg.lstsq(columns[training], measured[training], rcond=1e-8)[0]
    calculated = columns @ weights
    hat = columns @ np.linalg.pinv(columns, rcond=1e-8)
    left_out = (measured - hat @ measured) / (1 - np.diag(hat))
    every = np.concatenate([np.ones((len(amounts), 1)), amounts], axis=1)
    error = calculated - measured
    return Calibration(
        substance=substance,
        time=time,
        measured=measured,
        calculated=calculated,
        held_out=~training,
        r2_training=_r2(error[training], measured[training]),
        r2_held_out=_r2(error[~training], measured[~training]),
        rmse_held_out=float(np.sqrt(np.square(error[~training]).mean())),
        r2_leave_one_out=_r2(left_out, measured),
        curve=np.asarray(every @ weights),
    )


def _r2(error: Array, measured: Array) -> float:
    return float(1 - np.square(error).sum() / np.square(measured - measured.mean()).sum())
