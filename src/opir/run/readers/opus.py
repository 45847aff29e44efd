"""Bruker OPUS files: every block of them.

The block types, the parsing of parameter blocks and the pairing of data with their status blocks
are those of `brukeropus`; since that hangs or asks for any amount of memory on damaged files,
every block is measured against the file before it is handed over, and its numbers are checked
after.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.binary import DAMAGED, FileBytes, check_axis_ends, check_plausible
from opir.run.readers.ordinates import wavenumbers
from opir.run.readers.series import Frame, gather, make_run, unique_names
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__ = ["OPUS", "read_opus"]

MAGIC = b"\n\n\xfe\xfe"
MAXIMUM_BLOCKS = 4096

SIDES = {1: "Sm", 2: "Rf"}
SPECTRA = {
    1: ("Sc", "single_channel"),
    4: ("AB", "absorbance"),
    5: ("TR", "transmittance"),
    6: ("KM", "kubelka_munk"),
    10: ("RAM", "raman_intensity"),
    11: ("EMI", "intensity"),
    12: ("RFL", "reflectance"),
    14: ("PW", "intensity"),
    15: ("LRF", "intensity"),
    16: ("ATR", "intensity"),
    17: ("PAS", "intensity"),
    18: ("ARIT", "intensity"),
    19: ("ARIA", "intensity"),
}
"""Fourth number of a block's type -> OPUS's short name, signal."""
ARRAYS = {2: ("Ig", "interferogram"), 3: ("Ph", "phase"), 7: ("TRACE", "trace")}
RANK = ("AB", "TR", "RFL", "KM", "ATR", "RAM", "EMI", "PAS", "LRF", "PW", "ARIA", "ARIT")
"""Which block ``opir.read`` returns: results first, then single channels."""

NAMED = {
    "ins": "instrument", "res": "resolution", "nss": "scans", "nsr": "scans", "dtc": "detector",
    "bms": "beamsplitter", "src": "source", "apt": "aperture", "vel": "scanner_velocity",
    "apf": "apodization", "zff": "zero_filling", "snm": "sample", "sfm": "sample_form",
    "dur": "duration", "acc": "accessory", "srn": "serial_number",
}  # fmt: skip
"""Parameters that get a name of their own in ``metadata`` beside all under ``parameters``."""

INTERFEROGRAM_HINT = "Interferograms, phases and traces are in `arrays`"


def _measure_parameters(block: FileBytes, label: str) -> None:
    """Walk through a parameter block, since the library loops forever on a negative length."""
    at = 0
    while at + 4 <= len(block):
        key = block.data[at : at + 3]
        if key == b"END":
            return
        kind, words = block.unpack("<HH", at + 4, f"a parameter of {label}")
        size = 2 * words
        block.need(at + 8, size, f"parameter {key!r} of {label}")
        if not key.isalnum() or (kind == 0 and size < 4) or (kind == 1 and size < 8):
            raise FormatError(
                f"parameter {key!r} of {label} has type {kind} and {size} bytes",
                place=f"byte {block.start + at}",
                remedy=DAMAGED,
            )
        at += 8 + size


def _blocks(file: FileBytes) -> tuple[list[Any], list[str], str]:
    """The parsed blocks of the directory, notes on those left out, and the file's log."""
    from brukeropus.file.block import BlockType, FileBlock
    from brukeropus.file.parse import get_block_type

    _, start, maximum, _ = file.unpack("<d3i", 4, "the header")
    if not 0 < maximum <= MAXIMUM_BLOCKS:
        raise FormatError(
            f"the directory claims room for {maximum} blocks", place="byte 16", remedy=DAMAGED
        )
    file.need(start, 12, "the directory")
    found, notes, log = [], [], ""
    claimed = 0
    for number in range(maximum):
        at = start + 12 * number
        if at + 12 > len(file):
            break
        code, words, begin = file.unpack("<3i", at, "a directory entry")
        if begin <= 0:
            break
        kind = BlockType(get_block_type(code & 0xFFFFFFFF))
        label = f"block {kind.label!r}"
        file.need(begin, 4 * words, label)
        claimed += 4 * words
        if claimed > len(file) + 12 * MAXIMUM_BLOCKS:
            raise FormatError("the blocks lie over one another", place=f"byte {at}", remedy=DAMAGED)
        part = file.part(begin, 4 * words, label)
        block = FileBlock(file.data, tuple(kind), 4 * words, begin)
        if block.is_directory():
            continue
        if block.is_file_log():
            log = "\n".join(filter(None, (_line(raw) for raw in part.data.split(b"\0"))))
        elif block.is_report() or not (
            block.is_param() or block.is_data() or block.is_data_series()
        ):
            notes.append(f"Left out: {label} ({len(part)} bytes at byte {begin})")
        elif block.is_param():
            _measure_parameters(part, label)
            block.parse()
            if not isinstance(block.data, dict):
                raise FormatError(
                    f"{label} cannot be read ({block.parse_error})",
                    place=f"byte {begin}",
                    remedy=DAMAGED,
                )
            found.append(block)
        else:
            # Only the pairing looks at this; the numbers are read by their own type below.
            block.data = file.array("<f4", len(part) // 4, begin, label)
            found.append(block)
    return found, notes, log


def _line(raw: bytes) -> str:
    return FileBytes(raw).text(0, len(raw))


def _json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.upper(): value
        for key, value in parameters.items()
        if isinstance(value, (int, str)) or (isinstance(value, float) and math.isfinite(value))
    }


