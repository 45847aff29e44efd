"""Arbin CSV exports (MITS Pro, Data Watcher): ``Test_Time(s)``, ``Voltage(V)``, ``Current(A)``.

Arbin's currents are positive on charge, as inside opir.
"""

from __future__ import annotations

from pathlib import Path

from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.cycler import Dialect
from opir.run.readers.vendor import header_score, read_vendor

__all__ = ["DIALECT"]

DIALECT = Dialect(
    name="Arbin",
    names={
        "time": ("testtime",),
        "voltage": ("voltage",),
        "current": ("current",),
        "capacity_charge": ("chargecapacity",),
        "capacity_discharge": ("dischargecapacity",),
        "temperature": ("auxtemperature1", "auxtemperature", "temperature", "temperature1"),
        "cycle": ("cycleindex",),
        "step": ("stepindex",),
    },
    stamps=("datetime",),
    marks=("testtime", "steptime", "datapoint", "dischargecapacity"),
    month_first=True,
)


def recognise(head: bytes, path: Path) -> float:
    """By the names of the columns."""
    return header_score(head, DIALECT)


def _read(path: Path) -> Contents:
    return read_vendor(path, DIALECT, "arbin")


READERS.add("arbin", Reader("arbin", "Arbin CSV", recognise, _read))
