"""JCAMP-DX files of infrared and Raman spectra, in every number form.

After R. S. McDonald and P. A. Wilks, Appl. Spectrosc. 42 (1988) 151, doi
10.1366/0003702884428734 (JCAMP-DX 4.24). A file is labelled data records ``##LABEL= value``; a
compound file (``DATA TYPE= LINK``) holds others between its ``TITLE`` and its ``END``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError
from opir.run.described import ORIGINS
from opir.run.readers.asdf import Line, decode, numbers
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.binary import DAMAGED, check_axis_ends, check_plausible
from opir.run.readers.ordinates import as_fraction, wavenumbers
from opir.run.readers.series import Frame, gather

__all__ = ["JCAMP", "read_jcamp"]

X_UNITS = {
    "1/CM": "cm-1", "CM-1": "cm-1", "CM^-1": "cm-1", "CM**-1": "cm-1", "WAVENUMBERS": "cm-1",
    "WAVENUMBER": "cm-1", "WAVENUMBER(CM-1)": "cm-1", "RAMANSHIFT": "cm-1",
    "RAMANSHIFT(CM-1)": "cm-1", "RAMANSHIFT(1/CM)": "cm-1", "MICROMETERS": "um", "MICRONS": "um",
    "UM": "um", "NANOMETERS": "nm", "NM": "nm",
}  # fmt: skip
Y_UNITS: dict[str, tuple[str, str | None]] = {
    "ABSORBANCE": ("absorbance", None), "TRANSMITTANCE": ("transmittance", None),
    "TRANSMISSION": ("transmittance", None), "REFLECTANCE": ("reflectance", None),
    "KUBELKA-MUNK": ("kubelka_munk", None), "KUBELKAMUNK": ("kubelka_munk", None),
    "%TRANSMITTANCE": ("transmittance", "%"), "PERCENTTRANSMITTANCE": ("transmittance", "%"),
    "TRANSMITTANCE(%)": ("transmittance", "%"), "%T": ("transmittance", "%"),
    "%TRANSMISSION": ("transmittance", "%"), "%REFLECTANCE": ("reflectance", "%"),
    "PERCENTREFLECTANCE": ("reflectance", "%"), "SINGLEBEAM": ("single_channel", None),
    "SINGLECHANNEL": ("single_channel", None),
}  # fmt: skip
TABLES = ("XYDATA", "XYPOINTS")
REFUSED = {
    "PEAKTABLE": "a peak table is a list of peaks, no spectrum",
    "PEAKASSIGNMENTS": "a table of peak assignments is no spectrum",
    "NTUPLES": "NTUPLES tables are not read",
    "RADATA": "an interferogram (RADATA) has no wavenumber axis",
}
MAXIMUM_DEPTH = 16
LONGEST_RECORD = 4000
"""Characters of a record beside the tables that are kept, about."""


@dataclass
class _Block:
    """One block: its records by label, its table, its blocks inside."""

    line: int
    records: dict[str, str] = field(default_factory=dict)
    table: tuple[str, int, list[tuple[int, str]]] | None = None
    refused: tuple[str, int] | None = None
    inner: list[_Block] = field(default_factory=list)

    def leaves(self) -> Iterator[_Block]:
        """This block and those inside that hold, or should hold, a table."""
        if self.table is not None or self.refused is not None:
            yield self
        for block in self.inner:
            yield from block.leaves()


def _label(text: str) -> str:
    """One spelling for a label: capitals, and no blanks, dashes, slashes or underscores."""
    return re.sub(r"[\s/_-]", "", text).upper()


def _parse(text: str) -> tuple[list[_Block], bool]:
    """The blocks of a file, and whether the last one is closed."""
    top: list[_Block] = []
    stack: list[_Block] = []
    label = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("$$")[0].rstrip()
        match = re.match(r"\s*##([^=]*)(=?)(.*)$", line)
        if match is None:
            if not stack or not label or not line.strip():
                continue
            block = stack[-1]
            if block.table is not None and label in TABLES:
                block.table[2].append((number, line))
            elif len(block.records.get(label, "-" * LONGEST_RECORD)) < LONGEST_RECORD:
                block.records[label] += "\n" + line.strip()
            continue
        label, value = _label(match[1]), match[3].strip()
        if label == "TITLE":
            block = _Block(number)
            (stack[-1].inner if stack else top).append(block)
            stack.append(block)
            if len(stack) > MAXIMUM_DEPTH:
                raise FormatError(
                    f"blocks stand in one another more than {MAXIMUM_DEPTH} deep",
                    place=f"line {number}",
                    remedy=DAMAGED,
                )
        if not stack:
            raise FormatError(
                f"the record ##{match[1].strip()[:20]} stands before any ##TITLE=",
                place=f"line {number}",
                remedy=DAMAGED,
            )
        block = stack[-1]
        if label == "END":
            stack.pop()
            label = ""
        elif label in TABLES:
            block.table = (label, number, [])
            block.records[label] = value
        elif label in REFUSED:
            block.refused = (label, number)
            block.records[label] = value
        else:
            block.records[label] = value
    if stack and label in TABLES:
        raise FormatError(
            "the file ends inside a table, where a number may be cut",
            place=f"line {text.count(chr(10)) + 1}",
            remedy="Export it again; or, if it is whole, write ##END= after its last line",
        )
    return top, not stack


def _float(block: _Block, label: str, default: float | None = None) -> float:
    text = block.records.get(label, "")
    try:
        value = float(text.split()[0]) if text else default
    except ValueError:
        value = None
    if value is None or not math.isfinite(value):
        said = f"is {text.splitlines()[0][:20]!r}" if text else "is missing"
        raise FormatError(
            f"##{label}= {said}; a number is needed",
            place=f"block at line {block.line}",
            remedy=DAMAGED,
        )
    return value


_LONG_DATE = re.compile(
    r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?"
    r"(?:\s*([+-])(\d{2}):?(\d{2}))?"
)


def _moment(block: _Block, notes: list[str]) -> datetime | None:
    """When it was taken, from LONGDATE, or DATE and TIME; None where there is no clock time."""
    text = block.records.get("LONGDATE", "")
    if not text:
        text = f"{block.records.get('DATE', '')} {block.records.get('TIME', '')}".strip()
        short = re.match(r"(\d{2})/(\d{1,2}/\d{1,2}\s)", text)
        if short:
            # Two digits of a year are from 1970 on, which is older than the format.
            text = f"{20 if int(short[1]) < 70 else 19}{text}"
    match = _LONG_DATE.match(text)
    if match is None or match[4] is None:
        return None
    year, month, day, hour, minute = (int(match[i]) for i in range(1, 6))
    zone = None
    try:
        if match[8]:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
            zone = timezone(-offset if match[8] == "-" else offset)
        moment = datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=zone)
    except ValueError:
        notes.append(f"The time of measurement {text[:40]!r} is none")
        return None
    return moment + timedelta(microseconds=round(float(match[7] or 0) * 1e6))


def _check_abscissas(
    axis: NDArray[np.float64], starts: list[Line], factor: float, place: str
) -> None:
    """Each line begins with its abscissa; one that is far off tells of a lost line."""
    if axis.size < 2:
        return
    step = abs(axis[1] - axis[0])
    for line in starts:
        expected = axis[min(line.index, axis.size - 1)]
        found = line.x * factor
        # Writers round abscissas, some to whole numbers.
        if not abs(found - expected) <= 2 * step + max(0.51 * abs(factor), 1e-5 * abs(expected)):
            raise FormatError(
                f"the line begins at {found:g}, but point {line.index + 1} lies at {expected:g}",
                place=f"line {line.number}",
                remedy=DAMAGED,
            )


def _points(block: _Block, most: int, place: str) -> int:
    points = _float(block, "NPOINTS")
    if points != int(points) or not 1 <= points <= most:
        raise FormatError(f"##NPOINTS= {points:g} cannot be", place=place, remedy=DAMAGED)
    return int(points)


def _table(block: _Block, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Axis and ordinates of a block, in the units of the file."""
    if block.table is None:
        raise FormatError("a block has no table", place=f"block at line {block.line}")
    label, line, lines = block.table
    place = f"line {line}"
    form = re.sub(r"\s", "", block.records[label]).upper()
    x_factor, y_factor = _float(block, "XFACTOR", 1.0), _float(block, "YFACTOR", 1.0)
    count = _points(block, most, place)
    if form == "(X++(Y..Y))":
        axis = check_axis_ends(_float(block, "FIRSTX"), _float(block, "LASTX"), count, place)
        ordinates, starts = decode(lines, count)
        if ordinates.size != count:
            raise FormatError(
                f"{count} points are announced, {ordinates.size} are there",
                place=place,
                remedy=DAMAGED,
            )
        _check_abscissas(axis, starts, x_factor, place)
        with np.errstate(over="ignore"):
            return axis, ordinates * y_factor
    if form == "(XY..XY)":
        pairs = numbers(lines, 2 * count)
        if pairs.size != 2 * count:
            raise FormatError(
                f"{count} points are announced, {pairs.size / 2:g} are there",
                place=place,
                remedy=DAMAGED,
            )
        with np.errstate(over="ignore"):
            return pairs[0::2] * x_factor, pairs[1::2] * y_factor
    raise FormatError(
        f"the table has the form {form[:30]!r}; (X++(Y..Y)) and (XY..XY) are read", place=place
    )


