"""Any other table of a cell: columns named time, voltage (or potential) and current, with units.

The sign of the current is taken as it stands, positive on charge or oxidation, and a note says so.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.cycler import Dialect
from opir.run.readers.vendor import header_score, read_vendor

__all__ = ["DIALECT"]

DIALECT = Dialect(
    name="a table of time, voltage and current",
    names={
        "time": ("time", "testtime", "elapsedtime", "totaltime", "t"),
        "voltage": ("voltage", "cellvoltage", "potential", "ecell", "ewe", "e", "u"),
        "current": ("current", "cellcurrent", "i"),
        "capacity": ("capacity", "charge", "q"),
        "temperature": ("temperature", "celltemperature"),
        "cycle": ("cycle", "cyclenumber", "cycleindex"),
        "half_cycle": ("halfcycle",),
        "step": ("step", "stepindex", "stepnumber"),
    },
    stamps=("date", "datetime", "timestamp", "time"),
    marks=("voltage", "cellvoltage", "potential", "ecell", "ewe", "current", "cellcurrent"),
)


def recognise(head: bytes, path: Path) -> float:
    """By the names of the columns, where no maker's reader knows them."""
    return header_score(head, DIALECT) - 0.15 if header_score(head, DIALECT) else 0.0


def _read(path: Path) -> Contents:
    contents = read_vendor(path, DIALECT, "cycler_csv")
    note = "The sign of the current was taken as it stands: positive on charge or oxidation."
    return replace(contents, notes=(*contents.notes, note))


READERS.add(
    "cycler_csv", Reader("cycler_csv", "CSV of time, voltage and current", recognise, _read)
)
