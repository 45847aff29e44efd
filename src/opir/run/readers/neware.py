"""Neware CSV and text exports (BTSDA), in the spellings of their versions.

The time is ``Total Time`` where there is one, else the points in time (``Date``, ``Realtime``,
``Absolute Time``), else ``Time``, which counts from the start of each step. Neware's currents
are negative on discharge, as inside opir; older exports give magnitudes, whose sign is then
taken from the step type, and said so.
"""

from __future__ import annotations

from pathlib import Path

from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.cycler import Dialect
from opir.run.readers.vendor import header_score, read_vendor

__all__ = ["DIALECT"]

DIALECT = Dialect(
    name="Neware",
    names={
        "time": ("totaltime", "time", "relativetime", "steptime"),
        "voltage": ("voltage", "vol"),
        "current": ("current", "cur"),
        "capacity": ("capacity", "cap", "capacitydensity"),
        "capacity_charge": ("chgcap", "chargecapacity", "chargingcapacity"),
        "capacity_discharge": ("dchgcap", "dischargecapacity", "dischargingcapacity"),
        "temperature": ("temperature", "auxiliarytemperature", "t1"),
        "cycle": ("cycleindex", "cycle", "cycleid", "cycleno"),
        "step": ("stepindex", "stepid", "stepnumber", "stepno"),
    },
    stamps=("date", "datetime", "realtime", "absolutetime"),
    marks=(
        *("recordid", "datapoint", "record", "steptype", "status", "totaltime", "absolutetime"),
        *("relativetime", "realtime", "recordnumber", "workingmode", "cycleindex"),
    ),
    step_time=("time", "relativetime", "steptime"),
    step_type=("steptype", "status", "workingmode", "stepname", "state"),
)


def recognise(head: bytes, path: Path) -> float:
    """By the names of the columns."""
    return header_score(head, DIALECT) * 0.99


def _read(path: Path) -> Contents:
    return read_vendor(path, DIALECT, "neware")


READERS.add("neware", Reader("neware", "Neware CSV", recognise, _read))
