"""Predictions matched to the runs of a fold: re-ordered by id, refused where they do not fit."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import FoldData
from opir.bench.scoring import subset_of
from opir.bench.submission.predictions import Predictions
from opir.errors import AxisError, FormatError, OptionError, UnitError, ValueRangeError
from opir.models import Windows
from opir.models.intervals import LEVELS

__all__ = ["Matched", "blind_id", "match", "window_ids"]

Spectra = NDArray[np.floating[Any]]

_TIME_TOLERANCE = 0.5
"""Seconds; predictions are often kept in single precision."""
_WAVENUMBER_TOLERANCE = 1e-2
_NAMED = 3


@dataclass(frozen=True)
class Matched:
    """Predictions in the order of the windows of a fold.

    Attributes:
        test: ``[run, frames, wavenumber]``.
        validation: The same of the validation windows, or None.
        samples: ``[sample, run of the subset, frames, wavenumber]``, or None.
        lower, upper: Ends of intervals as ``test``, or None.
        level: Their coverage.
    """

    test: Spectra
    validation: Spectra | None = None
    samples: Spectra | None = None
    lower: Spectra | None = None
    upper: Spectra | None = None
    level: float | None = None


def window_ids(data: FoldData, role: str) -> tuple[str, ...]:
    """Names of the windows of a role: ids of runs; numbers where a run has several windows."""
    if role == "test":
        return data.test_ids
    windows: Windows = getattr(data, role)
    ids: tuple[str, ...] = getattr(data.fold, role)
    if len(ids) == len(windows):
        return ids
    return tuple(f"{role}-{number:05d}" for number in range(len(windows)))


def blind_id(data: FoldData, id: str) -> str:
    """The id of a run in a template: ids of a store tell the system, which no model may see."""
    text = f"{data.fold.task}:{data.fold.name}:{id}"
    return f"run-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def match(predictions: Predictions, data: FoldData) -> Matched:
    """Bring predictions into the order of the fold.

    Raises:
        FormatError: If runs are missing, unknown or there twice.
        AxisError: If times or wavenumbers are others, or shapes do not fit.
        ValueRangeError: If a value is NaN or infinite, or a lower end is above the upper one.
        UnitError: If the values look like another quantity than absorbance.
        OptionError: If the level of the intervals is none of those scored.
    """
    arrays, path = predictions.arrays, predictions.path
    turned = _wavenumber(predictions, data)
    rows = _rows(predictions, "run", window_ids(data, "test"), data)
    _times(predictions, "time", data.test, rows)

    def taken(name: str, order: NDArray[np.int64], axis: int = 0) -> Spectra:
        values = np.take(arrays[name], order, axis=axis)
        values = values[..., ::-1] if turned else values
        bad = ~np.isfinite(values)
        if bad.any():
            at = int(np.nonzero(bad)[axis][0])
            ids = predictions.ids({"samples": "sample_run"}.get(name, "run"))
            if name == "validation_absorbance":
                ids = predictions.ids("validation_run")
            runs = np.unique(np.nonzero(bad)[axis]).size
            raise ValueRangeError(
                f"{name} of {runs} runs holds {int(bad.sum())} values that are NaN or infinite "
                f"(the first: {ids[order[at]]!r})",
                remedy="A prediction is finite everywhere; fill it with the last given spectrum "
                "where a model has nothing to say",
                path=path,
            )
        return np.asarray(values)

    test = taken("absorbance", rows)
    _plausible(predictions, test, data.test.inputs.last)
    lower = upper = samples = validation = None
    level = None
    if "lower" in arrays:
        lower, upper = taken("lower", rows), taken("upper", rows)
        level = _level(predictions)
        if (lower > upper).any():
            raise ValueRangeError("lower is above upper at some points", path=path)
    if "samples" in arrays:
        wanted = tuple(data.test_ids[at] for at in subset_of(data.test_ids))
        order = _rows(predictions, "sample_run", wanted, data, further=data.test_ids)
        samples = taken("samples", order, axis=1)
        if len(samples) < 2:
            raise AxisError("samples holds one sample; 2 or more are needed", path=path)
    if "validation_run" in arrays:
        order = _rows(predictions, "validation_run", window_ids(data, "validation"), data)
        _times(predictions, "validation_time", data.validation, order)
        validation = taken("validation_absorbance", order)
    return Matched(test, validation, samples, lower, upper, level)


def _rows(
    predictions: Predictions,
    name: str,
    wanted: Sequence[str],
    data: FoldData,
    *,
    further: Sequence[str] = (),
) -> NDArray[np.int64]:
    """Place of each wanted run in the file; those ``further`` may be there too."""
    said, path = predictions.ids(name), predictions.path
    where = f"fold {data.fold.name!r} of task {data.fold.task!r}"
    known = {*wanted, *further}
    trained = {*data.fold.train, *data.fold.validation} - known
    blind = {blind_id(data, id): id for id in (*known, *trained)}
    ids = [blind.get(id, id) for id in said]
    twice = [said[ids.index(id)] for id, count in Counter(ids).items() if count > 1]
    if twice:
        raise FormatError(f"{name}: {_some(twice)} there more than once", path=path)
    unknown = [(one, id) for one, id in zip(said, ids, strict=True) if id not in known]
    if unknown:
        inside = [one for one, id in unknown if id in trained]
        raise FormatError(
            f"{name}: {_some(inside)} of the training or validation of {where}, not asked for here"
            if inside
            else f"{name}: {_some([one for one, _ in unknown])} unknown to {where}",
            remedy="Predict the runs that opir bench template writes for this task and fold",
            path=path,
        )
    place = {id: at for at, id in enumerate(ids)}
    missing = [id for id in wanted if id not in place]
    if missing:
        if any(one in blind for one in said):
            missing = [blind_id(data, id) for id in missing]
        raise FormatError(
            f"{name}: {_some(missing)} missing; {len(wanted)} runs are needed for {where}, and "
            f"{len(ids)} came",
            remedy="Predict every run: a score over some of them could not be compared",
            path=path,
        )
    return np.array([place[id] for id in wanted], dtype=np.int64)


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(repr(id) for id in ids[:_NAMED])
    more = len(ids) - _NAMED
    text = f"{shown} and {more} more runs" if more > 0 else f"run{'s' * (len(ids) > 1)} {shown}"
    return f"{text} {'are' if len(ids) > 1 else 'is'}"


def _wavenumber(predictions: Predictions, data: FoldData) -> bool:
    """Whether the axis is that of the fold in the other direction."""
    axis, path = data.test.inputs.wavenumber, predictions.path
    found = predictions.arrays["wavenumber"].astype(np.float64)
    if found.shape == axis.shape:
        for turned in (False, True):
            one = found[::-1] if turned else found
            if np.allclose(one, axis, rtol=0, atol=_WAVENUMBER_TOLERANCE):
                return turned
    low, high = float(axis.min()), float(axis.max())
    remedy = "Predict at the wavenumbers that opir bench template writes"
    positive = found.size > 0 and bool((found > 0).all())
    if positive and np.allclose(sorted(1e4 / found[[0, -1]]), [low, high], rtol=1e-2):
        remedy = "These look like wavelengths in µm; wavenumbers in cm-1 are needed"
    span = f"{found.min():g} to {found.max():g}" if found.size else "none"
    raise AxisError(
        f"wavenumber holds {found.size} points, {span}; the fold has {axis.size}, "
        f"{low:g} to {high:g} cm-1",
        remedy=remedy,
        path=path,
    )


def _times(predictions: Predictions, name: str, windows: Windows, rows: NDArray[np.int64]) -> None:
    """The times of the file are those of the windows."""
    found = predictions.arrays[name].astype(np.float64)[rows]
    wanted, path = windows.inputs.times, predictions.path
    if found.shape != wanted.shape:
        given = windows.inputs.given.shape[1]
        raise AxisError(
            f"{name} holds {found.shape[1]} frames; {wanted.shape[1]} follow the {given} given",
            remedy="Predict every frame after the given ones, the given ones not among them",
            path=path,
        )
    off = np.abs(found - wanted)
    if np.isfinite(found).all() and (off <= _TIME_TOLERANCE + 1e-6 * np.abs(wanted)).all():
        return
    remedy = "Predict at the times that opir bench template writes, in s"
    for unit, factor in (("h", 3600.0), ("min", 60.0)):
        if np.allclose(found * factor, wanted, rtol=1e-3, atol=_TIME_TOLERANCE):
            remedy = f"These look like {unit}; times in s are needed"
    if np.allclose(found, windows.inputs.lead, rtol=1e-5, atol=_TIME_TOLERANCE):
        remedy = "These count from the last given frame; times as the template has them are needed"
    row = int(np.nanargmax(np.where(np.isfinite(off), off, np.inf).max(axis=1)))
    ids = predictions.ids("validation_run" if name == "validation_time" else "run")
    raise AxisError(
        f"{name} differs from the times of the frames, most for run {ids[rows[row]]!r}: "
        f"{found[row, 0]:g} to {found[row, -1]:g}, needed {wanted[row, 0]:g} to "
        f"{wanted[row, -1]:g} s",
        remedy=remedy,
        path=path,
    )


def _level(predictions: Predictions) -> float:
    try:
        level = float(predictions.attributes.get("level", np.nan))
    except (TypeError, ValueError):
        level = np.nan
    for known in LEVELS:
        if abs(level - known) < 1e-6:
            return known
    shown = predictions.attributes.get("level")
    raise OptionError(
        f"lower and upper are there with the level {shown!r}",
        remedy=f"State the coverage aimed at, one of {', '.join(map(str, LEVELS))}, as the "
        "attribute level (npz: an array level)",
        path=predictions.path,
    )


def _plausible(predictions: Predictions, test: Spectra, last: Spectra) -> None:
    """Refuse what looks like changes or transmittance, unless it is said to be absorbance.

    Only the given spectra are looked at, not what came.
    """
    if str(predictions.attributes.get("quantity", "")).casefold() == "absorbance":
        return
    size = float(np.abs(last).mean())
    mean = float(np.abs(test).mean(dtype=np.float64))
    apart = float(np.abs(test - last[:, None]).mean(dtype=np.float64))
    what = ""
    if size > 0 and mean < 0.2 * size and apart > 0.8 * size:
        what, remedy = "changes", "Add the last given spectrum"
    elif size > 0 and mean > 20 * size:
        what, remedy = "percent transmittance", "Convert them: 2 - log10(T)"
    if what:
        raise UnitError(
            f"the values look like {what} and not like absorbance: their mean size is {mean:.3g}, "
            f"that of the given spectra {size:.3g}",
            remedy=f"{remedy}; if they are absorbance, state the attribute quantity = 'absorbance'",
            path=predictions.path,
        )