def _metadata(parameters: dict[str, Any], label: str) -> dict[str, Any]:
    clean = _json(parameters)
    named = {NAMED[k.lower()]: v for k, v in clean.items() if k.lower() in NAMED and v != ""}
    return {"block": label, **named, "parameters": clean}


_DATE = re.compile(r"(\d{1,4})/(\d{1,2})/(\d{2,4})$")
_TIME = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(\.\d+)?\s*(\((?:GMT|UTC)([+-]\d+(?::\d+)?)?\))?")


def parse_clock(date: str, time: str) -> datetime | None:
    """A point in time from OPUS's ``DAT`` and ``TIM``: ``03/05/2019``, ``13:31:22.358 (GMT-4)``.

    Days come first where the year comes last, as OPUS writes it. None where it is not a time.
    """
    day, clock = _DATE.match(date.strip()), _TIME.match(time.strip())
    if day is None or clock is None:
        return None
    a, b, c = map(int, day.groups())
    year, month, date_ = (a, b, c) if len(day[1]) == 4 else (c, b, a)
    zone = None
    try:
        if clock[5]:
            hours, _, minutes = (clock[6] or "+0").partition(":")
            offset = abs(int(hours)) * 60 + int(minutes or 0)
            zone = timezone(timedelta(minutes=-offset if hours.startswith("-") else offset))
        moment = datetime(
            year, month, date_, int(clock[1]), int(clock[2]), int(clock[3]), tzinfo=zone
        )
    except ValueError:
        return None
    return moment + timedelta(microseconds=round(float(clock[4] or 0) * 1e6))


