"""Galactic SPC files: the new format in both byte orders and the old one, single and multiple.

Written after the published header of the format (Galactic Industries, `SPC.H`, 1997). Its flags
say whether points are evenly spaced, share one list of abscissas (XYY) or have one each (XYXY).
The tests check it against `spc-io`, which leaves out the old format and the other byte order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.binary import DAMAGED, FileBytes, check_axis_ends, check_plausible
from opir.run.readers.ordinates import as_fraction, wavenumbers
from opir.run.readers.series import Frame, gather

__all__ = ["SPC", "read_spc"]

SHORT, MULTIPLE, OWN_X, LISTED_X = 0x01, 0x04, 0x40, 0x80
"""Flags: 16-bit ordinates; several spectra; abscissas of their own; abscissas listed."""
LITTLE, BIG, OLD = 0x4B, 0x4C, 0x4D
HEADER, OLD_HEADER, SUBHEADER = 512, 224, 32
FLOAT = -128
ZIP = b"PK\x03\x04"

AXES = {1: "cm-1", 2: "um", 3: "nm", 13: "cm-1"}
RAMAN_SHIFT = 13
AXIS_NAMES = {
    0: "arbitrary", 4: "seconds", 5: "minutes", 6: "Hz", 9: "m/z", 10: "ppm", 14: "eV",
    16: "diode number", 17: "channel", 22: "data points", 255: "interferogram",
}  # fmt: skip
SECONDS = {4: 1.0, 5: 60.0, 11: 86400.0, 23: 1e-3, 24: 1e-6, 25: 1e-9, 30: 3600.0}
"""Codes of a z axis that is a time -> seconds."""
ORDINATES = {2: "absorbance", 3: "kubelka_munk", 128: "transmittance", 129: "reflectance"}
ORDINATE_NAMES = {
    1: "interferogram", 4: "counts", 5: "volts", 10: "log(1/R)", 11: "percent", 12: "intensity",
    13: "relative intensity", 14: "energy", 131: "emission",
}  # fmt: skip


@dataclass
class _Head:
    """What both formats say before their spectra."""

    order: str
    old: bool
    flags: int
    exponent: int
    points: int
    first: float
    last: float
    subfiles: int | None
    axis: int
    ordinate: int
    z: int
    moment: datetime | None
    resolution: str
    instrument: str
    comment: str
    log_at: int = 0
    notes: list[str] = field(default_factory=list)


def _date(year: int, month: int, day: int, hour: int, minute: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute) if year >= 1970 else None
    except ValueError:
        return None


def _head(file: FileBytes) -> _Head:
    flags, version = file.unpack("<BB", 0, "the header")
    if version in (LITTLE, BIG):
        order = "<" if version == LITTLE else ">"
        file.need(0, HEADER, "the header")
        exponent, points, first, last, count, x, y, z, _, date = file.unpack(
            order + "bIddIBBBBI", 3, "the header"
        )
        moment = _date(date >> 20, date >> 16 & 15, date >> 11 & 31, date >> 6 & 31, date & 63)
        (log_at,) = file.unpack(order + "I", 248, "the header")
        return _Head(order, False, flags, exponent, points, first, last, count, x, y, z, moment,
                     file.text(36, 9), file.text(45, 9), file.text(88, 130), log_at)  # fmt: skip
    if version == OLD:
        file.need(0, OLD_HEADER + SUBHEADER, "the header")
        exponent, size, first, last, x, y, year, month, day, hour, minute = file.unpack(
            "<hfffBBHBBBB", 2, "the header"
        )
        if not 1 <= size <= len(file):
            raise FormatError(
                f"a spectrum of {size:g} points does not fit into the file",
                place="byte 4",
                remedy=DAMAGED,
            )
        moment = _date(year & 0xFFF, month, day, hour, minute)
        return _Head("<", True, flags, exponent, int(size), first, last, None, x, y, year >> 12,
                     moment, file.text(24, 8), "", file.text(64, 130))  # fmt: skip
    raise FormatError(
        f"version byte {version:#x} is none of SPC (0x4b, 0x4c, 0x4d)", place="byte 1"
    )


@dataclass(frozen=True)
class _Sub:
    """One spectrum: its place, its header's numbers, its points."""

    at: int
    z: float
    scans: int
    axis: NDArray[np.float64]
    values: NDArray[np.float64]


