"""The Battery Data Format as CSV: ``Test Time / s``, ``Voltage / V``, ``Current / A``.

Its currents are positive on charge, as inside opir.
"""

from __future__ import annotations

from pathlib import Path

from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.cycler import Dialect
from opir.run.readers.vendor import header_score, read_vendor

__all__ = ["DIALECT"]

DIALECT = Dialect(
    name="Battery Data Format",
    names={
        "time": ("testtime",),
        "voltage": ("voltage",),
        "current": ("current",),
        "capacity": ("netcapacity",),
        "capacity_charge": ("chargingcapacity", "cyclechargingcapacity"),
        "capacity_discharge": ("dischargingcapacity", "cycledischargingcapacity"),
        "temperature": ("surfacetemperature", "temperaturet1", "ambienttemperature"),
        "cycle": ("cyclecount",),
        "step": ("stepindex", "stepcount"),
    },
    stamps=("datetime",),
    marks=("unixtime", "testtime", "cyclecount", "ambienttemperature", "chargingcapacity"),
    separator=" / ",
)


def recognise(head: bytes, path: Path) -> float:
    """By the names of the columns, whose units stand after a spaced slash."""
    return header_score(head, DIALECT)


def _read(path: Path) -> Contents:
    return read_vendor(path, DIALECT, "bdf")


READERS.add("bdf", Reader("bdf", "Battery Data Format CSV", recognise, _read))
