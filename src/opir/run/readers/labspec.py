"""Horiba LabSpec text: ``#key=value`` lines, then one Raman spectrum or a series over time.

A series has the wavenumbers in one line that begins with a tab; each line after it begins with
the acquisition time in seconds.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.clock import parse_stamp
from opir.run.readers.table import find_layout, is_text, load_lines, parse_table
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__: list[str] = []

_ENTRY = re.compile(r"#\s*([^=\t]+?)\s*=\s*(.*?)\s*$")
_MARKS = ("acq. time", "accumulations", "instrument", "detector", "laser", "grating", "axistype")


def recognise(head: bytes, path: Path) -> float:
    """By its ``#key=`` lines."""
    keys = [m[1].lower() for m in map(_ENTRY.match, is_text(head).splitlines()) if m]
    matched = sum(any(key.startswith(mark) for key in keys) for mark in _MARKS)
    return 0.95 if matched >= 2 else 0.0


def _read(path: Path) -> Contents:
    lines = load_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    metadata: dict[str, str] = {}
    row = 0
    while row < len(lines) and (lines[row].startswith("#") or not lines[row].strip()):
        match = _ENTRY.match(lines[row])
        if match and match[2]:
            metadata.setdefault(match[1], match[2])
        row += 1
    if row == len(lines):
        raise FormatError(
            "the file has a header but no spectrum",
            place=f"line {row}",
            remedy="It is cut short; export it again",
        )
    start: datetime | None = None
    if "Acquired" in metadata:
        try:
            start = parse_stamp(metadata["Acquired"], month_first=False)
        except FormatError as error:
            raise error.at(place="header, #Acquired") from None
    for key, value in metadata.items():
        if key.startswith("AxisUnit") and value.strip("() ").lower() in ("nm", "ev", "pixel"):
            raise FormatError(
                f"the axis is in {value}; a Raman shift in cm-1 is needed",
                place=f"header, #{key}",
                remedy="Export it from LabSpec with the unit 1/cm",
            )
    layout = find_layout(lines[row : row + 2])
    if layout is None or layout.delimiter != "\t":
        raise FormatError(
            "the numbers are not separated by tabs",
            place=f"line {row + 1}",
            remedy="Export it again from LabSpec as text",
        )
    fields = layout.split(lines[row].rstrip("\t"))
    name = metadata.get("Title", "") or path.stem
    if fields[0]:
        if len(fields) != 2:
            raise FormatError(
                f"{len(fields)} columns; two (wavenumber, intensity) are needed, or a first line "
                "of wavenumbers that begins with a tab",
                place=f"line {row + 1}",
                remedy="Export single spectra or a time series from LabSpec",
            )
        table = parse_table(lines[row:], layout, columns=[0, 1], first_line=row + 1)
        spectrum = Spectrum.from_arrays(
            table[:, 0],
            table[:, 1],
            signal="raman_intensity",
            name=name,
            start=start,
            metadata=metadata,
            source=path.name,
        )
        return Contents({"spectrum": spectrum}, "spectrum", "labspec")
    if len(fields) > 1 and not fields[1]:
        raise FormatError(
            "the file is a map: its spectra have two coordinates before them",
            place=f"line {row + 1}",
            remedy="Export the spectra of one place over time",
        )
    width = len(fields)
    axis = parse_table([lines[row]], layout, columns=range(1, width), first_line=row + 1)[0]
    _check_width(lines[row + 1 :], width, row + 2)
    table = parse_table(lines[row + 1 :], layout, columns=range(width), first_line=row + 2)
    if len(table) == 0:
        raise FormatError(
            "the file has wavenumbers but no spectrum",
            place=f"line {row + 1}",
            remedy="It is cut short; export it again",
        )
    notes = []
    if table[0, 0] != 0:
        notes.append(f"Times in the file begin at {table[0, 0]:g} s and are kept.")
    run = Run.from_arrays(
        table[:, 0],
        axis,
        np.ascontiguousarray(table[:, 1:]),
        signal="raman_intensity",
        name=name,
        start=start,
        metadata=metadata,
        source=path.name,
    )
    return Contents({"series": run}, "series", "labspec", tuple(notes))


def _check_width(lines: list[str], width: int, first_line: int) -> None:
    for number, line in enumerate(lines, start=first_line):
        count = line.rstrip("\t").count("\t") + 1
        if count != width:
            raise FormatError(
                f"the line has {count} fields; {width} are needed, as in the line of wavenumbers",
                place=f"line {number}",
                remedy="The file is damaged or cut short; export it again",
            )


READERS.add("labspec", Reader("labspec", "LabSpec text (.txt)", recognise, _read))
