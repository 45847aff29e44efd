"""Small valid files of binary formats, written field by field, so that truth is known.

They stand in for real files where ``../shared/real`` is absent, and hold what no real file there
has: OPUS series, the other byte order and own abscissas in SPC.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "OpusBlock",
    "opus",
    "opus_parameters",
    "opus_series",
    "spa",
    "spc",
    "spc_old",
    "spg",
    "srs",
]


# -- Bruker OPUS ------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpusBlock:
    """A block: its six type numbers, its bytes."""

    kind: tuple[int, int, int, int, int, int]
    data: bytes


def opus_parameters(**values: int | float | str) -> bytes:
    """A parameter block."""
    out = b""
    for key, value in values.items():
        if isinstance(value, int):
            code, body = 0, struct.pack("<i", value)
        elif isinstance(value, float):
            code, body = 1, struct.pack("<d", value)
        else:
            body = value.encode("latin-1") + b"\0"
            body += b"\0" * (len(body) % 2)
            code = 2
        out += key.upper().encode() + b"\0" + struct.pack("<HH", code, len(body) // 2) + body
    out += b"END\0\0\0\0\0"
    return out + b"\0" * (-len(out) % 4)


def opus(blocks: Sequence[OpusBlock]) -> bytes:
    """A file with these blocks behind its directory."""
    shifts = (0, 2, 4, 10, 17, 19)
    count = len(blocks) + 1
    start = 24 + 12 * count
    rows = struct.pack("<3i", 13 << 10, 3 * count, 24)
    body = b""
    for block in blocks:
        code = sum(number << shift for number, shift in zip(block.kind, shifts, strict=True))
        rows += struct.pack("<3i", code, len(block.data) // 4, start + len(body))
        body += block.data
    return b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, count, count) + rows + body


def opus_series(values: ArrayLike, starts: ArrayLike, ends: ArrayLike) -> bytes:
    """A data block of a series: header, then each spectrum and its 152 bytes of facts."""
    array = np.asarray(values, dtype="<f4")
    out = struct.pack("<6i", 0, len(array), 24, 4 * array.shape[1], 152, 0)
    for row, start, end in zip(array, np.asarray(starts), np.asarray(ends), strict=True):
        out += row.tobytes()
        facts = struct.pack("<8i4d2i", 1, 1, 0, array.shape[1], 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        facts += struct.pack("<7d2i2d", 0, 1, row.min(), row.max(), 1, 0, 0, 0, 0, start, end)
        out += facts
    return out


# -- Thermo OMNIC -----------------------------------------------------------------------------


def _omnic_header(count: int, first: float, last: float, ordinate: int, size: int = 196) -> bytes:
    head = bytearray(size)
    struct.pack_into("<4xI B3x B3x 2f", head, 0, count, 1, ordinate, first, last)
    struct.pack_into("<I", head, 36, 32)
    struct.pack_into("<I", head, 68, 1928)
    struct.pack_into("<f", head, 80, 15798.26)
    return bytes(head)


def spa(
    values: ArrayLike, first: float = 4000.0, last: float = 1000.0, ordinate: int = 17,
    seconds: int = 3_814_248_508, title: str = "tiny",
) -> bytes:  # fmt: skip
    """One spectrum."""
    return spg([values], first, last, [title], [seconds], ordinate, alone=True)


def spg(
    rows: Sequence[ArrayLike], first: float, last: float, titles: Sequence[str],
    seconds: Sequence[int], ordinate: int = 17, alone: bool = False,
) -> bytes:  # fmt: skip
    """A group of spectra, or one alone."""
    keys = (2, 3, 27) if alone else (2, 3, 107)
    count = len(rows) * len(keys)
    head = bytearray(304)
    head[:18] = b"Spectral Data File"
    name = titles[0].encode() if alone else b"group"
    head[30 : 30 + len(name)] = name
    struct.pack_into("<HI", head, 294, count, seconds[0])
    table, body = b"", b""
    begin = 304 + 16 * (count + 1)
    for number, row in enumerate(rows):
        array = np.asarray(row, dtype="<f4")
        log = b"Final format:\r\n\t Resolution:\t 4.000 from 649.9040 to 6000.0410\r\n"
        named = titles[number].encode().ljust(256, b"\0") + struct.pack("<I", seconds[number])
        parts = {2: _omnic_header(array.size, first, last, ordinate), 3: array.tobytes()}
        parts |= {27: log, 107: named}
        for key in keys:
            table += struct.pack("<BxII6x", key, begin + len(body), len(parts[key]))
            body += parts[key]
    return bytes(head) + table + bytes(16) + body


def srs(
    values: ArrayLike, first: float, last: float, minutes: tuple[float, float],
    titles: Sequence[str], seconds: int = 3_759_048_031,
) -> bytes:  # fmt: skip
    """A series over time; its ordinates run against the ends in its header."""
    array = np.asarray(values, dtype="<f4")
    data = _omnic_header(array.shape[1], first, last, 17)
    for row, title in zip(array, titles, strict=True):
        data += bytes(16) + title.encode("latin-1").ljust(84, b"\0") + row[::-1].tobytes()
    info = bytearray(264)
    info[2:8] = b"series"
    struct.pack_into("<2f", info, 70, minutes[1], minutes[0])
    struct.pack_into("<2I", info, 90, len(array), 1)
    head = bytearray(304)
    head[:18] = b"Spectral Exte File"
    struct.pack_into("<HI", head, 294, 2, seconds)
    begin = 304 + 22 * 3
    table = struct.pack("<HQI8x", 325, begin, len(info))
    table += struct.pack("<HQI8x", 301, begin + len(info), len(data))
    return bytes(head) + table + bytes(22) + bytes(info) + data


# -- Galactic SPC -----------------------------------------------------------------------------


def spc(
    rows: Sequence[ArrayLike],
    *,
    ends: tuple[float, float] = (1000.0, 4000.0),
    axis: ArrayLike | None = None,
    axes: Sequence[ArrayLike] | None = None,
    codes: tuple[int, int, int] = (1, 2, 0),
    z: Sequence[float] | None = None,
    exponent: int = -128,
    short: bool = False,
    big: bool = False,
) -> bytes:
    """A file of the new format. ``exponent`` -128 writes floats, others scaled integers."""
    order = ">" if big else "<"
    multiple = len(rows) > 1
    flags = short | multiple << 2 | bool(axes) << 6 | (bool(axes) or axis is not None) << 7
    points = 0 if axes else len(np.asarray(rows[0]))
    head = bytearray(512)
    struct.pack_into(
        order + "BBBbIddIBBBBI", head, 0, flags, 0x4C if big else 0x4B, 0, exponent, points,
        *ends, len(rows), *codes, 0, 2020 << 20 | 2 << 16 | 6 << 11 | 13 << 6 | 9,
    )  # fmt: skip
    head[36:44] = b"4.0 CM-1"
    head[88:93] = b"small"
    out = bytes(head)
    if axis is not None:
        out += np.asarray(axis, dtype=order + "f4").tobytes()
    for number, row in enumerate(rows):
        array = np.asarray(row, dtype=np.float64)
        start = z[number] if z else 0.0
        out += struct.pack(
            order + "BbHfffIIf4x", 0, exponent, number, start, 0, 0, array.size, 16, 0
        )
        if axes:
            out += np.asarray(axes[number], dtype=order + "f4").tobytes()
        if exponent == -128:
            out += array.astype(order + "f4").tobytes()
        else:
            bits = 16 if short else 32
            whole = np.rint(array / 2.0 ** (exponent - bits))
            out += whole.astype(order + ("i2" if short else "i4")).tobytes()
    return out


def spc_old(
    rows: Sequence[ArrayLike], ends: tuple[float, float], exponent: int = 2, tail: bytes = b""
) -> bytes:
    """A file of the old format, whose integers have their upper half first."""
    points = len(np.asarray(rows[0]))
    head = bytearray(224)
    struct.pack_into(
        "<BBhfffBBHBBBB", head, 0, (len(rows) > 1) << 2, 0x4D, exponent, points, *ends, 1, 2,
        1997, 3, 9, 8, 46,
    )  # fmt: skip
    out = bytes(head)
    for number, row in enumerate(rows):
        whole = np.rint(np.asarray(row) / 2.0 ** (exponent - 32)).astype(np.int64)
        out += struct.pack("<BbH28x", 0, exponent, number)
        out += np.stack([whole >> 16 & 0xFFFF, whole & 0xFFFF], axis=1).astype("<u2").tobytes()
    return out + tail
