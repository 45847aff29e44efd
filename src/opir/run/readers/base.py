"""The contract of a reader: one foreign format, one small file.

A reader is a :class:`Reader`: a name, what tells the format by its content, and a function that
turns a file into :class:`Contents`. Register it in its own file with ``READERS.add``; another
package adds one through the entry point group ``opir.readers``.

Third-party parsers are not trusted: a reader wraps them so that whatever is wrong with a file
comes out as :class:`~opir.errors.FormatError` naming file, place and remedy, within bounded time
and memory, and the objects that it returns are checked when they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from opir.errors import FormatError
from opir.registry import Registry
from opir.run.electrochemistry import Electrochemistry
from opir.run.run import Run
from opir.run.spectrum import Spectrum
from opir.run.table import Table

__all__ = [
    "FRAME_AXIS",
    "HEAD_BYTES",
    "MAXIMUM_BYTES",
    "READERS",
    "Block",
    "Contents",
    "Reader",
]

Block = Spectrum | Run | Electrochemistry | Table
"""What a file can hold."""

FRAME_AXIS = "frame number, times unknown"
"""Value of the attribute ``time_axis`` of a run whose file holds no times."""

HEAD_BYTES = 8192
"""How much of a file its format is told by."""

MAXIMUM_BYTES = 2 * 1024**3
"""Larger files are refused before they are opened."""


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes:
        blocks: Name -> spectrum, run, electrochemistry or table, in the order of the file.
        main: Name of the block that ``opir.read`` returns.
        format: Name of the reader.
        notes: What the reader had to assume or leave out, one sentence each.
        arrays: What a file holds beside spectra and records, by name: interferograms over
            ``point``, phases over ``wavenumber``, traces over ``time``.
    """

    blocks: Mapping[str, Block]
    main: str
    format: str
    notes: tuple[str, ...] = field(default=())
    arrays: Mapping[str, xr.DataArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.main not in self.blocks:
            held = ", ".join(self.arrays)
            raise FormatError(
                "the file holds no spectrum" + (f", only {held}" if held else ""),
                remedy="Save the spectrum itself with it" if held else "Export it again",
            )
        for name, array in self.arrays.items():
            if not np.isfinite(array.values).all():
                raise FormatError(
                    f"{name} holds values that are not finite",
                    place=f"block {name}",
                    remedy="The file is damaged: copy or export it again",
                )


@dataclass(frozen=True)
class Reader:
    """One foreign format.

    Attributes:
        name: Name of the format (``"opus"``).
        description: One line for lists and errors.
        recognise: ``(head, path) -> confidence`` from the first :data:`HEAD_BYTES` bytes and the
            path: 0 not this format, 1 certain (magic bytes); text formats say less. The highest
            wins; endings may add at most 0.1 to tell equals apart. Must not raise.
        read: ``path -> Contents``. Raises :class:`~opir.errors.FormatError` on anything wrong.
    """

    name: str
    description: str
    recognise: Callable[[bytes, Path], float]
    read: Callable[[Path], Contents]


READERS: Registry[Reader] = Registry("format", group="opir.readers")
"""Name -> :class:`Reader`."""
