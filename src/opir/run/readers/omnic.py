"""Thermo OMNIC files: one spectrum (.spa), a group (.spg), a series over time (.srs).

The file is a table of entries, each with a key, a place and a size: key 2 a spectrum's header,
3 its ordinates, 27 its history, 102 and 103 the interferograms of sample and background, 107 its
title and time in a group, 301 and 325 the data and the clock of a series. The layout was worked
out by the SpectroChemPy project (doi 10.5281/zenodo.3823841); the tests check this reader against
theirs. A series whose sizes do not add up to the last byte is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.binary import DAMAGED, FileBytes, check_axis_ends, check_plausible
from opir.run.readers.ordinates import wavenumbers
from opir.run.readers.series import Frame, gather, make_run
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__ = ["OMNIC", "read_omnic"]

SPECTRUM = b"Spectral Data File"
SERIES = b"Spectral Exte File"
EPOCH = datetime(1899, 12, 31, tzinfo=UTC)
"""OMNIC counts seconds of UTC from here."""

TABLE = 304
COUNT = 294
HEADER, ORDINATES, HISTORY, SAMPLE, BACKGROUND, TITLE = 2, 3, 27, 102, 103, 107
SERIES_DATA, SERIES_INFO = 301, 325
PLACES = (HEADER, ORDINATES, HISTORY, SAMPLE, BACKGROUND, TITLE, SERIES_DATA, SERIES_INFO)
"""Keys whose entries give a place; a few others do not."""
ROWS, ROW_HEAD, TITLE_AT = 196, 100, 16
"""In a series, the rows begin here; each is 100 bytes (its title in them), then its ordinates."""
MINUTES = 1

ORDINATE = {
    11: ("reflectance", "%"),
    15: ("single_channel", None),
    16: ("transmittance", "%"),
    17: ("absorbance", None),
    20: ("kubelka_munk", None),
    21: ("reflectance", None),
    31: ("raman_intensity", None),
}
"""Code of the ordinate -> signal, unit. 12 is log(1/R), 26 photoacoustic: plain intensity."""
LABELS = {12: "log(1/R)", 26: "photoacoustic"}


@dataclass(frozen=True)
class _Header:
    """What OMNIC says of a spectrum."""

    count: int
    axis_unit: int
    ordinate: int
    first: float
    last: float
    scans: int
    background_scans: int
    collection: float
    laser: float
    velocity: float
    at: int

    @classmethod
    def read(cls, file: FileBytes, at: int) -> _Header:
        what = "the header of a spectrum"
        file.need(at, 140, what)
        count, unit, ordinate = file.unpack("<4xI B3x B3x", at, what)
        first, last = file.unpack("<2f", at + 16, what)
        (scans,), (background,), (hundredths,), (laser,) = (
            file.unpack(kind, at + shift, what)
            for kind, shift in (("<I", 36), ("<I", 52), ("<I", 68), ("<f", 80))
        )
        velocity = file.unpack("<f", at + 188, what)[0] if at + 192 <= len(file) else 0.0
        if not 0 < count <= len(file) // 4:
            raise FormatError(
                f"a spectrum of {count} points does not fit into the file",
                place=f"byte {file.start + at + 4}",
                remedy=DAMAGED,
            )
        return cls(count, unit, ordinate, first, last, scans, background, hundredths / 100,
                   laser, velocity, at)  # fmt: skip

    @property
    def signal(self) -> str:
        return ORDINATE.get(self.ordinate, ("intensity", None))[0]

    @property
    def unit(self) -> str | None:
        return ORDINATE.get(self.ordinate, ("intensity", None))[1]

    def axis(self) -> NDArray[np.float64]:
        """The wavenumber axis [cm-1]."""
        place = f"byte {self.at}"
        if self.axis_unit not in (1, 3, 4, 32):
            what = {2: "data points (an interferogram)"}.get(self.axis_unit, "of unknown unit")
            raise FormatError(
                f"the axis is {what} (code {self.axis_unit}); wavenumbers are needed",
                place=place,
                remedy="Save the spectrum itself in OMNIC",
            )
        axis = check_axis_ends(self.first, self.last, self.count, place)
        return wavenumbers(axis, {3: "nm", 4: "um"}.get(self.axis_unit, "cm-1"), place)[0]

    def metadata(self, text: str = "", title: str = "") -> dict[str, Any]:
        """What goes with the spectrum; the resolution stands in the history text only."""
        found: dict[str, Any] = {"scans": self.scans, "background_scans": self.background_scans}
        for name, value in (
            ("collection_time", self.collection),
            ("laser_wavenumber", self.laser),
            ("optical_velocity", self.velocity),
        ):
            if np.isfinite(value) and 0 < value < 1e9:
                found[name] = round(float(value), 6)
        if self.ordinate in LABELS:
            found["ordinate"] = LABELS[self.ordinate]
        # OMNIC writes the text in its user's language; the line ends in `x from y to z`.
        match = re.search(r":\s*(\d+[.,]\d+)\s+\w+\s+\d+[.,]\d+\s+\w+\s+\d+[.,]\d+", text)
        if match:
            found["resolution"] = float(match[1].replace(",", "."))
        return found | {k: v for k, v in (("title", title), ("log", text)) if v}


@dataclass(frozen=True)
class _Entry:
    """A row of the table."""

    key: int
    at: int
    size: int


def _entries(file: FileBytes, layout: str, step: int) -> list[_Entry]:
    (count,) = file.unpack("<H", COUNT, "the number of entries")
    file.need(TABLE, count * step, f"the table of {count} entries")
    found = [
        _Entry(*file.unpack(layout, TABLE + step * i, "an entry of the table"))
        for i in range(count)
    ]
    claimed = 0
    for entry in found:
        if entry.key in PLACES:
            file.need(entry.at, entry.size, f"the part with key {entry.key}")
            claimed += entry.size
    if claimed > len(file):
        raise FormatError(
            "the parts of the file lie over one another", place=f"byte {TABLE}", remedy=DAMAGED
        )
    return found


def _moment(file: FileBytes, at: int) -> datetime | None:
    """A time from its seconds; None before 1980, where nobody had OMNIC."""
    (seconds,) = file.unpack("<I", at, "the time of acquisition")
    moment = EPOCH + timedelta(seconds=seconds)
    return moment if moment.year >= 1980 else None


def _ordinates(file: FileBytes, entry: _Entry, count: int) -> NDArray[Any]:
    if entry.size // 4 < count:
        raise FormatError(
            f"{entry.size // 4} ordinates for an axis of {count} points",
            place=f"byte {entry.at}",
            remedy=DAMAGED,
        )
    return file.array("<f4", count, entry.at, "the ordinates")


def _without_blanks(
    axis: NDArray[np.float64], values: NDArray[Any], place: str, notes: list[str]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Leave out the points that the user of OMNIC blanked; they are NaN in every spectrum."""
    blank = np.isnan(np.atleast_2d(values)).all(axis=0)
    if blank.all():
        raise FormatError("all values are NaN", place=place, remedy=DAMAGED)
    if blank.any():
        notes.append(f"Left out: {int(blank.sum())} of {blank.size} points that are blank")
        axis, values = axis[~blank], values[..., ~blank]
    check_plausible(values, place)
    return axis, values


