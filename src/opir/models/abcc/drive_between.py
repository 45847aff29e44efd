"""Times at which the drive of a batch is told: the frames, and what is recorded between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.models.abcc.functionals import charge_passed
from opir.models.abcc.protocol_features import ProtocolFeatures, protocol_features
from opir.models.abcc.tables import working_current, working_potential
from opir.models.abcc.visits import joined, visits
from opir.models.between_frames import filled
from opir.models.inputs import ForecastInputs

__all__ = ["DriveFeatures", "features_at_frames", "features_in_parts", "potential_course"]

Array = NDArray[np.float64]

_NEAR = 1e-6
"""A row nearer to a frame than this share of the whole time is that frame."""


@dataclass(frozen=True)
class _Told:
    """Times since the first frame [s] and drive, rising, and which of them are the frames."""

    times: Array
    drive: Array
    frames: NDArray[np.int64]


@dataclass(frozen=True)
class DriveFeatures(ProtocolFeatures):
    """Features of a protocol at the frames, and what it did between them.

    Attributes:
        visits: Of the working electrode's potential, see :func:`~opir.models.abcc.visits.visits`,
            ``[batch, visit, 3]``.
    """

    visits: NDArray[np.float32]


def features_at_frames(inputs: ForecastInputs) -> DriveFeatures:
    """Features of the protocol at the given frames and those to forecast.

    The drive is straight between frames, or between the rows of the record where there are any.
    Voltage and current are those of the working electrode, the current relative to its capacity.

    Args:
        inputs: One given frame or more; the first counts as the beginning.
    """
    told = _between(inputs)
    voltage = potential_course(told.times, told.drive, inputs.descriptor)
    current = working_current(told.drive[..., 1], inputs.descriptor)
    drive = np.stack([voltage, current, told.drive[..., 2]], axis=-1)
    found = protocol_features(
        torch.tensor(told.times, dtype=torch.float32), torch.tensor(drive, dtype=torch.float32)
    )
    stays = visits(told.times, voltage, told.frames)
    if told.frames.shape == told.times.shape:
        return DriveFeatures(found.growing, found.state, found.lead, stays)
    place = torch.as_tensor(told.frames)

    def at(values: Tensor) -> Tensor:
        return values.gather(1, place[..., None].expand(-1, -1, values.shape[-1]))

    lead = found.lead.gather(1, place)
    return DriveFeatures(at(found.growing), at(found.state), lead, stays)


def features_in_parts(
    inputs: ForecastInputs, rows: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The same of many cells, some at a time.

    Args:
        inputs: See :func:`features_at_frames`.
        rows: How many at a time.

    Returns:
        ``growing``, ``state`` and ``visits``.
    """
    every = np.arange(len(inputs))
    found = [
        features_at_frames(inputs.rows(every[start : start + rows]))
        for start in range(0, len(inputs), rows)
    ]
    growing, state = (
        np.concatenate([getattr(part, name).numpy() for part in found]).astype(np.float32)
        for name in ("growing", "state")
    )
    return growing, state, joined([part.visits for part in found], growing.shape[1])


def potential_course(times: Array, drive: Array, descriptor: Array) -> Array:
    """Potential of the working electrode of cells that are new at the first time [V].

    Args:
        times: [s], ``[batch, times]``, rising.
        drive: Cell voltage [V], current [A], temperature [K], NaN where not known,
            ``[batch, times, 3]``.
        descriptor: See :func:`opir.models.descriptor.describe`, ``[batch, feature]``.

    Returns:
        ``[batch, times]``, NaN where the voltage is not known.
    """
    passed = charge_passed(torch.as_tensor(times - times[:, :1]), torch.as_tensor(drive)).numpy()
    unknown = np.isnan(drive[..., 1]).all(axis=1, keepdims=True)
    return working_potential(drive[..., 0], descriptor, np.where(unknown, np.nan, passed))


def _between(inputs: ForecastInputs) -> _Told:
    """Frames and rows in one order. Rows outside, or at a frame, come after the last frame.

    What a row does not tell is taken to lie on a straight line between what is told beside it.
    """
    frames = np.concatenate([inputs.given_times, inputs.times], axis=1)
    begin, drive = frames[:, :1], inputs.drive
    batch, count = frames.shape
    rows = inputs.record.shape[1]
    if not rows:
        every = np.broadcast_to(np.arange(count), frames.shape)
        return _Told(frames - begin, drive, every)
    times, told = inputs.record[..., 0].copy(), inputs.record[..., 1:].copy()
    for number in range(batch):
        here, near = frames[number], _NEAR * (frames[number, -1] - frames[number, 0])
        place = np.searchsorted(here, times[number]).clip(1, count - 1)
        apart = np.minimum(
            np.abs(times[number] - here[place - 1]), np.abs(times[number] - here[place])
        )
        out = (apart <= near) | (times[number] <= here[0]) | (times[number] >= here[-1])
        times[number, out] = here[-1] + near * (1 + np.arange(out.sum()))
        told[number, out] = drive[number, -1]
    both = np.concatenate([frames, times], axis=1)
    order = np.argsort(both, axis=1, kind="stable")
    whole = np.take_along_axis(np.concatenate([drive, told], axis=1), order[..., None], axis=1)
    sorted_times = np.take_along_axis(both, order, axis=1)
    for number, _, channel in np.argwhere(np.isnan(told).any(axis=1, keepdims=True)):
        column = whole[number, :, channel]
        row = (order[number] >= count) & np.isnan(column)
        column[row] = filled(sorted_times[number], column)[row]
    place = np.argsort(order, axis=1)[:, :count]
    return _Told(sorted_times - begin, whole, place)
