"""NetCDF4 files that opir wrote, and others whose names and units are the same."""

from __future__ import annotations

from pathlib import Path

from opir.run.netcdf import is_netcdf, read_netcdf
from opir.run.readers.base import READERS, Contents, Reader

__all__: list[str] = []


def recognise(head: bytes, path: Path) -> float:
    """By the magic bytes of HDF5."""
    return 0.9 if is_netcdf(head) else 0.0


def _read(path: Path) -> Contents:
    block = read_netcdf(path)
    return Contents({block.KIND: block}, block.KIND, "netcdf")


READERS.add("netcdf", Reader("netcdf", "NetCDF4 of opir (.nc)", recognise, _read))