def _interferograms(
    file: FileBytes, entries: list[_Entry], laser: float, notes: list[str]
) -> dict[str, xr.DataArray]:
    found = {}
    for name, key in (("IgSm", SAMPLE), ("IgRf", BACKGROUND)):
        for entry in entries:
            if entry.key != key or name in found:
                continue
            values = file.array("<f4", entry.size // 4, entry.at, f"the interferogram {name}")
            check_plausible(values, f"interferogram {name}, byte {entry.at}")
            found[name] = xr.DataArray(
                values.astype(np.float64),
                {"point": ("point", np.arange(float(values.size)), {"units": "1"})},
                ("point",),
                name="interferogram",
                attrs={"units": "1", "long_name": "Interferogram", "laser_wavenumber": laser},
            )
    if found:
        notes.append(f"Interferograms are in `arrays`: {', '.join(found)}")
    return found


def _read_spectra(file: FileBytes) -> Contents:
    """A .spa or .spg file: the entries of one spectrum follow its key 2."""
    entries = _entries(file, "<BxII6x", 16)
    starts = [i for i, entry in enumerate(entries) if entry.key == HEADER]
    if not starts:
        raise FormatError("the table names no spectrum", place=f"byte {TABLE}", remedy=DAMAGED)
    alone = len(starts) == 1
    frames: list[Frame] = []
    notes: list[str] = []
    arrays: dict[str, xr.DataArray] = {}
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(entries)], strict=True), 1):
        own = {entry.key: entry for entry in reversed(entries[begin:end])}
        header = _Header.read(file, own[HEADER].at)
        place = f"spectrum {number}, byte {header.at}"
        if ORDINATES not in own:
            raise FormatError("a spectrum has no ordinates", place=place, remedy=DAMAGED)
        axis, values = _without_blanks(
            header.axis(), _ordinates(file, own[ORDINATES], header.count), place, notes
        )
        if TITLE in own:
            title, moment = file.text(own[TITLE].at, 256), _moment(file, own[TITLE].at + 256)
        else:
            title, moment = file.text(30, 256), _moment(file, 296)
            # In a group, the time in the file's head is that of the group.
            moment = moment if alone else None
        log = file.text(own[HISTORY].at, own[HISTORY].size) if HISTORY in own else ""
        if header.axis_unit in (3, 4) and number == 1:
            notes.append("The axis was converted from wavelengths to cm-1")
        frames.append(
            Frame(
                axis,
                values,
                header.signal,
                place,
                unit=header.unit,
                title=title,
                time=(moment - EPOCH).total_seconds() if moment else None,
                start=moment,
                metadata=header.metadata(log),
            )
        )
        if alone:
            arrays = _interferograms(file, entries, header.laser, notes)
    blocks, said = gather(frames, name=file.text(30, 256))
    if not alone and any(entry.key in (SAMPLE, BACKGROUND) for entry in entries):
        notes.append("Left out: the interferograms of the group's spectra")
    return Contents(blocks, next(iter(blocks)), "omnic", (*notes, *said), arrays)


