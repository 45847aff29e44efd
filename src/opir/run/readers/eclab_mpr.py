"""Bio-Logic EC-Lab binary files (``.mpr``).

The file is a magic text and a row of modules: each ``MODULE``, a short and a long name, a length,
a version and a date, then its data. The module ``VMP data`` holds the number of rows, the ids of
the columns and, from an offset that depends on the version, the rows; ``VMP LOG`` holds the start
of the acquisition as days since 1899-12-30. The maker does not publish the format; offsets and
ids are those that public readers of it document. A file with one id that is not known
is read all the same, as the length of the rows tells that column's width.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.cycler import Column, build_record
from opir.run.readers.eclab_text import DIALECT

__all__: list[str] = []

_MAGIC = b"BIO-LOGIC MODULAR FILE"
_FIRST = 52
_EPOCH = datetime(1899, 12, 30)
_TIMESTAMP = 0x249

_FLAGS = {1: ("mode", 0x03), 2: ("ox/red", 0x04), 3: ("error", 0x08)}
_FLAGS |= {21: ("control changes", 0x10), 31: ("Ns changes", 0x20), 65: ("counter inc.", 0x80)}
"""Ids that share the first byte of a row: name and mask."""

_WIDTHS = {
    "<f8": {
        4: "time/s", 7: "dq/mA.h", 11: "<I>/mA", 13: "(Q-Qo)/mA.h", 23: "dQ/mA.h",
        24: "cycle number", 74: "|Energy|/W.h", 123: "Energy charge/W.h",
        124: "Energy discharge/W.h", 125: "Capacitance charge/µF",
        126: "Capacitance discharge/µF", 182: "step time/s", 211: "Q charge/discharge/mA.h",
        438: "step time/s", 467: "Q charge/discharge/mA.h", 498: "Q charge/mA.h",
        499: "Q discharge/mA.h", 500: "step time/s", 501: "Efficiency/%", 502: "Capacity/mA.h",
    },
    "<f4": {
        5: "control/V/mA", 6: "Ewe/V", 8: "I/mA", 9: "Ece/V", 16: "Analog IN 1/V",
        17: "Analog IN 2/V", 19: "control/V", 20: "control/mA", 26: "Rapp/Ohm", 27: "Ewe-Ece/V",
        32: "freq/Hz", 33: "|Ewe|/V", 34: "|I|/A", 35: "Phase(Z)/deg", 36: "|Z|/Ohm",
        37: "Re(Z)/Ohm", 38: "-Im(Z)/Ohm", 69: "R/Ohm", 70: "P/W", 75: "Analog OUT/V",
        76: "<I>/mA", 77: "<Ewe>/V", 78: "Cs-2/µF-2", 96: "|Ece|/V", 98: "Phase(Zce)/deg",
        99: "|Zce|/Ohm", 100: "Re(Zce)/Ohm", 101: "-Im(Zce)/Ohm", 163: "|Estack|/V",
        168: "Rcmp/Ohm", 169: "Cs/µF", 172: "Cp/µF", 173: "Cp-2/µF-2", 174: "<Ewe>/V",
        178: "(Q-Qo)/C", 179: "dQ/C", 185: "<Ece>/V", 206: "Temperature/°C", 215: "<Ece>/V",
        391: "<E1>/V", 392: "<E2>/V", 430: "Phase(Zwe-ce)/deg", 431: "|Zwe-ce|/Ohm",
        432: "Re(Zwe-ce)/Ohm", 433: "-Im(Zwe-ce)/Ohm", 434: "(Q-Qo)/C", 435: "dQ/C",
        462: "Temperature/°C", 471: "<Ece>/V", 505: "Rdc/Ohm",
    },
    "<u4": {212: "half cycle", 213: "z cycle", 468: "half cycle", 469: "z cycle"},
    "<u2": {39: "I Range", 131: "Ns"},
    "u1": {253: "Acir/Dcir Control", 509: "Acir/Dcir Control"},
}  # fmt: skip
_COLUMNS = {id: (name, code) for code, group in _WIDTHS.items() for id, name in group.items()}
"""Id -> name as EC-Lab writes it in text exports, and type."""


@dataclass(frozen=True)
class _Module:
    name: str
    version: int
    newer: bool
    offset: int
    length: int


def recognise(head: bytes, path: Path) -> float:
    """Certain by the magic text."""
    return 1.0 if head.startswith(_MAGIC) else 0.0


def _modules(data: bytes) -> dict[str, _Module]:
    """Module name -> where its data lie.

    Raises:
        FormatError: If the row of modules is broken.
    """
    found: dict[str, _Module] = {}
    at = _FIRST
    while at < len(data):
        if data[at : at + 6] != b"MODULE":
            raise FormatError(
                "a module does not begin where the one before it ends",
                place=f"byte {at}",
                remedy="The file is damaged; copy it again, or export it as text from EC-Lab",
            )
        if at + 6 + 51 > len(data):
            raise _cut(at)
        name = data[at + 6 : at + 16].decode("latin-1").strip(" \0")
        length, version = struct.unpack_from("<II", data, at + 6 + 35)
        body, newer = at + 6 + 51, False
        if length == 0xFFFFFFFF:  # EC-Lab 11.50 and later: a longer header
            if at + 6 + 59 > len(data):
                raise _cut(at)
            length, version = struct.unpack_from("<II", data, at + 6 + 39)
            body, newer = at + 6 + 59, True
        if body + length > len(data):
            raise _cut(at, f"module {name!r} announces {length} bytes, {len(data) - body} are left")
        found.setdefault(name, _Module(name, version, newer, body, length))
        at = body + length
    return found


def _cut(at: int, problem: str = "the file ends within the header of a module") -> FormatError:
    remedy = "The file is cut short; copy it again when the measurement has ended"
    return FormatError(problem, place=f"byte {at}", remedy=remedy)


def _table(data: bytes, module: _Module) -> tuple[list[Column], list[str]]:
    """The columns of the data module, and notes."""
    at = module.offset
    if module.length < 5:
        raise _cut(at, "the data module holds nothing")
    rows, count = struct.unpack_from("<IB", data, at)
    if module.version == 0:
        width, kind, begin = (2, ">", 1007) if module.newer else (1, "", 100)
    elif module.version in (2, 3):
        width, kind, begin = 2, "<", 405 if module.version == 2 else 406
    else:
        raise FormatError(
            f"version {module.version} of the data module is not known",
            place=f"byte {at}",
            remedy="Export the file as text (.mpt) from EC-Lab",
        )
    if count == 0 or rows == 0 or begin > module.length or 5 + count * width > begin:
        raise FormatError(
            f"the data module holds {rows} rows of {count} columns",
            place=f"byte {at}",
            remedy="The measurement has no data yet, or the file is damaged",
        )
    ids = np.frombuffer(data, f"{kind}u{width}", count, at + 5).tolist()
    size, odd = divmod(module.length - begin, rows)
    fields, flags, notes = _fields(ids, size)
    if odd and (module.length - begin) // size < rows:
        raise _cut(at, f"{rows} rows of {size} bytes are announced, fewer are there")
    if odd:
        raise FormatError(
            f"the {module.length - begin} bytes of data are not {rows} whole rows",
            place=f"byte {at + begin}",
            remedy="The file is damaged; export it as text (.mpt) from EC-Lab",
        )
    table = np.frombuffer(data, np.dtype(fields), rows, at + begin)
    columns = []
    for label, _ in fields:
        if not label.startswith(("skip ", "flags")):
            columns.append(Column(label, np.asarray(table[label], dtype=np.float64)))
    for id in flags:
        name, mask = _FLAGS[id]
        shift = (mask & -mask).bit_length() - 1
        columns.append(Column(name, ((table["flags"] & mask) >> shift).astype(np.float64)))
    return columns, notes


def _fields(ids: list[int], size: int) -> tuple[list[tuple[str, str]], list[int], list[str]]:
    """Fields of a row of ``size`` bytes, the flags among the ids, and notes."""
    fields: list[tuple[str, str]] = []
    flags: list[int] = []
    unknown: list[int] = []
    for id in ids:
        if id in _FLAGS:
            if not flags:
                fields.append(("flags", "u1"))
            flags.append(id)
            continue
        if id in _COLUMNS:
            name, code = _COLUMNS[id]
            if any(name == label for label, _ in fields):
                name = f"{name.rpartition('/')[0] or name} ({id})"
        else:
            name, code = f"skip {id}", "V0"
            unknown.append(id)
        if any(name == label for label, _ in fields):
            raise _unknown_columns([id], "is there twice")
        fields.append((name, code))
    rest = size - sum(np.dtype(code).itemsize for _, code in fields)
    if len(unknown) > 1:
        raise _unknown_columns(unknown, "are not known")
    if unknown:
        if rest not in (1, 2, 4, 8):
            raise _unknown_columns(unknown, "is not known")
        fields = [(name, f"V{rest}" if code == "V0" else code) for name, code in fields]
        return fields, flags, [f"Column {unknown[0]} is not known and was left out."]
    if rest < 0:
        raise FormatError(
            f"each row needs {size - rest} bytes; {size} are there for each row announced",
            remedy="The file is cut short or damaged; copy it again, or export it as text (.mpt)",
        )
    if rest != 0:
        raise FormatError(
            f"the rows have {size} bytes, their columns {size - rest}",
            remedy="The file is damaged or newer; export it as text (.mpt) from EC-Lab",
        )
    return fields, flags, []


def _unknown_columns(ids: list[int], what: str) -> FormatError:
    names = ", ".join(map(str, ids[:10]))
    return FormatError(
        f"column id(s) {names} {what}", remedy="Export the file as text (.mpt) from EC-Lab"
    )


def _start(data: bytes, module: _Module | None) -> datetime | None:
    """When the acquisition began, by the log module; None where it does not say."""
    if module is None or module.length < _TIMESTAMP + 8:
        return None
    # Newer headers shift the log by some bytes: the first plausible date at the known places.
    for at in (_TIMESTAMP, _TIMESTAMP + 1, _TIMESTAMP + 2):
        if module.length < at + 8:
            break
        (days,) = struct.unpack_from("<d", data, module.offset + at)
        if 32000 < days < 73000:  # 1987 to 2099
            return _EPOCH + timedelta(milliseconds=round(days * 86_400_000))
    return None


def _read(path: Path) -> Contents:
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise FormatError(
            "the file does not begin as a Bio-Logic file does",
            place="byte 0",
            remedy="Name its format, or let it be told by content",
        )
    modules = _modules(data)
    if "VMP data" not in modules:
        raise FormatError(
            f"the file has no data module, only: {', '.join(modules) or 'none'}",
            remedy="It holds settings alone (.mps), or the measurement has not begun",
        )
    columns, notes = _table(data, modules["VMP data"])
    start = _start(data, modules.get("VMP LOG"))
    if start is None:
        notes.append("The file does not say when the record began.")
    record, said = build_record(
        columns, DIALECT, start=start, notes=notes, name=path.stem, source=path.name
    )
    return Contents({"electrochemistry": record}, "electrochemistry", "eclab_mpr", said)


READERS.add("eclab_mpr", Reader("eclab_mpr", "Bio-Logic EC-Lab binary (.mpr)", recognise, _read))