def _scaled(
    file: FileBytes, head: _Head, sub_exponent: int, count: int, at: int
) -> tuple[NDArray[np.float64], int]:
    """Ordinates [count] at a place, and the byte after them."""
    what = f"{count} ordinates"
    exponent = sub_exponent if head.flags & MULTIPLE else head.exponent
    if FLOAT in (head.exponent, exponent) or (head.old and head.exponent == 128):
        return file.floats(head.order + "f4", count, at, what), at + 4 * count
    if not FLOAT <= exponent < 128:
        raise FormatError(f"an exponent of {exponent} cannot be", place="byte 2", remedy=DAMAGED)
    if head.flags & SHORT:
        raw = file.array(head.order + "i2", count, at, what)
        return raw * np.float64(2.0 ** (exponent - 16)), at + 2 * count
    if head.old:
        # The old format stores the upper 16 bits first.
        words = file.array("<u2", 2 * count, at, what).astype(np.int64)
        joined = (words[0::2] << 16 | words[1::2]).astype(np.uint32).view(np.int32)
    else:
        joined = file.array(head.order + "i4", count, at, what)
    return joined * np.float64(2.0 ** (exponent - 32)), at + 4 * count


def _subfiles(file: FileBytes, head: _Head) -> Iterator[_Sub]:
    own_x = bool(head.flags & OWN_X) and not head.old
    at = OLD_HEADER if head.old else HEADER
    if head.flags & LISTED_X and not own_x and not head.old:
        at += 4 * head.points
    number = 0
    while number < head.subfiles if head.subfiles is not None else _another(file, head, at, number):
        what = f"the header of spectrum {number + 1}"
        begin = at
        file.need(at, SUBHEADER, what)
        _, exponent, _, z, _, _, points, scans = file.unpack(head.order + "BbHfffII", at, what)
        count = points if own_x else head.points
        at += SUBHEADER
        if count == 0:
            raise FormatError("a spectrum has no points", place=f"byte {begin}", remedy=DAMAGED)
        axis = np.empty(0)
        if own_x:
            axis = file.floats(head.order + "f4", count, at, "abscissas")
            at += 4 * count
        values, at = _scaled(file, head, exponent, count, at)
        yield _Sub(begin, z, scans, axis, values)
        number += 1


def _another(file: FileBytes, head: _Head, at: int, number: int) -> bool:
    """Whether the old format, which does not say how many there are, holds one more."""
    if number == 0 or not head.flags & MULTIPLE:
        return number == 0
    left = len(file) - at
    need = SUBHEADER + (2 if head.flags & SHORT else 4) * head.points
    if 0 < left < need:
        head.notes.append(f"Left out: {left} bytes at the end, too few for another spectrum")
    return left >= need


def _log(file: FileBytes, head: _Head) -> str:
    """The text of the log block, where there is a sound one."""
    if not 0 < head.log_at <= len(file) - 64:
        return ""
    size, _, text_at = file.unpack(head.order + "3I", head.log_at, "the log")
    if not 64 <= text_at <= size <= len(file) - head.log_at:
        head.notes.append("Left out: the log block, which is damaged")
        return ""
    return file.text(head.log_at + text_at, size - text_at)


def _shared_axis(file: FileBytes, head: _Head) -> NDArray[np.float64]:
    if head.flags & LISTED_X and not head.old:
        return file.floats(head.order + "f4", head.points, HEADER, "the list of abscissas")
    return check_axis_ends(head.first, head.last, head.points, "byte 8")