def _read_series(file: FileBytes) -> Contents:
    """A .srs file: rows of title and ordinates, their clock in an entry of its own."""
    entries = _entries(file, "<HQI8x", 22)
    data = [entry for entry in entries if entry.key == SERIES_DATA]
    info = [entry for entry in entries if entry.key == SERIES_INFO]
    remedy = "Save the series as a group (.spg) in OMNIC and read that"
    if not data or not info:
        raise FormatError(
            "the table names no series of spectra", place=f"byte {TABLE}", remedy=remedy
        )
    header = _Header.read(file, data[0].at)
    what = "the clock of the series"
    last, first = file.unpack("<2f", info[0].at + 70, what)
    count, unit = file.unpack("<2I", info[0].at + 90, what)
    place = f"series, byte {data[0].at}"
    step = ROW_HEAD + 4 * header.count
    if count < 1 or data[0].size != ROWS + count * step:
        raise FormatError(
            f"{count} spectra of {header.count} points need {ROWS + count * step} bytes; "
            f"{data[0].size} are there",
            place=place,
            remedy=f"{DAMAGED}; or s{remedy[1:]}",
        )
    if unit != MINUTES or not 0 <= first <= last <= 1e6:
        raise FormatError(
            f"the series goes from {first:g} to {last:g} in unit {unit}; minutes (unit "
            f"{MINUTES}) are known",
            place=f"byte {info[0].at + 70}",
            remedy=remedy,
        )
    begin = data[0].at + ROWS
    # A series holds its ordinates from the low end upwards, against the ends in its header: only
    # so do the bands of CO2 in a real run lie at 2349, 667 and 3716 cm-1. SpectroChemPy found the
    # same (its pull request 1594); the version of its reader that our tests use has them mirrored.
    values = np.ndarray((count, header.count), "<f4", file.data, begin + ROW_HEAD, (step, 4))
    values = values[:, ::-1]
    notes: list[str] = []
    axis, values = _without_blanks(header.axis(), values, place, notes)
    log = next((file.text(e.at, e.size) for e in entries if e.key == HISTORY), "")
    run = make_run(
        np.linspace(first, last, count) * 60,
        axis,
        values,
        titles=[file.text(begin + i * step + TITLE_AT, 64) for i in range(count)],
        place=place,
        signal=header.signal,
        unit=header.unit,
        name=file.text(info[0].at + 2, 64),
        start=_moment(file, 296),
        metadata=header.metadata(log),
    )
    blocks: dict[str, Spectrum | Run] = {"series": run}
    background = _background(file, entries)
    if background is not None:
        blocks["ScRf"] = background
    return Contents(blocks, "series", "omnic", tuple(notes))


def _background(file: FileBytes, entries: list[_Entry]) -> Spectrum | None:
    """The single-channel background that a series carries, under the second header."""
    headers = [entry for entry in entries if entry.key == HEADER]
    data = [entry for entry in entries if entry.key == ORDINATES]
    if len(headers) < 2 or not data:
        return None
    header = _Header.read(file, headers[1].at)
    place = f"background, byte {header.at}"
    axis, values = _without_blanks(
        header.axis(), _ordinates(file, data[0], header.count)[::-1], place, []
    )
    title = next((file.text(e.at, 256) for e in entries if e.key == TITLE), "")
    moment = next((_moment(file, e.at + 256) for e in entries if e.key == TITLE), None)
    return Frame(
        axis,
        values,
        header.signal,
        place,
        unit=header.unit,
        title=title,
        start=moment,
        metadata=header.metadata(),
    ).spectrum()


def read_omnic(path: Path) -> Contents:
    """Read a Thermo OMNIC file.

    Args:
        path: A .spa, .spg or .srs file.

    Returns:
        A .spa gives its spectrum, with interferograms in ``arrays``. A .spg gives a run
        ``series`` if its spectra share axis and have times, with their titles in
        its metadata, else one block for each. A .srs gives a run ``series`` on the clock of the
        series, and its background ``ScRf``. Times are UTC, as OMNIC stores them.

    Raises:
        FormatError: If it is damaged, cut short, or of a kind of series that is not known.
    """
    file = FileBytes.of(path)
    if file.data.startswith(SPECTRUM):
        return _read_spectra(file)
    if file.data.startswith(SERIES):
        return _read_series(file)
    raise FormatError("the file does not begin as OMNIC files do", place="byte 0")


OMNIC = Reader(
    name="omnic",
    description="Thermo OMNIC (.spa, .spg, .srs)",
    recognise=lambda head, path: 1.0 if head.startswith((SPECTRUM, SERIES)) else 0.0,
    read=read_omnic,
)
READERS.add(OMNIC.name, OMNIC)
