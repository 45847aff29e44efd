"""Arrays and table columns out of .npz, .npy, HDF5, .mat and .csv files. Nothing is unpickled."""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError, OpirError, UnknownNameError
from opir.files import check_regular

__all__ = ["LazyArray", "open_array", "read_table"]

LARGEST_IN_MEMORY = 4 * 1024**3
"""Arrays that can only be read whole (.npz, .mat of version 5) are refused above this [bytes]."""

_LARGEST_TABLE = 256 * 1024**2


class LazyArray:
    """An array in a file, read piece by piece.

    Args:
        values: What slices like an array: an array, a memory-map, an HDF5 dataset.
        reverse: Whether its axes are stored in the opposite order (MATLAB 7.3).
        name: ``FILE#NAME``, for messages.
    """

    def __init__(self, values: Any, name: str, *, reverse: bool = False) -> None:
        self._values = values
        self._reverse = reverse
        self.name = name
        kind = np.dtype(values.dtype).kind
        if kind not in "fiub":
            raise FormatError(
                f"the array is of type {values.dtype}; real numbers are needed",
                remedy="Export plain numeric arrays, no cells, structs or objects",
                place=name,
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, axes in the order in which the user of the file sees them."""
        shape = tuple(int(n) for n in self._values.shape)
        return shape[::-1] if self._reverse else shape

    def take(self, axis: int | None, index: int) -> NDArray[Any]:
        """The piece at ``index`` of ``axis``; the whole where ``axis`` is None."""
        where: list[Any] = [slice(None)] * len(self.shape)
        if axis is not None:
            where[axis] = index
        try:
            if self._reverse:
                return np.asarray(self._values[tuple(where[::-1])], dtype=_kept(self._values)).T
            return np.asarray(self._values[tuple(where)], dtype=_kept(self._values))
        # HDF5 raises whatever comes on damaged chunks.
        except Exception as error:
            raise FormatError(f"the array cannot be read ({error})", place=self.name) from error


def _kept(values: Any) -> type[np.float32] | type[np.float64]:
    return np.float32 if np.dtype(values.dtype) == np.float32 else np.float64


def open_array(reference: str, base: Path) -> LazyArray:
    """The array that ``FILE#NAME`` refers to (``FILE`` alone for .npy).

    Args:
        reference: File, relative to ``base``, and the name of the array in it.
        base: Folder of the mapping file.

    Raises:
        FormatError: If the file is missing, damaged or of an unknown kind.
        UnknownNameError: If it holds no such array; the nearest are listed.
    """
    file, _, name = reference.partition("#")
    path = base / file
    check_regular(path)
    if not path.is_file():
        raise FormatError("this is a folder", remedy="Name a file in 'from'", path=path)
    ending = path.suffix.lower()
    if ending not in _OPENERS:
        raise UnknownNameError("kind of data file", ending, _OPENERS, path=str(path))
    try:
        return _OPENERS[ending](path, name)
    except OpirError as error:
        raise error.at(path=path) from error.__cause__
    # NumPy, SciPy and HDF5 raise whatever comes on damaged files.
    except Exception as error:
        raise FormatError(
            f"the file is damaged or not {ending} ({type(error).__name__}: {error})",
            remedy="Export it again; pickled objects are never read",
            path=path,
        ) from error


def _choose(name: str, known: list[str]) -> str:
    if name not in known:
        raise UnknownNameError("array", name, known)
    return name


def _npy(path: Path, name: str) -> LazyArray:
    return LazyArray(np.load(path, mmap_mode="r", allow_pickle=False), path.name)


def _npz(path: Path, name: str) -> LazyArray:
    with zipfile.ZipFile(path) as archive:
        sizes = {i.filename.removesuffix(".npy"): i.file_size for i in archive.infolist()}
    if sizes[_choose(name, list(sizes))] > LARGEST_IN_MEMORY:
        raise FormatError(
            f"the array {name!r} has {sizes[name] / 1e9:.1f} GB", remedy="Store it as .npy or HDF5"
        )
    return LazyArray(_load_npz(path, name, path.stat().st_mtime_ns), f"{path.name}#{name}")


@lru_cache(maxsize=16)
def _load_npz(path: Path, name: str, modified: int) -> NDArray[Any]:
    with np.load(path, allow_pickle=False) as archive:
        return np.asarray(archive[name])


def _hdf5(path: Path, name: str) -> LazyArray:
    import h5py

    file = h5py.File(path, "r")
    known: list[str] = []
    file.visititems(lambda n, o: known.append(n) if isinstance(o, h5py.Dataset) else None)
    # MATLAB writes its axes in the opposite order and says so in a block before the file.
    with path.open("rb") as stream:
        matlab = stream.read(10) == b"MATLAB 7.3"
    return LazyArray(file[_choose(name.strip("/"), known)], f"{path.name}#{name}", reverse=matlab)


def _mat(path: Path, name: str) -> LazyArray:
    import h5py
    from scipy.io import loadmat, whosmat

    if h5py.is_hdf5(path):
        return _hdf5(path, name)
    found = {key: shape for key, shape, _ in whosmat(str(path))}
    shape = found[_choose(name, list(found))]
    if math.prod(shape) * 8 > LARGEST_IN_MEMORY:
        raise FormatError(
            f"the array {name!r} has {math.prod(shape)} values", remedy="Save it with '-v7.3'"
        )
    return LazyArray(_load_mat(path, name, path.stat().st_mtime_ns, loadmat), f"{path.name}#{name}")


@lru_cache(maxsize=16)
def _load_mat(path: Path, name: str, modified: int, load: Callable[..., Any]) -> NDArray[Any]:
    return np.asarray(load(str(path), variable_names=[name])[name])


def _csv(path: Path, name: str) -> LazyArray:
    table = read_table(path)
    column = table[_choose(name, list(table))] if name else None
    if column is not None:
        return LazyArray(_numbers(column, name), f"{path.name}#{name}")
    matrix = np.stack([_numbers(values, key) for key, values in table.items()], axis=1)
    return LazyArray(matrix, path.name)


def _numbers(column: list[str], name: str) -> NDArray[np.float64]:
    values = np.empty(len(column))
    for row, text in enumerate(column):
        try:
            values[row] = float(text) if text.strip() else np.nan
        except ValueError:
            raise FormatError(
                f"{text!r} is not a number", place=f"row {row + 2}, column {name!r}"
            ) from None
    return values


_OPENERS: dict[str, Callable[[Path, str], LazyArray]] = {
    ".npy": _npy, ".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5, ".nc": _hdf5, ".mat": _mat,
    ".csv": _csv, ".tsv": _csv, ".txt": _csv,
}  # fmt: skip


def read_table(path: Path) -> dict[str, list[str]]:
    """The columns of a table with a header row, by name, as texts.

    The delimiter is the tab, semicolon or comma that the header has most of; where it is the
    semicolon, a comma within a number is the decimal point.

    Raises:
        FormatError: If the file is missing, not text, or its rows have different lengths.
    """
    try:
        if path.stat().st_size > _LARGEST_TABLE:
            raise FormatError("the table is larger than 256 MB", path=path)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FormatError("there is no such file", path=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"the file cannot be read as UTF-8 text ({error})", path=path) from error
    lines = text.splitlines()
    if not lines:
        raise FormatError("the table is empty", path=path)
    delimiter = max("\t;,", key=lines[0].count)
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise FormatError(f"the table is damaged ({error})", path=path) from error
    heads = [head.strip() for head in rows[0]]
    if len(set(heads)) != len(heads):
        raise FormatError("two columns of the table have one name", path=path, place="line 1")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(heads):
            raise FormatError(
                f"the row has {len(row)} cells where the header has {len(heads)}",
                path=path,
                place=f"row {number}",
            )
    cells = [[_plain(cell, delimiter) for cell in row] for row in rows[1:]]
    return {head: [row[i] for row in cells] for i, head in enumerate(heads)}


def _plain(cell: str, delimiter: str) -> str:
    cell = cell.strip()
    if delimiter == ";" and cell.count(",") == 1 and cell.replace(",", "").lstrip("+-").isdigit():
        return cell.replace(",", ".")
    return cell