def _frame(block: _Block, most: int, notes: list[str]) -> Frame:
    records = block.records
    place = f"block at line {block.line}"
    if block.table is None:
        label, line = block.refused or ("", block.line)
        raise FormatError(
            REFUSED.get(label, "the block has no table"),
            place=f"line {line}",
            remedy="Export the spectrum itself as XYDATA",
        )
    said = re.sub(r"\s", "", records.get("XUNITS", "")).upper()
    if said not in X_UNITS:
        raise FormatError(
            f"##XUNITS= {records.get('XUNITS', '(missing)')[:30]!r} is no wavenumber or wavelength",
            place=place,
            remedy="Readable are 1/CM, MICROMETERS and NANOMETERS",
        )
    axis, values = _table(block, most)
    check_plausible(values, place)
    axis, note = wavenumbers(axis, X_UNITS[said], place)
    ordinate = records.get("YUNITS", "")
    key = re.sub(r"\s", "", ordinate).upper()
    raman = "RAMAN" in records.get("DATATYPE", "").upper() or said.startswith("RAMAN")
    signal, unit = Y_UNITS.get(key, ("raman_intensity" if raman else "intensity", None))
    metadata: dict[str, Any] = {
        "records": {k: v[:1000] for k, v in list(records.items())[:200] if k not in TABLES}
    }
    if key not in Y_UNITS:
        metadata["ordinate"] = ordinate[:100]
    if "RESOLUTION" in records:
        metadata["resolution"] = records["RESOLUTION"].splitlines()[0][:40]
    if unit is None:
        values, percent = as_fraction(values, signal)
        notes += [percent] if percent and percent not in notes else []
    notes += [note] if note and note not in notes else []
    start = _moment(block, notes)
    time = None
    if "$TIME" in records:
        time = _float(block, "$TIME")
    elif start is not None:
        time = (start.replace(tzinfo=start.tzinfo or UTC) - _EPOCH).total_seconds()
    origin = records.get("$VALUES", "measured")
    return Frame(
        axis,
        values,
        signal,
        place,
        unit=unit,
        title=" ".join(records.get("TITLE", "").split())[:200],
        time=time,
        start=start,
        metadata=metadata,
        origin=origin if origin in ORIGINS else "unknown",
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_jcamp(path: Path) -> Contents:
    """Read a JCAMP-DX file.

    Args:
        path: A .dx, .jdx or .jcm file.

    Returns:
        One spectrum; of a compound file, a run ``series`` if its spectra share an axis and have
        times that differ, else one block for each. Wavelengths are converted to cm-1, and the
        notes say so.

    Raises:
        FormatError: If it is damaged or cut short (points or checks do not agree), holds peak
            tables, NTUPLES or interferograms only, or has an axis of another kind.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    top, closed = _parse(text)
    leaves = [leaf for block in top for leaf in block.leaves()]
    if not leaves:
        raise FormatError(
            "the file holds no ##XYDATA= or ##XYPOINTS= table", place="line 1", remedy=DAMAGED
        )
    notes = [] if closed else ["The last ##END= is missing"]
    readable = [leaf for leaf in leaves if leaf.table is not None]
    notes += [
        f"Left out at line {leaf.refused[1]}: {REFUSED[leaf.refused[0]]}"
        for leaf in leaves
        if leaf.table is None and leaf.refused is not None and readable
    ]
    # Repeats compress a flat line, but no file is all flat lines.
    most = 200_000 + 4 * len(raw)
    frames: list[Frame] = []
    for leaf in readable or leaves[:1]:
        frames.append(_frame(leaf, most, notes))
        most -= frames[-1].axis.size
    blocks, said = gather(frames, name=top[0].records.get("TITLE", "")[:200])
    return Contents(blocks, next(iter(blocks)), "jcamp", (*notes, *said))


def _recognise(head: bytes, path: Path) -> float:
    text = head.decode("latin-1").lstrip("ï»¿ \t\r\n")
    if re.search(r"(?m)^\s*##\s*JCAMP[\s_/-]*DX\s*=", text, re.IGNORECASE):
        return 0.95
    return 0.85 if re.match(r"(?:\$\$.*\n\s*)*##\s*TITLE\s*=", text, re.IGNORECASE) else 0.0


JCAMP = Reader(
    name="jcamp",
    description="JCAMP-DX (.dx, .jdx)",
    recognise=_recognise,
    read=read_jcamp,
)
READERS.add(JCAMP.name, JCAMP)