def read_spc(path: Path) -> Contents:
    """Read a Galactic SPC file.

    Args:
        path: The file.

    Returns:
        One spectrum; or a run ``series`` where several share an axis. Its times are the z axis
        where that is a time; otherwise the time axis is the frame number, marked as such, and the
        z values are in the metadata. Spectra on axes of their own are one block each (``1``,
        ``2``, ...).
        Wavelengths are converted to cm-1, and the notes say so.

    Raises:
        FormatError: If it is damaged, cut short, or its axis is no wavenumber or wavelength.
    """
    file = FileBytes.of(path)
    head = _head(file)
    if head.axis not in AXES or head.ordinate == 1:
        name = "interferogram" if head.ordinate == 1 else AXIS_NAMES.get(head.axis, "unknown")
        raise FormatError(
            f"the x axis is {name} (code {head.axis}); cm-1, um or nm are needed",
            place=f"byte {16 if head.old else 28}",
            remedy="Export the spectrum over wavenumbers",
        )
    if head.subfiles is not None and not 1 <= head.subfiles <= len(file) // SUBHEADER:
        raise FormatError(
            f"{head.subfiles} spectra do not fit into the file", place="byte 24", remedy=DAMAGED
        )
    own_x = bool(head.flags & OWN_X) and not head.old
    if not own_x and not 1 <= head.points <= len(file) // 2:
        raise FormatError(
            f"spectra of {head.points} points do not fit into the file",
            place="byte 4",
            remedy=DAMAGED,
        )
    shared, converted = None, ""
    if not own_x:
        shared, converted = wavenumbers(_shared_axis(file, head), AXES[head.axis], "byte 8")
    # Measured before anything is made of it: each spectrum lies inside the file.
    subs = list(_subfiles(file, head))
    raman = head.axis == RAMAN_SHIFT and head.ordinate not in ORDINATES
    signal = "raman_intensity" if raman else ORDINATES.get(head.ordinate, "intensity")
    metadata: dict[str, Any] = {
        "resolution_text": head.resolution,
        "instrument": head.instrument,
        "comment": head.comment,
        "log": _log(file, head),
    }
    if signal == "intensity":
        metadata["ordinate"] = ORDINATE_NAMES.get(head.ordinate, f"code {head.ordinate}")
    metadata = {key: value for key, value in metadata.items() if value}
    scale = SECONDS.get(head.z)
    if scale is None and len({sub.z for sub in subs}) > 1:
        metadata["z"] = [sub.z if math.isfinite(sub.z) else None for sub in subs]
        metadata["z_code"] = head.z
    frames = []
    for number, sub in enumerate(subs, start=1):
        place = f"spectrum {number}, byte {sub.at}"
        check_plausible(sub.values, place)
        values, said = as_fraction(sub.values, signal)
        axis = shared
        if axis is None:
            axis, converted = wavenumbers(sub.axis, AXES[head.axis], place)
        head.notes += [n for n in (said, converted) if n and n not in head.notes]
        timed = scale is not None and math.isfinite(sub.z) and abs(sub.z) < 1e9
        frames.append(
            Frame(
                axis,
                values,
                signal,
                place,
                title=head.comment if len(subs) == 1 else str(number),
                time=sub.z * scale if scale is not None and timed else None,
                start=head.moment,
                metadata=metadata | ({"scans": sub.scans} if sub.scans else {}),
            )
        )
    blocks, said_too = gather(frames, name=head.comment, series=True)
    return Contents(blocks, next(iter(blocks)), "spc", (*head.notes, *said_too))


def _recognise(head: bytes, path: Path) -> float:
    """One byte is little to tell a format by, so the codes and the points must fit, too."""
    if len(head) < OLD_HEADER + SUBHEADER or head[1] not in (LITTLE, BIG, OLD) or head[:4] == ZIP:
        return 0.0
    ending = 0.1 if path.suffix.lower() == ".spc" else 0.0
    x, y = (head[16], head[17]) if head[1] == OLD else (head[28], head[29])
    known = (x <= 30 or x == 255) and (y <= 26 or 128 <= y <= 131 or y == 255)
    text = all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head[:64])
    return 0.0 if not known or text else 0.8 + ending


SPC = Reader(
    name="spc",
    description="Galactic/Thermo SPC (.spc)",
    recognise=_recognise,
    read=read_spc,
)
READERS.add(SPC.name, SPC)