class _Pair:
    """A data block with its status block: axis, ordinates, clock."""

    def __init__(self, file: FileBytes, data: Any, status: Any) -> None:
        self.kind = data.type
        code = self.kind[3] % 32
        short, self.signal = (SPECTRA | ARRAYS).get(code, (f"type {self.kind[3]}", "intensity"))
        self.label = data.get_label()
        if self.kind[4] or self.kind[0] not in (0, 3):
            # A derivative or a part of complex data is no absorbance any more.
            self.signal = "intensity" if code in SPECTRA else self.signal
        self.name = short + (SIDES.get(self.kind[1], "") if code in (1, 2, 3) else "")
        if self.kind[4]:
            self.name += f" derivative {self.kind[4]}"
        self.place = f"block {self.name}, byte {data.start}"
        self.status: dict[str, Any] = status.data
        self.series = data.is_data_series()
        self.count = self._number("npt", int)
        first, last = self._number("fxv", float), self._number("lxv", float)
        self.dtype = {1: "<f4", 2: "<i4"}.get(self.status.get("dpf", 1), "")
        if not self.dtype or not 0 < self.count <= data.size // 4:
            raise FormatError(
                f"{self.count} points of format {self.status.get('dpf')} do not fit into "
                f"{data.size} bytes",
                place=self.place,
                remedy=DAMAGED,
            )
        self.axis = check_axis_ends(first, last, self.count, self.place)
        self.unit = str(self.status.get("dxu", "")).strip()
        self.start = parse_clock(str(self.status.get("dat", "")), str(self.status.get("tim", "")))
        self.times: NDArray[np.float64] | None = None
        self.notes: list[str] = []
        part = file.part(data.start, data.size, self.name)
        if self.series:
            values, low, high = self._read_series(part)
        else:
            offset = len(part) // 4 - self.count if data.is_compact_data() else 0
            values = part.array(self.dtype, self.count, 4 * offset, self.name)
            low, high = self.status.get("mny"), self.status.get("mxy")
        scale = self._number("csf", float, 1.0)
        with np.errstate(invalid="ignore", over="ignore"):
            self.values = values * np.float64(scale)
        check_plausible(self.values, self.place)
        self._check_extremes(low, high)

    def _number(self, key: str, kind: type, default: Any = None) -> Any:
        value = self.status.get(key, default)
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise FormatError(
                f"the parameter {key.upper()} is missing or no number",
                place=self.place,
                remedy=DAMAGED,
            )
        return kind(value)

    def _check_extremes(self, low: Any, high: Any) -> None:
        """OPUS stores the lowest and highest ordinate with the data."""
        if not isinstance(low, float) or not isinstance(high, float) or low >= high:
            return
        wrong = max(abs(float(self.values.min()) - low), abs(float(self.values.max()) - high))
        if not wrong <= 1e-3 * (high - low):
            self.notes.append(
                f"{self.name} spans {self.values.min():g} to {self.values.max():g}, but the file "
                f"says {low:g} to {high:g}: it may be damaged or was changed outside OPUS"
            )

    def _read_series(self, part: FileBytes) -> tuple[NDArray[Any], Any, Any]:
        from brukeropus.file.constants import STRUCT_3D_INFO_BLOCK

        layout = np.dtype([(e["key"], np.dtype(e["dtype"])) for e in STRUCT_3D_INFO_BLOCK])
        _, claimed, offset, size, info = part.unpack("<5i", 0, "the header of the series")
        if claimed < 1 or offset < 20 or size < 4 * self.count or info < layout.itemsize:
            raise FormatError(
                f"a series of {claimed} spectra of {size} + {info} bytes from byte {offset} on "
                f"with {self.count} points cannot be",
                place=self.place,
                remedy=DAMAGED,
            )
        step = size + info
        stored = min(claimed, (len(part) - offset) // step)
        part.need(offset, max(stored, 1) * step, "the series")
        if stored < claimed:
            self.notes.append(f"{self.name} holds {stored} of {claimed} spectra announced")
        shape = (stored, self.count)
        values = np.ndarray(shape, self.dtype, part.data, offset, (step, 4))
        table = np.ndarray((stored,), layout, part.data, offset + size, (step,))
        for key in ("srt", "ert"):
            times = np.array(table[key], dtype=np.float64)
            if np.isfinite(times).all() and (np.diff(times) > 0).all() and stored > 1:
                self.times = times - times[0]
                if key == "ert":
                    self.notes.append(f"The times of {self.name} are those of the scans' ends")
                break
        fine = bool(np.isfinite(table["mny"]).all() and np.isfinite(table["mxy"]).all())
        return values, *(
            (float(table["mny"].min()), float(table["mxy"].max())) if fine else (None, None)
        )

    @property
    def is_spectrum(self) -> bool:
        """Whether it has an ordinate and a wavenumber axis that opir's objects have."""
        return self.kind[3] % 32 in SPECTRA and self.unit in ("WN", "MI")

    def blocks(self, parameters: dict[str, Any]) -> dict[str, Spectrum | Run]:
        """The pair as a spectrum, a run, or one spectrum after the other."""
        axis, said = wavenumbers(self.axis, "um" if self.unit == "MI" else "cm-1", self.place)
        self.notes += [f"{self.name}: {said}"] if said else []
        metadata = _metadata(parameters | {"mny": None, "mxy": None}, self.label)
        title = str(parameters.get("snm", ""))
        if self.times is not None:
            return {
                self.name: make_run(
                    self.times,
                    axis,
                    self.values,
                    place=self.place,
                    signal=self.signal,
                    name=title,
                    start=self.start,
                    metadata=metadata,
                )
            }
        rows = np.atleast_2d(self.values)
        alone = len(rows) == 1
        found, notes = gather(
            [
                Frame(
                    axis,
                    row,
                    self.signal,
                    self.place,
                    title=title if alone else f"{self.name} {number}",
                    start=self.start if alone else None,
                    metadata=metadata,
                )
                for number, row in enumerate(rows, start=1)
            ]
        )
        self.notes += notes
        return {self.name: next(iter(found.values()))} if alone else found

    def array(self, parameters: dict[str, Any]) -> xr.DataArray:
        """The pair as an array with a name for its axis."""
        axis = {"WN": "wavenumber", "PNT": "point", "MIN": "time"}.get(self.unit, "point")
        values = self.axis * 60 if self.unit == "MIN" else self.axis
        units = {"wavenumber": "cm-1", "time": "s"}.get(axis, "1")
        coords: dict[str, Any] = {axis: (axis, values, {"units": units})}
        dims: tuple[str, ...] = (axis,)
        if self.values.ndim == 2:
            other = "time" if self.times is not None and axis != "time" else "frame"
            dims = (other, axis)
            if other == "time":
                coords["time"] = ("time", self.times, {"units": "s"})
        found = xr.DataArray(self.values, coords, dims, name=self.signal)
        found.attrs = {"units": "rad" if self.signal == "phase" else "1", "long_name": self.label}
        found.attrs["laser_wavenumber"] = float(parameters.get("lwn", 0.0) or 0.0)
        if self.start is not None:
            found.attrs["start_time"] = self.start.isoformat()
        return found


def read_opus(path: Path) -> Contents:
    """Read a Bruker OPUS file.

    Args:
        path: The file; OPUS names them ``name.0``, ``name.1``, ...

    Returns:
        Spectra under OPUS's short names (``AB``, ``TR``, ``ScSm``, ``ScRf``, ...), time-resolved
        series as runs, and interferograms (``IgSm``, ``IgRf``), phases (``PhSm``) and traces in
        ``arrays``. The main block is the result (AB before TR and others) before the single
        channels; of several alike, the one stored last.

    Raises:
        FormatError: If it is damaged, cut short, or holds no spectrum.
    """
    from brukeropus.file.block import pair_data_and_status_blocks

    file = FileBytes.of(path)
    if not file.data.startswith(MAGIC):
        raise FormatError("the file does not begin as OPUS files do", place="byte 0")
    found, notes, log = _blocks(file)
    sample: dict[str, Any] = {}
    reference: dict[str, Any] = {}
    for block in found:
        if block.is_param() and not block.is_data_status():
            (reference if block.is_rf_param() else sample).update(block.data)
    try:
        matches = pair_data_and_status_blocks(found)
    except (KeyError, TypeError, ValueError, IndexError, struct.error) as error:
        raise FormatError(
            f"data and status blocks do not match ({error!r})", remedy=DAMAGED
        ) from error
    used = {block.start for match in matches for block in match}
    lost = [
        block
        for block in found
        if block.start not in used and (block.is_data() or block.is_data_series())
    ]
    notes += [
        f"Left out, since no status block fits it: {block.get_label()!r} at byte {block.start}"
        for block in lost
    ]
    blocks: dict[str, Spectrum | Run] = {}
    arrays: dict[str, xr.DataArray] = {}
    for data, status in matches:
        pair = _Pair(file, data, status)
        parameters = (reference if data.type[1] == 2 else sample) | pair.status
        if pair.is_spectrum:
            for name, block in pair.blocks(parameters).items():
                blocks[unique_names([*blocks, name])[-1]] = block
        else:
            arrays[unique_names([*arrays, pair.name])[-1]] = pair.array(parameters)
        notes += pair.notes
    if arrays:
        notes.append(f"{INTERFEROGRAM_HINT}: {', '.join(arrays)}")
    main = min(blocks, key=_rank, default="")
    for block in lost:
        code = block.type[3] % 32
        name = SPECTRA.get(code, ("", ""))[0] + (SIDES.get(block.type[1], "") if code == 1 else "")
        if code in SPECTRA and (not main or _rank(name) < _rank(main)):
            raise FormatError(
                f"the points of {name} ({block.size} bytes) do not fit its status block",
                place=f"block {name}, byte {block.start}",
                remedy=DAMAGED,
            )
    if log and main:
        chosen = blocks[main]
        blocks[main] = chosen.replace(metadata=json.dumps(chosen.metadata | {"log": log}))
    return Contents(blocks, main, "opus", tuple(notes), arrays)


def _rank(name: str) -> int:
    short = name.split(" ")[0]
    later = " derivative" in name
    order = RANK.index(short) if short in RANK else len(RANK) + (short != "ScSm")
    return order + 100 * later


OPUS = Reader(
    name="opus",
    description="Bruker OPUS (.0, .1, ...)",
    recognise=lambda head, path: 1.0 if head.startswith(MAGIC) else 0.0,
    read=read_opus,
)
READERS.add(OPUS.name, OPUS)
