"""Bringing spectra and electrochemistry onto one clock.

:func:`align` finds how far the clocks are apart, then takes voltage, current, temperature and
capacity over to the acquisition times of the spectra: linearly between two rows of the record,
never across a gap and never outside it, where they stay missing. Numbers of cycles and half
cycles are those last recorded, not interpolated. Nothing is filled in that was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, OptionError
from opir.quantities import QUANTITIES
from opir.run.between import with_record
from opir.run.described import parse_time
from opir.run.electrochemistry import WALL_CLOCK, Electrochemistry
from opir.run.history import Step
from opir.run.run import Run

__all__ = ["AlignmentReport", "align", "interpolate", "last_known", "usual_gap"]

_CONTINUOUS = ("voltage", "current", "temperature", "capacity", "charge_passed", "pressure")
_COUNTED = ("cycle", "half_cycle", "step")
_UNITS = {"charge_passed": "A h"}

_ROWS_PER_FRAME, _FEWEST_ROWS, _MOST_ROWS = 8, 512, 4096
"""Rows of the record that are kept with a run: as simulated sets have them, within bounds."""


@dataclass(frozen=True)
class AlignmentReport:
    """How the clocks were aligned, and what did not fit.

    Attributes:
        offset_s: Time [s] on the record's clock at which the run's clock is 0.
        clock: How that was found out, one sentence each.
        frames: Number of spectra.
        before, after: Spectra before the start and after the end of the record.
        in_gaps: Spectra within gaps of the record.
        maximum_gap_s: Pauses [s] of the record longer than this count as gaps.
        record_gaps: Gaps of the record within the time of the spectra: start and end [s] on the
            run's clock.
        spectra_gaps: Pauses between spectra more than three times the usual: start and end [s].
        overlapping: Spectra that began before the acquisition of the one before had ended.
        record_unused_s: Seconds of the record before the first and after the last spectrum.
        missing: Column -> number of spectra without a value.
    """

    offset_s: float
    clock: tuple[str, ...]
    frames: int
    before: int
    after: int
    in_gaps: int
    maximum_gap_s: float
    record_gaps: tuple[tuple[float, float], ...]
    spectra_gaps: tuple[tuple[float, float], ...]
    overlapping: int
    record_unused_s: tuple[float, float]
    missing: dict[str, int] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """The report for people, one sentence each."""
        said = [*self.clock]
        outside = self.before + self.after
        if outside:
            said.append(
                f"{self.before} of {self.frames} spectra lie before the record and {self.after} "
                "after it; their voltage and current are missing (NaN)."
            )
        if self.in_gaps:
            said.append(
                f"{self.in_gaps} spectra lie in gaps of the record longer than "
                f"{self.maximum_gap_s:g} s; their voltage and current are missing (NaN)."
            )
        if self.record_gaps:
            said.append(f"Gaps of the record: {_spans(self.record_gaps)}.")
        if self.spectra_gaps:
            said.append(f"Gaps between spectra: {_spans(self.spectra_gaps)}.")
        if self.overlapping:
            said.append(
                f"{self.overlapping} spectra began before the acquisition before them had ended."
            )
        head, tail = self.record_unused_s
        if head > 0 or tail > 0:
            said.append(
                f"The record begins {head:.0f} s before the first spectrum and ends {tail:.0f} s "
                "after the last; that part is left out."
            )
        if not outside and not self.in_gaps:
            said.append(f"All {self.frames} spectra lie within the record.")
        return said

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def _spans(spans: tuple[tuple[float, float], ...]) -> str:
    shown = ", ".join(f"{a:.0f}-{b:.0f} s" for a, b in spans[:8])
    return shown + (f" and {len(spans) - 8} more" if len(spans) > 8 else "")


def align(
    spectra: Run,
    electrochemistry: Electrochemistry,
    *,
    offset_s: float | None = None,
    spectra_timezone: str | None = None,
    electrochemistry_timezone: str | None = None,
    maximum_gap_s: float | None = None,
    spectra_start: datetime | str | None = None,
    electrochemistry_start: datetime | str | None = None,
    acquisition_s: float | None = None,
) -> tuple[Run, AlignmentReport]:
    """One run from spectra and the electrochemistry beside them.

    Args:
        spectra: The run of the spectra; its times stay as they are.
        electrochemistry: The record.
        offset_s: Seconds to add to the spectra's clock, where the clocks do not agree. Where a
            start is not known it is the time of the run's zero on the record's clock, and must
            be given (0 if both began together).
        spectra_timezone: Where the spectrometer's clock stands (``"Europe/Paris"``), if its
            times carry no offset from UTC.
        electrochemistry_timezone: The same for the cycler's clock.
        maximum_gap_s: Pauses of the record longer than this [s] are gaps; default:
            :func:`usual_gap`.
        spectra_start, electrochemistry_start: Starts that replace those of the files.
        acquisition_s: How long one spectrum takes [s], to find overlaps; default: what the run
            says (attribute ``acquisition_s``).

    Returns:
        The run with ``voltage``, ``current``, ... and what was recorded between its frames
        (:func:`opir.run.between.with_record`; 8 rows for each frame, 512 at least, 4096 at most),
        and the report.

    Raises:
        OptionError: If the clocks cannot be compared, or no spectrum lies within the record.
        AxisError: If the run's times are not known.
    """
    if "time_axis" in spectra.dataset.attrs:
        raise AxisError(
            f"the run has no times (its axis is: {spectra.dataset.attrs['time_axis']})",
            remedy="Give the time between spectra (--time-step, time_step=)",
        )
    begin = _point(spectra_start, spectra.start, spectra_timezone, "spectra")
    record_begin = _point(
        electrochemistry_start, electrochemistry.start, electrochemistry_timezone, "record"
    )
    electrochemistry, jumped = _off_the_wall(electrochemistry, record_begin)
    shift, said = _shift(begin, record_begin, offset_s)
    said += jumped
    source = str(spectra.dataset.attrs.get("clock", ""))
    if source and spectra_start is None:
        said.insert(0, f"The times of the spectra are those of: {source}.")
    times = spectra.time + shift
    record = electrochemistry.time
    if times[-1] < record[0] or times[0] > record[-1]:
        raise OptionError(
            "no spectrum lies within the electrochemistry record: on its clock the spectra go "
            f"from {times[0]:.0f} to {times[-1]:.0f} s, the record from {record[0]:.0f} to "
            f"{record[-1]:.0f} s",
            remedy="Give the time zones of both clocks, or an offset in seconds",
        )
    if maximum_gap_s is None:
        maximum_gap_s = usual_gap(record)
    if not maximum_gap_s > 0:
        raise OptionError(f"maximum_gap_s is {maximum_gap_s:g}", remedy="Give seconds above 0")
    dataset, missing, replaced = _take_over(spectra, electrochemistry, times, maximum_gap_s)
    if replaced:
        said.append(f"Replaced in the run: {', '.join(replaced)}.")
    if (begin is not None and begin.tzinfo is not None) or spectra_start is not None:
        dataset.attrs["start_time"] = begin.isoformat() if begin is not None else ""
    parameters = {"source": str(electrochemistry.dataset.attrs.get("source", ""))}
    step = Step("align", {**parameters, "shift_s": shift, "maximum_gap_s": maximum_gap_s})
    run = Run(dataset)
    run = run.with_step(step, run.dataset)
    if times.size > 1:
        rows = min(max(_ROWS_PER_FRAME * (times.size - 1), _FEWEST_ROWS), _MOST_ROWS)
        moved = electrochemistry.dataset.assign_coords(
            time=("time", record - shift, electrochemistry.dataset["time"].attrs)
        )
        run = with_record(run, Electrochemistry(moved), rows, maximum_gap_s=maximum_gap_s)
    report = _report(spectra, times, shift, record, maximum_gap_s, said, acquisition_s, missing)
    return run, report


def usual_gap(record: NDArray[np.float64]) -> float:
    """From what length on a pause [s] of a record counts as a gap.

    Cyclers record by change of voltage as well as by time, hence unevenly: it is 5 times the
    interval at which half of the time (the longest pause left aside) is recorded, but at least
    60 s and at most 600 s.

    Args:
        record: Times of the rows [s], rising.
    """
    steps = np.sort(np.diff(record))[:-1]
    if steps.size == 0 or steps[-1] <= 0:
        return 60.0
    covered = np.cumsum(steps)
    half = float(steps[np.searchsorted(covered, covered[-1] / 2)])
    return float(np.clip(5 * half, 60.0, 600.0))


def _point(
    given: datetime | str | None, own: datetime | None, timezone: str | None, what: str
) -> datetime | None:
    point = parse_time(given) if isinstance(given, str) else (given or own)
    if timezone is None or point is None:
        return point
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OptionError(
            f"the time zone {timezone!r} of the {what} is unknown",
            remedy="Write it as Europe/Paris, America/New_York or UTC (Windows needs the package "
            "tzdata)",
        ) from None
    if point.tzinfo is not None:
        if point.utcoffset() != point.replace(tzinfo=zone).utcoffset():
            raise OptionError(
                f"the start of the {what}, {point.isoformat()}, carries an offset from UTC that is "
                f"not that of {timezone}",
                remedy="Leave the time zone away, or give the start",
            )
        return point
    return point.replace(tzinfo=zone)


def _off_the_wall(
    record: Electrochemistry, begin: datetime | None
) -> tuple[Electrochemistry, list[str]]:
    """The record on a clock that runs evenly, where its rows were stamped by one on the wall."""
    start = record.start
    if record.dataset.attrs.get("clock") != WALL_CLOCK or begin is None or start is None:
        return record, []
    if begin.tzinfo is None or begin.replace(tzinfo=None) != start.replace(tzinfo=None):
        return record, []
    stamps = [begin + timedelta(seconds=float(second)) for second in record.time]
    if stamps[-1].utcoffset() == begin.utcoffset():
        return record, []
    times = np.array([(_utc(stamp) - _utc(begin)) / timedelta(seconds=1) for stamp in stamps])
    moved = record.dataset.assign_coords(time=("time", times, record.dataset["time"].attrs))
    return Electrochemistry(moved), [
        "The clock of the electrochemistry record was set to or from daylight saving time on the "
        "way; its times were put right."
    ]


def _shift(
    begin: datetime | None, record_begin: datetime | None, offset_s: float | None
) -> tuple[float, list[str]]:
    """Seconds from the record's zero to the run's, and how that was found out."""
    if offset_s is not None and not np.isfinite(offset_s):
        raise OptionError(f"offset_s is {offset_s}", remedy="Give a number of seconds")
    if begin is None or record_begin is None:
        unknown = "spectra" if begin is None else "electrochemistry record"
        if offset_s is None:
            raise OptionError(
                f"the start of the {unknown} is not known, so the clocks cannot be compared",
                remedy="Give its start, or the offset in seconds (0 if both began together)",
            )
        return offset_s, [
            f"The start of the {unknown} is not known; by the given offset the run's zero is at "
            f"{offset_s:g} s of the record."
        ]
    if (begin.tzinfo is None) != (record_begin.tzinfo is None):
        naive = "spectra" if begin.tzinfo is None else "electrochemistry record"
        raise OptionError(
            f"the time zone of the {naive} is not known, that of the other is",
            remedy="Give both (--spectra-timezone, --electrochemistry-timezone), such as UTC",
        )
    gap = _utc(begin) - _utc(record_begin)  # right over a change of the hour, too
    shift = gap / timedelta(seconds=1) + (offset_s or 0.0)
    said = [f"Clocks aligned by start times: the run's zero is at {shift:g} s of the record."]
    if begin.tzinfo is None:
        said.append("Neither file states a time zone; both clocks were taken to be in the same.")
    if offset_s:
        said.append(f"The given offset of {offset_s:g} s is included.")
    return shift, said


def _utc(point: datetime) -> datetime:
    return point.replace(tzinfo=None) - (point.utcoffset() or timedelta(0))


def _take_over(
    spectra: Run, electrochemistry: Electrochemistry, times: NDArray[np.float64], gap: float
) -> tuple[xr.Dataset, dict[str, int], list[str]]:
    dataset = spectra.dataset.copy(deep=False)
    dataset.attrs = dict(dataset.attrs)
    record = electrochemistry.time
    counted = {}
    for name in _COUNTED:
        column = electrochemistry.column(name)
        if column is not None:
            counted[name] = last_known(times, record, column, gap)
    part = next((electrochemistry.column(n) for n in ("half_cycle", "cycle") if n in counted), None)
    taken: dict[str, NDArray[np.float64]] = {}
    for name in _CONTINUOUS:
        column = electrochemistry.column(name)
        if column is None:
            continue
        values = interpolate(times, record, column, gap)
        if name == "capacity" and part is not None:
            # Capacity starts again with each half cycle: no value between two of them.
            inside = ~np.isnan(values)
            left = np.searchsorted(record, times, side="right") - 1
            right = np.minimum(left + 1, record.size - 1)
            left = np.maximum(left, 0)
            turn = inside & (part[left] != part[right])
            values[turn] = column[left[turn]]
        taken[name] = values
    taken |= counted
    replaced = [name for name in taken if name in dataset]
    missing = {}
    for name, values in taken.items():
        unit = QUANTITIES[name].unit if name in QUANTITIES else _UNITS.get(name)
        attributes = {"units": unit} if unit else {}
        original = electrochemistry.dataset[name].attrs.get("long_name")
        if original and name not in QUANTITIES:
            attributes["long_name"] = str(original)
        dataset[name] = ("time", values, attributes)
        missing[name] = int(np.isnan(values).sum())
    return dataset, missing, replaced


def interpolate(
    at: NDArray[np.float64],
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    maximum_gap_s: float,
) -> NDArray[np.float64]:
    """Values at other times, linearly between the rows before and after.

    Args:
        at: Times asked for [s], any order.
        time: Times of the rows [s], rising; equal ones (two rows at a step's edge) may stand
            beside each other, and at that very time the last of them holds.
        values: Values of the rows; rows of NaN are passed over.
        maximum_gap_s: Rows further apart than this [s] are not bridged.

    Returns:
        Shape of ``at``; NaN outside the rows and within gaps. Every other value lies between
        those of the two rows beside it.
    """
    known = ~np.isnan(values)
    time, values = time[known], values[known]
    found = np.full(at.shape, np.nan)
    if time.size == 0:
        return found
    left = np.searchsorted(time, at, side="right") - 1
    inside = (left >= 0) & (at <= time[-1])
    low = np.clip(left, 0, time.size - 1)
    high = np.minimum(low + 1, time.size - 1)
    exact = inside & (time[low] == at)
    width = time[high] - time[low]
    between = inside & ~exact & (width <= maximum_gap_s)
    found[exact] = values[low[exact]]
    first, second = values[low[between]], values[high[between]]
    part = (at[between] - time[low[between]]) / width[between]
    mixed = first * (1 - part) + second * part
    found[between] = np.clip(mixed, np.minimum(first, second), np.maximum(first, second))
    return found


def last_known(
    at: NDArray[np.float64],
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    maximum_gap_s: float,
) -> NDArray[np.float64]:
    """The value last recorded at each time; arguments as in :func:`interpolate`.

    NaN outside the rows, and within a gap over which the value changes.
    """
    known = ~np.isnan(values)
    time, values = time[known], values[known]
    found = np.full(at.shape, np.nan)
    if time.size == 0:
        return found
    left = np.searchsorted(time, at, side="right") - 1
    inside = (left >= 0) & (at <= time[-1])
    low = np.clip(left, 0, time.size - 1)
    high = np.minimum(low + 1, time.size - 1)
    sure = (
        (time[low] == at)
        | (time[high] - time[low] <= maximum_gap_s)
        | (values[low] == values[high])
    )
    known_at = inside & sure
    found[known_at] = values[low[known_at]]
    return found


def _report(
    spectra: Run,
    times: NDArray[np.float64],
    shift: float,
    record: NDArray[np.float64],
    gap: float,
    said: list[str],
    acquisition_s: float | None,
    missing: dict[str, int],
) -> AlignmentReport:
    steps = np.diff(record)
    wide = np.flatnonzero(steps > gap)
    within = [k for k in wide if record[k + 1] > times[0] and record[k] < times[-1]]
    left = np.searchsorted(record, times, side="right") - 1
    in_gaps = int(np.sum(np.isin(left, wide) & (record[np.maximum(left, 0)] != times)))
    pauses = np.diff(spectra.time)
    usual = float(np.median(pauses)) if pauses.size else 0.0
    long = np.flatnonzero(pauses > 3 * usual)
    if acquisition_s is None:
        acquisition_s = float(spectra.dataset.attrs.get("acquisition_s", 0.0))
    return AlignmentReport(
        offset_s=shift,
        clock=tuple(said),
        frames=times.size,
        before=int((times < record[0]).sum()),
        after=int((times > record[-1]).sum()),
        in_gaps=in_gaps,
        maximum_gap_s=gap,
        record_gaps=tuple((float(record[k] - shift), float(record[k + 1] - shift)) for k in within),
        spectra_gaps=tuple((float(spectra.time[k]), float(spectra.time[k + 1])) for k in long),
        overlapping=int((pauses < acquisition_s * (1 - 1e-9)).sum()) if acquisition_s else 0,
        record_unused_s=(
            max(0.0, float(times[0] - record[0])),
            max(0.0, float(record[-1] - times[-1])),
        ),
        missing=missing,
    )
