"""Reading any file: find out its format by its content, then hand it to that reader."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from opir.errors import FormatError, OpirError, UnknownNameError
from opir.files import check_regular
from opir.run.readers.base import HEAD_BYTES, MAXIMUM_BYTES, READERS, Block, Contents, Reader

__all__ = ["known_readers", "read", "read_all", "recognise"]

_BUILT_IN: tuple[str, ...] = (
    *("opus", "omnic", "spc", "jcamp"),
    *("labspec", "eclab_text", "eclab_mpr", "arbin", "neware", "bdf", "cycler_csv"),
    *("delimited", "columns"),
    *("netcdf", "folder", "archive"),
)
"""Modules of this package that register a reader."""


def _load_built_in() -> None:
    for module in _BUILT_IN:
        importlib.import_module(f"opir.run.readers.{module}")


def known_readers() -> list[Reader]:
    """Every reader, those of other packages included, in the order of their names."""
    _load_built_in()
    return sorted(READERS.values(), key=lambda reader: reader.name)


def _head(path: Path) -> bytes:
    check_regular(path)
    try:
        size = path.stat().st_size
        if size == 0:
            raise FormatError("the file is empty", remedy="Export it again", path=path)
        if size > MAXIMUM_BYTES:
            raise FormatError(
                f"the file has {size / 1e9:.1f} GB, more than {MAXIMUM_BYTES / 1e9:.1f} GB",
                remedy="Split it, or export fewer spectra",
                path=path,
            )
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise FormatError(
            f"the file cannot be opened ({error.strerror or error})",
            remedy="Check that it is a file you may read",
            path=path,
        ) from error


def recognise(path: Path | str) -> Reader:
    """The reader whose format a file or folder has, told by content.

    Raises:
        FormatError: If no reader knows it.
    """
    _load_built_in()
    path = Path(path)
    head = b"" if path.is_dir() else _head(path)
    if path.is_dir() and os.path.isfile(path / "zarr.json"):
        raise FormatError(
            "this is a store of runs, not one run",
            remedy="See what it holds: opir data info; take a run out: opir data export STORE ID "
            "-o run.nc",
            path=path,
        )
    ranked = sorted(READERS.values(), key=lambda r: r.recognise(head, path), reverse=True)
    if not ranked or ranked[0].recognise(head, path) <= 0:
        raise FormatError(
            "the format is not known by its content",
            remedy="Readable are: " + "; ".join(r.description for r in READERS.values()),
            path=path,
        )
    return ranked[0]


def read_all(path: Path | str, *, format: str | None = None) -> Contents:
    """Everything that a file holds.

    Args:
        path: A file, a zip archive or a folder.
        format: Name of a reader, to skip telling it by content.

    Raises:
        FormatError: If the file is empty, damaged, too large or of an unknown format.
        UnknownNameError: If there is no reader ``format``.
    """
    path = Path(path)
    if format is None:
        reader = recognise(path)
    else:
        _load_built_in()
        reader = READERS[format]
        if not path.is_dir():
            _head(path)
    try:
        return reader.read(path)
    except OpirError as error:
        raise error.at(path=path) from error.__cause__
    except OSError as error:
        raise FormatError(
            f"the {'folder' if path.is_dir() else 'file'} cannot be read "
            f"({error.strerror or error})",
            remedy="Check that you may read it and what it holds",
            path=path,
        ) from error


def read(path: Path | str, *, format: str | None = None, block: str | None = None) -> Block:
    """The main thing that a file holds: a spectrum, a run or an electrochemistry record.

    Args:
        path: A file, a zip archive or a folder.
        format: Name of a reader, to skip telling it by content.
        block: Name of another block of the file (see :func:`read_all`).

    Raises:
        FormatError, UnknownNameError: See :func:`read_all`; unknown blocks list the nearest.
    """
    contents = read_all(path, format=format)
    if block is None:
        return contents.blocks[contents.main]
    if block not in contents.blocks:
        raise UnknownNameError("block", block, contents.blocks, path=str(path))
    return contents.blocks[block]
